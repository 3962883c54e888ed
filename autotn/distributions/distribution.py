"""What all distributions share: shapes, checks, and the words a distribution answers to."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from autotn import ops
from autotn.core.dtypes import get_default_dtype
from autotn.core.keywords import KnownKeywords
from autotn.core.modes import enable_grad, no_grad
from autotn.core.tensor import Size, Tensor, wrap
from autotn.distributions import constraints
from autotn.ops.stochastic import normal_array, uniform_array

__all__ = ["Distribution", "ExponentialFamily"]


class lazy:
    """A parameter worked out from another when first asked for, and kept."""

    def __init__(self, work_out: Callable[[Any], Tensor]) -> None:
        self.work_out = work_out
        self.__doc__ = work_out.__doc__
        self.name = work_out.__name__

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        # It is kept, so it must not lose its history to whoever happens to ask first.
        with enable_grad():
            value = instance.__dict__[self.name] = self.work_out(instance)
        return value


def broadcast_all(*values: Any) -> list[Tensor]:
    """Numbers and tensors as tensors of one shape; a number takes the dtype of the tensors."""
    for value in values:
        if not isinstance(value, (Tensor, int, float, np.number)):
            raise ValueError(
                f"parameters of a distribution must be numbers or tensors, got {type(value).__name__}"
            )
    like = next((v for v in values if isinstance(v, Tensor)), None)
    dtype = get_default_dtype() if like is None else like.dtype
    tensors = [v if isinstance(v, Tensor) else ops.tensor(v, dtype=dtype) for v in values]
    return list(ops.broadcast_tensors(*tensors))


def standard_normal(shape: Any, like: Tensor) -> Tensor:
    """Standard normal numbers in the dtype of `like`."""
    return wrap(normal_array(tuple(shape), like._data.dtype, None))


def uniform(shape: Any, like: Tensor) -> Tensor:
    """Uniform numbers strictly between 0 and 1, so that logarithms of them and of 1 - u are finite."""
    kind = like._data.dtype
    drawn = uniform_array(tuple(shape), kind, None)
    return wrap(np.clip(drawn, np.finfo(kind).tiny, 1 - np.finfo(kind).eps / 2))


def sum_last(value: Tensor, count: int) -> Tensor:
    """The sum over the last `count` axes."""
    return value.sum(dim=tuple(range(-count, 0))) if count else value


def drawn_without_history(value: Tensor, shape: Any) -> Tensor:
    """A parameter repeated to the shape of the samples to draw."""
    return value.detach().expand(shape)


class Distribution(KnownKeywords):
    """The base of all distributions.

    `batch_shape` counts the distributions that stand side by side, `event_shape` is the shape
    of one draw from one of them, and ``sample(s)`` has the shape ``s + batch_shape + event_shape``.
    A subclass says in `arg_constraints` what its parameters are and where they may lie.
    """

    has_rsample = False
    has_enumerate_support = False
    arg_constraints: Any = {}  # noqa: RUF012 - a property in some subclasses
    _validate_args: ClassVar[bool] = __debug__
    #: Where the probability lies.
    support: Any = constraints.dependent

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions made from now on check their parameters and values."""
        if value not in (True, False):
            raise ValueError(f"set_default_validate_args: expected True or False, got {value!r}")
        Distribution._validate_args = value

    def __init__(
        self,
        batch_shape: Any = (),
        event_shape: Any = (),
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape = Size(batch_shape)
        self._event_shape = Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args  # type: ignore[misc]
        if self._validate_args:
            self._check_parameters()

    def _check_parameters(self) -> None:
        for name, constraint in self.arg_constraints.items():
            not_given = name not in self.__dict__ and isinstance(
                getattr(type(self), name, None), lazy
            )
            if not_given or constraints.is_dependent(constraint):
                continue
            value = getattr(self, name)
            if not constraint.check(value).all():
                raise ValueError(
                    f"{type(self).__name__}: parameter {name} of shape {tuple(value.shape)} must satisfy "
                    f"the constraint {constraint!r}, got\n{value}"
                )

    def _validate_sample(self, value: Tensor) -> None:
        """Refuse a value that no draw could be."""
        name = type(self).__name__
        if not isinstance(value, Tensor):
            raise ValueError(f"{name}: the value must be a Tensor, got {type(value).__name__}")
        events = len(self._event_shape)
        if tuple(value.shape[value.dim() - events :]) != tuple(self._event_shape):
            raise ValueError(
                f"{name}: the last axes of the value must be the event shape {tuple(self._event_shape)}, "
                f"got a value of shape {tuple(value.shape)}"
            )
        expected = self._batch_shape + self._event_shape
        for given, wanted in zip(reversed(value.shape), reversed(expected)):
            if given != 1 and wanted != 1 and given != wanted:
                raise ValueError(
                    f"{name}: a value of shape {tuple(value.shape)} does not broadcast to batch shape + "
                    f"event shape {tuple(expected)}"
                )
        support = self.support
        if constraints.is_dependent(support):
            return
        if not support.check(value).all():
            raise ValueError(
                f"{name}: the value of shape {tuple(value.shape)} must lie in the support "
                f"{support!r}, got\n{value}"
            )

    def _checked(self, value: Tensor) -> None:
        if self._validate_args:
            self._validate_sample(value)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated to a larger batch shape (nothing is copied)."""
        new = copy.copy(self)
        shape = new._batch_shape = Size(batch_shape)
        for name, constraint in self.arg_constraints.items():
            value = self.__dict__.get(name)
            if isinstance(value, Tensor):
                tail = value.shape[value.dim() - constraint.event_dim :]
                new.__dict__[name] = value.expand(shape + tail)
        return new

    @property
    def batch_shape(self) -> Size:
        """The shape of distributions side by side."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one draw from one distribution."""
        return self._event_shape

    def _missing(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} has no {what}")

    @property
    def mean(self) -> Tensor:
        """The expected value."""
        raise self._missing("mean")

    @property
    def mode(self) -> Tensor:
        """The value of the highest probability or density."""
        raise self._missing("mode")

    @property
    def variance(self) -> Tensor:
        """The expected squared distance from the mean."""
        raise self._missing("variance")

    @property
    def stddev(self) -> Tensor:
        """The square root of the variance."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws, without a history."""
        with no_grad():
            return self.rsample(sample_shape).detach()

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws through which gradients reach the parameters."""
        raise self._missing("rsample: a draw is not differentiable by the parameters; use sample")

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the probability, or of the density, at `value`."""
        raise self._missing("log_prob")

    def cdf(self, value: Tensor) -> Tensor:
        """The probability of a draw not above `value`."""
        raise self._missing("cdf")

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of `cdf`."""
        raise self._missing("icdf")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values a draw can have, along the first axis."""
        raise self._missing("finite support to enumerate")

    def _enumerated(self, count: int, like: Tensor, expand: bool) -> Tensor:
        values = ops.arange(count, dtype=like.dtype).reshape(-1, *[1] * len(self._batch_shape))
        return values.expand((count, *self._batch_shape)) if expand else values

    def entropy(self) -> Tensor:
        """The expected value of ``-log_prob`` in nats."""
        raise self._missing("entropy")

    def perplexity(self) -> Tensor:
        """The exponential of the entropy."""
        return self.entropy().exp()

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size(sample_shape) + self._batch_shape + self._event_shape

    def __repr__(self) -> str:
        shown = []
        for name in self.arg_constraints:
            value = self.__dict__.get(name)
            if isinstance(value, Tensor):
                one = value.numel() == 1
                shown.append(f"{name}: {value if one else tuple(value.shape)}")
        return f"{type(self).__name__}({', '.join(shown)})"


class ExponentialFamily(Distribution):
    r"""Densities :math:`e^{\langle t(x), \theta \rangle - F(\theta) + k(x)}`: the entropy follows from F.

    A subclass gives ``_natural_params`` (θ), ``_log_normalizer`` (F) and ``_mean_carrier_measure``, the
    expected value of k.
    """

    _mean_carrier_measure: Any

    @property
    def _natural_params(self) -> tuple[Tensor, ...]:
        raise self._missing("_natural_params")

    def _log_normalizer(self, *natural_params: Tensor) -> Tensor:
        raise self._missing("_log_normalizer")

    def entropy(self) -> Tensor:
        r"""The expected value of ``-log_prob`` in nats: :math:`F - \langle \theta, F' \rangle - E[k]`."""
        from autotn.core.engine import grad

        with enable_grad():
            at = [p.detach().requires_grad_() for p in self._natural_params]
            norm = self._log_normalizer(*at)
            slopes = grad(norm.sum(), at, create_graph=True)
        result = norm - self._mean_carrier_measure
        for parameter, slope in zip(at, slopes):
            part = parameter * slope
            result = result - part.reshape((*self._batch_shape, -1)).sum(-1)
        return result
