"""Samples for ``ops/complex.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples
from tests.samples.patterns import unary


def _numbers(array):
    yield Sample(array(2, 3, dtype=np.complex128))
    yield Sample(array(2, dtype=np.complex64))
    yield Sample(array(dtype=np.complex128))
    yield Sample(array(2, 0, dtype=np.complex128))
    yield Sample(array(2, 2, dtype=np.complex128, strided=True))


for _name in ("real", "conj", "conj_physical", "resolve_conj", "resolve_neg"):

    @samples(_name)
    def _(array, name=_name):
        yield from _numbers(array)
        yield Sample(array(2, 3))
        yield Sample(array(3, dtype=np.int64))
        if name in ("real", "conj"):
            yield ErrorSample("text", raises=TypeError, match=f"{name}: argument 'input'")


@samples("imag")
def _(array):
    yield from _numbers(array)
    yield ErrorSample(array(3), raises=RuntimeError, match="non-complex dtypes")


for _name in ("is_conj", "is_neg"):

    @samples(_name)
    def _(array):
        yield Sample(array(3, dtype=np.complex128))
        yield Sample(array(3))


@samples("angle")
def _(array):
    yield from unary(array, away_from=(0.0,))
    yield Sample(
        np.array([0, 1j, -1, 3 - 4j]), _skip=("gradient", "second_order")
    )  # a jump at 0 and -1


@samples("complex")
def _(array):
    yield Sample(array(2, 3), array(3))
    yield Sample(array(2, dtype=np.float32), array(2, dtype=np.float32))
    yield Sample(array(), array(2))
    yield Sample(np.array([np.inf, 0.0]), np.array([0.0, np.nan]))
    yield ErrorSample(array(3), array(3, dtype=np.float32), raises=RuntimeError, match="same dtype")
    yield ErrorSample(
        array(3, dtype=np.int64),
        array(3, dtype=np.int64),
        raises=RuntimeError,
        match="float32 or float64",
    )


@samples("polar")
def _(array):
    # PyTorch's gradient has the wrong sign for negative sizes.
    yield Sample(array(2, 3, low=0.1), array(3))
    yield Sample(array(2, dtype=np.float32, low=0.1), array(2, dtype=np.float32))
    yield Sample(array(3, low=-1.0, high=-0.1), array(3), _skip=("gradient_like_torch",))
    yield ErrorSample(
        array(3), array(3, dtype=np.float32), raises=RuntimeError, match="polar: expected both"
    )
    yield ErrorSample(array(3), 1.0, raises=RuntimeError, match="polar: expected both")


@samples("view_as_real")
def _(array):
    for sample in _numbers(array):
        if sample.args[0].size:  # PyTorch can't make its own way back from none
            yield sample
    yield ErrorSample(array(3), raises=RuntimeError, match="it takes complex")


@samples("view_as_complex")
def _(array):
    rows = ("strided_inputs",)  # the last dimension must be contiguous
    yield Sample(array(2, 3, 2), _skip=rows)
    yield Sample(array(2, dtype=np.float32), _skip=rows)
    yield Sample(
        np.zeros((3, 0, 2)), _expect=np.zeros((3, 0), np.complex128), _skip=("gradient_like_torch",)
    )
    yield ErrorSample(array(2, 3), raises=RuntimeError, match="last dimension of size 2")
    yield ErrorSample(
        array(2, dtype=np.int64), raises=RuntimeError, match="it takes floating-point"
    )
