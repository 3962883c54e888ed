"""Initial values of weights, written in place.

Names ending in ``_`` are today's; those without are PyTorch's old ones and warn.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core.inplace import check_writable, mark_written
from autotn.core.modes import no_grad
from autotn.core.node import here
from autotn.core.random import Generator, numpy_generator
from autotn.core.tensor import Tensor
from autotn.errors import ShapeError

__all__ = [
    "calculate_gain",
    "uniform_",
    "normal_",
    "trunc_normal_",
    "constant_",
    "ones_",
    "zeros_",
    "eye_",
    "dirac_",
    "xavier_uniform_",
    "xavier_normal_",
    "kaiming_uniform_",
    "kaiming_normal_",
    "orthogonal_",
    "sparse_",
    "uniform",
    "normal",
    "constant",
    "eye",
    "dirac",
    "xavier_uniform",
    "xavier_normal",
    "kaiming_uniform",
    "kaiming_normal",
    "orthogonal",
    "sparse",
]

_LINEAR = (
    "linear",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
)


def _write(name: str, tensor: Tensor, values: Any) -> Tensor:
    """Put values into the tensor's memory; nothing is recorded."""
    with no_grad():
        check_writable(name, tensor)
    tensor._data[...] = values
    mark_written(tensor, here())
    return tensor


def _draw_uniform(tensor: Tensor, low: float, high: float, generator: Generator | None) -> Any:
    values = numpy_generator(generator).random(tensor.shape, _precision(tensor))
    values *= high - low
    values += low
    return values


def _draw_normal(
    shape: Any, tensor: Tensor, mean: float, std: float, generator: Generator | None
) -> Any:
    values = numpy_generator(generator).standard_normal(shape, _precision(tensor))
    values *= std
    values += mean
    return values


def _precision(tensor: Tensor) -> Any:
    """The precision to draw in: NumPy draws in two of them."""
    return np.float32 if tensor._data.dtype.itemsize <= 4 else np.float64


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    r"""The factor by which weights before this nonlinearity should be scaled.

    1 for linear functions and the sigmoid, 5/3 for tanh, :math:`\sqrt 2` for relu,
    :math:`\sqrt{2 / (1 + s^2)}` for leaky_relu of slope `param`, 3/4 for selu.

    >>> nn.init.calculate_gain("leaky_relu", 1.0)
    1.0
    """
    if nonlinearity in _LINEAR or nonlinearity == "sigmoid":
        return 1
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        if isinstance(slope, bool) or not isinstance(slope, (int, float)):
            raise ValueError(f"negative_slope {slope} not a valid number")
        return math.sqrt(2.0 / (1 + slope**2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ValueError(f"Unsupported nonlinearity {nonlinearity}")


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Draw from the uniform distribution between `a` and `b`.

    >>> bool((nn.init.uniform_(tn.empty(100), 2.0, 3.0) >= 2).all())
    True
    """
    return _write("uniform_", tensor, _draw_uniform(tensor, a, b, generator))


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Draw from the normal distribution.

    >>> nn.init.normal_(tn.empty(2, 3)).shape
    tn.Size([2, 3])
    """
    return _write("normal_", tensor, _draw_normal(tensor.shape, tensor, mean, std, generator))


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Draw from the normal distribution, restricted to values between `a` and `b`.

    A uniform number between the normal's cumulative probabilities of `a` and `b` is sent through
    the inverse of that function, which gives exactly the restricted distribution.

    >>> bool((nn.init.trunc_normal_(tn.empty(100)).abs() <= 2).all())
    True
    """
    from scipy.special import ndtr, ndtri

    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )
    low, high = float(ndtr((a - mean) / std)), float(ndtr((b - mean) / std))
    uniform = numpy_generator(generator).uniform(low, high, tensor.shape)
    values = ndtri(uniform) * std + mean
    return _write("trunc_normal_", tensor, np.clip(values, a, b))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill with one value.

    >>> nn.init.constant_(tn.empty(2), 0.3)
    tensor([0.3000, 0.3000])
    """
    return _write("constant_", tensor, val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill with ones.

    >>> nn.init.ones_(tn.empty(2))
    tensor([1., 1.])
    """
    return _write("ones_", tensor, 1)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill with zeros.

    >>> nn.init.zeros_(tn.empty(2))
    tensor([0., 0.])
    """
    return _write("zeros_", tensor, 0)


def eye_(tensor: Tensor) -> Tensor:
    """Fill a matrix with the identity: the layer passes on what it gets.

    >>> nn.init.eye_(tn.empty(2, 3))
    tensor([[1., 0., 0.],
            [0., 1., 0.]])
    """
    if tensor.ndim != 2:
        raise ShapeError(
            f"eye_: expected a tensor of 2 dimensions, got shape {tuple(tensor.shape)}"
        )
    return _write("eye_", tensor, np.eye(*tensor.shape))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """Fill a convolution's weight so that it passes on as many channels as it can.

    >>> nn.init.dirac_(tn.empty(1, 1, 3))
    tensor([[[0., 1., 0.]]])
    """
    if tensor.ndim not in (3, 4, 5):
        raise ShapeError(
            f"dirac_: expected a tensor of 3, 4 or 5 dimensions, got shape {tuple(tensor.shape)}"
        )
    out_channels, in_channels, *kernel = tensor.shape
    if out_channels % groups:
        raise ShapeError(
            f"dirac_: {out_channels} output channels can't be split into {groups} groups"
        )
    values = np.zeros(tensor.shape)
    centre = tuple(n // 2 for n in kernel)
    per_group = out_channels // groups
    for group in range(groups):
        for channel in range(min(per_group, in_channels)):
            values[(group * per_group + channel, channel, *centre)] = 1
    return _write("dirac_", tensor, values)


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """How many numbers each output is made of, and into how many each input goes."""
    if tensor.ndim < 2:
        raise ShapeError(
            "fan in and fan out can not be computed for a tensor with fewer than 2 dimensions, "
            f"such as this of shape {tuple(tensor.shape)}"
        )
    receptive = math.prod(tensor.shape[2:])
    return tensor.shape[1] * receptive, tensor.shape[0] * receptive


def _fan(tensor: Tensor, mode: str) -> int:
    if str(mode).lower() not in ("fan_in", "fan_out"):
        raise ValueError(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']")
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return fan_in if str(mode).lower() == "fan_in" else fan_out


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    r"""Draw uniformly from :math:`\pm\, gain \sqrt{6 / (fan_{in} + fan_{out})}`.

    Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    2010: values keep their variance forward, and gradients backward.

    >>> bool((nn.init.xavier_uniform_(tn.empty(3, 3)).abs() <= 1).all())
    True
    """
    bound = gain * math.sqrt(6.0 / max(sum(_calculate_fan_in_and_fan_out(tensor)), 1))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    r"""Draw normally with standard deviation :math:`gain \sqrt{2 / (fan_{in} + fan_{out})}`.

    >>> nn.init.xavier_normal_(tn.empty(3, 3)).shape
    tn.Size([3, 3])
    """
    std = gain * math.sqrt(2.0 / max(sum(_calculate_fan_in_and_fan_out(tensor)), 1))
    return normal_(tensor, 0.0, std, generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    return calculate_gain(nonlinearity, a) / math.sqrt(max(_fan(tensor, mode), 1))


def _is_empty(tensor: Tensor) -> bool:
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
        return True
    return False


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    r"""Draw uniformly from :math:`\pm\, gain \sqrt{3 / fan}`.

    He et al., "Delving deep into rectifiers", 2015: values keep their variance through layers
    followed by this nonlinearity.

    Parameters
    ----------
    a : float
        The slope for negative numbers, when the nonlinearity is ``"leaky_relu"``.
    mode : str
        ``"fan_in"`` keeps the variance of values, ``"fan_out"`` that of gradients.

    >>> nn.init.kaiming_uniform_(tn.empty(3, 3), nonlinearity="relu").shape
    tn.Size([3, 3])
    """
    if _is_empty(tensor):
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    r"""Draw normally with standard deviation :math:`gain / \sqrt{fan}`; see `kaiming_uniform_`.

    >>> nn.init.kaiming_normal_(tn.empty(3, 3), mode="fan_out").shape
    tn.Size([3, 3])
    """
    if _is_empty(tensor):
        return tensor
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """Fill with a random matrix of orthonormal rows or columns; later dimensions count as one.

    Saxe et al., "Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks", 2013.

    >>> w = nn.init.orthogonal_(tn.empty(3, 3))
    >>> bool(((w @ w.T - tn.eye(3)).abs() < 1e-5).all())
    True
    """
    if tensor.ndim < 2:
        raise ShapeError(
            "orthogonal_: expected a tensor of 2 or more dimensions, "
            f"got shape {tuple(tensor.shape)}"
        )
    if tensor.numel() == 0:
        return tensor
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    values = _draw_normal((max(rows, columns), min(rows, columns)), tensor, 0.0, 1.0, generator)
    q, r = np.linalg.qr(values)
    # Making r's diagonal positive makes the matrix uniformly distributed (Mezzadri, 2007).
    q = q * np.where(np.diagonal(r) < 0, -1.0, 1.0)
    return _write(
        "orthogonal_", tensor, gain * (q if rows >= columns else q.T).reshape(tensor.shape)
    )


def sparse_(
    tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None
) -> Tensor:
    """Draw a matrix normally and set a part (`sparsity`) of each column to zero.

    Martens, "Deep learning via Hessian-free optimization", 2010.

    >>> (nn.init.sparse_(tn.empty(10, 2), sparsity=0.5) == 0).sum(0)
    tensor([5, 5])
    """
    if tensor.ndim != 2:
        raise ShapeError(
            f"sparse_: expected a tensor of 2 dimensions, got shape {tuple(tensor.shape)}"
        )
    values = _draw_normal(tensor.shape, tensor, 0.0, std, generator)
    count = math.ceil(sparsity * tensor.shape[0])
    order = np.argsort(_draw_uniform(tensor, 0.0, 1.0, generator), axis=0)
    np.put_along_axis(values, order[:count], 0.0, axis=0)
    return _write("sparse_", tensor, values)


def _old_name(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` under its name without the underscore, which warns."""
    name = function.__name__[:-1]

    def renamed(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(
            f"`nn.init.{name}` is now deprecated in favor of `nn.init.{name}_`.",
            FutureWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    renamed.__name__ = renamed.__qualname__ = name
    renamed.__doc__ = f"Old name of `{name}_`."
    return renamed


uniform = _old_name(uniform_)
normal = _old_name(normal_)
constant = _old_name(constant_)
eye = _old_name(eye_)
dirac = _old_name(dirac_)
xavier_uniform = _old_name(xavier_uniform_)
xavier_normal = _old_name(xavier_normal_)
kaiming_uniform = _old_name(kaiming_uniform_)
kaiming_normal = _old_name(kaiming_normal_)
orthogonal = _old_name(orthogonal_)
sparse = _old_name(sparse_)
