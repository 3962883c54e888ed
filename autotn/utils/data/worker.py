"""What a worker does, be it a thread or a process: seed itself, fetch batches, report errors."""

from __future__ import annotations

import threading
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from autotn.core.random import default_generator
from autotn.utils.data.fetch import EndOfData, Fetcher


class WorkerInfo(NamedTuple):
    """What `get_worker_info` tells a worker about itself."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


class _Here(threading.local):
    """The worker this thread is, if it is one."""

    info: WorkerInfo | None = None


_here = _Here()


def get_worker_info() -> WorkerInfo | None:
    """In a worker of a loader: its number, the number of workers, its seed, its dataset; else None.

    >>> tn.utils.data.get_worker_info() is None
    True
    """
    return _here.info


class Job(NamedTuple):
    """All a worker needs to know; it must be picklable where workers are processes."""

    number: int
    workers: int
    dataset: Any
    batched: bool
    collate_fn: Callable[[Any], Any]
    drop_last: bool
    init_fn: Callable[[int], Any] | None
    kind: str  # "thread" or "process", for messages


class Start(NamedTuple):
    """Begin a new pass over the data."""

    epoch: int
    base_seed: int


class Task(NamedTuple):
    """Fetch batch `number` of an epoch."""

    epoch: int
    number: int
    indices: Any


class Result(NamedTuple):
    """What became of a task: a batch, a `Failure`, an `End`."""

    worker: int
    epoch: int
    number: int
    value: Any


class End:
    """The value of a task after the end of an iterable dataset."""


class Died:
    """The value of a result that no worker sent: it is gone, and this is why."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class Failure:
    """An exception of a worker, on its way to the caller."""

    def __init__(self, error: BaseException, job: Job) -> None:
        self.kind = type(error)
        self.error: BaseException | None = error  # stays behind when sent to another process
        self.text = "".join(traceback.format_exception(error))
        self.where = f"DataLoader worker {job.kind} {job.number}"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "error": None}

    def reraise(self) -> None:
        """Raise an exception of the same type, with the worker's traceback in its message."""
        message = f"Caught {self.kind.__name__} in {self.where}.\nOriginal {self.text}"
        if self.kind is KeyError:
            raise KeyError(_Verbatim(message)) from self.error
        try:
            again = self.kind(message)
        except (TypeError, ValueError):  # its constructor wants more than a message
            again = RuntimeError(message)
        if isinstance(again, StopIteration) or not isinstance(again, Exception):
            again = RuntimeError(message)  # must end neither the caller's loop nor the caller
        raise again from self.error


class _Verbatim(str):
    """A message that KeyError shows as it stands, with its line ends."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def mixed_seed(*parts: int) -> int:
    """One seed from several numbers; near numbers give unrelated seeds."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0])


def serve(
    job: Job,
    receive: Callable[[], Any],
    send: Callable[[Result], None],
    seed_others: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> None:
    """Answer tasks until None is received.

    Each batch gets random numbers of its own, from the loader's seed and the batch's number. So
    they depend neither on the number of workers nor on where an interrupted epoch was resumed.
    A `worker_init_fn` may seed in its own way and is left alone.

    Parameters
    ----------
    seed_others : callable
        Seeds the generators that only a process has for itself: `random` and NumPy's global one.
    """
    start = Start(0, 0)
    fetcher: Fetcher | None = None
    failure: Failure | None = None
    initialised = False
    while (message := receive()) is not None:
        if isinstance(message, Start):
            start, fetcher, failure = message, None, None
            seed = start.base_seed + job.number
            _here.info = WorkerInfo(job.number, job.workers, seed, job.dataset)
            if not initialised:
                initialised = True
                default_generator().manual_seed(seed)
                seed_others(seed)
                failure = _guarded(job, lambda: job.init_fn and job.init_fn(job.number))
            continue
        task: Task = message
        if cancelled():
            continue
        if job.init_fn is None:
            seed = mixed_seed(start.base_seed, task.number)
            default_generator().manual_seed(seed)
            seed_others(seed)
        value: Any = failure
        if value is None:
            try:
                if fetcher is None:
                    fetcher = Fetcher(
                        job.dataset, job.batched, job.collate_fn, job.drop_last, cancelled
                    )
                value = fetcher.fetch(task.indices)
            except EndOfData:
                value = End()
            except BaseException as error:  # noqa: BLE001 - handed to the caller, whatever it is
                value = Failure(error, job)
        send(Result(job.number, task.epoch, task.number, value))
        del value


def _guarded(job: Job, call: Callable[[], Any]) -> Failure | None:
    try:
        call()
    except BaseException as error:  # noqa: BLE001 - handed on with the first batch
        return Failure(error, job)
    return None
