"""What optimizers add in place: by NumPy and by oneDNN, which must agree, NaN and inf included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autotn.kernels import updates
from autotn.kernels.onednn import updates as onednn
from autotn.kernels.onednn.switch import SWITCH

Array = np.ndarray[Any, Any]

pytestmark = pytest.mark.usefixtures("kernels")


def drawn(count: int, size: int, dtype: Any = np.float32) -> Array:
    return np.random.default_rng(size).standard_normal((count, size)).astype(dtype)


UPDATES: dict[str, tuple[Callable[..., None], Callable[..., Array]]] = {
    "multiple": (
        lambda y, x, s, work: updates.add_multiple(y, -0.25, x, 0.9, work),
        lambda y, x, s: -0.25 * x + 0.9 * y,
    ),
    "multiple, all kept": (
        lambda y, x, s, work: updates.add_multiple(y, 0.25, x, 1, work),
        lambda y, x, s: 0.25 * x + y,
    ),
    "multiple, nothing kept": (
        lambda y, x, s, work: updates.add_multiple(y, 0.25, x, 0.0, work),
        lambda y, x, s: 0.25 * x,
    ),
    "square": (
        lambda y, x, s, work: updates.add_square(y, 0.25, x, 0.9, work),
        lambda y, x, s: 0.25 * x * x + 0.9 * y,
    ),
    "weighted sum": (
        lambda y, x, s, work: updates.weighted_sum(-0.25, x, s, out=y),
        lambda y, x, s: -0.25 * x + s,
    ),
    "quotient": (
        lambda y, x, s, work: updates.add_quotient(y, -0.01, x, s, work, eps=1e-3),
        lambda y, x, s: y - 0.01 * x / (np.sqrt(s) + 1e-3),
    ),
    "quotient, scaled": (
        lambda y, x, s, work: updates.add_quotient(
            y, -0.01, x, s, work, eps=1e-3, scale=1.7, b=0.99
        ),
        lambda y, x, s: 0.99 * y - 0.01 * x / (np.sqrt(1.7 * s) + 1e-3),
    ),
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [0, 1, 3, 1000, 70_001])
@pytest.mark.parametrize("name", UPDATES)
def test_an_update_is_its_formula(name: str, size: int, dtype: Any) -> None:
    update, formula = UPDATES[name]
    y, x, s = drawn(3, size, dtype)
    s *= s
    expected = formula(*(a.astype(np.float64) for a in (y, x, s)))
    update(y, x, s, np.empty_like(y))
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)
    assert y.dtype == dtype


@pytest.mark.parametrize("name", UPDATES)
def test_numbers_may_change_from_call_to_call(name: str) -> None:
    update, formula = UPDATES[name]
    y, x, s = drawn(3, 100)
    s *= s
    expected = formula(formula(y, x, s), -x, s)
    update(y, x, s, np.empty_like(y))
    update(y, -x, s, np.empty_like(y))
    np.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-6)


def test_a_learning_rate_is_read_anew() -> None:
    y, x = np.zeros(100, np.float32), np.ones(100, np.float32)
    for rate in (1.0, 10.0, 100.0):
        updates.add_multiple(y, rate, x, 1, np.empty_like(y))
    assert (y == 111.0).all()


@pytest.mark.parametrize("name", UPDATES)
def test_what_is_not_finite_stays_so(name: str) -> None:
    update, formula = UPDATES[name]
    y, x, s = np.zeros((3, 64), np.float32)
    x[:4] = np.nan, np.inf, -np.inf, 0
    s[:8] = 1, np.inf, 1, 1, np.inf, np.nan, 0, 0
    with np.errstate(all="ignore"):
        expected = formula(y, x, s)
        update(y, x, s, np.empty_like(y))
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-6)


def test_arrays_of_several_axes_and_with_gaps_are_taken() -> None:
    x, y = np.ones((2, 6, 8), np.float32)
    updates.add_multiple(y, 2.0, x, 1, np.empty_like(y))
    updates.add_multiple(y[:, ::2], 2.0, x[:, ::2], 1, np.empty_like(y[:, ::2]))
    assert y[0, :2].tolist() == [5.0, 3.0]


def test_what_may_not_be_written_to_is_refused() -> None:
    x, y = np.ones((2, 64), np.float32)
    y.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        updates.add_multiple(y, 2.0, x, 1, np.empty_like(y))
    assert (y == 1).all()


def test_one_kernel_serves_all_learning_rates(kernels: str) -> None:
    y, x = drawn(2, 777)
    if kernels == "numpy":
        assert not onednn.add_multiple(y, 0.5, x, 1)
        return
    updates.add_multiple(y, 0.5, x, 1, np.empty_like(y))
    made = len(SWITCH.the_session().calls)
    for rate in (0.25, 0.125):
        updates.add_multiple(y, rate, x, 1, np.empty_like(y))
    assert len(SWITCH.the_session().calls) == made
