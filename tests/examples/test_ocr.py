"""The main example: the article's lines, its pictures, and a Ctrl-C that loses nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotn as tn
from tests.examples.conftest import EXAMPLES
from tests.examples.test_examples import run
from tests.examples.test_pictures import is_png

ARTICLE = """\
Input :: [] -> [(32, 32)]
Dense :: [(32, 32)] -> [(15, 15)]
Dense :: [(15, 15)] -> [(15, 15)]
Dense :: [(15, 15)] -> [(26,)]
"""

#: Runs the example and presses Ctrl-C when a method of `Letters` has been called that many times.
PRESS_CTRL_C = """
import signal, sys
import ocr, letters

name, count, *arguments = sys.argv[1:]
draw, calls = getattr(letters.Letters, name), []

def counted(supply, n):
    calls.append(n)
    if len(calls) == int(count):
        signal.raise_signal(signal.SIGINT)
    return draw(supply, n)

setattr(letters.Letters, name, counted)
ocr.main(["--quick", "--out", "o", *arguments])
"""


def interrupt(method: str, calls: int, folder: Path, *arguments: str) -> str:
    """What the interrupted run says at its end."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PRESS_CTRL_C, method, str(calls), *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{EXAMPLES}{os.pathsep}{EXAMPLES.parent}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    return done.stderr


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


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder and the output of a run that nobody interrupts."""
    folder = tmp_path_factory.mktemp("whole")
    return folder / "o", run("ocr", folder=folder)


def test_it_prints_the_articles_lines_and_its_files(whole: tuple[Path, str]) -> None:
    folder, printed = whole
    assert printed.startswith(ARTICLE)
    names = {path.name for path in folder.iterdir()}
    assert names == {
        *("letters.png", "held-out.png", "confusion-letters.png", "confusion-held-out.png"),
        *("weights.png", "weights-article.png", "curves.png", "curves-article.png"),
        *("network.dot", "network.svg", "ocr.pt"),
    }
    assert all(str(Path("o", name)) in printed for name in names)
    assert all(is_png(path) for path in folder.glob("*.png"))


# The test letters are drawn by the first two batches.
@pytest.mark.parametrize("where", [("tagged_2d_data", 2), ("batch", 9)])
def test_a_resumed_run_ends_like_one_that_was_never_stopped(
    where: tuple[str, int], whole: tuple[Path, str], tmp_path: Path
) -> None:
    said = interrupt(*where, tmp_path)
    assert "--resume" in said
    assert [path.name for path in (tmp_path / "o").iterdir()] == ["ocr.pt"]
    run("ocr", "--resume", folder=tmp_path)
    assert_same(tn.load(tmp_path / "o" / "ocr.pt"), tn.load(whole[0] / "ocr.pt"))
    for picture in ("weights.png", "curves.png"):
        again, before = tmp_path / "o" / picture, whole[0] / picture
        assert again.read_bytes() == before.read_bytes()


def test_a_run_may_be_stopped_twice(whole: tuple[Path, str], tmp_path: Path) -> None:
    interrupt("tagged_2d_data", 3, tmp_path)
    interrupt("batch", 4, tmp_path, "--resume")
    run("ocr", "--resume", folder=tmp_path)
    assert_same(tn.load(tmp_path / "o" / "ocr.pt"), tn.load(whole[0] / "ocr.pt"))


def test_resume_without_a_checkpoint_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "ocr.py"), "--resume", "--out", "nowhere"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(EXAMPLES.parent)},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "nowhere" in done.stderr
    assert not (tmp_path / "nowhere").exists()


def test_quick_letters_are_learned_a_little(whole: tuple[Path, str]) -> None:
    state = tn.load(whole[0] / "ocr.pt")
    weight = state["model"]["1.weight"].numpy()
    assert weight.shape == (15 * 15, 32 * 32)
    assert np.isfinite(weight).all()
