"""Distributions of counts: Bernoulli, geometric, Poisson, binomial."""

from __future__ import annotations

from typing import Any

from autotn import ops
from autotn.core.modes import no_grad
from autotn.core.tensor import Size, Tensor
from autotn.distributions import constraints
from autotn.distributions.distribution import (
    Distribution,
    broadcast_all,
    drawn_without_history,
    lazy,
    uniform,
)
from autotn.distributions.gamma_draws import standard_gamma

__all__ = ["Bernoulli", "Binomial", "Geometric", "NegativeBinomial", "Poisson"]


def one_of(owner: str, probs: Any, logits: Any) -> str:
    """Which of the two ways to say a probability was used."""
    if (probs is None) == (logits is None):
        raise ValueError(f"{owner}: exactly one of probs and logits must be given")
    return "probs" if logits is None else "logits"


def logits_of(probs: Tensor) -> Tensor:
    """``log(p / (1 - p))``, finite at both ends."""
    from autotn.core.dtypes import finfo

    eps = finfo(probs.dtype).eps
    inside = probs.clamp(eps, 1 - eps)
    return inside.log() - ops.log1p(-inside)


class OfProbability(Distribution):
    """What the distributions made of tries with two outcomes share."""

    @lazy
    def logits(self) -> Tensor:
        """Logarithm of the odds."""
        return logits_of(self.probs)

    @lazy
    def probs(self) -> Tensor:
        """Probability of a success."""
        return ops.sigmoid(self.logits)

    @property
    def _given(self) -> Tensor:
        return getattr(self, "probs" if "probs" in self.__dict__ else "logits")

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter that was given."""
        return self._given.shape


def log_likelihood(value: Tensor, logits: Tensor, tries: Any = 1) -> Tensor:
    """``value log p + (tries - value) log(1 - p)``, from the logits."""
    softplus = ops.logaddexp(logits, ops.zeros_like(logits))
    return value * logits - tries * softplus


class Bernoulli(OfProbability):
    """1 with probability `probs`, else 0.

    >>> tn.distributions.Bernoulli(0.25).log_prob(tn.tensor([0.0, 1.0]))
    tensor([-0.2877, -1.3863])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}  # noqa: RUF012
    support = constraints.boolean
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        name = one_of("Bernoulli", probs, logits)
        (self.__dict__[name],) = broadcast_all(probs if name == "probs" else logits)
        super().__init__(self._given.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """The probability of 1."""
        return self.probs

    @property
    def mode(self) -> Tensor:
        """The likelier value, NaN at one half."""
        mode = (self.probs >= 0.5).to(self.probs.dtype)
        return ops.where(self.probs == 0.5, float("nan"), mode)

    @property
    def variance(self) -> Tensor:
        """``p (1 - p)``."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws of 0 and 1."""
        with no_grad():
            p = drawn_without_history(self.probs, self._extended_shape(sample_shape))
            return ops.bernoulli(p)

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the probability."""
        self._checked(value)
        return log_likelihood(value, self.logits)

    def entropy(self) -> Tensor:
        """``-p log p - (1 - p) log(1 - p)``."""
        return -log_likelihood(self.probs, self.logits)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """0 and 1."""
        return self._enumerated(2, self._given, expand)


class Geometric(OfProbability):
    """How many failures come before the first success.

    >>> tn.distributions.Geometric(0.25).mean
    tensor(3.)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}  # noqa: RUF012
    support = constraints.nonnegative_integer

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        name = one_of("Geometric", probs, logits)
        (self.__dict__[name],) = broadcast_all(probs if name == "probs" else logits)
        super().__init__(self._given.shape, validate_args=validate_args)
        if self._validate_args and name == "probs" and not (self.probs > 0).all():
            raise ValueError(f"Geometric: probs must be greater than 0, got {self.probs}")

    @property
    def mean(self) -> Tensor:
        """``1 / p - 1``."""
        return 1 / self.probs - 1

    @property
    def mode(self) -> Tensor:
        """0."""
        return ops.zeros_like(self.probs)

    @property
    def variance(self) -> Tensor:
        """``(1 / p - 1) / p``."""
        return (1 / self.probs - 1) / self.probs

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: exponential waiting times, rounded down."""
        with no_grad():
            u = uniform(self._extended_shape(sample_shape), self._given)
            return (u.log() / ops.log1p(-self.probs)).floor()

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the probability."""
        self._checked(value)
        failure = ops.where((self.probs == 1) & (value == 0), 0, self.probs)
        return value * ops.log1p(-failure) + self.probs.log()

    def entropy(self) -> Tensor:
        """Entropy of one try, over the probability of success."""
        return -log_likelihood(self.probs, self.logits) / self.probs


class Poisson(Distribution):
    r"""Counts of events that come at `rate`: probability :math:`\lambda^k e^{-\lambda} / k!`.

    >>> tn.distributions.Poisson(4.0).log_prob(tn.tensor(2.0))
    tensor(-1.9206)
    """

    arg_constraints = {"rate": constraints.nonnegative}  # noqa: RUF012
    support = constraints.nonnegative_integer

    def __init__(self, rate: Any, validate_args: bool | None = None) -> None:
        (self.rate,) = broadcast_all(rate)
        super().__init__(self.rate.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """The rate."""
        return self.rate

    @property
    def mode(self) -> Tensor:
        """The rate, rounded down."""
        return self.rate.floor()

    @property
    def variance(self) -> Tensor:
        """The rate."""
        return self.rate

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        with no_grad():
            return ops.poisson(drawn_without_history(self.rate, self._extended_shape(sample_shape)))

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the probability."""
        self._checked(value)
        value = value.to(self.rate.dtype)
        return ops.xlogy(value, self.rate) - self.rate - ops.lgamma(value + 1)


class NegativeBinomial(OfProbability):
    """How many tries succeed before `total_count` have failed; `total_count` may be any positive number.

    >>> tn.distributions.NegativeBinomial(3.0, probs=0.25).mean
    tensor(1.)
    """

    arg_constraints = {  # noqa: RUF012
        "total_count": constraints.nonnegative,
        "probs": constraints.half_open_interval(0.0, 1.0),
        "logits": constraints.real,
    }
    support = constraints.nonnegative_integer

    def __init__(
        self,
        total_count: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        name = one_of("NegativeBinomial", probs, logits)
        given = probs if name == "probs" else logits
        self.total_count, self.__dict__[name] = broadcast_all(total_count, given)
        self.total_count = self.total_count.to(self._given.dtype)
        super().__init__(self._given.shape, validate_args=validate_args)

    @property
    def mean(self) -> Tensor:
        """``n p / (1 - p)``."""
        return self.total_count * self.logits.exp()

    @property
    def mode(self) -> Tensor:
        """``(n - 1) p / (1 - p)``, rounded down, at least 0."""
        return ((self.total_count - 1) * self.logits.exp()).floor().clamp(min=0)

    @property
    def variance(self) -> Tensor:
        """``n p / (1 - p)²``."""
        return self.mean / ops.sigmoid(-self.logits)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: Poisson numbers whose rate is a gamma number."""
        with no_grad():
            shape = self._extended_shape(sample_shape)
            rate = standard_gamma(drawn_without_history(self.total_count, shape))
            return ops.poisson(rate * self.logits.exp())

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the probability."""
        self._checked(value)
        n = self.total_count
        ways = ops.lgamma(n + value) - ops.lgamma(1 + value) - ops.lgamma(n)
        none = n + value == 0
        ways = ops.where(none, 0.0, ways)
        return log_likelihood(value, self.logits, n + value) + ways


class Binomial(OfProbability):
    """How many of `total_count` tries succeed.

    >>> tn.distributions.Binomial(4, probs=tn.tensor(0.5)).log_prob(tn.tensor(2.0)).exp()
    tensor(0.3750)
    """

    arg_constraints = {  # noqa: RUF012
        "total_count": constraints.nonnegative_integer,
        "probs": constraints.unit_interval,
        "logits": constraints.real,
    }
    has_enumerate_support = True

    def __init__(
        self,
        total_count: Any = 1,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        name = one_of("Binomial", probs, logits)
        given = probs if name == "probs" else logits
        self.total_count, self.__dict__[name] = broadcast_all(total_count, given)
        self.total_count = self.total_count.to(self._given.dtype)
        super().__init__(self._given.shape, validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """From 0 to `total_count`."""
        return constraints.integer_interval(0, self.total_count)

    @property
    def mean(self) -> Tensor:
        """``n p``."""
        return self.total_count * self.probs

    @property
    def mode(self) -> Tensor:
        """``(n + 1) p``, rounded down, at most n."""
        return ops.minimum(((self.total_count + 1) * self.probs).floor(), self.total_count)

    @property
    def variance(self) -> Tensor:
        """``n p (1 - p)``."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            return ops.binomial(
                self.total_count.expand(shape), drawn_without_history(self.probs, shape)
            )

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the probability."""
        self._checked(value)
        n = self.total_count
        ways = ops.lgamma(n + 1) - ops.lgamma(value + 1) - ops.lgamma(n - value + 1)
        return ways + log_likelihood(value, self.logits, n)

    def _common_count(self, what: str) -> int:
        most = int(self.total_count.max())
        if not (self.total_count == most).all():
            raise NotImplementedError(
                f"Binomial: {what} needs one total_count for all, got {self.total_count}"
            )
        return most

    def entropy(self) -> Tensor:
        """The sum over all counts."""
        self._common_count("entropy")
        log_prob = self.log_prob(self.enumerate_support(False))
        return -(log_prob.exp() * log_prob).sum(0)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All counts from 0 to `total_count`."""
        return self._enumerated(self._common_count("enumeration") + 1, self._given, expand)
