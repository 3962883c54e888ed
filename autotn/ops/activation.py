"""Activations: elementwise nonlinearities between layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.op import Arr, Fixed, acts, composite, op
from autotn.core.tensor import Tensor, check_dim
from autotn.errors import DTypeError
from autotn.kernels.onednn import arithmetic as large, elementwise as onednn
from autotn.ops.compare import masked

__all__ = [
    "celu",
    "celu_",
    "elu",
    "prelu",
    "relu",
    "relu_",
    "hardshrink",
    "rrelu",
    "rrelu_",
    "selu",
    "selu_",
    "threshold",
    "threshold_",
]

FUNCTIONAL = (
    "elu_", "glu", "hardsigmoid", "hardswish", "hardtanh", "hardtanh_", "leaky_relu",
    "leaky_relu_", "logsigmoid", "mish", "relu6", "silu", "softmin", "softplus", "softshrink", "softsign",
    "tanhshrink",
)  # fmt: skip

#: One zero per dtype, made once: for small arrays, making it takes as long as comparing with it.
_ZERO: dict[str, np.ndarray[Any, Any]] = {}


def _zero(input: Any) -> Any:
    """A zero to compare `input` with, of its dtype."""
    zero = _ZERO.get(input.dtype.char)
    if zero is None:
        zero = _ZERO[input.dtype.char] = np.zeros((), input.dtype)
    return zero


def inplace_or_not(name: str, function: Any, inplace: bool, input: Any, *args: Any) -> Any:
    """PyTorch's ``inplace=`` flag: the in-place form when it is set."""
    if not inplace:
        return function(input, *args)
    made = function.op.in_place
    if made is None:
        raise NotImplementedError(f"{name}: has no in-place form")
    return made(input, *args)


@op(method="relu", inplace=True)
def _relu(input: Arr) -> Arr:
    """The rectifier.

    >>> tn.relu(tn.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    found = large.computed("rectified", input) if input.size >= large.LEAST else None
    return np.maximum(input, _zero(input)) if found is None else found


def _relu_rule(g: Any, out: Any) -> Any:
    if g.__class__ is np.ndarray and g.size >= onednn.LEAST:
        found = onednn.pulled("relu", g, out)
        if found is not None:
            return found
    return masked(g, (y := _values(out)) != _zero(y))  # NaN lets gradients through, as in PyTorch


_relu.grad(input=_relu_rule)
relu_ = _relu.op.in_place


def relu(input: Any, inplace: bool = False) -> Any:
    r"""Rectifier: :math:`\max(x, 0)`.

    >>> tn.relu(tn.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """
    return relu_(input) if inplace else _relu(input)


def _values(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else x


def _mask(x: Any, test: Any) -> Any:
    """1 where `test` of the values holds, else 0, in the dtype of `x`: a constant for the tape."""
    values = _values(x)
    return test(values).astype(values.dtype)


@op(inplace=True)
def _leaky_relu(input: Arr, negative_slope: float = 0.01) -> Arr:
    """The leaky rectifier.

    >>> F.leaky_relu(tn.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    if 0 < negative_slope <= 1:  # the larger of two lines, without a mask
        lower = np.asarray(input * negative_slope)
        return np.maximum(input, lower, out=lower)
    return np.where(input > 0, input, input * negative_slope)


_leaky_relu.grad(
    input=lambda g, input, negative_slope: g * (
        _mask(input, lambda x: x > 0) * (1 - negative_slope) + negative_slope
    )
)  # fmt: skip
leaky_relu_ = _leaky_relu.op.in_place


def leaky_relu(input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Any:
    r"""Leaky rectifier: :math:`x` above 0, :math:`\alpha x` below.

    >>> F.leaky_relu(tn.tensor([-1.0, 2.0]), 0.1)
    tensor([-0.1000,  2.0000])
    """
    return inplace_or_not("leaky_relu", _leaky_relu, inplace, input, negative_slope)


@op(inplace=True, promote="float")
def _elu(input: Arr, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Arr:
    """The exponential linear unit and its kin.

    >>> F.elu(tn.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    zero = _zero(input)
    y = np.asarray(np.minimum(input, zero))
    if input_scale != 1:
        y *= input_scale
    np.expm1(y, out=y)
    y *= alpha
    y += np.maximum(input, zero)
    return y if scale == 1 else y * scale


def _elu_rule(g: Any, input: Any, alpha: float, scale: float, input_scale: float) -> Any:
    above = _values(input) > 0
    kind = _values(input).dtype
    below = masked(input, ~above)  # not a product: infinity times 0 is no number
    return g * (
        above.astype(kind) * scale
        + np.exp(below * input_scale) * ((~above).astype(kind) * (alpha * scale * input_scale))
    )


_elu.grad(input=_elu_rule)


def elu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    r"""Exponential linear unit: :math:`x` above 0, :math:`\alpha (e^x - 1)` below (Clevert et al. 2016).

    >>> F.elu(tn.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """
    return inplace_or_not("elu", _elu, inplace, input, alpha)


def elu_(input: Any, alpha: float = 1.0) -> Any:
    """The in-place form of `elu`."""
    return elu(input, alpha, inplace=True)


#: Klambauer et al. 2017, "Self-Normalizing Neural Networks", equations 14.
_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


@composite()
def selu(input: Any, inplace: bool = False) -> Any:
    r"""Self-normalising `elu`: :math:`\lambda\,\mathrm{elu}(x, \alpha)` (Klambauer et al. 2017).

    >>> tn.selu(tn.tensor([-1.0, 2.0]))
    tensor([-1.1113,  2.1014])
    """
    return inplace_or_not("selu", _elu, inplace, input, _SELU_ALPHA, _SELU_SCALE)


def selu_(input: Any) -> Any:
    """The in-place form of `selu`."""
    return selu(input, inplace=True)


@composite()
def celu(input: Any, alpha: float = 1.0, inplace: bool = False) -> Any:
    r"""Continuously differentiable `elu`: :math:`\alpha (e^{x/\alpha} - 1)` below 0 (Barron 2017).

    >>> tn.celu(tn.tensor([-1.0, 2.0]), 2.0)
    tensor([-0.7869,  2.0000])
    """
    if alpha == 0:
        raise RuntimeError("celu: ZeroDivisionError: alpha cannot be 0 for CELU")
    return inplace_or_not("celu", _elu, inplace, input, alpha, 1.0, 1.0 / alpha)


def celu_(input: Any, alpha: float = 1.0) -> Any:
    """The in-place form of `celu`."""
    return celu(input, alpha, inplace=True)


@op(inplace=True)
def _threshold(input: Arr, threshold: float, value: float) -> Arr:
    """The input above a threshold, else a value.

    >>> F.threshold(tn.tensor([0.5, 2.0]), 1.0, 7.0)
    tensor([7., 2.])
    """
    return np.where(input <= threshold, input.dtype.type(value), input)


_threshold.grad(input=lambda g, input, threshold: masked(g, ~(_values(input) <= threshold)))
threshold_ = _threshold.op.in_place


def threshold(input: Any, threshold: float, value: float, inplace: bool = False) -> Any:
    """The input where it is above `threshold`, else `value`.

    >>> F.threshold(tn.tensor([0.5, 2.0]), 1.0, 7.0)
    tensor([7., 2.])
    """
    return inplace_or_not("threshold", _threshold, inplace, input, threshold, value)


@op(inplace=True)
def _hardtanh(input: Arr, min_val: float = -1.0, max_val: float = 1.0) -> Arr:
    """The input held between two bounds.

    >>> F.hardtanh(tn.tensor([-2.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """
    try:
        low, high = input.dtype.type(min_val), input.dtype.type(max_val)
    except OverflowError:
        raise RuntimeError(
            f"hardtanh: the limits {min_val} and {max_val} are not numbers of {input.dtype}"
        ) from None
    return np.minimum(np.maximum(input, low), high)


_hardtanh.grad(
    input=lambda g, input, min_val, max_val: masked(
        g, ~(((x := _values(input)) <= min_val) | (x >= max_val))
    )
)
hardtanh_ = _hardtanh.op.in_place


def hardtanh(input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Any:
    """The input held between `min_val` and `max_val`.

    >>> F.hardtanh(tn.tensor([-2.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """
    if min_val > max_val:
        raise ValueError("hardtanh: min_val cannot be greater than max_val")
    return inplace_or_not("hardtanh", _hardtanh, inplace, input, min_val, max_val)


@composite()
def relu6(input: Any, inplace: bool = False) -> Any:
    r"""Rectifier with a ceiling: :math:`\min(\max(x, 0), 6)`.

    >>> F.relu6(tn.tensor([-1.0, 9.0]))
    tensor([0., 6.])
    """
    return hardtanh(input, 0.0, 6.0, inplace)


@op(inplace=True)
def _hardsigmoid(input: Arr) -> Arr:
    """A sigmoid of three straight lines.

    >>> F.hardsigmoid(tn.tensor([-4.0, 0.0]))
    tensor([0.0000, 0.5000])
    """
    return np.minimum(np.maximum(input / 6 + 0.5, input.dtype.type(0)), input.dtype.type(1))


_hardsigmoid.grad(input=lambda g, input: masked(g / 6, ((x := _values(input)) > -3) & (x < 3)))


def hardsigmoid(input: Any, inplace: bool = False) -> Any:
    r"""Sigmoid of three straight lines: :math:`\min(\max(x/6 + 1/2, 0), 1)`.

    >>> F.hardsigmoid(tn.tensor([-4.0, 0.0]))
    tensor([0.0000, 0.5000])
    """
    return inplace_or_not("hardsigmoid", _hardsigmoid, inplace, input)


@op(inplace=True)
def _hardswish(input: Arr) -> Arr:
    """The input times its hard sigmoid.

    >>> F.hardswish(tn.tensor([-4.0, 3.0]))
    tensor([-0., 3.])
    """
    y = np.asarray(input + 3)
    np.clip(y, 0, 6, out=y)
    y *= input
    y /= 6
    return y


def _hardswish_rule(g: Any, input: Any) -> Any:
    x = _values(input)
    between = ~((x <= -3) | (x >= 3))
    rest = between * 0.5 + (x >= 3)
    return g * (masked(input, between) / 3 + rest.astype(x.dtype))


_hardswish.grad(input=_hardswish_rule)


def hardswish(input: Any, inplace: bool = False) -> Any:
    r"""Swish of straight lines: :math:`x \min(\max(x + 3, 0), 6) / 6` (Howard et al. 2019).

    >>> F.hardswish(tn.tensor([3.0, 1.0]))
    tensor([3.0000, 0.6667])
    """
    return inplace_or_not("hardswish", _hardswish, inplace, input)


@op(method="hardshrink")
def hardshrink(input: Arr, lambd: float = 0.5) -> Arr:
    r"""The input where it is larger than `lambd` in size, else 0.

    >>> F.hardshrink(tn.tensor([0.3, -1.0]))
    tensor([ 0., -1.])
    """
    return np.where(np.abs(input) <= lambd, input.dtype.type(0), input)


hardshrink.grad(input=lambda g, input, lambd: masked(g, ~(np.abs(_values(input)) <= lambd)))


@op()
def softshrink(input: Arr, lambd: float = 0.5) -> Arr:
    r"""The input moved by `lambd` towards 0, and no further.

    >>> F.softshrink(tn.tensor([0.3, -1.0]))
    tensor([ 0.0000, -0.5000])
    """
    if lambd < 0:
        raise RuntimeError(
            f"softshrink: lambd must be greater or equal to 0, but found to be {lambd}."
        )
    zero = input.dtype.type(0)
    shrunk = np.where(input > lambd, input - lambd, np.where(input < -lambd, input + lambd, zero))
    return np.where(np.isnan(input), input, shrunk)


softshrink.grad(input=lambda g, input, lambd: masked(g, ~(np.abs(_values(input)) <= lambd)))


@op(promote="float")
def softplus(input: Arr, beta: float = 1.0, threshold: float = 20.0) -> Arr:
    r"""Smooth ramp: :math:`\log(1 + e^{\beta x}) / \beta`, and :math:`x` itself where :math:`\beta x` is large.

    >>> F.softplus(tn.tensor([0.0]))
    tensor([0.6931])
    """
    scaled = input * beta
    return np.where(
        scaled > threshold, input, np.log1p(np.exp(np.minimum(scaled, threshold))) / beta
    )


def _softplus_rule(g: Any, input: Any, beta: float, threshold: float) -> Any:
    from autotn.ops.transcendental import sigmoid

    straight = _mask(input, lambda x: x * beta > threshold)
    return g * (straight + (1 - straight) * sigmoid(input * beta))


softplus.grad(input=_softplus_rule)


@op(promote="float")
def logsigmoid(input: Arr) -> Arr:
    r"""Logarithm of the sigmoid, without overflow: :math:`-\log(1 + e^{-x})`.

    >>> F.logsigmoid(tn.tensor([0.0]))
    tensor([-0.6931])
    """
    return np.minimum(input, input.dtype.type(0)) - np.log1p(np.exp(-np.abs(input)))


def _logsigmoid_rule(g: Any, input: Any) -> Any:
    from autotn.ops.transcendental import sigmoid

    return g * sigmoid(-input)


logsigmoid.grad(input=_logsigmoid_rule)


@op(promote="float")
def softsign(input: Arr) -> Arr:
    r"""Softsign: :math:`x / (1 + |x|)`.

    >>> F.softsign(tn.tensor([1.0, -3.0]))
    tensor([ 0.5000, -0.7500])
    """
    return input / (1 + np.abs(input))


def _softsign_rule(g: Any, input: Any) -> Any:
    size = 1 + np.abs(input)
    return g / (size * size)


def _softsign_wirtinger(g: Any, input: Any) -> Any:
    size = np.abs(input)
    whole = 1 + size
    along = (g.conj() * input).real / (whole * whole * (size + (size == 0)))
    return g / whole - input * along


softsign.grad(input=_softsign_rule)
softsign.wirtinger(input=_softsign_wirtinger)


@composite()
def tanhshrink(input: Any) -> Any:
    r"""Tanhshrink: :math:`x - \tanh x`.

    >>> F.tanhshrink(tn.tensor([1.0]))
    tensor([0.2384])
    """
    return input - np.tanh(input)


@op(inplace=True, aux=("s",), promote="float")
def _silu(input: Arr) -> Arr:
    """The input times its sigmoid.

    >>> F.silu(tn.tensor([1.0]))
    tensor([0.7311])
    """
    found = onednn.applied("silu", input)
    if found is not None:
        return found, (None,)
    s = 1 / (1 + np.exp(-input))
    return input * s, (s,)


def _silu_rule(g: Any, input: Any, s: Any) -> Any:
    found = onednn.pulled("silu", g, input)
    if found is not None:
        return found
    if isinstance(g, np.ndarray) and s is not None:
        return g * (s * (1 + input * (1 - s)))
    from autotn.ops.transcendental import sigmoid

    s = sigmoid(input)
    return g * (s * (1 + input * (1 - s)))


_silu.grad(input=_silu_rule)


def silu(input: Any, inplace: bool = False) -> Any:
    r"""Sigmoid linear unit, or swish: :math:`x \sigma(x)` (Hendrycks & Gimpel 2016).

    >>> F.silu(tn.tensor([1.0]))
    tensor([0.7311])
    """
    return inplace_or_not("silu", _silu, inplace, input)


@op(inplace=True, promote="float")
def _mish(input: Arr) -> Arr:
    """The input times the tanh of its softplus.

    >>> F.mish(tn.tensor([1.0]))
    tensor([0.8651])
    """
    return input * np.tanh(_softplus_values(input))


def _softplus_values(x: Any) -> Any:
    return np.maximum(x, x.dtype.type(0)) + np.log1p(np.exp(-np.abs(x)))


def _mish_rule(g: Any, input: Any) -> Any:
    from autotn.ops.transcendental import sigmoid

    t = np.tanh(softplus(input))
    return g * (t + input * (1 - t * t) * sigmoid(input))


_mish.grad(input=_mish_rule)


def mish(input: Any, inplace: bool = False) -> Any:
    r"""Mish: :math:`x \tanh(\log(1 + e^x))` (Misra 2019).

    >>> F.mish(tn.tensor([1.0]))
    tensor([0.8651])
    """
    return inplace_or_not("mish", _mish, inplace, input)


@composite()
def glu(input: Any, dim: int = -1) -> Any:
    r"""Gated linear unit: the first half times the sigmoid of the second (Dauphin et al. 2017).

    >>> F.glu(tn.tensor([1.0, 0.0]))
    tensor([0.5000])
    """
    from autotn.ops.shape import narrow
    from autotn.ops.transcendental import sigmoid

    if not input.ndim:
        raise RuntimeError("glu does not support 0-dimensional tensors")
    if _values(input).dtype.kind not in "fV":
        raise DTypeError(f"glu: not implemented for {input.dtype}; it takes floating-point tensors")
    axis = check_dim("glu", dim, input.ndim)
    size = input.shape[axis]
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {axis} is size {size}")
    return narrow(input, axis, 0, size // 2) * sigmoid(narrow(input, axis, size // 2, size // 2))


@composite(method="prelu")
def prelu(input: Any, weight: Any) -> Any:
    r"""Leaky rectifier with a learned slope, one for all or one per channel (He et al. 2015).

    >>> tn.prelu(tn.tensor([-2.0, 1.0]), tn.tensor(0.25))
    tensor([-0.5000,  1.0000])
    """
    count = math.prod(weight.shape)
    if weight.ndim > 1:
        raise RuntimeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}"
        )
    if count != 1:
        if input.ndim < 2 or input.shape[1] != count:
            channels = input.shape[1] if input.ndim > 1 else 1
            raise RuntimeError(
                f"prelu: Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{count} and channel size = {channels}."
            )
        weight = weight.reshape((1, count, *(1,) * (input.ndim - 2)))
    else:
        weight = weight.reshape((1,) * max(input.ndim, 0))
    return _prelu(input, weight)


@op(broadcasts=True)
def _prelu(input: Arr, weight: Arr) -> Arr:
    """The leaky rectifier with a learned slope.

    >>> tn.prelu(tn.tensor([-2.0, 1.0]), tn.tensor([0.25]))
    tensor([-0.5000,  1.0000])
    """
    return np.where(input > 0, input, input * weight)


def _prelu_input(g: Any, input: Any, weight: Any) -> Any:
    above = _mask(input, lambda x: x > 0)
    return g * (above + (1 - above) * weight)


_prelu.grad(
    input=_prelu_input, weight=lambda g, input: g * (input * _mask(input, lambda x: ~(x > 0)))
)


@op(inplace=True)
def _sloped(input: Arr, slope: Fixed) -> Arr:
    """The leaky rectifier with a slope drawn per element.

    >>> F.rrelu(tn.tensor([1.0]))
    tensor([1.])
    """
    return np.where(input >= 0, input, input * slope)


def _sloped_rule(g: Any, input: Any, slope: Any) -> Any:
    above = _mask(input, lambda x: x >= 0)
    return g * (above + (1 - above) * slope)


_sloped.grad(input=_sloped_rule)


@composite()
def rrelu(
    input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False, inplace: bool = False,
    generator: Any = None,
) -> Any:  # fmt: skip
    """Leaky rectifier with a slope drawn at random in training, the mean slope otherwise (Xu et al. 2015).

    >>> F.rrelu(tn.tensor([-24.0, 1.0]))
    tensor([-5.5000,  1.0000])
    """
    if lower > upper:
        raise RuntimeError("rrelu: Lower bound should be less than or equal to the upper bound")
    if not training:
        return leaky_relu(input, (lower + upper) / 2, inplace)
    from autotn.core.random import numpy_generator

    values = _values(input)
    slope = numpy_generator(generator).uniform(lower, upper, values.shape).astype(values.dtype)
    return inplace_or_not("rrelu", _sloped, inplace, input, slope)


def rrelu_(
    input: Any, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False
) -> Any:
    """The in-place form of `rrelu`."""
    return rrelu(input, lower, upper, training, inplace=True)


@composite()
def softmin(input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Any:
    r"""Softmax of the negated input.

    >>> F.softmin(tn.tensor([0.0, 0.0]), dim=0)
    tensor([0.5000, 0.5000])
    """
    from autotn.ops.softmax import implicit_dim, softmax

    dim = implicit_dim("softmin", input.ndim) if dim is None else dim
    return softmax(-input, dim, dtype)


_INTEGERS = "Integers have no slope; use .float()"
for _smooth in (
    _leaky_relu, _elu, _hardsigmoid, _hardswish, hardshrink, softshrink, softplus, logsigmoid, _mish,
    _prelu,
):  # fmt: skip
    _smooth.takes("f", _INTEGERS, promoted=False)
_silu.takes("fc", _INTEGERS, promoted=False)
for _bent in (_relu, _threshold, _hardtanh):
    _bent.takes("if")
softsign.takes("ifc", promoted=False)

acts(
    "elementwise",
    _relu, _leaky_relu, _elu, _threshold, _hardtanh, _hardsigmoid, _hardswish, hardshrink,
    softshrink, softplus, logsigmoid, softsign, _silu, _mish, _sloped,
)  # fmt: skip
