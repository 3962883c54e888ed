"""Every example runs in a tiny setting and leaves whole pictures behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.examples.conftest import EXAMPLES
from tests.examples.test_pictures import is_png

#: What each example writes.
WRITES = {
    "custom_op": ["activation.png", "continued.png", "straight_through.png"],
    "digits": ["confusion.png", "curves.png", "kernels.png", "mistakes.png"],
    "gpt": ["checkpoints", "loss.png", "places.png", "sample.txt"],
    "letter_networks": [
        f"{name}.png" for name in ("accuracy", "conv", "dense", "lstm", "residual", "rnn")
    ],
    "image_transforms": ["accuracy.png", "pictures", "transforms.png"],
    "line_ocr": ["errors.png", "lines.png"],
    "per_sample_gradients": ["lengths.png", "suspects.png"],
    "pinn": ["conductivity.png", "error.png", "loss.png", "solution.png"],
    "reinforce": ["run.png", "steps.png"],
    "time_sequence": ["loss.png", "waves.png"],
    "vae": ["loss.png", "pairs.png", "places.png", "plane.png"],
}

#: Modules the examples share, and the letter reader, which has tests of its own.
OTHERS = {"command_line", "letters", "ocr", "ocr_data", "pictures", "text_lines", "transforms"}


def test_no_example_is_forgotten() -> None:
    assert {path.stem for path in EXAMPLES.glob("*.py")} == set(WRITES) | OTHERS


@pytest.mark.parametrize("name", WRITES)
def test_example_writes_its_pictures(name: str, run: Callable[..., str], tmp_path: Path) -> None:
    printed = run(name, tmp_path)
    written = sorted((tmp_path / "o").iterdir())
    assert [path.name for path in written] == WRITES[name]
    for path in written:
        assert f"{Path('o') / path.name}" in printed
        assert path.suffix != ".png" or is_png(path)


@pytest.mark.parametrize("name", sorted(WRITES))
def test_examples_stay_short(name: str) -> None:
    assert len((EXAMPLES / f"{name}.py").read_text(encoding="utf-8").splitlines()) < 150


@pytest.mark.parametrize("name", ["digits", "line_ocr", "reinforce"])
def test_a_seed_fixes_every_picture(name: str, run: Callable[..., str], tmp_path: Path) -> None:
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        run(name, folder, "--seed", "3")
    for picture in WRITES[name]:
        first, second = (folder / "o" / picture for folder in folders)
        assert first.read_bytes() == second.read_bytes()


def test_a_resumed_gpt_writes_the_same(run: Callable[..., str], tmp_path: Path) -> None:
    """The last checkpoint is lost, and the run goes on from the one before."""
    run("gpt", tmp_path)
    written, checkpoints = tmp_path / "o" / "sample.txt", tmp_path / "o" / "checkpoints"
    expected = written.read_text()
    written.unlink()
    max(checkpoints.iterdir()).unlink()
    run("gpt", tmp_path, "--resume")
    assert written.read_text() == expected
