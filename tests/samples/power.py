"""Samples for ``ops/power.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples
from tests.samples.patterns import binary, meetings, mismatched, unary


@samples("pow")
def _(array):
    yield from binary(array, "ifc", low=0.5, high=2.0)
    yield from meetings()
    for exponent in (0, 1, 2, 3, -1, 0.5, -0.5, 2.5, -2, 4):
        yield Sample(array(3, low=0.3), exponent)
        yield Sample(array(2, dtype=np.complex128), exponent)
        if exponent == int(exponent):
            yield Sample(array(3, dtype=np.float32, away_from=(0.0,)), exponent)
    yield Sample(np.array([0.0, 1.0, 2.0]), 2.0)
    yield Sample(np.array([0.0, -1.0, 2.0]), 0)
    yield Sample(
        np.array([0.0, 1.0, 2.0]), array(3, low=1.0), _skip=("gradient", "second_order")
    )  # NaN left of 0
    yield Sample(2.0, array(3))
    yield Sample(0.0, np.array([0.0, 1.0, -1.0]), _skip=("gradient", "second_order"))  # infinite
    yield Sample(2, array(3, dtype=np.int64, low=0, high=5))
    yield Sample(np.array([2, 1, -1, -1, 0]), np.array([-1, -2, -3, -4, 2]))
    yield ErrorSample(
        array(3, dtype=np.int64), -1, raises=RuntimeError, match="negative integer powers"
    )
    yield ErrorSample(array(3, dtype=np.bool_), array(3, dtype=np.bool_), raises=RuntimeError)
    yield from mismatched("pow", array, "exponent")


@samples("float_power")
def _(array):
    double = ("in_place_agrees", "float32_stays")  # it answers in double precision
    yield Sample(array(3, low=0.5), array(2, 3), _skip=double)
    yield Sample(array(3, dtype=np.int64, low=1, high=4), -1)
    yield Sample(array(3, dtype=np.float32, low=0.5), 2, _skip=double)
    yield Sample(2, array(3, dtype=np.int64))
    yield Sample(array(2, dtype=np.complex128), 2)


@samples("square")
def _(array):
    yield from unary(array)


@samples("reciprocal")
def _(array):
    yield Sample(array(70, 70, low=0.5), _skip=("gradient", "second_order"))  # past the small
    yield from unary(array, away_from=(0.0,))


@samples("sqrt")
def _(array):
    yield from unary(array, low=0.1)


@samples("rsqrt")
def _(array):
    yield from unary(array, low=0.1)


@samples("hypot")
def _(array):
    yield from binary(array, "f", numbers=False)
    yield Sample(
        np.array([3e200, 0.0, np.inf]),
        np.array([4e200, 1.0, 0.0]),
        _skip=("gradient", "second_order"),
    )


@samples("frexp")
def _(array):
    yield Sample(array(2, 3, low=0.3, high=0.45))
    yield Sample(array(3, dtype=np.float32))
    yield Sample(np.array([0.0, np.inf, -np.inf, np.nan]), _skip=("gradient", "second_order"))
    yield ErrorSample(array(3, dtype=np.int64), raises=RuntimeError, match="floating-point")


@samples("ldexp")
def _(array):
    # PyTorch's gradient takes 2^y in integers, which is 0 for negative y.
    yield Sample(array(2, 3), array(3, dtype=np.int64), _skip=("gradient_like_torch",))
    yield Sample(array(3, dtype=np.float32), array(3, dtype=np.int32, low=0))
    yield Sample(array(3), array(3))
    yield Sample(array(3, dtype=np.int64), array(3, dtype=np.int64))
