"""Draws sent through maps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autotn.core.modes import no_grad
from autotn.core.tensor import Size, Tensor
from autotn.distributions import constraints
from autotn.distributions.composed import Independent
from autotn.distributions.distribution import Distribution, sum_last
from autotn.distributions.normal import Normal
from autotn.distributions.transforms import ComposeTransform, ExpTransform, Transform
from autotn.distributions.vector_transforms import StickBreakingTransform

__all__ = ["LogNormal", "LogisticNormal", "TransformedDistribution"]


class TransformedDistribution(Distribution):
    """What draws from `base_distribution` are after the maps in `transforms`.

    >>> D = tn.distributions
    >>> d = D.TransformedDistribution(D.Normal(0.0, 1.0), [D.AffineTransform(1.0, 2.0)])
    >>> d.log_prob(tn.tensor(1.0))
    tensor(-1.6121)
    """

    def __init__(
        self,
        base_distribution: Distribution,
        transforms: Transform | Sequence[Transform],
        validate_args: bool | None = None,
    ) -> None:
        given = [transforms] if isinstance(transforms, Transform) else list(transforms)
        if not all(isinstance(t, Transform) for t in given):
            raise ValueError(
                "TransformedDistribution: transforms must be a Transform or a list of them, got "
                f"{transforms!r}"
            )
        self.transforms = given
        chain = ComposeTransform(given)
        shape = base_distribution.batch_shape + base_distribution.event_shape
        if len(shape) < chain.domain.event_dim:
            raise ValueError(
                f"TransformedDistribution: the maps need events of at least {chain.domain.event_dim} axes, "
                f"the base distribution has {len(shape)} axes in all"
            )
        # A parameter of a map may be larger than the base: then the base is repeated.
        larger = np.broadcast_shapes(tuple(shape), tuple(_shape_after(given, shape)))
        base, events = base_distribution, len(base_distribution.event_shape)
        if larger != tuple(shape):
            base = base.expand(larger[: len(larger) - events])
        missing = chain.domain.event_dim - events
        if missing > 0:
            base = Independent(base, missing)
        self.base_dist = base
        split = len(larger) - max(chain.codomain.event_dim, events)
        super().__init__(larger[:split], larger[split:], validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated to a larger batch shape."""
        base = self.base_dist.expand(batch_shape)
        return TransformedDistribution(base, self.transforms, self._validate_args)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """As the base distribution."""
        return self.base_dist.has_rsample

    @constraints.dependent_property(is_discrete=False)
    def support(self) -> Any:
        """Where the last map ends."""
        if not self.transforms:
            return self.base_dist.support
        end = self.transforms[-1].codomain
        missing = len(self._event_shape) - end.event_dim
        return constraints.independent(end, missing) if missing > 0 else end

    def _through(self, x: Tensor) -> Tensor:
        for transform in self.transforms:
            x = transform(x)
        return x

    def _back(self, y: Tensor) -> Tensor:
        for transform in reversed(self.transforms):
            y = transform._inv_call(y)
        return y

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        with no_grad():
            return self._through(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws through which gradients reach the parameters, the maps' too."""
        return self._through(self.base_dist.rsample(sample_shape))

    def log_prob(self, value: Tensor) -> Tensor:
        """The base's, less the logarithm of how much the maps stretch volumes."""
        self._checked(value)
        axes, y, stretch = len(self._event_shape), value, 0.0
        for transform in reversed(self.transforms):
            x = transform._inv_call(y)
            extra = axes - transform.domain.event_dim
            stretch = stretch + sum_last(transform.log_abs_det_jacobian(x, y), extra)
            y = x
        base_axes = axes - len(self.base_dist.event_shape)
        return sum_last(self.base_dist.log_prob(y), base_axes) - stretch

    def _sign(self) -> Any:
        product: Any = 1
        for transform in self.transforms:
            product = product * transform.sign
        return product

    def cdf(self, value: Tensor) -> Tensor:
        """The base's at the point the maps came from; one less it where they fall."""
        self._checked(value)
        sign = self._sign()
        return sign * (self.base_dist.cdf(self._back(value)) - 0.5) + 0.5

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of `cdf`."""
        return self._through(self.base_dist.icdf(self._sign() * (value - 0.5) + 0.5))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_dist}, {self.transforms})"


def _shape_after(transforms: list[Transform], shape: Any) -> Any:
    """The shape of a draw after all maps, with the shapes of their own parameters."""
    shapes = [tuple(shape)]
    for transform in transforms:
        settings = [getattr(transform, name, None) for name in ("loc", "scale", "exponent")]
        shapes += [tuple(s.shape) for s in settings if isinstance(s, Tensor)]
    return np.broadcast_shapes(*shapes)


class LogNormal(TransformedDistribution):
    """Numbers whose logarithm is normal of mean `loc` and standard deviation `scale`.

    >>> tn.distributions.LogNormal(0.0, 1.0).mean
    tensor(1.6487)
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}  # noqa: RUF012
    support = constraints.positive

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args)
        super().__init__(base, ExpTransform(), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> LogNormal:
        """The same distributions, repeated to a larger batch shape."""
        shape = Size(batch_shape)
        return LogNormal(self.loc.expand(shape), self.scale.expand(shape), self._validate_args)

    @property
    def loc(self) -> Tensor:
        """Mean of the logarithm."""
        return self.base_dist.loc  # type: ignore[attr-defined]

    @property
    def scale(self) -> Tensor:
        """Standard deviation of the logarithm."""
        return self.base_dist.scale  # type: ignore[attr-defined]

    @property
    def mean(self) -> Tensor:
        """``exp(loc + scale² / 2)``."""
        return (self.loc + self.scale**2 / 2).exp()

    @property
    def mode(self) -> Tensor:
        """``exp(loc - scale²)``."""
        return (self.loc - self.scale**2).exp()

    @property
    def variance(self) -> Tensor:
        """``(exp(scale²) - 1) exp(2 loc + scale²)``."""
        square = self.scale**2
        return square.expm1() * (2 * self.loc + square).exp()

    def entropy(self) -> Tensor:
        """The normal distribution's, and `loc`."""
        return self.base_dist.entropy() + self.loc


class LogisticNormal(TransformedDistribution):
    """Vectors of parts of 1: normal numbers that break a stick, so one part more than numbers.

    >>> tn.distributions.LogisticNormal(tn.zeros(3), tn.ones(3)).event_shape
    tn.Size([4])
    """

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}  # noqa: RUF012
    support = constraints.simplex

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = Normal(loc, scale, validate_args)
        if not base.batch_shape:
            base = base.expand((1,))
        super().__init__(base, StickBreakingTransform(), validate_args)
        self._event_shape = Size((self.loc.shape[-1] + 1,))

    def expand(self, batch_shape: Any, _instance: Any = None) -> LogisticNormal:
        """The same distributions, repeated to a larger batch shape."""
        shape = Size(batch_shape) + self.loc.shape[-1:]
        return LogisticNormal(self.loc.expand(shape), self.scale.expand(shape), self._validate_args)

    @property
    def loc(self) -> Tensor:
        """Means of the normal numbers."""
        return self.base_dist.base_dist.loc  # type: ignore[attr-defined]

    @property
    def scale(self) -> Tensor:
        """Standard deviations of the normal numbers."""
        return self.base_dist.base_dist.scale  # type: ignore[attr-defined]
