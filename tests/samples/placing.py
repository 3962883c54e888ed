"""Samples for ``ops/placing.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


@samples("put", torch="Tensor.put")
def _(array):
    yield Sample(array(2, 3), np.array([0, 5, -2]), array(3))
    yield Sample(array(2, 3), np.array([[1, 1], [2, 1]]), array(2, 2), True)
    yield Sample(array(2, 3), np.zeros(0, np.int64), array(0))
    yield Sample(array(), np.array([0]), array(1))
    yield Sample(np.arange(4), np.array([1]), np.array([9]))
    yield ErrorSample(array(4), np.array([4]), array(1), raises=IndexError, match="out of range")
    yield ErrorSample(array(4), np.array([1]), array(2), raises=RuntimeError, match="same number")
    yield ErrorSample(array(4), array(1), array(1), raises=RuntimeError, match="long tensor")
    yield ErrorSample(
        array(4), np.array([1]), np.array([1]), raises=RuntimeError, match="same dtype"
    )


@samples("index_put", torch="Tensor.index_put")
def _(array):
    yield Sample(array(4), (np.array([2, 0]),), array(2))
    yield Sample(array(4), (np.array([2, 2, 0]),), array(3), True)
    yield Sample(array(3, 4), (np.array([2, 0]), np.array([1, 3])), array())
    yield Sample(array(3, 4), (np.array([2, 0]),), array(4), accumulate=True)
    yield Sample(array(3, 4), (np.array([[True, False, True, True]] * 3),), array())
    yield ErrorSample(array(4), (np.array([4]),), array(1), raises=IndexError, match="index_put")
    yield ErrorSample(
        array(4), (np.array([1]),), np.array([1]), raises=RuntimeError, match="same dtype"
    )
    yield ErrorSample(
        array(4), (np.array([1, 2]),), array(3), raises=RuntimeError, match="index_put"
    )
