"""Samples for ``ops/scan.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


@samples("cumsum")
def _(array):
    yield Sample(array(3, 4), 0)
    yield Sample(array(3, 4), -1)
    yield Sample(array(), 0)
    yield Sample(array(0, 2), 0)
    yield Sample(array(3, dtype=np.int32), 0)
    yield Sample(array(3, dtype=np.complex128), 0)
    yield ErrorSample(array(3), 1, raises=IndexError, match="cumsum: Dimension out of range")


@samples("reversed_cumsum", torch=None)
def _(array):
    x = array(3, 4)
    yield Sample(x, 1, _expect=x[:, ::-1].cumsum(1)[:, ::-1])


@samples("exclusive_products", torch=None)
def _(array):
    x = array(3)
    yield Sample(x, 0, _expect=np.array([x[1] * x[2], x[0] * x[2], x[0] * x[1]]))


@samples("cumprod")
def _(array):
    yield Sample(array(3, 4), 0)
    yield Sample(array(3, 4), -1)
    yield Sample(array(), 0)
    yield Sample(np.array([2.0, 0.0, 3.0, 4.0]), 0)
    yield Sample(np.array([[2.0, 0.0, 3.0, 0.0]]), 1)
    yield Sample(array(3, dtype=np.int32), 0)
