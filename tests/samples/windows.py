"""Samples for ``network/windows.py``."""

from __future__ import annotations

import numpy as np

import autotn.network.windows  # noqa: F401 - declares the ops
from autotn.testing import Sample, samples


@samples("gather_windows", torch=None)
def _(array):
    x = array(2, 5)
    pairs = np.lib.stride_tricks.sliding_window_view(x, 2, 1).reshape(8, 2)
    yield Sample(x, (2,), (1,), ((0, 0),), _expect=pairs)
    yield Sample(array(2, 5, 4, 3), (3, 2), (2, 1), ((1, 1), (0, 1)))
    yield Sample(array(1, 4, 3, 2), (2, 3), (1, 1), ((0, 0), (1, 1)))
    yield Sample(array(2, 7), (3,), (2,), ((1, -1),))
    yield Sample(array(0, 4), (2,), (1,), ((0, 0),))


@samples("add_windows", torch=None)
def _(array):
    y = array(8, 2)
    whole = np.zeros((2, 5))
    whole[:, :4] += y[:, 0].reshape(2, 4)
    whole[:, 1:] += y[:, 1].reshape(2, 4)
    yield Sample(y, (2, 5), (2,), (1,), ((0, 0),), _expect=whole)
    yield Sample(array(6, 3), (2, 7), (3,), (2,), ((1, -1),))
    yield Sample(array(12, 12), (2, 4, 3, 2), (3, 2), (2, 1), ((1, 1), (0, 1)))
