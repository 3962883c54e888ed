"""Samples for ``ops/norm.py`` and ``ops/dropout.py``: the fused ops; the public functions are tested beside PyTorch."""

from __future__ import annotations

import numpy as np

from autotn.testing import Sample, samples


@samples("normalise_rows", torch=None)
def _(array):
    yield Sample(array(3, 5), None, None, 1e-5)
    yield Sample(array(3, 5), array(5), None, 1e-5)
    yield Sample(array(3, 5), None, array(5), 1e-5)
    yield Sample(array(4, 3), array(3), array(3), 1e-5)
    yield Sample(array(0, 3), array(3), array(3), 1e-5)
    yield Sample(
        array(4, 3, dtype=np.float32), array(3, dtype=np.float32), array(3, dtype=np.float32), 1e-5
    )
    yield Sample(
        array(3, 5, low=1000, high=1001), None, None, 1e-5, _skip=("gradient", "second_order")
    )
    # Far from 0 finite differences lose the digits they need.


@samples("rms_rows", torch=None)
def _(array):
    yield Sample(array(3, 5), None, 1e-6)
    yield Sample(array(3, 5), array(5), 1e-6)
    yield Sample(array(0, 5), array(5), 1e-6)
    yield Sample(array(3, 5, dtype=np.float32), array(5, dtype=np.float32), 1e-6)


@samples("channel_affine", torch=None)
def _(array):
    for shape in ((2, 3), (2, 3, 4), (2, 3, 2, 2), (0, 3, 2)):
        yield Sample(array(*shape), array(3), array(3))
        yield Sample(array(*shape), array(3), None)
        yield Sample(array(*shape), None, array(3))
    kind = np.float32
    yield Sample(array(2, 3, 4, dtype=kind), array(3, dtype=kind), array(3, dtype=kind))


@samples("batch_norm", torch=None)
def _(array):
    yield Sample(
        array(4, 3),
        array(3),
        array(3),
        1e-5,
        _skip=("gradient", "second_order", "reference_agrees", "raw_equals_recorded"),
    )
    # Its second and third results are statistics for the running averages: no gradient flows through them.


@samples("masked_scale", torch=None)
def _(array):
    x, m = array(3, 4), array(3, 4, dtype=np.bool_)
    yield Sample(x, m, 2.0, _expect=x * m * 2)
