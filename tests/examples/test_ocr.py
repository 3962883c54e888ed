"""The main example: the article's lines, its pictures, and a Ctrl-C that loses nothing."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.utils.checkpointing import Checkpointer
from tests.examples.conftest import EXAMPLES
from tests.examples.test_pictures import is_png

ARTICLE = """\
Input :: [] -> [(32, 32)]
Dense :: [(32, 32)] -> [(15, 15)]
Dense :: [(15, 15)] -> [(15, 15)]
Dense :: [(15, 15)] -> [(26,)]
"""

Run = Callable[..., str]


def script(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a user does; a warning is an error."""
    return subprocess.run(
        [sys.executable, "-W", "error", str(EXAMPLES / "ocr.py"), *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(EXAMPLES.parent)},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder and the output of a run that nobody interrupts."""
    folder = tmp_path_factory.mktemp("whole")
    done = script(folder, "--quick", "--out", "o")
    assert done.returncode == 0, done.stderr
    return folder / "o", done.stdout


@pytest.fixture
def interrupted(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run the example and press Ctrl-C when a method of `Letters` is called that many times."""

    def interrupted(folder: Path, method: str, count: int, *arguments: str) -> str:
        supply = importlib.import_module("letters").Letters
        draw, calls = getattr(supply, method), []

        def counted(self: Any, n: int) -> Any:
            calls.append(n)
            if len(calls) == count:
                signal.raise_signal(signal.SIGINT)
            return draw(self, n)

        with monkeypatch.context() as patch:
            patch.setattr(supply, method, counted)
            with pytest.raises(SystemExit) as stop:
                run("ocr", folder, *arguments)
        return str(stop.value)

    return interrupted


@pytest.fixture
def fewer_pictures(examples_on_path: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pictures with an axes for every letter are left out: they take longer than the run they show."""
    pictures = importlib.import_module("pictures")
    for name in ("readings", "confusion"):
        monkeypatch.setattr(pictures, name, lambda *arguments: None)


def kept(folder: Path) -> dict[str, Any]:
    """All states in the latest checkpoint."""
    content = Checkpointer(folder / "checkpoints").load()
    assert content is not None
    return content["objects"]


def assert_same(one: Any, other: Any) -> None:
    """Bit for bit the same, through dictionaries and lists."""
    assert type(one) is type(other)
    if isinstance(one, dict):
        assert list(one) == list(other)
        for key in one:
            assert_same(one[key], other[key])
    elif isinstance(one, list | tuple):
        assert len(one) == len(other)
        for left, right in zip(one, other, strict=True):
            assert_same(left, right)
    elif isinstance(one, tn.Tensor):
        assert one.dtype == other.dtype
        assert one.numpy().tobytes() == other.numpy().tobytes()
    else:
        assert one == other


def test_it_prints_the_articles_lines_and_its_files(whole: tuple[Path, str]) -> None:
    folder, printed = whole
    assert printed.startswith(ARTICLE)
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("letters.png", "held-out.png", "confusion-letters.png", "confusion-held-out.png"),
        *("weights.png", "weights-article.png", "curves.png", "curves-article.png"),
        *("network.dot", "network.svg", "checkpoints"),
    }
    assert all(str(Path("o", name)) in printed for name in names)
    assert all(is_png(path) for path in folder.glob("*.png"))


# The test letters are the first two batches drawn.
@pytest.mark.usefixtures("fewer_pictures")
@pytest.mark.parametrize("where", [("tagged_2d_data", 2), ("batch", 3), ("batch", 9)])
def test_a_resumed_run_ends_like_one_that_was_never_stopped(
    where: tuple[str, int], whole: tuple[Path, str], interrupted: Run, run: Run, tmp_path: Path
) -> None:
    assert "--resume" in interrupted(tmp_path, *where)
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["checkpoints"]
    run("ocr", tmp_path, "--resume")
    assert_same(kept(tmp_path / "o"), kept(whole[0]))
    for picture in ("weights.png", "curves.png"):
        again, before = tmp_path / "o" / picture, whole[0] / picture
        assert again.read_bytes() == before.read_bytes()


@pytest.mark.usefixtures("fewer_pictures")
def test_a_run_may_be_stopped_twice(
    whole: tuple[Path, str], interrupted: Run, run: Run, tmp_path: Path
) -> None:
    interrupted(tmp_path, "tagged_2d_data", 3)
    interrupted(tmp_path, "batch", 4, "--resume")
    run("ocr", tmp_path, "--resume")
    assert_same(kept(tmp_path / "o"), kept(whole[0]))


def test_resume_without_a_checkpoint_says_so(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run("ocr", tmp_path, "--resume")
    assert f"no checkpoint in {Path('o', 'checkpoints')}" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_the_checkpoint_holds_the_weights(whole: tuple[Path, str]) -> None:
    weight = kept(whole[0])["model"]["1.weight"].numpy()
    assert weight.shape == (15 * 15, 32 * 32)
    assert np.isfinite(weight).all()
