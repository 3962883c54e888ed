"""CTC loss: PyTorch's values and gradients, and those of the definition itself."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from autotn.errors import ShapeError
from autotn.kernels.ctc import ctc_loss, ctc_loss_backward
from tests.kernels.slope import assert_slope

Array = np.ndarray[Any, Any]

#: Frames, classes, input lengths, target lengths: even and uneven, empty targets, no frames,
#: targets just short enough and too long to be emitted.
CASES: list[tuple[int, int, list[int], list[int]]] = [
    (12, 5, [12, 12, 12], [4, 4, 4]),
    (12, 5, [12, 9, 5, 1], [5, 3, 0, 1]),
    (7, 2, [7, 6, 3, 2], [3, 3, 2, 2]),
    (1, 3, [1, 1], [1, 0]),
    (6, 4, [0, 6, 0], [0, 2, 2]),
    (30, 20, [30], [9]),
    (5, 3, [5, 5], [0, 0]),
    (25, 6, [25, 20] * 10, [8, 7, 0, 1] * 5),
    (4, 3, [], []),
]


def make(
    case: tuple[int, int, list[int], list[int]], dtype: str, blank: int = 0
) -> tuple[Array, Array]:
    """Log-probabilities and padded targets with repeated labels and no blanks."""
    frames, classes, inputs, lengths = case
    rng = np.random.default_rng(0)
    logits = rng.standard_normal((frames, len(inputs), classes)) * 2
    log_probs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    labels = [label for label in range(classes) if label != blank]
    targets = rng.choice(labels, (len(inputs), max(lengths, default=0) + 1))
    return log_probs.astype(dtype), targets


def chained(targets: Array, lengths: list[int]) -> Array:
    """Targets one after the other, without padding."""
    return np.concatenate([targets[:0, 0], *(row[:n] for row, n in zip(targets, lengths))])


@pytest.mark.parametrize("zero_infinity", [False, True])
@pytest.mark.parametrize("blank", [0, 1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients_are_pytorchs(
    torch: Any,
    case: tuple[int, int, list[int], list[int]],
    dtype: str,
    blank: int,
    zero_infinity: bool,
) -> None:
    log_probs, targets = make(case, dtype, blank)
    _, _, inputs, lengths = case
    if not inputs:
        return  # PyTorch refuses an empty batch
    tensor = torch.tensor(log_probs, requires_grad=True)
    sizes = torch.tensor(inputs), torch.tensor(lengths)
    expected = torch.nn.functional.ctc_loss(
        tensor, torch.tensor(targets), *sizes, blank, "none", zero_infinity
    )
    tolerance = 1e-4 if dtype == "float32" else 1e-10
    for given in (targets, chained(targets, lengths), targets.astype(np.int32)):
        loss, saved = ctc_loss(log_probs, given, inputs, lengths, blank, zero_infinity)
        assert loss.dtype == dtype
        np.testing.assert_allclose(loss, expected.detach().numpy(), rtol=tolerance, atol=tolerance)
    g = np.arange(1.0, len(inputs) + 1).astype(dtype)
    expected.backward(torch.tensor(g))
    gradient = ctc_loss_backward(g, log_probs, inputs, lengths, saved, zero_infinity, True)
    assert gradient.dtype == dtype
    np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("case", CASES)
def test_gradients_are_slopes(case: tuple[int, int, list[int], list[int]]) -> None:
    log_probs, targets = make(case, "float64")
    inputs, lengths = case[2:]
    _, saved = ctc_loss(log_probs, targets, inputs, lengths, zero_infinity=True)
    g = np.arange(1.0, len(inputs) + 1)
    gradient = ctc_loss_backward(g, log_probs, inputs, lengths, saved, zero_infinity=True)
    assert_slope(
        lambda at: ctc_loss(at["log_probs"], targets, inputs, lengths, zero_infinity=True)[0],
        {"log_probs": log_probs},
        {"log_probs": gradient},
        g,
    )


@pytest.mark.parametrize("target", [[], [1], [1, 2], [1, 1], [2, 1, 2], [2, 2, 2]])
def test_the_loss_is_that_of_all_paths_together(target: list[int]) -> None:
    case = (4, 3, [4], [len(target)])
    log_probs, _ = make(case, "float64")
    total = 0.0
    for path in itertools.product(range(3), repeat=4):
        merged = [label for label, _ in itertools.groupby(path) if label != 0]
        if merged == target:
            total += float(np.exp(sum(log_probs[t, 0, label] for t, label in enumerate(path))))
    loss, _ = ctc_loss(log_probs, np.array([target], int).reshape(1, -1), [4], [len(target)])
    expected = -np.log(total) if total else np.inf
    np.testing.assert_allclose(loss, [expected], rtol=1e-12)


def test_classes_that_are_impossible() -> None:
    log_probs = np.full((4, 2, 3), -np.inf)
    log_probs[:, :, 0] = 0.0
    log_probs[1, 0, :2] = np.log(0.5)
    targets = np.array([[1], [1]])
    loss, saved = ctc_loss(log_probs, targets, [4, 4], [1, 1])
    np.testing.assert_allclose(loss, [np.log(2), np.inf])
    gradient = ctc_loss_backward(np.ones(2), log_probs, [4, 4], [1, 1], saved)
    np.testing.assert_allclose(gradient[:, 0].T, [[-1, 0, -1, -1], [0, -1, 0, 0], [0, 0, 0, 0]])
    assert np.isnan(gradient[:, 1]).all()


def test_very_unlikely_targets_have_a_finite_loss() -> None:
    log_probs = np.full((50, 1, 3), -1000.0, np.float32)
    loss, saved = ctc_loss(log_probs, np.array([[1, 2]]), [50], [2])
    assert 49_900 < float(loss[0]) < 50_000
    gradient = ctc_loss_backward(np.ones(1, np.float32), log_probs, [50], [2], saved)
    np.testing.assert_allclose(gradient.sum(axis=2), -1, rtol=1e-2)


def test_half_precision_is_computed_in_single() -> None:
    log_probs, targets = make(CASES[0], "float32")
    lengths = CASES[0][2:]
    full, _ = ctc_loss(log_probs, targets, *lengths)
    half, saved = ctc_loss(log_probs.astype(np.float16), targets, *lengths)
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, full, rtol=1e-2)
    g = np.ones(3, np.float16)
    assert ctc_loss_backward(g, log_probs.astype(np.float16), *lengths, saved).dtype == np.float16


def test_strides_do_not_matter_and_nothing_is_changed() -> None:
    log_probs, targets = make(CASES[1], "float64")
    lengths = CASES[1][2:]
    turned = np.asfortranarray(log_probs[::-1])[::-1]
    before = log_probs.copy()
    loss, saved = ctc_loss(turned, np.asfortranarray(targets), *lengths)
    np.testing.assert_array_equal(loss, ctc_loss(log_probs, targets, *lengths)[0])
    g = np.ones(4)
    first = ctc_loss_backward(g, turned, *lengths, saved)
    np.testing.assert_array_equal(first, ctc_loss_backward(g, log_probs, *lengths, saved))
    np.testing.assert_array_equal(log_probs, before)


@pytest.mark.parametrize(
    ("changed", "error", "match"),
    [
        ({"log_probs": np.zeros((4, 3))}, ShapeError, "frames, batch, classes"),
        ({"blank": 3}, ShapeError, "blank must be one of the 3 classes, got 3"),
        ({"blank": -1}, ShapeError, "blank must be"),
        ({"input_lengths": [4]}, ShapeError, "input_lengths must hold an integer for each of 2"),
        ({"input_lengths": [4, 5]}, ShapeError, "number of frames, 4, got 5"),
        ({"input_lengths": [4, -1]}, ShapeError, "input_lengths must not be negative"),
        ({"target_lengths": [1.0, 2.0]}, ShapeError, "target_lengths must hold an integer"),
        ({"target_lengths": [1, 3]}, ShapeError, r"targets must be \(2, at least 3\)"),
        ({"targets": np.array([1, 2])}, ShapeError, r"\(3,\), got \(2,\)"),
        ({"targets": np.array([[1, 2], [1, 3]])}, IndexError, "classes 0 to 2, got 1 to 3"),
    ],
)
def test_bad_arguments_are_named(
    changed: dict[str, Any], error: type[Exception], match: str
) -> None:
    arguments: dict[str, Any] = {
        "log_probs": np.zeros((4, 2, 3)),
        "targets": np.array([[1, 2], [1, 2]]),
        "input_lengths": [4, 4],
        "target_lengths": [1, 2],
    }
    with pytest.raises(error, match=match):
        ctc_loss(**{**arguments, **changed})
