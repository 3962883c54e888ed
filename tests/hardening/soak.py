"""Run for a long time and see that memory stays flat.

``python -m tests.hardening.soak --rounds 2000`` prints what is allocated as it goes.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import sys
import tempfile
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import autotn as tn
from autotn import nn
from tests.hardening.jobs import fingerprints


def fails(call: Callable[[], object]) -> None:
    """Call what raises, and let the error be explained."""
    with contextlib.suppress(RuntimeError):
        call()
        raise AssertionError("this was to fail")


def one_round(number: int, folder: Path) -> None:
    """Everything once: trainings, errors with explanations, graphs, files, a check."""
    fingerprints(number % 7, 2)
    model = nn.Sequential(nn.Linear(4, 5), nn.Linear(6, 3))
    fails(lambda: model(tn.rand(2 + number % 5, 4)))
    frozen = nn.Linear(2, 1).requires_grad_(False)
    fails(lambda: frozen(tn.rand(1, 2)).sum().backward())
    tn.graph(model[0], tn.rand(1, 4))
    tn.save(model.state_dict(), folder / "model.pt")
    model.load_state_dict(tn.load(folder / "model.pt"))


def allocated(first: int, count: int, folder: Path) -> int:
    """Bytes that Python holds after some rounds more."""
    for number in range(first, first + count):
        one_round(number, folder)
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=500)
    options = parser.parse_args()
    step = max(1, options.rounds // 10)
    tracemalloc.start()
    with tempfile.TemporaryDirectory() as name:
        warm = allocated(0, step, Path(name))
        for done in range(step, options.rounds, step):
            now = allocated(done, step, Path(name))
            sys.stdout.write(f"after {done + step} rounds: {(now - warm) / 1024:+.1f} KiB\n")


if __name__ == "__main__":
    main()
