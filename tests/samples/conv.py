"""Samples for ``ops/conv.py``."""

from __future__ import annotations

import numpy as np

from autotn.errors import DTypeError, ShapeError
from autotn.kernels import conv as kernel
from autotn.testing import ErrorSample, Sample, samples


@samples("conv1d")
def _(array):
    yield Sample(array(2, 3, 7), array(4, 3, 3))
    yield Sample(array(2, 3, 7), array(4, 3, 3), array(4))
    yield Sample(array(3, 7), array(4, 3, 3), array(4), padding=1)
    yield Sample(array(2, 3, 9), array(4, 3, 3), array(4), 2, 1, 2)
    yield Sample(array(2, 3, 9), array(2, 3, 3), stride=(2,), padding=(2,), dilation=(1,))
    yield Sample(array(2, 3, 9), array(2, 3, 3), stride=[2], padding=[2], dilation=[1])
    yield Sample(array(2, 3, 8), array(2, 3, 3), padding="same", dilation=3)
    yield Sample(array(2, 3, 8), array(2, 3, 3), padding="valid")
    yield Sample(array(2, 4, 8), array(6, 2, 3), array(6), groups=2)
    yield Sample(array(2, 3, 12), array(3, 1, 5), padding=2, groups=3)
    yield Sample(array(2, 2, 5), array(3, 2, 1), array(3))
    yield Sample(array(2, 2, 5, dtype=np.complex128), array(3, 2, 2, dtype=np.complex128))
    yield Sample(array(0, 2, 5), array(3, 2, 2), array(3))
    yield Sample(array(2, 3, 7, strided=True), array(4, 3, 3, strided=True))
    yield Sample(array(2, 2, 6, dtype=np.int64), array(3, 2, 2, dtype=np.int64))
    yield Sample(array(2, 2, 6, dtype=np.float16), array(3, 2, 2, dtype=np.float16))
    yield ErrorSample(array(5), array(4, 3, 3), raises=ShapeError, match="'input' must be a batch")
    yield ErrorSample(array(3, 5), array(4, 3), raises=ShapeError, match="'weight' must have shape")
    yield ErrorSample(
        array(3, 2), array(4, 3, 3), raises=ShapeError, match="must fit into the padded"
    )


@samples("conv2d")
def _(array):
    x, w, b = array(2, 2, 5, 6), array(3, 2, 3, 2), array(3)
    yield Sample(x, w)
    yield Sample(x, w, b)
    yield Sample(array(2, 5, 6), w, b, padding=1)
    yield Sample(x, w, b, 2, 1)
    yield Sample(x, w, b, (2, 1), (0, 2), (1, 3))
    yield Sample(x, array(3, 2, 3, 3), b, padding="same")
    yield Sample(x, array(3, 2, 3, 1), b, padding="same", dilation=2)
    yield Sample(x, array(3, 2, 1, 1), b)
    yield Sample(x, array(3, 2, 1, 1), b, stride=2)
    yield Sample(x, array(4, 1, 3, 3), array(4), padding=1, groups=2)
    yield Sample(array(1, 3, 6, 6), array(3, 1, 3, 3), array(3), stride=2, padding=1, groups=3)
    yield Sample(array(1, 4, 4, 4), array(4, 2, 3, 3), groups=2, padding=1)
    yield Sample(array(1, 2, 4, 4, dtype=np.complex128), array(2, 2, 3, 3, dtype=np.complex128))
    yield Sample(array(0, 2, 5, 6), w, b)
    yield Sample(array(2, 2, 5, 6, strided=True), array(3, 2, 3, 2, strided=True), b)
    yield Sample(array(2, 2, 5, 6, dtype=np.float32), array(3, 2, 3, 2, dtype=np.float32))
    for options, match in [
        (dict(stride=0), "conv2d: stride must be at least 1, got 0"),
        (dict(padding=-1), "conv2d: padding must be at least 0, got -1"),
        (dict(padding=(1, 2, 3)), "conv2d: padding must be one number or 2"),
        (dict(padding="full"), "conv2d: padding must be numbers, 'same' or 'valid', got 'full'"),
        (dict(padding="same", stride=2), "padding='same' needs a stride of 1"),
        (dict(dilation=0), "conv2d: dilation must be at least 1, got 0"),
        (dict(dilation=4), "conv2d: the kernel must fit into the padded input"),
        (dict(groups=0), "conv2d: groups must be at least 1, got 0"),
        (dict(groups=2), "positive multiple of groups=2"),
    ]:
        yield ErrorSample(x, w, raises=ShapeError, match=match, **options)
    yield ErrorSample(
        x, array(3, 3, 3, 2), raises=ShapeError, match="expects an input of 3 channels"
    )
    yield ErrorSample(
        x, w, array(2), raises=ShapeError, match=r"a number per output channel.*\(3,\)"
    )
    yield ErrorSample(x, w, stride=1.5, raises=TypeError, match="stride must be an integer")
    yield ErrorSample(
        x, array(3, 2, 3, 2, dtype=np.float32), raises=(DTypeError, RuntimeError), match="conv2d"
    )
    yield ErrorSample(array(1, 3, 4, 4), array(2, 2, 2, 2), raises=RuntimeError)
    yield ErrorSample(array(1, 2, 2, 2), array(2, 2, 3, 3), raises=RuntimeError)


@samples("conv3d")
def _(array):
    x, w = array(1, 2, 3, 4, 4), array(3, 2, 2, 2, 3)
    yield Sample(x, w, array(3))
    yield Sample(array(2, 3, 4, 4), w, array(3), padding=1)
    yield Sample(x, w, array(3), (1, 2, 1), (1, 0, 2), (2, 1, 1))
    yield Sample(x, array(2, 1, 3, 3, 3), padding="same", groups=2)
    yield Sample(array(0, 2, 3, 4, 4), w)
    yield ErrorSample(
        array(3, 4, 4), w, raises=ShapeError, match=r"conv3d: 'input' must be a batch"
    )


@samples("conv_transpose1d")
def _(array):
    yield Sample(array(2, 3, 5), array(3, 4, 3))
    yield Sample(array(2, 3, 5), array(3, 4, 3), array(4), 2, 1, 1)
    yield Sample(array(3, 5), array(3, 4, 3), array(4), stride=2)
    yield Sample(array(2, 4, 5), array(4, 3, 3), array(6), stride=3, groups=2, output_padding=2)
    yield Sample(array(2, 3, 5), array(3, 2, 3), padding=1, output_padding=1, dilation=2)
    yield Sample(array(2, 3, 5), array(3, 2, 3), stride=[2], padding=[1], output_padding=[1])
    yield Sample(array(2, 3, 5, dtype=np.complex128), array(3, 2, 3, dtype=np.complex128), stride=2)
    yield Sample(array(0, 3, 5), array(3, 4, 3), array(4))
    yield Sample(array(2, 3, 5, strided=True), array(3, 4, 3, strided=True))


@samples("conv_transpose2d")
def _(array):
    x, w = array(2, 2, 3, 4), array(2, 3, 3, 2)
    yield Sample(x, w)
    yield Sample(x, w, array(3), 2, 1, 1)
    yield Sample(array(2, 3, 4), w, array(3), stride=(2, 1))
    yield Sample(x, array(2, 2, 3, 2), array(4), (2, 3), (1, 0), (0, 2), 2, 2)
    yield Sample(x, array(2, 1, 2, 2), stride=2, groups=2)
    yield Sample(array(0, 2, 3, 4), w, array(3))
    yield Sample(array(2, 2, 3, 4, dtype=np.float32), array(2, 3, 3, 2, dtype=np.float32), stride=2)
    for options, match in [
        (dict(output_padding=1), "output_padding must be smaller than stride or dilation, got 1"),
        (dict(output_padding=-1, stride=2), "output_padding must be at least 0"),
        (dict(padding=4), "too much padding"),
        (dict(padding="same"), "conv_transpose2d: padding must be an integer"),
        (dict(groups=3), "with groups=3 expects an input of"),
        (dict(groups=0), "groups must be at least 1"),
    ]:
        yield ErrorSample(x, w, raises=(ShapeError, TypeError), match=match, **options)
    yield ErrorSample(
        array(2, 3, 3, 4), w, raises=ShapeError, match="expects an input of 2 channels"
    )
    yield ErrorSample(
        x, w, array(2), raises=ShapeError, match=r"a number per output channel.*\(3,\)"
    )


@samples("conv_transpose3d")
def _(array):
    x, w = array(1, 2, 2, 3, 2), array(2, 2, 2, 2, 2)
    yield Sample(x, w, array(2))
    yield Sample(array(2, 2, 3, 2), w, stride=2, padding=1, output_padding=(1, 0, 1))
    yield Sample(x, array(2, 1, 2, 2, 2), array(2), groups=2, dilation=(1, 2, 1))


SIBLINGS = [
    ((2, 3, 8), (4, 3, 3), (1, 1, 1, 1)),
    ((1, 2, 5, 6), (3, 2, 3, 2), ((2, 1), (1, 0), (1, 2), 1)),
    ((1, 4, 5, 5), (4, 2, 3, 3), (1, "same", 1, 2)),
    ((1, 2, 3, 3, 3), (2, 1, 2, 2, 2), (1, ((1, 0), (0, 1), (0, -1)), 1, 2)),
]


@samples("conv_input", torch=None)
def _(array):
    for x_shape, w_shape, options in SIBLINGS:
        w = array(*w_shape)
        g = kernel.conv_forward(array(*x_shape), w, *options)
        expect = kernel.conv_input_gradient(g, w, x_shape, *options)
        yield Sample(g, w, x_shape, *options, _expect=expect)


@samples("conv_weight", torch=None)
def _(array):
    for x_shape, w_shape, options in SIBLINGS:
        x = array(*x_shape)
        g = kernel.conv_forward(x, array(*w_shape), *options)
        expect = kernel.conv_weight_gradient(g, x, w_shape, *options)
        yield Sample(g, x, w_shape, *options, _expect=expect)


@samples("conv_tbc")
def _(array):
    yield Sample(array(5, 2, 3), array(2, 3, 4), array(4))
    yield Sample(array(5, 2, 3), array(3, 3, 1), array(1), 2)
    yield Sample(array(4, 0, 3), array(1, 3, 2), array(2))
    for x, w in ((array(5, 3), array(2, 3, 4)), (array(5, 2, 3), array(2, 3))):
        yield ErrorSample(x, w, array(4), raises=RuntimeError, match="time, batch, channels")
