"""Windows that slide over the first axes of a batch, and the sum that undoes them."""

from __future__ import annotations

import itertools
import math

import numpy as np

from autotn.core.op import Arr, op

Ints = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def window_counts(size: Ints, kernel: Ints, stride: Ints, padding: Pairs) -> Ints:
    """How many places a window has along each axis."""
    sides = zip(size, kernel, stride, padding)
    return tuple((n + before + after - k) // s + 1 for n, k, s, (before, after) in sides)


def _inside(size: Ints, padding: Pairs) -> tuple[slice, ...]:
    """Where the input lies in the padded array."""
    pairs = zip(size, padding)
    return (slice(None), *(slice(b, b + n + min(after, 0)) for n, (b, after) in pairs))


def _shown(size: Ints, padding: Pairs) -> tuple[slice, ...]:
    """The part of the input that is in the padded array: negative padding cuts off its end."""
    return (slice(None), *(slice(n + min(after, 0)) for n, (_, after) in zip(size, padding)))


def _padded_shape(shape: Ints, padding: Pairs) -> Ints:
    sides = [n + before + after for n, (before, after) in zip(shape[1:], padding)]
    return (shape[0], *sides, *shape[1 + len(padding) :])


@op()
def gather_windows(input: Arr, kernel: Ints, stride: Ints, padding: Pairs) -> Arr:
    """Every window of a zero-padded batch, one per row: its cells and all their channels.

    >>> from autotn.network.windows import gather_windows
    >>> gather_windows(tn.arange(4.0).reshape(1, 4), (2,), (2,), ((0, 0),))
    tensor([[0., 1.],
            [2., 3.]])
    """
    dims = len(kernel)
    size = input.shape[1 : 1 + dims]
    if any(map(any, padding)):
        padded = np.zeros(_padded_shape(input.shape, padding), input.dtype)
        padded[_inside(size, padding)] = input[_shown(size, padding)]
        input = padded
    axes = tuple(range(1, 1 + dims))
    views = np.lib.stride_tricks.sliding_window_view(input, kernel, axes)
    views = views[(slice(None), *(slice(None, None, s) for s in stride))]
    channels = input.ndim - 1 - dims
    places = range(1 + dims)
    order = (*places, *range(views.ndim - dims, views.ndim), *range(1 + dims, 1 + dims + channels))
    views = views.transpose(order)
    rows = math.prod(views.shape[: 1 + dims])
    return views.reshape(rows, math.prod(views.shape[1 + dims :]))


@op()
def add_windows(input: Arr, shape: Ints, kernel: Ints, stride: Ints, padding: Pairs) -> Arr:
    """A batch of this shape whose every cell is the sum of the window cells that show it.

    >>> from autotn.network.windows import add_windows
    >>> add_windows(tn.ones(2, 2), (1, 3), (2,), (1,), ((0, 0),))
    tensor([[1., 2., 1.]])
    """
    dims = len(kernel)
    size, channels = shape[1 : 1 + dims], shape[1 + dims :]
    counts = window_counts(size, kernel, stride, padding)
    cells = input.reshape(shape[0], *counts, *kernel, *channels)
    padded = np.zeros(_padded_shape(shape, padding), input.dtype)
    everywhere = (slice(None),) * (1 + dims)
    for offset in itertools.product(*map(range, kernel)):
        reach = (slice(o, o + s * n, s) for o, s, n in zip(offset, stride, counts))
        padded[(slice(None), *reach)] += cells[(*everywhere, *offset)]
    if not any(map(any, padding)):
        return padded
    result = np.zeros(shape, input.dtype)
    result[_shown(size, padding)] = padded[_inside(size, padding)]
    return result


gather_windows.grad(
    input=lambda g, input_shape, kernel, stride, padding: add_windows(
        g, tuple(input_shape), kernel, stride, padding
    )
)
add_windows.grad(
    input=lambda g, kernel, stride, padding: gather_windows(g, kernel, stride, padding)
)
