"""Samples for ``ops/arithmetic.py``."""

from __future__ import annotations

import numpy as np
from autotn.testing import ErrorSample, Sample, samples


def _binary(array, **bounds):
    """Two operands in all the ways they can meet."""
    yield Sample(array(3, 4, **bounds), array(3, 4, **bounds))
    yield Sample(array(3, 4, **bounds), array(4, **bounds))
    yield Sample(array(4, **bounds), array(3, 1, **bounds))
    yield Sample(array(2, 0, **bounds), array(1, **bounds))
    yield Sample(array(**bounds), array(**bounds))
    yield Sample(array(2, 3, strided=True, **bounds), array(3, **bounds))
    yield Sample(array(3, **bounds), 2.5)
    yield Sample(array(3, dtype=np.float32, **bounds), array(3, **bounds))
    yield Sample(array(3, dtype=np.float32, **bounds), array(**bounds))
    yield Sample(array(3, dtype=np.float32, **bounds), array(3, dtype=np.int64, low=1, high=4))
    yield Sample(array(3, dtype=np.int64, low=1, high=5), array(3, dtype=np.int32, low=1, high=5))
    yield Sample(array(3, dtype=np.int64, low=1, high=5), 2)
    yield Sample(array(3, dtype=np.complex128), array(3, **bounds))
    yield Sample(array(3, dtype=np.complex128), array(2, 3, dtype=np.complex128))


def _mismatched(name, array):
    yield ErrorSample(
        array(3), array(4), raises=RuntimeError, match=f"{name}: sizes 3 and 4 must match"
    )
    yield ErrorSample(
        array(3), "two", raises=TypeError, match=f"{name}: argument 'other' must be a Tensor"
    )


@samples("add")
def _(array):
    yield from _binary(array)
    yield Sample(array(3), array(3), alpha=2.5)
    yield Sample(array(3, dtype=np.int64), 1.5)
    yield from _mismatched("add", array)


@samples("sub")
def _(array):
    yield from _binary(array)
    yield Sample(array(3), array(3), alpha=2)
    yield from _mismatched("sub", array)


@samples("mul")
def _(array):
    yield from _binary(array)
    yield Sample(array(3, dtype=np.bool_), array(3, dtype=np.bool_))
    yield Sample(array(3, dtype=np.uint8), array(3, dtype=np.int8))
    yield from _mismatched("mul", array)


@samples("div")
def _(array):
    yield from _binary(array, low=0.5, high=2.0)
    yield Sample(array(3, dtype=np.int64, low=1, high=9), array(3, dtype=np.int64, low=1, high=5))
    yield from _mismatched("div", array)


@samples("neg")
def _(array):
    yield Sample(array(3, 4))
    yield Sample(array(dtype=np.float32))
    yield Sample(array(3, dtype=np.int64))
    yield Sample(array(3, dtype=np.complex128))


@samples("pow")
def _(array):
    yield from _binary(array, low=0.5, high=2.0)
    yield Sample(array(4), 2)
    yield Sample(array(4), 3)
    yield Sample(array(4, low=0.3), 0.5)
    yield Sample(np.array([0.0, 1.0, 2.0]), 2.0)
    yield from _mismatched("pow", array)


@samples("abs")
def _(array):
    yield Sample(array(3, 4, away_from=(0.0,)))
    yield Sample(np.array([0.0, -1.0, 2.0], np.float32))
    yield Sample(array(3, dtype=np.int64))
