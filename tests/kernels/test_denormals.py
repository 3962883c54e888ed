"""Flushing the smallest numbers to zero is a thread's own business, and can be undone."""

from __future__ import annotations

import platform
import sys
import threading

import numpy as np
import pytest

import autotn as tn

POSSIBLE = (
    sys.platform == "linux" and platform.machine() == "x86_64" and platform.libc_ver()[0] == "glibc"
)


def smallest_survive() -> bool:
    """Whether a denormal number is more than zero when computed with."""
    return bool((np.full(100, 1e-40, np.float32) * np.float32(1)).any())


def test_it_holds_in_the_thread_that_asked_and_can_be_undone() -> None:
    found = []

    def work() -> None:
        found.append((tn.set_flush_denormal(True), smallest_survive()))
        found.append((tn.set_flush_denormal(False), smallest_survive()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [(POSSIBLE, not POSSIBLE), (POSSIBLE, True)]
    assert smallest_survive()


def test_other_processors_answer_false(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert tn.set_flush_denormal(True) is False
    assert smallest_survive()


def test_it_keeps_how_numpy_treats_errors() -> None:
    with np.errstate(divide="raise"):
        tn.set_flush_denormal(True)
        tn.set_flush_denormal(False)
        with pytest.raises(FloatingPointError):
            np.ones(3) / np.zeros(3)
