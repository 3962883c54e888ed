"""Samples for ``ops/pad.py``, ``ops/vision.py`` and ``ops/margin.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples

F = "nn.functional."


@samples("pad_constant", torch=None)
def _(array):
    x = array(3)
    yield Sample(x, ((1, 2),), 0, _expect=np.pad(x, (1, 2)))


@samples("pad_copies", torch=None)
def _(array):
    x = array(3)
    yield Sample(x, ((1, 2),), "wrap", _expect=np.pad(x, (1, 2), "wrap"))


@samples("pad", torch=F + "pad")
def _(array):
    for mode in ("constant", "reflect", "replicate", "circular"):
        yield Sample(array(2, 3, 4), (1, 2), mode)
        yield Sample(array(1, 2, 3, 4), (1, 2, 0, 1), mode)
        yield Sample(array(1, 2, 3, 4), (-1, 1, 0, 0), mode)
    yield Sample(array(3), (1, 1), "constant", 2.5)
    yield ErrorSample(array(3), (1,), raises=RuntimeError, match="pad: Padding length")
    yield ErrorSample(array(1, 1, 3), (3, 0), "reflect", raises=RuntimeError, match="less than")
    yield ErrorSample(array(3), (1, 1), "mirror", raises=NotImplementedError, match="padding mode")


@samples("constant_pad_nd")
def _(array):
    yield Sample(array(2, 3), (1, 0, 2, 0), 1.5)


_RESIZE = [
    ("nearest", (5,), {}), ("nearest-exact", (5,), {}), ("linear", (5,), {}), ("linear", (2,), {"align_corners": True}),
    ("bilinear", (3, 5), {}), ("bilinear", (2, 2), {"antialias": True}), ("bicubic", (5, 3), {}), ("area", (2, 2), {}),
    ("trilinear", (2, 3, 3), {}),
]  # fmt: skip


@samples("interpolate", torch=F + "interpolate")
def _(array):
    for mode, size, more in _RESIZE:
        yield Sample(array(1, 2, *(4,) * len(size)), size=size, mode=mode, _tol=10.0, **more)
    yield Sample(array(1, 2, 3, 4), scale_factor=(1.7, 0.6), mode="bilinear", _tol=10.0)
    yield ErrorSample(array(3, 4), size=2, raises=NotImplementedError, match="interpolate")
    yield ErrorSample(array(1, 2, 3, 3), size=2, scale_factor=2.0, raises=ValueError)
    yield ErrorSample(
        array(1, 2, 3), mode="bilinear", size=2, raises=(ValueError, NotImplementedError)
    )
    yield ErrorSample(array(1, 2, 3, 3), raises=ValueError)


@samples("interpolate_transpose", torch=None)
def _(array):
    yield Sample(array(1, 2, 6), (1, 2, 4), 6, None, "linear", None, None, False)


@samples("grid_sample", torch=F + "grid_sample")
def _(array):
    for mode, padding, aligned in (
        ("bilinear", "zeros", False), ("bilinear", "border", True), ("bilinear", "reflection", False),
        ("bicubic", "zeros", True), ("bicubic", "border", False), ("bicubic", "reflection", True),
        ("nearest", "border", False),
    ):  # fmt: skip
        points = array(1, 2, 2, 2, low=-1.4, high=1.4)
        yield Sample(array(1, 2, 3, 4), points, mode, padding, aligned)
    yield Sample(
        array(2, 1, 2, 3, 2), array(2, 1, 2, 2, 3, low=-1.2, high=1.2), "bilinear", "zeros", False
    )
    yield ErrorSample(
        array(1, 2, 3, 3), array(1, 2, 2, 3), "bilinear", "zeros", False, raises=RuntimeError
    )


@samples("affine_grid", torch=F + "affine_grid")
def _(array):
    yield Sample(array(2, 2, 3), (2, 1, 3, 4), False)


@samples("affine_grid_transpose", torch=None)
def _(array):
    yield Sample(array(2, 3, 4, 2), (2, 1, 3, 4), True)


@samples("unfold", torch=F + "unfold")
def _(array):
    yield Sample(array(2, 3, 4, 5), (2, 3))
    yield Sample(array(1, 2, 5, 5), (2, 2), dilation=2, padding=1, stride=2)
    yield Sample(array(3, 4, 5), 2)


@samples("fold", torch=F + "fold")
def _(array):
    yield Sample(array(2, 12, 6), (3, 4), (2, 2))
    yield Sample(array(12, 6), (3, 4), (2, 2))


@samples("pixel_shuffle")
def _(array):
    yield Sample(array(2, 8, 2, 3), 2)
    yield ErrorSample(array(2, 6, 2, 3), 2, raises=RuntimeError, match="pixel_shuffle")
    yield ErrorSample(array(1, 3, 2, 2), 2, raises=RuntimeError)
    yield ErrorSample(array(2, 2), 2, raises=RuntimeError)


@samples("pixel_unshuffle")
def _(array):
    yield Sample(array(2, 2, 4, 6), 2)


@samples("channel_shuffle")
def _(array):
    yield Sample(array(2, 6, 2), 3)


@samples("multi_margin", torch=None)
def _(array):
    yield Sample(array(3, 4), array.index(3, high=4), None, 1, 1.0, _skip=("arrays_in_arrays_out",))
    yield Sample(array(3, 4), array.index(3, high=4), None, 2, 0.5)
    # Labels are integers, so the first sample has arrays of two dtypes.


@samples("upsample", torch=F + "upsample")
def _(array):
    yield Sample(array(1, 2, 3, 3), scale_factor=2)
    yield Sample(array(1, 2, 3), 5, mode="linear", align_corners=True)


@samples("upsample_nearest", torch=F + "upsample_nearest")
def _(array):
    yield Sample(array(1, 2, 3, 3), scale_factor=2)


@samples("upsample_bilinear", torch=F + "upsample_bilinear")
def _(array):
    yield Sample(array(1, 2, 3, 3), (5, 4))
