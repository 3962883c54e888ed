"""Getting the samples of one batch from a dataset."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autotn.core.tensor import wrap
from autotn.utils.data.collate import default_collate
from autotn.utils.data.dataset import IterableDataset, Subset, TensorDataset


class EndOfData(Exception):
    """No error: an iterable dataset came to its end."""


class Fetcher:
    """Fetches and collates batches; `cancelled` is asked between samples.

    Parameters
    ----------
    batched : bool
        Whether an index stands for a list of samples, to be collated, or for one sample.
    drop_last : bool
        Leave out the last, smaller batch of an iterable dataset.
    """

    def __init__(
        self,
        dataset: Any,
        batched: bool,
        collate_fn: Callable[[Any], Any],
        drop_last: bool,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        self.dataset = dataset
        self.batched = batched
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.cancelled = cancelled
        self.stream: Iterator[Any] | None = None
        if isinstance(dataset, IterableDataset):
            self.stream = iter(dataset)
        self.gather = batched and collate_fn is default_collate

    def fetch(self, indices: Any) -> Any:
        """The batch of these indices (an iterable dataset: the next as many samples)."""
        if self.stream is not None:
            samples = self._next_samples(self.stream, indices)
        elif self.batched:
            if self.gather:
                gathered = gather_tensors(self.dataset, indices)
                if gathered is not None:
                    return gathered
            samples = self._samples(indices)
        else:
            samples = self.dataset[indices]
        return self.collate_fn(samples)

    def _next_samples(self, stream: Iterator[Any], indices: Any) -> Any:
        if not self.batched:
            for sample in stream:
                return sample
            raise EndOfData
        samples = []
        for _ in indices:
            for sample in stream:
                samples.append(sample)
                break
            else:
                break
            self._check_cancelled()
        if not samples or (self.drop_last and len(samples) < len(indices)):
            raise EndOfData
        return samples

    def _samples(self, indices: Sequence[Any]) -> list[Any]:
        many = getattr(self.dataset, "__getitems__", None)
        if callable(many):
            found: list[Any] = many(indices)
            return found
        if self.cancelled is None:
            return [self.dataset[index] for index in indices]
        samples = []
        for index in indices:
            samples.append(self.dataset[index])
            self._check_cancelled()
        return samples

    def _check_cancelled(self) -> None:
        if self.cancelled is not None and self.cancelled():
            raise EndOfData


def gather_tensors(dataset: Any, indices: Any) -> list[Any] | None:
    """What stacking the samples of a TensorDataset gives, by one look-up per tensor.

    None when the dataset is something else, or when the stacking has to be recorded.
    """
    picked = None
    while type(dataset) is Subset:
        picked = np.asarray(indices if picked is None else picked, np.intp)
        picked = np.asarray(dataset.indices)[picked]
        dataset = dataset.dataset
    if type(dataset) is not TensorDataset or not dataset.tensors:
        return None
    if any(tensor.requires_grad for tensor in dataset.tensors):
        return None
    picked = np.asarray(indices if picked is None else picked, np.intp)
    return [wrap(tensor._data.take(picked, axis=0)) for tensor in dataset.tensors]


class LengthWatch:
    """Warns, once, when an iterable dataset gives more batches than its length promised."""

    def __init__(self, promised: int | None, workers: int) -> None:
        self.promised = promised
        self.workers = workers
        self.given = 0

    def count(self) -> None:
        """One more batch was given."""
        self.given += 1
        if self.promised is None or self.given <= self.promised:
            return
        hint = (
            ". Each worker iterates over a copy of the dataset: use get_worker_info() in its "
            "__iter__ to give each its own share"
            if self.workers
            else ""
        )
        warnings.warn(
            f"the length of the IterableDataset promised {self.promised} batches, but there are "
            f"more{hint}",
            stacklevel=4,
        )
        self.promised = None
