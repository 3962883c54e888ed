"""Formulas in blocks give what they give at once, whatever the size and layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autotn.kernels import blocks

Array = np.ndarray[Any, Any]


def formula(x: Array, y: Array, out: Array, work: Array) -> None:
    np.multiply(x, y, work)
    np.subtract(x, work, out)


@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 20])
@pytest.mark.parametrize("dtype", ["f", "d", "F"])
def test_sizes_and_dtypes(size: int, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 8)
    x, y = np.random.default_rng(0).uniform(1, 2, (2, size)).astype(dtype)
    found = blocks.in_blocks(formula, x, y)
    assert found.dtype == x.dtype
    np.testing.assert_array_equal(found, x - x * y)


@pytest.mark.parametrize("expanded", ["first", "second", "both", "neither"])
def test_expanded_numbers_and_other_orders(expanded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "BLOCK", 4)
    x, y = np.random.default_rng(0).uniform(1, 2, (2, 5, 3)).astype("f")
    if expanded in ("first", "both"):
        x = np.broadcast_to(x[0, 0], x.shape)
    if expanded in ("second", "both"):
        y = np.broadcast_to(y[0, 0], y.shape)
    found = blocks.in_blocks(formula, x, np.asfortranarray(y))
    assert found.base is None
    np.testing.assert_array_equal(found, x - x * y)
