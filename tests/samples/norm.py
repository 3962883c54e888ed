"""Samples for ``ops/norm.py``: the fused ops and the public functions made of them."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples

F = "nn.functional."


@samples("normalise_rows", torch=None)
def _(array):
    yield Sample(array(3, 5), None, None, 1e-5)
    yield Sample(array(3, 5), array(5), None, 1e-5)
    yield Sample(array(3, 5), None, array(5), 1e-5)
    yield Sample(array(4, 3), array(3), array(3), 1e-5)
    yield Sample(array(0, 3), array(3), array(3), 1e-5)
    yield Sample(array(2, 3, 4), array(4), array(4), 1e-5)
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


@samples("layer_norm", torch=F + "layer_norm")
def _(array):
    yield Sample(array(3, 5), (5,))
    yield Sample(array(2, 3, 4), (3, 4), array(3, 4), array(3, 4))
    yield Sample(array(3, 5), [5], array(5), eps=0.1)
    yield Sample(array(0, 5), (5,), array(5), array(5))
    # A constant row has no spread, and a slope of 0 only thanks to eps.
    yield Sample(np.full((2, 3), 4.0), (3,), _skip=("gradient", "second_order"))
    yield ErrorSample(array(3, 5), (4,), raises=RuntimeError, match="layer_norm")
    yield ErrorSample(array(3, 5), (5,), array(4), raises=RuntimeError, match="layer_norm")


@samples("group_norm", torch=F + "group_norm")
def _(array):
    yield Sample(array(2, 4, 3), 2)
    yield Sample(array(2, 4, 2, 2), 4, array(4), array(4))
    yield Sample(array(3, 4), 1, array(4), eps=0.1)
    yield Sample(array(0, 4, 3), 2, array(4), array(4))
    yield ErrorSample(array(2, 4), 3, raises=RuntimeError, match="group_norm")
    yield ErrorSample(array(2, 4), 2, array(3), raises=RuntimeError, match="group_norm")


@samples("instance_norm", torch=F + "instance_norm")
def _(array):
    yield Sample(array(2, 3, 4))
    yield Sample(array(2, 3, 2, 2), weight=array(3), bias=array(3), eps=0.1)
    # Of running statistics PyTorch has no gradient.
    yield Sample(
        array(2, 3, 4), np.array([0.1, 0.2, 0.3]), np.ones(3), use_input_stats=False,
        _skip=("gradient_like_torch", "gradient", "second_order"),
    )  # fmt: skip
    yield ErrorSample(array(2, 3, 1), raises=ValueError, match="instance_norm|Expected more than 1")


@samples("batch_norm", torch=F + "batch_norm")
def _(array):
    yield Sample(array(4, 3), None, None, training=True)
    yield Sample(array(2, 3, 4), None, None, array(3), array(3), training=True)
    yield Sample(array(2, 3, 2, 2), None, None, array(3), training=True, eps=0.1)
    # Of running statistics there is no gradient, and a call in training moves them.
    fixed = ("gradient_like_torch", "gradient", "second_order")
    mean, var = array(3), array(3, low=0.5, high=2)
    yield Sample(array(4, 3), mean, var, array(3), array(3), _skip=fixed)
    yield ErrorSample(array(4), None, None, raises=RuntimeError, match="batch_norm")
    yield ErrorSample(
        array(1, 3), None, None, training=True, raises=ValueError, match="more than 1"
    )
    yield ErrorSample(array(4, 3), mean[:2], var, raises=RuntimeError, match="running_mean")


@samples("rms_norm", torch=F + "rms_norm")
def _(array):
    yield Sample(array(3, 5), (5,))
    yield Sample(array(2, 3, 4), (3, 4), array(3, 4), 0.1)
    yield ErrorSample(array(3, 5), (4,), raises=RuntimeError, match="rms_norm")


@samples("local_response_norm", torch=F + "local_response_norm")
def _(array):
    yield Sample(array(2, 4, 3), 3)
    yield Sample(array(2, 4, 2, 2), 2, 0.5, 0.6, 2.0)
    yield ErrorSample(array(4), 3, raises=ValueError, match="3D or higher")


@samples("normalize", torch=F + "normalize")
def _(array):
    yield Sample(array(3, 4))
    yield Sample(array(2, 3, 4), 1.5, -1)
    yield Sample(array(3), dim=0)
    yield Sample(
        np.zeros((2, 3)), _skip=("gradient", "second_order")
    )  # no slope at 0, as PyTorch's
    yield Sample(array(3, 4, dtype=np.complex128))
    yield ErrorSample(array(3), raises=IndexError, match="range")
