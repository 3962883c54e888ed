"""Distributions made of others: batch axes read as one event, and mixtures."""

from __future__ import annotations

from typing import Any

from autotn.core.modes import no_grad
from autotn.core.tensor import Size, Tensor
from autotn.distributions import constraints
from autotn.distributions.categorical import Categorical
from autotn.distributions.distribution import Distribution, sum_last

__all__ = ["Independent", "MixtureSameFamily"]


class Independent(Distribution):
    """Another distribution, its last batch axes read as part of the event.

    >>> normal = tn.distributions.Normal(tn.zeros(3), tn.ones(3))
    >>> tn.distributions.Independent(normal, 1).log_prob(tn.zeros(3))
    tensor(-2.7568)
    """

    def __init__(
        self,
        base_distribution: Distribution,
        reinterpreted_batch_ndims: int,
        validate_args: bool | None = None,
    ) -> None:
        batch = base_distribution.batch_shape
        if reinterpreted_batch_ndims > len(batch):
            raise ValueError(
                f"Independent: reinterpreted_batch_ndims must be at most {len(batch)}, the number of batch "
                f"axes, got {reinterpreted_batch_ndims}"
            )
        split = len(batch) - reinterpreted_batch_ndims
        self.base_dist = base_distribution
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        super().__init__(
            batch[:split], batch[split:] + base_distribution.event_shape, validate_args
        )

    def expand(self, batch_shape: Any, _instance: Any = None) -> Independent:
        """The same distributions, repeated to a larger batch shape."""
        inner = self._event_shape[: self.reinterpreted_batch_ndims]
        base = self.base_dist.expand(Size(batch_shape) + inner)
        return Independent(base, self.reinterpreted_batch_ndims, self._validate_args)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """As the distribution it is made of."""
        return self.base_dist.has_rsample

    @constraints.dependent_property
    def support(self) -> Any:
        """As of the distribution it is made of, event by event."""
        inner = self.base_dist.support
        if not self.reinterpreted_batch_ndims:
            return inner
        return constraints.independent(inner, self.reinterpreted_batch_ndims)

    @property
    def mean(self) -> Tensor:
        """As of the distribution it is made of."""
        return self.base_dist.mean

    @property
    def mode(self) -> Tensor:
        """As of the distribution it is made of."""
        return self.base_dist.mode

    @property
    def variance(self) -> Tensor:
        """As of the distribution it is made of."""
        return self.base_dist.variance

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        return self.base_dist.sample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws through which gradients reach the parameters."""
        return self.base_dist.rsample(sample_shape)

    def log_prob(self, value: Tensor) -> Tensor:
        """The sum over the axes read as one event."""
        return sum_last(self.base_dist.log_prob(value), self.reinterpreted_batch_ndims)

    def entropy(self) -> Tensor:
        """The sum over the axes read as one event."""
        return sum_last(self.base_dist.entropy(), self.reinterpreted_batch_ndims)

    def __repr__(self) -> str:
        return f"Independent({self.base_dist}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamily(Distribution):
    """A draw from the component, along the last batch axis, that `mixture_distribution` picks.

    >>> D = tn.distributions
    >>> d = D.MixtureSameFamily(D.Categorical(tn.ones(2)), D.Normal(tn.tensor([-1.0, 1.0]), 1.0))
    >>> d.mean, d.variance
    (tensor(0.), tensor(2.))
    """

    def __init__(
        self,
        mixture_distribution: Categorical,
        component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                "MixtureSameFamily: mixture_distribution must be a Categorical, got "
                f"{type(mixture_distribution).__name__}"
            )
        mixture, parts = mixture_distribution, component_distribution
        if not isinstance(parts, Distribution):
            raise ValueError(
                "MixtureSameFamily: component_distribution must be a Distribution, got "
                f"{type(parts).__name__}"
            )
        count = mixture.param_shape[-1]
        if not parts.batch_shape or parts.batch_shape[-1] != count:
            raise ValueError(
                f"MixtureSameFamily: the mixture has {count} components, the component distribution's batch "
                f"shape is {tuple(parts.batch_shape)}; its last axis must count the components"
            )
        for given, wanted in zip(reversed(mixture.batch_shape), reversed(parts.batch_shape[:-1])):
            if given not in (1, wanted) and wanted != 1:
                raise ValueError(
                    f"MixtureSameFamily: mixture batch shape {tuple(mixture.batch_shape)} does not fit the "
                    f"components' {tuple(parts.batch_shape[:-1])}"
                )
        self._mixture_distribution = mixture
        self._component_distribution = parts
        self._num_component = count
        super().__init__(parts.batch_shape[:-1], parts.event_shape, validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> MixtureSameFamily:
        """The same distributions, repeated to a larger batch shape."""
        shape = Size(batch_shape)
        return MixtureSameFamily(
            self._mixture_distribution.expand(shape),
            self._component_distribution.expand(shape + Size((self._num_component,))),
            self._validate_args,
        )

    @constraints.dependent_property
    def support(self) -> Any:
        """Left open where the components' supports differ: each component checks its own."""
        inside = self._component_distribution.support
        return constraints.dependent if hasattr(inside, "lower_bound") else inside

    @property
    def mixture_distribution(self) -> Categorical:
        """What picks the component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        """The components, along the last batch axis."""
        return self._component_distribution

    def _weights(self) -> Tensor:
        probs = self._mixture_distribution.probs
        return probs.reshape(*probs.shape, *[1] * len(self._event_shape))

    @property
    def _axis(self) -> int:
        """The components' axis in a tensor of parameters or draws."""
        return -1 - len(self._event_shape)

    @property
    def mean(self) -> Tensor:
        """The components' means, weighted."""
        return (self._weights() * self._component_distribution.mean).sum(self._axis)

    @property
    def variance(self) -> Tensor:
        """The mean variance of the components and the variance of their means."""
        weights, means = self._weights(), self._component_distribution.mean
        spread = (means - self.mean.unsqueeze(self._axis)) ** 2
        return (weights * (self._component_distribution.variance + spread)).sum(self._axis)

    def cdf(self, value: Tensor) -> Tensor:
        """The components' areas, weighted."""
        areas = self._component_distribution.cdf(value.unsqueeze(self._axis))
        return (areas * self._mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the weighted sum of the components' densities."""
        self._checked(value)
        densities = self._component_distribution.log_prob(value.unsqueeze(self._axis))
        return (densities + self._mixture_distribution.logits.log_softmax(-1)).logsumexp(-1)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws from all components, of which the picked ones are kept."""
        with no_grad():
            shape = Size(sample_shape) + self._batch_shape
            picked = self._mixture_distribution.expand(self._batch_shape).sample(sample_shape)
            drawn = self._component_distribution.sample(sample_shape)
            index = picked.reshape(*shape, 1, *[1] * len(self._event_shape))
            index = index.expand(*shape, 1, *self._event_shape)
            return drawn.gather(len(shape), index).squeeze(len(shape))

    def __repr__(self) -> str:
        return f"MixtureSameFamily({self.mixture_distribution}, {self.component_distribution})"
