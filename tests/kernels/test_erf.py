"""The error function and the normal distribution's in single precision stay close to SciPy's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import special

from autotn.kernels import erf

Array = np.ndarray[Any, Any]


@pytest.mark.parametrize(
    ("ours", "exact"),
    [(erf.erf, special.erf), (erf.normal_cdf, special.ndtr)],
    ids=["erf", "normal"],
)
@pytest.mark.filterwarnings("error")
def test_single_precision_is_close_everywhere(
    ours: Callable[[Array], Array], exact: Callable[[Array], Array]
) -> None:
    x = np.concatenate([np.linspace(-9, 9, 100_001), np.logspace(-30, 38, 10_001)]).astype("f")
    found = ours(x)
    assert found.dtype == np.float32
    assert np.abs(found - exact(x.astype("d"))).max() < 2.5e-7
    assert np.abs(found).max() <= 1


def test_near_zero_the_error_is_relative() -> None:
    x = np.logspace(-30, 0, 10_001).astype("f")
    np.testing.assert_allclose(erf.erf(x), special.erf(x.astype("d")), rtol=4e-7)


@pytest.mark.parametrize("dtype", ["f", "d", "e"])
@pytest.mark.parametrize("size", [0, 1, 5_000, 40_000])
def test_sizes_dtypes_and_ends(dtype: str, size: int) -> None:
    x = np.full((size,), np.nan, dtype)
    x[1::3], x[2::3] = np.inf, -np.inf
    x = x[::-1]
    for found, low in ((erf.erf(x), -1.0), (erf.normal_cdf(x), 0.0)):
        assert found.dtype == x.dtype
        assert found.shape == x.shape
        np.testing.assert_array_equal(found[x == np.inf], 1.0)
        np.testing.assert_array_equal(found[x == -np.inf], low)
        assert np.isnan(found[np.isnan(x)]).all()
