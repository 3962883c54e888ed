"""The gamma distribution and what is made of its draws: chi-squared, beta, Dirichlet, Student's t."""

from __future__ import annotations

import math
from typing import Any

from autotn import ops
from autotn.core import dtypes
from autotn.core.tensor import Tensor
from autotn.distributions import constraints
from autotn.distributions.distribution import Distribution, broadcast_all, standard_normal
from autotn.distributions.gamma_draws import log_standard_gamma, standard_gamma
from autotn.ops.embedding import one_hot
from autotn.ops.gamma import special_xlog1py

__all__ = ["Beta", "Chi2", "Dirichlet", "Gamma", "StudentT"]


class Gamma(Distribution):
    r"""Density :math:`\beta^\alpha x^{\alpha-1} e^{-\beta x} / \Gamma(\alpha)`, α = `concentration`, β = `rate`.

    >>> tn.distributions.Gamma(3.0, 2.0).mean
    tensor(1.5000)
    """

    arg_constraints = {  # noqa: RUF012
        "concentration": constraints.positive,
        "rate": constraints.positive,
    }
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, concentration: Any, rate: Any, validate_args: bool | None = None) -> None:
        self.concentration, self.rate = broadcast_all(concentration, rate)
        super().__init__(self.concentration.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """``concentration / rate``."""
        return self.concentration / self.rate

    @property
    def mode(self) -> Tensor:
        """``(concentration - 1) / rate``, at least 0."""
        return ((self.concentration - 1) / self.rate).clamp(min=0)

    @property
    def variance(self) -> Tensor:
        """``concentration / rate²``."""
        return self.concentration / self.rate**2

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws of rate 1, over the rate."""
        shape = self._extended_shape(sample_shape)
        return standard_gamma(self.concentration.expand(shape)) / self.rate

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        a, b = self.concentration, self.rate
        return ops.xlogy(a, b) + ops.xlogy(a - 1, value) - b * value - ops.lgamma(a)

    def cdf(self, value: Tensor) -> Tensor:
        """The lower incomplete gamma function."""
        self._checked(value)
        return ops.igamma(self.concentration, self.rate * value)

    def entropy(self) -> Tensor:
        r""":math:`\alpha - \ln\beta + \ln\Gamma(\alpha) + (1 - \alpha) \psi(\alpha)`."""
        a = self.concentration
        return a - self.rate.log() + ops.lgamma(a) + (1 - a) * ops.digamma(a)


class Chi2(Gamma):
    """The sum of `df` squared standard normal numbers.

    >>> tn.distributions.Chi2(3.0).variance
    tensor(6.)
    """

    arg_constraints = {"df": constraints.positive}  # noqa: RUF012

    def __init__(self, df: Any, validate_args: bool | None = None) -> None:
        (df,) = broadcast_all(df)
        super().__init__(0.5 * df, 0.5, validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Chi2:
        """The same distributions, repeated to a larger batch shape."""
        return Chi2(self.df.expand(batch_shape), self._validate_args)

    @property
    def df(self) -> Tensor:
        """Degrees of freedom."""
        return self.concentration * 2


class Dirichlet(Distribution):
    r"""Vectors of positive parts that sum to 1: density :math:`\propto \prod_i x_i^{\alpha_i - 1}`.

    >>> tn.distributions.Dirichlet(tn.tensor([1.0, 3.0])).mean
    tensor([0.2500, 0.7500])
    """

    arg_constraints = {"concentration": constraints.independent(constraints.positive, 1)}  # noqa: RUF012
    support = constraints.simplex
    has_rsample = True

    def __init__(self, concentration: Tensor, validate_args: bool | None = None) -> None:
        if concentration.dim() < 1:
            raise ValueError("Dirichlet: concentration must be at least a vector, got a 0-d tensor")
        self.concentration = concentration
        super().__init__(concentration.shape[:-1], concentration.shape[-1:], validate_args)

    @property
    def mean(self) -> Tensor:
        """Each concentration's part of their sum."""
        return self.concentration / self.concentration.sum(-1, True)

    @property
    def mode(self) -> Tensor:
        """``(α - 1) / Σ(α - 1)``; the corner of the largest α where all are below 1."""
        above = (self.concentration - 1).clamp(min=0)
        mode = above / above.sum(-1, True)
        flat = (self.concentration < 1).all(-1, keepdim=True)
        corner = one_hot(mode.nan_to_num(0).argmax(-1), above.shape[-1]).to(mode.dtype)
        return ops.where(flat, corner, mode)

    @property
    def variance(self) -> Tensor:
        """``m (1 - m) / (Σα + 1)`` for the mean m."""
        mean = self.mean
        return mean * (1 - mean) / (self.concentration.sum(-1, True) + 1)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: gamma numbers over their sum, by their logarithms, since tiny concentrations underflow."""
        shape = self._extended_shape(sample_shape)
        drawn = ops.softmax(log_standard_gamma(self.concentration.expand(shape)), -1)
        return drawn.clamp(min=dtypes.finfo(drawn.dtype).tiny)

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        a = self.concentration
        return ops.xlogy(a - 1, value).sum(-1) + ops.lgamma(a.sum(-1)) - ops.lgamma(a).sum(-1)

    def entropy(self) -> Tensor:
        r""":math:`\ln B(\alpha) + (\alpha_0 - k) \psi(\alpha_0) - \sum (\alpha_i - 1) \psi(\alpha_i)`."""
        a = self.concentration
        total = a.sum(-1)
        return (
            ops.lgamma(a).sum(-1)
            - ops.lgamma(total)
            - (a.shape[-1] - total) * ops.digamma(total)
            - ((a - 1) * ops.digamma(a)).sum(-1)
        )


class Beta(Distribution):
    r"""Numbers between 0 and 1: density :math:`\propto x^{a-1} (1-x)^{b-1}`.

    >>> tn.distributions.Beta(2.0, 2.0).mean
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
        both = ops.stack(broadcast_all(concentration1, concentration0), -1)
        self._dirichlet = Dirichlet(both, validate_args=validate_args)
        super().__init__(self._dirichlet.batch_shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Beta:
        """The same distributions, repeated to a larger batch shape."""
        new = super().expand(batch_shape)
        new._dirichlet = self._dirichlet.expand(batch_shape)
        return new

    @property
    def concentration1(self) -> Tensor:
        """The power of x, plus 1."""
        return self._dirichlet.concentration[..., 0]

    @property
    def concentration0(self) -> Tensor:
        """The power of 1 - x, plus 1."""
        return self._dirichlet.concentration[..., 1]

    @property
    def mean(self) -> Tensor:
        """``a / (a + b)``."""
        return self.concentration1 / (self.concentration1 + self.concentration0)

    @property
    def mode(self) -> Tensor:
        """``(a - 1) / (a + b - 2)``, or the denser end."""
        return self._dirichlet.mode[..., 0]

    @property
    def variance(self) -> Tensor:
        """``a b / ((a + b)² (a + b + 1))``."""
        a, b = self.concentration1, self.concentration0
        return a * b / ((a + b) ** 2 * (a + b + 1))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: the first of two gamma numbers over their sum."""
        return self._dirichlet.rsample(sample_shape)[..., 0]

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        a, b = self.concentration1, self.concentration0
        kernel = ops.xlogy(a - 1, value) + special_xlog1py(b - 1, -value)
        return kernel + ops.lgamma(a + b) - ops.lgamma(a) - ops.lgamma(b)

    def entropy(self) -> Tensor:
        """As the Dirichlet distribution's of two parts."""
        return self._dirichlet.entropy()


class StudentT(Distribution):
    r"""A normal number over the root of a chi-squared one's mean: tails of power `df` + 1.

    >>> tn.distributions.StudentT(3.0).variance
    tensor(3.)
    """

    arg_constraints = {  # noqa: RUF012
        "df": constraints.positive,
        "loc": constraints.real,
        "scale": constraints.positive,
    }
    support = constraints.real
    has_rsample = True

    def __init__(
        self, df: Any, loc: Any = 0.0, scale: Any = 1.0, validate_args: bool | None = None
    ) -> None:
        self.df, self.loc, self.scale = broadcast_all(df, loc, scale)
        super().__init__(self.df.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """`loc`, and NaN where `df` is at most 1."""
        return ops.where(self.df > 1, self.loc, float("nan"))

    @property
    def mode(self) -> Tensor:
        """`loc`."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """``scale² df / (df - 2)``; infinite for `df` in (1, 2], NaN below."""
        finite = self.scale**2 * self.df / (self.df - 2)
        heavy = ops.where(self.df > 1, float("inf"), float("nan")).to(self.df.dtype)
        return ops.where(self.df > 2, finite, heavy)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: normal numbers over the roots of chi-squared ones' means."""
        shape = self._extended_shape(sample_shape)
        half = 0.5 * self.df
        mean_square = standard_gamma(half.expand(shape)) / half
        return self.loc + self.scale * standard_normal(shape, self.df) * mean_square.rsqrt()

    def _log_norm(self) -> Tensor:
        half = 0.5 * self.df
        return (
            0.5 * self.df.log()
            + 0.5 * math.log(math.pi)
            + ops.lgamma(half)
            - ops.lgamma(half + 0.5)
        )

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        z = (value - self.loc) / self.scale
        tail = -0.5 * (self.df + 1) * ops.log1p(z**2 / self.df)
        return tail - self.scale.log() - self._log_norm()

    def entropy(self) -> Tensor:
        r""":math:`\frac{\nu+1}{2} (\psi(\frac{\nu+1}{2}) - \psi(\frac\nu2))` and the logarithm of the norm."""
        half = 0.5 * self.df
        slopes = ops.digamma(half + 0.5) - ops.digamma(half)
        return self.scale.log() + 0.5 * (self.df + 1) * slopes + self._log_norm()
