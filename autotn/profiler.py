"""``profiler``: PyTorch's words around a script's steps; `tn.profile` is the profiler here.

The names are accepted and a trace is timed as a whole; what each op costs is shown by ``tn.profile()``.
"""

from __future__ import annotations

import contextlib
import enum
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any


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
    """A handler that writes nothing: there is no trace in PyTorch's format."""
    return lambda trace: None


class record_function(contextlib.ContextDecorator):
    """A named region: accepted."""

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name

    def __enter__(self) -> record_function:
        return self

    def __exit__(self, *exception: Any) -> None: ...


class _Averages(list[Any]):
    """The table of a profile: its total time."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.self_cpu_time_total = seconds * 1e6

    def table(self, *args: Any, **kwargs: Any) -> str:
        """The total time, as PyTorch's table ends."""
        return f"Self CPU time total: {self.self_cpu_time_total / 1e3:.3f}ms"

    def total_average(self) -> _Averages:
        """The total time."""
        return self

    def __str__(self) -> str:
        return self.table()


class profile:
    """A context around what PyTorch would watch; knows the time it took.

    >>> with tn.profiler.profile() as p:
    ...     _ = tn.ones(2) + 1
    >>> p.key_averages().table().startswith("Self CPU time total")
    True
    """

    def __init__(self, *args: Any, on_trace_ready: Any = None, **kwargs: Any) -> None:
        self.on_trace_ready = on_trace_ready
        self.step_num = 0
        self._seconds = 0.0

    def start(self) -> None:
        """Begin."""
        self._began = time.perf_counter()

    def stop(self) -> None:
        """End."""
        self._seconds = time.perf_counter() - self._began
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

    def key_averages(self, *args: Any, **kwargs: Any) -> _Averages:
        """What there is to tell: the total time."""
        return _Averages(self._seconds)

    def events(self) -> list[Any]:
        """No single events: see `tn.profile`."""
        return []

    def export_chrome_trace(self, path: str) -> None:
        """Refused: `tn.profile` writes Chrome traces."""
        raise NotImplementedError(
            "profiler.profile: no trace is kept; tn.profile() shows what each op costs and exports "
            "a Chrome trace"
        )
