"""Interpolation: PyTorch's values and gradients for every mode and way to say the size."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from autotn.errors import DTypeError, ShapeError
from autotn.kernels.resample import MODES, interpolate, interpolate_backward

Array = np.ndarray[Any, Any]

# Where a float64 nearest-exact position is a tie, PyTorch's 1-D and 2-D kernels disagree with
# each other: such pairs are not among these.
SHAPES: dict[int, list[tuple[int, ...]]] = {
    1: [(2, 3, 7), (1, 1, 1), (1, 2, 130)],
    2: [(2, 3, 7, 5), (1, 1, 1, 6), (2, 1, 20, 70), (1, 2, 130, 9)],
    3: [(1, 2, 5, 6, 7), (2, 1, 3, 2, 20)],
}
SIZES: dict[int, list[tuple[int, ...]]] = {
    1: [(7,), (3,), (1,), (14,), (20,), (61,)],
    2: [(7, 5), (3, 10), (1, 1), (12, 16), (40, 9), (8, 130)],
    3: [(5, 6, 7), (2, 9, 14), (1, 3, 30)],
}
SCALES = [2.0, 3.0, 1.3, 0.5, 0.7, 1.0, 1.01]


def options_of(mode: str) -> list[dict[str, Any]]:
    """Every combination of switches a mode knows."""
    if mode == "lanczos":
        return [{"antialias": True}]
    if mode in ("nearest", "nearest-exact", "area"):
        return [{}]
    options: list[dict[str, Any]] = [{}, {"align_corners": False}, {"align_corners": True}]
    if mode in ("bilinear", "bicubic"):
        options += [{"antialias": True}, {"antialias": True, "align_corners": True}]
    return options


CASES = [(mode, options) for mode in MODES for options in options_of(mode)]


def requests(dims: int) -> list[dict[str, Any]]:
    """Ways to say the size."""
    sizes: list[dict[str, Any]] = [{"size": size} for size in SIZES[dims]]
    scales: list[dict[str, Any]] = [{"scale_factor": scale} for scale in SCALES]
    scales.append({"scale_factor": tuple(SCALES[k + 1] for k in range(dims))})
    scales.append({"scale_factor": 1.7, "recompute_scale_factor": True})
    scales.append({"scale_factor": 1.7, "recompute_scale_factor": False})
    return [{"size": 4}, *sizes, *scales]


def empties(shape: tuple[int, ...], scale: Any) -> bool:
    scales = scale if isinstance(scale, tuple) else [scale] * (len(shape) - 2)
    return any(int(n * factor) == 0 for n, factor in zip(shape[2:], scales))


def inputs(shape: tuple[int, ...], dtype: str) -> Array:
    return np.random.default_rng(0).standard_normal(shape).astype(dtype)


def same(ours: Array, theirs: Array, what: Any) -> None:
    assert ours.dtype == theirs.dtype, what
    assert ours.shape == theirs.shape, what
    tolerance = {"float16": 4e-3, "float32": 5e-5, "float64": 1e-12}[ours.dtype.name]
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance, err_msg=str(what))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("mode", "options"), CASES)
def test_values_and_gradients_are_pytorchs(
    torch: Any, mode: str, options: dict[str, Any], dtype: str
) -> None:
    wanted = MODES[mode][0]
    for dims in [1, 2, 3] if wanted is None else [wanted]:
        for shape, asked in itertools.product(SHAPES[dims], requests(dims)):
            if mode == "nearest" and asked.get("scale_factor") == 1.01:
                continue  # copies or shifts, depending on which of PyTorch's kernels it is
            x = inputs(shape, dtype)
            tensor = torch.tensor(x, requires_grad=True)
            what = (shape, asked)
            if "scale_factor" in asked and empties(shape, asked["scale_factor"]):
                with pytest.raises(ShapeError):
                    interpolate(x, mode=mode, **asked, **options)
                continue
            expected = torch.nn.functional.interpolate(tensor, mode=mode, **asked, **options)
            result = interpolate(x, mode=mode, **asked, **options)
            same(result, expected.detach().numpy(), what)
            assert not np.may_share_memory(result, x)
            g = np.random.default_rng(1).standard_normal(expected.shape).astype(dtype)
            gradient = interpolate_backward(g, shape, mode=mode, **asked, **options)
            assert not np.may_share_memory(gradient, g)
            # In places PyTorch's backward is not the transpose of its forward: it rounds otherwise
            # in the nearest modes; where a scale near 1 leaves the size as it is, antialiasing
            # filters only on the way back, and bicubic only on the way there.
            apart = mode in ("bicubic", "lanczos") or options.get("antialias")
            apart = apart and any(n == new for n, new in zip(shape[2:], expected.shape[2:]))
            if not mode.startswith("nearest") and not (apart and "scale_factor" in asked):
                expected.backward(torch.tensor(g))
                same(gradient, tensor.grad.numpy(), what)
            # The transpose is the truth: <A x, g> = <x, Aᵀ g>.
            np.testing.assert_allclose(
                float((result.astype("f8") * g).sum()),
                float((x.astype("f8") * gradient).sum()),
                rtol=1e-4,
                atol=1e-4 * np.sqrt(g.size),
                err_msg=str(what),
            )


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("mode", ["nearest", "nearest-exact"])
def test_nearest_rounds_as_pytorch_does(torch: Any, mode: str, dtype: str) -> None:
    for n in (1, 2, 3, 7, 29, 131, 1000):
        x = np.arange(n, dtype=dtype)[None, None]
        for new in (1, 2, 5, 41, 47, 55, 80, 127, 999, 3000):
            expected = torch.nn.functional.interpolate(torch.tensor(x), size=new, mode=mode)
            result = interpolate(x, size=new, mode=mode)
            np.testing.assert_array_equal(result, expected.numpy(), err_msg=f"{n} to {new}")
            g = np.ones_like(result)
            gradient = interpolate_backward(g, x.shape, size=new, mode=mode)
            counts = np.bincount(result.ravel().astype(int), minlength=n)
            np.testing.assert_array_equal(gradient.ravel(), counts, err_msg=f"{n} to {new}")


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "bicubic", "area"])
def test_half_precision_is_computed_in_single(torch: Any, mode: str) -> None:
    x = inputs((2, 3, 7, 5), "float16")
    expected = torch.nn.functional.interpolate(torch.tensor(x), size=(9, 4), mode=mode).numpy()
    same(interpolate(x, size=(9, 4), mode=mode), expected, mode)
    assert interpolate_backward(expected, x.shape, size=(9, 4), mode=mode).dtype == np.float16


@pytest.mark.parametrize(("mode", "options"), CASES)
@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_stays_where_it_is(
    torch: Any, mode: str, options: dict[str, Any], bad: float
) -> None:
    dims = MODES[mode][0] or 2
    shape = (1, 1, 20, 70)[: dims + 2] if dims < 3 else (1, 1, 6, 7, 8)
    size = (33, 41, 13)[:dims]
    x = inputs(shape, "float64")
    x[(0, 0, *[3] * dims)] = bad
    tensor = torch.tensor(x, requires_grad=True)
    expected = torch.nn.functional.interpolate(tensor, size=size, mode=mode, **options)
    result = interpolate(x, size=size, mode=mode, **options)
    theirs = expected.detach().numpy()
    fine = np.isfinite(theirs)
    assert fine.any()
    np.testing.assert_array_equal(np.isfinite(result), fine)
    np.testing.assert_allclose(result[fine], theirs[fine], rtol=1e-9, atol=1e-12)
    g = inputs(expected.shape, "float64")
    g[(0, 0, *[0] * dims)] = bad
    gradient = interpolate_backward(g, shape, size=size, mode=mode, **options)
    # A position the bad element does not touch has the gradient it has without it.
    tame = np.where(np.isfinite(g), g, 0.0)
    usual = interpolate_backward(tame, shape, size=size, mode=mode, **options)
    fine = np.isfinite(gradient)
    assert fine.any()
    assert not fine.all()
    np.testing.assert_allclose(gradient[fine], usual[fine], rtol=1e-9, atol=1e-12)


def test_nearest_moves_any_dtype() -> None:
    x = np.arange(12).reshape(1, 1, 3, 4)
    doubled = interpolate(x, scale_factor=2)
    assert doubled.dtype == x.dtype
    np.testing.assert_array_equal(doubled[0, 0], np.kron(x[0, 0], np.ones((2, 2), int)))
    with pytest.raises(DTypeError, match="'bilinear' needs floating-point input, got int64"):
        interpolate(x, scale_factor=2, mode="bilinear")


@pytest.mark.parametrize("mode", ["nearest", "bilinear", "area"])
def test_strided_and_empty_inputs(mode: str) -> None:
    x = inputs((3, 2, 8, 9), "float64")
    turned = np.asfortranarray(x[::-1])[::-1]
    result = interpolate(x, size=(5, 20), mode=mode)
    np.testing.assert_allclose(interpolate(turned, size=(5, 20), mode=mode), result, rtol=1e-12)
    broadcast = np.broadcast_to(1.0, result.shape)
    np.testing.assert_allclose(
        interpolate_backward(broadcast, x.shape, size=(5, 20), mode=mode),
        interpolate_backward(np.ones(result.shape), x.shape, size=(5, 20), mode=mode),
    )
    assert interpolate(x[:0], size=(5, 20), mode=mode).shape == (0, 2, 5, 20)
    assert interpolate_backward(result[:0], (0, 2, 8, 9), size=(5, 20), mode=mode).shape == (
        0,
        2,
        8,
        9,
    )


@pytest.mark.parametrize(
    ("shape", "arguments", "error", "match"),
    [
        ((1, 1, 4), {"size": 3, "mode": "bilinear"}, NotImplementedError, "needs 4-D input"),
        ((1, 4), {"size": 3}, NotImplementedError, "1 to 3 spatial axes"),
        ((1, 1, 4), {"size": 3, "mode": "cubic"}, NotImplementedError, "one of nearest"),
        ((1, 1, 4), {"size": 3, "align_corners": True}, ValueError, "align_corners is for"),
        ((1, 1, 4), {"size": 3, "mode": "linear", "antialias": True}, ValueError, "antialias is"),
        ((1, 1, 4, 4), {"size": 3, "mode": "lanczos"}, ValueError, "needs antialias=True"),
        ((1, 1, 4), {}, ValueError, "either size or scale_factor"),
        ((1, 1, 4), {"size": 3, "scale_factor": 2}, ValueError, "either size or scale_factor"),
        ((1, 1, 4), {"size": (3, 3)}, ValueError, "an entry for each"),
        ((1, 1, 4), {"scale_factor": (3.0, 3.0)}, ValueError, "an entry for each"),
        ((1, 1, 4), {"size": 3, "recompute_scale_factor": True}, ValueError, "no meaning"),
        ((1, 1, 4), {"size": 0}, ShapeError, "must be positive"),
        ((1, 1, 0), {"size": 3}, ShapeError, "must be positive"),
    ],
)
def test_bad_arguments_are_named(
    shape: tuple[int, ...], arguments: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        interpolate(np.zeros(shape), **arguments)


@pytest.mark.parametrize("mode", ["bilinear", "bicubic", "lanczos"])
def test_a_single_column_is_resized_too(mode: str) -> None:
    x = inputs((1, 2, 6, 3), "float64")
    narrow = interpolate(x, size=(6, 1), mode=mode, antialias=True)
    both = interpolate(x, size=(9, 1), mode=mode, antialias=True)
    np.testing.assert_allclose(
        both, interpolate(narrow, size=(9, 1), mode=mode, antialias=True), rtol=1e-12, atol=1e-12
    )
    assert np.ptp(both) > 0.1
