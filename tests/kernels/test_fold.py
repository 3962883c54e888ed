"""Sliding blocks: PyTorch's columns and images, each the transpose of the other."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from autotn.errors import ShapeError
from autotn.kernels.fold import fold, fold_backward, unfold, unfold_backward

Array = np.ndarray[Any, Any]

WINDOWS: list[dict[str, Any]] = [
    {"kernel_size": kernel, "dilation": dilation, "padding": padding, "stride": stride}
    for kernel, dilation, padding, stride in itertools.product(
        [1, 3, (2, 3)], [1, (2, 1)], [0, 1, (0, 2)], [1, 2, (3, 1)]
    )
]
SHAPES = [(2, 3, 6, 7), (1, 1, 5, 5), (0, 2, 6, 6), (3, 1, 9, 5)]


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_values_and_gradients_are_pytorchs(torch: Any, shape: tuple[int, ...], dtype: str) -> None:
    F = torch.nn.functional
    rng = np.random.default_rng(0)
    for window in WINDOWS:
        x = np.asarray(rng.standard_normal(shape), dtype)
        tensor = torch.tensor(x, requires_grad=True)
        expected = F.unfold(tensor, **window)
        columns = unfold(x, **window)
        assert columns.dtype == dtype
        np.testing.assert_array_equal(columns, expected.detach().numpy())
        g = np.asarray(rng.standard_normal(columns.shape), dtype)
        expected.backward(torch.tensor(g))
        gradient = unfold_backward(g, shape[2:], **window)
        assert gradient.dtype == dtype
        np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-5, atol=1e-5)

        tensor = torch.tensor(g, requires_grad=True)
        expected = F.fold(tensor, shape[2:], **window)
        images = fold(g, shape[2:], **window)
        np.testing.assert_allclose(images, expected.detach().numpy(), rtol=1e-5, atol=1e-5)
        expected.backward(torch.tensor(x))
        np.testing.assert_array_equal(fold_backward(x, **window), tensor.grad.numpy())


@pytest.mark.parametrize("image", [(7,), (4, 5), (3, 4, 5)])
def test_any_number_of_axes(image: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, *image))
    columns = unfold(x, 2, padding=1, stride=2)
    ones = fold(np.ones_like(columns), image, 2, padding=1, stride=2)
    np.testing.assert_allclose(fold(columns, image, 2, padding=1, stride=2), x * ones)


def test_given_arrays_are_left_alone_whatever_their_strides() -> None:
    x = np.arange(2 * 3 * 6 * 7.0).reshape(2, 3, 6, 7)
    turned = np.asfortranarray(x[:, ::-1])[:, ::-1]
    columns = unfold(x, 3)
    np.testing.assert_array_equal(unfold(turned, 3), columns)
    turned = np.asfortranarray(columns)
    np.testing.assert_array_equal(fold(turned, (6, 7), 3), fold(columns, (6, 7), 3))
    columns[:] = 0
    whole = unfold(x, 1)
    whole[:] = 0
    assert x.sum() == np.arange(2 * 3 * 6 * 7).sum()


@pytest.mark.parametrize(
    ("shape", "window", "match"),
    [
        ((1, 1, 2, 2), {"kernel_size": 3}, "unfold: no block fits"),
        ((1, 1, 2, 2), {"kernel_size": 0}, "kernel_size must be 2 numbers of at least 1"),
        ((1, 1, 2, 2), {"kernel_size": 1, "stride": 0}, "stride must be"),
        ((1, 1, 2, 2), {"kernel_size": 1, "padding": -1}, "padding must be"),
        ((1, 1, 2, 2), {"kernel_size": 1, "dilation": (1, 1, 1)}, "dilation must be"),
        ((1, 0, 2, 2), {"kernel_size": 1}, "channels and pixels"),
    ],
)
def test_bad_windows_are_named(shape: tuple[int, ...], window: dict[str, Any], match: str) -> None:
    with pytest.raises(ShapeError, match=match):
        unfold(np.zeros(shape), **window)


@pytest.mark.parametrize(
    ("shape", "match"),
    [
        ((1, 5, 9), r"a multiple of 4, 9\)"),
        ((1, 4, 8), r"a multiple of 4, 9\)"),
        ((4, 9), r"got \(4, 9\)"),
    ],
)
def test_columns_that_fit_no_image_are_named(shape: tuple[int, ...], match: str) -> None:
    with pytest.raises(ShapeError, match=match):
        fold(np.zeros(shape), (4, 4), 2)
    with pytest.raises(ShapeError, match="output_size must be positive"):
        fold(np.zeros(shape), (0, 4), 2)
