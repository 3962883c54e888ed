"""Heavy tails and extremes: Cauchy, Gumbel, Weibull, Pareto, and halves of symmetric families."""

from __future__ import annotations

import math
from typing import Any

from autotn import ops
from autotn.core import dtypes
from autotn.core.tensor import Tensor
from autotn.distributions import constraints
from autotn.distributions.distribution import Distribution, broadcast_all
from autotn.distributions.normal import Normal

__all__ = ["Cauchy", "Gumbel", "HalfCauchy", "HalfNormal", "Pareto", "Weibull"]

#: Euler's constant: the mean of a standard Gumbel number.
_EULER = 0.57721566490153286


def _uniform(like: Tensor, shape: Any) -> Tensor:
    """Numbers between 0 and 1, neither included."""
    info = dtypes.finfo(like.dtype)
    return ops.rand(shape, dtype=like.dtype).clamp(info.tiny, 1 - info.eps)


class _LocScale(Distribution):
    """A standard draw, stretched by `scale` and moved by `loc`."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}  # noqa: RUF012
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: the inverse of `cdf` at uniform numbers."""
        return self.icdf(_uniform(self.loc, self._extended_shape(sample_shape)))

    def _standard(self, value: Tensor) -> Tensor:
        self._checked(value)
        return (value - self.loc) / self.scale


class Cauchy(_LocScale):
    """The quotient of two normal numbers: it has no mean.

    >>> tn.distributions.Cauchy(0.0, 1.0).cdf(tn.tensor(1.0))
    tensor(0.7500)
    """

    @property
    def mean(self) -> Tensor:
        """Not defined: NaN."""
        return ops.full_like(self.loc, math.nan)

    @property
    def mode(self) -> Tensor:
        """``loc``."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """Not finite."""
        return ops.full_like(self.loc, math.inf)

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        return -math.log(math.pi) - self.scale.log() - (self._standard(value) ** 2).log1p()

    def cdf(self, value: Tensor) -> Tensor:
        """``atan / π + 1/2``."""
        return ops.atan(self._standard(value)) / math.pi + 0.5

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of `cdf`."""
        return ops.tan(math.pi * (value - 0.5)) * self.scale + self.loc

    def entropy(self) -> Tensor:
        """``log(4π scale)``."""
        return math.log(4 * math.pi) + self.scale.log()


class Gumbel(_LocScale):
    """The largest of many numbers, in the limit.

    >>> tn.distributions.Gumbel(0.0, 1.0).mean
    tensor(0.5772)
    """

    @property
    def mean(self) -> Tensor:
        """``loc + γ scale``."""
        return self.loc + self.scale * _EULER

    @property
    def mode(self) -> Tensor:
        """``loc``."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """``(π scale)² / 6``."""
        return (math.pi * self.scale) ** 2 / 6

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        y = -self._standard(value)
        return y - y.exp() - self.scale.log()

    def cdf(self, value: Tensor) -> Tensor:
        """``exp(-exp(-z))``."""
        return (-(-self._standard(value)).exp()).exp()

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of `cdf`."""
        return self.loc - self.scale * (-value.log()).log()

    def entropy(self) -> Tensor:
        """``log scale + 1 + γ``."""
        return self.scale.log() + (1 + _EULER)


class _Half(Distribution):
    """The absolute value of draws of a family symmetric about 0."""

    arg_constraints = {"scale": constraints.positive}  # noqa: RUF012
    support = constraints.nonnegative
    has_rsample = True
    _whole: Any

    def __init__(self, scale: Any, validate_args: bool | None = None) -> None:
        (self.scale,) = broadcast_all(scale)
        super().__init__(self.scale.shape, validate_args=validate_args)

    def _symmetric(self) -> Any:
        return self._whole(ops.zeros_like(self.scale), self.scale, validate_args=False)

    @property
    def mode(self) -> Tensor:
        """0."""
        return ops.zeros_like(self.scale)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Absolute values of draws."""
        return self._symmetric().rsample(sample_shape).abs()

    def log_prob(self, value: Tensor) -> Tensor:
        """Twice the density, none below 0."""
        self._checked(value)
        inside = self._symmetric().log_prob(value) + math.log(2)
        return ops.where(value >= 0, inside, -math.inf)

    def cdf(self, value: Tensor) -> Tensor:
        """``2 cdf - 1`` of the whole family."""
        self._checked(value)
        return 2 * self._symmetric().cdf(value) - 1

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of `cdf`."""
        return self._symmetric().icdf((value + 1) / 2)

    def entropy(self) -> Tensor:
        """``log 2`` less than the whole family's."""
        return self._symmetric().entropy() - math.log(2)


class HalfNormal(_Half):
    """The absolute value of a normal number of mean 0.

    >>> tn.distributions.HalfNormal(1.0).mean
    tensor(0.7979)
    """

    _whole = Normal

    @property
    def mean(self) -> Tensor:
        """``scale √(2/π)``."""
        return self.scale * math.sqrt(2 / math.pi)

    @property
    def variance(self) -> Tensor:
        """``scale² (1 - 2/π)``."""
        return self.scale**2 * (1 - 2 / math.pi)


class HalfCauchy(_Half):
    """The absolute value of a Cauchy number.

    >>> tn.distributions.HalfCauchy(1.0).cdf(tn.tensor(1.0))
    tensor(0.5000)
    """

    _whole = Cauchy

    @property
    def mean(self) -> Tensor:
        """Not finite."""
        return ops.full_like(self.scale, math.inf)

    @property
    def variance(self) -> Tensor:
        """Not finite."""
        return ops.full_like(self.scale, math.inf)


class Weibull(Distribution):
    """Waiting times whose rate grows (`concentration` above 1) or falls with time.

    >>> tn.distributions.Weibull(1.0, 1.0).mean
    tensor(1.)
    """

    arg_constraints = {  # noqa: RUF012
        "scale": constraints.positive,
        "concentration": constraints.positive,
    }
    support = constraints.positive
    has_rsample = True

    def __init__(self, scale: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.scale, self.concentration = broadcast_all(scale, concentration)
        super().__init__(self.scale.shape, validate_args=validate_args)

    def _moment(self, order: int) -> Tensor:
        return self.scale**order * ops.lgamma(1 + order / self.concentration).exp()

    @property
    def mean(self) -> Tensor:
        """``scale Γ(1 + 1/concentration)``."""
        return self._moment(1)

    @property
    def mode(self) -> Tensor:
        """Of concentrations above 1; 0 below."""
        k = self.concentration
        inside = self.scale * ((k - 1).clamp(min=0) / k) ** (1 / k)
        return ops.where(k > 1, inside, ops.zeros_like(k))

    @property
    def variance(self) -> Tensor:
        """The second moment less the mean's square."""
        return self._moment(2) - self._moment(1) ** 2

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Powers of exponential draws."""
        u = _uniform(self.scale, self._extended_shape(sample_shape))
        return self.scale * (-u.log()) ** (1 / self.concentration)

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        k, z = self.concentration, value / self.scale
        return k.log() - self.scale.log() + (k - 1) * z.log() - z**k

    def cdf(self, value: Tensor) -> Tensor:
        """``1 - exp(-z^concentration)``."""
        self._checked(value)
        return -(-((value / self.scale) ** self.concentration)).expm1()

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of `cdf`."""
        return self.scale * (-(-value).log1p()) ** (1 / self.concentration)

    def entropy(self) -> Tensor:
        """``γ (1 - 1/k) + log(scale / k) + 1``."""
        k = self.concentration
        return _EULER * (1 - 1 / k) + (self.scale / k).log() + 1


class Pareto(Distribution):
    """Numbers above `scale` with a tail of power `alpha`.

    >>> tn.distributions.Pareto(1.0, 3.0).mean
    tensor(1.5000)
    """

    arg_constraints = {"scale": constraints.positive, "alpha": constraints.positive}  # noqa: RUF012
    has_rsample = True

    def __init__(self, scale: Any, alpha: Any, validate_args: bool | None = None) -> None:
        self.scale, self.alpha = broadcast_all(scale, alpha)
        super().__init__(self.scale.shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """From `scale` on."""
        return constraints.greater_than_eq(self.scale)

    @property
    def mean(self) -> Tensor:
        """``alpha scale / (alpha - 1)``, not finite for `alpha` up to 1."""
        a = self.alpha.clamp(min=1)
        return a * self.scale / (a - 1)

    @property
    def mode(self) -> Tensor:
        """``scale``."""
        return self.scale

    @property
    def variance(self) -> Tensor:
        """Not finite for `alpha` up to 2."""
        a = self.alpha.clamp(min=2)
        return self.scale**2 * a / ((a - 1) ** 2 * (a - 2))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Exponentials of exponential draws."""
        u = _uniform(self.scale, self._extended_shape(sample_shape))
        return self.scale * u ** (-1 / self.alpha)

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        return self.alpha.log() + self.alpha * self.scale.log() - (self.alpha + 1) * value.log()

    def cdf(self, value: Tensor) -> Tensor:
        """``1 - (scale / value)^alpha``."""
        self._checked(value)
        return 1 - (self.scale / value) ** self.alpha

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of `cdf`."""
        return self.scale * (1 - value) ** (-1 / self.alpha)

    def entropy(self) -> Tensor:
        """``log(scale / alpha) + 1 + 1/alpha``."""
        return (self.scale / self.alpha).log() + (1 + self.alpha.reciprocal())
