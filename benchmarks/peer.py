"""The parent's end of a worker process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[1]

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class RowError(Exception):
    """A row could not be run in one of the libraries; the text says which and why."""


class Peer:
    """One library in its own process; ``missing`` says why it could not be imported.

    ``label`` is its name in the results: the library's own, unless one is compared with itself.
    """

    def __init__(self, library: str, mode: str, label: str | None = None) -> None:
        self.label = label or library
        # Without the extra, a library that happens to be installed is not used.
        name, fast, folder = library.partition("[fast]")
        environment = {k: v for k, v in os.environ.items() if k not in THREAD_VARIABLES}
        if mode == "cpu":
            environment.update(dict.fromkeys(THREAD_VARIABLES, "1"))
        environment["AUTOTN_ONEDNN"] = "1" if fast else "0"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", name + folder, mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment,
        )
        hello = self._receive()
        self.missing: str | None = hello.get("missing")
        self.version: str | None = hello.get("version")
        #: Bytes the check of a row needed at its peak, where the system tells.
        self.peak: int | None = None

    def numbers(self, row: str) -> list[float]:
        """What the row computes: the losses both libraries must agree on."""
        reply = self._ask(ask="check", row=row)
        self.peak = reply["peak"]
        return reply["numbers"]

    def time(self, row: str, seconds: float) -> float:
        """Seconds per unit, from about ``seconds`` of work."""
        return self._ask(ask="time", row=row, seconds=seconds)["seconds"]

    def _ask(self, **question: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        reply = self._receive()
        if "error" in reply:
            raise RowError(f"{self.label}: {reply['error']}")
        return reply

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RowError(f"{self.label}: the process ended with {self._process.wait()}")
        return json.loads(line)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
