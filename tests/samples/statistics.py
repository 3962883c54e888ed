"""Samples for ``ops/statistics.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


@samples("cov")
def _(array):
    yield Sample(array(3, 5))
    yield Sample(array(5))
    yield Sample(array(3, 5), correction=0)
    times, shares = np.array([1, 2, 1, 0, 3]), array(5, low=0.5, high=1.5)
    yield Sample(array(3, 5), fweights=times)
    yield Sample(array(3, 5), aweights=shares)
    yield Sample(array(2, 5), fweights=times, aweights=shares)
    yield Sample(array(2, 5, dtype=np.complex128))
    yield Sample(np.arange(6).reshape(2, 3) ** 2)
    yield ErrorSample(array(2, 2, 2), raises=RuntimeError, match="two or fewer")
    yield ErrorSample(
        array(2, 5), fweights=np.ones(4, np.int64), raises=RuntimeError, match="numel"
    )
    yield ErrorSample(
        array(2, 2), fweights=np.array([-1, 2]), raises=RuntimeError, match="negative"
    )
    yield ErrorSample(array(2, 2), fweights=array(2), raises=RuntimeError, match="fweights")
    yield ErrorSample(array(2, 2) > 0, raises=RuntimeError, match="bool")


@samples("corrcoef")
def _(array):
    yield Sample(array(3, 5))
    yield Sample(array(5))
    yield Sample(array(2, 5, dtype=np.complex128))
    yield Sample(np.arange(6).reshape(2, 3) ** 2)
