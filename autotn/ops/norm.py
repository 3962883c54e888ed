"""Normalisation: over the batch, over features, over groups of channels.

Batch, layer, group and instance normalisation are one computation on differently shaped views: subtract
the mean of a block, divide by its deviation, scale and shift. Two fused ops do it: `_normalise_rows` over the
last axis of a matrix (layer, group, instance), and `_batch_norm` over all axes but the channels.
The gradients are those of Ioffe & Szegedy 2015, section 3.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.modes import no_grad
from autotn.core.op import Arr, op
from autotn.core.tensor import Tensor
from autotn.errors import ShapeError

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm"]

FUNCTIONAL = ("local_response_norm", "normalize")


# -- rows ------------------------------------------------------------------------------------------------


@op(aux=("xhat", "rstd"))
def _normalise_rows(input: Arr, eps: float) -> Arr:
    """Each row of a matrix with mean 0 and variance 1.

    >>> F.layer_norm(tn.tensor([[1.0, 3.0]]), (2,))
    tensor([[-1.0000,  1.0000]])
    """
    count = input.shape[1]
    ones = np.full(count, 1 / max(count, 1), input.dtype)
    xhat = input - input.dot(ones)[:, None]
    rstd = 1 / np.sqrt(np.einsum("ij,ij->i", xhat, xhat) / max(count, 1) + eps)
    rstd = rstd.astype(input.dtype)
    xhat *= rstd[:, None]
    return xhat, (xhat, rstd)


@_normalise_rows.grad
def _(g: Any, xhat: Any, rstd: Any) -> Any:
    count = max(xhat.shape[1], 1)
    ones = np.full(xhat.shape[1], 1 / count, xhat.dtype)
    gx = g - g.dot(ones)[:, None]
    gx -= xhat * (np.einsum("ij,ij->i", g, xhat) / count)[:, None]
    gx *= rstd[:, None]
    return gx


@_normalise_rows.reference
def _(input: Any, eps: float) -> Any:
    centred = input - input.mean(1, True)
    variance = (centred * centred).mean(1, True)
    return centred / np.sqrt(variance + eps)


def _as_matrix(x: Any, rows: int) -> Any:
    count = math.prod(x.shape)
    return x.reshape((rows, count // rows if rows else 0))


def layer_norm(
    input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Any:  # fmt: skip
    r"""Normalise over the last dimensions: :math:`\frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} w + b`
    (Ba et al. 2016).

    >>> tn.layer_norm(tn.tensor([[1.0, 3.0]]), (2,))
    tensor([[-1.0000,  1.0000]])
    """
    shape, over = tuple(input.shape), _normalized_shape("layer_norm", input, normalized_shape, weight, bias)
    rows = math.prod(shape[: len(shape) - len(over)])
    found = _normalise_rows(_as_matrix(input, rows), eps).reshape(shape)
    if weight is not None:
        found = found * weight
    return found if bias is None else found + bias


def _normalized_shape(name: str, input: Any, normalized_shape: Any, weight: Any, bias: Any) -> tuple[int, ...]:
    over = tuple(normalized_shape) if isinstance(normalized_shape, (tuple, list)) else (normalized_shape,)
    shape = tuple(input.shape)
    if not over:
        raise RuntimeError(f"{name}: expected normalized_shape to be at least 1-dimensional, got ()")
    if len(shape) < len(over) or shape[len(shape) - len(over) :] != over:
        expected = ", ".join(["*", *map(str, over)])
        raise ShapeError(
            f"{name}: Given normalized_shape={list(over)}, expected input with shape [{expected}], but got "
            f"input of size {list(shape)}"
        )
    for what, one in (("weight", weight), ("bias", bias)):
        if one is not None and tuple(one.shape) != over:
            raise ShapeError(
                f"{name}: expected {what} to be of same shape as normalized_shape, but got {what} of shape "
                f"{list(one.shape)} and normalized_shape = {list(over)}"
            )
    return over


def group_norm(input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5) -> Any:
    """Normalise each group of channels of each sample (Wu & He 2018).

    >>> tn.group_norm(tn.tensor([[1.0, 3.0, 5.0, 9.0]]), 2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    shape = tuple(input.shape)
    if len(shape) < 2:
        raise RuntimeError(f"group_norm: Expected at least 2 dimensions for input tensor but received {len(shape)}")
    if num_groups <= 0 or shape[1] % num_groups:
        raise RuntimeError(
            f"group_norm: Expected number of channels in input to be divisible by num_groups, but got input of "
            f"shape {list(shape)} and num_groups={num_groups}"
        )
    found = _normalise_rows(_as_matrix(input, shape[0] * num_groups), eps).reshape(shape)
    return _per_channel(found, weight, bias)


def _per_channel(x: Any, weight: Any, bias: Any) -> Any:
    along = (-1, *(1,) * (x.ndim - 2))
    if weight is not None:
        x = x * weight.reshape(along)
    return x if bias is None else x + bias.reshape(along)


@op(aux=("xhat", "rms"))
def _rms_rows(input: Arr, eps: float) -> Arr:
    """Each row of a matrix divided by its root mean square.

    >>> F.rms_norm(tn.tensor([[3.0, 4.0]]), (2,))
    tensor([[0.8485, 1.1314]])
    """
    count = max(input.shape[1], 1)
    rms = (1 / np.sqrt(np.einsum("ij,ij->i", input, input) / count + eps)).astype(input.dtype)
    xhat = input * rms[:, None]
    return xhat, (xhat, rms)


@_rms_rows.grad
def _(g: Any, xhat: Any, rms: Any) -> Any:
    count = max(xhat.shape[1], 1)
    gx = g - xhat * (np.einsum("ij,ij->i", g, xhat) / count)[:, None]
    gx *= rms[:, None]
    return gx


@_rms_rows.reference
def _(input: Any, eps: float) -> Any:
    return input / np.sqrt((input * input).mean(1, True) + eps)


def rms_norm(input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None) -> Any:
    r"""Divide by the root mean square over the last dimensions (Zhang & Sennrich 2019).

    >>> tn.rms_norm(tn.tensor([[3.0, 4.0]]), (2,))
    tensor([[0.8485, 1.1314]])
    """
    shape, over = tuple(input.shape), _normalized_shape("rms_norm", input, normalized_shape, weight, None)
    if eps is None:
        eps = float(np.finfo((input._data if isinstance(input, Tensor) else input).dtype).eps)
    rows = math.prod(shape[: len(shape) - len(over)])
    found = _rms_rows(_as_matrix(input, rows), eps).reshape(shape)
    return found if weight is None else found * weight


# -- batches ---------------------------------------------------------------------------------------------


@op(aux=("xhat", "rstd", "mean", "var"))
def _batch_norm(input: Arr, weight: Arr | None, bias: Arr | None, eps: float) -> tuple[Arr, ...]:
    """Each channel with mean 0 and variance 1 over the batch, scaled and shifted; and those statistics.

    >>> F.batch_norm(tn.tensor([[1.0], [3.0]]), None, None, training=True)
    tensor([[-1.0000],
            [ 1.0000]])
    """
    axes = (0, *range(2, input.ndim))
    count = math.prod(input.shape[k] for k in axes)
    wide = (1, -1, *(1,) * (input.ndim - 2))
    mean = np.add.reduce(input, axes) / count
    xhat = input - mean.reshape(wide)
    var = _channel_dots(xhat, xhat) / count
    rstd = (1 / np.sqrt(var + eps)).astype(input.dtype)
    xhat *= rstd.reshape(wide)
    out = xhat * weight.reshape(wide) if weight is not None else xhat
    if bias is not None:
        out = out + bias.reshape(wide)
    return (out, mean, var), (xhat, rstd, mean, var)


def _channel_dots(a: Any, b: Any) -> Any:
    """For each channel, the sum of products over all else."""
    if a.ndim == 2:
        return np.einsum("nc,nc->c", a, b)
    flat = (a.shape[0], a.shape[1], -1) if a.size else (a.shape[0], a.shape[1], 0)
    return np.einsum("ncs,ncs->nc", a.reshape(flat), b.reshape(flat)).sum(0)


@_batch_norm.grad
def _(g: Any, xhat: Any, rstd: Any, weight: Any, bias: Any, needs: tuple[bool, ...]) -> Any:
    g = g[0]
    axes = (0, *range(2, xhat.ndim))
    count = math.prod(xhat.shape[k] for k in axes)
    wide = (1, -1, *(1,) * (xhat.ndim - 2))
    g_sum = np.add.reduce(g, axes)
    g_dot = _channel_dots(g, xhat)
    gx = None
    if needs[0]:
        scale = rstd if weight is None else rstd * weight
        gx = xhat * (-g_dot / count).reshape(wide)
        gx += g
        gx -= (g_sum / count).reshape(wide)
        gx *= scale.reshape(wide)
    return gx, g_dot if weight is not None else None, g_sum if bias is not None else None


@_batch_norm.reference
def _(input: Any, weight: Any, bias: Any, eps: float) -> Any:
    axes = (0, *range(2, input.ndim))
    mean = input.mean(axes, True)
    centred = input - mean
    var = (centred * centred).mean(axes, True)
    out = _per_channel(centred / np.sqrt(var + eps), weight, bias)
    return out, mean.reshape((-1,)), var.reshape((-1,))


def batch_norm(
    input: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None,
    training: bool = False, momentum: float = 0.1, eps: float = 1e-5, cudnn_enabled: bool = True,
) -> Any:  # fmt: skip
    r"""Normalise each channel over the batch (Ioffe & Szegedy 2015); in evaluation by running statistics.

    In training the running statistics are moved by `momentum` towards the batch's (the variance unbiased).

    >>> F.batch_norm(tn.tensor([[1.0], [3.0]]), None, None, training=True)
    tensor([[-1.0000],
            [ 1.0000]])
    """
    shape = tuple(input.shape)
    if len(shape) < 2:
        raise RuntimeError(f"batch_norm: expected at least 2 dimensions, got input of shape {list(shape)}")
    for what, one in (
        ("running_mean", running_mean), ("running_var", running_var), ("weight", weight), ("bias", bias),
    ):  # fmt: skip
        if one is not None and tuple(one.shape) != (shape[1],):
            raise ShapeError(
                f"batch_norm: {what} should contain {shape[1]} elements (the channels of an input of shape "
                f"{list(shape)}) not {math.prod(one.shape)}"
            )
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError("batch_norm: Expected running_mean and running_var to be defined when training=False")
        wide = (1, -1, *(1,) * (len(shape) - 2))
        scale = 1 / np.sqrt(running_var + eps)
        scale = scale if weight is None else scale * weight
        shift = -running_mean * scale
        shift = shift if bias is None else shift + bias
        return input * scale.reshape(wide) + shift.reshape(wide)
    count = math.prod(shape[:1] + shape[2:])
    if count == 1:
        raise ValueError(
            f"batch_norm: Expected more than 1 value per channel when training, got input size {list(shape)}"
        )
    out, mean, var = _batch_norm(input, weight, bias, eps)
    if running_mean is not None or running_var is not None:
        with no_grad():
            if running_mean is not None:
                running_mean.mul_(1 - momentum).add_(mean.detach() * momentum)
            if running_var is not None:
                running_var.mul_(1 - momentum).add_(var.detach() * (momentum * count / (count - 1)))
    return out


def instance_norm(
    input: Any, running_mean: Any = None, running_var: Any = None, weight: Any = None, bias: Any = None,
    use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5, cudnn_enabled: bool = True,
) -> Any:  # fmt: skip
    """Normalise each channel of each sample (Ulyanov et al. 2016).

    >>> F.instance_norm(tn.tensor([[[1.0, 3.0]]]))
    tensor([[[-1.0000,  1.0000]]])
    """
    shape = tuple(input.shape)
    if not use_input_stats:
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    count = math.prod(shape[2:])
    if len(shape) < 3 or count == 1:
        raise ValueError(
            f"instance_norm: Expected more than 1 spatial element when training, got input size {list(shape)}"
        )
    if running_mean is not None or running_var is not None:
        with no_grad():
            rows = input.detach().reshape((shape[0], shape[1], count))
            if running_mean is not None:
                running_mean.mul_(1 - momentum).add_(rows.mean(2).mean(0) * momentum)
            if running_var is not None:
                running_var.mul_(1 - momentum).add_(rows.var(2).mean(0) * momentum)
    found = _normalise_rows(_as_matrix(input, shape[0] * shape[1]), eps).reshape(shape)
    return _per_channel(found, weight, bias)


# -- others ----------------------------------------------------------------------------------------------


def local_response_norm(input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> Any:
    r"""Divide by a power of the mean square over neighbouring channels (Krizhevsky et al. 2012, section 3.3).

    >>> F.local_response_norm(tn.ones(1, 2, 1), 2).shape
    tn.Size([1, 2, 1])
    """
    from autotn.ops.join import cat

    if input.ndim < 3:
        raise ValueError(
            f"local_response_norm: Expected 3D or higher dimensionality input (got {input.ndim} dimensions)"
        )
    shape = tuple(input.shape)
    squares = input * input
    before, after = size // 2, (size - 1) // 2
    zeros = np.zeros((shape[0], 1, *shape[2:]), (input._data if isinstance(input, Tensor) else input).dtype)
    edge = zeros if isinstance(input, np.ndarray) else input.new_zeros(zeros.shape)
    padded = cat([edge] * before + [squares] + [edge] * after, 1)
    total = None
    for offset in range(size):
        part = padded[:, offset : offset + shape[1]]
        total = part if total is None else total + part
    return input / (total * (alpha / size) + k) ** beta


def normalize(input: Any, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Any = None) -> Any:
    r"""Divide by the norm along a dimension: :math:`x / \max(\lVert x \rVert_p, \epsilon)`.

    >>> F.normalize(tn.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    found = input / input.norm(p, dim, True).clamp_min(eps).expand(tuple(input.shape))
    if out is None:
        return found
    from autotn.core.inplace import write_out

    return write_out("normalize", out, found, (input,))
