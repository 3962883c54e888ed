"""Samples for ``ops/compare.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples
from tests.samples.patterns import NO_DERIVATIVE, ODD, binary, meetings, mismatched, unary

#: Finite differences mean nothing on a kink.
KINK = ("gradient", "second_order")


@samples("where")
def _(array):
    yield Sample(array(2, 3, dtype=np.bool_), array(2, 3), array(2, 3))
    yield Sample(array(2, 3, dtype=np.bool_), array(3), array(2, 1))
    yield Sample(array(2, 3, dtype=np.bool_), array(3), 0.0)
    yield Sample(array(2, 3, dtype=np.bool_), 1.5, array(1))
    yield Sample(array(2, 1, dtype=np.bool_), array(2, 3), array(3, dtype=np.float32))
    yield Sample(array(3, dtype=np.bool_), array(3, dtype=np.float32), array())
    yield Sample(array(3, dtype=np.bool_), array(3, dtype=np.int64), array(3, dtype=np.float32))
    yield Sample(
        array(3, dtype=np.bool_), array(3, dtype=np.complex128), array(3, dtype=np.complex128)
    )
    yield Sample(array(3, dtype=np.bool_), array(3, dtype=np.complex128), array(3),
                 _skip=("gradient_like_torch",))  # PyTorch fails  # fmt: skip
    yield Sample(array(3, dtype=np.bool_), 1, 0)
    yield Sample(array(3, dtype=np.bool_), 1.0, 0)
    yield Sample(array(dtype=np.bool_), array(), array(2))
    yield Sample(array(2, 0, dtype=np.bool_), array(1), array(0))
    yield Sample(
        array(40, 40, dtype=np.bool_), array(40, 40), array(40), _skip=KINK
    )  # slow by differences
    yield Sample(array(2, 3, dtype=np.bool_))
    yield Sample(array(2, 3, dtype=np.int64))
    yield Sample(array(3, dtype=np.bool_), input=array(3), other=array(3))
    yield ErrorSample(array(3), array(3), array(3), raises=RuntimeError, match="boolean tensor")
    yield ErrorSample(
        array(3, dtype=np.bool_), array(3), raises=TypeError, match="both 'input' and 'other'"
    )
    yield ErrorSample("text", array(3), 1, raises=TypeError, match="where: argument 'condition'")
    yield ErrorSample(array(2) > 0, array(3), array(3), raises=RuntimeError)


for _name in ("maximum", "minimum", "fmax", "fmin"):

    @samples(_name)
    def _(array, name=_name):
        yield from binary(array, "bif", numbers=False)
        yield from meetings()
        same = array(3)
        yield Sample(same, same.copy(), _skip=KINK)  # ties
        yield Sample(array(70, 70), array(70, 70), _skip=KINK)  # slow by differences
        yield from mismatched(name, array)


for _name in ("clamp_min", "clamp_max"):

    @samples(_name)
    def _(array, name=_name):
        yield Sample(array(2, 3, distinct=True), 0.1)
        yield Sample(array(3, distinct=True), array(2, 3, low=-1.0, high=1.0))
        yield Sample(array(), 0)
        yield Sample(array(2, 0), 0)
        yield Sample(array(3, dtype=np.int64), 1)
        yield Sample(array(3, dtype=np.int64), 0.5)
        yield Sample(array(3, dtype=np.bool_), 1)
        yield Sample(array(3, dtype=np.float32), np.array(0.25))
        yield Sample(array(100, 50), 0.0, _skip=KINK)  # past the small arrays
        yield Sample(np.tile(np.array(ODD, np.float32), 1000), 0.5, _skip=KINK)
        yield Sample(np.array(ODD), 0.0, _skip=KINK)
        yield Sample(np.array(ODD), np.array(ODD), _skip=KINK)
        yield ErrorSample(array(3, dtype=np.complex64), 1, raises=RuntimeError, match="no order")


@samples("clamp_between", torch="clamp")
def _(array):
    yield Sample(array(2, 3), -0.5, 0.5)
    yield Sample(array(3, dtype=np.int64), 0, 1)


@samples("clamp_both", torch="clamp")
def _(array):
    yield Sample(array(2, 3), array(3, low=-1.0, high=0.0), array(2, 1, low=0.1, high=1.0))


@samples("clamp")
def _(array):
    yield Sample(array(2, 3, distinct=True), 0.1)
    yield Sample(array(2, 3), min=-0.5)
    yield Sample(array(2, 3), max=0.5)
    yield Sample(array(2, 3), -0.5, 0.5)
    yield Sample(array(3, dtype=np.float32), min=-1, max=1)
    yield Sample(array(3), 1.0, -1.0)
    yield Sample(array(2, 3), array(3, low=-1.0, high=0.0), array(2, 1, low=0.1, high=1.0))
    yield Sample(array(3), array(3), array(3))
    yield Sample(array(3), min=array(2, 3))
    yield Sample(array(3), max=array(1))
    yield Sample(
        array(3, dtype=np.int64), array(3, dtype=np.float32), array(3, dtype=np.float32, low=1.0)
    )
    yield Sample(array(3, dtype=np.int64), 0, 1)
    yield Sample(array(3, dtype=np.int64), 0.5, 1)
    yield Sample(array(3, dtype=np.bool_), 0, 1)
    yield Sample(array(2, 0), 0, 1)
    yield Sample(array(), 0, 1)
    yield Sample(array(100, 50), -0.5, 0.5, _skip=KINK)  # past the small arrays
    yield Sample(np.array(ODD), -0.5, 0.5, _skip=KINK)
    yield Sample(np.array(ODD), -1.0, 1.0, _skip=KINK)
    yield Sample(np.array(ODD), np.array(-1.0), np.array(1.0), _skip=KINK)
    yield Sample(array(3), float("nan"), 1.0, _skip=KINK)
    yield ErrorSample(array(3), raises=RuntimeError, match="At least one of 'min' or 'max'")
    yield ErrorSample(array(3, dtype=np.complex64), 0, 1, raises=RuntimeError, match="no order")
    yield ErrorSample(
        array(3, dtype=np.uint8), -5, 300, raises=RuntimeError, match="without overflow"
    )
    yield ErrorSample("text", 0, 1, raises=TypeError, match="clamp: argument 'input'")


def _complex(sample):
    return isinstance(sample.args[0], np.ndarray) and sample.args[0].dtype.kind == "c"


@samples("nan_to_num")
def _(array):
    yield from (s for s in unary(array) if not _complex(s))
    yield Sample(np.array(ODD), nan=2.0, posinf=3.0, neginf=-4.0, _skip=KINK)
    yield Sample(np.array(ODD, np.float32), 2.0, 3.0)
    odd = np.array([complex(np.nan, 1), complex(np.inf, -np.inf), 1 + 2j])
    yield Sample(odd, _skip=(*KINK, "gradient_like_torch"))  # PyTorch has none for complex numbers


@samples("heaviside")
def _(array):
    yield Sample(np.array([-1.0, 0.0, 2.0, np.inf, -0.0]), np.array([0.5]), _skip=NO_DERIVATIVE)
    yield Sample(array(2, 3, dtype=np.int64), array(3, dtype=np.int64))
    yield Sample(array(3, dtype=np.bool_), array(3, dtype=np.bool_))
    yield ErrorSample(array(3), array(3, dtype=np.int64), raises=RuntimeError, match="same dtype")
