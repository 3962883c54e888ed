"""Sampling images at points: PyTorch's values and gradients in every mode, affine grids."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from autotn.errors import DTypeError, ShapeError
from autotn.kernels.grid import (
    affine_grid,
    affine_grid_backward,
    grid_sample,
    grid_sample_backward,
)
from tests.kernels.slope import assert_slope

Array = np.ndarray[Any, Any]

MODES = ["bilinear", "nearest", "bicubic"]
PADDINGS = ["zeros", "border", "reflection"]
#: Image and sampled shape. Single rows, columns and channels, many channels, no points, no images.
CASES: list[tuple[tuple[int, ...], tuple[int, ...]]] = [
    ((2, 3, 5, 7), (4, 6)),
    ((1, 1, 1, 4), (3, 3)),
    ((2, 9, 3, 1), (2, 5)),
    ((1, 1, 1, 1), (2, 2)),
    ((3, 2, 8, 16), (1, 1)),
    ((1, 2, 3, 3), (0, 2)),
    ((0, 2, 3, 3), (2, 2)),
    ((2, 2, 3, 4, 5), (2, 3, 4)),
    ((1, 9, 1, 4, 2), (3, 2, 2)),
]
TOLERANCE = {"float32": 2e-4, "float64": 1e-10}


def make(
    shape: tuple[int, ...], points: tuple[int, ...], dtype: str, spread: float
) -> tuple[Array, Array]:
    """An image, and points that leave it on every side by ``spread``."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape)
    grid = rng.uniform(-spread, spread, (shape[0], *points, len(points)))
    return x.astype(dtype), grid.astype(dtype)


def compare(torch: Any, x: Array, grid: Array, **options: Any) -> None:
    tolerance = TOLERANCE[x.dtype.name]
    tensors = [torch.tensor(a, requires_grad=True) for a in (x, grid)]
    expected = torch.nn.functional.grid_sample(*tensors, **options)
    result = grid_sample(x, grid, **options)
    assert result.dtype == x.dtype
    theirs = expected.detach().numpy()
    np.testing.assert_allclose(result, theirs, rtol=tolerance, atol=tolerance)
    g = np.random.default_rng(1).standard_normal(expected.shape).astype(x.dtype)
    expected.backward(torch.tensor(g))
    for ours, tensor in zip(grid_sample_backward(g, x, grid, **options), tensors):
        assert ours is not None
        assert ours.dtype == x.dtype
        np.testing.assert_allclose(ours, tensor.grad.numpy(), rtol=tolerance, atol=tolerance * 10)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("padding_mode", PADDINGS)
@pytest.mark.parametrize("mode", MODES)
def test_values_and_gradients_are_pytorchs(
    torch: Any, mode: str, padding_mode: str, align_corners: bool, dtype: str
) -> None:
    options: dict[str, Any] = {
        "mode": mode,
        "padding_mode": padding_mode,
        "align_corners": align_corners,
    }
    for (shape, points), spread in itertools.product(CASES, [0.9, 1.3, 4.0]):
        if mode != "bicubic" or len(points) == 2:
            compare(torch, *make(shape, points, dtype, spread), **options)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("padding_mode", PADDINGS)
@pytest.mark.parametrize("mode", MODES)
def test_points_on_and_beyond_the_corners(
    torch: Any, mode: str, padding_mode: str, align_corners: bool
) -> None:
    # Multiples of 1/4 hit pixels, edges and the middle between pixels of a 4 × 4 image exactly.
    line = np.arange(-12, 13) / 4
    grid = np.stack(np.meshgrid(line, line), axis=-1)[None]
    x = make((1, 2, 4, 4), (1, 1), "float64", 1.0)[0]
    compare(torch, x, grid, mode=mode, padding_mode=padding_mode, align_corners=align_corners)


@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("padding_mode", PADDINGS)
@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_gradients_are_slopes(mode: str, padding_mode: str, align_corners: bool) -> None:
    x, grid = make((2, 3, 5, 7), (4, 6), "float64", 1.3)
    options: dict[str, Any] = {
        "mode": mode,
        "padding_mode": padding_mode,
        "align_corners": align_corners,
    }
    g = np.random.default_rng(1).standard_normal((2, 3, 4, 6))
    g_x, g_grid = grid_sample_backward(g, x, grid, **options)
    assert g_x is not None
    assert g_grid is not None
    assert_slope(
        lambda at: grid_sample(at["x"], at["grid"], **options),
        {"x": x, "grid": grid},
        {"x": g_x, "grid": g_grid},
        g,
        step=1e-7,
        rtol=1e-5,
    )


@pytest.mark.parametrize("padding_mode", PADDINGS)
@pytest.mark.parametrize("mode", MODES)
def test_points_that_are_no_numbers(mode: str, padding_mode: str) -> None:
    x = make((1, 2, 4, 4), (1, 1), "float32", 1.0)[0]
    bad = np.array([[np.nan, 0], [-np.inf, np.inf], [1e30, -1e30]], np.float32)
    result = grid_sample(x, bad[None, None], mode=mode, padding_mode=padding_mode)
    corner = np.array([[-1, 0]], np.float32)[None, None]
    expected = grid_sample(x, corner, mode=mode, padding_mode=padding_mode)
    np.testing.assert_array_equal(result[..., :1], expected)  # NaN counts as −1
    assert np.isfinite(result).all()
    if padding_mode == "zeros":
        assert not result[..., 1:].any()
    gradients = grid_sample_backward(
        np.ones_like(result), x, bad[None, None], mode=mode, padding_mode=padding_mode
    )
    assert gradients[0] is not None
    assert np.isfinite(gradients[0]).all()


def test_a_bad_pixel_does_not_spread_beyond_its_neighbours() -> None:
    x = np.zeros((1, 1, 4, 4))
    x[0, 0, 0, 0] = np.nan
    grid = np.array([[-3.0, -3.0], [0.9, 0.9], [-0.7, -0.7]])[None, None]
    assert np.isnan(grid_sample(x, grid))[0, 0, 0].tolist() == [False, False, True]


def test_only_what_is_needed() -> None:
    x, grid = make((2, 3, 5, 7), (4, 6), "float32", 1.3)
    g = np.ones((2, 3, 4, 6), np.float32)
    g_x, g_grid = grid_sample_backward(g, x, grid)
    only_x = grid_sample_backward(g, x, grid, need_grid=False)
    only_grid = grid_sample_backward(g, x, grid, need_input=False)
    assert only_x[1] is None
    assert only_grid[0] is None
    np.testing.assert_array_equal(only_x[0], g_x)
    np.testing.assert_array_equal(only_grid[1], g_grid)


def test_half_precision_and_strides() -> None:
    x, grid = make((2, 3, 5, 7), (4, 6), "float32", 1.3)
    expected = grid_sample(x, grid)
    turned_x, turned_grid = (np.asfortranarray(a[::-1])[::-1] for a in (x, grid))
    np.testing.assert_allclose(grid_sample(turned_x, turned_grid), expected, rtol=1e-6)
    half = grid_sample(x.astype(np.float16), grid.astype(np.float16))
    assert half.dtype == np.float16
    np.testing.assert_allclose(half, expected, atol=0.05)


@pytest.mark.parametrize(
    ("shape", "grid", "options", "error", "match"),
    [
        ((1, 1, 2, 2), (2, 1, 1, 2), {}, ShapeError, r"grid must be \(1, …, 2\)"),
        ((1, 1, 2, 2), (1, 1, 1, 3), {}, ShapeError, r"grid must be \(1, …, 2\)"),
        ((1, 1, 2), (1, 1, 1), {}, ShapeError, "both be 4-D or both be 5-D"),
        ((1, 1, 2, 2), (1, 1, 1, 1, 3), {}, ShapeError, "both be 4-D or both be 5-D"),
        ((1, 1, 2, 2, 2), (1, 1, 1, 1, 3), {"mode": "bicubic"}, ShapeError, "needs 4-D input"),
        ((1, 1, 2, 0), (1, 1, 1, 2), {}, ShapeError, "pixels to sample"),
        ((1, 1, 2, 2), (1, 1, 1, 2), {"mode": "cubic"}, ValueError, "mode must be"),
        ((1, 1, 2, 2), (1, 1, 1, 2), {"padding_mode": "edge"}, ValueError, "padding_mode must"),
    ],
)
def test_bad_arguments_are_named(
    shape: tuple[int, ...],
    grid: tuple[int, ...],
    options: dict[str, Any],
    error: type[Exception],
    match: str,
) -> None:
    with pytest.raises(error, match=match):
        grid_sample(np.zeros(shape), np.zeros(grid), **options)


def test_dtypes_must_agree() -> None:
    with pytest.raises(DTypeError, match="got float64 and float32"):
        grid_sample(np.zeros((1, 1, 2, 2)), np.zeros((1, 1, 1, 2), np.float32))


@pytest.mark.filterwarnings("ignore:Since version 1.3.0")  # on single rows, from PyTorch
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("align_corners", [False, True])
@pytest.mark.parametrize("size", [(2, 3, 4, 5), (1, 1, 1, 1), (3, 2, 2, 1, 6)])
def test_affine_grids_are_pytorchs(
    torch: Any, size: tuple[int, ...], align_corners: bool, dtype: str
) -> None:
    dims = len(size) - 2
    theta = np.random.default_rng(0).standard_normal((size[0], dims, dims + 1)).astype(dtype)
    tensor = torch.tensor(theta, requires_grad=True)
    expected = torch.nn.functional.affine_grid(tensor, list(size), align_corners=align_corners)
    result = affine_grid(theta, size, align_corners)
    assert result.dtype == dtype
    np.testing.assert_allclose(result, expected.detach().numpy(), rtol=1e-5, atol=1e-6)
    g: Array = np.random.default_rng(1).standard_normal(np.shape(result)).astype(dtype)
    expected.backward(torch.tensor(g))
    gradient = affine_grid_backward(g, size, align_corners)
    assert gradient.dtype == dtype
    np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "dtype", "size", "error", "match"),
    [
        ((1, 2, 3), "f4", (1, 1, 2), NotImplementedError, "4 entries"),
        ((1, 2, 4), "f4", (1, 1, 2, 2), ValueError, r"theta must be \(1, 2, 3\)"),
        ((2, 2, 3), "f4", (1, 1, 2, 2), RuntimeError, r"theta must be \(1, 2, 3\)"),
        ((1, 2, 3), "i8", (1, 1, 2, 2), ValueError, "floating-point, got int64"),
        ((1, 2, 3), "f4", (1, 1, 0, 2), ValueError, "must be positive"),
    ],
)
def test_bad_affine_arguments_are_named(
    shape: tuple[int, ...], dtype: str, size: tuple[int, ...], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        affine_grid(np.zeros(shape, dtype), size)
