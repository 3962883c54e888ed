"""Samples for ``ops/gather.py`` and ``ops/index.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


@samples("getitem", torch=None)
def _(array):
    x = array(3, 4)
    for index in (
        0,
        slice(1, 3),
        (slice(None), -1),
        (None, 1),
        (Ellipsis, 0),
        [0, 2, 0],
        ([0, 1], [1, 1]),
        (x > 0).tolist(),
        (slice(None), [1, 1]),
    ):
        yield Sample(x, index, _expect=x[np.array(index) if isinstance(index, list) else index])


@samples("put_into_zeros", torch=None)
def _(array):
    x = array(2)
    yield Sample(x, (3,), ([1, 1],), _expect=np.array([0, x.sum(), 0]))
    yield Sample(x, (3,), (slice(0, 2),), _expect=np.array([*x, 0]))


@samples("gather")
def _(array):
    yield Sample(array(3, 4), 1, array.index(3, 2, high=4))
    yield Sample(array(3, 4), 0, array.index(2, 4, high=3))
    yield Sample(array(5), -1, array.index(7, high=5))
    yield Sample(array(3, 4), 1, array.index(0, 2, high=4))
    yield ErrorSample(
        array(3), 0, np.array([3]), raises=IndexError, match="gather: index 3 .* out of bounds"
    )
    yield ErrorSample(
        array(3), 0, np.array([0.5]), raises=TypeError, match="gather: Expected dtype int64"
    )
    yield ErrorSample(array(3, 4), 2, array.index(3, 2, high=4), raises=IndexError, match="range")
    yield ErrorSample(
        array(3, 4), 1, array.index(4, 2, high=4), raises=RuntimeError, match="Size does not match"
    )
    yield ErrorSample(
        array(3, 4), 1, array.index(2, high=4), raises=RuntimeError, match="number of dimensions"
    )
    yield ErrorSample(array(3, 4), 1, np.array([[4]]), raises=IndexError, match="out of bounds")
    yield ErrorSample(array(3, 4), 1, array(3, 2), raises=(TypeError, RuntimeError), match="int64")


@samples("scatter_into_zeros", torch=None)
def _(array):
    x = array(2)
    yield Sample(x, (3,), 0, np.array([1, 1]), _expect=np.array([0, x.sum(), 0]))


@samples("scatter")
def _(array):
    yield Sample(array(3, 4), 1, np.array([[0, 1], [2, 3], [1, 0]]), array(3, 2))
    yield Sample(
        array(3, 4), 0, np.array([[2, 0, 1, 1]]), array(2, 4), _skip=("gradient_like_torch",)
    )
    # PyTorch can't differentiate a src larger than the index.
    yield Sample(array(3, 4), 1, np.array([[0], [2], [1]]), 2.5)
    yield ErrorSample(
        array(3, 4),
        1,
        np.array([[4]]),
        array(1, 1),
        raises=(IndexError, RuntimeError),
        match="out of bounds",
    )
    yield ErrorSample(array(3, 4), 1, array.index(3, 2, high=4), array(3, 1), raises=RuntimeError)


@samples("scatter_add")
def _(array):
    yield Sample(
        array(3, 4), 1, array.index(3, 5, high=4), array(3, 6), _skip=("gradient_like_torch",)
    )
    yield Sample(array(4), 0, array.index(6, high=4), array(6))
    yield ErrorSample(
        array(3, 4),
        1,
        np.array([[4]]),
        array(1, 1),
        raises=(IndexError, RuntimeError),
        match="out of bounds",
    )


@samples("scatter_reduce")
def _(array):
    for reduce in ("sum", "prod", "mean", "amax", "amin"):
        for include_self in (True, False):
            yield Sample(
                array(4, distinct=True),
                0,
                array.index(6, high=3),
                array(6, distinct=True),
                reduce,
                include_self=include_self,
            )


@samples("index_select")
def _(array):
    yield Sample(array(3, 4), 1, array.index(5, high=4))
    yield Sample(array(3, 4), 0, array.index(2, high=3))
    yield ErrorSample(array(3), 0, np.array([3]), raises=IndexError, match="index_select: index 3")
    yield ErrorSample(array(3, 4), 1, np.array([4]), raises=IndexError, match="out of")
    yield ErrorSample(array(3, 4), 2, np.array([0]), raises=IndexError, match="range")


@samples("add_slices", torch=None)
def _(array):
    x = array(2)
    yield Sample(x, (3,), 0, np.array([1, 1]), _expect=np.array([0, x.sum(), 0]))


@samples("index_add")
def _(array):
    yield Sample(array(3, 4), 0, array.index(5, high=3), array(5, 4))
    yield Sample(array(3, 4), 1, array.index(2, high=4), array(3, 2), alpha=2)
    yield ErrorSample(
        array(3, 4),
        0,
        np.array([0]),
        array(2, 4),
        raises=RuntimeError,
        match="index_add: expected source",
    )


@samples("index_copy")
def _(array):
    yield Sample(array(3, 4), 1, np.array([2, 0]), array(3, 2))


@samples("index_fill")
def _(array):
    yield Sample(array(3, 4), 1, np.array([2, 0]), 7.0)


@samples("index_reduce")
def _(array):
    yield Sample(array(3, 2), 0, array.index(4, high=3), array(4, 2), "prod")
    yield Sample(array(3, 2), 0, array.index(4, high=3), array(4, 2), "mean", include_self=False)
    yield ErrorSample(
        array(3, 2),
        0,
        array.index(1, 4, high=3),
        array(4, 2),
        "prod",
        raises=IndexError,
        match="vector",
    )
    yield ErrorSample(
        array(3, 2),
        0,
        array.index(4, high=3),
        array(4, 1),
        "prod",
        raises=RuntimeError,
        match="source",
    )
    yield ErrorSample(
        array(3, 2), 0, array.index(4, high=3), array(4, 2), "sum?", raises=RuntimeError
    )


@samples("take")
def _(array):
    yield Sample(array(3, 4), array.index(2, 3, high=12))
    yield Sample(array(3, 4), np.array([-1, 0]))
    yield ErrorSample(array(3), np.array([3]), raises=IndexError, match="out of range")


@samples("take_along_dim")
def _(array):
    yield Sample(array(3, 4), array.index(3, 2, high=4), 1)
    yield Sample(array(3, 4), array.index(1, 2, high=4), 1)
    yield Sample(array(3, 4), array.index(5, high=12))
