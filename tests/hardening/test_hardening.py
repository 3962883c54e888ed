"""Long runs, many threads, strict warnings: nothing leaks, nothing differs, nothing is said."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from tests.hardening import side_by_side, soak
from tests.hardening.jobs import JOBS, fingerprints

ROOT = Path(__file__).resolve().parents[2]


def python(*arguments: str, hash_seed: str = "0") -> str:
    """What a fresh interpreter prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hash_seed}
    command = [sys.executable, *arguments]
    return subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout


def test_threads_train_as_they_would_alone() -> None:
    seeds = range(2)
    assert side_by_side.together(seeds, 6) == side_by_side.alone(seeds, 6)


def test_threads_may_be_the_first_to_call_an_op() -> None:
    """The code of an op is written at its first call: here that is in twelve threads at once."""
    program = (
        "from tests.hardening import side_by_side as s;"
        "a = s.together(range(2), 2); b = s.alone(range(2), 2); print(a == b, a if a != b else '')"
    )
    assert python("-c", program) == "True \n"


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.__name__)
def test_two_runs_with_one_seed_are_the_same_bit_for_bit(job: object) -> None:
    assert callable(job)
    assert job(3, 4) == job(3, 4)
    assert job(3, 4) != job(4, 4)


def test_two_processes_with_one_seed_are_the_same_bit_for_bit() -> None:
    program = "from tests.hardening.jobs import fingerprints; print(fingerprints(5, 3))"
    assert python("-c", program, hash_seed="1") == python("-c", program, hash_seed="2")


def test_memory_stays_flat(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        warm = soak.allocated(0, 14, tmp_path)
        grown = soak.allocated(14, 14, tmp_path) - warm
    finally:
        tracemalloc.stop()
    assert grown < 30_000  # one model kept per round would be ten times as much


def test_nothing_warns() -> None:
    """Every module is imported and every job run where warnings are errors."""
    program = (
        "import autotn, importlib, pkgutil, warnings\n"
        "for m in pkgutil.walk_packages(autotn.__path__, 'autotn.'):\n"
        "    if not m.name.endswith('__main__'):\n"
        "        importlib.import_module(m.name)\n"
        "from tests.hardening.jobs import fingerprints\n"
        "print(len(fingerprints(0, 2)))\n"
    )
    assert python("-W", "error", "-bb", "-c", program).splitlines()[-1] == str(len(JOBS))


def test_fingerprints_tell_seeds_apart() -> None:
    assert (
        len({*fingerprints(0, 1), *fingerprints(1, 1)}) == 2 * len(JOBS) - 2
    )  # watched = convolutional
