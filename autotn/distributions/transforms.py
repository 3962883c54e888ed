"""Maps between sets of numbers that know how they stretch volumes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from autotn import ops
from autotn.core.tensor import Tensor
from autotn.distributions import constraints
from autotn.distributions.distribution import sum_last
from autotn.ops.activation import softplus

__all__ = [
    "AbsTransform", "AffineTransform", "ComposeTransform", "CumulativeDistributionTransform", "ExpTransform",
    "IndependentTransform", "PowerTransform", "SigmoidTransform", "SoftplusTransform", "TanhTransform", "Transform",
    "identity_transform",
]  # fmt: skip


class Transform:
    """A map from `domain` to `codomain`.

    A subclass writes ``_call`` and, where they exist, ``_inverse`` and ``log_abs_det_jacobian``.
    With ``cache_size=1`` the last value is remembered, so that the inverse of a result is exact.

    >>> t = tn.distributions.ExpTransform()
    >>> t(tn.tensor(0.0)), t.inv(tn.tensor(1.0))
    (tensor(1.), tensor(0.))
    """

    bijective: Any = False
    domain: Any = constraints.real
    codomain: Any = constraints.real

    def __init__(self, cache_size: int = 0) -> None:
        if cache_size not in (0, 1):
            raise ValueError(f"{type(self).__name__}: cache_size must be 0 or 1, got {cache_size}")
        self._cache_size = cache_size
        self._cached: tuple[Any, Any] = (None, None)

    @property
    def sign(self) -> Any:
        """1 for a map that rises everywhere, −1 for one that falls."""
        raise NotImplementedError(f"{type(self).__name__} neither rises nor falls everywhere")

    @property
    def inv(self) -> Transform:
        """The map back."""
        return _Inverse(self)

    def __call__(self, x: Tensor) -> Tensor:
        """The map's value."""
        if self._cache_size and x is self._cached[0]:
            return self._cached[1]
        y = self._call(x)
        if self._cache_size:
            self._cached = (x, y)
        return y

    def _inv_call(self, y: Tensor) -> Tensor:
        if self._cache_size and y is self._cached[1]:
            return self._cached[0]
        x = self._inverse(y)
        if self._cache_size:
            self._cached = (x, y)
        return x

    def _call(self, x: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no _call")

    def _inverse(self, y: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no inverse")

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of how much volume grows at `x`, where the value is `y`."""
        raise NotImplementedError(f"{type(self).__name__} has no log_abs_det_jacobian")

    def forward_shape(self, shape: Any) -> Any:
        """The shape of the value for an argument of `shape`."""
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """The shape of the argument for a value of `shape`."""
        return shape

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._settings() == other._settings()

    __hash__ = object.__hash__

    def _settings(self) -> Any:
        return ()

    def __repr__(self) -> str:
        return type(self).__name__ + "()"


class _Inverse(Transform):
    def __init__(self, forward: Transform) -> None:
        super().__init__()
        self._forward = forward
        self.bijective = forward.bijective
        self.domain, self.codomain = forward.codomain, forward.domain

    @property
    def sign(self) -> Any:
        return self._forward.sign

    @property
    def inv(self) -> Transform:
        return self._forward

    def __call__(self, x: Tensor) -> Tensor:
        return self._forward._inv_call(x)

    def _inv_call(self, y: Tensor) -> Tensor:
        return self._forward(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -self._forward.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: Any) -> Any:
        return self._forward.inverse_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self._forward.forward_shape(shape)

    def _settings(self) -> Any:
        return (type(self._forward), self._forward._settings())


class ComposeTransform(Transform):
    """One map after another, the first of `parts` first."""

    def __init__(self, parts: Sequence[Transform], cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.parts = list(parts)
        self.bijective = all(part.bijective for part in self.parts)
        if self.parts:
            # An event must have enough axes for every part, whichever end is asked about.
            axes = max(max(p.domain.event_dim, p.codomain.event_dim) for p in self.parts)
            self.domain = _with_axes(self.parts[0].domain, axes)
            self.codomain = _with_axes(self.parts[-1].codomain, axes)

    @property
    def sign(self) -> Any:
        """The product of the parts' signs."""
        product: Any = 1
        for part in self.parts:
            product = product * part.sign
        return product

    def _call(self, x: Tensor) -> Tensor:
        for part in self.parts:
            x = part(x)
        return x

    def _inverse(self, y: Tensor) -> Tensor:
        for part in reversed(self.parts):
            y = part._inv_call(y)
        return y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """The sum over the parts."""
        total: Any = ops.zeros_like(sum_last(x, self.domain.event_dim))
        for part in self.parts:
            following = part(x)
            extra = self.domain.event_dim - part.domain.event_dim
            total = total + sum_last(part.log_abs_det_jacobian(x, following), extra)
            x = following
        return total

    def _settings(self) -> Any:
        return self.parts


def _with_axes(constraint: Any, axes: int) -> Any:
    missing = axes - constraint.event_dim
    return constraints.independent(constraint, missing) if missing else constraint


class IndependentTransform(Transform):
    """Another map, with more of the last axes counted to one event."""

    def __init__(
        self, base_transform: Transform, reinterpreted_batch_ndims: int, cache_size: int = 0
    ) -> None:
        super().__init__(cache_size)
        self.base_transform = base_transform
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims
        self.bijective = base_transform.bijective
        self.domain = constraints.independent(base_transform.domain, reinterpreted_batch_ndims)
        self.codomain = constraints.independent(base_transform.codomain, reinterpreted_batch_ndims)

    @property
    def sign(self) -> Any:
        """As of the map it is made of."""
        return self.base_transform.sign

    def _call(self, x: Tensor) -> Tensor:
        return self.base_transform(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return self.base_transform._inv_call(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """The sum over the added axes."""
        inner = self.base_transform.log_abs_det_jacobian(x, y)
        return sum_last(inner, self.reinterpreted_batch_ndims)

    def _settings(self) -> Any:
        return (self.base_transform, self.reinterpreted_batch_ndims)


class _Rising(Transform):
    bijective = True
    sign = 1


class ExpTransform(_Rising):
    """``exp x``."""

    codomain = constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return x.exp()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """``x``."""
        return x


class PowerTransform(Transform):
    """``x ** exponent`` for positive numbers."""

    domain = constraints.positive
    codomain = constraints.positive
    bijective = True

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.exponent = exponent if isinstance(exponent, Tensor) else ops.tensor(float(exponent))

    @property
    def sign(self) -> Any:
        """The sign of the exponent."""
        return self.exponent.sign()

    def _call(self, x: Tensor) -> Tensor:
        return x**self.exponent

    def _inverse(self, y: Tensor) -> Tensor:
        return y ** (1 / self.exponent)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """``log |exponent y / x|``."""
        return (self.exponent * y / x).abs().log()

    def _settings(self) -> Any:
        return self.exponent.tolist()


class SigmoidTransform(_Rising):
    """``1 / (1 + exp(-x))``."""

    codomain = constraints.unit_interval

    def _call(self, x: Tensor) -> Tensor:
        return ops.sigmoid(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log() - ops.log1p(-y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """``log y (1 - y)``, from `x`."""
        return -softplus(-x) - softplus(x)


class CumulativeDistributionTransform(_Rising):
    """A draw to its place between 0 and 1, by the `cdf` of `distribution`.

    >>> t = tn.distributions.CumulativeDistributionTransform(tn.distributions.Normal(0.0, 1.0))
    >>> t(tn.tensor(0.0))
    tensor(0.5000)
    """

    codomain = constraints.unit_interval

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.distribution = distribution

    @property
    def domain(self) -> Any:
        """Where the distribution lies."""
        return self.distribution.support

    def _call(self, x: Tensor) -> Tensor:
        return self.distribution.cdf(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return self.distribution.icdf(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """The logarithm of the density."""
        return self.distribution.log_prob(x)


class TanhTransform(_Rising):
    """``tanh x``."""

    codomain = constraints.interval(-1.0, 1.0)

    def _call(self, x: Tensor) -> Tensor:
        return x.tanh()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.atanh()

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """``log(1 - y²)``, from `x`, where y would round to 1."""
        return 2 * (math.log(2) - x - softplus(-2 * x))


class SoftplusTransform(_Rising):
    """``log(1 + exp x)``."""

    codomain = constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return softplus(x)

    def _inverse(self, y: Tensor) -> Tensor:
        return (-ops.expm1(-y)).log() + y

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Logarithm of the sigmoid."""
        return -softplus(-x)


class AbsTransform(Transform):
    """``|x|``; its inverse answers with the positive number."""

    codomain = constraints.positive

    def _call(self, x: Tensor) -> Tensor:
        return x.abs()

    def _inverse(self, y: Tensor) -> Tensor:
        return y


class AffineTransform(Transform):
    """``loc + scale * x``, where the last `event_dim` axes are one event."""

    bijective = True

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        self.loc, self.scale, self._event_dim = loc, scale, event_dim
        self.domain = self.codomain = _with_axes(constraints.real, event_dim)

    @property
    def event_dim(self) -> int:
        """The number of last axes that are one event."""
        return self._event_dim

    @property
    def sign(self) -> Any:
        """The sign of the scale."""
        if isinstance(self.scale, Tensor):
            return self.scale.sign()
        return (self.scale > 0) - (self.scale < 0)

    def _call(self, x: Tensor) -> Tensor:
        return self.loc + self.scale * x

    def _inverse(self, y: Tensor) -> Tensor:
        return (y - self.loc) / self.scale

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """``log |scale|``, summed over the event."""
        if isinstance(self.scale, Tensor):
            stretch = ops.broadcast_tensors(self.scale.abs().log(), x)[0]
        else:
            stretch = ops.full(x.shape, math.log(abs(self.scale)), dtype=x.dtype)
        return sum_last(stretch, self._event_dim)

    def _settings(self) -> Any:
        return [s.tolist() if isinstance(s, Tensor) else s for s in (self.loc, self.scale)]


identity_transform = ComposeTransform([])
