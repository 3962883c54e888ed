"""Samples for ``ops/logic.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples
from tests.samples.patterns import ODD, binary, meetings, mismatched, unary

for _name in ("eq", "ne", "lt", "le", "gt", "ge"):

    @samples(_name)
    def _(array, name=_name):
        yield from binary(array, "bifc" if name in ("eq", "ne") else "bif")
        yield from meetings()
        yield from meetings(np.float32)
        yield Sample(array(3, dtype=np.int64), 1.5)
        yield Sample(array(3, dtype=np.uint8), -1)
        yield from mismatched(name, array)


@samples("isclose")
def _(array):
    near = np.array([1.0, 1.0 + 1e-6, 1.0 + 1e-4, 2.0])
    for options in ({}, {"rtol": 1e-3}, {"atol": 2.0, "rtol": 0.0}, {"rtol": 0.0, "atol": 0.0}):
        yield Sample(near, np.ones(4), **options)
        yield Sample(near.astype(np.float32), np.ones((2, 1), np.float32), **options)
        yield Sample(np.array([100, -7, 3]), np.array([101, -7, 4]), **options)
    for equal_nan in (False, True):
        yield Sample(np.array(ODD)[:, None].copy(), np.array(ODD), equal_nan=equal_nan)
        yield Sample(
            np.array([1 + 1j, np.nan, 2j]), np.array([1 + 1j, np.nan, 3j]), equal_nan=equal_nan
        )
    yield Sample(array(3, dtype=np.bool_), array(3, dtype=np.bool_))
    yield ErrorSample(array(3), array(3, dtype=np.float32), raises=RuntimeError, match="same dtype")
    yield ErrorSample(array(3), array(3), rtol=-1.0, raises=RuntimeError, match="rtol must be")


@samples("allclose")
def _(array):
    one = array(2, 3)
    yield Sample(one, one)
    yield Sample(one, one + 1e-3)
    yield Sample(one, one + 1e-3, atol=0.01)
    yield Sample(np.array([np.nan]), np.array([np.nan]), equal_nan=True)
    yield Sample(one, array(3))
    yield Sample(array(0), array(0))


@samples("equal")
def _(array):
    one = array(2, 3)
    yield Sample(one, one)
    yield Sample(one, one + 1)
    yield Sample(one, array(3))
    yield Sample(np.array([1, 2]), np.array([1.0, 2.0]))
    yield Sample(np.array([np.nan]), np.array([np.nan]))
    yield Sample(array(0), array(0))
    yield ErrorSample(array(3), 2, raises=TypeError, match="equal: argument 'other'")


for _name in ("isnan", "isinf", "isfinite", "isreal", "isposinf", "isneginf", "signbit"):

    @samples(_name)
    def _(array, name=_name):
        yield from unary(array, "bif" if name in ("isposinf", "isneginf", "signbit") else "bifc")
        if name not in ("isposinf", "isneginf", "signbit"):
            yield Sample(np.array([complex(np.nan, 0), complex(1, np.inf), 1 + 1j, 2 + 0j]))


@samples("is_nonzero")
def _(array):
    yield Sample(np.array([0.0]))
    yield Sample(np.array(3))
    yield Sample(np.array([[True]]))
    yield ErrorSample(array(2), raises=RuntimeError, match="more than one value")
    yield ErrorSample(2, raises=TypeError, match="is_nonzero: argument 'input'")


@samples("logical_not")
def _(array):
    yield from unary(array)


for _name in ("logical_and", "logical_or", "logical_xor"):

    @samples(_name)
    def _(array, name=_name):
        yield from binary(array, "bifc", numbers=False)
        yield from meetings()
        yield from mismatched(name, array)
