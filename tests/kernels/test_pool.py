"""Pooling: PyTorch's values, indices and gradients, and which cell wins."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings, strategies as st

from autotn.errors import ShapeError
from autotn.kernels import pool
from autotn.kernels.pool import (
    avg_pool,
    avg_pool_gradient,
    max_pool,
    max_pool_gradient,
    max_pool_kept,
    max_pool_pick,
    max_pool_put_back,
    max_pool_with_indices,
    max_unpool,
    pick_planes,
    put_planes,
)
from autotn.kernels.pool_adaptive import (
    adaptive_avg_pool,
    adaptive_avg_pool_gradient,
    adaptive_max_pool,
    fractional_max_pool,
)

pytestmark = pytest.mark.usefixtures("kernels")

Array = np.ndarray[Any, Any]


def numbers(*shape: int, dtype: Any = np.float64) -> Array:
    """Few different values, so that there are ties."""
    return np.random.default_rng(0).integers(-4, 5, shape).astype(dtype)


def normal(*shape: int, dtype: Any = np.float64) -> Array:
    """Gradients to try."""
    rng: Any = np.random.default_rng(1)
    drawn: Array = rng.standard_normal(shape).astype(dtype)
    return drawn


def ones(*shape: int) -> Array:
    return np.ones(shape)


def torch_pool(torch: Any, kind: str, x: Array, *args: Any, **kwargs: Any) -> Any:
    """PyTorch's pooling function for as many axes as `x` has."""
    return getattr(torch.nn.functional, f"{kind}_pool{x.ndim - 2}d")(
        torch.tensor(x, requires_grad=x.dtype.kind == "f"), *args, **kwargs
    )


def torch_gradient(torch: Any, kind: str, x: Array, g: Array, *args: Any, **kwargs: Any) -> Array:
    tx = torch.tensor(x, requires_grad=True)
    y = getattr(torch.nn.functional, f"{kind}_pool{x.ndim - 2}d")(tx, *args, **kwargs)
    y.backward(torch.tensor(g))
    gradient: Array = tx.grad.numpy()
    return gradient


def check_max(torch: Any, x: Array, options: tuple[Any, ...]) -> None:
    """Values, indices and gradient of one max pooling are PyTorch's."""
    y, indices = torch_pool(torch, "max", x, *options, return_indices=True)
    ours, places = max_pool_with_indices(x, *options)
    np.testing.assert_array_equal(ours, y.detach().numpy())
    np.testing.assert_array_equal(max_pool(x, *options), ours)
    np.testing.assert_array_equal(places, indices.numpy())
    assert (ours.dtype, places.dtype) == (x.dtype, np.int64)
    g = normal(*ours.shape, dtype=x.dtype)
    gx = max_pool_gradient(g, x, ours, *options)
    assert gx.dtype == x.dtype
    np.testing.assert_allclose(
        gx, torch_gradient(torch, "max", x, g, *options), rtol=1e-5, atol=1e-5
    )


#: Shape, kernel size, stride, padding, dilation, ceil_mode.
MAX_CASES: dict[str, tuple[Any, ...]] = {
    "halves": ((3, 2, 8, 6), 2, None, 0, 1, False),
    "halves of an odd size": ((3, 2, 7, 5), 2, None, 0, 1, False),
    "halves, rounded up": ((3, 2, 7, 5), 2, None, 0, 1, True),
    "overlapping": ((2, 3, 9, 9), 3, 2, 1, 1, False),
    "every place": ((2, 3, 7, 6), 3, 1, 1, 1, False),
    "gaps": ((2, 2, 11, 10), 2, (3, 4), 0, 1, False),
    "per axis": ((2, 2, 9, 12), (3, 2), (1, 3), (1, 0), (2, 1), True),
    "dilated": ((2, 2, 12, 12), 3, 2, 1, 3, True),
    "1x1": ((2, 2, 4, 4), 1, 1, 0, 1, False),
    "1x1 with stride": ((2, 2, 5, 5), 1, 2, 0, 1, False),
    "the whole plane": ((2, 3, 6, 5), (6, 5), None, 0, 1, False),
    "1d": ((2, 3, 20), 4, 3, 2, 1, True),
    "3d": ((2, 2, 5, 6, 4), 2, None, 0, 1, False),
    "3d, per axis": ((2, 1, 6, 7, 8), (2, 3, 2), (2, 1, 3), (1, 1, 0), (1, 2, 1), True),
    "empty batch": ((0, 3, 8, 8), 2, None, 0, 1, False),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", MAX_CASES)
def test_max_pooling_is_pytorchs(torch: Any, case: str, dtype: Any) -> None:
    shape, *options = MAX_CASES[case]
    check_max(torch, numbers(*shape, dtype=dtype), tuple(options))


@st.composite
def pools(draw: st.DrawFn, dilated: bool) -> tuple[Array, tuple[Any, ...]]:
    """An input and options that fit each other."""
    dims = draw(st.integers(1, 3))

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(dims))

    kernel, stride, dilation = each(1, 5), each(1, 4), each(1, 3 if dilated else 1)
    padding = tuple(draw(st.integers(0, k // 2)) for k in kernel)
    reach = [d * (k - 1) + 1 - 2 * p for k, d, p in zip(kernel, dilation, padding)]
    size = [max(1, r + n) for r, n in zip(reach, each(0, 8))]
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    x = numbers(draw(st.integers(0, 3)), draw(st.integers(1, 3)), *size, dtype=dtype)
    return x, (kernel, stride, padding, *((dilation,) if dilated else ()), draw(st.booleans()))


@settings(max_examples=300)
@given(pools(dilated=True))
def test_any_max_pooling_is_pytorchs(torch: Any, drawn: Any) -> None:
    x, options = drawn
    try:
        _, indices = max_pool_with_indices(x, *options)
    except ShapeError:
        with pytest.raises(RuntimeError):
            torch_pool(torch, "max", x, *options)
        return
    # Where a window has no cell inside the input, PyTorch's index points beyond the plane.
    assume((indices >= 0).all())
    check_max(torch, x, options)


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.uint8])
def test_integers_have_maxima_too(torch: Any, dtype: Any) -> None:
    x = np.abs(numbers(2, 3, 7, 7, dtype=dtype))
    ours, places = max_pool_with_indices(x, 3, 2, 1)
    y, indices = torch_pool(torch, "max", x, 3, 2, 1, return_indices=True)
    assert ours.dtype == dtype
    np.testing.assert_array_equal(ours, y.numpy())
    np.testing.assert_array_equal(places, indices.numpy())


def test_the_first_of_equal_cells_wins() -> None:
    x = np.array([[[[1.0, 2, 2], [2, 0, 2], [0, 0, 2]]]])
    out, indices = max_pool_with_indices(x, 2, 1)
    np.testing.assert_array_equal(indices, [[[[1, 1], [3, 5]]]])
    gx = max_pool_gradient(ones(1, 1, 2, 2), x, out, 2, 1)
    np.testing.assert_array_equal(gx, [[[[0, 2, 0], [1, 0, 1], [0, 0, 0]]]])


def test_nan_is_the_maximum_and_the_last_one_wins(torch: Any) -> None:
    x = numbers(2, 2, 6, 6)
    x[0, 0, 1:3, 2:5] = x[1, 1, 0, 0] = x[1, 0, 5, 5] = np.nan
    for options in ((2,), (3, 1, 1), (3, 2, 1)):
        check_max(torch, x, options)


def test_minus_infinity_is_a_value_like_others(torch: Any) -> None:
    x = np.full((1, 1, 4, 4), -np.inf)
    x[0, 0, 2, 2] = 0
    for options in ((2,), (3, 2, 1)):
        check_max(torch, x, options)


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_a_gradient_that_is_not_finite_reaches_one_cell(value: float) -> None:
    x = numbers(1, 1, 4, 4)
    out = max_pool(x, 2)
    g = ones(1, 1, 2, 2)
    g[0, 0, 0, 0] = value
    assert np.isfinite(max_pool_gradient(g, x, out, 2)).sum() == 15


@pytest.mark.parametrize("special", [None, np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("options", [(2, 2, 0), (3, 2, 0), (3, 1, 0), (3, 2, 1)], ids=str)
def test_what_is_kept_gives_the_same_gradient(special: float | None, options: Any) -> None:
    x = numbers(2, 3, 9, 9, dtype=np.float32)
    if special is not None:
        x.reshape(-1)[::7] = special
    arguments = (*options, 1, False)
    out, kept = max_pool_kept(x, *arguments)
    np.testing.assert_array_equal(out, max_pool(x, *arguments))
    assert kept is None or special is None
    if kept is not None:
        g = normal(*out.shape).astype(np.float32)
        found = max_pool_put_back(g, x, kept, *arguments)
        assert found is not None
        np.testing.assert_allclose(found, max_pool_gradient(g, x, out, *arguments), atol=1e-6)


def test_a_window_that_is_all_padding_has_no_winner() -> None:
    x = np.zeros((1, 1, 1))
    options = (2, 1, 1, 2)  # the two cells lie left and right of the only one
    out, indices = max_pool_with_indices(x, *options)
    assert (out, indices) == (-np.inf, -1)
    assert max_pool_gradient(ones(*out.shape), x, out, *options) == 0
    assert max_pool_pick(ones(*x.shape), x, out, *options) == 0


@pytest.mark.parametrize("case", MAX_CASES)
def test_picking_is_the_transpose_of_the_gradient(case: str) -> None:
    shape, *options = MAX_CASES[case]
    x = numbers(*shape)
    out = max_pool(x, *options)
    a, g = normal(*x.shape), normal(*out.shape)
    there = (max_pool_pick(a, x, out, *options) * g).sum()
    np.testing.assert_allclose(there, (a * max_pool_gradient(g, x, out, *options)).sum())


@pytest.mark.parametrize("case", MAX_CASES)
def test_the_batch_may_be_cut_anywhere(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shape, *options = MAX_CASES[case]
    x = numbers(*shape)
    out, indices = max_pool_with_indices(x, *options)
    gx = max_pool_gradient(out, x, out, *options)
    monkeypatch.setattr(pool, "PART", 1)
    np.testing.assert_array_equal(max_pool_with_indices(x, *options)[1], indices)
    np.testing.assert_array_equal(max_pool_gradient(out, x, out, *options), gx)


LAYOUTS = {
    "transposed": lambda a: np.asfortranarray(a),
    "reversed": lambda a: np.flip(a).copy()[(slice(None, None, -1),) * a.ndim],
    "every other": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_memory_layout_serves(layout: str) -> None:
    lay: Any = LAYOUTS[layout]
    x = numbers(2, 3, 8, 9)
    out, indices = max_pool_with_indices(x, 3, 2, 1)
    g = normal(*out.shape)
    gx, mean = max_pool_gradient(g, x, out, 3, 2, 1), avg_pool(x, 3, 2, 1)
    np.testing.assert_array_equal(max_pool_with_indices(lay(x), 3, 2, 1)[1], indices)
    np.testing.assert_allclose(max_pool_gradient(lay(g), lay(x), lay(out), 3, 2, 1), gx)
    np.testing.assert_allclose(avg_pool(lay(x), 3, 2, 1), mean)
    for function in (avg_pool_gradient,):
        expected = function(g, x.shape, 3, 2, 1)
        np.testing.assert_allclose(function(lay(g), x.shape, 3, 2, 1), expected)
    np.testing.assert_allclose(adaptive_avg_pool(lay(x), 5), adaptive_avg_pool(x, 5))
    np.testing.assert_array_equal(adaptive_max_pool(lay(x), 5)[1], adaptive_max_pool(x, 5)[1])
    np.testing.assert_allclose(max_unpool(lay(out), lay(indices), (8, 9)),
                               max_unpool(out, indices, (8, 9)))  # fmt: skip


def test_results_do_not_share_memory_with_the_input() -> None:
    x = numbers(1, 1, 4, 4)
    for y in (max_pool(x, 1, 1), avg_pool(x, 1, 1), adaptive_avg_pool(x, 4)):
        assert not np.shares_memory(x, y)


# Means ------------------------------------------------------------------------------------------

#: Shape, kernel size, stride, padding, ceil_mode, count_include_pad.
AVG_CASES: dict[str, tuple[Any, ...]] = {
    "halves": ((3, 2, 8, 6), 2, None, 0, False, True),
    "halves, rounded up": ((3, 2, 7, 5), 2, None, 0, True, True),
    "overlapping": ((2, 3, 9, 9), 3, 2, 1, False, True),
    "overlapping, without padding": ((2, 3, 9, 9), 3, 2, 1, False, False),
    "rounded up, with padding": ((2, 3, 8, 9), (3, 4), 3, (1, 2), True, True),
    "rounded up, without padding": ((2, 3, 8, 9), (3, 4), 3, (1, 2), True, False),
    "every place": ((2, 3, 7, 6), 3, 1, 1, False, True),
    "gaps": ((2, 2, 11, 10), 2, (3, 4), 0, False, True),
    "the whole plane": ((2, 3, 6, 5), (6, 5), None, 0, False, True),
    "1d": ((2, 3, 20), 4, 3, 2, True, False),
    "3d": ((2, 2, 5, 6, 4), 2, None, 0, False, True),
    "empty batch": ((0, 3, 8, 8), 2, None, 0, False, True),
}


def check_avg(torch: Any, x: Array, options: tuple[Any, ...]) -> None:
    y = torch_pool(torch, "avg", x, *options).detach().numpy()
    ours = avg_pool(x, *options)
    g = normal(*y.shape, dtype=x.dtype)
    gx = avg_pool_gradient(g, x.shape, *options)
    assert (ours.dtype, gx.dtype) == (x.dtype, x.dtype)
    np.testing.assert_allclose(ours, y, rtol=1e-5, atol=1e-6)
    expected = torch_gradient(torch, "avg", x, g, *options)
    np.testing.assert_allclose(gx, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", AVG_CASES)
def test_average_pooling_is_pytorchs(torch: Any, case: str, dtype: Any) -> None:
    shape, *options = AVG_CASES[case]
    check_avg(torch, numbers(*shape, dtype=dtype), tuple(options))


@settings(max_examples=300)
@given(pools(dilated=False), st.booleans(), st.sampled_from([None, 1, 3, -2]))
def test_any_average_pooling_is_pytorchs(
    torch: Any, drawn: Any, count_include_pad: bool, divisor: int | None
) -> None:
    x, options = drawn
    options = (*options, count_include_pad, *((divisor,) if x.ndim > 3 else ()))
    try:
        torch_pool(torch, "avg", x, *options)
    except RuntimeError:
        assume(False)
    check_avg(torch, x, options)


def test_half_precision_is_averaged_in_single() -> None:
    x = np.full((1, 1, 64, 64), 60000, np.float16)
    assert avg_pool(x, 64) == np.float16(60000)
    assert adaptive_avg_pool(x, 1) == np.float16(60000)
    for gx in (
        avg_pool_gradient(np.ones((1, 1, 1, 1), np.float16), x.shape, 64),
        adaptive_avg_pool_gradient(np.ones((1, 1, 3, 3), np.float16), x.shape),
    ):
        assert gx.dtype == np.float16


def test_integers_are_averaged_towards_zero(torch: Any) -> None:
    x = numbers(2, 3, 6, 6, dtype=np.int64)
    np.testing.assert_array_equal(avg_pool(x, 2), torch_pool(torch, "avg", x, 2).numpy())


# Windows chosen per result ----------------------------------------------------------------------

ADAPTIVE: list[tuple[tuple[int, ...], Any]] = [
    ((2, 3, 8, 6), (4, 3)),
    ((2, 3, 7, 5), (3, 4)),
    ((2, 3, 7, 5), 1),
    ((2, 3, 3, 2), (5, 7)),
    ((2, 3, 6, 6), (None, 4)),
    ((0, 3, 6, 6), 4),
    ((2, 3, 11), 4),
    ((2, 1, 5, 4, 7), (2, 4, 3)),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("shape", "output_size"), ADAPTIVE, ids=str)
def test_adaptive_pooling_is_pytorchs(torch: Any, shape: Any, output_size: Any, dtype: Any) -> None:
    x = numbers(*shape, dtype=dtype)
    y = torch_pool(torch, "adaptive_avg", x, output_size)
    ours = adaptive_avg_pool(x, output_size)
    np.testing.assert_allclose(ours, y.detach().numpy(), rtol=1e-5, atol=1e-6)
    g = normal(*ours.shape, dtype=dtype)
    gx = adaptive_avg_pool_gradient(g, x.shape)
    expected = torch_gradient(torch, "adaptive_avg", x, g, output_size)
    np.testing.assert_allclose(gx, expected, rtol=1e-5, atol=1e-6)
    assert (ours.dtype, gx.dtype) == (dtype, dtype)

    y, indices = torch_pool(torch, "adaptive_max", x, output_size, return_indices=True)
    best, places = adaptive_max_pool(x, output_size)
    np.testing.assert_array_equal(best, y.detach().numpy())
    np.testing.assert_array_equal(places, indices.numpy())
    expected = torch_gradient(torch, "adaptive_max", x, g, output_size)
    np.testing.assert_allclose(put_planes(g, places, x.shape[2:]), expected, rtol=1e-5, atol=1e-6)


def test_adaptive_pooling_to_nothing() -> None:
    x = numbers(2, 3, 6, 6)
    assert adaptive_avg_pool(x, (0, 2)).shape == (2, 3, 0, 2)
    assert adaptive_max_pool(x, (0, 2))[1].shape == (2, 3, 0, 2)
    assert not adaptive_avg_pool_gradient(ones(2, 3, 0, 2), x.shape).any()


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 11)), min_size=1, max_size=3),
    st.booleans(),
)
def test_any_adaptive_pooling_is_pytorchs(torch: Any, axes: Any, with_nan: bool) -> None:
    size, out = zip(*axes)
    x = numbers(2, 2, *size)
    if with_nan:
        x.reshape(-1)[::5] = np.nan
    y, indices = torch_pool(torch, "adaptive_max", x, out, return_indices=True)
    best, places = adaptive_max_pool(x, out)
    np.testing.assert_array_equal(best, y.detach().numpy())
    np.testing.assert_array_equal(places, indices.numpy())
    y = torch_pool(torch, "adaptive_avg", x, out).detach().numpy()
    np.testing.assert_allclose(adaptive_avg_pool(x, out), y, atol=1e-12)


@settings(max_examples=200)
@given(st.data())
def test_fractional_pooling_is_pytorchs(torch: Any, data: Any) -> None:
    dims = data.draw(st.integers(2, 3))
    size = [data.draw(st.integers(2, 9)) for _ in range(dims)]
    kernel = [data.draw(st.integers(1, n - 1)) for n in size]
    # PyTorch wants one cell more than is needed of three axes, but not of two.
    out = [data.draw(st.integers(1, n - k + (dims == 2))) for n, k in zip(size, kernel)]
    x = numbers(2, 3, *size, dtype=np.float32)
    samples = np.random.default_rng(0).random((2, 3, dims), dtype=np.float32)
    y, indices = torch_pool(
        torch, "fractional_max", x, kernel, output_size=out,
        _random_samples=torch.tensor(samples), return_indices=True,
    )  # fmt: skip
    best, places = fractional_max_pool(x, tuple(kernel), tuple(out), samples)
    np.testing.assert_array_equal(best, y.detach().numpy())
    np.testing.assert_array_equal(places, indices.numpy())


# Planes -----------------------------------------------------------------------------------------


def test_unpooling_puts_maxima_back(torch: Any) -> None:
    x = numbers(2, 3, 6, 7, dtype=np.float32)
    out, indices = max_pool_with_indices(x, 2)
    expected = torch.nn.functional.max_unpool2d(
        torch.tensor(out), torch.tensor(indices), 2, output_size=(6, 7)
    )
    np.testing.assert_array_equal(max_unpool(out, indices, (6, 7)), expected.numpy())


def test_putting_and_picking_are_transposes() -> None:
    rng = np.random.default_rng(0)
    a, g = rng.standard_normal((2, 3, 4, 5)), rng.standard_normal((2, 3, 2, 2))
    indices = rng.integers(0, 20, g.shape)
    np.testing.assert_allclose(
        (pick_planes(a, indices) * g).sum(), (a * put_planes(g, indices, (4, 5))).sum()
    )


def test_unpooling_refuses_indices_beyond_the_plane() -> None:
    x, indices = ones(1, 1, 2, 2), np.arange(4).reshape(1, 1, 2, 2) * 6
    with pytest.raises(ShapeError, match=r"must lie in 0 … 15.*got 0 … 18"):
        max_unpool(x, indices, (4, 4))
    with pytest.raises(ShapeError, match=r"the input's shape \(1, 1, 2, 2\)"):
        max_unpool(x, indices[..., :1], (4, 4))


# Refusals ---------------------------------------------------------------------------------------

REFUSED: list[tuple[Any, str]] = [
    (lambda x: max_pool(x, 2, padding=2), "padding must be at most half of the window"),
    (lambda x: max_pool(x, 5), "size 4 x 4 has no room for a window of 5 x 5"),
    (lambda x: max_pool(x, 0), "kernel_size must be at least 1, got 0"),
    (lambda x: max_pool(x, (2, 2, 2)), "kernel_size must be one number or 2"),
    (lambda x: max_pool(x, 2, 0), "stride must be at least 1, got 0"),
    (lambda x: max_pool(x, 2, 1, -1), "padding must be at least 0, got -1"),
    (lambda x: max_pool(x, 2, 1, 0, 0), "dilation must be at least 1, got 0"),
    (lambda x: avg_pool(x, 2, divisor_override=0), "divisor_override must not be zero"),
    (lambda x: adaptive_avg_pool(x, -1), "output_size must not be negative"),
    (lambda x: adaptive_max_pool(x, (1, 2, 3)), "output_size must be one number or 2"),
    (lambda x: adaptive_avg_pool(x[..., :0], 2), "must have cells along every axis"),
    (
        lambda x: fractional_max_pool(x, 2, 4, np.zeros((1, 2, 2))),
        "4 windows of 2 do not fit into an axis of 4 cells",
    ),
    (
        lambda x: fractional_max_pool(x, 2, 2, np.zeros((1, 2, 3))),
        r"_random_samples must have shape \(1, 2, 2\), got \(1, 2, 3\)",
    ),
]


@pytest.mark.parametrize(("attempt", "message"), REFUSED, ids=[m[:40] for _, m in REFUSED])
def test_what_does_not_fit_is_refused(attempt: Any, message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        attempt(ones(1, 2, 4, 4))


def test_large_windows_have_large_numbers_of_cells() -> None:
    x = numbers(1, 1, 40, 40)
    x[0, 0, 39, 37] = 9
    out, indices = max_pool_with_indices(x, 40)
    assert (out, indices) == (9, math.prod((39, 40)) + 37)
