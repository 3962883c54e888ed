r"""Convolution over one to three axes, and its transpose.

Convolution is linear in the input and in the weight, so derivatives of any order come from three
operations that are each other's gradients: the convolution itself, its gradient by the input (which
is transposed convolution) and its gradient by the weight. Behind them stands one form that is
linear in three things, :math:`\langle y, x \star w\rangle`; each operation leaves out one of them:

=============================  ========================  ===========================
op                             gradient by the first     gradient by the second
=============================  ========================  ===========================
``conv(x, w)``                 ``conv_input(g, w)``      ``conv_weight(g, x)``
``conv_input(y, w)``           ``conv(g, w)``            ``conv_weight(y, g)``
``conv_weight(y, x)``          ``conv(x, g)``            ``conv_input(y, g)``
=============================  ========================  ===========================
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.op import Arr, acts, composite, op
from autotn.errors import ShapeError
from autotn.kernels import conv as kernel
from autotn.kernels.window import spatial

__all__ = [
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_tbc",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
]

# -- convolution -----------------------------------------------------------------------------------


@op()
def conv1d(
    input: Arr, weight: Arr, bias: Arr | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Arr:  # fmt: skip
    r"""Slide a kernel along sequences: :math:`y_{ot} = b_o + \sum_{ci} w_{oci}\, x_{c,\,t+i}`.

    Parameters
    ----------
    input : (N, C, L) or (C, L)
    weight : (O, C / groups, K)
    padding : int, tuple, ``'valid'`` or ``'same'``
        Zeros added at both ends; ``'same'`` as many as keep the length.

    >>> tn.conv1d(tn.tensor([[1.0, 2.0, 4.0]]), tn.tensor([[[1.0, -1.0]]]))
    tensor([[-1., -2.]])
    """
    return convolved(1, input, weight, bias, stride, padding, dilation, groups)


@op()
def conv2d(
    input: Arr, weight: Arr, bias: Arr | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Arr:  # fmt: skip
    r"""Slide a kernel over images: :math:`y_{ouv} = b_o + \sum_{cij} w_{ocij}\, x_{c,\,u+i,\,v+j}`.

    Parameters
    ----------
    input : (N, C, H, W) or (C, H, W)
    weight : (O, C / groups, KH, KW)
    padding : int, tuple, ``'valid'`` or ``'same'``
        Zeros added on all sides; ``'same'`` as many as keep the size.

    >>> tn.conv2d(tn.ones(1, 3, 3), tn.ones(1, 1, 2, 2), tn.tensor([0.5]))
    tensor([[[4.5000, 4.5000],
             [4.5000, 4.5000]]])
    """
    return convolved(2, input, weight, bias, stride, padding, dilation, groups)


@op()
def conv3d(
    input: Arr, weight: Arr, bias: Arr | None = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Arr:  # fmt: skip
    r"""Slide a kernel through volumes; the three axes are PyTorch's depth, height and width.

    Parameters
    ----------
    input : (N, C, D, H, W) or (C, D, H, W)
    weight : (O, C / groups, KD, KH, KW)

    >>> tn.conv3d(tn.ones(1, 2, 2, 2), tn.ones(1, 1, 2, 2, 2))
    tensor([[[[8.]]]])
    """
    return convolved(3, input, weight, bias, stride, padding, dilation, groups)


def convolved(
    dims: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any,
    groups: int,
) -> Any:  # fmt: skip
    """The kernel of the three: batches and single samples, and the bias."""
    name = f"conv{dims}d"
    _check_ranks(name, dims, input, weight, ("O", "C / groups"))
    _check_bias(name, bias, weight.shape[0])
    x = input if input.ndim == dims + 2 else input[None]
    y = kernel.conv_forward(x, weight, stride, padding, dilation, groups, bias)
    return y if x is input else y[0]


def _check_ranks(name: str, dims: int, input: Any, weight: Any, ends: tuple[str, str]) -> None:
    axes = ", ".join(("L", "H, W", "D, H, W")[dims - 1].split(", "))
    if input.ndim not in (dims + 1, dims + 2):
        raise ShapeError(
            f"{name}: 'input' must be a batch (N, C, {axes}) or a single sample (C, {axes}), "
            f"got shape {input.shape}"
            + ("; input[None, None] adds batch and channel" if input.ndim == dims else "")
        )
    if weight.ndim != dims + 2:
        kernel_axes = ", ".join(f"K{a}" for a in axes.split(", "))
        raise ShapeError(
            f"{name}: 'weight' must have shape ({', '.join(ends)}, {kernel_axes}), "
            f"got {weight.shape}"
        )


def _check_bias(name: str, bias: Any, outputs: int) -> None:
    if bias is not None and bias.shape != (outputs,):
        raise ShapeError(
            f"{name}: 'bias' must have a number per output channel, shape ({outputs},), "
            f"got {bias.shape}"
        )


def _add_bias(y: Any, bias: Any) -> None:
    if bias is not None:
        y += bias.reshape(-1, *(1,) * (y.ndim - 2))


def _for_input(
    g: Any, weight: Any, input_shape: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    shape = batched(input_shape, weight.ndim)
    g = g.reshape(batched(g.shape, weight.ndim))
    return _conv_input(g, weight, shape, stride, padding, dilation, groups).reshape(input_shape)


def _for_weight(
    g: Any, input: Any, weight_shape: Any, stride: Any, padding: Any, dilation: Any, groups: int
) -> Any:
    g, x = (a.reshape(batched(a.shape, len(weight_shape))) for a in (g, input))
    return _conv_weight(g, x, weight_shape, stride, padding, dilation, groups)


def _for_bias(g: Any, input_shape: Any, weight_shape: Any) -> Any:
    g = g.reshape(batched(g.shape, len(weight_shape)))
    if g.__class__ is not np.ndarray or g.dtype == np.float16:
        return g.sum((0, *range(2, g.ndim)))
    # Products with ones: for gradients, where its rounding is good enough, several times quicker.
    places = math.prod(g.shape[2:])
    per_sample = g.reshape(-1, places).dot(np.ones(places, g.dtype)).reshape(g.shape[:2])
    return np.ones(len(g), g.dtype).dot(per_sample)


def batched(shape: Any, rank: int) -> tuple[int, ...]:
    """The shape of a batch, of one if it was a single sample."""
    return tuple(shape) if len(shape) == rank else (1, *shape)


conv1d.grad(input=_for_input, weight=_for_weight, bias=_for_bias)
conv2d.grad(input=_for_input, weight=_for_weight, bias=_for_bias)
conv3d.grad(input=_for_input, weight=_for_weight, bias=_for_bias)


@composite()
def conv_tbc(input: Any, weight: Any, bias: Any, pad: int = 0) -> Any:
    """`conv1d` of sequences that lie as (time, batch, channels).

    Parameters
    ----------
    weight : (K, C, O)

    >>> tn.conv_tbc(tn.ones(3, 1, 1), tn.ones(2, 1, 1), tn.zeros(1)).flatten()
    tensor([2., 2.])
    """
    if input.ndim != 3 or weight.ndim != 3:
        raise ShapeError(
            "conv_tbc: expected input (time, batch, channels) and weight (width, channels, outputs), "
            f"got shapes {tuple(input.shape)} and {tuple(weight.shape)}"
        )
    bias = bias.to(input.dtype)  # of another dtype it is taken, too
    found = conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad)
    return found.permute(2, 0, 1)


# -- its two siblings ------------------------------------------------------------------------------


@op()
def _conv_input(
    output: Arr, weight: Arr, shape: tuple[int, ...], stride: Any, padding: Any, dilation: Any,
    groups: int,
) -> Arr:  # fmt: skip
    """The gradient of a convolution by its input, which has this shape.

    >>> x = tn.ones(1, 1, 3, requires_grad=True)
    >>> tn.conv1d(x, tn.tensor([[[2.0, 3.0]]])).sum().backward(); x.grad
    tensor([[[2., 5., 3.]]])
    """
    return kernel.conv_input_gradient(output, weight, shape, stride, padding, dilation, groups)


@op()
def _conv_weight(
    output: Arr, input: Arr, shape: tuple[int, ...], stride: Any, padding: Any, dilation: Any,
    groups: int,
) -> Arr:  # fmt: skip
    """The gradient of a convolution by its weight, which has this shape.

    >>> w = tn.ones(1, 1, 2, requires_grad=True)
    >>> tn.conv1d(tn.tensor([[[1.0, 2.0, 4.0]]]), w).sum().backward(); w.grad
    tensor([[[3., 6.]]])
    """
    return kernel.conv_weight_gradient(output, input, shape, stride, padding, dilation, groups)


def _conv(input: Any, weight: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    """The convolution of a batch, over as many axes as the weight has."""
    over = (conv1d, conv2d, conv3d)[len(weight.shape) - 3]
    return over(input, weight, None, stride, padding, dilation, groups)


_conv_input.grad(
    output=lambda g, weight, stride, padding, dilation, groups: _conv(
        g, weight, stride, padding, dilation, groups
    ),
    weight=lambda g, output, weight_shape, stride, padding, dilation, groups: _conv_weight(
        output, g, weight_shape, stride, padding, dilation, groups
    ),
)
_conv_weight.grad(
    output=lambda g, input, stride, padding, dilation, groups: _conv(
        input, g, stride, padding, dilation, groups
    ),
    input=lambda g, output, input_shape, stride, padding, dilation, groups: _conv_input(
        output, g, input_shape, stride, padding, dilation, groups
    ),
)

# -- transposed convolution ------------------------------------------------------------------------


@op()
def conv_transpose1d(
    input: Arr, weight: Arr, bias: Arr | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Arr:  # fmt: skip
    r"""Every number of a sequence lays down the kernel, and the results are added.

    It is the gradient of `conv1d` by its input. Length: :math:`(L-1)s - 2p + d(K-1) + o + 1`.

    Parameters
    ----------
    input : (N, C, L) or (C, L)
    weight : (C, O / groups, K)
    output_padding : int
        Makes the output longer, at one end: `conv1d` gives several lengths the same output.

    >>> tn.conv_transpose1d(tn.tensor([[1.0, 2.0]]), tn.tensor([[[1.0, 10.0]]]))
    tensor([[ 1., 12., 20.]])
    """
    return transposed(1, input, weight, bias, stride, padding, output_padding, groups, dilation)


@op()
def conv_transpose2d(
    input: Arr, weight: Arr, bias: Arr | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Arr:  # fmt: skip
    """Every pixel lays down the kernel, and the results are added.

    It is the gradient of `conv2d` by its input.

    Parameters
    ----------
    input : (N, C, H, W) or (C, H, W)
    weight : (C, O / groups, KH, KW)

    >>> tn.conv_transpose2d(tn.ones(1, 1, 2), tn.ones(1, 1, 2, 2), stride=2).shape
    tn.Size([1, 2, 4])
    """
    return transposed(2, input, weight, bias, stride, padding, output_padding, groups, dilation)


@op()
def conv_transpose3d(
    input: Arr, weight: Arr, bias: Arr | None = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Arr:  # fmt: skip
    """Every cell of a volume lays down the kernel, and the results are added.

    Parameters
    ----------
    input : (N, C, D, H, W) or (C, D, H, W)
    weight : (C, O / groups, KD, KH, KW)

    >>> tn.conv_transpose3d(tn.ones(1, 1, 1, 2), tn.ones(1, 1, 1, 2, 2))
    tensor([[[[1., 2., 1.],
              [1., 2., 1.]]]])
    """
    return transposed(3, input, weight, bias, stride, padding, output_padding, groups, dilation)


def transposed(
    dims: int, input: Any, weight: Any, bias: Any, stride: Any, padding: Any, output_padding: Any,
    groups: int, dilation: Any,
) -> Any:  # fmt: skip
    """The kernel of the three."""
    name = f"conv_transpose{dims}d"
    _check_ranks(name, dims, input, weight, ("C", "O / groups"))
    stride = spatial(stride, dims, f"{name}: stride", least=1)
    dilation = spatial(dilation, dims, f"{name}: dilation", least=1)
    pairs = uneven(padding, output_padding, stride, dilation, name)
    if groups < 1:
        raise ShapeError(f"{name}: groups must be at least 1, got {groups}")
    _check_bias(name, bias, weight.shape[1] * groups)
    x = input if input.ndim == dims + 2 else input[None]
    if x.shape[1] != weight.shape[0] or x.shape[1] % groups:
        raise kernel.wrong_channels(name, x.shape, weight.shape, weight.shape[0], groups, x)
    size = tuple(
        (n - 1) * s - before - after + d * (k - 1) + 1
        for n, s, d, k, (before, after) in zip(
            x.shape[2:], stride, dilation, weight.shape[2:], pairs
        )
    )
    if min(size) < 1:
        raise ShapeError(
            f"{name}: the output would have size {size}; too much padding ({padding}) for an input "
            f"of size {x.shape[2:]}"
        )
    shape = (len(x), weight.shape[1] * groups, *size)
    y = kernel.conv_input_gradient(x, weight, shape, stride, pairs, dilation, groups)
    _add_bias(y, bias)
    return y if x is input else y[0]


def uneven(padding: Any, output_padding: Any, stride: Any, dilation: Any, name: str) -> Any:
    """Padding of the convolution that is transposed: less at the end, by what the output gains."""
    dims = len(stride)
    padding = spatial(padding, dims, f"{name}: padding", least=0)
    extra = spatial(output_padding, dims, f"{name}: output_padding", least=0)
    if any(e >= max(s, d) for e, s, d in zip(extra, stride, dilation)):
        raise ShapeError(
            f"{name}: output_padding must be smaller than stride or dilation, got {output_padding} "
            f"with stride {stride} and dilation {dilation}"
        )
    return tuple((p, p - e) for p, e in zip(padding, extra))


def _options(
    rank: int, stride: Any, padding: Any, output_padding: Any, groups: int, dilation: Any
) -> Any:
    """The options of the convolution that is transposed."""
    stride, dilation = (spatial(v, rank - 2, "conv_transpose") for v in (stride, dilation))
    pairs = uneven(padding, output_padding, stride, dilation, "conv_transpose")
    return stride, pairs, dilation, groups


def _back_to_input(
    g: Any, weight: Any, input_shape: Any, stride: Any, padding: Any, output_padding: Any,
    groups: int, dilation: Any,
) -> Any:  # fmt: skip
    rank = len(weight.shape)
    options = _options(rank, stride, padding, output_padding, groups, dilation)
    return _conv(g.reshape(batched(g.shape, rank)), weight, *options).reshape(input_shape)


def _back_to_weight(
    g: Any, input: Any, weight_shape: Any, stride: Any, padding: Any, output_padding: Any,
    groups: int, dilation: Any,
) -> Any:  # fmt: skip
    rank = len(weight_shape)
    options = _options(rank, stride, padding, output_padding, groups, dilation)
    g, x = (a.reshape(batched(a.shape, rank)) for a in (g, input))
    return _conv_weight(x, g, weight_shape, *options)


conv_transpose1d.grad(input=_back_to_input, weight=_back_to_weight, bias=_for_bias)
conv_transpose2d.grad(input=_back_to_input, weight=_back_to_weight, bias=_for_bias)
conv_transpose3d.grad(input=_back_to_input, weight=_back_to_weight, bias=_for_bias)


for _convolution in (conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d):
    _convolution.takes("ifc", "Bools are not multiplied; use .float()")

acts(
    "multilinear",
    conv1d, conv2d, conv3d, _conv_input, _conv_weight, conv_transpose1d, conv_transpose2d,
    conv_transpose3d,
)  # fmt: skip
