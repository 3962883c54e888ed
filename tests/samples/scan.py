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
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")


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
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")


@samples("logcumsumexp")
def _(array):
    yield Sample(array(5), 0)
    yield Sample(array(2, 3, 4), -2)
    yield Sample(array(), 0)
    yield Sample(array(2, 0), 1)
    yield Sample(array(6, low=-800, high=800), 0)  # exp would overflow and vanish
    yield Sample(np.array([-np.inf, -np.inf, 1.0, 2.0]), 0, _skip=(
        "gradient_like_torch", "raw_equals_recorded", "reference_agrees", "forward_mode", "vmap"))  # fmt: skip
    # At a sum of nothing PyTorch's gradient is NaN, the reference's is shared by the elements.
    yield Sample(np.array([1.0, np.inf, 2.0]), 0, _skip=("gradient_like_torch", "reference_agrees"))
    # The slope at infinity is not defined: ours is 0 or 1, the reference's NaN.
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")
    yield ErrorSample(np.arange(3), 0, raises=RuntimeError, match="logcumsumexp")
