"""Samples for ``ops/trigonometry.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import Sample, samples
from tests.samples.patterns import binary, meetings, mismatched, unary

#: Finite differences mean nothing on a jump or past the small arrays.
KINK = ("gradient", "second_order")
_INSIDE = {"low": -0.9, "high": 0.9}
_ABOVE = {"low": 1.1, "high": 3.0}

for _name, _bounds in {
    "sin": {}, "cos": {}, "tan": {"low": -1.2, "high": 1.2}, "asin": _INSIDE, "acos": _INSIDE,
    "atan": {}, "sinh": {}, "cosh": {}, "tanh": {}, "asinh": {}, "acosh": _ABOVE, "atanh": _INSIDE,
}.items():  # fmt: skip

    @samples(_name)
    def _(array, name=_name, bounds=_bounds):
        yield from unary(array, **bounds)
        if name == "tanh":
            yield Sample(np.array([-100.0, -9.0, 1e-20, 9.0, 100.0]))
            yield Sample(array(70, 70), _skip=KINK)


@samples("atan2")
def _(array):
    yield from binary(array, "if", numbers=False)
    yield from meetings()
    yield Sample(np.array([0.0, 0.0, 1.0]), np.array([0.0, -0.0, 0.0]), _skip=KINK)
    yield from mismatched("atan2", array)


for _name in ("deg2rad", "rad2deg"):

    @samples(_name)
    def _(array):
        yield from unary(array, "bif")


@samples("sinc")
def _(array):
    yield from unary(array)
    # Near 0 PyTorch's slope is what is left of a difference of nearly equal numbers.
    near = np.array([0.0, 1e-9, 1e-3, 0.02, 0.029, 0.031, 0.1, 1.0, 7.5])
    yield Sample(near, _skip=("gradient_like_torch",))
    yield Sample(near.astype(np.float32), _skip=("gradient_like_torch",))
