"""From unconstrained numbers to a constraint: which map leads there.

``biject_to(constraint)`` is one to one; ``transform_to(constraint)`` may leave something out but is
simple enough for optimizers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autotn.distributions import constraints as c
from autotn.distributions.transforms import (
    AffineTransform,
    ComposeTransform,
    ExpTransform,
    IndependentTransform,
    SigmoidTransform,
    Transform,
    identity_transform,
)
from autotn.distributions.vector_transforms import (
    CorrCholeskyTransform,
    LowerCholeskyTransform,
    PositiveDefiniteTransform,
    SoftmaxTransform,
    StickBreakingTransform,
)

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]


class ConstraintRegistry:
    """Finds the map for a constraint; more can be registered for constraints of one's own.

    >>> D = tn.distributions
    >>> D.transform_to(D.constraints.positive)(tn.tensor(0.0))
    tensor(1.)
    """

    def __init__(self) -> None:
        self._makers: dict[type, Callable[[Any], Transform]] = {}

    def register(self, constraint: Any, factory: Callable[[Any], Transform] | None = None) -> Any:
        """Let `factory`, given a constraint of that class, make its map; also a decorator."""
        if factory is None:
            return lambda factory: self.register(constraint, factory)
        kind = constraint if isinstance(constraint, type) else type(constraint)
        if not issubclass(kind, c.Constraint):
            raise TypeError(
                f"register: expected a Constraint, an object or a class, got {constraint!r}"
            )
        self._makers[kind] = factory
        return factory

    def __call__(self, constraint: Any) -> Transform:
        """The map to `constraint`."""
        maker = self._makers.get(type(constraint))
        if maker is None:
            raise NotImplementedError(f"no map to {constraint!r} is registered")
        return maker(constraint)


biject_to, transform_to = ConstraintRegistry(), ConstraintRegistry()


def _between(constraint: Any) -> Transform:
    low, high = constraint.lower_bound, constraint.upper_bound
    if isinstance(low, (int, float)) and (low, high) == (0, 1):
        return SigmoidTransform()
    return ComposeTransform([SigmoidTransform(), AffineTransform(low, high - low)])


def _above(constraint: Any) -> Transform:
    low = constraint.lower_bound
    if isinstance(low, (int, float)) and low == 0:
        return ExpTransform()
    return ComposeTransform([ExpTransform(), AffineTransform(low, 1)])


def _register_usual(registry: ConstraintRegistry) -> None:
    """What both registries know."""
    registry.register(c.real, lambda _: identity_transform)
    registry.register(c.greater_than, _above)
    registry.register(c.greater_than_eq, _above)
    registry.register(c.interval, _between)
    registry.register(c.half_open_interval, _between)
    registry.register(
        c.less_than,
        lambda x: ComposeTransform([ExpTransform(), AffineTransform(x.upper_bound, -1)]),
    )
    registry.register(
        c.independent,
        lambda x: IndependentTransform(registry(x.base_constraint), x.reinterpreted_batch_ndims),
    )


_register_usual(biject_to)
_register_usual(transform_to)
biject_to.register(c.simplex, lambda _: StickBreakingTransform())
transform_to.register(c.simplex, lambda _: SoftmaxTransform())
for _registry in (biject_to, transform_to):
    _registry.register(c.corr_cholesky, lambda _: CorrCholeskyTransform())
transform_to.register(c.lower_cholesky, lambda _: LowerCholeskyTransform())
transform_to.register(c.positive_definite, lambda _: PositiveDefiniteTransform())
