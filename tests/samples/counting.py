"""Samples for ``ops/counting.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


@samples("bincount")
def _(array):
    counted = array.index(8, high=5)
    yield Sample(counted)
    yield Sample(counted, minlength=9)
    yield Sample(counted, array(8))
    yield Sample(counted, array(8, dtype=np.float32))
    yield Sample(counted, np.arange(8))
    yield Sample(np.zeros(0, np.int64))
    yield Sample(np.zeros(0, np.int64), minlength=3)
    yield Sample(np.array([3, 0], np.uint8))
    yield ErrorSample(array(3), raises=RuntimeError, match="bincount")
    yield ErrorSample(np.array([-1]), raises=RuntimeError, match="non-negative")
    yield ErrorSample(np.ones((2, 2), np.int64), raises=RuntimeError, match="1-d")
    yield ErrorSample(counted, array(3), raises=RuntimeError, match="same length")
    yield ErrorSample(counted, minlength=-1, raises=RuntimeError, match="minlength")


@samples("histc")
def _(array):
    yield Sample(array(20))
    yield Sample(array(4, 5), 7)
    yield Sample(array(20), bins=5, min=-0.5, max=0.5)
    yield Sample(np.full(3, 2.0), 4)
    yield Sample(
        np.array([0.0, 1.0, 2.0, 3.0]), 3
    )  # edges belong to the upper bin, the last to both
    yield Sample(np.zeros(0), 4)
    yield Sample(array(9, dtype=np.float32), 3)
    yield ErrorSample(array(3), 0, raises=RuntimeError, match="bins must be > 0")
    yield ErrorSample(array(3), 4, 2, 1, raises=RuntimeError, match="max must be larger")
    yield ErrorSample(np.arange(3), raises=RuntimeError, match="histc")
    yield ErrorSample(np.array([np.inf]), raises=RuntimeError, match="not finite")


@samples("histogram")
def _(array):
    yield Sample(array(20), 4)
    yield Sample(array(4, 5), 4, range=(-0.5, 0.5), density=True)
    yield Sample(array(20), 4, weight=array(20))
    yield Sample(array(20), np.array([-1.0, -0.2, 0.5, 0.6]))
    yield Sample(array(20), np.array([-1.0, -0.2, 0.5, 0.6]), density=True)
    yield ErrorSample(array(3), 0, raises=RuntimeError, match="bins must be > 0")
    yield ErrorSample(array(3), 4, weight=array(2), raises=RuntimeError, match="weight")


@samples("histogramdd")
def _(array):
    yield Sample(array(20, 2), 3)
    yield Sample(array(20, 2), [3, 4], range=[-1.0, 1.0, -0.5, 0.5])
    yield Sample(array(4, 5, 3), [2, 2, 2], weight=array(4, 5), density=True)
    yield Sample(array(20, 2), [np.array([-1.0, 0.0, 1.0]), np.array([-1.0, 0.3, 0.5])])
    yield ErrorSample(array(3), 2, raises=RuntimeError, match="at least 2 dimensions")
    yield ErrorSample(array(3, 2), [2], raises=RuntimeError, match="innermost")
