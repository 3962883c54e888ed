"""``multiprocessing``: Python's own, with PyTorch's ``spawn`` and sharing strategies.

Tensors travel by value; `Module.share_memory` lets forked processes share parameters.
"""

from __future__ import annotations

import multiprocessing as _python
from collections.abc import Callable
from multiprocessing import *
from typing import Any


def get_all_sharing_strategies() -> set[str]:
    """The one there is."""
    return {"file_system"}


def get_sharing_strategy() -> str:
    """The one there is."""
    return "file_system"


def set_sharing_strategy(new_strategy: str) -> None:
    """Accepted: tensors travel by value under each."""


class ProcessContext:
    """Processes that run together; PyTorch's result of ``spawn(join=False)``."""

    def __init__(self, processes: list[Any]) -> None:
        self.processes = processes

    def pids(self) -> list[int | None]:
        """The processes' numbers."""
        return [process.pid for process in self.processes]

    def join(self, timeout: float | None = None) -> bool:
        """Wait for all of them; when one fails, end the others and say which it was."""
        for process in self.processes:
            process.join(timeout)
        failed = [k for k, process in enumerate(self.processes) if process.exitcode]
        if failed:
            for process in self.processes:
                process.terminate()
            code = self.processes[failed[0]].exitcode
            raise RuntimeError(f"process {failed[0]} terminated with exit code {code}")
        return all(process.exitcode == 0 for process in self.processes)


def start_processes(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """Call ``fn(i, *args)`` in `nprocs` processes, i being their number."""
    context: Any = _python.get_context(start_method)
    processes = [context.Process(target=fn, args=(i, *args), daemon=daemon) for i in range(nprocs)]
    for process in processes:
        process.start()
    together = ProcessContext(processes)
    if not join:
        return together
    together.join()
    return None


def spawn(
    fn: Callable[..., Any],
    args: tuple[Any, ...] = (),
    nprocs: int = 1,
    join: bool = True,
    daemon: bool = False,
    start_method: str = "spawn",
) -> ProcessContext | None:
    """As `start_processes`."""
    return start_processes(fn, args, nprocs, join, daemon, start_method)
