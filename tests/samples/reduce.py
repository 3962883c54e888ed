"""Samples for ``ops/reduce.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


def _reductions(array, *, several=True, whole=True, **bounds):
    """Every way to name dimensions."""
    if whole:
        yield Sample(array(3, 4, **bounds))
        yield Sample(array(**bounds))
    yield Sample(array(3, 4, **bounds), 0)
    yield Sample(array(3, 4, **bounds), -1, True)
    yield Sample(array(2, 3, 4, strided=True, **bounds), dim=1, keepdim=True)
    yield Sample(array(3, dtype=np.float32, **bounds), 0)
    if several:
        yield Sample(array(2, 3, 4, **bounds), (0, 2))
        yield Sample(array(2, 3, 4, **bounds), (-1, 0), True)
    yield ErrorSample(array(3, 4), 2, raises=IndexError, match="Dimension out of range")


@samples("sum")
def _(array):
    yield from _reductions(array)
    yield Sample(array(0, 3), 0)
    yield Sample(array(3, dtype=np.int32))
    yield Sample(array(3, dtype=np.bool_))
    yield Sample(array(3, dtype=np.complex128))
    yield ErrorSample(array(3, 4), (0, 0), raises=RuntimeError, match="sum: dim")
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")
    yield ErrorSample(array(2, 2), (0, 0), raises=RuntimeError, match="multiple times|dim")


@samples("nansum")
def _(array):
    yield from _reductions(array)
    yield Sample(np.array([1.0, np.nan, 2.0]))


@samples("mean")
def _(array):
    yield from _reductions(array)
    yield Sample(array(3, dtype=np.complex128))
    yield ErrorSample(
        array(3, dtype=np.int64), raises=RuntimeError, match="mean: could not infer output dtype"
    )
    yield ErrorSample(np.arange(3), raises=RuntimeError, match="mean")
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")


@samples("nanmean")
def _(array):
    yield from _reductions(array)
    yield Sample(np.array([[1.0, np.nan], [2.0, 3.0]]), 0)


@samples("prod")
def _(array):
    yield Sample(array(2, 3))
    yield Sample(array(3, 4), 0)
    yield Sample(array(3, 4), -1, True)
    yield Sample(array())
    yield Sample(np.array([2.0, 0.0, 3.0]))
    yield Sample(np.array([0.0, 0.0, 3.0]))
    yield Sample(array(3, dtype=np.int32))
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")


@samples("any")
def _(array):
    for kind in (np.bool_, np.int64, np.uint8):
        yield Sample(array(3, 4, dtype=kind))
        yield Sample(array(3, 4, dtype=kind), 1, True)
    yield Sample(array(0, 3, dtype=np.bool_), 0)


@samples("all")
def _(array):
    for kind in (np.bool_, np.int64, np.uint8):
        yield Sample(array(3, 4, dtype=kind))
        yield Sample(array(3, 4, dtype=kind), 1, True)
    yield Sample(array(0, 3, dtype=np.bool_), 0)


@samples("count_nonzero")
def _(array):
    yield Sample(array(3, 4, dtype=np.int64))
    yield Sample(array(3, 4, dtype=np.bool_), 1)
    yield Sample(array(3, 4, dtype=np.bool_), (0, 1))


def _spreads(array):
    yield Sample(array(3, 4))
    yield Sample(array(3, 4), 0)
    yield Sample(array(3, 4), dim=1, keepdim=True)
    yield Sample(array(3, 4), dim=(0, 1), correction=0)
    yield Sample(array(3, 4), 1, False)
    yield Sample(array(3, 4), correction=2)
    yield Sample(array(3, 4), False)


@samples("var")
def _(array):
    yield from _spreads(array)
    yield Sample(array(3, 4, dtype=np.complex128), dim=1)
    yield Sample(np.array([[1.0, 1.0], [2.0, 2.0]]), dim=1)
    yield ErrorSample(np.arange(3), raises=RuntimeError)
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")


@samples("std")
def _(array):
    yield from _spreads(array)
    yield ErrorSample(np.arange(3), raises=RuntimeError)
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")


@samples("root", torch=None)
def _(array):
    x = array(3, low=0.5)
    yield Sample(x, _expect=np.sqrt(x))


@samples("var_mean")
def _(array):
    yield from _spreads(array)


@samples("std_mean")
def _(array):
    yield from _spreads(array)


@samples("logsumexp")
def _(array):
    yield from _reductions(array, whole=False)
    yield Sample(np.array([1000.0, 1000.0, -1000.0]), 0)
    yield Sample(
        np.array([-np.inf, -np.inf]), 0, _skip=("gradient_like_torch",)
    )  # PyTorch: nan; here 0
    yield Sample(np.array([np.inf, 1.0]), 0)
    yield Sample(array(3, dtype=np.int64), 0)
    yield ErrorSample(array(3), 1, raises=IndexError, match="range")
