"""Quotients and powers of gamma and uniform numbers: Fisher and Snedecor's F, inverse gamma, Kumaraswamy."""

from __future__ import annotations

from typing import Any

from autotn import ops
from autotn.core import dtypes
from autotn.core.tensor import Size, Tensor
from autotn.distributions import constraints
from autotn.distributions.distribution import Distribution, broadcast_all, uniform
from autotn.distributions.gamma import Gamma
from autotn.distributions.gamma_draws import standard_gamma
from autotn.distributions.transformed import TransformedDistribution
from autotn.distributions.transforms import PowerTransform

__all__ = ["FisherSnedecor", "GeneralizedPareto", "InverseGamma", "Kumaraswamy"]

#: Euler's constant.
_EULER = 0.57721566490153286
_NAN, _INF = float("nan"), float("inf")


class FisherSnedecor(Distribution):
    """The quotient of two chi-squared numbers, each over its degrees of freedom.

    >>> tn.distributions.FisherSnedecor(1.0, 4.0).mean
    tensor(2.)
    """

    arg_constraints = {"df1": constraints.positive, "df2": constraints.positive}  # noqa: RUF012
    support = constraints.positive
    has_rsample = True

    def __init__(self, df1: Any, df2: Any, validate_args: bool | None = None) -> None:
        self.df1, self.df2 = broadcast_all(df1, df2)
        super().__init__(self.df1.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """``df2 / (df2 - 2)``, NaN for `df2` up to 2."""
        return ops.where(self.df2 > 2, self.df2 / (self.df2 - 2), _NAN)

    @property
    def mode(self) -> Tensor:
        """``(df1 - 2) / df1 · df2 / (df2 + 2)``, NaN for `df1` up to 2."""
        inside = (self.df1 - 2) / self.df1 * self.df2 / (self.df2 + 2)
        return ops.where(self.df1 > 2, inside, _NAN)

    @property
    def variance(self) -> Tensor:
        """NaN for `df2` up to 4."""
        m, n = self.df1, self.df2
        finite = 2 * n**2 * (m + n - 2) / (m * (n - 2) ** 2 * (n - 4))
        return ops.where(n > 4, finite, _NAN)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: quotients of gamma numbers."""
        shape = self._extended_shape(sample_shape)
        over, under = (
            standard_gamma((df / 2).expand(shape)) / (df / 2) for df in (self.df1, self.df2)
        )
        tiny = dtypes.finfo(over.dtype).tiny
        return (over / under.clamp(min=tiny)).clamp(min=tiny)

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        a, b, ratio = self.df1 / 2, self.df2 / 2, self.df1 / self.df2
        norm = ops.lgamma(a + b) - ops.lgamma(a) - ops.lgamma(b)
        return norm + a * ratio.log() + (a - 1) * value.log() - (a + b) * ops.log1p(ratio * value)


class InverseGamma(TransformedDistribution):
    """One over a gamma number.

    >>> tn.distributions.InverseGamma(3.0, 2.0).mean
    tensor(1.)
    """

    arg_constraints = {  # noqa: RUF012
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support = constraints.positive

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        base = Gamma(concentration, rate, validate_args)
        super().__init__(
            base, PowerTransform(ops.tensor(-1.0, dtype=base.rate.dtype)), validate_args
        )

    def expand(self, batch_shape: Any, _instance: Any = None) -> InverseGamma:
        """The same distributions, repeated to a larger batch shape."""
        shape = Size(batch_shape)
        return InverseGamma(
            self.concentration.expand(shape), self.rate.expand(shape), self._validate_args
        )

    @property
    def concentration(self) -> Tensor:
        """The gamma number's shape."""
        return self.base_dist.concentration  # type: ignore[attr-defined]

    @property
    def rate(self) -> Tensor:
        """The gamma number's rate, the scale here."""
        return self.base_dist.rate  # type: ignore[attr-defined]

    @property
    def mean(self) -> Tensor:
        """``rate / (concentration - 1)``, infinite for a concentration up to 1."""
        a = self.concentration
        return ops.where(a > 1, self.rate / (a - 1), _INF)

    @property
    def mode(self) -> Tensor:
        """``rate / (concentration + 1)``."""
        return self.rate / (self.concentration + 1)

    @property
    def variance(self) -> Tensor:
        """Infinite for a concentration up to 2."""
        a = self.concentration
        return ops.where(a > 2, self.rate**2 / ((a - 1) ** 2 * (a - 2)), _INF)

    def entropy(self) -> Tensor:
        r""":math:`\alpha + \ln(\beta \Gamma(\alpha)) - (1 + \alpha) \psi(\alpha)`."""
        a = self.concentration
        return a + self.rate.log() + ops.lgamma(a) - (1 + a) * ops.digamma(a)


class Kumaraswamy(Distribution):
    """Numbers between 0 and 1 like the beta distribution's, with a `cdf` in closed form.

    >>> tn.distributions.Kumaraswamy(1.0, 1.0).mean
    tensor(0.5000)
    """

    arg_constraints = {  # noqa: RUF012
        "concentration1": constraints.positive,
        "concentration0": constraints.positive,
    }
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        super().__init__(self.concentration1.shape, validate_args=validate_args)

    def _moment(self, n: int) -> Tensor:
        """The mean of the n-th power: ``b B(1 + n/a, b)``."""
        a, b = 1 + n / self.concentration1, self.concentration0
        return b * (ops.lgamma(a) + ops.lgamma(b) - ops.lgamma(a + b)).exp()

    @property
    def mean(self) -> Tensor:
        """``b B(1 + 1/a, b)``."""
        return self._moment(1)

    @property
    def mode(self) -> Tensor:
        """``((a - 1) / (a b - 1))^(1/a)``, NaN where the density has no peak."""
        a, b = self.concentration1, self.concentration0
        peak = ((a - 1) / (a * b - 1)) ** (1 / a)
        return ops.where((a < 1) | (b < 1), _NAN, peak)

    @property
    def variance(self) -> Tensor:
        """The second moment less the mean's square."""
        return self._moment(2) - self._moment(1) ** 2

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: the inverse of `cdf` at uniform numbers."""
        return self.icdf(uniform(self._extended_shape(sample_shape), self.concentration1))

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        a, b = self.concentration1, self.concentration0
        return a.log() + b.log() + (a - 1) * value.log() + (b - 1) * ops.log1p(-(value**a))

    def cdf(self, value: Tensor) -> Tensor:
        """``1 - (1 - x^a)^b``."""
        self._checked(value)
        return 1 - (1 - value**self.concentration1) ** self.concentration0

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of `cdf`."""
        inner = -ops.expm1(ops.log1p(-value) / self.concentration0)
        return inner ** (1 / self.concentration1)

    def entropy(self) -> Tensor:
        """``(1 - 1/b) + (1 - 1/a) (ψ(b + 1) + γ) - log(a b)``."""
        a, b = self.concentration1, self.concentration0
        return (1 - 1 / b) + (1 - 1 / a) * (ops.digamma(b + 1) + _EULER) - a.log() - b.log()


class GeneralizedPareto(Distribution):
    """What exceeds a high threshold `loc`: tails of a power, exponential ones (0) or bounded ones (below 0).

    >>> tn.distributions.GeneralizedPareto(0.0, 1.0, 0.0).cdf(tn.tensor(1.0))
    tensor(0.6321)
    """

    arg_constraints = {  # noqa: RUF012
        "loc": constraints.real,
        "scale": constraints.positive,
        "concentration": constraints.real,
    }
    has_rsample = True

    def __init__(
        self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """From `loc` on; up to ``loc - scale / concentration`` where that is negative."""
        upper = self.loc - self.scale / self.concentration
        return constraints.interval(self.loc, ops.where(self.concentration < 0, upper, _INF))

    def _split(self) -> tuple[Tensor, Tensor]:
        """Where the tail is exponential, and a concentration that can be divided by."""
        zero = self.concentration.abs() < 1e-8
        return zero, ops.where(zero, 1.0, self.concentration)

    @property
    def mean(self) -> Tensor:
        """``loc + scale / (1 - concentration)``, NaN from 1 on."""
        finite = self.loc + self.scale / (1 - self.concentration)
        return ops.where(self.concentration < 1, finite, _NAN)

    @property
    def mode(self) -> Tensor:
        """`loc`."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """NaN for a concentration from 1/2 on."""
        k = self.concentration
        finite = self.scale**2 / ((1 - k) ** 2 * (1 - 2 * k))
        return ops.where(k < 0.5, finite, _NAN)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: the inverse of `cdf` at uniform numbers."""
        return self.icdf(uniform(self._extended_shape(sample_shape), self.loc))

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        zero, k = self._split()
        z = (value - self.loc) / self.scale
        return -self.scale.log() - ops.where(zero, z, (1 / k + 1) * ops.log1p(k * z))

    def log_survival_function(self, value: Tensor) -> Tensor:
        """Logarithm of the probability of a draw above `value`."""
        zero, k = self._split()
        z = (value - self.loc) / self.scale
        return ops.where(zero, -z, -ops.log1p(k * z) / k)

    def log_cdf(self, value: Tensor) -> Tensor:
        """Logarithm of `cdf`."""
        return self.cdf(value).log()

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a draw not above `value`."""
        self._checked(value)
        return -ops.expm1(self.log_survival_function(value))

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of `cdf`."""
        zero, k = self._split()
        log_above = ops.log1p(-value)
        z = ops.where(zero, -log_above, ops.expm1(-k * log_above) / k)
        return self.loc + self.scale * z

    def entropy(self) -> Tensor:
        """``log scale + concentration + 1``."""
        return self.scale.log() + self.concentration + 1
