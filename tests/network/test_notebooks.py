"""The networks of the original notebooks, in their words, at a small size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotn as tn


def dense(layer: Any) -> Any:
    for _ in range(2):
        layer = tn.Dense((6, 6), activation=tn.Tanh())(layer)
    return tn.Dense((5,), activation=tn.Sigmoid())(layer)


def convolution(layer: Any) -> Any:
    for _ in range(3):
        layer = tn.Conv((5, 5), (5,), kernel_stride=(1, 1), pad=True)(layer)
    return tn.Dense((5,), activation=tn.Sigmoid())(layer)


def recurrent(layer: Any) -> Any:
    for _ in range(2):
        layer = tn.RNN(20)(layer)
    return tn.Dense((5,), activation=tn.Sigmoid())(layer)


def memory(layer: Any) -> Any:
    for _ in range(2):
        layer = tn.LSTM(20)(layer)
    return tn.Dense((5,), activation=tn.Sigmoid())(layer)


def residual(layer: Any) -> Any:
    for _ in range(2):
        layer = tn.Residual(tn.Dense((8, 8), activation=tn.ReLU()))(layer)
    return tn.Dense((5,), activation=tn.ReLU())(layer)


NETWORKS: list[tuple[Callable[[Any], Any], str, float]] = [
    (dense, "quad", 3e-3),
    (convolution, "quad", 3e-3),
    (recurrent, "quad", 3e-3),
    (memory, "quad", 1e-2),
    (residual, "quad", 1e-3),
    (dense, "ce", 3e-3),
    (memory, "ce", 1e-2),
]


@pytest.mark.parametrize(("build", "loss", "scale"), NETWORKS)
def test_it_learns_five_noisy_pictures_one_at_a_time(build: Any, loss: str, scale: float) -> None:
    rng = np.random.default_rng(0)
    pictures = rng.random((5, 8, 8))
    in_layer = tn.Input((8, 8))()
    s = tn.System(inputs=[in_layer], outputs=[build(in_layer)])
    right = []
    for _ in range(300):
        k = rng.integers(5)
        picture = pictures[k] + 0.05 * rng.normal(size=(8, 8))
        guess_out, state = s.guess([picture], return_state=True)
        s.learn(state, [np.eye(5)[k]], loss=loss, method="adam", scale=scale)
        right.append(guess_out[0].argmax() == k)
    assert np.mean(right[-60:]) > 0.95


def test_the_models_that_read_lines() -> None:
    """Colour windows: one model marks boundaries of characters, one tells the character."""
    window = tn.Input((24, 16, 3))()
    layer = tn.Conv((3, 3), (2,))(window)
    layer = tn.Conv((2, 14), (8,))(layer)
    assert str(layer) == "Conv :: [(22, 14, 2)] -> [(21, 1, 8)]"
    layer = tn.Dense((30,), activation=tn.Tanh())(layer)
    splitter = tn.System([window], [tn.Dense((24,), activation=tn.Sigmoid())(layer)])
    rng = np.random.default_rng(0)
    image, boundaries = rng.random((24, 16, 3)), (rng.random(24) > 0.8).astype(float)
    for _ in range(60):
        guess, state = splitter.guess([image], return_state=True)
        splitter.learn(state, [boundaries], loss="ce", method="adam", scale=3e-3)
    assert ((guess[0] > 0.5) == boundaries).all()


def test_lstms_in_both_directions_over_columns() -> None:
    window = layer = tn.Input((24, 16, 3))()
    for depth in range(2):
        layer = tn.LSTM(10, go_backwards=depth % 2 == 0)(layer)
    s = tn.System([window], [tn.Dense((24,), activation=tn.Sigmoid())(layer)])
    assert s.guess([np.zeros((24, 16, 3))])[0].shape == (24,)
