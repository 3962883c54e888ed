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


@samples("argsort")
def _(array):
    yield Sample(array(3, 4, distinct=True), 0)
    yield Sample(array(3, 4, distinct=True), descending=True)


@samples("msort")
def _(array):
    yield Sample(array(3, 4, distinct=True))


@samples("topk")
def _(array):
    yield Sample(array(3, 5, distinct=True), 2)
    yield Sample(array(3, 5, distinct=True), 2, dim=0, largest=False)
    yield ErrorSample(array(3), 4, raises=RuntimeError, match="topk: selected index k out of range")


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


for _name in ("median", "nanmedian"):

    @samples(_name)
    def _(array):
        yield Sample(array(3, 5, distinct=True))
        yield Sample(array(3, 4, distinct=True), 1)
        yield Sample(array(3, 4, distinct=True), dim=0, keepdim=True)
        yield Sample(np.array([[1.0, np.nan, 3.0], [3.0, 1.0, 2.0]]), 1)


@samples("mode")
def _(array):
    yield Sample(array(3, 7, dtype=np.int64, high=2))
    yield Sample(array(7, 2, dtype=np.int64, high=2), 0, True)


for _name in ("quantile", "nanquantile"):

    @samples(_name)
    def _(array):
        yield Sample(array(5, distinct=True), 0.3)
        yield Sample(array(3, 5, distinct=True), np.array([0.1, 0.45]), 1)
        yield Sample(array(3, 5, distinct=True), 0.7, dim=0, keepdim=True)
        for way in ("lower", "higher", "midpoint", "nearest"):
            yield Sample(array(5, distinct=True), 0.4, interpolation=way)
        yield ErrorSample(array(3), 1.5, raises=RuntimeError, match="range .0, 1.")


@samples("unique")
def _(array):
    yield Sample(array(9, dtype=np.int64))
    yield Sample(array(9, dtype=np.int64), return_inverse=True, return_counts=True)
    yield Sample(array(4, 2, dtype=np.int64, high=0), dim=0, return_counts=True)


@samples("unique_consecutive")
def _(array):
    yield Sample(array(9, dtype=np.int64, high=0), return_inverse=True, return_counts=True)
    yield Sample(array(5, 2, dtype=np.int64, high=-1), dim=0)


@samples("searchsorted", torch=None)
def _(array):
    yield Sample(
        np.array([1.0, 3.0, 5.0]), np.array([3.0, 6.0]), False, False, _expect=np.array([1, 3])
    )
