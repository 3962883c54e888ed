"""Samples for ``ops/transcendental.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import Sample, samples
from tests.samples.patterns import binary, mismatched, unary

#: Finite differences mean nothing where the function overflows or has a kink.
KINK = ("gradient", "second_order")

for _name, _bounds in {
    "exp": {}, "exp2": {}, "expm1": {}, "log": {"low": 0.1}, "log2": {"low": 0.1},
    "log10": {"low": 0.1}, "log1p": {"low": -0.8}, "sigmoid": {},
}.items():  # fmt: skip

    @samples(_name)
    def _(array, name=_name, bounds=_bounds):
        yield from unary(array, **bounds)
        small = np.array([1e-30, -1e-30, 1e-8, -1e-8])
        large = np.array([-1000.0, -100.0, -30.0, 30.0, 100.0, 1000.0])
        if name in ("expm1", "log1p"):
            yield Sample(small)
            yield Sample(small.astype(np.float32))
        if name in ("exp", "expm1", "sigmoid"):
            yield Sample(large, _skip=KINK)
            yield Sample(large.astype(np.float32))
        if name == "sigmoid":
            yield Sample(array(70, 70), _skip=KINK)  # past the small arrays


for _name in ("logaddexp", "logaddexp2"):

    @samples(_name)
    def _(array, name=_name):
        for sample in binary(array, "f", numbers=False):
            if name == "logaddexp2" or isinstance(
                sample, Sample
            ):  # logaddexp takes complex numbers
                yield sample
        big = np.array([1000.0, -1000.0, 1000.0])
        yield Sample(big, np.array([1000.0, -1000.0, -1000.0]))
        yield Sample(np.array([1.0, -np.inf, np.inf]), np.array([-np.inf, 2.0, 1.0]),
                     _skip=("gradient", "second_order", "gradient_like_torch"))  # fmt: skip
        yield Sample(array(70, 70), array(70, 70), _skip=KINK)  # past the small arrays
        far = array(70, 70)
        far[0, :7] = [np.inf, -np.inf, np.nan, np.inf, -np.inf, 1000.0, -1000.0]
        near = array(70, 70)
        near[0, :7] = [np.inf, -np.inf, 1.0, -np.inf, 2.0, 1000.0, 1000.0]
        yield Sample(far, near, _skip=(*KINK, "gradient_like_torch"))
        if name == "logaddexp":
            yield Sample(array(2, dtype=np.complex128), array(2, 2, dtype=np.complex128))
        yield from mismatched(name, array)


@samples("logit")
def _(array):
    yield from unary(array, "bif", odd=False, low=0.1, high=0.9)
    yield Sample(np.array([-0.5, 0.0, 0.3, 0.9, 1.0, 1.5]), _skip=KINK)
    for eps in (0.05, 0.2):
        yield Sample(np.array([-0.5, 0.0, 0.3, 0.9, 1.0, 1.5]), eps=eps)
        yield Sample(array(4, dtype=np.float32, low=0.0, high=1.0), eps)


for _name, _bounds in {"erf": {}, "erfc": {}, "erfinv": {"low": -0.9, "high": 0.9}}.items():

    @samples(_name)
    def _(array, name=_name, bounds=_bounds):
        yield from unary(array, "bif", **bounds)
        if name != "erfinv":
            yield Sample(np.array([-30.0, -6.0, -3.0, 1e-20, 3.0, 6.0, 9.0, 30.0]))
            yield Sample(np.linspace(-6, 6, 1500, dtype=np.float32).reshape(30, 50))
