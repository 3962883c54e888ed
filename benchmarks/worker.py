"""The process one library runs in: it answers questions, one line of JSON each.

It is started by :mod:`benchmarks.peer` as ``python -m benchmarks.worker LIBRARY wall|cpu``.
``LIBRARY`` is a module's name, or ``NAME@FOLDER`` for the one found in that folder.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.row import Case, all_rows

BLOCK = 0.05
"""Seconds of one timed block, long enough to make the clock's own cost vanish."""


def cpu_time() -> float:
    """Seconds of processor time this process and its finished children have used."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": cpu_time}


def time_block(step: Callable[[], Any], clock: Callable[[], float], count: int) -> float:
    """Seconds per step over ``count`` steps."""
    start = clock()
    for _ in range(count):
        step()
    return (clock() - start) / count


def time_per_unit(case: Case, clock: Callable[[], float], seconds: float) -> float:
    """Best block of about ``seconds`` of work; a step longer than that is run once."""
    estimate = time_block(case.step, clock, 1)
    if estimate < seconds:
        estimate = time_block(case.step, clock, max(1, int(BLOCK / max(estimate, 1e-7))))
        count = max(1, int(BLOCK / max(estimate, 1e-7)))
        blocks = max(3, int(seconds / (count * max(estimate, 1e-7))))
        estimate = min(time_block(case.step, clock, count) for _ in range(blocks))
    return estimate / case.units


def resident_memory(kind: str) -> int | None:
    """Bytes of this process in memory: now (``VmRSS``) or at most (``VmHWM``); Linux only."""
    status = Path("/proc/self/status")
    if not status.exists():
        return None
    lines = [line for line in status.read_text().splitlines() if line.startswith(f"{kind}:")]
    return int(lines[0].split()[1]) * 1024 if lines else None


def numbers_and_peak(case_of: Callable[[], Case]) -> dict[str, Any]:
    """Build a case and run its check; the memory that took at its peak."""
    before = resident_memory("VmRSS")
    if before is not None:
        Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    numbers = case_of().numbers()
    peak = resident_memory("VmHWM")
    return {"numbers": numbers, "peak": None if before is None or peak is None else peak - before}


def answer(
    question: dict[str, Any], namespace: Any, clock: Callable[[], float], cases: dict[str, Case]
) -> dict[str, Any]:
    """Check a row on a case of its own; time it on one that is kept for all rounds."""
    key = question["row"]
    build = all_rows()[key].build
    if question["ask"] == "check":
        return numbers_and_peak(lambda: build(namespace))
    if key not in cases:
        cases[key] = build(namespace)
        cases[key].prepare()
    gc.collect()
    return {"seconds": time_per_unit(cases[key], clock, question["seconds"])}


def main() -> None:
    library, mode = sys.argv[1:]
    library, _, folder = library.partition("@")
    if folder:
        sys.path.insert(0, folder)
    # Whatever a library prints must not land among the answers.
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def reply(message: dict[str, Any]) -> None:
        replies.write(json.dumps(message) + "\n")
        replies.flush()

    try:
        namespace = importlib.import_module(library)
    except Exception as error:  # noqa: BLE001 - handed to the parent, which says it
        reply({"missing": f"{type(error).__name__}: {error}"})
        return
    fast = hasattr(namespace, "System") and os.environ.get("AUTOTN_ONEDNN") == "1"
    if fast and not namespace.backends.mkldnn.is_available():
        reply({"missing": "oneDNN, which the extra `fast` brings, is not installed"})
        return
    cases: dict[str, Case] = {}
    reply({"version": getattr(namespace, "__version__", "unknown")})
    for line in sys.stdin:
        try:
            reply(answer(json.loads(line), namespace, CLOCKS[mode], cases))
        except Exception as error:  # noqa: BLE001 - handed to the parent, which reports it
            reply({"error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    main()
