"""Samplers: in which order a loader asks for samples.

Those that draw at random draw all their numbers when an iteration starts. So an interrupted
iteration can be repeated up to where it was without touching other random numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence, Sized
from typing import Any, Generic, TypeVar

import numpy as np

from autotn.core.random import Generator, default_generator
from autotn.core.tensor import Tensor

T_co = TypeVar("T_co", covariant=True)


class Sampler(Generic[T_co]):
    """An order of indices: subclasses define ``__iter__``, and ``__len__`` where it is known."""

    def __init__(self, data_source: Any = None) -> None:
        del data_source  # PyTorch's older subclasses hand it on

    def __iter__(self) -> Iterator[T_co]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__")


class SequentialSampler(Sampler[int]):
    """The indices in order.

    >>> list(tn.utils.data.SequentialSampler("abc"))
    [0, 1, 2]
    """

    def __init__(self, data_source: Sized) -> None:
        self.data_source = data_source

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))

    def __len__(self) -> int:
        return len(self.data_source)


def draw_seed(generator: Generator | None) -> int:
    """A seed for a stream of its own, drawn from `generator` (or this thread's default one)."""
    source = default_generator() if generator is None else generator
    return int(source.numpy.integers(0, 1 << 63))


def _stream(generator: Generator | None) -> np.random.Generator:
    """The numbers of one iteration: those of `generator`, or a stream seeded by the default one."""
    if generator is None:
        generator = Generator().manual_seed(draw_seed(None))
    return generator.numpy


def _check_count(sampler: str, num_samples: Any) -> None:
    good = isinstance(num_samples, int) and not isinstance(num_samples, bool) and num_samples > 0
    if not good:
        raise ValueError(f"{sampler}: num_samples must be a positive integer, got {num_samples!r}")


#: How many indices a random sampler draws before it gives the first.
_AT_ONCE = 1 << 20


class RandomSampler(Sampler[int]):
    """The indices in random order.

    Parameters
    ----------
    replacement : bool
        Draw each index independently, so that some come twice and some never.
    num_samples : int
        How many to draw; as many as there are samples by default.

    >>> sampler = tn.utils.data.RandomSampler(range(4), generator=tn.Generator().manual_seed(0))
    >>> sorted(sampler)
    [0, 1, 2, 3]
    """

    def __init__(
        self,
        data_source: Sized,
        replacement: bool = False,
        num_samples: int | None = None,
        generator: Generator | None = None,
    ) -> None:
        if not isinstance(replacement, bool):
            raise TypeError(f"RandomSampler: replacement must be a bool, got {replacement!r}")
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        _check_count("RandomSampler", self.num_samples)

    @property
    def num_samples(self) -> int:
        """How many indices one iteration gives."""
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self) -> Iterator[int]:
        size, wanted = len(self.data_source), self.num_samples
        stream = _stream(self.generator)
        endless = wanted > max(size, _AT_ONCE)
        if endless:  # drawn in parts, from a stream that nobody else draws from in between
            stream = np.random.default_rng(int(stream.integers(1 << 63)))
        parts: Iterable[Any]
        if self.replacement:
            starts = range(0, wanted, _AT_ONCE)
            parts = (stream.integers(0, size, min(_AT_ONCE, wanted - k)) for k in starts)
        else:
            parts = (stream.permutation(size) for _ in range(-(-wanted // size)))
        if not endless:
            parts = list(parts)
        yield from itertools.islice((i for part in parts for i in part.tolist()), wanted)

    def __len__(self) -> int:
        return self.num_samples


class SubsetRandomSampler(Sampler[int]):
    """The given indices in random order.

    >>> sorted(tn.utils.data.SubsetRandomSampler([7, 3, 5]))
    [3, 5, 7]
    """

    def __init__(self, indices: Sequence[int], generator: Generator | None = None) -> None:
        self.indices = indices
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        for i in _numbers(self.generator).permutation(len(self.indices)).tolist():
            yield self.indices[i]

    def __len__(self) -> int:
        return len(self.indices)


def _numbers(generator: Generator | None) -> np.random.Generator:
    return (default_generator() if generator is None else generator).numpy


class WeightedRandomSampler(Sampler[int]):
    """Index `i` with a probability in proportion to ``weights[i]``.

    >>> set(tn.utils.data.WeightedRandomSampler([0.0, 1.0, 0.0], 5))
    {1}
    """

    def __init__(
        self,
        weights: Any,
        num_samples: int,
        replacement: bool = True,
        generator: Generator | None = None,
    ) -> None:
        _check_count("WeightedRandomSampler", num_samples)
        if not isinstance(replacement, bool):
            raise ValueError(
                f"WeightedRandomSampler: replacement must be a bool, got {replacement!r}"
            )
        values = weights._data if isinstance(weights, Tensor) else weights
        array = np.asarray(values, dtype=np.float64)
        if array.ndim != 1:
            raise ValueError(
                f"WeightedRandomSampler: weights must have one dimension, got shape {array.shape}"
            )
        if not np.isfinite(array).all() or (array < 0).any() or not array.any():
            raise ValueError(
                "WeightedRandomSampler: weights must be finite and not negative, and not all zero"
            )
        if not replacement and np.count_nonzero(array) < num_samples:
            raise ValueError(
                f"WeightedRandomSampler: {num_samples} samples without replacement, but only "
                f"{np.count_nonzero(array)} weights are not zero"
            )
        self.weights = weights
        self._chances = array / array.sum()
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self) -> Iterator[int]:
        chosen = _numbers(self.generator).choice(
            len(self._chances), self.num_samples, self.replacement, self._chances
        )
        yield from chosen.tolist()

    def __len__(self) -> int:
        return self.num_samples


class BatchSampler(Sampler[list[int]]):
    """Lists of `batch_size` indices of another sampler.

    >>> list(tn.utils.data.BatchSampler(range(5), 2, drop_last=False))
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler: Iterable[Any], batch_size: int, drop_last: bool) -> None:
        whole = isinstance(batch_size, int) and not isinstance(batch_size, bool)
        if not whole or batch_size <= 0:
            raise ValueError(
                f"BatchSampler: batch_size must be a positive integer, got {batch_size!r}"
            )
        if not isinstance(drop_last, bool):
            raise ValueError(f"BatchSampler: drop_last must be a bool, got {drop_last!r}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self) -> Iterator[list[int]]:
        indices = iter(self.sampler)
        while batch := list(itertools.islice(indices, self.batch_size)):
            if len(batch) == self.batch_size or not self.drop_last:
                yield batch

    def __len__(self) -> int:
        size = len(self.sampler)  # type: ignore[arg-type]
        return size // self.batch_size if self.drop_last else -(-size // self.batch_size)
