"""Losses of class scores: negative log-likelihood and cross-entropy."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import Arr, Fixed, acts, composite, op
from autotn.core.tensor import Tensor
from autotn.errors import DTypeError, ShapeError, blaming
from autotn.kernels.onednn import rows as onednn
from autotn.ops.loss import reduced, reduction_of
from autotn.ops.softmax import log_softmax

__all__: list[str] = []

FUNCTIONAL = ("cross_entropy", "nll_loss")


def _check_classes(name: str, target: Any, input: Any, ignore_index: int) -> Any:
    """The positions that count; class numbers out of range are named."""
    if target.dtype.kind not in "iu":
        raise DTypeError(
            f"{name}: expected target dtype to be integer class numbers, got {target.dtype}; give "
            "target.long() (floats of the scores' own shape would be class probabilities)"
        )
    classes = input.shape[1]
    counts = target != ignore_index
    bad = counts & ((target < 0) | (target >= classes))
    if bad.any():
        where = tuple(int(k) for k in np.argwhere(bad)[0])
        # No name for the error: its traceback holds this frame, and the two would keep each other.
        raise blaming(
            IndexError(
                f"{name}: Target {int(target[where])} is out of bounds: at position {where}, but there are "
                f"{classes} classes, numbered 0 to {classes - 1}{_why_out(target[counts], classes)}"
            ),
            (input, 1),
        )
    return counts


def _why_out(target: Any, classes: int) -> str:
    """What the class numbers look like: counted from one, or marked as unknown."""
    if target.min() == 1 and target.max() == classes:
        return "; they seem to be counted from 1: give target - 1"
    if target.min() == -1 and target.max() < classes:
        return "; if -1 means unknown, say ignore_index=-1"
    return ""


def _as_rows(x: Any, is_array: bool) -> Any:
    """Scores (N, C, d1 …) as a matrix (N·d1…, C)."""
    if x.ndim == 2:
        return x
    if x.ndim == 1:
        return x.reshape((1, x.shape[0]))
    order = (0, *range(2, x.ndim), 1)
    moved = x.transpose(order) if is_array else x.permute(order)
    return moved.reshape((-1, x.shape[1]))


def _check_shapes(name: str, input: Any, target: Any) -> None:
    shape = tuple(input.shape)
    if not shape:
        raise ValueError(f"{name}: expected input with at least one dimension, got a 0-d tensor")
    expected = shape[:1] + shape[2:] if len(shape) > 1 else ()
    if tuple(target.shape) != expected:
        raise ShapeError(
            f"{name}: for scores of shape {shape} (classes in dimension {min(1, len(shape) - 1)}) expected "
            f"class numbers of shape {expected}, got {tuple(target.shape)}{_why_shaped(input, target)}"
        )


def _why_shaped(input: Any, target: Any) -> str:
    """What targets of the wrong shape look like, and what to give instead."""
    shape, given = tuple(input.shape), tuple(target.shape)
    if given == shape:
        return (
            "; they have the shape of the scores: for one-hot targets give target.argmax(1), for "
            "probabilities target.float()"
        )
    if given == (shape[0], 1):
        return "; target.squeeze(1) makes a column a row"
    if len(shape) > 2 and given == shape[:-1]:
        order = (0, len(shape) - 1, *range(1, len(shape) - 1))
        return f"; the classes of the scores stand last: give input.permute{order}"
    if len(given) > 1 and given[:1] == shape:
        return "; are scores and targets exchanged? The scores come first"
    return ""


def _row_weights(weight: Any, target: Any, counts: Any, dtype: Any) -> Any:
    """The weight of each row: its class's, 0 where it is ignored."""
    if weight is None:
        return counts.astype(dtype)
    return np.where(counts, weight[np.where(counts, target, 0)], weight.dtype.type(0))


# -- negative log-likelihood -----------------------------------------------------------------------------


@op(promote="free")
def _nll(input: Arr, target: Fixed, weight: Fixed, ignore_index: int, reduction: str) -> Arr:
    """Minus the picked log-probabilities of a matrix of rows, weighted and reduced.

    >>> F.nll_loss(tn.tensor([[-1.0, -2.0]]), tn.tensor([1]))
    tensor(2.)
    """
    counts = _check_classes("nll_loss", target, input, ignore_index)
    w = _row_weights(weight, target, counts, input.dtype)
    safe = np.where(counts, target, 0)
    values = np.where(counts, -input[np.arange(len(target)), safe] * w, input.dtype.type(0))
    if reduction == "none":
        return values
    total = values.sum()
    return total if reduction == "sum" else np.asarray(total / w.sum())


def _nll_rule(
    g: Any,
    target: Any,
    weight: Any,
    ignore_index: int,
    reduction: str,
    input_shape: tuple[int, ...],
) -> Any:
    from autotn.ops.compare import masked
    from autotn.ops.index import put_into_zeros

    counts = target != ignore_index
    dtype = (g._data if isinstance(g, Tensor) else g).dtype
    w = _row_weights(weight, target, counts, dtype)
    if reduction == "mean":
        w = w / w.sum()
    index = (np.arange(len(target)), np.where(counts, target, 0))
    return put_into_zeros(masked(g * -w, counts), input_shape, index)


_nll.grad(input=_nll_rule)


@composite()
def nll_loss(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    r"""Negative log-likelihood: :math:`-w_y x_y` for each row's class :math:`y`.

    >>> F.nll_loss(tn.tensor([[-1.0, -2.0]]), tn.tensor([1]))
    tensor(2.)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if reduction not in ("none", "mean", "sum"):
        return reduced(input, reduction)
    _check_shapes("nll_loss", input, target)
    _check_weight("nll_loss", weight, input)
    values = _nll(
        _as_rows(input, isinstance(input, np.ndarray)),
        target.reshape((-1,)),
        weight,
        ignore_index,
        reduction,
    )
    return values.reshape(tuple(target.shape)) if reduction == "none" else values


def _check_weight(name: str, weight: Any, input: Any) -> None:
    classes = input.shape[1] if input.ndim > 1 else input.shape[0]
    if weight is not None and tuple(weight.shape) != (classes,):
        raise ShapeError(
            f"{name}: weight tensor should be defined either for all {classes} classes or no classes but got "
            f"weight tensor of shape: {list(weight.shape)}; give one number per class, shape ({classes},)"
        )


# -- cross-entropy ---------------------------------------------------------------------------------------


def _plain_rows(target: Any, classes: int) -> bool:
    """True when every class number is one of the classes, so that none is ignored or wrong."""
    if target.dtype != np.int64 or not target.flags.c_contiguous or not target.size:
        return False
    # Seen as unsigned numbers, negative ones are the largest: one comparison is enough.
    return bool(np.maximum.reduce(target.view(np.uint64)) < classes)


def _plain_cross_entropy(input: Any, target: Any, reduction: str) -> Any:
    """The everyday case, without weights, ignored rows or smoothing; the shares `p` besides.

    NumPy reduces long rows well and short ones badly, so where there are more rows than classes a
    row's scores are put into a column.
    """
    count, classes = input.shape
    logs = onednn.softmax(input, log=True) if input.size >= onednn.LEAST else None
    if logs is not None:
        values = -logs.reshape(-1).take(target + np.arange(0, count * classes, classes))
        p = np.exp(logs, logs)
        return _reduced(values, reduction), (p, None)
    if count > classes:
        p = input.T.copy()
        p -= np.maximum.reduce(p, 0)
        picked = p.reshape(-1).take(target * count + np.arange(count))
        np.exp(p, p)
        total = np.add.reduce(p, 0)
        p /= total
        p = p.T
    else:
        p = input - np.maximum.reduce(input, 1, keepdims=True)
        picked = p.reshape(-1).take(target + np.arange(0, count * classes, classes))
        np.exp(p, p)
        total = np.add.reduce(p, 1)
        p /= total.reshape(-1, 1)
    values = np.log(total, total)
    values -= picked
    return _reduced(values, reduction), (p, None)


def _reduced(values: Any, reduction: str) -> Any:
    """The losses of the rows, their sum or their mean."""
    if reduction == "none":
        return values
    sum_of = np.add.reduce(values)
    return np.asarray(sum_of if reduction == "sum" else sum_of / values.size)


def _plain_rule(g: Any, p: Any, target: Any, reduction: str) -> Any:
    """The gradient of `_plain_cross_entropy`."""
    count, classes = p.shape
    if reduction == "mean":
        g = g / count
    gx = p * (g[:, None] if reduction == "none" else g)
    if gx.flags.c_contiguous:
        gx.reshape(-1)[target + np.arange(0, count * classes, classes)] -= g
    else:
        gx.T.reshape(-1)[target * count + np.arange(count)] -= g
    return gx


@op(aux=("p", "w"), promote="free")
def _cross_entropy(
    input: Arr,
    target: Fixed,
    weight: Fixed,
    ignore_index: int,
    reduction: str,
    label_smoothing: float,
) -> Arr:
    r"""Cross-entropy of a matrix of scores with class numbers, in one pass.

    >>> F.cross_entropy(tn.zeros(1, 2), tn.tensor([0]))
    tensor(0.6931)
    """
    plain = weight is None and not label_smoothing and ignore_index < 0
    if plain and input.dtype.char in "fd" and _plain_rows(target, input.shape[1]):
        return _plain_cross_entropy(input, target, reduction)
    counts = _check_classes("cross_entropy", target, input, ignore_index)
    rows = np.arange(len(target))
    all_count = bool(counts.all())
    safe = target if all_count else np.where(counts, target, 0)
    p = input - input.max(1, keepdims=True) if input.size else input.copy()
    picked = p[rows, safe]
    shifted_mean = None
    if label_smoothing:
        spread_weight = np.ones(input.shape[1], input.dtype) if weight is None else weight
        shifted_mean = p.dot(spread_weight), spread_weight.sum()
    np.exp(p, out=p)
    total = p.sum(1)
    p /= total[:, None]
    log_total = np.log(total)
    w = _row_weights(weight, target, counts, input.dtype)
    values = (log_total - picked) * w
    if shifted_mean is not None:
        classes = input.shape[1]
        smooth = np.where(
            counts, log_total * shifted_mean[1] - shifted_mean[0], input.dtype.type(0)
        )
        values = values * (1 - label_smoothing) + smooth * (label_smoothing / classes)
    if not all_count:
        values = np.where(counts, values, input.dtype.type(0))
    if reduction == "none":
        return values, (p, w)
    sum_of = np.asarray(values.sum())
    return (sum_of if reduction == "sum" else np.asarray(sum_of / w.sum())), (p, w)


@_cross_entropy.grad
def _(
    g: Any, p: Any, w: Any, target: Any, weight: Any, ignore_index: int, reduction: str,
    label_smoothing: float,
) -> Any:  # fmt: skip
    if w is None:
        return _plain_rule(g, p, target, reduction)
    counts = target != ignore_index
    rows, safe = np.arange(len(target)), np.where(counts, target, 0)
    if reduction == "none":
        g = g[:, None]
    elif reduction == "mean":
        g = g / w.sum()
    main = w * (1 - label_smoothing) if label_smoothing else w
    if label_smoothing:
        share = label_smoothing / p.shape[1]
        spread_weight = np.ones(p.shape[1], p.dtype) if weight is None else weight
        gx = p * (main + counts.astype(p.dtype) * (share * float(spread_weight.sum())))[:, None]
        gx -= counts[:, None].astype(p.dtype) * (spread_weight * share)
    else:
        gx = p * main[:, None] if weight is not None or not counts.all() else p.copy()
    gx[rows, safe] -= main
    gx *= g
    if not counts.all():
        gx[~counts] = 0  # also where none counts and the mean is nan
    return gx


@_cross_entropy.reference
def _(
    input: Any, target: Any, weight: Any, ignore_index: int, reduction: str, label_smoothing: float
) -> Any:
    logs = log_softmax(input, 1)
    plain = target._data if isinstance(target, Tensor) else target
    weights = weight._data if isinstance(weight, Tensor) else weight
    values = _nll(logs, plain, weights, ignore_index, "none")
    counts = plain != ignore_index
    w = _row_weights(
        weights, plain, counts, input._data.dtype if isinstance(input, Tensor) else input.dtype
    )
    if label_smoothing:
        spread_logs = logs if weights is None else logs * weights
        smooth = -spread_logs.sum(1) * counts.astype(w.dtype)
        values = values * (1 - label_smoothing) + smooth * (label_smoothing / input.shape[1])
    if reduction == "none":
        return values
    return values.sum() if reduction == "sum" else values.sum() / float(w.sum())


@composite()
def cross_entropy(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, ignore_index: int = -100,
    reduce: Any = None, reduction: str = "mean", label_smoothing: float = 0.0,
) -> Any:  # fmt: skip
    r"""Cross-entropy of unnormalised scores: :math:`-w_y \log \mathrm{softmax}(x)_y`.

    The target holds class numbers, or class probabilities in the shape of the scores; label smoothing is
    that of Szegedy et al. 2016, section 7.

    >>> F.cross_entropy(tn.tensor([[0.0, 0.0]]), tn.tensor([1]))
    tensor(0.6931)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if reduction not in ("none", "mean", "sum"):
        return reduced(input, reduction)
    if not 0.0 <= label_smoothing <= 1.0:
        raise RuntimeError(
            f"cross_entropy: label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}"
        )
    _check_weight("cross_entropy", weight, input)
    if tuple(target.shape) == tuple(input.shape) and _is_floating(target):
        return _with_probabilities(input, target, weight, reduction, label_smoothing)
    _check_shapes("cross_entropy", input, target)
    values = _cross_entropy(
        _as_rows(input, isinstance(input, np.ndarray)), target if target.ndim == 1 else target.reshape((-1,)),
        weight, ignore_index, reduction, label_smoothing,
    )  # fmt: skip
    return values.reshape(tuple(target.shape)) if reduction == "none" else values


def _is_floating(x: Any) -> bool:
    return (x._data if isinstance(x, Tensor) else x).dtype.kind == "f"


def _with_probabilities(
    input: Any, target: Any, weight: Any, reduction: str, label_smoothing: float
) -> Any:
    axis = 1 if input.ndim > 1 else 0
    classes = input.shape[axis]
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    logs = log_softmax(input, axis)
    if weight is not None:
        logs = logs * weight.reshape(
            (1, classes, *(1,) * (input.ndim - 2)) if input.ndim > 1 else (classes,)
        )
    values = -(logs * target).sum(axis)
    if reduction == "mean":
        count = max(int(np.prod(values.shape, dtype=np.int64)), 1)
        return values.sum() / count
    return reduced(values, reduction)


for _loss in (_nll, _cross_entropy):
    _loss.takes("f", "Scores are floats; use .float()")

acts("linear", _nll)
