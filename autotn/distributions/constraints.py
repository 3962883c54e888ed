"""Sets of values: where a parameter may lie, and where a distribution has its probability."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autotn import ops
from autotn.core.dtypes import finfo
from autotn.core.tensor import Tensor
from autotn.errors import LinAlgError

__all__ = [
    "Constraint", "boolean", "corr_cholesky", "dependent", "dependent_property", "greater_than", "greater_than_eq",
    "half_open_interval", "independent", "integer_interval", "interval", "is_dependent", "less_than",
    "lower_cholesky", "lower_triangular", "multinomial", "nonnegative", "nonnegative_integer", "one_hot",
    "positive", "positive_definite", "positive_integer", "positive_semidefinite", "real", "real_vector",
    "simplex", "square", "symmetric", "unit_interval",
]  # fmt: skip


class Constraint:
    """A set of values: `check` says, event by event, whether a value lies in it.

    `event_dim` is the number of last axes that make one event, and `is_discrete` whether the
    set is countable.

    >>> tn.distributions.constraints.positive.check(tn.tensor([-1.0, 2.0]))
    tensor([False,  True])
    """

    is_discrete: Any = False
    event_dim: Any = 0

    def check(self, value: Tensor) -> Tensor:
        """Whether each event of `value` lies in the set."""
        raise NotImplementedError(f"{type(self).__name__}.check is not defined")

    def __repr__(self) -> str:
        return type(self).__name__.lstrip("_") + "()"


class _Dependent(Constraint):
    """A set that depends on other values, so that nothing can be checked alone."""

    def __init__(self, *, is_discrete: Any = None, event_dim: Any = None) -> None:
        self.is_discrete = is_discrete
        self.event_dim = event_dim

    def __call__(self, *, is_discrete: Any = None, event_dim: Any = None) -> _Dependent:
        """The same with what is known about it."""
        return _Dependent(
            is_discrete=self.is_discrete if is_discrete is None else is_discrete,
            event_dim=self.event_dim if event_dim is None else event_dim,
        )

    def check(self, value: Tensor) -> Tensor:
        """Refused: the set is not known."""
        raise ValueError("cannot check whether a value lies in a dependent constraint")


def is_dependent(constraint: Any) -> bool:
    """Whether a constraint depends on other values and so cannot be checked alone."""
    return isinstance(constraint, _Dependent)


class dependent_property(property, _Dependent):
    """A property of a distribution that is a constraint: on the class it is a dependent one."""

    def __init__(
        self,
        fn: Callable[..., Any] | None = None,
        *,
        is_discrete: Any = None,
        event_dim: Any = None,
    ) -> None:
        property.__init__(self, fn)
        _Dependent.__init__(self, is_discrete=is_discrete, event_dim=event_dim)

    def __call__(self, fn: Any = None, **known: Any) -> Any:
        """Decorate a method, after ``@dependent_property(is_discrete=…, event_dim=…)``."""
        return dependent_property(fn, is_discrete=self.is_discrete, event_dim=self.event_dim)


class independent(Constraint):
    """Another set, with more of the last axes counted to one event."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint = base_constraint
        self.reinterpreted_batch_ndims = reinterpreted_batch_ndims

    @property
    def is_discrete(self) -> Any:
        """As the set it is made of."""
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> Any:
        """The axes of the set it is made of and the added ones."""
        return self.base_constraint.event_dim + self.reinterpreted_batch_ndims

    def check(self, value: Tensor) -> Tensor:
        """Whether all parts of each event lie in the set."""
        inside = self.base_constraint.check(value)
        if inside.dim() < self.reinterpreted_batch_ndims:
            raise ValueError(
                f"independent: expected at least {self.event_dim} axes, got {value.dim()}"
            )
        kept = inside.shape[: inside.dim() - self.reinterpreted_batch_ndims]
        return inside.reshape(*kept, -1).all(-1)

    def __repr__(self) -> str:
        return f"independent({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class _Boolean(Constraint):
    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return (value == 0) | (value == 1)


class _OneHot(Constraint):
    is_discrete = True
    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return ((value == 0) | (value == 1)).all(-1) & (value.sum(-1) == 1)


class _Bounded(Constraint):
    """A set with a lower bound, an upper bound, or both."""

    def __init__(self, lower_bound: Any = None, upper_bound: Any = None) -> None:
        self.lower_bound = lower_bound
        self.upper_bound = upper_bound

    def __repr__(self) -> str:
        bounds = [
            f"{name}={bound}"
            for name in ("lower_bound", "upper_bound")
            if (bound := getattr(self, name)) is not None
        ]
        return f"{type(self).__name__.lstrip('_')}({', '.join(bounds)})"


class integer_interval(_Bounded):
    """Integers from `lower_bound` to `upper_bound`, both counted."""

    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        """Whether each value lies in the set."""
        return (value % 1 == 0) & (self.lower_bound <= value) & (value <= self.upper_bound)


class _IntegerAtLeast(_Bounded):
    is_discrete = True

    def check(self, value: Tensor) -> Tensor:
        return (value % 1 == 0) & (value >= self.lower_bound)


class _Real(Constraint):
    def check(self, value: Tensor) -> Tensor:
        return value == value  # only NaN differs from itself


class greater_than(_Bounded):
    """Numbers above `lower_bound`."""

    def check(self, value: Tensor) -> Tensor:
        """Whether each value lies in the set."""
        return value > self.lower_bound


class greater_than_eq(_Bounded):
    """Numbers not below `lower_bound`."""

    def check(self, value: Tensor) -> Tensor:
        """Whether each value lies in the set."""
        return value >= self.lower_bound


class less_than(_Bounded):
    """Numbers below `upper_bound`."""

    def __init__(self, upper_bound: Any) -> None:
        super().__init__(upper_bound=upper_bound)

    def check(self, value: Tensor) -> Tensor:
        """Whether each value lies in the set."""
        return value < self.upper_bound


class interval(_Bounded):
    """Numbers from `lower_bound` to `upper_bound`, both counted."""

    def check(self, value: Tensor) -> Tensor:
        """Whether each value lies in the set."""
        return (value >= self.lower_bound) & (value <= self.upper_bound)


class half_open_interval(_Bounded):
    """Numbers from `lower_bound` up to, not including, `upper_bound`."""

    def check(self, value: Tensor) -> Tensor:
        """Whether each value lies in the set."""
        return (value >= self.lower_bound) & (value < self.upper_bound)


class _Simplex(Constraint):
    event_dim = 1

    def check(self, value: Tensor) -> Tensor:
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6)


class multinomial(Constraint):
    """Counts that sum to `upper_bound`."""

    is_discrete = True
    event_dim = 1

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def check(self, value: Tensor) -> Tensor:
        """Whether each vector of counts lies in the set."""
        return (value >= 0).all(-1) & (value.sum(-1) <= self.upper_bound)


class _Matrix(Constraint):
    event_dim = 2


class _LowerTriangular(_Matrix):
    def check(self, value: Tensor) -> Tensor:
        return (ops.tril(value) == value).all(-1).all(-1)


class _LowerCholesky(_Matrix):
    def check(self, value: Tensor) -> Tensor:
        lower = (ops.tril(value) == value).all(-1).all(-1)
        return lower & (value.diagonal(dim1=-2, dim2=-1) > 0).all(-1)


class _CorrCholesky(_LowerCholesky):
    def check(self, value: Tensor) -> Tensor:
        lengths = (value.detach() ** 2).sum(-1).sqrt()
        slack = finfo(value.dtype).eps * value.shape[-1] * 10
        return super().check(value) & ((lengths - 1).abs() <= slack).all(-1)


class _Square(_Matrix):
    def check(self, value: Tensor) -> Tensor:
        return ops.full(value.shape[:-2], value.shape[-2] == value.shape[-1])


class _Symmetric(_Square):
    def check(self, value: Tensor) -> Tensor:
        square = super().check(value)
        if not square.all():
            return square
        return ops.isclose(value, value.mT, atol=1e-6).all(-1).all(-1)


def _eigenvalues(value: Tensor) -> Tensor:
    try:
        return ops.linalg_eigvalsh(value)
    except LinAlgError:
        return ops.full(value.shape[:-1], float("nan"))


class _PositiveSemidefinite(_Symmetric):
    def check(self, value: Tensor) -> Tensor:
        symmetric = super().check(value)
        return (_eigenvalues(value) >= 0).all(-1) if symmetric.all() else symmetric


class _PositiveDefinite(_Symmetric):
    def check(self, value: Tensor) -> Tensor:
        symmetric = super().check(value)
        return (_eigenvalues(value) > 0).all(-1) if symmetric.all() else symmetric


dependent = _Dependent()
boolean = _Boolean()
one_hot = _OneHot()
nonnegative_integer = _IntegerAtLeast(0)
positive_integer = _IntegerAtLeast(1)
real = _Real()
real_vector = independent(real, 1)
positive = greater_than(0.0)
nonnegative = greater_than_eq(0.0)
unit_interval = interval(0.0, 1.0)
simplex = _Simplex()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()
