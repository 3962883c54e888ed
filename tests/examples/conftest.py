"""The examples are scripts in a folder of their own, which import each other by plain names."""

from __future__ import annotations

import importlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture(autouse=True)
def examples_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)


@pytest.fixture
def run(
    examples_on_path: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., str]]:
    """Run the main function of an example in some folder; gives what it printed."""
    before = signal.getsignal(signal.SIGINT)

    def run(name: str, folder: Path, *arguments: str) -> str:
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)
        capsys.readouterr()
        importlib.import_module(name).main(["--quick", "--out", "o", *arguments])
        return capsys.readouterr().out

    yield run
    signal.signal(signal.SIGINT, before)
