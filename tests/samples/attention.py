"""Samples for ``ops/attention.py``; modules and functions are tested beside PyTorch."""

from __future__ import annotations

import numpy as np

from autotn.testing import Sample, samples


@samples("attention", torch=None)
def _(array):
    q, k, v = array(2, 3, 4), array(2, 5, 4), array(2, 5, 2)
    blocked = np.zeros((3, 5), np.bool_)
    blocked[0, 1:] = True
    blocked[1] = True  # a place that sees nothing
    yield Sample(q, k, v, None, 0.5)
    yield Sample(q, k, v, blocked, 0.5)
    added = np.where(blocked, -np.inf, np.arange(5.0))
    yield Sample(q, k, v, added, 0.5, _skip=("gradient", "second_order"))
    # Finite differences would vary the mask, which is not differentiated.
    yield Sample(array(3, 4), array(5, 4), array(5, 2), None, 0.5)
    yield Sample(array(2, 0, 4), k, v, None, 0.5)
    small = [array(*x.shape, dtype=np.float32) for x in (q, k, v)]
    yield Sample(*small, blocked, 0.5)
