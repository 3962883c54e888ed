"""The DataLoader: batches from a dataset, in an order that can be repeated and resumed."""

from __future__ import annotations

import itertools
import math
import warnings
import weakref
from collections.abc import Callable, Iterable, Iterator, Sized
from typing import Any, Generic, TypeVar, cast

from autotn.core.keywords import KnownKeywords
from autotn.core.random import Generator, default_generator
from autotn.utils.data.collate import default_collate, default_convert
from autotn.utils.data.dataset import Dataset, IterableDataset
from autotn.utils.data.fetch import Fetcher, LengthWatch
from autotn.utils.data.iteration import OwnPass, Pass, Pool, Position, WorkerPass
from autotn.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    draw_seed,
)
from autotn.utils.data.threads import ThreadPool
from autotn.utils.data.worker import Job, Start, get_worker_info

T_co = TypeVar("T_co", covariant=True)

_FIXED = {
    "batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers",
}  # fmt: skip


class _Endless(Sampler[None]):
    """The order of an iterable dataset: its own."""

    def __iter__(self) -> Iterator[None]:
        return itertools.repeat(None)


class DataLoader(KnownKeywords, Generic[T_co]):
    """Batches of a dataset, with PyTorch's keywords.

    Parameters
    ----------
    num_workers : int
        Workers that load ahead: threads, or processes if `multiprocessing_context` names how to
        start them ("fork", "spawn", "forkserver"). 0 loads in the caller's thread.
    generator : Generator
        Where the order comes from; this thread's default one otherwise.
    pin_memory, pin_memory_device
        Accepted and ignored: there is no other memory to copy to.

    in_order : bool
        Give batches in the order of the sampler; False gives each as soon as a worker has it.

    The order follows from the generator, so `tn.manual_seed` repeats it. `state_dict` says where
    the loader is, `load_state_dict` lets the next iteration begin there.

    >>> data = tn.utils.data.TensorDataset(tn.arange(5))
    >>> [batch for batch, in tn.utils.data.DataLoader(data, batch_size=2)]
    [tensor([0, 1]), tensor([2, 3]), tensor([4])]
    """

    def __init__(
        self,
        dataset: Dataset[T_co] | Iterable[T_co],
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
    ) -> None:
        _check_workers(num_workers, timeout, prefetch_factor, persistent_workers)
        self._iterable = isinstance(dataset, IterableDataset)
        _check_order(self._iterable, batch_size, shuffle, sampler, batch_sampler, drop_last)
        if multiprocessing_context is not None and not num_workers:
            raise ValueError("DataLoader: multiprocessing_context needs num_workers > 0")
        self.dataset: Any = dataset
        self.num_workers = num_workers
        self.prefetch_factor = 2 if num_workers and prefetch_factor is None else prefetch_factor
        self.pin_memory = pin_memory
        self.pin_memory_device = pin_memory_device
        self.timeout = timeout
        self.worker_init_fn = worker_init_fn
        self.multiprocessing_context = multiprocessing_context
        if multiprocessing_context is not None:
            from autotn.utils.data.processes import get_context

            self.multiprocessing_context = get_context(multiprocessing_context)
        self.generator = generator
        self.in_order = in_order
        self.persistent_workers = persistent_workers
        if batch_sampler is not None:
            batch_size, drop_last = None, False
        if sampler is None:
            if self._iterable:
                sampler = _Endless()
            elif shuffle:
                sampler = RandomSampler(cast(Sized, dataset), generator=generator)
            else:
                sampler = SequentialSampler(cast(Sized, dataset))
        if batch_size is not None:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.sampler = sampler
        self.batch_sampler = batch_sampler
        automatic = default_collate if batch_sampler is not None else default_convert
        self.collate_fn = automatic if collate_fn is None else collate_fn
        self._epochs = 0
        self._pool: Pool | None = None
        self._position: Position | None = None
        self._resume: dict[str, Any] | None = None
        self._complete = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and self.__dict__.get("_complete"):
            raise ValueError(f"DataLoader: {name} cannot be changed; make a new loader")
        super().__setattr__(name, value)

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def __len__(self) -> int:
        if not self._iterable:
            return len(self._index_sampler)
        size = len(self.dataset)
        if self.batch_size is None:
            return size
        return size // self.batch_size if self.drop_last else math.ceil(size / self.batch_size)

    # The position

    def state_dict(self) -> dict[str, Any]:
        """Where the current iteration is: after which batch, in which order.

        Save the default generator too (`tn.get_rng_state`) if the dataset draws from it.
        """
        position = self._position
        if self._resume is not None:
            return dict(self._resume)
        now = None if self.generator is None else self.generator.get_state()
        if position is None or position.finished:
            return {"batches": 0, "generator": None, "now": now, "sampler": None}
        return {
            "batches": position.given,
            "generator": position.start,
            "now": now,
            "sampler": position.sampler,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Let the next iteration continue from there, with the batch after the last one given.

        The batches before it are not loaded again, except those of an iterable dataset, which can
        only be reached by going through them.
        """
        missing = {"batches", "generator", "now", "sampler"} - set(state_dict)
        if missing:
            raise KeyError(
                f"DataLoader.load_state_dict: expected a state_dict of a DataLoader, but it has no "
                f"{', '.join(sorted(missing))}"
            )
        self._position = self._resume = None
        if state_dict["generator"] is not None:
            self._resume = dict(state_dict)
        elif self.generator is not None and state_dict["now"] is not None:
            self.generator.set_state(state_dict["now"])

    # Iteration

    def __iter__(self) -> Pass:
        resume, self._resume = self._resume, None
        generator = default_generator() if self.generator is None else self.generator
        here = generator.get_state()
        if resume is not None:
            generator.set_state(resume["generator"])
            if resume["sampler"] is not None:
                self._stateful_sampler().load_state_dict(resume["sampler"])
        stateful = self._stateful_sampler()
        sampler_state = None if stateful is None else stateful.state_dict()
        position = self._position = Position(generator.get_state(), sampler_state)
        base_seed = draw_seed(generator)
        indices = iter(self._index_sampler)
        given = 0 if resume is None else resume["batches"]
        by_index = 0 if self._iterable else given
        # The first ones are taken now, so that the sampler has drawn its random numbers by then.
        taken = list(itertools.islice(indices, by_index + 1))[by_index:]
        made = self._start(itertools.chain(taken, indices), by_index, position, base_seed)
        for _ in range(given - by_index):
            next(made, None)
        position.given = given
        if resume is not None:
            # The default generator is everybody's: as it was. One's own: as it was when saved.
            own = self.generator is not None and resume["now"] is not None
            generator.set_state(resume["now"] if own else here)
        return made

    def _stateful_sampler(self) -> Any:
        for sampler in (self.batch_sampler, self.sampler):
            if hasattr(sampler, "state_dict") and hasattr(sampler, "load_state_dict"):
                return sampler
        return None

    def _start(
        self, indices: Iterator[Any], first: int, position: Position, base_seed: int
    ) -> Pass:
        promised = None
        if self._iterable and hasattr(self.dataset, "__len__"):
            promised = len(self)
        watch = LengthWatch(promised, self.num_workers)
        pool = self._workers() if self.num_workers else None
        if pool is None:
            fetcher = Fetcher(
                self.dataset, self.batch_sampler is not None, self.collate_fn, self.drop_last
            )
            return OwnPass(indices, first, position, watch, fetcher)
        self._epochs += 1
        return WorkerPass(
            indices,
            first,
            position,
            watch,
            pool=pool,
            start=Start(self._epochs, base_seed),
            workers=self.num_workers,
            ahead=self.num_workers * (self.prefetch_factor or 1),
            in_order=self.in_order,
            timeout=self.timeout,
            keep_pool=self.persistent_workers,
        )

    def _workers(self) -> Pool | None:
        """The workers: new ones, the persistent ones, or None where there can be none."""
        if self._pool is not None:
            return self._pool
        jobs = [
            Job(
                number=number,
                workers=self.num_workers,
                dataset=self.dataset,
                batched=self.batch_sampler is not None,
                collate_fn=self.collate_fn,
                drop_last=self.drop_last,
                init_fn=self.worker_init_fn,
                kind="thread" if self.multiprocessing_context is None else "process",
            )
            for number in range(self.num_workers)
        ]
        pool: Pool
        if self.multiprocessing_context is not None:
            from autotn.utils.data.processes import ProcessPool

            pool = ProcessPool(jobs, self.multiprocessing_context)
        else:
            try:
                pool = ThreadPool(jobs)
            except RuntimeError as error:
                warnings.warn(
                    f"DataLoader: no threads can be started here ({error}); loading without",
                    stacklevel=4,
                )
                return None
        if self.persistent_workers:
            self._pool = pool
            weakref.finalize(self, pool.close)
        return pool


def _check_workers(
    num_workers: int, timeout: float, prefetch_factor: int | None, persistent_workers: bool
) -> None:
    if num_workers < 0:
        raise ValueError(f"DataLoader: num_workers must not be negative, got {num_workers}")
    if timeout < 0:
        raise ValueError(f"DataLoader: timeout must not be negative, got {timeout}")
    if prefetch_factor is not None and not num_workers:
        raise ValueError("DataLoader: prefetch_factor needs num_workers > 0")
    if prefetch_factor is not None and prefetch_factor < 1:
        raise ValueError(f"DataLoader: prefetch_factor must be positive, got {prefetch_factor}")
    if persistent_workers and not num_workers:
        raise ValueError("DataLoader: persistent_workers needs num_workers > 0")


def _check_order(
    iterable: bool, batch_size: Any, shuffle: Any, sampler: Any, batch_sampler: Any, drop_last: bool
) -> None:
    if iterable:
        for name, value in (
            ("shuffle", shuffle), ("sampler", sampler), ("batch_sampler", batch_sampler)
        ):  # fmt: skip
            if value not in (None, False):
                raise ValueError(
                    f"DataLoader: {name} does not go with an IterableDataset, which comes in its "
                    "own order"
                )
    if sampler is not None and shuffle:
        raise ValueError("DataLoader: shuffle does not go with a sampler, which has its own order")
    if batch_sampler is not None and (
        batch_size != 1 or shuffle or sampler is not None or drop_last
    ):
        raise ValueError(
            "DataLoader: batch_sampler does not go with batch_size, shuffle, sampler and drop_last"
        )
    if batch_size is None and drop_last:
        raise ValueError("DataLoader: drop_last does not go with batch_size=None (no batches)")


__all__ = ["DataLoader", "default_collate", "default_convert", "get_worker_info"]
