"""Images: resizing, sampling on grids, blocks and columns, pixels and channels."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from autotn.core.node import warn_here
from autotn.core.op import Arr, acts, alias, composite, op
from autotn.core.tensor import wrap
from autotn.core.traced import readable
from autotn.errors import ShapeError
from autotn.kernels import fold as fold_kernels, grid as grid_kernels, resample

__all__ = ["channel_shuffle", "native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle"]

FUNCTIONAL = (
    "affine_grid", "fold", "grid_sample", "interpolate", "unfold", "upsample", "upsample_bilinear",
    "upsample_nearest",
)  # fmt: skip


# -- resizing --------------------------------------------------------------------------------------------


@op()
def _interpolate(
    input: Arr,
    size: Any,
    scale_factor: Any,
    mode: str,
    align_corners: Any,
    recompute: Any,
    antialias: bool,
) -> Arr:
    """Spatial dimensions resized.

    >>> F.interpolate(tn.tensor([[[1.0, 3.0]]]), size=3, mode="linear", align_corners=True)
    tensor([[[1., 2., 3.]]])
    """
    return resample.interpolate(
        input, size, scale_factor, mode, align_corners, recompute, antialias
    )


@op()
def _interpolate_transpose(
    input: Arr, shape: Any, size: Any, scale_factor: Any, mode: str, align_corners: Any, recompute: Any,
    antialias: bool,
) -> Arr:  # fmt: skip
    """The transpose of resizing, which is linear: its gradient.

    >>> x = tn.ones(1, 1, 2, requires_grad=True)
    >>> F.interpolate(x, size=4).sum().backward(); x.grad
    tensor([[[2., 2.]]])
    """
    return resample.interpolate_backward(
        input, shape, size, scale_factor, mode, align_corners, recompute, antialias
    )


_interpolate.grad(
    input=lambda g, input_shape, size, scale_factor, mode, align_corners, recompute, antialias: (
        _interpolate_transpose(
            g, tuple(input_shape), size, scale_factor, mode, align_corners, recompute, antialias
        )
    )
)
_interpolate_transpose.grad(
    input=lambda g, size, scale_factor, mode, align_corners, recompute, antialias: _interpolate(
        g, size, scale_factor, mode, align_corners, recompute, antialias
    )
)


@composite()
def interpolate(
    input: Any, size: Any = None, scale_factor: Any = None, mode: str = "nearest", align_corners: Any = None,
    recompute_scale_factor: Any = None, antialias: bool = False,
) -> Any:  # fmt: skip
    """Resize the spatial dimensions to `size`, or by `scale_factor`.

    Modes: nearest, nearest-exact, linear, bilinear, bicubic, trilinear, area.

    >>> F.interpolate(tn.tensor([[[1.0, 3.0]]]), scale_factor=2)
    tensor([[[1., 1., 3., 3.]]])
    """
    size = tuple(int(n) for n in size) if isinstance(size, (tuple, list)) else size
    scale = (
        tuple(float(s) for s in scale_factor)
        if isinstance(scale_factor, (tuple, list))
        else scale_factor
    )
    return _interpolate(input, size, scale, mode, align_corners, recompute_scale_factor, antialias)


@composite()
def upsample(
    input: Any,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
) -> Any:
    """The old name of `interpolate`.

    >>> F.upsample(tn.ones(1, 1, 2, 2), scale_factor=2).shape
    tn.Size([1, 1, 4, 4])
    """
    return interpolate(input, size, scale_factor, mode, align_corners)


@composite()
def upsample_nearest(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """`interpolate` with mode nearest.

    >>> F.upsample_nearest(tn.ones(1, 1, 2, 2), scale_factor=2).shape
    tn.Size([1, 1, 4, 4])
    """
    return interpolate(input, size, scale_factor, "nearest")


@composite()
def upsample_bilinear(input: Any, size: Any = None, scale_factor: Any = None) -> Any:
    """`interpolate` with mode bilinear and aligned corners.

    >>> F.upsample_bilinear(tn.ones(1, 1, 2, 2), scale_factor=2).shape
    tn.Size([1, 1, 4, 4])
    """
    return interpolate(input, size, scale_factor, "bilinear", True)


# -- sampling on grids -----------------------------------------------------------------------------------


@op()
def _grid_sample(input: Arr, grid: Arr, mode: str, padding_mode: str, align_corners: bool) -> Arr:
    """Images sampled at points.

    >>> F.grid_sample(tn.ones(1, 1, 2, 2), tn.zeros(1, 1, 1, 2), align_corners=False)
    tensor([[[[1.]]]])
    """
    return grid_kernels.grid_sample(input, grid, mode, padding_mode, align_corners)


@_grid_sample.grad
def _(
    g: Any,
    input: Any,
    grid: Any,
    mode: str,
    padding_mode: str,
    align_corners: bool,
    needs: tuple[bool, ...],
) -> Any:
    options = (mode, padding_mode, align_corners)
    return grid_kernels.grid_sample_backward(g, input, grid, *options, *needs)


@_grid_sample.reference
def _(input: Any, grid: Any, mode: str, padding_mode: str, align_corners: bool) -> Any:
    """The few pixels of each point, weighted: where a point lies is read off the arrays, how it moves is not."""
    sizes, dims = input.shape[2:], grid.shape[-1]
    axes = []
    for k, size in enumerate(sizes):
        at = grid[..., dims - 1 - k]
        where = np.nan_to_num(readable(at._data), nan=-1, posinf=np.inf, neginf=-np.inf)
        first, part, slope = grid_kernels.places(where, size, mode, padding_mode, align_corners)
        moved = wrap(np.asarray(part, where.dtype)) + (at - at.detach()).nan_to_num(0) * wrap(
            np.asarray(slope, where.dtype)
        )
        extended = grid_kernels.extension(size, mode, padding_mode, align_corners)
        weights = {
            "nearest": lambda t: [0 * t + 1],
            "bilinear": lambda t: [1 - t, t],
            "bicubic": lambda t: grid_kernels.cubic(t)[0],
        }[mode](moved)
        taps = []
        for tap, weight in enumerate(weights):
            pixel = first.astype(np.int64) + tap
            if extended.copied is not None:
                pixel = extended.copied[pixel]
            else:
                pixel = pixel - extended.inside.start
            taps.append((np.clip(pixel, 0, size - 1), (pixel >= 0) & (pixel < size), weight))
        axes.append(taps)
    n, c = input.shape[:2]
    flat = input.reshape(n, c, -1)
    total: Any = 0
    for chosen in itertools.product(*axes):
        index = np.ravel_multi_index([pixel for pixel, _, _ in chosen], tuple(sizes))
        share: Any = wrap(
            np.logical_and.reduce([valid for _, valid, _ in chosen]).astype(flat._data.dtype)
        )
        for _, _, factor in chosen:
            share = share * factor
        places = wrap(index.reshape(n, 1, -1)).expand(n, c, -1)
        total = total + flat.gather(2, places).reshape(n, c, *index.shape[1:]) * share.unsqueeze(1)
    return total


@composite()
def grid_sample(
    input: Any,
    grid: Any,
    mode: str = "bilinear",
    padding_mode: str = "zeros",
    align_corners: Any = None,
) -> Any:
    """Sample images at points given in coordinates from -1 to 1 (Jaderberg et al. 2015).

    >>> F.grid_sample(tn.ones(1, 1, 2, 2), tn.zeros(1, 1, 1, 2), align_corners=False)
    tensor([[[[1.]]]])
    """
    if align_corners is None:
        warn_here(
            "Default grid_sample and affine_grid behavior has changed to align_corners=False since 1.3.0. Please "
            "specify align_corners=True if the old behavior is desired."
        )
    return _grid_sample(input, grid, mode, padding_mode, bool(align_corners))


@op()
def _affine_grid(theta: Arr, size: Any, align_corners: bool) -> Arr:
    """Grids of affine maps.

    >>> F.affine_grid(tn.zeros(1, 2, 3), (1, 1, 2, 2), align_corners=False).shape
    tn.Size([1, 2, 2, 2])
    """
    return grid_kernels.affine_grid(theta, size, align_corners)


@op()
def _affine_grid_transpose(input: Arr, size: Any, align_corners: bool) -> Arr:
    """The transpose of `affine_grid`, which is linear: its gradient.

    >>> theta = tn.zeros(1, 2, 3, requires_grad=True)
    >>> F.affine_grid(theta, (1, 1, 1, 1), align_corners=False).sum().backward(); theta.grad.shape
    tn.Size([1, 2, 3])
    """
    return grid_kernels.affine_grid_backward(input, size, align_corners)


_affine_grid.grad(
    theta=lambda g, size, align_corners: _affine_grid_transpose(g, size, align_corners)
)
_affine_grid_transpose.grad(
    input=lambda g, size, align_corners: _affine_grid(g, size, align_corners)
)


@composite()
def affine_grid(theta: Any, size: Any, align_corners: Any = None) -> Any:
    """The points an affine map sends the pixels of an image to, for `grid_sample`.

    >>> F.affine_grid(tn.zeros(1, 2, 3), (1, 1, 2, 2), align_corners=False).shape
    tn.Size([1, 2, 2, 2])
    """
    return _affine_grid(theta, tuple(int(n) for n in size), bool(align_corners))


# -- blocks and columns ----------------------------------------------------------------------------------


@op()
def _unfold(input: Arr, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Arr:
    """Blocks of images as columns.

    >>> F.unfold(tn.ones(1, 1, 2, 2), 2).shape
    tn.Size([1, 4, 1])
    """
    return fold_kernels.unfold(input, kernel_size, dilation, padding, stride)


@op()
def _fold(
    input: Arr, output_size: Any, kernel_size: Any, dilation: Any, padding: Any, stride: Any
) -> Arr:
    """Columns added back into images.

    >>> F.fold(tn.ones(1, 4, 1), (2, 2), 2).shape
    tn.Size([1, 1, 2, 2])
    """
    return fold_kernels.fold(input, output_size, kernel_size, dilation, padding, stride)


_unfold.grad(
    input=lambda g, input_shape, kernel_size, dilation, padding, stride: _fold(
        g, tuple(input_shape[2:]), kernel_size, dilation, padding, stride
    )
)
_fold.grad(
    input=lambda g, kernel_size, dilation, padding, stride: _unfold(
        g, kernel_size, dilation, padding, stride
    )
)


def _numbers(value: Any) -> Any:
    return tuple(int(n) for n in value) if isinstance(value, (tuple, list)) else value


@composite()
def unfold(
    input: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1
) -> Any:
    """Blocks of images as columns: (N, C, H, W) to (N, C · kernel cells, blocks).

    >>> F.unfold(tn.ones(1, 1, 2, 3), (2, 2)).shape
    tn.Size([1, 4, 2])
    """
    args = tuple(_numbers(v) for v in (kernel_size, dilation, padding, stride))
    if input.ndim == 3:
        return _unfold(input.reshape((1, *input.shape)), *args)[0]
    if input.ndim != 4:
        raise ShapeError(
            f"unfold: expected 3D or 4D (batch mode) input, got shape {tuple(input.shape)}"
        )
    return _unfold(input, *args)


@composite()
def fold(
    input: Any,
    output_size: Any,
    kernel_size: Any,
    dilation: Any = 1,
    padding: Any = 0,
    stride: Any = 1,
) -> Any:
    """Columns added back into images: the transpose of `unfold`.

    >>> F.fold(tn.ones(1, 4, 2), (2, 3), (2, 2))
    tensor([[[[1., 2., 1.],
              [1., 2., 1.]]]])
    """
    args = tuple(_numbers(v) for v in (output_size, kernel_size, dilation, padding, stride))
    if input.ndim == 2:
        return _fold(input.reshape((1, *input.shape)), *args)[0]
    return _fold(input, *args)


# -- pixels and channels ---------------------------------------------------------------------------------


@composite(method="")
def pixel_shuffle(input: Any, upscale_factor: int) -> Any:
    """Channels to pixels: (…, C·r², H, W) to (…, C, H·r, W·r) (Shi et al. 2016).

    >>> tn.pixel_shuffle(tn.ones(1, 4, 2, 3), 2).shape
    tn.Size([1, 1, 4, 6])
    """
    r = int(upscale_factor)
    shape = tuple(input.shape)
    if len(shape) < 3 or r <= 0 or shape[-3] % (r * r):
        raise RuntimeError(
            f"pixel_shuffle: expects its input's 'channel' dimension to be divisible by the square of "
            f"upscale_factor, but input of shape {list(shape)} does not suit upscale_factor={r}"
        )
    lead, (c, h, w) = shape[:-3], shape[-3:]
    n = math.prod(lead)
    split = input.reshape((n, c // (r * r), r, r, h, w))
    moved = (
        split.transpose((0, 1, 4, 2, 5, 3))
        if isinstance(split, np.ndarray)
        else split.permute(0, 1, 4, 2, 5, 3)
    )
    return moved.reshape((*lead, c // (r * r), h * r, w * r))


@composite(method="")
def pixel_unshuffle(input: Any, downscale_factor: int) -> Any:
    """Pixels to channels: the inverse of `pixel_shuffle`.

    >>> tn.pixel_unshuffle(tn.ones(1, 1, 4, 6), 2).shape
    tn.Size([1, 4, 2, 3])
    """
    r = int(downscale_factor)
    shape = tuple(input.shape)
    if len(shape) < 3 or r <= 0 or shape[-1] % r or shape[-2] % r:
        raise RuntimeError(
            f"pixel_unshuffle: expects height and width to be divisible by downscale_factor, but input of shape "
            f"{list(shape)} does not suit downscale_factor={r}"
        )
    lead, (c, h, w) = shape[:-3], shape[-3:]
    n = math.prod(lead)
    split = input.reshape((n, c, h // r, r, w // r, r))
    moved = (
        split.transpose((0, 1, 3, 5, 2, 4))
        if isinstance(split, np.ndarray)
        else split.permute(0, 1, 3, 5, 2, 4)
    )
    return moved.reshape((*lead, c * r * r, h // r, w // r))


@composite(method="")
def channel_shuffle(input: Any, groups: int) -> Any:
    """Channels of groups interleaved (Zhang et al. 2018, ShuffleNet).

    >>> tn.channel_shuffle(tn.arange(4).reshape(1, 4, 1), 2).flatten()
    tensor([0, 2, 1, 3])
    """
    from autotn.ops.shape import transpose

    shape = tuple(input.shape)
    if len(shape) < 3 or groups <= 0 or shape[1] % groups:
        raise RuntimeError(
            f"channel_shuffle: number of channels must be divisible by groups. Got input {list(shape)} and {groups} "
            "groups."
        )
    split = input.reshape((shape[0], groups, shape[1] // groups, *shape[2:]))
    return transpose(split, 1, 2).reshape(shape)


native_channel_shuffle = alias(channel_shuffle, "native_channel_shuffle")

acts(
    "linear",
    _interpolate, _interpolate_transpose, _affine_grid, _affine_grid_transpose, _unfold, _fold,
)  # fmt: skip
