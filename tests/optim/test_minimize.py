"""`minimize` hands SciPy exact derivatives and leaves the minimum in the parameters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.core.tensor import Tensor, wrap
from autotn.optim import minimize
from tests.optim.twins import leaf

METHODS = [
    "L-BFGS-B", "BFGS", "CG", "TNC", "SLSQP", "Newton-CG", "trust-ncg", "trust-krylov",
    "trust-exact", "trust-constr", "Nelder-Mead", "Powell", "COBYLA",
]  # fmt: skip


def valley() -> tuple[list[Tensor], Any]:
    """Rosenbrock's valley, in a matrix and a number; least at ones."""
    xy, z = leaf(np.array([[-0.5, 0.8]])), leaf(np.array(0.5))

    def loss() -> Any:
        x, y = xy[0, 0], xy[0, 1]
        return 5 * (y - x * x) * (y - x * x) + (1 - x) * (1 - x) + (z - y) * (z - y)

    return [xy, z], loss


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_the_minimum(method: str) -> None:
    params, loss = valley()
    arrays = [p._data for p in params]
    report = minimize(loss, params, method)
    assert report.success
    for p, array in zip(params, arrays):
        assert p._data is array
        np.testing.assert_allclose(array, 1.0, atol=0.05)
    np.testing.assert_array_equal(report.x, np.concatenate([a.ravel() for a in arrays]))


def test_dogleg_where_it_is_convex() -> None:
    p = leaf(np.array([2.0, -3.0]))
    minimize(lambda: ((p - 1) * (p - 1)).sum(), p, "dogleg")
    np.testing.assert_allclose(p._data, 1.0)


def test_float32_parameters_stay_float32() -> None:
    p = leaf(np.array([2.0, -3.0], np.float32))
    report = minimize(lambda: ((p - 1) * (p - 1)).sum(), [p], maxiter=50)
    assert p._data.dtype == np.float32
    assert report.x.dtype == np.float64
    np.testing.assert_allclose(p._data, 1.0, rtol=1e-4)


@pytest.mark.parametrize(
    "bounds", [(None, 0.5), [(None, 0.5), (None, 0.5)], [([None, -9.0][1], [0.5, 0.5]), (0, 0.5)]]
)
def test_bounds(bounds: Any) -> None:
    a, b = leaf(np.zeros(2)), leaf(np.array(0.0))
    minimize(lambda: ((a - 1) * (a - 1)).sum() + (b - 1) * (b - 1), [a, b], bounds=bounds)
    np.testing.assert_allclose(a._data, 0.5)
    np.testing.assert_allclose(b._data, 0.5)


def test_options_and_callback_reach_scipy() -> None:
    params, loss = valley()
    seen: list[Any] = []
    report = minimize(loss, params, "BFGS", maxiter=2, callback=lambda x: seen.append(x.copy()))
    assert report.nit == 2
    assert len(seen) == 2


def test_parameters_the_loss_ignores_stay() -> None:
    a, b = leaf(np.zeros(2)), leaf(np.ones(2))
    for method in ("L-BFGS-B", "Newton-CG"):
        minimize(lambda: ((a - 1) * (a - 1)).sum(), [a, b], method)
    np.testing.assert_allclose(a._data, 1)
    np.testing.assert_array_equal(b._data, 1)


def test_works_inside_no_grad() -> None:
    p = leaf(np.zeros(2))
    with tn.no_grad():
        minimize(lambda: ((p - 1) * (p - 1)).sum(), p)
    np.testing.assert_allclose(p._data, 1)


def test_an_error_puts_the_parameters_back() -> None:
    p = leaf(np.zeros(2))
    calls = []

    def loss() -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise ZeroDivisionError
        return ((p - 1) * (p - 1)).sum()

    with pytest.raises(ZeroDivisionError):
        minimize(loss, p)
    np.testing.assert_array_equal(p._data, 0)


@pytest.mark.parametrize(
    ("params", "error", "words"),
    [
        ([], ValueError, "no parameters"),
        ([1.0], TypeError, "must be a real Tensor"),
        ([leaf(np.ones(1, np.complex128))], TypeError, "must be a real Tensor"),
        ([wrap(np.ones(1))], ValueError, "requires grad"),
    ],
)
def test_what_can_not_be_minimised_is_refused(
    params: Any, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        minimize(lambda: None, params)


def test_the_loss_must_be_one_number() -> None:
    p = leaf(np.ones(2))
    with pytest.raises(TypeError, match=r"one element, got shape \(2,\)"):
        minimize(lambda: p * 2, p)
    with pytest.raises(TypeError, match="one element, got float"):
        minimize(lambda: 1.0, p)
    with pytest.raises(ValueError, match="bounds must be one pair"):
        minimize(lambda: (p * p).sum(), p, bounds=[(0, 1), (0, 1), (0, 1)])
