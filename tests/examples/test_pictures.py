"""The pictures: PNG files that are complete or not there."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def pictures(examples_on_path: None) -> Any:
    return importlib.import_module("pictures")


def is_png(path: Path) -> bool:
    content = path.read_bytes()
    return content.startswith(b"\x89PNG") and content.endswith(b"IEND\xaeB`\x82")


def test_every_picture_is_written_into_a_new_folder(pictures: Any, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    rng = np.random.default_rng(0)
    line = ([1, 2, 3], [0.5, 0.2, 0.1])
    label = rng.integers(3, size=20)
    written = [
        pictures.weight_grid(rng.normal(size=(5, 4, 6)), folder / "weights.png", "weights"),
        pictures.weight_grid(np.zeros((1, 2, 2)), folder / "zeros.png", "no weight at all"),
        pictures.curves({"loss": line}, {"a": line, "b": line}, folder / "curves.png", "curves"),
        pictures.line_plot({"x": line}, folder / "line.png", "line", "x", "y"),
        pictures.confusion(label, label[::-1], "abc", folder / "confusion.png", "confusion"),
        pictures.contact_sheet(
            rng.random((5, 4, 4)), folder / "sheet.png", "sheet", list("abcde"), 3, [True] * 5
        ),
    ]
    assert sorted(folder.iterdir()) == sorted(written)
    assert all(is_png(path) for path in written)


def test_a_failed_picture_leaves_the_old_one_and_no_litter(pictures: Any, tmp_path: Path) -> None:
    path = pictures.line_plot({"x": ([1], [2])}, tmp_path / "line.png", "t", "x", "y")
    before = path.read_bytes()

    class Broken:
        def savefig(self, target: Path, **options: object) -> None:
            target.write_bytes(b"half a pict")
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        pictures.save(Broken(), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_mosaic_keeps_tiles_in_reading_order(pictures: Any) -> None:
    tiles = np.arange(3.0)[:, None, None] * np.ones((3, 2, 2))
    sheet = pictures.mosaic(tiles, columns=2, gap=-1)
    assert sheet.tolist() == [
        [0, 0, -1, 1, 1],
        [0, 0, -1, 1, 1],
        [-1, -1, -1, -1, -1],
        [2, 2, -1, -1, -1],
        [2, 2, -1, -1, -1],
    ]
