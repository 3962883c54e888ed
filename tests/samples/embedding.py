"""Samples for ``ops/embedding.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, samples

F = "nn.functional."

INDICES = np.array([[1, 2, 4], [4, 3, 1]])


@samples("embedding", torch=F + "embedding")
def _(array):
    yield Sample(INDICES, array(5, 2))
    yield Sample(np.array(3), array(5, 2))
    yield Sample(np.zeros((0,), np.int64), array(5, 2))
    # What padding and counts leave out of the gradient is no derivative of the value.
    less = ("gradient", "second_order", "forward_mode")
    yield Sample(INDICES, array(5, 2), padding_idx=4, _skip=less)
    yield Sample(INDICES, array(5, 2), padding_idx=-1, _skip=less)
    yield Sample(
        INDICES, array(5, 2), scale_grad_by_freq=True, _skip=(*less, "vmap")
    )  # it counts values
    yield Sample(INDICES.astype(np.int32), array(5, 2))
    yield ErrorSample(np.array([5]), array(5, 2), raises=IndexError, match="embedding")
    yield ErrorSample(np.array([-1]), array(5, 2), raises=IndexError, match="embedding")
    yield ErrorSample(array(2), array(5, 2), raises=RuntimeError, match="embedding")
    yield ErrorSample(np.array([1]), array(5), raises=RuntimeError, match="2-D")


@samples("embedding_bag", torch=F + "embedding_bag")
def _(array):
    flat, offsets = np.array([1, 2, 4, 4, 3]), np.array([0, 2, 2])
    for mode in ("sum", "mean", "max"):
        yield Sample(INDICES, array(5, 2), mode=mode)
        yield Sample(flat, array(5, 2), offsets, mode=mode)
        yield Sample(
            flat, array(5, 2), offsets, mode=mode, padding_idx=4, _skip=("gradient_like_torch",)
        )
        # PyTorch counts padding out of the gradient of means only in part.
    yield Sample(flat, array(5, 2), offsets, mode="sum", per_sample_weights=array(5))
    yield Sample(flat, array(5, 2), np.array([0, 2, 5]), mode="sum", include_last_offset=True)
    yield ErrorSample(INDICES, array(5, 2), mode="min", raises=ValueError, match="mode")
    yield ErrorSample(flat, array(5, 2), raises=ValueError, match="offsets")
    yield ErrorSample(np.array([[5]]), array(5, 2), raises=IndexError, match="embedding")
    yield ErrorSample(
        INDICES,
        array(5, 2),
        mode="max",
        per_sample_weights=array(2, 3),
        raises=NotImplementedError,
        match="sum",
    )


@samples("scale_rows", torch=None)
def _(array):
    w, counts = array(3, 2), np.array([1.0, 2.0, 0.5])
    # The value is that of the weights; the scale is the gradient's alone.
    yield Sample(w, counts, _expect=w, _skip=("gradient", "second_order", "forward_mode"))


@samples("one_hot", torch=F + "one_hot")
def _(array):
    yield Sample(INDICES)
    yield Sample(INDICES, 7)
    yield Sample(np.array(2), 4)
    yield Sample(np.zeros((0, 2), np.int64), 3)
    yield ErrorSample(
        np.array([3]), 3, raises=RuntimeError, match="one_hot|smaller than num_classes"
    )
    yield ErrorSample(np.array([-1]), raises=RuntimeError, match="one_hot|non-negative")
    yield ErrorSample(array(2), raises=RuntimeError, match="one_hot|index")
