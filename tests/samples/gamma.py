"""Samples for ``ops/gamma.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples
from tests.samples.patterns import ODD, binary, mismatched, unary

#: Finite differences mean nothing at a pole or a kink.
POLE = ("gradient", "second_order")
POSITIVE = {"low": 0.3, "high": 4.0}


for _name in ("lgamma", "digamma"):

    @samples(_name)
    def _(array, name=_name):
        yield from unary(array, "bif", odd=False, **POSITIVE)
        yield Sample(np.array([-0.5, -1.5, -2.3, 1e-10, 30.0, 1e5]), _skip=POLE)  # steep
        yield Sample(
            np.array([0.0, -1.0, np.inf, -np.inf, np.nan]), _skip=(*POLE, "gradient_like_torch")
        )


@samples("polygamma")
def _(array):
    for n in (0, 1, 2, 3):
        yield Sample(n, array(2, 3, **POSITIVE))
        yield Sample(n, array(3, dtype=np.float32, **POSITIVE))
    yield Sample(1, array(3, dtype=np.int64, low=1, high=4))
    yield Sample(1, array(2, 0))
    yield ErrorSample(-1, array(3), raises=RuntimeError, match="does not support negative n")
    yield ErrorSample(1, "text", raises=TypeError, match="polygamma: argument 'input'")


@samples("mvlgamma")
def _(array):
    for p in (1, 2, 4):
        yield Sample(array(2, 3, low=2.0, high=5.0), p)
    yield Sample(array(2, low=2.0, high=5.0, dtype=np.float32), 3)
    yield Sample(array(2, low=3, high=5, dtype=np.int64), 2)
    yield ErrorSample(array(3), 0, raises=RuntimeError, match="p has to be greater")


#: What can be asked of a function that has a derivative by the second argument only.
VALUES_ONLY = (
    "gradient_like_torch", "gradient", "second_order", "raw_equals_recorded", "float32_stays",
    "inputs_unchanged", "in_place_agrees",
)  # fmt: skip

for _name in ("igamma", "igammac"):

    @samples(_name)
    def _(array, name=_name):
        yield from binary(array, "f", numbers=False, skip=VALUES_ONLY, **POSITIVE)
        yield Sample(
            np.array([0.0, 0.5, 1.0, 2.0, 1.0]),
            np.array([1.0, 0.0, np.inf, 50.0, -1.0]),
            _skip=VALUES_ONLY,
        )
        yield from mismatched(name, array)


@samples("special_zeta", torch="special.zeta")
def _(array):
    yield from binary(array, "f", half=False, skip=VALUES_ONLY, low=1.2, high=4.0)
    yield Sample(2, array(3, low=1.2))
    yield Sample(3.0, array(2, 3, low=0.5))
    yield Sample(np.array([1.0, 0.5, 2.0, 2.0]), np.array([1.0, 1.0, 0.0, -1.5]), _skip=VALUES_ONLY)


@samples("special_entr", torch="special.entr")
def _(array):
    yield from unary(array, "bif", odd=False, low=0.1)
    yield Sample(np.array(ODD), _skip=POLE)
    yield Sample(np.array(ODD, np.float32))


for _name, _torch in (("xlogy", "xlogy"), ("special_xlog1py", "special.xlog1py")):

    @samples(_name, torch=_torch)
    def _(array, name=_name):
        yield from binary(array, "if", low=0.2, high=3.0)
        odd = np.array([*ODD, 0.5, -2.5])
        yield Sample(odd[:, None].copy(), odd, _skip=POLE)
        yield Sample(2, array(3, low=0.2))
        yield from mismatched(name, array)


for _name, _bounds in (
    ("erfcx", {}), ("ndtr", {}), ("ndtri", {"low": 0.1, "high": 0.9}), ("log_ndtr", {}),
):  # fmt: skip

    @samples(f"special_{_name}", torch=f"special.{_name}")
    def _(array, name=_name, bounds=_bounds):
        yield from unary(array, "bif", odd=False, half=name == "ndtr", **bounds)
        if name != "ndtri":
            yield Sample(np.array([-5.0, -1.0, 0.0, 1.0, 5.0]), _skip=POLE)  # steep
            yield Sample(np.array([-8.0, -5.0, 20.0], np.float32))
        else:
            yield Sample(np.array([0.0, 1.0, -1.0, 2.0, 1e-30]), _skip=POLE)
        if name == "log_ndtr":
            yield Sample(np.array([-1000.0, -50.0, -30.0]), _skip=POLE)  # steep
