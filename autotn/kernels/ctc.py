"""Connectionist temporal classification: the loss of Graves et al. (2006) and its gradient.

A target ``a b`` may be emitted by every sequence of frames that reads ``a b`` once repetitions are
merged and blanks dropped. The states of one target are its labels with a blank before, between and
after them; a path stays in its state, moves on by one, or skips a blank between different labels.
`log_alpha` sums the paths up to a state and frame in log space, for the whole batch at once.

Seen from the end, with frames and labels reversed, the same recursion sums the paths that follow:
the backward variables need no code of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from autotn.errors import ShapeError

Array = np.ndarray[Any, Any]

#: Below so many ways into the states of a frame, one call of the slow `logaddexp` is quicker than
#: its parts one by one.
_FEW = 600


class Saved(NamedTuple):
    """What the forward pass keeps: the class of each state, its emissions, and the path sums."""

    states: Array
    emissions: Array
    log_alpha: Array


def _lengths(given: Sequence[int] | Array) -> Array:
    lengths = np.asarray(given)
    return lengths if lengths.size else lengths.astype(np.intp)


def _check(
    log_probs: Array, targets: Array, input_lengths: Array, target_lengths: Array, blank: int
) -> None:
    if log_probs.ndim != 3:
        raise ShapeError(
            f"ctc_loss: log_probs must be (frames, batch, classes), got {log_probs.shape}"
        )
    frames, batch, classes = log_probs.shape
    if not 0 <= blank < classes:
        raise ShapeError(f"ctc_loss: blank must be one of the {classes} classes, got {blank}")
    for name, lengths in (("input_lengths", input_lengths), ("target_lengths", target_lengths)):
        if lengths.shape != (batch,) or lengths.dtype.kind not in "iu":
            raise ShapeError(
                f"ctc_loss: {name} must hold an integer for each of {batch} sequences, "
                f"got {lengths.dtype} of shape {lengths.shape}"
            )
        if batch and int(lengths.min()) < 0:
            raise ShapeError(f"ctc_loss: {name} must not be negative, got {int(lengths.min())}")
    if batch and int(input_lengths.max()) > frames:
        raise ShapeError(
            f"ctc_loss: input_lengths must be at most the number of frames, {frames}, "
            f"got {int(input_lengths.max())}"
        )
    longest, total = int(target_lengths.max(initial=0)), int(target_lengths.sum())
    padded = targets.ndim == 2 and len(targets) == batch and targets.shape[1] >= longest
    if not padded and targets.shape != (total,):
        raise ShapeError(
            f"ctc_loss: targets must be ({batch}, at least {longest}) or, one after the other, "
            f"({total},), got {targets.shape}"
        )


def _states(targets: Array, target_lengths: Array, classes: int, blank: int) -> Array:
    """The class of every state, (batch, 2 · longest target + 1): blanks and labels in turn."""
    longest = int(target_lengths.max(initial=0))
    states = np.full((len(target_lengths), 2 * longest + 1), blank, np.intp)
    used = np.arange(longest) < target_lengths[:, None]
    labels = targets if targets.ndim == 1 else targets[:, :longest][used]
    if labels.size and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise IndexError(
            f"ctc_loss: targets must be classes 0 to {classes - 1}, "
            f"got {int(labels.min())} to {int(labels.max())}"
        )
    states[:, 1::2][used] = labels
    return states


def _places(states: Array, classes: int) -> Array:
    """Where the states' classes stand in a frame of all sequences, flat."""
    return np.arange(len(states))[:, None] * classes + states


def _sum_paths(emissions: Array, states: Array) -> Array:
    """Log of the sum over all paths that are in a state at a frame, emissions included."""
    frames, batch, count = emissions.shape
    dtype = emissions.dtype
    lowest = np.array(np.finfo(dtype).min / 4, dtype)
    sums = np.full((frames, batch, count + 2), -np.inf, dtype)  # in front, two states without paths
    sums[:1, :, 2:4] = emissions[:1, :, :2]
    # What it costs to come from the state itself, the one before, the one before that.
    costs = np.zeros((3, batch, count), dtype)
    costs[2] = -np.inf
    costs[2, :, 3::2][states[:, 3::2] != states[:, 1:-2:2]] = 0
    totals = sums[:, :, 2:]
    # For every frame and state: itself, the one before, the one before that.
    along_frames, along_batch, step = sums.strides
    origins = as_strided(totals, (frames, *costs.shape), (along_frames, -step, along_batch, step))
    ways = np.empty_like(costs)
    if costs.size < _FEW:
        for origin, total, emitted in zip(origins, totals[1:], emissions[1:]):
            np.add(origin, costs, out=ways)
            np.logaddexp.reduce(ways, axis=0, out=total)
            np.add(total, emitted, out=total)
        return totals
    best = np.empty((batch, count), dtype)
    with np.errstate(divide="ignore"):
        for origin, total, emitted in zip(origins, totals[1:], emissions[1:]):
            np.add(origin, costs, out=ways)
            np.maximum.reduce(ways, axis=0, out=best)
            np.maximum(best, lowest, out=best)  # without a path, −∞ − −∞ would be NaN
            np.subtract(ways, best, out=ways)
            np.exp(ways, out=ways)
            np.add.reduce(ways, axis=0, out=total)
            np.log(total, out=total)
            np.add(total, best, out=total)
            np.add(total, emitted, out=total)
    return totals


def _from_the_end(a: Array, input_lengths: Array, target_lengths: Array) -> Array:
    """``a`` (frames, batch, states) with each sequence's frames and states in reverse.

    Only what belongs to a sequence is meaningful; doing it twice restores that.
    """
    frames, batch, count = a.shape
    frame = np.maximum(input_lengths - 1 - np.arange(frames)[:, None], 0)
    state = np.maximum(2 * target_lengths[:, None] - np.arange(count), 0)
    places = (frame * batch + np.arange(batch))[:, :, None] * count + state
    return np.ascontiguousarray(a).reshape(-1).take(places)


def ctc_loss(
    log_probs: Array,
    targets: Array,
    input_lengths: Sequence[int] | Array,
    target_lengths: Sequence[int] | Array,
    blank: int = 0,
    zero_infinity: bool = False,
) -> tuple[Array, Saved]:
    """Minus the log-probability of each target, and what `ctc_loss_backward` needs.

    Parameters
    ----------
    log_probs : (frames, batch, classes)
    targets : (batch, longest target), or all targets one after the other
    input_lengths, target_lengths : how much of each sequence counts
    zero_infinity : 0 instead of infinity for targets too long to be emitted
    """
    in_lengths, out_lengths = _lengths(input_lengths), _lengths(target_lengths)
    _check(log_probs, targets, in_lengths, out_lengths, blank)
    frames, batch, classes = log_probs.shape
    states = _states(targets, out_lengths, classes, blank)
    wide = np.promote_types(log_probs.dtype, np.float32)
    flat = np.ascontiguousarray(log_probs, wide).reshape(frames, batch * classes)
    emissions = flat.take(_places(states, classes), axis=1)
    log_alpha = _sum_paths(emissions, states)
    loss = -_total(log_alpha, in_lengths, out_lengths)
    if zero_infinity:
        loss[loss == np.inf] = 0
    return loss.astype(log_probs.dtype, copy=False), Saved(states, emissions, log_alpha)


def _total(log_alpha: Array, input_lengths: Array, target_lengths: Array) -> Array:
    """Log of the sum of the paths that end, at the last frame, in the last label or behind it."""
    frames, batch, _ = log_alpha.shape
    # No frames emit the empty target, and no other.
    total = np.where((input_lengths == 0) & (target_lengths == 0), 0, -np.inf)
    if frames == 0:
        return total.astype(log_alpha.dtype)
    each, last = np.arange(batch), 2 * target_lengths
    ends = log_alpha[input_lengths - 1, each]
    in_blank = ends[each, last]
    in_label = np.where(target_lengths > 0, ends[each, last - 1], -np.inf)
    some = np.logaddexp(in_blank, in_label)
    return np.where(input_lengths > 0, some, total).astype(log_alpha.dtype)


def ctc_loss_backward(
    g: Array,
    log_probs: Array,
    input_lengths: Sequence[int] | Array,
    target_lengths: Sequence[int] | Array,
    saved: Saved,
    zero_infinity: bool = False,
    normalized: bool = False,
) -> Array:
    """Gradient of `ctc_loss` for ``log_probs``, from that of each sequence's loss.

    It is minus the share of all paths that emit a class at a frame. With ``normalized`` the
    probability is added, as PyTorch does: in front of a ``log_softmax`` that makes no difference,
    and gives the gradient of its input at once.
    """
    in_lengths, out_lengths = _lengths(input_lengths), _lengths(target_lengths)
    states, emissions, log_alpha = saved
    frames, batch, classes = log_probs.shape
    wide = emissions.dtype
    loss = -_total(log_alpha, in_lengths, out_lengths)
    backwards = _from_the_end(emissions, in_lengths, out_lengths)
    turned = _from_the_end(states[None], np.ones_like(in_lengths), out_lengths)[0]
    log_beta = _from_the_end(_sum_paths(backwards, turned), in_lengths, out_lengths)
    lasts = np.arange(frames)[:, None] < in_lengths
    belongs = lasts[:, :, None] & (np.arange(states.shape[1]) <= 2 * out_lengths[:, None])
    # Without a path it is −∞ − −∞; what does not belong may be anything.
    with np.errstate(invalid="ignore", over="ignore"):
        share = np.exp(log_alpha + log_beta - emissions + loss[:, None])
    share = np.where(belongs & ~np.isnan(share), share, 0)
    out = np.zeros((frames, batch * classes), wide)
    places = np.arange(frames)[:, None, None] * out.shape[1] + _places(states, classes)
    np.subtract.at(out.reshape(-1), places.ravel(), share.astype(wide, copy=False).ravel())
    out = out.reshape(log_probs.shape)
    if normalized:
        out += np.exp(log_probs.astype(wide, copy=False)) * lasts[:, :, None]
    hopeless = loss == np.inf
    out *= np.where(hopeless, 0, g).astype(wide)[:, None]
    if not zero_infinity:
        out[lasts & hopeless] = np.nan
    return out.astype(log_probs.dtype, copy=False)
