"""Samples for ``ops/order.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


@samples("sort")
def _(array):
    yield Sample(array(3, 4, distinct=True))
    yield Sample(array(3, 4, distinct=True), 0, True)
    yield Sample(array())
    yield Sample(array(5, dtype=np.int64), stable=True, dim=0)
    yield Sample(np.array([2.0, np.nan, 1.0], np.float32))
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")


@samples("argsort")
def _(array):
    yield Sample(array(3, 4, distinct=True), 0)
    yield Sample(array(3, 4, distinct=True), descending=True)
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")


@samples("msort")
def _(array):
    yield Sample(array(3, 4, distinct=True))


@samples("topk")
def _(array):
    for largest in (True, False):  # of few the others are not sorted
        yield Sample(array(2, 80, distinct=True), 3, 1, largest)
        yield Sample(array(80, 2, distinct=True), 3, 0, largest)
    yield Sample(array(3, 5, distinct=True), 2)
    yield Sample(array(3, 5, distinct=True), 2, dim=0, largest=False)
    yield ErrorSample(array(3), 4, raises=RuntimeError, match="topk: selected index k out of range")
    yield ErrorSample(array(3), 4, raises=RuntimeError, match="out of range")
    yield ErrorSample(array(3), -1, raises=RuntimeError, match="out of range")
    yield ErrorSample(array(3), 1, 2, raises=IndexError, match="range")


@samples("kth", torch=None)
def _(array):
    x = array(3, 5, distinct=True)
    order = x.argsort(1)[:, 1]
    yield Sample(x, 2, 1, False, "kthvalue", _expect=(np.sort(x, 1)[:, 1], order))


@samples("kthvalue")
def _(array):
    yield Sample(array(3, 5, distinct=True), 2)
    yield Sample(array(3, 5, distinct=True), 3, 0, True)
    yield ErrorSample(
        array(3), 0, raises=RuntimeError, match="kthvalue: selected number k out of range"
    )
    yield ErrorSample(array(3), 4, raises=RuntimeError, match="out of range")
    yield ErrorSample(array(3), 0, raises=RuntimeError, match="out of range")
    yield ErrorSample(array(), 2, raises=RuntimeError, match="out of range")
    yield ErrorSample(array(3), 1, 1, raises=IndexError, match="range")


@samples("middle", torch=None)
def _(array):
    x = array(5, distinct=True)
    yield Sample(x, "median", _expect=np.median(x))
    yield Sample(
        np.array([2.0, np.nan, 1.0, 3.0]), "nanmedian", _expect=np.array(2.0), _skip=("gradient",)
    )


for _name in ("median", "nanmedian"):

    @samples(_name)
    def _(array):
        yield Sample(array(3, 5, distinct=True))
        yield Sample(array(3, 4, distinct=True), 1)
        yield Sample(array(3, 4, distinct=True), dim=0, keepdim=True)
        yield Sample(np.array([[1.0, np.nan, 3.0], [3.0, 1.0, 2.0]]), 1)
        # Equal ones share the gradient of the median of all; differences see one of them.
        ties = np.array([[1.0, 2.0, 2.0], [3.0, 2.0, 0.0]])
        yield Sample(ties, _skip=("gradient", "second_order", "forward_mode"))
        yield ErrorSample(array(3), 1, raises=IndexError, match="range")
        yield ErrorSample(array(2, 0), 1, raises=IndexError, match="non-zero size")


@samples("mode")
def _(array):
    yield Sample(array(3, 7, dtype=np.int64, high=2))
    yield Sample(array(7, 2, dtype=np.int64, high=2), 0, True)
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")


for _name in ("quantile", "nanquantile"):

    @samples(_name)
    def _(array):
        yield Sample(array(5, distinct=True), 0.3)
        yield Sample(array(3, 5, distinct=True), np.array([0.1, 0.45]), 1)
        yield Sample(array(3, 5, distinct=True), 0.7, dim=0, keepdim=True)
        for way in ("lower", "higher", "midpoint", "nearest"):
            yield Sample(array(5, distinct=True), 0.4, interpolation=way)
        yield ErrorSample(array(3), 1.5, raises=RuntimeError, match="range .0, 1.")
        yield ErrorSample(array(0), 0.5, raises=RuntimeError, match="non-empty")
        yield ErrorSample(
            array(3), 0.5, interpolation="cubic", raises=RuntimeError, match="interpolation"
        )
        yield ErrorSample(
            array(3), array(2, 2, low=0, high=1), raises=RuntimeError, match="scalar or 1D"
        )
        yield ErrorSample(np.arange(3), 0.5, raises=RuntimeError, match="floating")


@samples("unique")
def _(array):
    yield Sample(array(9, dtype=np.int64))
    yield Sample(array(9, dtype=np.int64), return_inverse=True, return_counts=True)
    yield Sample(array(4, 2, dtype=np.int64, high=0), dim=0, return_counts=True)


@samples("unique_consecutive")
def _(array):
    yield Sample(array(9, dtype=np.int64, high=0), return_inverse=True, return_counts=True)
    yield Sample(array(5, 2, dtype=np.int64, high=-1), dim=0)


@samples("isin")
def _(array):
    yield Sample(array.index(5, high=4), np.array([1, 3]))
    yield Sample(array.index(2, 3, high=4), np.array([[1, 3]]), invert=True)
    yield Sample(array(3), array(2))
    yield Sample(array(3), array(0))


@samples("searchsorted", torch="searchsorted")
def _(array):
    line = np.sort(array(5))
    yield Sample(line, array(2, 3))
    yield Sample(line, line, right=True)
    yield Sample(line, line, side="right", out_int32=True)
    yield Sample(np.sort(array(2, 5)), array(2, 3))
    yield Sample(line[::-1].copy(), array(3), sorter=np.arange(5)[::-1].copy())
    yield Sample(line, 0.3)
    yield ErrorSample(line, array(2), side="middle", raises=RuntimeError, match="side")
    yield ErrorSample(np.sort(array(2, 5)), array(3, 2), raises=RuntimeError, match="searchsorted")


@samples("bucketize")
def _(array):
    yield Sample(array(2, 3), np.sort(array(4)))
    yield Sample(array.index(4, high=5), np.arange(4), right=True, out_int32=True)
