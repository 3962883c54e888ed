"""Workers that are processes, for datasets whose Python code takes the time.

Each worker has a pipe for its tasks and one for its results. One thread of the caller empties the
result pipes, so a worker is never held up by a caller who is busy; one thread of each worker
empties its task pipe, so the caller is never held up by a busy worker. A pipe that breaks tells the
one side that the other is gone.
"""

from __future__ import annotations

import contextlib
import multiprocessing.connection
import pickle
import queue
import random
import signal
import threading
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any, cast

import numpy as np

from autotn.utils.data.threads import PATIENCE
from autotn.utils.data.worker import Died, Failure, Job, Result, serve


def _send(connection: Connection, result: Result, job: Job) -> None:
    """Send a result; the arrays' memory goes through the pipe as it is, beside the pickle."""
    buffers: list[pickle.PickleBuffer] = []
    try:
        head = pickle.dumps(result, protocol=5, buffer_callback=buffers.append)
        views = [buffer.raw() for buffer in buffers]
    except (pickle.PicklingError, TypeError, AttributeError, RuntimeError, BufferError) as error:
        failure = Failure(error, job)
        head, views = pickle.dumps(result._replace(value=failure), protocol=5), []
    connection.send_bytes(pickle.dumps([view.nbytes for view in views]))
    connection.send_bytes(head)
    for view in views:
        if view.nbytes:
            connection.send_bytes(view)


def _receive(connection: Connection) -> Result:
    sizes = pickle.loads(connection.recv_bytes())
    head = connection.recv_bytes()
    buffers = [bytearray(size) for size in sizes]
    for buffer in buffers:
        if buffer:
            connection.recv_bytes_into(buffer)
    result: Result = pickle.loads(head, buffers=buffers)
    return result


def _seed_others(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed % (1 << 32))  # noqa: NPY002 - users' code may draw from it


def _main(job: Job, tasks: Connection, results: Connection, others: list[Connection]) -> None:
    """What runs in the worker process."""
    for connection in others:  # the caller's ends, inherited by a fork: keep no pipe open
        connection.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the caller's to handle
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
    gone = threading.Event()

    def listen() -> None:
        try:
            while (message := tasks.recv()) is not None:
                inbox.put(message)
        except (EOFError, OSError):  # the caller has closed the pipe, or is no more
            pass
        gone.set()
        inbox.put(None)

    threading.Thread(target=listen, daemon=True).start()
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # nobody waits any more
        serve(job, inbox.get, lambda result: _send(results, result, job), _seed_others, gone.is_set)


class ProcessPool:
    """One process per job; the same interface as `ThreadPool`.

    Parameters
    ----------
    context : multiprocessing context
        How processes are started: fork, spawn or forkserver.
    """

    def __init__(self, jobs: Sequence[Job], context: Any) -> None:
        self.results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._tasks: list[Connection] = []
        self._processes: list[Any] = []
        self._collector: threading.Thread | None = None
        mine: list[Connection] = []
        forked = context.get_start_method() == "fork"
        try:
            for job in jobs:
                task_reader, task_writer = context.Pipe(duplex=False)
                result_reader, result_writer = context.Pipe(duplex=False)
                self._tasks.append(task_writer)
                mine.append(result_reader)
                others = [*self._tasks, *mine] if forked else []
                process = context.Process(
                    target=_main,
                    args=(job, task_reader, result_writer, others),
                    name=f"DataLoader worker {job.number}",
                    daemon=True,
                )
                process.start()
                self._processes.append(process)
                task_reader.close()
                result_writer.close()
        except BaseException:
            self.close()
            for connection in mine:
                connection.close()
            raise
        self._collector = threading.Thread(
            target=_collect,
            args=(mine, list(self._processes), self.results, forked),
            name="DataLoader results",
            daemon=True,
        )
        self._collector.start()

    def send(self, worker: int, message: Any) -> None:
        """Send a message to a worker."""
        try:
            self._tasks[worker].send(message)
        except OSError:  # it is dead: the collector says so with the next result
            return

    def get(self, timeout: float) -> Result:
        """The next result; `queue.Empty` if none comes in time."""
        return self.results.get(timeout=timeout)

    def close(self) -> None:
        """Let all processes end after the samples they are at; end those that do not."""
        for worker, connection in enumerate(self._tasks):
            self.send(worker, None)  # said aloud: processes forked later may hold the pipe open
            connection.close()
        for process in self._processes:
            process.join(PATIENCE)
            if process.is_alive():
                process.terminate()
                process.join()
        if self._collector is not None and self._collector is not threading.current_thread():
            self._collector.join(PATIENCE)


def _collect(
    connections: list[Connection],
    processes: list[Any],
    results: queue.SimpleQueue[Result],
    forked: bool,
) -> None:
    """Move results from the pipes to the queue until all pipes are closed."""
    open_ = dict(zip(connections, range(len(connections)), strict=True))
    while open_:
        for ready in multiprocessing.connection.wait(list(open_)):
            connection = cast(Connection, ready)
            try:
                results.put(_receive(connection))
            except (EOFError, OSError):
                worker = open_.pop(connection)
                connection.close()
                results.put(Result(worker, 0, 0, Died(_last_words(processes[worker], forked))))


def _last_words(process: Any, forked: bool) -> str:
    process.join(PATIENCE)
    hint = ""
    if process.exitcode == 1 and not forked:
        hint = (
            '. If your script has no `if __name__ == "__main__":` around its top level, workers '
            "that are spawned cannot start: add it, or use threads (no multiprocessing_context)"
        )
    return f"DataLoader worker process (pid {process.pid}) ended with code {process.exitcode}{hint}"


def get_context(method: Any) -> Any:
    """A multiprocessing context from its name, or the context itself."""
    if isinstance(method, str):
        known = multiprocessing.get_all_start_methods()
        if method not in known:
            raise ValueError(
                f"DataLoader: multiprocessing_context must be one of {known}, got {method!r}"
            )
        return multiprocessing.get_context(method)
    if not hasattr(method, "Process") or not hasattr(method, "get_start_method"):
        raise TypeError(
            "DataLoader: multiprocessing_context must be a name or a multiprocessing context, got "
            f"{type(method).__name__}"
        )
    return method
