"""Samples for ``ops/margin.py``."""

from __future__ import annotations

import numpy as np

from autotn.testing import ErrorSample, Sample, constant, samples

F = "nn.functional."


def signs(array, *shape):
    """Labels 1 and -1, which are no input of the gradient."""
    return np.where(array(*shape) > 0, 1, -1)


@samples("margin_ranking_loss", torch=F + "margin_ranking_loss")
def _(array):
    for reduction in ("mean", "sum", "none"):
        yield Sample(array(5), array(5), signs(array, 5), margin=0.3, reduction=reduction)
    yield ErrorSample(
        array(5), array(5), signs(array, 1, 5), raises=RuntimeError, match="margin_ranking_loss"
    )


@samples("hinge_embedding_loss", torch=F + "hinge_embedding_loss")
def _(array):
    for reduction in ("mean", "sum", "none"):
        yield Sample(array(3, 4), signs(array, 3, 4), margin=0.4, reduction=reduction)


@samples("cosine_embedding_loss", torch=F + "cosine_embedding_loss")
def _(array):
    for reduction in ("mean", "sum", "none"):
        yield Sample(array(3, 4), array(3, 4), signs(array, 3), margin=0.1, reduction=reduction)
    yield Sample(array(4), array(4), np.array(1))
    yield ErrorSample(
        array(3, 4), array(3, 4), signs(array, 3, 4), raises=RuntimeError, match="cosine_embedding"
    )


@samples("triplet_margin_loss", torch=F + "triplet_margin_loss")
def _(array):
    for reduction in ("mean", "sum", "none"):
        yield Sample(array(3, 4), array(3, 4), array(3, 4), reduction=reduction)
    yield Sample(array(3, 4), array(3, 4), array(3, 4), margin=0.5, p=1.5, swap=True)
    yield ErrorSample(array(3, 4), array(3, 4), array(4), raises=RuntimeError, match="triplet")
    yield ErrorSample(
        array(3, 4), array(3, 4), array(3, 4), margin=0.0, raises=ValueError, match="margin"
    )


@samples("triplet_margin_with_distance_loss", torch=F + "triplet_margin_with_distance_loss")
def _(array):
    yield Sample(array(3, 4), array(3, 4), array(3, 4))
    yield Sample(array(3, 4), array(3, 4), array(3, 4), margin=0.5, swap=True, reduction="none")


@samples("multi_margin_loss", torch=F + "multi_margin_loss")
def _(array):
    for reduction in ("mean", "sum", "none"):
        yield Sample(array(3, 4), array.index(3, high=4), reduction=reduction)
    yield Sample(array(3, 4), array.index(3, high=4), p=2, margin=0.5)
    yield Sample(array(3, 4), array.index(3, high=4), weight=constant(array(4, low=0.5)))
    yield Sample(array(4), np.array(2))
    yield ErrorSample(
        array(3, 4), np.array([0, 4, 1]), raises=(IndexError, RuntimeError), match="multi_margin"
    )
    yield ErrorSample(array(3, 4), np.array([0, 1, 1]), p=3, raises=ValueError, match="p")


@samples("multilabel_margin_loss", torch=F + "multilabel_margin_loss")
def _(array):
    labels = np.array([[3, 0, -1, 1], [1, -1, 2, 0], [-1, 0, 1, 2]])
    for reduction in ("mean", "sum", "none"):
        yield Sample(array(3, 4), labels, reduction=reduction)
    yield Sample(array(4), labels[0])


@samples("multilabel_soft_margin_loss", torch=F + "multilabel_soft_margin_loss")
def _(array):
    y = array(3, 4, low=0, high=1)
    for reduction in ("mean", "sum", "none"):
        yield Sample(array(3, 4), y, reduction=reduction)
    yield Sample(array(3, 4), y, array(4, low=0.5))


@samples("ctc_loss", torch=F + "ctc_loss")
def _(array):
    logs = array(6, 2, 4)
    logs = logs - np.log(np.exp(logs).sum(-1, keepdims=True))
    targets, frames, lengths = np.array([[1, 2, 2], [3, 1, 0]]), np.array([6, 5]), np.array([3, 2])
    for reduction in ("mean", "sum", "none"):
        # The gradient counts on normalised inputs, so their sum may not be varied: no finite differences.
        yield Sample(
            logs, targets, frames, lengths, reduction=reduction,
            _skip=("gradient", "second_order", "raw_equals_recorded", "forward_mode", "vmap"),
        )  # fmt: skip
    yield ErrorSample(
        logs, targets, np.array([7, 5]), lengths, raises=RuntimeError, match="ctc_loss|input_length"
    )
