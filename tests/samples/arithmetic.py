"""Samples for ``ops/arithmetic.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples
from tests.samples.patterns import binary, meetings, mismatched, unary

ODD_GRADIENTS = ("gradient", "second_order")


@samples("add")
def _(array):
    yield from binary(array, "bifc")
    yield from meetings()
    yield Sample(array(3), array(3), alpha=2.5)
    yield Sample(array(3, dtype=np.float32), array(3, dtype=np.int64), alpha=0.5)
    yield Sample(array(3, dtype=np.int64), 1.5, alpha=2)
    yield Sample(array(3, dtype=np.bool_), array(3, dtype=np.bool_), alpha=2)
    yield Sample(array(3, dtype=np.complex128), array(3), alpha=1j)
    yield Sample(3, array(2))
    yield from mismatched("add", array)
    yield ErrorSample(
        array(3, dtype=np.int64), array(3, dtype=np.int64), alpha=0.5, raises=RuntimeError,
        match="integral input tensors, argument alpha",
    )  # fmt: skip
    yield ErrorSample(array(3), array(3), alpha=1j, raises=RuntimeError, match="non-complex input")
    yield ErrorSample(array(3), array(3), alpha=True, raises=RuntimeError, match="Boolean alpha")


@samples("sub")
def _(array):
    yield from binary(array)
    yield from meetings()
    yield Sample(array(3), array(3), alpha=2)
    yield Sample(3, array(2))
    yield from mismatched("sub", array)
    yield ErrorSample(array(3), True, raises=RuntimeError, match="For masks use")
    for other in (array(3, dtype=np.bool_), array(3), True):
        yield ErrorSample(
            array(3, dtype=np.bool_), other, raises=RuntimeError, match="For masks use"
        )


@samples("rsub")
def _(array):
    yield Sample(array(3), array(2, 3))
    yield Sample(array(3), 2.5, alpha=2)
    yield Sample(array(3, dtype=np.int64), 1)


@samples("mul")
def _(array):
    yield from binary(array, "bifc")
    yield from meetings()
    yield Sample(2, array(3))
    yield from mismatched("mul", array)


@samples("div")
def _(array):
    yield from binary(array, "bifc", low=0.5, high=2.0)
    yield from meetings()
    yield Sample(array(3, dtype=np.int64, low=1, high=9), array(3, dtype=np.int64, low=1, high=5))
    yield Sample(2, array(3, low=0.5))
    for mode in ("trunc", "floor"):
        bounds = {"low": -7.0, "high": 7.0, "away_from": (0.0,)}
        yield Sample(array(2, 3, **bounds), array(3, low=1.9, high=2.1), rounding_mode=mode)
        yield Sample(array(6, dtype=np.int64, low=-9, high=9), 4, rounding_mode=mode)
        yield Sample(array(6, dtype=np.int64, low=-9, high=9), -4, rounding_mode=mode)
        yield Sample(array(6, dtype=np.uint8, low=0, high=9), 4, rounding_mode=mode)
        yield ErrorSample(
            array(3, dtype=np.int64),
            0,
            rounding_mode=mode,
            raises=RuntimeError,
            match="ZeroDivision",
        )
    yield from mismatched("div", array)
    yield ErrorSample(array(3), 2, rounding_mode="up", raises=RuntimeError, match="'up'")


@samples("neg")
def _(array):
    yield from unary(array, "ifc")


@samples("positive")
def _(array):
    yield from unary(array, "ifc")


@samples("abs")
def _(array):
    yield from unary(array, "ifc", away_from=(0.0,))
    yield Sample(np.array([0, 3 - 4j]), _skip=ODD_GRADIENTS)  # a kink at 0


@samples("sign")
def _(array):
    yield from unary(array, "bif", away_from=(0.0,))


@samples("sgn")
def _(array):
    # PyTorch's gradient is one of its unwritten zeros, which it does not give away.
    yield from unary(array, "bifc", away_from=(0.0,), skip=("gradient_like_torch",))
    yield Sample(np.array([0, 3 - 4j]), _skip=ODD_GRADIENTS)  # a jump at 0


@samples("copysign")
def _(array):
    yield from binary(array, "bif", away_from=(0.0,))
    yield Sample(
        np.array([0.0, -0.0, 1.0, 2.0]), np.array([-1.0, 1.0, -0.0, np.inf]), _skip=ODD_GRADIENTS
    )


@samples("addcmul")
def _(array):
    yield Sample(array(2, 3), array(3), array(2, 1))
    yield Sample(array(3), array(3), array(3), value=-2.5)
    yield Sample(array(3, dtype=np.float32), array(3, dtype=np.int64), array(3, dtype=np.int64))
    yield Sample(
        array(3, dtype=np.int64), array(3, dtype=np.int64), array(3, dtype=np.int64), value=2
    )
    yield Sample(array(2, dtype=np.complex128), array(2, dtype=np.complex128), array(2), value=2)
    yield Sample(array(2, 0), array(1), array(0))
    yield ErrorSample(
        array(3), array(4), array(3), raises=RuntimeError, match="sizes 3 and 4 and 3"
    )
    count = array(3, dtype=np.uint8)
    yield Sample(count, count.copy(), count.copy(), value=-1)
    flag = array(3, dtype=np.bool_)
    yield ErrorSample(flag, flag.copy(), flag.copy(), raises=RuntimeError, match="not implemented")


@samples("addcdiv")
def _(array):
    away = {"low": 0.5, "high": 2.0}
    yield Sample(array(2, 3), array(3), array(2, 1, **away))
    yield Sample(array(3), array(3), array(3, **away), value=-2.5)
    single = array(3, dtype=np.float32)
    whole = array(3, dtype=np.int64, low=1)
    yield Sample(single, single.copy(), whole, _skip=("gradient_like_torch",))  # PyTorch fails
    yield Sample(
        array(2, dtype=np.complex128), array(2, dtype=np.complex128), array(2, **away), value=2
    )
    yield ErrorSample(
        array(3), array(3, dtype=np.int64), array(3, dtype=np.int64, low=1), raises=RuntimeError,
        match="Integer division with addcdiv",
    )  # fmt: skip


@samples("lerp_by", torch="lerp")
def _(array):
    for weight in (0.3, 0.9):
        yield Sample(array(2, 3), array(3), weight)


@samples("lerp")
def _(array):
    yield Sample(array(2, 3), array(3), 0.3)
    yield Sample(array(3), array(3), 0.9)
    yield Sample(array(3), array(3), 2)
    yield Sample(array(2, 3), array(3), array(2, 1, low=-1.0, high=2.0))
    yield Sample(array(3), array(3), array())
    yield Sample(
        array(2, dtype=np.complex128), array(2, dtype=np.complex128), array(2, dtype=np.complex128)
    )
    yield Sample(np.array([1e8, -3.0], np.float32), np.array([1.0, 7.0], np.float32), 1.0)
    yield ErrorSample(
        array(3), array(3, dtype=np.float32), 0.5, raises=RuntimeError, match="same dtype"
    )
    yield ErrorSample(
        array(3, dtype=np.int64), array(3, dtype=np.int64), 0.5, raises=RuntimeError, match="lerp"
    )
