"""Running sums, products and extremes of long lines, which are cut into blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.kernels.running import running, running_extreme
from autotn.kernels.running_log import running_logsum, running_logsum_slope
from autotn.testing.sample import make_array

#: One line and several, whole blocks and odd ones, more than fits at a time, the axis last and within.
SHAPES = [
    ((5000,), 0), ((150_001,), 0), ((3, 70_001), 1), ((40, 1003), 1), ((1024, 64), 1), ((70, 70), 1),
    ((5000, 3), 0), ((2, 3001, 5), 1), ((9000, 40), 0), ((3, 65, 700), 1), ((1, 5000), 0),
]  # fmt: skip


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int32, np.complex64])
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_running_sums_and_products_are_numpys(
    shape: tuple[int, ...], axis: int, dtype: Any, backwards: bool
) -> None:
    turn = (lambda a: np.flip(a, axis)) if backwards else (lambda a: a)
    x = (make_array(*shape) * 10).astype(dtype)
    wide = np.float64 if dtype == np.float32 else dtype
    expected = turn(np.add.accumulate(turn(x), axis, dtype=wide)).astype(dtype)
    single = dtype == np.complex64
    rtol, atol = (1e-3, 1e-1) if single else (1e-6 if dtype == np.float32 else 1e-12, 1e-9)
    np.testing.assert_allclose(running(np.add, x, axis, backwards), expected, rtol, atol)
    near_one = np.where(make_array(*shape) > 0, 1, -1).astype(dtype)
    expected = turn(np.multiply.accumulate(turn(near_one), axis))
    np.testing.assert_allclose(running(np.multiply, near_one, axis, backwards), expected, 1e-5)


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize(("shape", "axis"), [((9000,), 0), ((3, 4000), 1), ((5000, 3), 0)])
def test_what_is_not_finite_reaches_what_comes_after_it_alone(
    shape: tuple[int, ...], axis: int, value: float
) -> None:
    x = make_array(*shape).astype(np.float32)
    x.reshape(-1)[x.size // 2] = value
    with np.errstate(invalid="ignore"):
        for step in (np.add, np.multiply, np.maximum, np.minimum):
            expected = step.accumulate(x, axis, dtype=float).astype(x.dtype)
            np.testing.assert_allclose(running(step, x, axis), expected, 1e-4, 1e-3)


def test_products_beyond_the_floats_and_back_to_nothing() -> None:
    x = np.full((5000, 2), 1e-30, np.float32)
    x[2000:2100] = 1e30
    assert not running(np.multiply, x, 0)[10:].any()


def test_whole_numbers_wrap() -> None:
    x = np.full(5000, 2**62, np.int64)
    assert running(np.add, x, 0)[:4].tolist() == [2**62, -(2**63), -(2**62), 0]


@pytest.mark.parametrize("step", [np.maximum, np.minimum])
@pytest.mark.parametrize("kind", ["random", "ties", "rising", "falling", "nan", "bytes", "bools"])
@pytest.mark.parametrize(("shape", "axis"), SHAPES)
def test_running_extremes_say_where_they_stand(
    shape: tuple[int, ...], axis: int, kind: str, step: np.ufunc
) -> None:
    x = make_array(*shape).astype(np.float32)
    if kind == "ties":
        x = np.round(x)
    elif kind in ("rising", "falling"):
        x = np.sort(x, axis)[
            (slice(None),) * axis + (slice(None, None, 1 if kind == "rising" else -1),)
        ]
    elif kind == "nan":
        x.reshape(-1)[:: x.size // 7] = np.nan
    elif kind == "bytes":
        x = (x * 20).astype(np.int8)
    elif kind == "bools":
        x = x > 1
    values, places = running_extreme(step, x, axis)
    np.testing.assert_array_equal(values, step.accumulate(x, axis))
    np.testing.assert_array_equal(np.take_along_axis(x, places, axis), values)
    assert places.dtype == np.int64
    # Of equal elements the last so far.
    order = np.arange(x.shape[axis]).reshape([-1 if k == axis else 1 for k in range(x.ndim)])
    hit = (x == values) | (x != x)
    np.testing.assert_array_equal(places, np.maximum.accumulate(np.where(hit, order, 0), axis))


LOGS = {
    "plain": lambda x: x,
    "far apart": lambda x: x * 300,
    "nothing at first": lambda x: np.where(np.arange(x.shape[-1]) < 40, -np.inf, x),
    "nothing between": lambda x: np.where(x < 0, -np.inf, x),
    "infinity": lambda x: np.where(np.arange(x.shape[-1]) == 60, np.inf, x),
    "hardly more than one": lambda x: np.where(np.arange(x.shape[-1]) == 0, 0, -24 - np.abs(x)),
}


@pytest.mark.parametrize("name", LOGS)
@pytest.mark.parametrize("shape", [(3, 700), (5000,)])
def test_running_logarithms_in_single_and_double_are_the_same(
    shape: tuple[int, ...], name: str
) -> None:
    x = LOGS[name](make_array(*shape)).astype(np.float32)
    axis = x.ndim - 1
    exact = running_logsum(x.astype(float), axis)
    np.testing.assert_allclose(running_logsum(x, axis), exact, 1e-5, 1e-30)
    g = make_array(*shape)
    with np.errstate(invalid="ignore"):
        slope = running_logsum_slope(g, x.astype(float), exact, axis)
        single = running_logsum_slope(g.astype(np.float32), x, exact.astype(np.float32), axis)
    np.testing.assert_allclose(single, slope, 1e-3, 1e-3)


@pytest.mark.parametrize("zeros", [[7], [0], [99], [3, 50], [50, 51, 52], list(range(100))])
def test_a_running_product_with_zeros_has_the_slopes_of_its_steps(zeros: list[int]) -> None:
    a = make_array(2, 100, low=0.5, high=1.5)
    a[0, zeros] = 0
    weight = tn.tensor(make_array(2, 100))
    found, steps = (tn.tensor(a, requires_grad=True) for _ in range(2))
    (found.cumprod(1) * weight).sum().backward()
    product, total = tn.ones(2, dtype=tn.float64), 0.0
    for k in range(100):
        product = product * steps[:, k]
        total = total + (product * weight[:, k]).sum()
    total.backward()
    np.testing.assert_allclose(found.grad.numpy(), steps.grad.numpy(), 1e-9, 1e-12)
