"""Activations: elementwise nonlinearities, and the softmax family."""

from __future__ import annotations

from typing import Any

from autotn.layers import init as initial
from autotn.layers.module import Module
from autotn.layers.parameter import Parameter
from autotn.ops import (
    celu,
    elu,
    empty,
    log_softmax,
    prelu,
    relu,
    rrelu,
    selu,
    sigmoid,
    softmax,
    tanh,
    threshold,
)
from autotn.ops.activation import (
    glu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    relu6,
    silu,
    softmin,
    softplus,
    softshrink,
    softsign,
    tanhshrink,
)
from autotn.ops.gelu import gelu

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SELU",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


class _InPlace(Module):
    """An activation that can write its result into its input."""

    inplace: bool

    def _text(self, *parts: str) -> str:
        return ", ".join([*parts, "inplace=True"] if self.inplace else parts)

    def extra_repr(self) -> str:
        """Whether it works in place."""
        return self._text()


class ReLU(_InPlace):
    r"""Cut off what is negative: :math:`\max(0, x)`.

    >>> nn.ReLU()(tn.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The positive part."""
        return relu(input, self.inplace)


class RReLU(_InPlace):
    r"""`LeakyReLU` with a slope drawn per element in training, and the mean slope else.

    >>> nn.RReLU(0.1, 0.3).eval()(tn.tensor([-1.0, 2.0]))
    tensor([-0.2000,  2.0000])
    """

    def __init__(
        self, lower: float = 1.0 / 8, upper: float = 1.0 / 3, inplace: bool = False
    ) -> None:
        super().__init__()
        self.lower = lower
        self.upper = upper
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The leaky ramp."""
        return rrelu(input, self.lower, self.upper, self.training, self.inplace)

    def extra_repr(self) -> str:
        """The range of slopes."""
        return self._text(f"lower={self.lower}, upper={self.upper}")


class Hardtanh(_InPlace):
    """Clip to the range from `min_val` to `max_val`.

    >>> nn.Hardtanh()(tn.tensor([-2.0, 0.5]))
    tensor([-1.0000,  0.5000])
    """

    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__()
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        self.inplace = inplace
        if self.max_val < self.min_val:
            raise ValueError(
                f"Hardtanh: max_val {self.max_val} must not be smaller than min_val {self.min_val}"
            )

    def forward(self, input: Any) -> Any:
        """The clipped input."""
        return hardtanh(input, self.min_val, self.max_val, self.inplace)

    def extra_repr(self) -> str:
        """The range."""
        return self._text(f"min_val={self.min_val}, max_val={self.max_val}")


class ReLU6(Hardtanh):
    r"""Clip to the range from 0 to 6.

    >>> nn.ReLU6()(tn.tensor([-2.0, 8.0]))
    tensor([0., 6.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def forward(self, input: Any) -> Any:
        """The clipped input."""
        return relu6(input, self.inplace)

    def extra_repr(self) -> str:
        """Whether it works in place."""
        return self._text()


class Threshold(_InPlace):
    r"""Replace what does not exceed a threshold: :math:`x` if :math:`x > t` else ``value``.

    >>> nn.Threshold(0.5, 20)(tn.tensor([0.1, 1.0]))
    tensor([20.,  1.])
    """

    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__()
        self.threshold = threshold
        self.value = value
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The input with small values replaced."""
        return threshold(input, self.threshold, self.value, self.inplace)

    def extra_repr(self) -> str:
        """Threshold and value."""
        return self._text(f"threshold={self.threshold}, value={self.value}")


class Sigmoid(Module):
    r"""Squash into (0, 1): :math:`1 / (1 + e^{-x})`.

    >>> nn.Sigmoid()(tn.tensor([0.0]))
    tensor([0.5000])
    """

    def forward(self, input: Any) -> Any:
        """The squashed input."""
        return sigmoid(input)


class Hardsigmoid(Module):
    r"""A sigmoid of straight lines: :math:`x / 6 + 1/2`, clipped to the range from 0 to 1.

    >>> nn.Hardsigmoid()(tn.tensor([-4.0, 0.0, 4.0]))
    tensor([0.0000, 0.5000, 1.0000])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The squashed input."""
        return hardsigmoid(input, self.inplace)


class Tanh(Module):
    r"""Squash into (-1, 1): :math:`\tanh x`.

    >>> nn.Tanh()(tn.tensor([0.0]))
    tensor([0.])
    """

    def forward(self, input: Any) -> Any:
        """The squashed input."""
        return tanh(input)


class SiLU(_InPlace):
    r"""The input weighed by its sigmoid: :math:`x \sigma(x)`.

    >>> nn.SiLU()(tn.tensor([0.0, 2.0]))
    tensor([0.0000, 1.7616])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The weighed input."""
        return silu(input, self.inplace)


class Mish(_InPlace):
    r"""A smooth ramp: :math:`x \tanh(\log(1 + e^x))`.

    >>> nn.Mish()(tn.tensor([0.0, 2.0]))
    tensor([0.0000, 1.9440])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The ramp."""
        return mish(input, self.inplace)


class Hardswish(Module):
    r"""`SiLU` with the hard sigmoid: :math:`x \min(\max(x + 3, 0), 6) / 6`.

    >>> nn.Hardswish()(tn.tensor([-4.0, 3.0]))
    tensor([-0., 3.])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The weighed input."""
        return hardswish(input, self.inplace)


class ELU(_InPlace):
    r"""Linear above zero, :math:`\alpha (e^x - 1)` below.

    >>> nn.ELU()(tn.tensor([-1.0, 2.0]))
    tensor([-0.6321,  2.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The ramp."""
        return elu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """The lower bound's size."""
        return self._text(f"alpha={self.alpha}")


class CELU(_InPlace):
    r"""Linear above zero, :math:`\alpha (e^{x/\alpha} - 1)` below: smooth for every alpha.

    >>> nn.CELU(2.0)(tn.tensor([-1.0, 2.0]))
    tensor([-0.7869,  2.0000])
    """

    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__()
        self.alpha = alpha
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The ramp."""
        return celu(input, self.alpha, self.inplace)

    def extra_repr(self) -> str:
        """The lower bound's size."""
        return self._text(f"alpha={self.alpha}")


class SELU(_InPlace):
    """A scaled `ELU` that keeps mean 0 and variance 1 through layers.

    Klambauer et al., "Self-normalizing neural networks", 2017.

    >>> nn.SELU()(tn.tensor([-1.0, 1.0]))
    tensor([-1.1113,  1.0507])
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The ramp."""
        return selu(input, self.inplace)


class GLU(Module):
    r"""Split in two and let one half gate the other: :math:`a\, \sigma(b)`.

    >>> nn.GLU()(tn.tensor([[2.0, 0.0]]))
    tensor([[1.]])
    """

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Any) -> Any:
        """The gated half."""
        return glu(input, self.dim)

    def extra_repr(self) -> str:
        """The dimension that is split."""
        return f"dim={self.dim}"


class GELU(Module):
    r"""The input weighed by the normal distribution: :math:`x \Phi(x)`.

    Parameters
    ----------
    approximate : str
        ``"tanh"`` for the well-known approximation by a tanh.

    >>> nn.GELU()(tn.tensor([0.0, 1.0]))
    tensor([0.0000, 0.8413])
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        self.approximate = approximate

    def forward(self, input: Any) -> Any:
        """The weighed input."""
        return gelu(input, approximate=self.approximate)

    def extra_repr(self) -> str:
        """The approximation."""
        return f"approximate={self.approximate!r}"


class Hardshrink(Module):
    r"""Set to zero what is within :math:`\pm\lambda`.

    >>> nn.Hardshrink()(tn.tensor([0.3, 2.0]))
    tensor([0., 2.])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Any) -> Any:
        """The input without small values."""
        return hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The threshold."""
        return f"{self.lambd}"


class Softshrink(Module):
    r"""Move everything towards zero by :math:`\lambda`, stopping there.

    >>> nn.Softshrink()(tn.tensor([0.3, 2.0]))
    tensor([0.0000, 1.5000])
    """

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        self.lambd = lambd

    def forward(self, input: Any) -> Any:
        """The shrunk input."""
        return softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The step."""
        return str(self.lambd)


class Tanhshrink(Module):
    r"""What tanh takes away: :math:`x - \tanh x`.

    >>> nn.Tanhshrink()(tn.tensor([0.0, 2.0]))
    tensor([0.0000, 1.0360])
    """

    def forward(self, input: Any) -> Any:
        """The difference."""
        return tanhshrink(input)


class LeakyReLU(_InPlace):
    """A ramp that lets a little of the negative through.

    >>> nn.LeakyReLU(0.1)(tn.tensor([-1.0, 2.0]))
    tensor([-0.1000,  2.0000])
    """

    def __init__(self, negative_slope: float = 1e-2, inplace: bool = False) -> None:
        super().__init__()
        self.negative_slope = negative_slope
        self.inplace = inplace

    def forward(self, input: Any) -> Any:
        """The leaky ramp."""
        return leaky_relu(input, self.negative_slope, self.inplace)

    def extra_repr(self) -> str:
        """The slope."""
        return self._text(f"negative_slope={self.negative_slope}")


class PReLU(Module):
    """A `LeakyReLU` whose slope is learned, one for all channels or one for each.

    >>> nn.PReLU()(tn.tensor([-1.0, 2.0])).detach()
    tensor([-0.2500,  2.0000])
    """

    weight: Parameter

    def __init__(
        self,
        num_parameters: int = 1,
        init: float = 0.25,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.num_parameters = num_parameters
        self.init = init
        self.weight = Parameter(empty(num_parameters, device=device, dtype=dtype))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the initial slope again."""
        initial.constant_(self.weight, self.init)

    def forward(self, input: Any) -> Any:
        """The leaky ramp."""
        return prelu(input, self.weight)

    def extra_repr(self) -> str:
        """The number of slopes."""
        return f"num_parameters={self.num_parameters}"


class Softplus(Module):
    r"""A smooth ramp: :math:`\log(1 + e^{\beta x}) / \beta`, linear above ``threshold``.

    >>> nn.Softplus()(tn.tensor([0.0]))
    tensor([0.6931])
    """

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        self.beta = beta
        self.threshold = threshold

    def forward(self, input: Any) -> Any:
        """The ramp."""
        return softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """Steepness and threshold."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Softsign(Module):
    r"""Squash into (-1, 1): :math:`x / (1 + |x|)`.

    >>> nn.Softsign()(tn.tensor([1.0]))
    tensor([0.5000])
    """

    def forward(self, input: Any) -> Any:
        """The squashed input."""
        return softsign(input)


class LogSigmoid(Module):
    r"""The logarithm of the sigmoid, computed without losing small values.

    >>> nn.LogSigmoid()(tn.tensor([0.0]))
    tensor([-0.6931])
    """

    def forward(self, input: Any) -> Any:
        """The logarithm."""
        return logsigmoid(input)


class _AlongDimension(Module):
    """A softmax over one dimension."""

    dim: Any

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class Softmax(_AlongDimension):
    r"""Positive numbers that sum to one: :math:`e^{x_i} / \sum_j e^{x_j}`.

    >>> nn.Softmax(dim=0)(tn.tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000])
    """

    def forward(self, input: Any) -> Any:
        """The probabilities."""
        return softmax(input, self.dim)


class Softmin(_AlongDimension):
    r"""`Softmax` of the negated input.

    >>> nn.Softmin(dim=0)(tn.tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000])
    """

    def forward(self, input: Any) -> Any:
        """The probabilities."""
        return softmin(input, self.dim)


class LogSoftmax(_AlongDimension):
    r"""The logarithm of `Softmax`, computed without losing small values.

    >>> nn.LogSoftmax(dim=0)(tn.tensor([0.0, 0.0]))
    tensor([-0.6931, -0.6931])
    """

    def forward(self, input: Any) -> Any:
        """The logarithms of the probabilities."""
        return log_softmax(input, self.dim)


class Softmax2d(Module):
    """`Softmax` over the channels of images.

    >>> nn.Softmax2d()(tn.zeros(1, 2, 1, 1)).flatten()
    tensor([0.5000, 0.5000])
    """

    def forward(self, input: Any) -> Any:
        """The probabilities."""
        if input.ndim not in (3, 4):
            raise ValueError(
                f"Softmax2d: expected input to be 3D or 4D, got a {input.ndim}D input instead"
            )
        return softmax(input, -3)
