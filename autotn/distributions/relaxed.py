"""Continuous stand-ins of coins and classes, through which gradients pass: Concrete numbers and their kin."""

from __future__ import annotations

import math
from typing import Any

from autotn import ops
from autotn.core.dtypes import finfo
from autotn.core.tensor import Size, Tensor
from autotn.distributions import constraints
from autotn.distributions.categorical import OneHotCategorical
from autotn.distributions.discrete import OfProbability, one_of
from autotn.distributions.distribution import broadcast_all, uniform
from autotn.distributions.transformed import TransformedDistribution
from autotn.distributions.transforms import ExpTransform, SigmoidTransform
from autotn.ops.activation import softplus

__all__ = [
    "ContinuousBernoulli", "ExpRelaxedCategorical", "LogitRelaxedBernoulli", "OneHotCategoricalStraightThrough",
    "RelaxedBernoulli", "RelaxedOneHotCategorical",
]  # fmt: skip


def _log_ratio(h: Tensor) -> Tensor:
    """``log(sinh(h) / h)``, by its series near 0."""
    near = h.abs() < 0.3
    square = ops.where(near, h, 0.0) ** 2
    series = square * (1 / 6 - square * (1 / 180 - square * (1 / 2835 - square / 37800)))
    far = ops.where(near, 1.0, h).abs()
    return ops.where(near, series, far - (2 * far).log() + ops.log1p(-(-2 * far).exp()))


class ContinuousBernoulli(OfProbability):
    r"""Numbers between 0 and 1 of density :math:`\propto p^x (1-p)^{1-x}` (Loaiza-Ganem & Cunningham 2019).

    >>> tn.distributions.ContinuousBernoulli(0.5).mean
    tensor(0.5000)
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}  # noqa: RUF012
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self,
        probs: Any = None,
        logits: Any = None,
        lims: tuple[float, float] = (0.499, 0.501),
        validate_args: bool | None = None,
    ) -> None:
        name = one_of("ContinuousBernoulli", probs, logits)
        (self.__dict__[name],) = broadcast_all(probs if name == "probs" else logits)
        super().__init__(self._given.shape, validate_args=validate_args)
        if name == "probs":
            eps = finfo(self.probs.dtype).eps
            self.__dict__["probs"] = self.probs.clamp(eps, 1 - eps)

    def _split(self) -> tuple[Tensor, Tensor]:
        """Where half the logit is near 0, and one that can be divided by."""
        half = self.logits / 2
        near = half.abs() < 0.3
        return near, ops.where(near, 1.0, half)

    @property
    def mean(self) -> Tensor:
        """``(1 + coth h - 1/h) / 2`` for half the logit h."""
        near, far = self._split()
        h = self.logits / 2
        s = h * h
        series = h * (1 / 3 - s * (1 / 45 - s * (2 / 945 - s * (1 / 4725 - s * 2 / 93555))))
        return 0.5 + 0.5 * ops.where(near, series, 1 / ops.tanh(far) - 1 / far)

    @property
    def variance(self) -> Tensor:
        """``(1/h² - 1/sinh² h) / 4``."""
        near, far = self._split()
        s = (self.logits / 2) ** 2
        series = 1 / 3 - s * (1 / 15 - s * (2 / 189 - s * (1 / 675 - s * 2 / 10395)))
        small = (-far.abs()).exp()
        return ops.where(near, series, 1 / far**2 - (2 * small / (1 - small**2)) ** 2) / 4

    def _log_norm(self) -> Tensor:
        """Logarithm of the integral of ``exp(logit x)``."""
        return self.logits / 2 + _log_ratio(self.logits / 2)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: the inverse of `cdf` at uniform numbers."""
        return self.icdf(uniform(self._extended_shape(sample_shape), self._given))

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        return self.logits * value - self._log_norm()

    def _mirrored(self, value: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The same question of the falling density: whether it was turned round, value, logit, flat ones."""
        turned = self.logits > 0
        slope = -self.logits.abs()
        flat = slope > -1e-4
        return turned, ops.where(turned, 1 - value, value), ops.where(flat, -1.0, slope), flat

    def cdf(self, value: Tensor) -> Tensor:
        """``expm1(logit x) / expm1(logit)``."""
        self._checked(value)
        turned, x, slope, flat = self._mirrored(value.clamp(0, 1))
        below = ops.where(flat, x, ops.expm1(slope * x) / ops.expm1(slope))
        return ops.where(turned, 1 - below, below)

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of `cdf`."""
        turned, u, slope, flat = self._mirrored(value)
        x = ops.where(flat, u, ops.log1p(u * ops.expm1(slope)) / slope)
        return ops.where(turned, 1 - x, x)

    def entropy(self) -> Tensor:
        """The logarithm of the norm, less the mean's part."""
        return self._log_norm() - self.logits * self.mean


class LogitRelaxedBernoulli(OfProbability):
    """The logarithm of the odds of a `RelaxedBernoulli` number."""

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}  # noqa: RUF012
    support = constraints.real
    has_rsample = True

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        name = one_of("LogitRelaxedBernoulli", probs, logits)
        (self.__dict__[name],) = broadcast_all(probs if name == "probs" else logits)
        self.temperature = temperature
        super().__init__(self._given.shape, validate_args=validate_args)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: logistic numbers, moved, over the temperature."""
        u = uniform(self._extended_shape(sample_shape), self._given)
        return (self.logits + u.log() - ops.log1p(-u)) / self.temperature

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        apart = self.logits - value * self.temperature
        return _log(self.temperature) + apart - 2 * softplus(apart)


def _log(temperature: Any) -> Any:
    return temperature.log() if isinstance(temperature, Tensor) else math.log(temperature)


class _Relaxed(TransformedDistribution):
    """What both relaxed families share: a base that is sent through one map."""

    has_rsample = True

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated to a larger batch shape."""
        new = object.__new__(type(self))
        new.__dict__.update(self.__dict__)
        new.base_dist = self.base_dist.expand(batch_shape)
        new._batch_shape = Size(batch_shape)
        return new

    @property
    def temperature(self) -> Any:
        """How soft the choice is: near 0, draws are near the discrete ones."""
        return self.base_dist.temperature  # type: ignore[attr-defined]

    @property
    def logits(self) -> Tensor:
        """Logarithms of the odds, or of the probabilities."""
        return self.base_dist.logits  # type: ignore[attr-defined]

    @property
    def probs(self) -> Tensor:
        """Probabilities."""
        return self.base_dist.probs  # type: ignore[attr-defined]


class RelaxedBernoulli(_Relaxed):
    """A coin that may fall in between: numbers from 0 to 1 (Maddison et al. 2017; Jang et al. 2017).

    >>> tn.distributions.RelaxedBernoulli(tn.tensor(0.5), tn.tensor([0.1, 0.9])).sample().shape
    tn.Size([2])
    """

    arg_constraints = {"probs": constraints.unit_interval, "logits": constraints.real}  # noqa: RUF012
    support = constraints.unit_interval

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        base = LogitRelaxedBernoulli(temperature, probs, logits, validate_args)
        super().__init__(base, SigmoidTransform(), validate_args)


class ExpRelaxedCategorical(OneHotCategorical):
    """The logarithm of a `RelaxedOneHotCategorical` vector."""

    support = constraints.real_vector  # type: ignore[assignment]
    has_rsample = True
    has_enumerate_support = False

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        self.temperature = temperature
        super().__init__(probs, logits, validate_args)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, without a history."""
        return self.rsample(sample_shape).detach()

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: Gumbel numbers, moved, over the temperature, normalised."""
        u = uniform(self._extended_shape(sample_shape), self.logits)
        return ops.log_softmax((self.logits - (-u.log()).log()) / self.temperature, -1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the density."""
        self._checked(value)
        k = self._event_shape[0]
        score = ops.log_softmax(self.logits - value * self.temperature, -1)
        return score.sum(-1) + math.lgamma(k) + (k - 1) * _log(self.temperature)


class RelaxedOneHotCategorical(_Relaxed):
    """A choice that may be shared: vectors of parts of 1 (Maddison et al. 2017; Jang et al. 2017).

    >>> d = tn.distributions.RelaxedOneHotCategorical(tn.tensor(0.5), tn.tensor([0.2, 0.8]))
    >>> d.event_shape
    tn.Size([2])
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}  # noqa: RUF012
    support = constraints.simplex

    def __init__(
        self,
        temperature: Any,
        probs: Any = None,
        logits: Any = None,
        validate_args: bool | None = None,
    ) -> None:
        base = ExpRelaxedCategorical(temperature, probs, logits, validate_args)
        super().__init__(base, ExpTransform(), validate_args)


class OneHotCategoricalStraightThrough(OneHotCategorical):
    """`OneHotCategorical` whose draws hand their gradient to the probabilities (Bengio et al. 2013).

    >>> p = tn.tensor([0.5, 0.5], requires_grad=True)
    >>> tn.distributions.OneHotCategoricalStraightThrough(p).rsample().requires_grad
    True
    """

    has_rsample = True

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, with the gradient of the probabilities."""
        probs = self.probs
        return self.sample(sample_shape) + (probs - probs.detach())
