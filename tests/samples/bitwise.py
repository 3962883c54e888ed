"""Samples for ``ops/bitwise.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples
from tests.samples.patterns import mismatched

WHOLE = {"dtype": np.int64, "low": -100, "high": 100}


def _bits(array):
    yield Sample(array(2, 3, **WHOLE), array(3, **WHOLE))
    yield Sample(array(3, **WHOLE), 6)
    yield Sample(array(2, 0, **WHOLE), array(1, **WHOLE))
    yield Sample(array(3, dtype=np.uint8, high=200), array(3, dtype=np.int8))
    yield Sample(array(3, dtype=np.int32), array(dtype=np.int64))


for _name in ("bitwise_and", "bitwise_or", "bitwise_xor"):

    @samples(_name)
    def _(array, name=_name):
        yield from _bits(array)
        yield Sample(6, array(3, **WHOLE))
        yield Sample(array(3, dtype=np.bool_), array(3, dtype=np.bool_))
        yield Sample(array(3, dtype=np.bool_), array(3, **WHOLE))
        yield Sample(array(3, **WHOLE), True)
        yield ErrorSample(array(3), array(3), raises=RuntimeError, match=f"{name}: not implemented")
        yield ErrorSample(
            array(3, **WHOLE), 1.5, raises=RuntimeError, match="it takes bool, integer"
        )


@samples("bitwise_not")
def _(array):
    yield Sample(array(2, 3, **WHOLE))
    yield Sample(array(3, dtype=np.uint8))
    yield Sample(array(3, dtype=np.bool_))
    yield ErrorSample(array(3), raises=TypeError, match="bitwise_not: not implemented")


for _name in ("bitwise_left_shift", "bitwise_right_shift"):

    @samples(_name)
    def _(array):
        amounts = {"dtype": np.int64, "low": 0, "high": 8}
        yield Sample(array(2, 3, **WHOLE), array(3, **amounts))
        yield Sample(array(3, **WHOLE), 3)
        yield Sample(3, array(3, **amounts))
        for amount in (31, 32, 63, 64, 100):
            yield Sample(array(3, **WHOLE), amount)
            yield Sample(array(3, dtype=np.int32, low=-9), amount)
        yield Sample(array(3, dtype=np.uint8), 9)
        yield Sample(array(3, dtype=np.bool_), 1)
        yield ErrorSample(array(3), 1, raises=RuntimeError, match="not implemented for")


for _name in ("gcd", "lcm"):

    @samples(_name)
    def _(array, name=_name):
        yield Sample(array(2, 3, **WHOLE), array(3, **WHOLE))
        yield Sample(np.array([0, 0, 4]), np.array([0, 5, 0]))
        yield Sample(array(3, dtype=np.uint8), array(3, dtype=np.uint8))
        yield ErrorSample(array(3), array(3), raises=RuntimeError, match=f"{name}: not implemented")
        yield from list(mismatched(name, lambda n: np.arange(n)))[:1]
