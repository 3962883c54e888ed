"""Draws of one class among several, and counts of such draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn import ops
from autotn.core.dtypes import finfo
from autotn.core.modes import no_grad
from autotn.core.random import numpy_generator
from autotn.core.tensor import Size, Tensor, wrap
from autotn.distributions import constraints
from autotn.distributions.discrete import one_of
from autotn.distributions.distribution import Distribution, lazy
from autotn.ops.embedding import one_hot

__all__ = ["Categorical", "Multinomial", "OneHotCategorical"]


class Categorical(Distribution):
    """Classes 0, 1, …, with probabilities in proportion to the last axis of `probs` (or ``exp(logits)``).

    >>> tn.distributions.Categorical(tn.tensor([1.0, 3.0])).log_prob(tn.tensor(1))
    tensor(-0.2877)
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}  # noqa: RUF012
    has_enumerate_support = True

    def __init__(
        self,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        name = one_of("Categorical", probs, logits)
        given: Any = probs if name == "probs" else logits
        if given.dim() < 1:
            raise ValueError(f"Categorical: {name} must have at least one axis, got a 0-d tensor")
        checking = self._validate_args if validate_args is None else validate_args
        if name == "probs":
            if checking and not ((given >= 0).all() and (given.sum(-1) > 0).all()):
                raise ValueError(
                    "Categorical: probs must not be negative nor sum to 0 (they are divided by their sum), "
                    f"got\n{given}"
                )
            self.__dict__["probs"] = given / given.sum(-1, True)
        else:
            self.__dict__["logits"] = given - given.logsumexp(-1, True)
        self._num_events = given.shape[-1]
        super().__init__(given.shape[:-1], validate_args=validate_args)

    @lazy
    def logits(self) -> Tensor:
        """Logarithms of the probabilities."""
        eps = finfo(self.probs.dtype).eps
        return self.probs.clamp(eps, 1 - eps).log()

    @lazy
    def probs(self) -> Tensor:
        """Probabilities, that sum to 1."""
        return self.logits.softmax(-1)

    @property
    def _param(self) -> Tensor:
        return getattr(self, "probs" if "probs" in self.__dict__ else "logits")

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter that was given."""
        return self._param.shape

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        """All classes."""
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def mean(self) -> Tensor:
        """NaN: classes have no mean."""
        return ops.full(self._batch_shape, float("nan"), dtype=self.probs.dtype)

    @property
    def mode(self) -> Tensor:
        """The likeliest class."""
        return self.probs.argmax(-1)

    @property
    def variance(self) -> Tensor:
        """NaN: classes have no variance."""
        return self.mean

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws: the first class up to which the probabilities exceed a uniform number."""
        shape = Size(sample_shape) + self._batch_shape
        sums = self.probs._data.cumsum(-1, dtype=np.float64)
        points = numpy_generator(None).random(tuple(shape))[..., None] * sums[..., -1:]
        return wrap(np.asarray((sums <= points).sum(-1, dtype=np.int64)))

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the probability of class `value`."""
        self._checked(value)
        index, logits = value.long().unsqueeze(-1), self.logits
        shape = np.broadcast_shapes(index.shape[:-1], logits.shape[:-1])
        index, logits = index.expand(*shape, 1), logits.expand(*shape, self._num_events)
        return logits.gather(-1, index).squeeze(-1)

    def entropy(self) -> Tensor:
        """``-Σ p log p``."""
        logits = self.logits.clamp(min=finfo(self.logits.dtype).min)
        return -(logits * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All classes."""
        return self._enumerated(self._num_events, ops.arange(0), expand)


class _OfCategorical(Distribution):
    """What distributions over vectors with one element per class share."""

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}  # noqa: RUF012
    _categorical: Categorical

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions, repeated to a larger batch shape."""
        new = super().expand(batch_shape)
        new._categorical = self._categorical.expand(batch_shape)
        return new

    @property
    def probs(self) -> Tensor:
        """Probabilities of the classes."""
        return self._categorical.probs

    @property
    def logits(self) -> Tensor:
        """Logarithms of the probabilities."""
        return self._categorical.logits

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter that was given."""
        return self._categorical.param_shape


class OneHotCategorical(_OfCategorical):
    """Vectors with a 1 at the class drawn and 0 elsewhere.

    >>> tn.distributions.OneHotCategorical(tn.tensor([0.0, 1.0])).sample()
    tensor([0., 1.])
    """

    support = constraints.one_hot
    has_enumerate_support = True

    def __init__(
        self,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        self._categorical = Categorical(probs, logits, validate_args)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args)

    @property
    def mean(self) -> Tensor:
        """The probabilities."""
        return self.probs

    @property
    def mode(self) -> Tensor:
        """The likeliest class."""
        return one_hot(self._categorical.mode, self._event_shape[0]).to(self.probs.dtype)

    @property
    def variance(self) -> Tensor:
        """``p (1 - p)``."""
        return self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        drawn = self._categorical.sample(sample_shape)
        return one_hot(drawn, self._event_shape[0]).to(self.probs.dtype)

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the probability of the class that is marked."""
        self._checked(value)
        return self._categorical.log_prob(value.argmax(-1))

    def entropy(self) -> Tensor:
        """As of the classes."""
        return self._categorical.entropy()

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """The vectors of all classes."""
        n = self._event_shape[0]
        eye = ops.eye(n, dtype=self.probs.dtype)
        values = eye.reshape(n, *[1] * len(self._batch_shape), n)
        return values.expand((n, *self._batch_shape, n)) if expand else values


class Multinomial(_OfCategorical):
    """How often each class comes up in `total_count` draws.

    >>> d = tn.distributions.Multinomial(4, tn.tensor([1.0, 1.0]))
    >>> d.log_prob(tn.tensor([2.0, 2.0])).exp()
    tensor(0.3750)
    """

    def __init__(
        self,
        total_count: int = 1,
        probs: Tensor | None = None,
        logits: Tensor | None = None,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(total_count, (int, np.integer)):
            raise NotImplementedError(
                f"Multinomial: total_count must be one int, got {type(total_count).__name__}"
            )
        self.total_count = int(total_count)
        self._categorical = Categorical(probs, logits, validate_args)
        shape = self._categorical.param_shape
        super().__init__(shape[:-1], shape[-1:], validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=1)
    def support(self) -> Any:
        """Counts that sum to `total_count`."""
        return constraints.multinomial(self.total_count)

    @property
    def mean(self) -> Tensor:
        """``n p``."""
        return self.probs * self.total_count

    @property
    def variance(self) -> Tensor:
        """``n p (1 - p)``."""
        return self.total_count * self.probs * (1 - self.probs)

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws."""
        with no_grad():
            shape = self._extended_shape(sample_shape)
            p = self.probs._data.astype(np.float64)
            p = np.broadcast_to(p / p.sum(-1, keepdims=True), tuple(shape))
            drawn = numpy_generator(None).multinomial(self.total_count, p)
            return wrap(np.asarray(drawn).astype(self.probs._data.dtype))

    def log_prob(self, value: Tensor) -> Tensor:
        """Logarithm of the probability."""
        self._checked(value)
        impossible = (value == 0) & (self.logits == -float("inf"))
        logits = ops.where(impossible, 0, self.logits)
        ways = ops.lgamma(value.sum(-1) + 1) - ops.lgamma(value + 1).sum(-1)
        return ways + (logits * value).sum(-1)

    def entropy(self) -> Tensor:
        """The sum over the counts of each class."""
        from autotn.distributions.discrete import Binomial

        n = self.total_count
        counts = Binomial(n, self.probs).enumerate_support(False)[1:]
        weights = Binomial(n, self.probs).log_prob(counts).exp()
        expected = (weights * ops.lgamma(counts + 1)).sum((0, -1))
        constant = ops.lgamma(ops.tensor(n + 1.0, dtype=self.probs.dtype))
        return n * self._categorical.entropy() - constant + expected
