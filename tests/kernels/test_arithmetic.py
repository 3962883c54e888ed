"""Arithmetic on large arrays: the formulas of oneDNN are NumPy's, also of NaN, infinities and -0.

And what ops do with large arrays is what they do with small ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.core.callpath import LARGE
from autotn.errors import ShapeError
from autotn.kernels.onednn import arithmetic

Array = np.ndarray[Any, Any]

AWKWARD = np.array(
    [np.nan, np.inf, -np.inf, 0.0, -0.0, 88.7, 89.0, -86.0, -1.0, 1.5, 1e-45, 3e38, -3e38],
    np.float32,
)

#: Our function, and the same in NumPy.
FORMULAS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "add": (arithmetic.add, np.add),
    "subtract": (arithmetic.subtract, np.subtract),
    "multiply": (arithmetic.multiply, np.multiply),
    "divide": (arithmetic.divide, np.divide),
    "multiply_twice": (arithmetic.multiply_twice, lambda x, y: x * y + x * y),
    "negative": (arithmetic.negative, np.negative),
    "absolute": (arithmetic.absolute, np.absolute),
    "sqrt": (arithmetic.sqrt, np.sqrt),
    "exp": (arithmetic.exp, np.exp),
    "tanh": (arithmetic.tanh, np.tanh),
}

#: Of these the order of the operations differs, and with it what overflows.
SLOPES: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "divide_half": (arithmetic.divide_half, lambda x, y: x / (2 * y)),
    "slope_by_divisor": (arithmetic.slope_by_divisor, lambda g, x, y: -g * x / (y * y)),
}


def operands(function: Callable[..., Any]) -> int:
    return {"slope_by_divisor": 3, "add": 2, "subtract": 2, "divide": 2}.get(
        function.__name__, 2 if function.__name__.startswith(("multiply", "divide")) else 1
    )


def assert_same(found: Array, expected: Array) -> None:
    """The same numbers; and zeros have the same sign."""
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-37)
    zeros = expected == 0
    np.testing.assert_array_equal(np.signbit(found[zeros]), np.signbit(expected[zeros]))


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_awkward_numbers(name: str, kernels: str) -> None:
    ours, numpys = FORMULAS[name]
    arrays = [np.ascontiguousarray(a) for a in np.meshgrid(*[AWKWARD] * operands(ours))]
    assert_same(ours(*arrays), numpys(*arrays))


@pytest.mark.parametrize("name", FORMULAS | SLOPES)
@pytest.mark.parametrize("layout", ["plain", "transposed", "a number", "expanded", "a row"])
def test_layouts(name: str, layout: str, kernels: str) -> None:
    """The last operand comes in various shapes and orders, the first may be an expanded number."""
    ours, numpys = (FORMULAS | SLOPES)[name]
    draw = np.random.default_rng(0)
    arrays = [draw.uniform(0.5, 2, (7, 9)).astype("f") for _ in range(operands(ours))]
    last = arrays[-1]
    made: dict[str, Callable[[], Array]] = {
        "plain": lambda: last,
        "transposed": lambda: np.asfortranarray(last),
        "a number": lambda: last if len(arrays) == 1 else np.asarray(last[0, 0]),
        "expanded": lambda: np.broadcast_to(last[0, 0], last.shape),
        "a row": lambda: last[:1],
    }
    arrays[-1] = made[layout]()
    if layout == "expanded":
        arrays[0] = np.broadcast_to(arrays[0][1, 1], arrays[0].shape)
    before = [a.copy() for a in arrays]
    np.testing.assert_allclose(ours(*arrays), numpys(*arrays), rtol=1e-6)
    for one, other in zip(arrays, before):
        np.testing.assert_array_equal(one, other)


def test_adding_in_place(kernels: str) -> None:
    x, y = np.arange(12, dtype="f").reshape(3, 4), np.ones((3, 4), "f")
    assert arithmetic.add_to(x, y) is x
    np.testing.assert_array_equal(x.ravel(), np.arange(1, 13))


def test_other_dtypes_are_numpys(kernels: str) -> None:
    x = np.array([1.0, 2.0])
    assert arithmetic.add(x, x.astype("f")).dtype == np.float64
    assert arithmetic.multiply(x, x).dtype == np.float64


OPS: dict[str, Callable[..., Any]] = {
    "sum of products": lambda x, y: x * y + x - y,
    "square": lambda x, y: x * x * 0.5,
    "square itself": lambda x, y: tn.square(x) - y,
    "quotient": lambda x, y: x / y,
    "quotient by itself": lambda x, y: (x / x) * y,
    "numbers": lambda x, y: (2 - x) * 3 + 1 / y,
    "row": lambda x, y: (x.view(4, -1) * y[: x.numel() // 4]).view(-1),
    "functions": lambda x, y: tn.exp(-x) + tn.sqrt(y) * tn.tanh(x) + tn.log(y) - tn.abs(x - y),
    "rectifier": lambda x, y: tn.relu(x - 1) * tn.sigmoid(y),
    "used twice": lambda x, y: (h := x * y) * h + h,
}


@pytest.mark.parametrize("name", OPS)
def test_large_arrays_give_what_small_ones_give(name: str, kernels: str) -> None:
    """One large array of a pattern, and the pattern in double precision."""
    times, long = LARGE // 16 * 2, 16
    draw = np.random.default_rng(0)
    pattern = [draw.uniform(0.5, 2, long) for _ in range(2)]
    small = [tn.tensor(np.tile(p, 4), requires_grad=True) for p in pattern]
    large = [tn.tensor(np.tile(p, times).astype("f"), requires_grad=True) for p in pattern]
    function = OPS[name]
    few, many = function(*small), function(*large)
    np.testing.assert_allclose(
        many.detach().numpy().reshape(times, long)[::times],
        few.detach().numpy().reshape(4, long)[:1],
        rtol=1e-5,
    )
    if name == "row":  # whose gradients are sums
        return
    few.mean().backward()
    many.sum().backward()
    for x, y in zip(small, large):
        if x.grad is None:
            assert y.grad is None
            continue
        np.testing.assert_allclose(
            y.grad.numpy().reshape(times, long),
            np.tile(x.grad.numpy()[:long] * 4 * long, (times, 1)),
            rtol=1e-4,
            atol=1e-6,
        )


def test_a_gradient_is_not_shared_with_its_twin(kernels: str) -> None:
    x = tn.ones(LARGE, requires_grad=True)
    y = tn.ones(LARGE, requires_grad=True)
    (x + y).sum().backward()
    assert x.grad is not None
    assert y.grad is not None
    x.grad.add_(1)
    assert y.grad[0] == 1


def test_shapes_that_do_not_fit_are_refused_as_ever(kernels: str) -> None:
    with pytest.raises(ShapeError, match="mul"):
        tn.ones(LARGE) * tn.ones(LARGE + 1)
