"""Samples for ``ops/join.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


@samples("cat")
def _(array):
    yield Sample([array(2, 3), array(1, 3)])
    yield Sample([array(2, 3), array(2, 1)], dim=-1)
    yield Sample([array(2, 3)])
    yield Sample([array(0), array(2, 3)])
    yield Sample([array(2), array(2, dtype=np.float32)])
    yield Sample([array(2, dtype=np.int64), array(2, dtype=np.float32)])
    yield Sample([array(2, dtype=np.complex128), array(2)])
    yield Sample([array(2, 0), array(2, 3)], dim=1)
    yield ErrorSample(
        [array(2, 3), array(2, 2)], raises=RuntimeError, match="cat: sizes of tensors must match"
    )
    yield ErrorSample([array(), array()], raises=RuntimeError, match="cat: zero-dimensional")
    yield ErrorSample([array(2, 3), array(2, 2)], 0, raises=RuntimeError, match="match")
    yield ErrorSample([], raises=(ValueError, RuntimeError), match="non-empty")
    yield ErrorSample([array(), array()], raises=RuntimeError, match="zero-dimensional")


@samples("stack")
def _(array):
    yield Sample([array(2, 3), array(2, 3)])
    yield Sample([array(2, 3), array(2, 3)], dim=-1)
    yield Sample([array(), array()])
    yield ErrorSample(
        [array(2), array(3)], raises=RuntimeError, match="stack: expects each tensor to be equal"
    )
    yield ErrorSample([array(2), array(3)], raises=RuntimeError)
    yield ErrorSample([], raises=RuntimeError)
