"""Losses with margins, and of sequences without alignment."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.function import Function, once_differentiable
from autotn.core.node import named
from autotn.core.op import Arr, Fixed, composite, op
from autotn.core.tensor import Tensor, wrap
from autotn.errors import DTypeError, ShapeError
from autotn.kernels import ctc
from autotn.ops.activation import relu
from autotn.ops.loss import reduced, reduction_of

__all__ = [
    "cosine_embedding_loss", "ctc_loss", "hinge_embedding_loss", "margin_ranking_loss", "triplet_margin_loss",
]  # fmt: skip

FUNCTIONAL = (
    "multi_margin_loss", "multilabel_margin_loss", "multilabel_soft_margin_loss",
    "triplet_margin_with_distance_loss",
)  # fmt: skip


@composite()
def margin_ranking_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    r"""How far pairs miss their order by a margin: :math:`\max(0, -y (x_1 - x_2) + m)`.

    >>> tn.margin_ranking_loss(tn.tensor([1.0]), tn.tensor([2.0]), tn.tensor([1.0]))
    tensor(1.)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if input1.ndim != input2.ndim or input1.ndim != target.ndim:
        raise RuntimeError(
            f"margin_ranking_loss : All input tensors should have same dimension but got sizes: input1: "
            f"{tuple(input1.shape)}, input2: {tuple(input2.shape)}, target: {tuple(target.shape)} "
        )
    return reduced((-target * (input1 - input2) + margin).clamp_min(0), reduction)


@composite()
def hinge_embedding_loss(
    input: Any, target: Any, margin: float = 1.0, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    r"""Distances of like pairs (target 1), and what unlike pairs (-1) lack to a margin.

    >>> tn.hinge_embedding_loss(tn.tensor([0.5, 0.25]), tn.tensor([1.0, -1.0]))
    tensor(0.6250)
    """
    from autotn.ops.compare import where

    reduction = reduction_of(size_average, reduce, reduction)
    unlike = where(target == 1, 0.0, (margin - input).clamp_min(0))
    like = where(target == -1, 0.0, input)
    return reduced(unlike + like, reduction)


@composite()
def cosine_embedding_loss(
    input1: Any, input2: Any, target: Any, margin: float = 0.0, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    r"""One less the cosine for like pairs (target 1), the cosine beyond a margin for unlike ones (-1).

    >>> tn.cosine_embedding_loss(tn.ones(1, 2), tn.ones(1, 2), tn.tensor([1.0]))
    tensor(0.)
    """
    from autotn.ops.compare import where

    reduction = reduction_of(size_average, reduce, reduction)
    if target.ndim not in (0, 1):
        raise RuntimeError(
            "cosine_embedding_loss: 0D or 1D target tensor expected, multi-target not supported"
        )
    if target.ndim + 1 != input1.ndim or target.ndim + 1 != input2.ndim:
        raise RuntimeError(
            f"cosine_embedding_loss: {target.ndim}D target tensor expects {target.ndim + 1}D input tensors, but found "
            f"inputs with sizes {tuple(input1.shape)} and {tuple(input2.shape)}."
        )
    tiny = 1e-12
    dots = (input1 * input2).sum(-1)
    sizes = ((input1 * input1).sum(-1) + tiny) * ((input2 * input2).sum(-1) + tiny)
    cosine = dots / sizes.sqrt()
    values = where(target == 1, 1 - cosine, 0.0) + where(
        target == -1, (cosine - margin).clamp_min(0), 0.0
    )
    return reduced(values, reduction)


@composite()
def triplet_margin_loss(
    anchor: Any, positive: Any, negative: Any, margin: float = 1.0, p: float = 2, eps: float = 1e-6,
    swap: bool = False, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    r"""How much nearer the positive must come than the negative: :math:`\max(0, d(a, p) - d(a, n) + m)`.

    >>> tn.triplet_margin_loss(tn.zeros(1, 2), tn.zeros(1, 2), tn.zeros(1, 2))
    tensor(1.)
    """
    from autotn.ops.distance import pairwise_distance

    if margin <= 0:
        raise ValueError(
            f"triplet_margin_loss: expected margin to be greater than 0, got {margin} instead"
        )
    reduction = reduction_of(size_average, reduce, reduction)
    return _triplet(
        anchor,
        positive,
        negative,
        lambda a, b: pairwise_distance(a, b, p, eps),
        margin,
        swap,
        reduction,
    )


@composite()
def triplet_margin_with_distance_loss(
    anchor: Any, positive: Any, negative: Any, *, distance_function: Any = None, margin: float = 1.0,
    swap: bool = False, reduction: str = "mean",
) -> Any:  # fmt: skip
    """`triplet_margin_loss` with any distance.

    >>> F.triplet_margin_with_distance_loss(tn.zeros(1, 2), tn.zeros(1, 2), tn.zeros(1, 2))
    tensor(1.)
    """
    from autotn.ops.distance import pairwise_distance

    if margin <= 0:
        raise ValueError(
            f"triplet_margin_with_distance_loss: expected margin to be greater than 0, got {margin} instead"
        )
    return _triplet(
        anchor, positive, negative, distance_function or pairwise_distance, margin, swap, reduction
    )


def _triplet(
    a: Any, p: Any, n: Any, distance: Any, margin: float, swap: bool, reduction: str
) -> Any:
    if a.ndim != p.ndim or a.ndim != n.ndim:
        raise RuntimeError(
            f"triplet_margin_loss: The anchor, positive, and negative tensors are expected to have the same number "
            f"of dimensions, but got: anchor {a.ndim}D, positive {p.ndim}D, and negative {n.ndim}D inputs"
        )
    near, far = distance(a, p), distance(a, n)
    if swap:
        from autotn.ops.compare import minimum

        far = minimum(far, distance(p, n))
    return reduced((near - far + margin).clamp_min(0), reduction)


@op(promote="free")
def _multi_margin(input: Arr, target: Fixed, weight: Fixed, p: int, margin: float) -> Arr:
    """The hinge of every wrong class against the right one, averaged over classes.

    >>> F.multi_margin_loss(tn.tensor([[0.0, 0.5]]), tn.tensor([0]))
    tensor(0.7500)
    """
    hinge = _hinges(input, target, margin)
    values = (hinge**p).sum(1) / input.shape[1]
    return values if weight is None else values * weight[target]


def _hinges(input: Any, target: Any, margin: float) -> Any:
    rows = np.arange(len(target))
    hinge = np.maximum(margin - input[rows, target][:, None] + input, input.dtype.type(0))
    hinge[rows, target] = 0
    return hinge


@_multi_margin.reference
def _(input: Any, target: Any, weight: Any, p: int, margin: float) -> Any:
    labels = target._data if isinstance(target, Tensor) else target
    weights = weight._data if isinstance(weight, Tensor) else weight
    rows = np.arange(len(labels))
    kind = input._data.dtype
    others = np.ones(tuple(input.shape), kind)
    others[rows, labels] = 0
    gaps = margin - input[rows, labels].reshape((-1, 1)) + input
    values = ((relu(gaps) * wrap(others)) ** p).sum(1) / input.shape[1]
    return values if weights is None else values * wrap(weights[labels])


@composite()
def multi_margin_loss(
    input: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None, size_average: Any = None,
    reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    r"""Multi-class hinge: :math:`\frac1C \sum_{i \ne y} \max(0, m - x_y + x_i)^p`.

    >>> F.multi_margin_loss(tn.tensor([[0.0, 0.5]]), tn.tensor([0]))
    tensor(0.7500)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if p not in (1, 2):
        raise ValueError("multi_margin_loss: only p == 1 and p == 2 supported")
    single = input.ndim == 1
    if single:
        input, target = input.reshape((1, -1)), target.reshape((1,))
    if input.ndim != 2 or target.ndim != 1 or input.shape[0] != target.shape[0]:
        raise ShapeError(
            f"multi_margin_loss: inconsistent target size: {tuple(target.shape)} for input {tuple(input.shape)}"
        )
    values = _multi_margin(input, target, weight, p, margin)
    values = values[0] if single else values
    return named(reduced(values, reduction), "MultiMarginLossBackward0")


@composite()
def multilabel_margin_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Any:
    r"""Hinges of every class that is no label against every label (listed first, ended by -1).

    >>> F.multilabel_margin_loss(tn.tensor([[0.0, 0.5]]), tn.tensor([[0, -1]]))
    tensor(0.7500)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if tuple(input.shape) != tuple(target.shape):
        raise ShapeError(
            f"multilabel_margin_loss: inconsistent target size: {tuple(target.shape)} for input {tuple(input.shape)}"
        )
    single = input.ndim < 2
    rows = input.reshape((1, -1)) if single else input
    labels = (target._data if isinstance(target, Tensor) else target).reshape(tuple(rows.shape))
    kind = rows._data.dtype
    count, classes = rows.shape
    ended = np.cumsum(labels < 0, 1) > 0
    counts = (~ended).astype(kind)
    is_label = np.zeros((count, classes), np.bool_)
    for k in range(classes):
        here = ~ended[:, k]
        is_label[np.flatnonzero(here), labels[here, k]] = True
    safe = np.where(ended, 0, labels)
    chosen = rows.gather(1, wrap(safe))
    gaps = relu(1 - chosen.reshape((count, classes, 1)) + rows.reshape((count, 1, classes)))
    weight = counts[:, :, None] * (~is_label).astype(kind)[:, None, :]
    values = (gaps * wrap(weight)).sum((1, 2)) / classes
    return named(
        reduced(values[0] if single else values, reduction), "MultilabelMarginLossBackward0"
    )


@composite()
def multilabel_soft_margin_loss(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    """`binary_cross_entropy_with_logits` of each class, averaged over classes.

    >>> F.multilabel_soft_margin_loss(tn.zeros(1, 2), tn.tensor([[1.0, 0.0]]))
    tensor(0.6931)
    """
    from autotn.ops.activation import logsigmoid

    reduction = reduction_of(size_average, reduce, reduction)
    values = -(target * logsigmoid(input) + (1 - target) * logsigmoid(-input))
    if weight is not None:
        values = values * weight
    return reduced(values.mean(input.ndim - 1), reduction)


# -- connectionist temporal classification -----------------------------------------------------------------


class _CTC(Function):
    """The loss of each sequence by the forward-backward algorithm (Graves et al. 2006)."""

    @staticmethod
    def forward(
        ctx: Any,
        log_probs: Any,
        targets: Any,
        in_lengths: Any,
        out_lengths: Any,
        blank: int,
        zero_infinity: bool,
    ) -> Any:
        loss, ctx.kept = ctc.ctc_loss(
            log_probs._data, targets, in_lengths, out_lengths, blank, zero_infinity
        )
        ctx.save_for_backward(log_probs)
        ctx.lengths, ctx.zero_infinity = (in_lengths, out_lengths), zero_infinity
        return wrap(loss)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, g: Any) -> Any:
        (log_probs,) = ctx.saved_tensors
        found = ctc.ctc_loss_backward(
            g._data,
            log_probs._data,
            ctx.lengths[0],
            ctx.lengths[1],
            ctx.kept,
            ctx.zero_infinity,
            normalized=True,
        )
        return wrap(found), None, None, None, None, None


def _plain(x: Any) -> Any:
    return np.asarray(x._data if isinstance(x, Tensor) else x)


@composite()
def ctc_loss(
    log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any, blank: int = 0,
    reduction: str = "mean", zero_infinity: bool = False,
) -> Any:  # fmt: skip
    """Minus the log-probability of label sequences, over all alignments with the frames (Graves et al. 2006).

    `log_probs` is (frames, batch, classes) or (frames, classes); `targets` (batch, longest) or one after the other.
    The mean divides each loss by its target's length first.

    >>> tn.ctc_loss(tn.log_softmax(tn.zeros(4, 1, 3), 2), tn.tensor([[1]]), [4], [1])
    tensor(2.0919)
    """
    if reduction not in ("none", "mean", "sum"):
        return reduced(log_probs, reduction)
    if _plain(log_probs).dtype.kind not in "fV":
        raise DTypeError(f"ctc_loss: log_probs must be floating-point, got {log_probs.dtype}")
    single = log_probs.ndim == 2
    labels, out_lengths = _plain(targets), np.atleast_1d(_plain(target_lengths))
    in_lengths = np.atleast_1d(_plain(input_lengths))
    if single:
        log_probs = log_probs.reshape((log_probs.shape[0], 1, log_probs.shape[1]))
        labels = labels.reshape(1, -1)
    values = _CTC.apply(log_probs, labels, in_lengths, out_lengths, blank, zero_infinity)
    if reduction == "none":
        return values[0] if single else values
    if reduction == "sum":
        return values.sum()
    lengths = np.maximum(out_lengths, 1).astype(values._data.dtype)
    return (values / wrap(lengths)).mean()


_multi_margin.takes("f", "Scores are floats; use .float()")
