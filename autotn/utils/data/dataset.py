"""Datasets: things with an index (or an order) and samples, and ways to combine them."""

from __future__ import annotations

import bisect
import itertools
import math
import warnings
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar, cast

from autotn.core.random import Generator, numpy_generator
from autotn.core.tensor import Tensor
from autotn.errors import ShapeError

T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")


class Dataset(Generic[T_co]):
    """Samples that can be asked for by index: subclasses define ``__getitem__`` and ``__len__``.

    A ``__getitems__(indices)`` that returns a list of samples may be defined for speed.

    >>> class Squares(tn.utils.data.Dataset):
    ...     def __len__(self): return 4
    ...     def __getitem__(self, i): return i * i
    >>> (Squares() + Squares())[5]
    1
    """

    def __getitem__(self, index: Any) -> T_co:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__")

    def __add__(self, other: Dataset[Any]) -> ConcatDataset[Any]:
        return ConcatDataset([self, other])


class IterableDataset(Dataset[T_co], Iterable[T_co]):
    """Samples that come one after the other: subclasses define ``__iter__``.

    With several workers each one iterates over its own copy: use `get_worker_info` in ``__iter__``
    to give each its share.

    >>> class Count(tn.utils.data.IterableDataset):
    ...     def __iter__(self): return iter(range(3))
    >>> [int(batch) for batch in tn.utils.data.DataLoader(Count())]
    [0, 1, 2]
    """

    def __add__(self, other: Dataset[Any]) -> ChainDataset:  # type: ignore[override]
        return ChainDataset([self, other])


class TensorDataset(Dataset[tuple[Tensor, ...]]):
    """Sample `i` is the tuple of the `i`-th entries of the given tensors.

    >>> data = tn.utils.data.TensorDataset(tn.arange(3), tn.ones(3, 2))
    >>> data[1]
    (tensor(1), tensor([1., 1.]))
    """

    tensors: tuple[Tensor, ...]

    def __init__(self, *tensors: Tensor) -> None:
        sizes = [tensor.size(0) for tensor in tensors]
        if len(set(sizes)) > 1:
            raise ShapeError(f"TensorDataset: the tensors differ in their first dimension: {sizes}")
        self.tensors = tensors

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self) -> int:
        return int(self.tensors[0].size(0))


def _fetch(dataset: Any, indices: Sequence[int]) -> list[Any]:
    """Several samples, by the dataset's own way for several if it has one."""
    many = getattr(dataset, "__getitems__", None)
    if callable(many):
        samples: list[Any] = many(indices)
        return samples
    return [dataset[index] for index in indices]


class StackDataset(Dataset[Any]):
    """Sample `i` is the tuple (or the dictionary, for keywords) of sample `i` of each dataset.

    >>> stack = tn.utils.data.StackDataset(image=["a", "b"], label=[0, 1])
    >>> stack[1]
    {'image': 'b', 'label': 1}
    """

    datasets: tuple[Any, ...] | dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args and kwargs:
            raise ValueError("StackDataset: give datasets by position or by name, not both ways")
        if not args and not kwargs:
            raise ValueError("StackDataset: at least one dataset is needed")
        self.datasets = args or kwargs
        sizes = [len(dataset) for dataset in (args or tuple(kwargs.values()))]
        if len(set(sizes)) > 1:
            raise ValueError(f"StackDataset: size mismatch between datasets: {sizes}")
        self._length = sizes[0]

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        named = isinstance(self.datasets, dict)
        datasets = self.datasets.values() if isinstance(self.datasets, dict) else self.datasets
        columns = []
        for dataset in datasets:
            column = _fetch(dataset, indices)
            if len(column) != len(indices):
                raise ValueError(
                    f"StackDataset: {type(dataset).__name__}.__getitems__ returned {len(column)} "
                    f"samples for {len(indices)} indices"
                )
            columns.append(column)
        rows = zip(*columns, strict=True)
        return [dict(zip(self.datasets, row, strict=True)) for row in rows] if named else list(rows)

    def __len__(self) -> int:
        return self._length


class ConcatDataset(Dataset[T_co]):
    """The samples of several datasets, one dataset after the other.

    >>> tn.utils.data.ConcatDataset([[1, 2], [3]])[2]
    3
    """

    datasets: list[Dataset[T_co]]
    cumulative_sizes: list[int]

    def __init__(self, datasets: Iterable[Dataset[T_co] | Sequence[T_co]]) -> None:
        self.datasets = [cast("Dataset[T_co]", dataset) for dataset in datasets]
        if not self.datasets:
            raise ValueError("ConcatDataset: datasets is empty")
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise ValueError("ConcatDataset: an IterableDataset has no index; use ChainDataset")
        sizes = (len(cast(Any, dataset)) for dataset in self.datasets)
        self.cumulative_sizes = list(itertools.accumulate(sizes))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, idx: int) -> T_co:
        if idx < 0:
            if -idx > len(self):
                raise ValueError(f"ConcatDataset: index {idx} of {len(self)} samples")
            idx += len(self)
        number = bisect.bisect_right(self.cumulative_sizes, idx)
        if number == len(self.datasets):
            raise IndexError(f"ConcatDataset: index {idx} of {len(self)} samples")
        before = self.cumulative_sizes[number - 1] if number else 0
        return self.datasets[number][idx - before]


class ChainDataset(IterableDataset[Any]):
    """The samples of several iterable datasets, one dataset after the other."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def _checked(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise TypeError(
                    "ChainDataset: expected IterableDatasets only, got "
                    f"{type(dataset).__name__}; use ConcatDataset"
                )
            yield dataset

    def __iter__(self) -> Iterator[Any]:
        for dataset in self._checked():
            yield from dataset

    def __len__(self) -> int:
        return sum(len(dataset) for dataset in self._checked())


class Subset(Dataset[T_co]):
    """The samples of a dataset at the given indices.

    >>> list(tn.utils.data.Subset(["a", "b", "c"], [2, 0]))
    ['c', 'a']
    """

    dataset: Dataset[T_co]
    indices: Sequence[int]

    def __init__(self, dataset: Dataset[T_co] | Sequence[T_co], indices: Sequence[int]) -> None:
        self.dataset = cast("Dataset[T_co]", dataset)
        self.indices = indices

    def __getitem__(self, idx: Any) -> T_co:
        if isinstance(idx, list):
            return self.dataset[[self.indices[i] for i in idx]]
        return self.dataset[self.indices[idx]]

    def __getitems__(self, indices: Sequence[int]) -> list[T_co]:
        if type(self).__getitem__ is not Subset.__getitem__:  # the subclass has the last word
            return [self[index] for index in indices]
        return _fetch(self.dataset, [self.indices[index] for index in indices])

    def __len__(self) -> int:
        return len(self.indices)


def random_split(
    dataset: Any, lengths: Sequence[int | float], generator: Generator | None = None
) -> list[Subset[Any]]:
    """Split a dataset at random into parts of the given lengths, or of the given fractions of it.

    >>> parts = tn.utils.data.random_split(range(10), [0.7, 0.3])
    >>> [len(part) for part in parts]
    [7, 3]
    """
    size = len(dataset)
    counts = list(lengths)
    if math.isclose(sum(counts), 1):
        counts = list(_counts_of_fractions(size, counts))
    for i, count in enumerate(counts):
        if count == 0:
            warnings.warn(
                f"random_split: part {i} has length 0, so it is an empty dataset", stacklevel=2
            )
    if sum(counts) != size:
        raise ValueError(
            f"random_split: the lengths {list(lengths)} sum up to {sum(counts)}, but the dataset "
            f"has {size} samples; fractions must sum up to 1"
        )
    order = numpy_generator(generator).permutation(size).tolist()
    ends = list(itertools.accumulate(int(count) for count in counts))
    return [
        Subset(dataset, order[end - int(count) : end])
        for end, count in zip(ends, counts, strict=True)
    ]


def _counts_of_fractions(size: int, fractions: Sequence[float]) -> list[int]:
    """Whole numbers in proportion: rounded down, what is left over dealt out from the first on."""
    for i, fraction in enumerate(fractions):
        if not 0 <= fraction <= 1:
            raise ValueError(f"random_split: fraction {i} is {fraction}, not between 0 and 1")
    counts = [int(size * fraction) for fraction in fractions]
    for i in range(size - sum(counts)):
        counts[i % len(counts)] += 1
    return counts
