"""Normalisation: over the batch, over features, over groups of channels.

Batch, layer, group and instance normalisation are one computation on differently shaped views:
subtract the mean of a block, divide by its deviation, scale and shift. Two fused ops do it:
`_normalise_rows` over the last axis (layer, group, instance), and `_batch_norm` over all axes but
the channels.
The gradients are those of Ioffe & Szegedy 2015, section 3.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.failure import with_origin
from autotn.core.modes import no_grad
from autotn.core.op import Arr, composite, op
from autotn.errors import ShapeError
from autotn.kernels import batch_norm as batch
from autotn.kernels.onednn import channels, rows as onednn
from autotn.kernels.onednn.chain import ADD, MULTIPLY
from autotn.ops.join import cat

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm"]

FUNCTIONAL = ("local_response_norm", "normalize")


# -- rows ------------------------------------------------------------------------------------------


@op(aux=("kept",))
def _normalise_rows(input: Arr, weight: Arr | None, bias: Arr | None, eps: float) -> Arr:
    """Each row (along the last axis) with mean 0 and variance 1, scaled and shifted.

    >>> F.layer_norm(tn.tensor([[1.0, 3.0]]), (2,))
    tensor([[-1.0000,  1.0000]])
    """
    found = onednn.normalise(input, weight, bias, eps)
    if found is not None:
        out, moments = found
        return out, (moments,)
    rows = _rows(input, input.shape[-1])
    count = max(rows.shape[1], 1)
    centred = rows - rows.dot(np.full(rows.shape[1], 1 / count, rows.dtype))[:, None]
    rstd = 1 / np.sqrt(np.vecdot(centred, centred) / count + eps)
    out = centred * _scales(rstd, weight)
    if bias is not None:
        out += bias
    return out.reshape(input.shape), ((centred, rstd),)


def _scales(of_rows: Any, of_columns: Any) -> Any:
    """What each element is multiplied by: a product, as NumPy takes twice the time for each of the two factors."""
    column = of_rows[:, None]
    return column if of_columns is None else column.dot(of_columns[None])


@_normalise_rows.grad
def _(
    g: Any, input: Any, weight: Any, bias: Any, eps: float, kept: Any, needs: tuple[bool, ...]
) -> Any:
    if isinstance(kept, onednn.Moments):
        return onednn.normalise_gradients(g, input, weight, bias, eps, kept)
    centred, rstd = kept
    g = _rows(g, centred.shape[1])
    along = g * centred
    g_weight = rstd.dot(along) if weight is not None and needs[1] else None
    g_bias = np.ones(len(g), g.dtype).dot(g) if bias is not None and needs[2] else None
    if not needs[0]:
        return None, g_weight, g_bias
    count = max(centred.shape[1], 1)
    mean = np.full(centred.shape[1], -1 / count, g.dtype) if weight is None else weight / -count
    # To the mean of a row and to its deviation each element contributes.
    by_deviation = along.dot(mean)
    by_deviation *= rstd * rstd * rstd
    by_mean = g.dot(mean)
    by_mean *= rstd
    gx = g * _scales(rstd, weight)
    gx += np.multiply(centred, by_deviation[:, None], out=along)
    gx += by_mean[:, None]
    return gx.reshape(input.shape), g_weight, g_bias


@_normalise_rows.reference
def _(input: Any, weight: Any, bias: Any, eps: float) -> Any:
    centred = input - input.mean(-1, True)
    variance = (centred * centred).mean(-1, True)
    found = centred / np.sqrt(variance + eps)
    found = found if weight is None else found * weight
    return found if bias is None else found + bias


@composite()
def layer_norm(
    input: Any,
    normalized_shape: Any,
    weight: Any = None,
    bias: Any = None,
    eps: float = 1e-5,
    cudnn_enable: bool = True,
) -> Any:
    r"""Normalise over the last dimensions.

    :math:`y = \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} w + b`.

    Ba et al., "Layer Normalization", 2016.

    >>> tn.layer_norm(tn.tensor([[1.0, 3.0]]), (2,))
    tensor([[-1.0000,  1.0000]])
    """
    over = _normalized_shape("layer_norm", input, normalized_shape, weight, bias)
    if len(over) == 1 < input.ndim:
        return _normalise_rows(input, weight, bias, eps)
    rows = _rows(input, math.prod(over))
    return _normalise_rows(rows, _flat(weight), _flat(bias), eps).reshape(tuple(input.shape))


def _rows(x: Any, columns: int) -> Any:
    """As a matrix of so many columns; -1 would not do when there are none."""
    count = math.prod(x.shape)
    return x.reshape((count // columns if columns else 0, columns))


def _flat(x: Any) -> Any:
    return x if x is None or x.ndim == 1 else x.reshape((-1,))


def _normalized_shape(
    name: str, input: Any, normalized_shape: Any, weight: Any, bias: Any
) -> tuple[int, ...]:
    over = (
        tuple(normalized_shape)
        if isinstance(normalized_shape, (tuple, list))
        else (normalized_shape,)
    )
    shape = tuple(input.shape)
    if not over:
        raise RuntimeError(
            f"{name}: expected normalized_shape to be at least 1-dimensional, got ()"
        )
    if len(shape) < len(over) or shape[len(shape) - len(over) :] != over:
        expected = ", ".join(["*", *map(str, over)])
        fits = ""
        if len(shape) >= len(over):
            fits = f"; normalized_shape={list(shape[-len(over) :])} would fit"
        raise with_origin(
            ShapeError(
                f"{name}: Given normalized_shape={list(over)}, expected input with shape [{expected}], "
                "but got "
                f"input of size {list(shape)}"
                f"{fits}"
            ),
            input,
            -1,
        )
    for what, one in (("weight", weight), ("bias", bias)):
        if one is not None and tuple(one.shape) != over:
            raise ShapeError(
                f"{name}: expected {what} to be of same shape as normalized_shape, but got {what} "
                "of shape "
                f"{list(one.shape)} and normalized_shape = {list(over)}"
            )
    return over


@composite()
def group_norm(
    input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Any:
    """Normalise each group of channels of each sample (Wu & He 2018).

    >>> tn.group_norm(tn.tensor([[1.0, 3.0, 5.0, 9.0]]), 2)
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """
    shape = tuple(input.shape)
    if len(shape) < 2:
        raise RuntimeError(
            f"group_norm: Expected at least 2 dimensions for input tensor but received {len(shape)}"
        )
    if num_groups <= 0 or shape[1] % num_groups:
        raise RuntimeError(
            "group_norm: Expected number of channels in input to be divisible by num_groups, but "
            "got input of "
            f"shape {list(shape)} and num_groups={num_groups}"
        )
    for what, one in (("weight", weight), ("bias", bias)):
        if one is not None and tuple(one.shape) != (shape[1],):
            raise ShapeError(
                f"group_norm: expected {what} to be a vector of size equal to the number of "
                "channels in input, but "
                f"got {what} of shape {list(one.shape)} and input of shape {list(shape)}"
            )
    columns = shape[1] // num_groups * math.prod(shape[2:])
    if shape[0] * columns == 1:
        raise ValueError(
            "group_norm: Expected more than 1 value per channel when training, got input size "
            f"{list(shape)}"
        )
    found = _normalise_rows(_rows(input, columns), None, None, eps).reshape(shape)
    return _per_channel(found, weight, bias)


def _per_channel(x: Any, weight: Any, bias: Any) -> Any:
    return x if weight is None and bias is None else _channel_affine(x, weight, bias)


def _channel_dots(a: Any, b: Any) -> Any:
    """For each channel, the sum of products over all else."""
    if a.ndim == 2:
        return np.einsum("nc,nc->c", a, b)
    flat = (a.shape[0], a.shape[1], -1) if a.size else (a.shape[0], a.shape[1], 0)
    return np.einsum("ncs,ncs->nc", a.reshape(flat), b.reshape(flat)).sum(0)


@op()
def _channel_affine(input: Arr, weight: Arr | None, bias: Arr | None) -> Arr:
    """Each channel times its weight, plus its bias.

    >>> F.group_norm(tn.tensor([[1.0, 3.0]]), 1, tn.zeros(2), tn.tensor([1.0, 2.0]))
    tensor([[1., 2.]])
    """
    return _affine(input, weight, bias)


def _affine(x: Any, weight: Any, bias: Any) -> Any:
    if x.__class__ is np.ndarray and x.size >= channels.LEAST and weight is not None:
        steps = [(MULTIPLY, weight)]
        if bias is not None:
            steps.append((ADD, bias))
        found = channels.chained(batch.by_planes(x), *steps)
        if found is not None:
            return found.reshape(x.shape)
    wide = (-1, *(1,) * (x.ndim - 2))
    if weight is None:
        return x + bias.reshape(wide)
    x = x * weight.reshape(wide)
    return x if bias is None else x + bias.reshape(wide)


@_channel_affine.grad
def _(g: Any, input: Any, weight: Any, bias: Any, needs: tuple[bool, ...]) -> Any:
    axes = (0, *range(2, g.ndim))
    g_weight = _channel_dots(g, input) if weight is not None and needs[1] else None
    g_bias = np.add.reduce(g, axes) if bias is not None and needs[2] else None
    if weight is not None and needs[0]:
        g = g * weight.reshape((-1, *(1,) * (g.ndim - 2)))
    return g if needs[0] else None, g_weight, g_bias


@_channel_affine.reference
def _(input: Any, weight: Any, bias: Any) -> Any:
    return _affine(input, weight, bias)


@op(aux=("xhat", "rms"))
def _rms_rows(input: Arr, weight: Arr | None, eps: float) -> Arr:
    """Each row of a matrix divided by its root mean square, and scaled.

    >>> F.rms_norm(tn.tensor([[3.0, 4.0]]), (2,))
    tensor([[0.8485, 1.1314]])
    """
    rms = 1 / np.sqrt(np.einsum("ij,ij->i", input, input) / max(input.shape[1], 1) + eps)
    xhat = input * rms[:, None]
    return xhat if weight is None else xhat * weight, (xhat, rms)


@_rms_rows.grad
def _(g: Any, xhat: Any, rms: Any, weight: Any, needs: tuple[bool, ...]) -> Any:
    g_weight = np.einsum("ij,ij->j", g, xhat) if weight is not None and needs[1] else None
    if not needs[0]:
        return None, g_weight
    if weight is not None:
        g = g * weight
    gx = xhat * (np.einsum("ij,ij->i", g, xhat) / -max(xhat.shape[1], 1))[:, None]
    gx += g
    gx *= rms[:, None]
    return gx, g_weight


@_rms_rows.reference
def _(input: Any, weight: Any, eps: float) -> Any:
    found = input / np.sqrt((input * input).mean(1, True) + eps)
    return found if weight is None else found * weight


@composite()
def rms_norm(
    input: Any, normalized_shape: Any, weight: Any = None, eps: float | None = None
) -> Any:
    r"""Divide by the root mean square over the last dimensions (Zhang & Sennrich 2019).

    >>> tn.rms_norm(tn.tensor([[3.0, 4.0]]), (2,))
    tensor([[0.8485, 1.1314]])
    """
    shape, columns = (
        tuple(input.shape),
        math.prod(_normalized_shape("rms_norm", input, normalized_shape, weight, None)),
    )
    if eps is None:
        eps = dtypes.finfo(input.dtype).eps
    if weight is not None and weight.dtype != input.dtype:
        weight = weight.to(input.dtype)  # PyTorch: the input's dtype is the result's
    return _rms_rows(_rows(input, columns), _flat(weight), eps).reshape(shape)


# -- batches ---------------------------------------------------------------------------------------


@op(aux=("mean", "rstd"))
def _batch_norm(input: Arr, weight: Arr | None, bias: Arr | None, eps: float) -> tuple[Arr, ...]:
    """Each channel with mean 0 and variance 1 over the batch, scaled and shifted; and statistics.

    >>> F.batch_norm(tn.tensor([[1.0], [3.0]]), None, None, training=True)
    tensor([[-1.0000],
            [ 1.0000]])
    """
    out, mean, var, rstd = batch.normalise(input, weight, bias, eps)
    return (out, mean, var), (mean, rstd)


@_batch_norm.grad
def _(
    g: Any, input: Any, mean: Any, rstd: Any, weight: Any, bias: Any, needs: tuple[bool, ...]
) -> Any:
    gx, g_weight, g_bias = batch.gradients(g[0], input, mean, rstd, weight, needs[0])
    return gx, None if weight is None else g_weight, None if bias is None else g_bias


@_batch_norm.reference
def _(input: Any, weight: Any, bias: Any, eps: float) -> Any:
    axes = (0, *range(2, input.ndim))
    mean = input.mean(axes, True)
    centred = input - mean
    var = (centred * centred).mean(axes, True)
    out = _per_channel(centred / np.sqrt(var + eps), weight, bias)
    return out, mean.reshape((-1,)), var.reshape((-1,))


@composite()
def batch_norm(
    input: Any,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> Any:
    r"""Normalise each channel over the batch, in evaluation by running statistics.

    Ioffe & Szegedy, "Batch Normalization", 2015.

    In training the running statistics are moved by `momentum` towards the batch's, of which the
    variance is the unbiased one.

    >>> F.batch_norm(tn.tensor([[1.0], [3.0]]), None, None, training=True)
    tensor([[-1.0000],
            [ 1.0000]])
    """
    shape = tuple(input.shape)
    if len(shape) < 2:
        raise RuntimeError(
            f"batch_norm: expected at least 2 dimensions, got input of shape {list(shape)}"
        )
    for what, one in (
        ("running_mean", running_mean),
        ("running_var", running_var),
        ("weight", weight),
        ("bias", bias),
    ):
        if one is not None and tuple(one.shape) != (shape[1],):
            raise with_origin(
                ShapeError(
                    f"batch_norm: {what} should contain {shape[1]} elements (the channels of an input "
                    f"of shape {list(shape)}) not {math.prod(one.shape)}; num_features={shape[1]} would fit"
                ),
                input,
                1,
            )
    if not training:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                "batch_norm: Expected running_mean and running_var to be defined when "
                "training=False"
            )
        wide = (1, -1, *(1,) * (len(shape) - 2))
        scale = 1 / np.sqrt(running_var + eps)
        scale = scale if weight is None else scale * weight
        shift = -running_mean * scale
        shift = shift if bias is None else shift + bias
        if input.dtype == scale.dtype == shift.dtype:
            return _channel_affine(input, scale, shift)
        return input * scale.reshape(wide) + shift.reshape(wide)
    count = math.prod(shape[:1] + shape[2:])
    if math.prod(shape) == 0:
        return _per_channel(input, weight, bias)
    if count == 1:
        raise ValueError(
            "batch_norm: Expected more than 1 value per channel when training, got input size "
            f"{list(shape)}: one value has no spread. Train on larger batches (drop_last=True leaves "
            "out a last one of 1), or use the running statistics, by eval()"
        )
    out, mean, var = _batch_norm(input, weight, bias, eps)
    if running_mean is not None or running_var is not None:
        with no_grad():
            if running_mean is not None:
                running_mean.mul_(1 - momentum).add_(mean.detach() * momentum)
            if running_var is not None:
                running_var.mul_(1 - momentum).add_(var.detach() * (momentum * count / (count - 1)))
    return out


@composite()
def instance_norm(
    input: Any,
    running_mean: Any = None,
    running_var: Any = None,
    weight: Any = None,
    bias: Any = None,
    use_input_stats: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
    cudnn_enabled: bool = True,
) -> Any:
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
            "instance_norm: Expected more than 1 spatial element when training, got input size "
            f"{list(shape)}"
        )
    for what, one in (("weight", weight), ("bias", bias)):
        if one is not None and tuple(one.shape) != (shape[1],):
            raise ShapeError(
                f"instance_norm: {what} should contain {shape[1]} elements, got shape {tuple(one.shape)}"
            )
    if running_mean is not None or running_var is not None:
        with no_grad():
            rows = input.detach().reshape((shape[0], shape[1], count))
            if running_mean is not None:
                running_mean.mul_(1 - momentum).add_(rows.mean(2).mean(0) * momentum)
            if running_var is not None:
                running_var.mul_(1 - momentum).add_(rows.var(2).mean(0) * momentum)
    found = _normalise_rows(_rows(input, count), None, None, eps).reshape(shape)
    return _per_channel(found, weight, bias)


# -- others ----------------------------------------------------------------------------------------


@composite()
def local_response_norm(
    input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    r"""Divide by a power of the mean square over neighbouring channels.

    Krizhevsky et al. 2012, section 3.3.

    >>> F.local_response_norm(tn.ones(1, 2, 1), 2).shape
    tn.Size([1, 2, 1])
    """
    if input.ndim < 3:
        raise ValueError(
            f"local_response_norm: Expected 3D or higher dimensionality input (got {input.ndim} "
            "dimensions)"
        )
    if size < 1:
        raise ValueError(f"local_response_norm: size must be at least 1, got {size}")
    return _respond(input, size // 2, (size - 1) // 2, alpha / size, beta, k)


def cross_map_response_norm(
    input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Any:
    """`local_response_norm` of images over as many channels on one side as on the other.

    >>> nn.CrossMapLRN2d(3)(tn.ones(1, 2, 1, 1)).shape
    tn.Size([1, 2, 1, 1])
    """
    if input.ndim != 4:
        raise ValueError(f"CrossMapLRN2d: Expected input to be 4D, got {input.ndim}D instead.")
    return _respond(input, (size - 1) // 2, (size - 1) // 2, alpha / size, beta, k)


def _respond(input: Any, before: int, after: int, alpha: float, beta: float, k: float) -> Any:
    squares, channels = input * input, input.shape[1]
    edge = squares[:, :1] * 0
    padded = cat([edge] * before + [squares] + [edge] * after, 1)
    total = padded[:, :channels]
    for offset in range(1, before + after + 1):
        total = total + padded[:, offset : offset + channels]
    return input / (total * alpha + k) ** beta


@composite()
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


for _fused in (_normalise_rows, _channel_affine, _batch_norm):
    _fused.takes("f", "Use .float()")
_rms_rows.takes("fc", "Use .float()")
