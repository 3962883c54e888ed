"""``utils.benchmark``: how long a statement takes, measured in blocks, with the spread of the measurements."""

from __future__ import annotations

import math
import sys
import timeit
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from autotn.backends.threads import get_num_threads, set_num_threads

__all__ = ["Compare", "Measurement", "TaskSpec", "Timer", "timer"]

#: Seconds by a clock that never goes back.
timer = timeit.default_timer

_UNITS = (
    (1.0, "s", "seconds"),
    (1e-3, "ms", "milliseconds"),
    (1e-6, "us", "microseconds"),
    (1e-9, "ns", "nanoseconds"),
)


def _unit(seconds: float) -> tuple[float, str, str]:
    return next((unit for unit in _UNITS if seconds >= unit[0]), _UNITS[-1])


class TaskSpec(NamedTuple):
    """What is measured, and how tables call it."""

    stmt: str
    setup: str
    global_setup: str = ""
    label: str | None = None
    sub_label: str | None = None
    description: str | None = None
    env: str | None = None
    num_threads: int = 1

    @property
    def title(self) -> str:
        """The words that name it."""
        said = [self.label or self.stmt, self.sub_label or "", self.description or ""]
        return ": ".join(part for part in said if part)


class Measurement:
    """The times of several blocks of runs of one statement."""

    def __init__(
        self,
        number_per_run: int,
        raw_times: list[float],
        task_spec: TaskSpec,
        metadata: dict[Any, Any] | None = None,
    ) -> None:
        self.number_per_run = number_per_run
        self.raw_times = raw_times
        self.task_spec = task_spec
        self.metadata = metadata

    @property
    def title(self) -> str:
        """The words that name it."""
        return self.task_spec.title

    @property
    def num_threads(self) -> int:
        """The threads it was measured on."""
        return self.task_spec.num_threads

    @property
    def times(self) -> list[float]:
        """Seconds of one run, as each block says."""
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def mean(self) -> float:
        """The mean of the blocks, in seconds of one run."""
        return float(np.mean(self.times))

    @property
    def median(self) -> float:
        """The median of the blocks, in seconds of one run."""
        return float(np.median(self.times))

    @property
    def iqr(self) -> float:
        """What lies between the first and the last quarter of the blocks."""
        low, high = np.quantile(self.times, (0.25, 0.75))
        return float(high - low)

    @property
    def significant_figures(self) -> int:
        """How many digits of the median the spread of the blocks leaves: 1 to 5."""
        error = self.iqr / 1.35 / math.sqrt(len(self.raw_times))  # of a normal distribution
        if error <= 0:
            return 5
        return min(max(int(math.log10(self.median / error)), 1), 5)

    @staticmethod
    def merge(measurements: Iterable[Measurement]) -> list[Measurement]:
        """One measurement for each task, with all its blocks."""
        by_task: dict[TaskSpec, list[Measurement]] = {}
        for one in measurements:
            by_task.setdefault(one.task_spec, []).append(one)
        merged = []
        for task, ones in by_task.items():
            number = ones[0].number_per_run
            times = [t * number for one in ones for t in one.times]
            merged.append(Measurement(number, times, task, ones[0].metadata))
        return merged

    def __repr__(self) -> str:
        size, unit, _ = _unit(self.median)
        several = len(self.raw_times) > 1
        lines = [f"<{type(self).__module__}.Measurement>", self.title]
        lines.append(f"  {'Median' if several else 'Mean'}: {self.median / size:.2f} {unit}")
        if several:
            lines.append(f"  IQR: {self.iqr / size:.2f} {unit}")
        what = "measurements" if several else "measurement"
        lines.append(
            f"  {len(self.raw_times)} {what}, {self.number_per_run} runs per measurement, "
            f"{self.num_threads} thread{'s' * (self.num_threads > 1)}"
        )
        return "\n".join(lines)


class Timer:
    """Measures a statement, by default on one thread, as PyTorch's does.

    Parameters
    ----------
    stmt, setup : str
        What is measured, and what is run once before.
    globals : dict
        The names both see.
    timer : callable
        A clock that gives seconds.

    >>> Timer("x + 1", globals={"x": 1}).timeit(10).number_per_run
    10
    """

    def __init__(
        self,
        stmt: str = "pass",
        setup: str = "pass",
        global_setup: str = "",
        timer: Callable[[], float] = timer,
        globals: dict[str, Any] | None = None,
        label: str | None = None,
        sub_label: str | None = None,
        description: str | None = None,
        env: str | None = None,
        num_threads: int = 1,
        language: Any = "python",
    ) -> None:
        if str(getattr(language, "value", language)).lower() not in ("python", "py"):
            raise ValueError(f"Timer: statements are Python's, got language={language!r}")
        if global_setup:
            raise ValueError("Timer: global_setup is for C++; put it into setup")
        self._timer = timeit.Timer(stmt, setup, timer, globals if globals is not None else {})
        self._task_spec = TaskSpec(
            stmt, setup, global_setup, label, sub_label, description, env, num_threads
        )

    def _measure(self, number: int, wanted: float, check: Callable[[list[float]], bool]) -> Any:
        """Blocks of `number` runs until there are `wanted` seconds of them and `check` agrees."""
        before = get_num_threads()
        set_num_threads(self._task_spec.num_threads)
        try:
            times: list[float] = []
            while not times or sum(times) < wanted or not check(times):
                times.append(self._timer.timeit(number))
        finally:
            set_num_threads(before)
        return Measurement(number, times, self._task_spec)

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """One block of `number` runs, after a short one to warm up."""
        self._measure(max(number // 100, 2), 0.0, lambda times: True)
        return self._measure(number, 0.0, lambda times: True)

    def _block_size(self, wanted: float) -> int:
        """So many runs that looking at the clock costs less than a thousandth of them."""
        overhead = float(np.median([self._timer.timeit(0) for _ in range(5)]))
        number = 1
        while True:
            taken = self._timer.timeit(number)
            if (
                taken > 0 and overhead / taken <= 1e-3 and taken >= wanted / 1000
            ) or taken > wanted:
                return number
            number *= 10

    def blocked_autorange(
        self, callback: Callable[[int, float], Any] | None = None, min_run_time: float = 0.2
    ) -> Measurement:
        """As many blocks as fit into `min_run_time` seconds; `callback` hears of the size of a block."""
        number = self._block_size(min_run_time)
        found = self._measure(number, min_run_time, lambda times: True)
        if callback is not None:
            for taken in found.raw_times:
                callback(number, taken)
        return found

    def adaptive_autorange(
        self,
        threshold: float = 0.1,
        *,
        min_run_time: float = 0.01,
        max_run_time: float = 10.0,
        callback: Callable[[int, float], Any] | None = None,
    ) -> Measurement:
        """Blocks until their spread is less than `threshold` of the median, or `max_run_time` is over."""

        def steady(times: list[float]) -> bool:
            if sum(times) >= max_run_time:
                return True
            low, middle, high = np.quantile(times, (0.25, 0.5, 0.75))
            return len(times) > 3 and bool((high - low) < threshold * middle)

        found = self._measure(self._block_size(min_run_time), min_run_time, steady)
        if callback is not None:
            for taken in found.raw_times:
                callback(found.number_per_run, taken)
        return found

    def collect_callgrind(self, *args: Any, **kwargs: Any) -> Any:
        """Refused: instructions are counted by a tool for binaries."""
        raise RuntimeError("Timer: there is no Callgrind here; tn.profile shows where time goes")


#: A block of times that spreads this far from the median is marked.
_WIDE = 0.1


class Compare:
    """Measurements side by side: a table per label, a row per sub-label, a column per description.

    >>> tasks = [TaskSpec("f(x)", "", description=d) for d in ("old", "new")]
    >>> table = Compare([Measurement(1, [t], task) for t, task in zip((4.0, 2.0), tasks)])
    >>> str(table).splitlines()[3]
    '      f(x)  |  4.0  |  2.0'
    """

    def __init__(self, results: list[Measurement]) -> None:
        self._results: list[Measurement] = []
        self._trim = self._warn = False
        self._colour: str | None = None
        self.extend_results(results)

    def extend_results(self, results: Iterable[Measurement]) -> None:
        """Add measurements."""
        results = list(results)
        for one in results:
            if not isinstance(one, Measurement):
                raise ValueError(f"Compare: expected Measurements, got {type(one).__name__}")
        self._results.extend(results)

    def trim_significant_figures(self) -> None:
        """Show no more digits than the measurements bear."""
        self._trim = True

    def colorize(self, rowwise: bool = False) -> None:
        """Show the best of each column (or row) in green, and what takes twice as long in red."""
        self._colour = "row" if rowwise else "column"

    def highlight_warnings(self) -> None:
        """Mark measurements that spread widely."""
        self._warn = True

    def print(self) -> None:
        """Print the tables."""
        sys.stdout.write(f"{self}\n")

    def __str__(self) -> str:
        by_label: dict[str, list[Measurement]] = {}
        for one in Measurement.merge(self._results):
            by_label.setdefault(one.task_spec.label or one.task_spec.stmt, []).append(one)
        return "\n".join(self._table(label, ones) for label, ones in by_label.items())

    def _table(self, label: str, ones: list[Measurement]) -> str:
        size, short, long = _unit(min(one.median for one in ones))
        columns = list(dict.fromkeys(_column(one) for one in ones))
        cells: dict[int, dict[str, dict[str, Measurement]]] = {}
        for one in ones:
            rows = cells.setdefault(one.num_threads, {})
            rows.setdefault(_row(one), {})[_column(one)] = one
        best: dict[Any, float] = {}
        for one in ones:
            group = self._group(one)
            best[group] = min(best.get(group, math.inf), one.median)

        shown = {id(one): self._cell(one, size) for one in ones}
        first = max(len(_row(one)) for one in ones) + 6
        widths = [
            max(len(column), *(len(shown[id(one)]) for one in ones if _column(one) == column))
            for column in columns
        ]
        heads = [column.center(width) for column, width in zip(columns, widths, strict=True)]
        lines = ["  |  ".join([" " * first, *heads]).rstrip()]
        whole = first + sum(width + 5 for width in widths)
        for threads, rows in cells.items():
            lines.append(f"{threads} threads: ".ljust(whole, "-"))
            for row, found in rows.items():
                parts = [("      " + row).ljust(first)]
                for column, width in zip(columns, widths, strict=True):
                    measured = found.get(column)
                    text = (shown[id(measured)] if measured else "").rjust(width)
                    if measured and self._colour:
                        text = _coloured(text, measured.median / best[self._group(measured)])
                    parts.append(text)
                lines.append("  |  ".join(parts).rstrip())
        title = f" {label} ".center(whole - 2, "-")
        notes = ["", f"Times are in {long} ({short})."]
        if self._warn and any(one.iqr > _WIDE * one.median for one in ones):
            notes.append(f"(! n%) marks a spread of more than {_WIDE:.0%} of the median.")
        return "\n".join([f"[{title}]", *lines, *notes, ""])

    def _group(self, one: Measurement) -> Any:
        """What a measurement is compared with: its column, or its row."""
        return (one.num_threads, _row(one)) if self._colour == "row" else _column(one)

    def _cell(self, one: Measurement, size: float) -> str:
        value = one.median / size
        if self._trim:
            digits = one.significant_figures
            text = f"{value:.{max(digits - 1 - math.floor(math.log10(value)), 0)}f}"
        else:
            text = f"{value:.1f}"
        if self._warn and one.iqr > _WIDE * one.median:
            text = f"(! {one.iqr / one.median:.0%}) {text}"
        return text


def _column(one: Measurement) -> str:
    return one.task_spec.description or ""


def _row(one: Measurement) -> str:
    env = f"({one.task_spec.env}) " if one.task_spec.env else ""
    return env + (one.task_spec.sub_label or one.task_spec.stmt)


def _coloured(text: str, ratio: float) -> str:
    colour = 32 if ratio <= 1.0 else 31 if ratio >= 2.0 else 0
    return f"\x1b[{colour}m{text}\x1b[0m" if colour else text
