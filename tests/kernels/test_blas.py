"""Sums of multiples by NumPy's own BLAS, and by NumPy where that can't be asked."""

from __future__ import annotations

import numpy as np
import pytest

from autotn.kernels import blas


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("size", [0, 3, 10_000])
@pytest.mark.parametrize("found", [True, False])
def test_a_multiple_is_added(
    dtype: type, size: int, found: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not found:
        monkeypatch.setattr(blas, "_axpby_of", lambda letter: None)
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, size)).astype(dtype)
    expected = 0.25 * x + 0.5 * y
    blas.add_multiple(y, 0.25, x, 0.5, np.empty_like(y))
    np.testing.assert_allclose(y, expected, rtol=1e-2 if dtype == np.float16 else 1e-6, atol=1e-6)
    assert y.dtype == dtype


def test_the_multiple_may_be_made_in_place_of_what_is_added() -> None:
    x, y = np.ones((2, 5), np.float32)
    blas.add_multiple(y, 2.0, x, 1, x)
    assert y.tolist() == [3.0] * 5


def test_arrays_with_gaps_and_read_only_ones_are_taken_too() -> None:
    x, y = np.ones((2, 20_000), np.float32)
    blas.add_multiple(y[::2], 2.0, x[::2], 3.0, np.empty(10_000, np.float32))
    assert y[:2].tolist() == [5.0, 1.0]
    x.flags.writeable = False
    blas.add_multiple(y, 1.0, x, 0.0, np.empty_like(y))
    assert (y == 1.0).all()


def test_a_library_that_is_not_there_is_no_error() -> None:
    assert blas.routine("cblas_no_such_function", blas.numpys_library()) is None
