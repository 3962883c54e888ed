"""Samples for ``ops/rounding.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples
from tests.samples.patterns import binary, meetings, mismatched, unary

#: Keeps finite differences off the steps.
OFF_STEPS = {"low": 0.1, "high": 0.9}


def _steps(array, kinds="if"):
    yield from unary(array, kinds, **OFF_STEPS)
    yield Sample(np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], np.float32))


for _name in ("floor", "ceil", "trunc"):

    @samples(_name)
    def _(array):
        yield from _steps(array)


@samples("frac")
def _(array):
    yield from _steps(array, "f")


@samples("round")
def _(array):
    yield from unary(array, "if", low=0.1, high=0.4)
    yield Sample(np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5], np.float32))
    for decimals in (1, 3, -1, -2):
        yield Sample(array(4, low=-500.0, high=500.0), decimals=decimals)
        yield Sample(array(4, dtype=np.float32, low=-500.0, high=500.0), decimals=decimals)
    yield ErrorSample(array(3, dtype=np.int64), decimals=1, raises=RuntimeError, match="round")


@samples("round_decimals", torch="round")
def _(array):
    for decimals in (2, -1):
        yield Sample(array(4, low=0.1, high=0.4), decimals=decimals)


@samples("divide_to_zero", torch=None)  # in PyTorch an option of div, whose samples compare it
def _(array):
    x, y = array(2, 3, low=-9.0, high=9.0), array(3, low=1.1, high=1.2)
    yield Sample(x, y, _expect=np.trunc(x / y))
    yield Sample(np.array([7, -7, 6]), np.array([2, 2, -3]), _expect=np.array([3, -3, -2]))


def _quotients(array, name, skip=()):
    yield from binary(array, "if", skip=skip, low=2.1, high=3.9)
    yield from meetings(skip=skip)
    yield from meetings(np.float32, skip=skip)
    whole = {"dtype": np.int64, "low": -9, "high": 9}
    for divisor in (3, -4):
        yield Sample(array(8, **whole), divisor)
        yield Sample(
            array(6, low=-9.0, high=9.0), divisor, _skip=("gradient", "second_order", *skip)
        )
    yield Sample(array(8, **whole), array(8, dtype=np.int64, low=1, high=4))
    yield Sample(array(2, 0, dtype=np.int64), 0)
    yield ErrorSample(array(3, dtype=np.int64), 0, raises=RuntimeError, match="ZeroDivisionError")
    yield from mismatched(name, array)


@samples("floor_divide")
def _(array):
    yield from _quotients(array, "floor_divide", skip=("gradient_like_torch",))  # PyTorch has none


@samples("remainder")
def _(array):
    yield from _quotients(array, "remainder")
    yield Sample(5, array(3, low=2.1, high=2.4), _skip=("gradient_like_torch",))  # PyTorch has none


@samples("fmod")
def _(array):
    yield from _quotients(array, "fmod")


@samples("nextafter")
def _(array):
    yield Sample(array(3), array(2, 3), _skip=("gradient", "second_order"))  # too small a step
    yield Sample(
        np.array([0.0, 1.0], np.float32),
        np.array([-1.0, np.inf], np.float32),
        _skip=("gradient", "second_order"),
    )
