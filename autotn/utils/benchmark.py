"""``utils.benchmark``: how long a statement takes, measured in blocks, with the spread of the measurements."""

from __future__ import annotations

import timeit
from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.backends.threads import get_num_threads, set_num_threads

__all__ = ["Measurement", "Timer", "timer"]

#: Seconds by a clock that never goes back.
timer = timeit.default_timer

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


class Measurement:
    """The times of several blocks of runs of one statement."""

    def __init__(
        self, number_per_run: int, raw_times: list[float], title: str, num_threads: int
    ) -> None:
        self.number_per_run = number_per_run
        self.raw_times = raw_times
        self.title = title
        self.num_threads = num_threads

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

    def __repr__(self) -> str:
        size, unit = next((u for u in _UNITS if self.median >= u[0]), _UNITS[-1])
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
        said = [label or stmt, sub_label or "", description or ""]
        self._title = ": ".join(part for part in said if part)
        self._threads = num_threads

    def _measure(self, number: int, wanted: float, check: Callable[[list[float]], bool]) -> Any:
        """Blocks of `number` runs until there are `wanted` seconds of them and `check` agrees."""
        before = get_num_threads()
        set_num_threads(self._threads)
        try:
            times: list[float] = []
            while not times or sum(times) < wanted or not check(times):
                times.append(self._timer.timeit(number))
        finally:
            set_num_threads(before)
        return Measurement(number, times, self._title, self._threads)

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
