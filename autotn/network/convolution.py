"""Convolutions: kernels of any rank over the first axes, channels last."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotn.errors import ShapeError
from autotn.layers import Module
from autotn.network.activation import ReLU, activation_of
from autotn.network.neuron import NeuronNet
from autotn.network.structure import OneInput, Shape, shape_of
from autotn.network.windows import gather_windows, window_counts
from autotn.ops import conv1d, conv2d, conv3d, flip, linear
from autotn.ops.pad import pad as pad_around

Ints = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def numbers_per_axis(who: str, name: str, given: Any, count: int) -> Ints:
    """One positive number per axis, from a number, a sequence, or None for ones."""
    if given is None:
        return (1,) * count
    try:
        numbers = shape_of(given, who)
    except (TypeError, ValueError):
        numbers = ()
    if not np.iterable(given) and numbers:
        numbers *= count
    if len(numbers) != count:
        raise ShapeError(f"{who}: {name} must be {count} positive numbers, got {given!r}")
    return numbers


def padding_pairs(pad: Any, size: Ints, kernel: Ints, stride: Ints) -> Pairs:
    """Zeros before and after each axis; see `Conv`."""
    if pad is False or pad == "valid":
        return ((0, 0),) * len(kernel)
    if pad == "seed":
        # One zero more than needed, and a count that rounds down: so many zeros that this happens.
        pairs = []
        for n, k, s in zip(size, kernel, stride):
            after = (n // s - 1) * s + k - n - k // 2
            pairs.append((k // 2, after))
        return tuple(pairs)
    if pad is True or pad == "same":
        missing = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(size, kernel, stride)]
        return tuple((m // 2, m - m // 2) for m in missing)
    given = pad if isinstance(pad, Sequence) and not isinstance(pad, str) else None
    if isinstance(pad, int | np.integer):
        given = [int(pad)] * len(kernel)
    if given is not None and len(given) == len(kernel):
        pairs = [tuple(p) if isinstance(p, Sequence) else (p, p) for p in given]
        if all(len(p) == 2 and all(isinstance(n, int) and n >= 0 for n in p) for p in pairs):
            return tuple(pairs)
    raise ValueError(
        f"Conv: pad must be a bool, 'same', 'valid', 'seed', a number, or one number or pair for "
        f"each of {len(kernel)} axes, got {pad!r}"
    )


#: The op for kernels of one, two and three axes; for more, windows are gathered.
CONVOLUTIONS: dict[int, Callable[..., Any]] = {1: conv1d, 2: conv2d, 3: conv3d}


def window_sums(
    input: Any, weight: Any, bias: Any, kernel: Ints, stride: Ints, padding: Pairs
) -> Any:
    """What neurons make of every window, one per row; the last axes of `input` are channels."""
    dims = len(kernel)
    if dims not in CONVOLUTIONS:
        return linear(gather_windows(input, kernel, stride, padding), weight, bias)
    channels = math.prod(input.shape[1 + dims :])
    first = (0, 1 + dims, *range(1, 1 + dims))  # the ops have channels first
    images = input.reshape(*input.shape[: 1 + dims], channels).permute(first)
    kernels = weight.reshape(weight.shape[0], *kernel, channels).permute(first)
    around = tuple(before for before, _ in padding)
    if any(before != after for before, after in padding):
        images = pad_around(images, [n for pair in reversed(padding) for n in pair])
        around = (0,) * dims
    sums = CONVOLUTIONS[dims](images, kernels, bias, stride, around)
    return sums.permute(0, *range(2, 2 + dims), 1).reshape(-1, weight.shape[0])


class ConvNet(NeuronNet):
    """The same neurons at every place of a window that slides over the input."""

    def __init__(
        self,
        in_shape: Shape,
        kernel: Ints,
        out_shape: Shape,
        stride: Ints,
        padding: Pairs,
        activation: Any,
    ) -> None:
        dims = len(kernel)
        channels = math.prod(in_shape[dims:])
        super().__init__(math.prod(kernel) * channels, math.prod(out_shape), activation)
        self.__dict__.update(kernel_shape=kernel, stride=stride, padding=padding)
        counts = window_counts(in_shape[:dims], kernel, stride, padding)
        self.__dict__["shape"] = (*counts, *out_shape)

    def forward(self, input: Any) -> Any:
        """The activations at every place."""
        window = self.kernel_shape, self.stride, self.padding
        sums = window_sums(input, self.weight, self.bias, *window)
        return self.activation(sums).reshape(input.shape[0], *self.shape)


class Conv(OneInput):
    """A kernel over the first axes of the input; the axes that are left are channels.

    The result has the places of the window, then `out_shape`.

    Parameters
    ----------
    kernel_stride : tuple of int, optional
        Steps of the window, 1 by default.
    pad : bool, str, int or sequence
        False or ``'valid'``: no zeros around. True or ``'same'``: so many that there are
        ``ceil(size / stride)`` places. ``'seed'``: the original package's rule, with
        ``size // stride`` places. Or zeros per axis, as a number or a pair.

    >>> print(tn.Conv((2, 3, 2), (2, 3), kernel_stride=(1, 1, 2))(tn.Input((4, 4, 4))()))
    Conv :: [(4, 4, 4)] -> [(3, 2, 2, 2, 3)]
    """

    def __init__(
        self,
        kernel_shape: Any,
        out_shape: Any = (),
        kernel_stride: Any = None,
        pad: Any = False,
        activation: Any = None,
    ) -> None:
        self.kernel_shape = shape_of(kernel_shape, "Conv")
        if not self.kernel_shape:
            raise ValueError("Conv: kernel_shape needs at least one axis, got ()")
        self.out_shape = shape_of(out_shape, "Conv")
        count = len(self.kernel_shape)
        self.kernel_stride = numbers_per_axis("Conv", "kernel_stride", kernel_stride, count)
        self.pad = pad
        padding_pairs(pad, self.kernel_shape, self.kernel_shape, self.kernel_stride)
        self.activation = activation_of(activation, ReLU, "Conv")

    def build(self, in_shape: Any) -> Module:
        """The neurons of one window."""
        kernel, stride = self.kernel_shape, self.kernel_stride
        size = tuple(in_shape[: len(kernel)])
        if len(size) < len(kernel):
            raise ShapeError(f"Conv: a kernel of shape {kernel} needs more axes than {in_shape}")
        padding = padding_pairs(self.pad, size, kernel, stride)
        if min(window_counts(size, kernel, stride, padding)) < 1:
            raise ShapeError(
                f"Conv: a kernel of shape {kernel} does not fit into an input of shape {in_shape} "
                f"with pad={self.pad!r}"
            )
        return ConvNet(in_shape, kernel, self.out_shape, stride, padding, self.activation)


class Conv2DNet(NeuronNet):
    """Convolution of images, the kernel flipped as in mathematics, with zeros outside.

    Parameters
    ----------
    kernel_shape : pair of int
    input_size, output_size : int
        Numbers of channels, the last axis.
    stride : pair of int
        Which places of the result are kept.

    >>> net = tn.Conv2DNet((3, 3), 1, 5, tn.ReLU())
    >>> net.activate(np.zeros((6, 7, 1))).shape
    (6, 7, 5)
    """

    def __init__(
        self,
        kernel_shape: Any,
        input_size: int,
        output_size: int,
        activation: Any,
        init: Any = None,
        stride: Any = None,
    ) -> None:
        kernel = shape_of(kernel_shape, "Conv2DNet")
        if len(kernel) != 2:
            raise ShapeError(f"Conv2DNet: kernel_shape must have two axes, got {kernel}")
        super().__init__(math.prod(kernel) * input_size, output_size, activation, init)
        # The kernel's middle is k // 2; it is flipped, so what it lacks there lies before.
        padding = tuple((k - 1 - k // 2, k // 2) for k in kernel)
        steps = numbers_per_axis("Conv2DNet", "stride", stride, 2)
        self.__dict__.update(kernel_shape=kernel, stride=steps, padding=padding)

    def forward(self, input: Any) -> Any:
        """The activations of every pixel that is kept."""
        window = self.kernel_shape, self.stride, self.padding
        flipped = flip(self.weight.reshape(self.noutputs, *self.kernel_shape, -1), (1, 2))
        sums = window_sums(input, flipped, self.bias, *window)
        places = window_counts(tuple(input.shape[1:3]), *window)
        return self.activation(sums).reshape(input.shape[0], *places, self.noutputs)


class Images(Module):
    """A `Conv2DNet` whose output channels have a shape."""

    def __init__(self, net: Conv2DNet, out_shape: Shape) -> None:
        super().__init__()
        self.net = net
        self.__dict__["out_shape"] = out_shape

    def forward(self, input: Any) -> Any:
        """The activations of every pixel that is kept."""
        output = self.net(input)
        return output.reshape(*output.shape[:3], *self.out_shape)


class Conv2D(OneInput):
    """Convolution of an image: flipped kernel, zeros outside, every `kernel_stride`-th place kept.

    >>> print(tn.Conv2D((3, 3), (5,), kernel_stride=(2, 2))(tn.Input((7, 8, 3))()))
    Conv2D :: [(7, 8, 3)] -> [(4, 4, 5)]
    """

    def __init__(
        self,
        kernel_shape: Any,
        out_shape: Any = (),
        kernel_stride: Any = None,
        activation: Any = None,
    ) -> None:
        self.kernel_shape = shape_of(kernel_shape, "Conv2D")
        if len(self.kernel_shape) != 2:
            raise ShapeError(f"Conv2D: kernel_shape must have two axes, got {self.kernel_shape}")
        self.out_shape = shape_of(out_shape, "Conv2D")
        self.kernel_stride = numbers_per_axis("Conv2D", "kernel_stride", kernel_stride, 2)
        self.activation = activation_of(activation, ReLU, "Conv2D")

    def build(self, in_shape: Any) -> Module:
        """The neurons of one window."""
        if len(in_shape) < 2:
            raise ShapeError(f"Conv2D: needs an input of at least two axes, got shape {in_shape}")
        channels = math.prod(in_shape[2:])
        net = Conv2DNet(
            self.kernel_shape, channels, math.prod(self.out_shape), self.activation,
            stride=self.kernel_stride,
        )  # fmt: skip
        return Images(net, self.out_shape)


def unpad(x: Any, pad_spec: Any) -> Any:
    """Take away what ``np.pad(x, pad_spec)`` added.

    >>> tn.unpad(np.pad([1, 2], (1, 2)), (1, 2))
    array([1, 2])
    """
    pairs = np.broadcast_to(np.asarray(pad_spec), (len(x.shape), 2)).tolist()
    for n, (before, after) in zip(x.shape, pairs):
        if min(before, after) < 0 or before + after > n:
            raise ShapeError(f"unpad: {pad_spec} does not fit into an array of shape {x.shape}")
    return x[tuple(slice(before, n - after) for n, (before, after) in zip(x.shape, pairs))]
