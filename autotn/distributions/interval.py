"""Distributions of one number with simple formulas: uniform, exponential, Laplace."""

from __future__ import annotations

import math
from typing import Any

from autotn import ops
from autotn.core.tensor import Tensor
from autotn.distributions import constraints
from autotn.distributions.distribution import Distribution, broadcast_all, uniform

__all__ = ["Exponential", "Laplace", "Uniform"]


class Uniform(Distribution):
    """The same density everywhere in [low, high).

    >>> tn.distributions.Uniform(0.0, 4.0).log_prob(tn.tensor([1.0, 2.0]))
    tensor([-1.3863, -1.3863])
    """

    arg_constraints = {  # noqa: RUF012
        "low": constraints.dependent(is_discrete=False, event_dim=0),
        "high": constraints.dependent(is_discrete=False, event_dim=0),
    }
    has_rsample = True

    def __init__(self, low: Any, high: Any, validate_args: bool | None = None) -> None:
        self.low, self.high = broadcast_all(low, high)
        super().__init__(self.low.shape, validate_args=validate_args)
        if self._validate_args and not (self.low < self.high).all():
            raise ValueError(
                f"Uniform: low must be less than high, got low={self.low}, high={self.high}"
            )

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        """From `low` to `high`."""
        return constraints.interval(self.low, self.high)

    @property
    def mean(self) -> Tensor:
        """The middle."""
        return (self.high + self.low) / 2

    @property
    def mode(self) -> Tensor:
        """NaN: no point is denser than the others."""
        return self.high * float("nan")

    @property
    def stddev(self) -> Tensor:
        """The width over the square root of 12."""
        return (self.high - self.low) / math.sqrt(12)

    @property
    def variance(self) -> Tensor:
        """The squared width over 12."""
        return (self.high - self.low) ** 2 / 12

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: numbers in (0, 1), stretched and moved."""
        return self.low + uniform(self._extended_shape(sample_shape), self.low) * (
            self.high - self.low
        )

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density, minus infinity outside."""
        self._checked(value)
        inside = (self.low <= value) & (value < self.high)
        return inside.to(self.low.dtype).log() - (self.high - self.low).log()

    def cdf(self, value: Tensor) -> Tensor:
        """The part of the interval below `value`."""
        self._checked(value)
        return ((value - self.low) / (self.high - self.low)).clamp(0, 1)

    def icdf(self, value: Tensor) -> Tensor:
        """The point below which the given part of the interval lies."""
        return value * (self.high - self.low) + self.low

    def entropy(self) -> Tensor:
        """Logarithm of the width."""
        return (self.high - self.low).log()


class Exponential(Distribution):
    """Waiting times of events that come at `rate`: density ``rate exp(-rate x)``.

    >>> tn.distributions.Exponential(2.0).mean
    tensor(0.5000)
    """

    arg_constraints = {"rate": constraints.positive}  # noqa: RUF012
    support = constraints.nonnegative
    has_rsample = True

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """One over the rate."""
        return self.rate.reciprocal()

    @property
    def mode(self) -> Tensor:
        """0."""
        return ops.zeros_like(self.rate)

    @property
    def stddev(self) -> Tensor:
        """One over the rate."""
        return self.rate.reciprocal()

    @property
    def variance(self) -> Tensor:
        """One over the squared rate."""
        return self.rate.pow(-2)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: standard exponential numbers over the rate."""
        return -uniform(self._extended_shape(sample_shape), self.rate).log() / self.rate

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        return self.rate.log() - self.rate * value

    def cdf(self, value: Tensor) -> Tensor:
        """``1 - exp(-rate x)``."""
        self._checked(value)
        return -ops.expm1(-self.rate * value)

    def icdf(self, value: Tensor) -> Tensor:
        """``-log(1 - p) / rate``."""
        return -ops.log1p(-value) / self.rate

    def entropy(self) -> Tensor:
        """``1 - log rate``."""
        return 1 - self.rate.log()


class Laplace(Distribution):
    """Two exponentials back to back: density ``exp(-|x - loc| / scale) / (2 scale)``.

    >>> tn.distributions.Laplace(0.0, 1.0).log_prob(tn.tensor(1.0))
    tensor(-1.6931)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}  # noqa: RUF012
    support = constraints.real
    has_rsample = True

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        self.loc, self.scale = broadcast_all(loc, scale)
        super().__init__(self.loc.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """`loc`."""
        return self.loc

    @property
    def mode(self) -> Tensor:
        """`loc`."""
        return self.loc

    @property
    def variance(self) -> Tensor:
        """Twice the squared scale."""
        return 2 * self.scale**2

    @property
    def stddev(self) -> Tensor:
        """The scale times the square root of 2."""
        return math.sqrt(2) * self.scale

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: two exponential waiting times, one less the other."""
        shape = self._extended_shape(sample_shape)
        noise = (uniform(shape, self.loc) / uniform(shape, self.loc)).log()
        return self.loc + noise * self.scale

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    def cdf(self, value: Tensor) -> Tensor:
        """Area below the density up to `value`."""
        self._checked(value)
        z = (value - self.loc) / self.scale
        return 0.5 - 0.5 * z.sign() * ops.expm1(-z.abs())

    def icdf(self, value: Tensor) -> Tensor:
        """The point up to which the area is `value`."""
        term = value - 0.5
        return self.loc - self.scale * term.sign() * ops.log1p(-2 * term.abs())

    def entropy(self) -> Tensor:
        """``1 + log(2 scale)``."""
        return 1 + (2 * self.scale).log()
