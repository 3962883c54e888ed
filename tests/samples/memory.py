"""Samples for ``ops/memory.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


@samples("unravel_index")
def _(array):
    yield Sample(np.array([[0, 5], [3, 2]]), (2, 3))
    yield Sample(np.array(4), (5,))
    yield Sample(np.zeros(0, np.int64), (2, 2))
    yield ErrorSample(array(2), (2, 3), raises=ValueError, match="integer")
    yield ErrorSample(np.array([1]), (-2, 3), raises=ValueError, match="negative")


@samples("as_strided_scatter")
def _(array):
    # Strides are those of an input in order; PyTorch's gradient takes what was overwritten for the rest.
    # A transform's values lie elsewhere than the tensor's elements.
    in_order = ("strided_inputs", "gradient_like_torch", "forward_mode")
    yield Sample(array(6), array(2), (2,), (2,), _skip=in_order)
    yield Sample(array(3, 4), array(2, 2), (2, 2), (4, 1), 1, _skip=in_order)
    yield ErrorSample(array(6), array(3), (2,), (2,), raises=RuntimeError, match="size equal")


@samples("renorm")
def _(array):
    yield Sample(array(3, 4), 2, 0, 0.8)
    yield Sample(array(2, 3, 2), 1.5, -2, 1.0)
    yield Sample(array(3, 4), 1, 1, 100.0)
    yield Sample(np.zeros((2, 2)), 2, 0, 1.0)
    yield ErrorSample(array(3), 2, 0, 1.0, raises=RuntimeError, match="2 dimensions")
    yield ErrorSample(array(3, 3), 0, 0, 1.0, raises=RuntimeError, match="non-positive")
    yield ErrorSample(array(3, 3), 2, 0, -1.0, raises=RuntimeError, match="maxnorm")
    yield ErrorSample(array(3, 3), 2, 2, 1.0, raises=IndexError, match="range")
