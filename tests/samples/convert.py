"""Samples for ``ops/convert.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import Sample, samples


@samples("cast", torch=None)
def _(array):
    x = array(3)
    yield Sample(
        x,
        np.dtype(np.float64),
        np.dtype(np.float64),
        _expect=x,
        _skip=("float32_stays", "arrays_in_arrays_out"),
    )
    # What it does to a dtype is told to it, not taken from the input.


@samples("clone")
def _(array):
    yield Sample(array(2, 3, strided=True))


@samples("in_order", torch=None)
def _(array):
    x = array(2, 3, strided=True)
    yield Sample(x, _expect=x)


@samples("copy", torch=None)
def _(array):
    x, y = array(2, 3), array(3)
    yield Sample(
        x, y, np.dtype(np.float64), _expect=np.broadcast_to(y, (2, 3)), _skip=("float32_stays",)
    )
    # The dtype of the source is told to it.
