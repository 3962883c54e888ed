"""How a recurrent net is swept over a sequence, whatever its cell: layout, runs, shared products.

**Layout.** A state is a matrix ``(features, batch)``, and weights are multiplied by it from the left, as
they stand: BLAS is quicker at that than at ``(batch, features)`` times a weight. All gates of a step
are rows of one product, so each gate is one block. PyTorch's layout, ``(steps, batch, features)``, is
read on the way in and written on the way out. A single sequence (batch 1) is swept with vectors.

**Riders.** A state has more rows than the state proper: one of ones, against which the bias is one
more column of the recurrent weight, and, unless the weight of the input is large, the input of its
step. One product then does it all, and so does one for the gradients of all weights.

**Runs.** A packed sequence is a padded one whose batch changes over time. It is cut into *runs*,
stretches of steps with equal batch; between runs only the carried state is narrowed or widened.
An ordinary batch is one run. Rows of the carried state that a run does not touch belong to
sequences that have ended (or, in reverse, not begun), which is all the treatment they need.

**As processed** means in the order of time, or against it for a reverse sweep.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autotn.errors import ShapeError

Array = np.ndarray[Any, Any]

#: Elements of prepared derivatives per chunk of the backward sweep (1 MB of float32).
CHUNK = 1 << 18

#: Elements of the input's weight up to which the input rides along with the state.
LIGHT = 1 << 16

#: Sequences from which runs of neighbours in a row of the batch are long enough to be copied quickly.
WIDE = 8


class Run(NamedTuple):
    """Consecutive steps with the same batch: which rows of the packed data, and how they divide."""

    rows: slice
    steps: int
    batch: int


def runs_of(x: Array, batch_sizes: Sequence[int] | Array | None, reverse: bool) -> list[Run]:
    """The runs of an input, as processed."""
    if len(x if batch_sizes is None else batch_sizes) == 0:
        raise ShapeError("rnn: a sequence must have at least one step, got none")
    if batch_sizes is None:
        steps, batch = x.shape[:2]
        return [Run(slice(0, steps * batch), steps, batch)]
    sizes = [int(size) for size in batch_sizes]
    if sum(sizes) != x.shape[0]:
        raise ShapeError(f"rnn: batch_sizes add up to {sum(sizes)}, the data has {x.shape[0]} rows")
    if any(later > earlier for earlier, later in itertools.pairwise(sizes)):
        raise ShapeError(f"rnn: batch_sizes must not increase, got {sizes}")
    runs = []
    start = 0
    for batch, group in itertools.groupby(sizes):
        steps = len(list(group))
        runs.append(Run(slice(start, start + steps * batch), steps, batch))
        start += steps * batch
    return runs[::-1] if reverse else runs


def check_weights(kind: str, gates: int, x: Array, h0: Array, w_ih: Array, w_hh: Array) -> None:
    """Shapes that NumPy would broadcast, or refuse with a message about something else."""
    rows = w_hh.shape[0]
    if w_ih.shape != (rows, x.shape[-1]):
        raise ShapeError(
            f"{kind}: w_ih must be {(rows, x.shape[-1])} for input {x.shape}, got {w_ih.shape}"
        )
    if rows % gates or w_hh.shape[1] != h0.shape[1]:
        raise ShapeError(
            f"{kind}: w_hh must be ({gates} * hidden size, {h0.shape[1]}), got {w_hh.shape}"
        )


def check_states(kind: str, runs: list[Run], **states: Array) -> None:
    """Every state must have a row for each sequence."""
    batch = max(run.batch for run in runs)
    for name, state in states.items():
        if state.ndim != 2 or state.shape[0] != batch:
            raise ShapeError(f"{kind}: {name} must be (batch {batch}, features), got {state.shape}")


def lanes(a: Array, batch: int) -> Array:
    """A single sequence drops its batch axis, the last, to be swept with vectors."""
    return a[..., 0] if batch == 1 else a


def direction(reverse: bool) -> slice:
    """Index that turns the order of time into the order of processing, and back."""
    return slice(None, None, -1 if reverse else 1)


def steps_of(a: Array, run: Run, reverse: bool) -> Array:
    """A view of a run's rows as steps (steps, features, batch), as processed."""
    steps = a[run.rows].reshape(run.steps, run.batch, a.shape[1])
    return steps[direction(reverse)].swapaxes(1, 2)


def shares(x: Array, run: Run, w_ih: Array, reverse: bool) -> Array:
    """``w_ih @ x`` for every step of a run, (steps, gates · features, batch), as processed."""
    if run.batch == 1:
        return steps_of(x[run.rows] @ w_ih.T, Run(slice(None), *run[1:]), reverse)
    product = (w_ih @ x[run.rows].T).reshape(len(w_ih), run.steps, run.batch)
    return product.swapaxes(0, 1)[direction(reverse)]


def rows_of(blocks: list[Array], reverse: bool) -> Array:
    """A new array of the rows of all runs' steps (steps, features, batch), as packed data has them."""
    parts = [
        np.array(block[direction(reverse)].swapaxes(1, 2), order="C").reshape(-1, block.shape[1])
        for block in blocks
    ]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts[::-1] if reverse else parts)


def new_columns(features: int, run: Run, dtype: Any) -> Array:
    """Room for a block (features, steps, batch), laid out so that steps are quickly copied to it."""
    if run.batch < WIDE:
        return np.empty((run.steps, run.batch, features), dtype).transpose(2, 0, 1)
    return np.empty((features, run.steps, run.batch), dtype)


def columns_of(blocks: list[Array], reverse: bool) -> Array:
    """Blocks (features, steps, batch) of all runs as ``(features, rows)``, rows as in packed data.

    May be a view of a block.
    """
    parts = [
        block[:, direction(reverse)].reshape(len(block), block.shape[1] * block.shape[2])
        for block in blocks
    ]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts[::-1] if reverse else parts, axis=1)


def fold(w_hh: Array, w_ih: Array | None, *biases: Array | None) -> Array:
    """The recurrent weight with the sum of the biases as one more column, and the input's weight."""
    rows, features = w_hh.shape
    inputs = 0 if w_ih is None else w_ih.shape[1]
    folded = np.empty((rows, features + 1 + inputs), w_hh.dtype)
    folded[:, :features] = w_hh
    folded[:, features] = 0
    for bias in biases:
        if bias is not None:
            folded[:, features] += bias
    if w_ih is not None:
        folded[:, features + 1 :] = w_ih
    return folded


def state_buffer(h: Array, x: Array | None, run: Run) -> Array:
    """Room for a run's states (steps + 1, features, batch), with what rides: first ``h``, last ones."""
    features = len(h)
    inputs = 0 if x is None else x.shape[1]
    hs = np.empty((run.steps + 1, features + 1 + inputs, run.batch), h.dtype)
    hs[:, features] = 1
    hs[0, :features] = h
    if x is not None:
        hs[:-1, features + 1 :] = x
    return hs


def factor(weight: Array, run: Run, dtype: Any) -> Array:
    """A weight in the order in which BLAS is quickest to multiply it, by vectors or by matrices."""
    return np.asarray(weight, dtype, order="F" if run.batch == 1 else "C")


#: Sweeps a run over its buffer of states, given what the input adds to the gates unless it rides, and
#: the other states it begins with; returns those it ends with, and what is kept, the buffer first.
Sweep: TypeAlias = Callable[
    [Array, Array | None, Run, list[Array]], tuple[list[Array], tuple[Array, ...]]
]


def rides(w_ih: Array) -> bool:
    """True when the input is to ride along with the state."""
    return w_ih.size <= LIGHT


def sweep_forward(
    x: Array,
    runs: list[Run],
    states: Sequence[Array],
    w_ih: Array | None,
    reverse: bool,
    sweep: Sweep,
) -> tuple[tuple[Array, ...], list[tuple[Array, ...]]]:
    """Sweep run after run; the input rides along where no `w_ih` is given."""
    flat = np.ascontiguousarray(x).reshape(-1, x.shape[-1])
    carried = [np.array(state.T, order="C") for state in states]
    features = len(carried[0])
    outputs, saved = [], []
    for run in runs:
        h, *others = [state[:, : run.batch] for state in carried]
        hs = state_buffer(h, steps_of(flat, run, reverse) if w_ih is None else None, run)
        z = None if w_ih is None else shares(flat, run, w_ih, reverse)
        leaving, kept = sweep(hs, z, run, others)
        for state, new in zip((h, *others), (hs[-1, :features], *leaving)):
            state[...] = new
        outputs.append(hs[1:, :features])
        saved.append(kept)
    output = rows_of(outputs, reverse).reshape(*x.shape[:-1], features)
    return (output, *[np.ascontiguousarray(state.T) for state in carried]), saved


def sweep_back(
    g_output: Array | None,
    runs: list[Run],
    g_states: Sequence[Array],
    saved: list[tuple[Array, ...]],
    reverse: bool,
    sweep: Callable[
        [Array, Run, list[Array], tuple[Array, ...]], tuple[list[Array], tuple[Array, ...]]
    ],
) -> tuple[list[Array], list[Array]]:
    """The runs from last to first.

    ``sweep`` gets the gradients of a run's outputs and final states, and what the run saved. It
    returns the gradients of the states it began with, and blocks (features, steps, batch), which
    are handed back as columns.
    """
    dtype = saved[0][0].dtype  # half precision was swept in single, and goes back so
    carried = [np.array(g.T, dtype, order="C") for g in g_states]
    features = len(carried[0])
    flat = None if g_output is None else g_output.reshape(-1, features)
    collected = []
    for run, kept in zip(runs[::-1], saved[::-1]):
        if flat is None:
            g = np.zeros((run.steps, features, run.batch), dtype)
        else:
            g = np.array(steps_of(flat, run, reverse), dtype, order="C")
        entering = [state[:, : run.batch] for state in carried]
        leaving, blocks = sweep(g, run, entering, kept)
        for state, new in zip(entering, leaving):
            state[...] = new.reshape(state.shape)
        collected.append(blocks)
    columns = [columns_of(list(blocks[::-1]), reverse) for blocks in zip(*collected)]
    return [np.ascontiguousarray(g.T) for g in carried], columns


def chunks(run: Run, elements: int) -> Iterator[slice]:
    """The steps of a run from the last to the first, in chunks of prepared derivatives."""
    size = max(1, CHUNK // max(1, elements * run.batch))
    for stop in range(run.steps, 0, -size):
        yield slice(max(0, stop - size), stop)


def weight_gradients(
    g_input_gates: Array,
    g_hidden_gates: Array,
    x: Array,
    features: int,
    saved: list[tuple[Array, ...]],
    reverse: bool,
) -> tuple[Array, Array, Array]:
    """Gradients of ``w_ih``, ``w_hh`` and the recurrent bias from columns of those of the gates."""
    before = columns_of([kept[0][:-1].swapaxes(0, 1) for kept in saved], reverse)
    g_folded = g_hidden_gates @ before.T
    riding = len(before) > features + 1
    g_w_ih = g_folded[:, features + 1 :] if riding else g_input_gates @ x.reshape(-1, x.shape[-1])
    g_w_hh = np.ascontiguousarray(g_folded[:, :features])
    return np.ascontiguousarray(g_w_ih), g_w_hh, g_folded[:, features].copy()


def or_zeros(g: Array | None, like: Array) -> Array:
    """A gradient, or zeros for one that nobody asked for."""
    return np.zeros_like(like) if g is None else g
