"""``profiler``: PyTorch's words for the profiler, which is `tn.profile` here.

Every step of the context is recorded: schedules are accepted and change nothing.
"""

from __future__ import annotations

import contextlib
import enum
import gzip
import os
import pathlib
import shutil
import socket
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from autotn.core.modes import state
from autotn.viz.profiler import Profile
from autotn.viz.profiler.listener import Listener
from autotn.viz.quantities import bytes_text, table_text, time_text


class ProfilerActivity(enum.Enum):
    """What PyTorch can watch."""

    CPU = 0
    XPU = 1
    MTIA = 2
    CUDA = 3
    HPU = 4


class ProfilerAction(enum.Enum):
    """What a schedule says about a step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def supported_activities() -> set[ProfilerActivity]:
    """The CPU."""
    return {ProfilerActivity.CPU}


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0, **kwargs: Any
) -> Callable[[int], ProfilerAction]:
    """Which steps are waited for, warmed up with and recorded.

    >>> plan = tn.profiler.schedule(wait=1, warmup=0, active=1)
    >>> plan(0).name, plan(1).name
    ('NONE', 'RECORD_AND_SAVE')
    """

    def action(step: int) -> ProfilerAction:
        step -= skip_first
        cycle = wait + warmup + active
        if step < 0 or (repeat and step // cycle >= repeat):
            return ProfilerAction.NONE
        place = step % cycle
        if place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD if place < cycle - 1 else ProfilerAction.RECORD_AND_SAVE

    return action


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False
) -> Callable[[Any], None]:
    """A handler for ``on_trace_ready`` that writes a Chrome trace into a folder.

    >>> import pathlib, tempfile
    >>> folder = tempfile.mkdtemp()
    >>> with tn.profiler.profile(on_trace_ready=tn.profiler.tensorboard_trace_handler(folder, "me")):
    ...     _ = tn.ones(2) + 1
    >>> [path.suffix for path in pathlib.Path(folder).iterdir()]
    ['.json']
    """

    def write(trace: Any) -> None:
        folder = pathlib.Path(dir_name)
        folder.mkdir(parents=True, exist_ok=True)
        worker = worker_name or f"{socket.gethostname()}_{os.getpid()}"
        path = folder / f"{worker}.{time.time_ns()}.pt.trace.json"
        trace.export_chrome_trace(str(path))
        if use_gzip:
            with open(path, "rb") as plain, gzip.open(f"{path}.gz", "wb") as packed:
                shutil.copyfileobj(plain, packed)
            path.unlink()

    return write


class record_function(contextlib.ContextDecorator):
    """Give a part of the code a name, which a profile of this thread shows beside the ops.

    >>> with tn.profiler.profile() as p, tn.profiler.record_function("a sum"):
    ...     _ = tn.ones(2) + 1
    >>> [(one.key, one.count) for one in p.key_averages()]
    [('add', 1), ('a sum', 1)]
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self._open: list[tuple[Listener, Any] | None] = []

    def __enter__(self) -> record_function:
        heard = state.recorder
        listens = isinstance(heard, Listener)
        self._open.append((heard, heard.enter_region(self.name)) if listens else None)
        return self

    def __exit__(self, *exception: Any) -> None:
        entered = self._open.pop()
        if entered is not None:
            listener, region = entered
            listener.leave_region(region)


#: What a table can be sorted by.
_FIGURES = (
    *("self_cpu_time_total", "cpu_time_total", "cpu_time", "count"),
    *("self_cpu_memory_usage", "cpu_memory_usage"),
)


class Average:
    """What one op cost in all its calls, forward or backward; times in microseconds, memory in bytes."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.count = 0
        self.self_cpu_time_total = 0.0
        self.cpu_time_total = 0.0
        self.self_cpu_memory_usage = 0

    @property
    def cpu_time(self) -> float:
        """The mean time of a call."""
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def cpu_memory_usage(self) -> int:
        """What its results hold."""
        return self.self_cpu_memory_usage


class Averages(list[Average]):
    """The averages of a profile, which make a table."""

    @property
    def self_cpu_time_total(self) -> float:
        """The time of all ops and named regions together."""
        return sum(one.self_cpu_time_total for one in self)

    def table(
        self, sort_by: str | None = None, row_limit: int = 100, *args: Any, **kwargs: Any
    ) -> str:
        """A table with a line per op, forward and backward apart, and per named region.

        Parameters
        ----------
        sort_by : str, optional
            ``"self_cpu_time_total"``, ``"cpu_time_total"``, ``"cpu_time"``, ``"count"``,
            ``"self_cpu_memory_usage"`` or ``"cpu_memory_usage"``; by default in order of the first call.
        row_limit : int
            The most lines; -1 for all.
        """
        rows = list(self)
        if sort_by is not None:
            if sort_by not in _FIGURES:
                known = ", ".join(_FIGURES)
                raise ValueError(f"table: can't sort by {sort_by!r}; expected one of {known}")
            rows.sort(key=lambda one: -getattr(one, sort_by))
        whole = self.self_cpu_time_total or 1.0
        lines = [
            ["Name", "Self CPU %", "Self CPU", "CPU total", "CPU time avg", "CPU Mem", "# of Calls"]
        ]
        for one in rows if row_limit < 0 else rows[:row_limit]:
            times = (one.self_cpu_time_total, one.cpu_time_total, one.cpu_time)
            lines.append(
                [
                    one.key,
                    f"{one.self_cpu_time_total / whole:.2%}",
                    *(time_text(1e3 * t) for t in times),
                    bytes_text(one.self_cpu_memory_usage),
                    str(one.count),
                ]
            )
        total = f"Self CPU time total: {self.self_cpu_time_total / 1e3:.3f}ms"
        return "\n".join([*table_text(lines, 1), total])

    def total_average(self) -> Average:
        """All of them as one."""
        total = Average("Total")
        for one in self:
            total.count += one.count
            total.self_cpu_time_total += one.self_cpu_time_total
            total.cpu_time_total += one.self_cpu_time_total
            total.self_cpu_memory_usage += one.self_cpu_memory_usage
        return total

    def __str__(self) -> str:
        return self.table()


class profile:
    """PyTorch's profiler on `tn.profile`, which it has as ``profiler``: all ops of the context are heard.

    >>> with tn.profiler.profile() as p:
    ...     _ = tn.ones(2) + 1
    >>> [(one.key, one.count) for one in p.key_averages()]
    [('add', 1)]
    """

    def __init__(self, *args: Any, on_trace_ready: Any = None, **kwargs: Any) -> None:
        self.on_trace_ready = on_trace_ready
        self.step_num = 0
        self.profiler = Profile(show=False)

    def start(self) -> None:
        """Begin."""
        self.profiler.__enter__()

    def stop(self) -> None:
        """End, and hand the trace over."""
        self.profiler.__exit__(None, None, None)
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def step(self) -> None:
        """Count a step."""
        self.step_num += 1

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self.stop()

    def key_averages(self, *args: Any, **kwargs: Any) -> Averages:
        """What each op cost, in order of its first call, and then each region that has a name."""
        found: dict[str, Average] = {}
        for event in (*self.profiler.events, *self.profiler.regions):
            key = f"{event.op}_backward" if event.phase == "backward" else event.op
            one = found.setdefault(key, Average(key))
            one.count += 1
            one.self_cpu_time_total += event.own / 1e3
            one.cpu_time_total += event.duration / 1e3
            one.self_cpu_memory_usage += event.allocated
        return Averages(found.values())

    def events(self) -> list[Any]:
        """Every op that ran."""
        return self.profiler.events

    def export_chrome_trace(self, path: str) -> None:
        """Write the trace that ``chrome://tracing`` shows."""
        self.profiler.export_chrome_trace(path)
