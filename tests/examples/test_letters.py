"""The letters: real letters only, split by typeface, the same for the same seed."""

from __future__ import annotations

import importlib
import subprocess
import sys
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.examples.conftest import EXAMPLES


@pytest.fixture
def letters(examples_on_path: None) -> ModuleType:
    return importlib.import_module("letters")


def test_import_opens_no_font_and_loads_no_matplotlib() -> None:
    check = (
        "import sys, letters;"
        "assert letters._open.cache_info().currsize == 0;"
        "assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", check], cwd=EXAMPLES, check=True)


def test_several_typefaces_on_both_sides_and_no_family_on_both(letters: Any) -> None:
    training, held_out = letters.split_faces()
    assert len(training) >= 12
    assert len(held_out) >= 5
    assert not set(training) & set(held_out)
    assert set(training) | set(held_out) == set(letters.all_faces())
    assert not any(face.name.startswith(letters.HELD_OUT) for face in training)


def test_symbol_faces_are_left_out(letters: Any) -> None:
    names = {face.name.split()[0] for face in letters.all_faces()}
    assert {"DejaVu", "STIXGeneral", "Aileron"} <= names
    assert not names & {"cmsy10", "cmex10", "STIXNonUnicode", "STIXSizeOneSym", "Last"}


@pytest.mark.parametrize("letter", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
def test_every_letter_leaves_ink_and_is_its_own_label(letters: Any, letter: str) -> None:
    truth, image = letters.gen_data(letter, rng=np.random.default_rng(0))
    assert letters.letters[truth.argmax()] == letter
    assert truth.shape == letters.out_shape
    assert truth.sum() == 1
    assert image.shape == letters.in_2d_shape
    assert image.dtype == np.float32
    assert image.max() > 0.5
    assert image.min() == 0


def test_first_letter_of_a_pair_is_the_label(letters: Any) -> None:
    truth, _ = letters.gen_data("ZA")
    assert truth.argmax() == 25


def test_without_shuffle_the_same_font_draws_the_same_picture(letters: Any) -> None:
    font = letters.split_faces()[0][0].at(28)
    pictures = [letters.gen_data("Q", font=font, shuffle=False)[1] for _ in range(2)]
    assert np.array_equal(*pictures)
    moved = [letters.gen_data("Q", font=font, rng=np.random.default_rng(s))[1] for s in range(8)]
    assert len({picture.tobytes() for picture in moved}) > 2


def test_a_seed_fixes_every_pixel_and_label(letters: Any) -> None:
    images, labels = letters.Letters(seed=7).batch(60)
    again, same_labels = letters.Letters(seed=7).batch(60)
    other, _ = letters.Letters(seed=8).batch(60)
    assert np.array_equal(images, again)
    assert np.array_equal(labels, same_labels)
    assert not np.array_equal(images, other)


def test_no_picture_comes_twice(letters: Any) -> None:
    one, _ = letters.Letters(seed=0).batch(1500)
    other, _ = letters.Letters(seed=1).batch(1500)
    assert len({image.tobytes() for image in [*one, *other]}) == 3000


def test_the_state_of_the_generator_is_all_there_is_to_save(letters: Any) -> None:
    supply = letters.Letters(seed=1)
    supply.batch(10)
    state = supply.rng.bit_generator.state
    images, labels = supply.batch(10)
    resumed = letters.Letters(seed=99)
    resumed.rng.bit_generator.state = state
    again, same_labels = resumed.batch(10)
    assert np.array_equal(images, again)
    assert np.array_equal(labels, same_labels)


def test_batches_hold_all_letters_equally_often(letters: Any) -> None:
    images, labels = letters.Letters(seed=0).batch(78)
    assert images.shape == (78, 32, 32)
    assert images.dtype == np.float32
    assert labels.dtype == np.int64
    assert np.array_equal(np.bincount(labels), np.full(26, 3))


def test_flat_and_square_data_are_the_same_letters(letters: Any) -> None:
    flat = list(letters.tagged_data(5, rng=np.random.default_rng(3)))
    square = list(letters.tagged_2d_data(5, rng=np.random.default_rng(3)))
    assert len(flat) == len(square) == 5
    for (truth, row), (same_truth, image) in zip(flat, square, strict=True):
        assert row.shape == (letters.in_size,)
        assert np.array_equal(row, image.ravel())
        assert np.array_equal(truth, same_truth)


def test_speech_has_every_letter_and_more_e_than_z(letters: Any) -> None:
    block = letters.speech_like(500, 40, np.random.default_rng(0))
    assert block.shape == (500, 40)
    names, counts = np.unique(block, return_counts=True)
    assert "".join(names) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    often = dict(zip(names, counts, strict=True))
    assert often["E"] > 50 * often["Z"]


def test_render_text_goes_from_background_to_foreground(letters: Any) -> None:
    plain = letters.render_text("MMMM")
    assert plain.shape == (16, 256)
    assert plain.min() == 0
    assert plain.max() == 1
    inverse = letters.render_text("MMMM", bg=1, fg=-1)
    np.testing.assert_allclose(inverse, 1 - 2 * plain, atol=1e-6)
    smooth = letters.render_text("MMMM", render_scale=4)
    assert smooth.shape == (16, 256)
    assert np.corrcoef(smooth.ravel(), plain.ravel())[0, 1] > 0.7
