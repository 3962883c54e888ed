"""One pass over the data: in the caller's own thread, or by workers that run ahead."""

from __future__ import annotations

import contextlib
import queue
import sys
import threading
import weakref
from collections.abc import Iterator
from typing import Any, Protocol

from autotn.utils.data.fetch import EndOfData, Fetcher, LengthWatch
from autotn.utils.data.worker import Died, End, Failure, Result, Start, Task

# Waiting is done in slices of this many seconds where a wait cannot be interrupted by Ctrl-C.
_SLICE = 1.0 if sys.platform == "win32" else threading.TIMEOUT_MAX


class Pool(Protocol):
    """What the two kinds of worker pools have in common."""

    def send(self, worker: int, message: Any) -> None:
        """Send a message to a worker."""

    def get(self, timeout: float) -> Result:
        """The next result; `queue.Empty` if none comes in time."""

    def close(self) -> None:
        """Stop the workers."""


class Position:
    """How far a pass has come, and what is needed to come there again."""

    __slots__ = ("finished", "given", "sampler", "start")

    def __init__(self, start: Any, sampler: Any) -> None:
        self.start = start  # the state of the loader's generator before the pass
        self.sampler = sampler
        self.given = 0
        self.finished = False


class Pass:
    """An iterator over batches that notes its position.

    Parameters
    ----------
    first : int
        Number of the first batch that `indices` gives.
    """

    def __init__(
        self, indices: Iterator[Any], first: int, position: Position, watch: LengthWatch
    ) -> None:
        self.indices = indices
        self.first = first
        self.position = position
        self.watch = watch

    def __iter__(self) -> Pass:
        return self

    def __next__(self) -> Any:
        try:
            batch = self.next_batch()
        except StopIteration:
            self.position.finished = True
            raise
        self.position.given += 1
        self.watch.count()
        return batch

    def next_batch(self) -> Any:
        """The next batch, or StopIteration."""
        raise NotImplementedError

    def __getstate__(self) -> Any:
        raise TypeError("the iterator of a DataLoader cannot be pickled or copied")


class OwnPass(Pass):
    """Batches fetched by the caller's thread, each when it is asked for."""

    def __init__(
        self,
        indices: Iterator[Any],
        first: int,
        position: Position,
        watch: LengthWatch,
        fetcher: Fetcher,
    ) -> None:
        super().__init__(indices, first, position, watch)
        self.fetcher = fetcher

    def next_batch(self) -> Any:
        """The next batch, or StopIteration."""
        try:
            return self.fetcher.fetch(next(self.indices))
        except EndOfData:
            raise StopIteration from None


class WorkerPass(Pass):
    """Batches fetched by workers, a few ahead of the caller.

    Batch `n` goes to worker ``n % workers`` when the order is to be kept, so that an iterable
    dataset gives the same order each time, whatever the workers' speed.

    Parameters
    ----------
    ahead : int
        How many batches may be under way or waiting, for all workers together.
    keep_pool : bool
        The pool outlives this pass.
    """

    def __init__(
        self,
        indices: Iterator[Any],
        first: int,
        position: Position,
        watch: LengthWatch,
        *,
        pool: Pool,
        start: Start,
        workers: int,
        ahead: int,
        in_order: bool,
        timeout: float,
        keep_pool: bool,
    ) -> None:
        super().__init__(indices, first, position, watch)
        self.pool = pool
        self.start = start
        self.ahead = ahead
        self.in_order = in_order
        self.timeout = timeout
        self._load = [0] * workers  # batches under way, by worker
        self._ended = [False] * workers
        self._turn = first % workers
        self._sent = self._next = first  # numbers of the batch to send, and to give, next
        self._under_way: dict[int, int] = {}  # number of a batch -> its worker
        self._ready: dict[int, Any] = {}
        self._closed = False
        self._close_pool = None if keep_pool else weakref.finalize(self, pool.close)
        for worker in range(workers):
            pool.send(worker, start)
        self._send_tasks()

    def _send_tasks(self) -> None:
        """Give the workers as much to do as they may have."""
        while len(self._under_way) + len(self._ready) < self.ahead:
            worker = self._whose_turn()
            if worker is None:
                return
            try:
                indices = next(self.indices)
            except StopIteration:
                return
            self.pool.send(worker, Task(self.start.epoch, self._sent, indices))
            self._under_way[self._sent] = worker
            self._load[worker] += 1
            self._sent += 1

    def _whose_turn(self) -> int | None:
        workers = len(self._load)
        able = [(self._turn + k) % workers for k in range(workers)]
        able = [worker for worker in able if not self._ended[worker]]
        if not able:
            return None
        chosen = able[0] if self.in_order else min(able, key=self._load.__getitem__)
        self._turn = (chosen + 1) % workers
        return chosen

    def next_batch(self) -> Any:
        """The next batch, or StopIteration."""
        if self._closed:
            raise StopIteration
        while True:
            number = self._next if self.in_order else next(iter(self._ready), -1)
            if number in self._ready:
                value = self._ready.pop(number)
                self._next += 1
                self._send_tasks()
                if isinstance(value, Failure):
                    value.reraise()
                if not isinstance(value, End):
                    return value
            elif self._under_way:
                self._take_in(self._wait())
            else:
                self._close()
                raise StopIteration

    def _take_in(self, result: Result) -> None:
        if isinstance(result.value, Died):
            self._close()
            raise RuntimeError(result.value.reason)
        if result.epoch != self.start.epoch:  # of a pass that was left early
            return
        del self._under_way[result.number]
        self._load[result.worker] -= 1
        self._ready[result.number] = result.value
        if isinstance(result.value, End):
            self._ended[result.worker] = True

    def _wait(self) -> Result:
        left = self.timeout or threading.TIMEOUT_MAX
        try:
            while left > 0:
                with contextlib.suppress(queue.Empty):
                    return self.pool.get(min(left, _SLICE))
                left -= _SLICE
        except BaseException:  # Ctrl-C, most likely
            self._close()
            raise
        raise RuntimeError(f"DataLoader timed out after {self.timeout} seconds")

    def _close(self) -> None:
        self._closed = True
        if self._close_pool is not None:
            self._close_pool()
