"""Samples for ``ops/bessel.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import Sample, samples
from tests.samples.patterns import unary

#: PyTorch has no derivatives of these.
OURS = ("gradient_like_torch",)

for _name in ("i0", "i0e", "i1", "i1e"):

    @samples(_name if _name == "i0" else f"special_{_name}", torch=f"special.{_name}")
    def _(array):
        yield from unary(array, "bif", odd=False, half=False, away_from=(0.0,))
        yield Sample(np.array([-20.0, -3.0, 0.0, 5.0, 30.0]), _skip=("gradient", "second_order"))


for _name in ("modified_bessel_i0", "modified_bessel_i1", "bessel_j0", "bessel_j1", "airy_ai",
              "spherical_bessel_j0"):  # fmt: skip

    @samples(f"special_{_name}", torch=f"special.{_name}")
    def _(array):
        yield from unary(array, "bif", odd=False, half=False, skip=OURS, away_from=(0.0,))
        # PyTorch has some of these to single precision only.
        yield Sample(np.array([-6.5, -3.0, 0.0, 0.7, 6.0]), _skip=(*OURS, "second_order"), _tol=10)


for _name in ("bessel_y0", "bessel_y1", "modified_bessel_k0", "modified_bessel_k1",
              "scaled_modified_bessel_k0", "scaled_modified_bessel_k1"):  # fmt: skip

    @samples(f"special_{_name}", torch=f"special.{_name}")
    def _(array):
        yield from unary(array, "bif", odd=False, half=False, skip=OURS, low=0.5, high=3.0)
        yield Sample(np.array([0.0, 0.1, 5.0, 20.0]), _skip=(*OURS, "gradient", "second_order"))


@samples("airy_slope", torch=None)
def _(array):
    yield Sample(
        np.array([0.0, 1.0]), _expect=np.array([-0.2588194037928068, -0.15914744129679322])
    )
