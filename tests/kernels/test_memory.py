"""Freed memory stays with the process, unless the user says no; `empty_cache` lets it go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from autotn.kernels import memory

ROOT = Path(__file__).resolve().parents[2]

STEPS = """
import resource
import autotn as tn

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    arrays = [tn.ones(500_000) for _ in range(20)]
    del arrays
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

faults()
print(faults())
tn.empty_cache()
print(faults())
"""

gnu = memory._c_library() is not None


def page_faults(setting: str) -> list[int]:
    """Pages fetched from the system by a second round of large arrays, and by one after emptying."""
    environment = {**os.environ, "AUTOTN_MALLOC": setting}
    command = [sys.executable, "-c", STEPS]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return [int(line) for line in done.stdout.split()]


def test_a_second_round_of_arrays_finds_its_memory() -> None:
    kept, emptied = page_faults("1")
    if gnu:
        assert kept < 100 < emptied


def test_the_c_library_is_left_alone_when_asked() -> None:
    untouched, _ = page_faults("0")
    assert untouched > 100 or not gnu


def test_no_setting_is_made_on_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUTOTN_MALLOC", raising=False)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert memory.keep_freed_memory() is False
    memory.empty_cache()


def test_empty_cache_drops_what_kernels_keep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_droppers", [])
    kept = [1, 2]
    memory.dropped_by_empty_cache(kept.clear)
    memory.empty_cache()
    assert kept == []
