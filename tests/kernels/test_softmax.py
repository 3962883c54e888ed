"""Softmax of large arrays: moderate numbers are not shifted, and all others are as right as ever."""

from __future__ import annotations

import numpy as np
import pytest

from autotn.kernels import softmax as kernel

ROWS = {
    "moderate": lambda x: x,
    "large": lambda x: x + 1000,
    "very small": lambda x: x - 1000,
    "one row vanishes": lambda x: np.where(np.arange(len(x))[:, None] == 3, x - 200, x),
    "far apart": lambda x: x * 50,
}


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("rows", ROWS)
def test_shares(rows: str, axis: int) -> None:
    x = ROWS[rows](np.random.default_rng(0).standard_normal((64, 64))).astype(np.float32)
    exact = x.astype(np.float64)
    expected = np.exp(exact - exact.max(axis, keepdims=True))
    expected /= expected.sum(axis, keepdims=True)
    p = kernel.softmax(x, axis)
    np.testing.assert_allclose(p, expected, rtol=2e-5, atol=1e-30)
    assert p.dtype == np.float32


def test_a_row_in_which_all_is_blocked_has_zeros() -> None:
    x = np.zeros((64, 64), np.float32)
    x[5] = -np.inf
    x[6, :32] = -np.inf
    p = kernel.softmax(x, -1, may_be_blocked=True)
    assert (p[5] == 0).all()
    assert p[6, 40] == pytest.approx(1 / 32)
    assert p[7, 0] == pytest.approx(1 / 64)


def test_undefined_numbers_stay_in_their_row() -> None:
    x = np.zeros((64, 64), np.float32)
    x[2, 2] = np.nan
    p = kernel.softmax(x, -1)
    assert np.isnan(p[2]).all()
    assert not np.isnan(p[3]).any()
