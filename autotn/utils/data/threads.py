"""Workers that are threads: they share memory with the caller, and nothing has to be pickled."""

from __future__ import annotations

import copy
import queue
import threading
from collections.abc import Sequence
from typing import Any

from autotn.utils.data.dataset import Dataset
from autotn.utils.data.worker import Job, Result, serve

#: How long closing waits for a worker to finish the sample it is at, in seconds.
PATIENCE = 5.0


def _main(
    job: Job,
    inbox: queue.SimpleQueue[Any],
    results: queue.SimpleQueue[Result],
    stopped: threading.Event,
) -> None:
    # `random` and NumPy's global generator belong to the whole process: no thread may seed them.
    serve(job, inbox.get, results.put, lambda seed: None, stopped.is_set)


class ThreadPool:
    """One thread per job, each with its own inbox, all with one queue of results."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self.inboxes: list[queue.SimpleQueue[Any]] = [queue.SimpleQueue() for _ in jobs]
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        try:
            for job, inbox in zip(jobs, self.inboxes, strict=True):
                thread = threading.Thread(
                    target=_main,
                    args=(_with_own_dataset(job), inbox, self.results, self._stopped),
                    name=f"DataLoader worker {job.number}",
                    daemon=True,
                )
                thread.start()
                self._threads.append(thread)
        except RuntimeError:  # no (more) threads here, as in a browser
            self.close()
            raise

    def send(self, worker: int, message: Any) -> None:
        """Put a message into the inbox of a worker."""
        self.inboxes[worker].put(message)

    def get(self, timeout: float) -> Result:
        """The next result; `queue.Empty` if none comes in time."""
        return self.results.get(timeout=timeout)

    def close(self) -> None:
        """Stop all threads, after the samples they are at."""
        self._stopped.set()
        for inbox in self.inboxes:
            inbox.put(None)
        here = threading.current_thread()
        if here in self._threads:  # the garbage collector came by in one of them
            return
        for thread in self._threads:
            thread.join(PATIENCE)


def _with_own_dataset(job: Job) -> Job:
    """A shallow copy of the dataset, so that what a worker notes on it stays its own."""
    if not isinstance(job.dataset, Dataset):
        return job
    try:
        return job._replace(dataset=copy.copy(job.dataset))
    except (TypeError, copy.Error):  # it cannot be copied, so it is shared
        return job
