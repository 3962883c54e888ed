"""Samples for ``ops/polynomials.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import Sample, samples

for _name in (
    "chebyshev_polynomial_t", "chebyshev_polynomial_u",
    "chebyshev_polynomial_v", "chebyshev_polynomial_w",
    "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u",
    "shifted_chebyshev_polynomial_v", "shifted_chebyshev_polynomial_w",
    "hermite_polynomial_h", "hermite_polynomial_he",
    "laguerre_polynomial_l", "legendre_polynomial_p",
):  # fmt: skip

    @samples(f"special_{_name}", torch=f"special.{_name}")
    def _(array, name=_name):
        low, high = (0.05, 0.95) if name.startswith("shifted") else (-0.95, 0.95)
        x = array(4, 1, low=low, high=high)
        yield Sample(x, np.array([-1, 0, 1, 2, 3, 5, 8]))
        yield Sample(x.astype(np.float32), np.array([0, 1, 2, 3, 5, 8]))
        yield Sample(x, 4)
        yield Sample(0.5, np.array([1.0, 2.0]))
        yield Sample(np.array([1, 0]), np.array([2, 3]))
        yield Sample(np.array([1.0, -1.0, 2.5]), 3)
        yield Sample(np.array([np.inf, np.nan, 1.0]), np.array([0, 0, 0]))
        yield Sample(array(2, 0), 3)
