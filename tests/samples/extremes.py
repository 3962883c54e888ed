"""Samples for ``ops/extremes.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


def _both(array):
    yield Sample(array(3, 4, distinct=True))
    yield Sample(array())
    yield Sample(array(3, 4, distinct=True), dim=0)
    yield Sample(array(3, 4, distinct=True), dim=-1, keepdim=True)
    yield Sample(array(3, 4, dtype=np.int64), dim=1)


@samples("amax")
def _(array):
    yield from _both(array)
    yield Sample(array(2, 3, 4, distinct=True), (0, 2))
    yield Sample(np.array([[1.0, 3.0, 3.0]], np.float32), 1)
    yield Sample(np.array([1.0, np.nan, 3.0], np.float32))
    yield ErrorSample(array(0, 3), 0, raises=IndexError, match="amax: Expected reduction dim")
    yield ErrorSample(array(0), raises=IndexError, match="non-zero size")
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")
    yield ErrorSample(array(2, 2), (0, 0), raises=RuntimeError, match="multiple times|dim")


@samples("amin")
def _(array):
    yield from _both(array)
    yield Sample(np.array([[3.0, 1.0, 1.0]], np.float32), 1)
    yield ErrorSample(array(0), raises=IndexError, match="non-zero size")


@samples("max")
def _(array):
    yield from _both(array)
    yield Sample(array(3, 4, distinct=True), 0)
    yield Sample(array(3), array(3))
    yield Sample(np.array([[1.0, 3.0, 3.0]], np.float32), 1)
    yield ErrorSample(array(0), raises=RuntimeError, match="max.*numel")
    yield ErrorSample(array(0), raises=RuntimeError, match="numel")
    yield ErrorSample(array(2, 0), dim=1, raises=IndexError, match="non-zero size")
    yield ErrorSample(array(3), dim=1, raises=IndexError, match="range")
    yield ErrorSample(array(3, dtype=np.complex128), raises=RuntimeError, match="no order")


@samples("min")
def _(array):
    yield from _both(array)
    yield Sample(array(3), array(3))
    yield ErrorSample(array(0), raises=RuntimeError, match="numel")
    yield ErrorSample(array(2, 0), dim=1, raises=IndexError, match="non-zero size")
    yield ErrorSample(array(3), dim=1, raises=IndexError, match="range")


for _name in ("max_along", "min_along"):

    @samples(_name, torch=None)
    def _(
        array,
        pick=np.max if _name == "max_along" else np.min,
        where=np.argmax if _name == "max_along" else np.argmin,
    ):
        x = array(3, 4, distinct=True)
        yield Sample(x, 1, False, _expect=(pick(x, 1), where(x, 1)))


@samples("argmax")
def _(array):
    yield from _both(array)
    yield ErrorSample(array(0), raises=IndexError, match="numel")
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")
    yield ErrorSample(array(2, 0), 1, raises=IndexError, match="non-zero size")


@samples("argmin")
def _(array):
    yield from _both(array)
    yield ErrorSample(array(0), raises=IndexError, match="numel")
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")


@samples("aminmax")
def _(array):
    yield Sample(array(3, 4, distinct=True))
    yield Sample(array(3, 4, distinct=True), dim=1, keepdim=True)
    yield ErrorSample(array(0), raises=(IndexError, RuntimeError), match="non-zero size")


@samples("cummax")
def _(array):
    yield Sample(array(3, 4, distinct=True), 0)
    yield Sample(array(3, 4, distinct=True), -1)
    yield Sample(array(4, dtype=np.int64), 0)
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")


@samples("cummin")
def _(array):
    yield Sample(array(3, 4, distinct=True), 0)
    yield Sample(array(3, 4, distinct=True), -1)
