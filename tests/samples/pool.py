"""Samples for ``ops/pool.py`` and ``ops/pool_adaptive.py``."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.errors import ShapeError
from autotn.kernels import pool as kernel
from autotn.testing import ErrorSample, Sample, samples

# Maxima are differentiable where no two cells are nearly equal: `distinct`.


def maxima(name: str, array, size: tuple[int, ...], torch_knows_integers: bool):
    """Samples of one of the three max poolings."""
    x = array(2, 2, *size, distinct=True)
    yield Sample(x, 2)
    yield Sample(array(2, *size, distinct=True), 2)
    yield Sample(x, 3, 2, 1)
    yield Sample(x, 2, 1, 1, ceil_mode=True)
    yield Sample(x, [2] * len(size), stride=[1] * len(size), padding=[1] * len(size))
    yield Sample(x, (2,) * len(size), dilation=2, ceil_mode=True)
    yield Sample(x, 3, 2, return_indices=True)
    yield Sample(array(2, *size, distinct=True), 2, return_indices=True)
    yield Sample(array(0, 2, *size), 2)
    yield Sample(array(2, 2, *size, strided=True, distinct=True), 2)
    yield Sample(np.round(x), 3, 1, _skip=("gradient", "second_order"))  # ties have no derivative
    yield Sample(x.astype(np.float16), 2)
    if torch_knows_integers:
        yield Sample(array(2, 2, *size, dtype=np.int64), 2)
    flawed = x.copy()
    flawed[0, 0, ..., :2] = np.nan
    flawed[1, 0] = -np.inf
    yield Sample(flawed, 2)
    refused: list[tuple[dict[str, Any], str]] = [
        (dict(kernel_size=20), "has no room for a window of"),
        (dict(kernel_size=2, padding=2), "padding must be at most half of the window"),
        (dict(kernel_size=0), "kernel_size must be at least 1"),
        (dict(kernel_size=2, stride=0), "stride must be at least 1"),
        (dict(kernel_size=2, dilation=0), "dilation must be at least 1"),
        (dict(kernel_size=(2, 2, 2, 2)), "kernel_size must be one number or"),
    ]
    for options, match in refused:
        yield ErrorSample(x, raises=ShapeError, match=f"{name}: .*{match}", **options)
    yield ErrorSample(array(4), 2, raises=ShapeError, match=f"{name}: 'input' must be a batch")


@samples("max_pool1d", torch="nn.functional.max_pool1d")
def _(array):
    yield from maxima("max_pool1d", array, (9,), False)


@samples("max_pool2d", torch="nn.functional.max_pool2d")
def _(array):
    yield from maxima("max_pool2d", array, (5, 6), True)
    yield Sample(array(1, 2, 6, 7, distinct=True), (2, 3), (3, 1), (1, 0), (1, 2))


@samples("max_pool3d", torch="nn.functional.max_pool3d")
def _(array):
    yield from maxima("max_pool3d", array, (3, 4, 3), True)
    yield Sample(array(1, 2, 3, 4, 4, distinct=True), (2, 3, 1), (3, 1, 2), (1, 0, 0))


def means(name: str, array, size: tuple[int, ...], torch_knows_halves: bool = True):
    """Samples of one of the three average poolings."""
    x = array(2, 2, *size)
    yield Sample(x, 2)
    yield Sample(array(2, *size), 2)
    yield Sample(x, 3, 2, 1)
    yield Sample(x, 3, 2, 1, True)
    yield Sample(x, 3, 2, 1, True, False)
    yield Sample(x, [2] * len(size), stride=[1] * len(size), padding=[1] * len(size))
    yield Sample(array(0, 2, *size), 2)
    yield Sample(array(2, 2, *size, strided=True), 2)
    if torch_knows_halves:
        yield Sample(x.astype(np.float16), 2)
    yield Sample(x.astype(np.float32), 3, 1)
    yield ErrorSample(x, 20, raises=ShapeError, match=f"{name}: .*has no room for a window of")
    yield ErrorSample(x, 2, 1, 2, raises=ShapeError, match=f"{name}: padding must be at most half")
    yield ErrorSample(array(4), 2, raises=ShapeError, match=f"{name}: 'input' must be a batch")


@samples("avg_pool1d", torch="nn.functional.avg_pool1d")
def _(array):
    yield from means("avg_pool1d", array, (9,))


@samples("avg_pool2d", torch="nn.functional.avg_pool2d")
def _(array):
    yield from means("avg_pool2d", array, (5, 6))
    x = array(1, 2, 6, 7)
    yield Sample(x, (2, 3), (3, 1), (1, 0), divisor_override=5)
    yield Sample(x, 2, divisor_override=-1)
    yield ErrorSample(x, 2, divisor_override=0, raises=ShapeError, match="must not be zero")


@samples("avg_pool3d", torch="nn.functional.avg_pool3d")
def _(array):
    yield from means("avg_pool3d", array, (3, 4, 3), torch_knows_halves=False)
    yield Sample(array(1, 2, 3, 4, 4), (2, 3, 1), (3, 1, 2), (1, 0, 0), divisor_override=3)


def norms(name: str, array, size: tuple[int, ...]):
    """Samples of one of the three norm poolings."""
    x = array(2, 2, *size, low=0.5)
    yield Sample(x, 2, 2)
    yield Sample(x, 3.0, 2, 1)
    yield Sample(array(2, *size, low=0.5), 2, 3, 2, True)
    yield Sample(x, 1, 2 if len(size) == 1 else (2,) * len(size))
    yield Sample(array(2, 2, *size, distinct=True, away_from=(0.0,)), float("inf"), 2)
    yield Sample(array(2, 2, *size, low=0.5, distinct=True), -float("inf"), 2)
    yield Sample(array(0, 2, *size), 2, 2)
    yield ErrorSample(x, 2, 0, raises=ShapeError, match=f"{name}: kernel_size must be at least 1")


@samples("lp_pool1d", torch="nn.functional.lp_pool1d")
def _(array):
    yield from norms("lp_pool1d", array, (9,))


@samples("lp_pool2d", torch="nn.functional.lp_pool2d")
def _(array):
    yield from norms("lp_pool2d", array, (5, 6))


@samples("lp_pool3d", torch="nn.functional.lp_pool3d")
def _(array):
    yield from norms("lp_pool3d", array, (3, 4, 3))


def unpooled(name: str, array, size: tuple[int, ...]):
    """Samples of one of the three ways back from maxima; the sizes are even."""
    dims = len(size)
    x = array(2, 2, *size)
    maxima, indices = kernel.max_pool_with_indices(x, 2)
    yield Sample(maxima, indices, 2)
    yield Sample(maxima[0].copy(), indices[0].copy(), (2,) * dims, (2,) * dims)
    odd = tuple(n + 1 for n in size)
    maxima, indices = kernel.max_pool_with_indices(array(2, 2, *odd), 2)
    yield Sample(maxima, indices, 2, output_size=list(odd))
    yield Sample(maxima, indices, 2, output_size=(2, 2, *odd))
    maxima, indices = kernel.max_pool_with_indices(x, 1, 2)
    yield Sample(maxima, indices, 1, 2, output_size=size)
    refused: list[tuple[dict[str, Any], str]] = [
        (dict(output_size=(20,) * dims), "output_size must be less than the stride"),
        (dict(output_size=(4,) * (dims + 1)), "output_size must be less than the stride"),
        (dict(kernel_size=0), "kernel_size must be at least 1"),
    ]
    for options, match in refused:
        arguments = {"kernel_size": 2, **options}
        yield ErrorSample(
            *kernel.max_pool_with_indices(x, 2), raises=ShapeError, match=match, **arguments
        )
    maxima, indices = kernel.max_pool_with_indices(x, 2)
    yield ErrorSample(maxima, indices + 99, 2, raises=ShapeError, match="indices must lie in 0 …")
    yield ErrorSample(maxima, indices[:, :1], 2, raises=ShapeError, match="the input's shape")
    yield ErrorSample(maxima, indices.astype(np.int32), 2, raises=TypeError, match="must be int64")


@samples("max_unpool1d", torch="nn.functional.max_unpool1d")
def _(array):
    yield from unpooled("max_unpool1d", array, (8,))


@samples("max_unpool2d", torch="nn.functional.max_unpool2d")
def _(array):
    yield from unpooled("max_unpool2d", array, (4, 6))


@samples("max_unpool3d", torch="nn.functional.max_unpool3d")
def _(array):
    yield from unpooled("max_unpool3d", array, (2, 4, 2))


def adaptive(name: str, array, size: tuple[int, ...], sizes: list, **options):
    """Samples of one of the six adaptive poolings."""
    x = array(2, 2, *size, distinct=True)
    for output_size in sizes:
        yield Sample(x, output_size, **options)
    yield Sample(array(2, *size, distinct=True), 2, **options)
    yield Sample(array(0, 2, *size), 2, **options)
    yield Sample(array(2, 2, *size, strided=True, distinct=True), 2, **options)
    yield Sample(x.astype(np.float32), 2, **options)
    yield ErrorSample(x, -1, raises=ShapeError, match=f"{name}: output_size must not be negative")
    yield ErrorSample(
        x, (2,) * 4, raises=ShapeError, match=f"{name}: output_size must be one number"
    )
    yield ErrorSample(array(4), 2, raises=ShapeError, match=f"{name}: 'input' must be a batch")


@samples("adaptive_avg_pool1d", torch="nn.functional.adaptive_avg_pool1d")
def _(array):
    yield from adaptive("adaptive_avg_pool1d", array, (7,), [3, 1, 9, (4,)])


@samples("adaptive_avg_pool2d", torch="nn.functional.adaptive_avg_pool2d")
def _(array):
    yield from adaptive("adaptive_avg_pool2d", array, (5, 6), [(3, 4), 1, (None, 3), (5, 2), 7])


@samples("adaptive_avg_pool3d", torch="nn.functional.adaptive_avg_pool3d")
def _(array):
    yield from adaptive("adaptive_avg_pool3d", array, (3, 4, 3), [(2, 3, 2), 1, (None, 2, 5)])


@samples("adaptive_max_pool1d", torch="nn.functional.adaptive_max_pool1d")
def _(array):
    yield from adaptive("adaptive_max_pool1d", array, (7,), [3, 1, 9])
    yield from adaptive("adaptive_max_pool1d", array, (7,), [3, 7], return_indices=True)


@samples("adaptive_max_pool2d", torch="nn.functional.adaptive_max_pool2d")
def _(array):
    yield from adaptive("adaptive_max_pool2d", array, (5, 6), [(3, 4), 1, (None, 3), (5, 2), 7])
    yield from adaptive("adaptive_max_pool2d", array, (5, 6), [(3, 4), (5, 3)], return_indices=True)


@samples("adaptive_max_pool3d", torch="nn.functional.adaptive_max_pool3d")
def _(array):
    yield from adaptive(
        "adaptive_max_pool3d", array, (3, 4, 3), [(2, 3, 2), 1], return_indices=True
    )


def at_random(name: str, array, size: tuple[int, ...]):
    """Samples of one of the two fractional poolings."""
    dims = len(size)
    x, places = array(2, 2, *size, distinct=True), array(2, 2, dims, low=0, high=1)
    # The places are not differentiated, though they are of a differentiable dtype.
    apart = ("gradient", "second_order", "float32_stays", "gradient_like_torch")
    sizes: list[dict[str, Any]] = [
        dict(output_size=2),
        dict(output_size=[2] * dims, return_indices=True),
        dict(output_ratio=(0.5,) * dims),
    ]
    for options in sizes:
        yield Sample(x, 2, _random_samples=places, _skip=apart, **options)
    single = array(2, *size, distinct=True)
    yield Sample(single, 2, 2, _random_samples=places[:1].copy(), _skip=apart)
    refused: list[tuple[dict[str, Any], str]] = [
        (dict(), "give either output_size or output_ratio"),
        (dict(output_size=2, output_ratio=0.5), "give either output_size or output_ratio"),
        (dict(output_ratio=1.5), "numbers between 0 and 1, got 1.5"),
        (dict(output_size=9), "do not fit into an axis of"),
        (dict(output_size=2, _random_samples=places[:1]), "_random_samples must have shape"),
    ]
    for options, match in refused:
        yield ErrorSample(x, 2, raises=ValueError, match=f"{name}: .*{match}", **options)


@samples("fractional_max_pool2d", torch="nn.functional.fractional_max_pool2d")
def _(array):
    yield from at_random("fractional_max_pool2d", array, (5, 6))


@samples("fractional_max_pool3d", torch="nn.functional.fractional_max_pool3d")
def _(array):
    yield from at_random("fractional_max_pool3d", array, (4, 5, 4))


# -- the ops behind them ---------------------------------------------------------------------------

MAX_OPTIONS = [(2, None, 0, 1, False), (3, 2, 1, 1, True), (2, 1, 0, (1, 2), False)]
AVG_OPTIONS = [
    (2, None, 0, False, True, None),
    (3, 2, 1, True, False, None),
    (2, 1, 0, False, True, 3),
]


@samples("max_pool", torch=None)
def _(array):
    x = array(2, 2, 5, 6, distinct=True)
    for options in MAX_OPTIONS:
        yield Sample(x, *options, _expect=kernel.max_pool(x, *options))


@samples("max_pool_with_indices", torch=None)
def _(array):
    x = array(2, 2, 5, 6, distinct=True)
    for options in MAX_OPTIONS:
        yield Sample(x, *options, _expect=kernel.max_pool_with_indices(x, *options))


def _by_maxima(array: Any, expected: Any, like_input: bool) -> Any:
    """What goes the way of the maxima: with a shape of the input, or of the result."""
    x = array(2, 2, 5, 6, distinct=True)
    for options in MAX_OPTIONS:
        out = kernel.max_pool(x, *options)
        sent = array(*(x if like_input else out).shape)
        # Cells and maxima are not differentiated, though they are of a differentiable dtype.
        yield Sample(
            sent, x, out, *options, _expect=expected(sent, x, out, *options),
            _skip=("gradient", "second_order", "float32_stays"),
        )  # fmt: skip


@samples("max_pool_spread", torch=None)
def _(array):
    yield from _by_maxima(array, kernel.max_pool_gradient, like_input=False)


@samples("max_pool_pick", torch=None)
def _(array):
    yield from _by_maxima(array, kernel.max_pool_pick, like_input=True)


@samples("avg_pool", torch=None)
def _(array):
    x = array(2, 2, 5, 6)
    for options in AVG_OPTIONS:
        yield Sample(x, *options, _expect=kernel.avg_pool(x, *options))


@samples("avg_pool_spread", torch=None)
def _(array):
    shape = (2, 2, 5, 6)
    for options in AVG_OPTIONS:
        g = array(*kernel.avg_pool(np.zeros(shape), *options).shape)
        yield Sample(g, shape, *options, _expect=kernel.avg_pool_gradient(g, shape, *options))


@samples("adaptive_avg_pool", torch="nn.functional.adaptive_avg_pool2d")
def _(array):
    yield Sample(array(2, 2, 5, 6), (3, 4))


@samples("adaptive_avg_pool_spread", torch=None)
def _(array):
    x = array(1, 1, 2)
    yield Sample(x, (1, 1, 4), _expect=np.repeat(x, 2, -1) / 2)
    yield Sample(array(2, 2, 3, 2), (2, 2, 5, 6))


@samples("adaptive_max_pool", torch=None)
def _(array):
    x = array(1, 1, 4, distinct=True)
    pairs = x.reshape(2, 2)
    yield Sample(
        x,
        (2,),
        _expect=(pairs.max(1)[None, None], (pairs.argmax(1) + np.array([0, 2]))[None, None]),
    )
    yield Sample(array(2, 2, 5, 6, distinct=True), (3, 4))


@samples("fractional_max_pool", torch=None)
def _(array):
    x, places = array(2, 2, 5, 6, distinct=True), array(2, 2, 2, low=0, high=1)
    # The places are not differentiated, though they are of a differentiable dtype.
    yield Sample(x, places, (2, 2), (3, 4), _skip=("gradient", "second_order", "float32_stays"))


@samples("max_unpool", torch=None)
def _(array):
    x, indices = array(2, 2, 2, 2), np.tile(np.array([[1, 2], [7, 11]]), (2, 2, 1, 1))
    yield Sample(x, indices, (3, 4), _expect=kernel.max_unpool(x, indices, (3, 4)))


@samples("pick_planes", torch=None)
def _(array):
    x, indices = array(2, 2, 3, 4), array.index(2, 2, 2, 3, high=12)
    expect = np.take_along_axis(x.reshape(2, 2, 12), indices.reshape(2, 2, 6), -1).reshape(
        2, 2, 2, 3
    )
    yield Sample(x, indices, _expect=expect)


@samples("put_planes", torch=None)
def _(array):
    x = array(1, 1, 2)
    yield Sample(x, np.array([[[2, 0]]]), (3,), _expect=np.array([[[x[0, 0, 1], 0, x[0, 0, 0]]]]))
    yield Sample(array(2, 2, 2, 3), array.index(2, 2, 2, 3, high=12), (3, 4))
