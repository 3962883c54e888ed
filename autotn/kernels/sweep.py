"""How a recurrent net is swept over a sequence, whatever its cell: layout, runs, shared products.

**Layout.** Inside, everything is feature-major: a step's state is ``(features, batch)``, its gates
``(gates, features, batch)``. So ``weight @ state`` runs at BLAS's best speed and every gate is one
contiguous block. Callers see PyTorch's batch-major layout; the transposes happen once per call, not
once per step. A single sequence (batch 1) is swept with vectors instead of matrices.

**Runs.** A packed sequence is a padded one whose batch changes over time. It is cut into *runs*,
stretches of steps with equal batch; between runs only the carried state is narrowed or widened.
An ordinary batch is one run. Rows of the carried state that a run does not touch belong to
sequences that have ended (or, in reverse, not begun), which is all the treatment they need.

**Biases** ride along as one more column of the recurrent weight, against a row of ones at the end
of the state; their gradients then fall out of the weight's own product.

**As processed** means in the order of time, or against it for a reverse sweep.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from autotn.errors import ShapeError

Array = np.ndarray[Any, Any]

#: Below this batch one product for all steps and a transposed copy beat a product per step.
SMALL_BATCH = 16

#: Elements of prepared derivatives per chunk of the backward sweep (1 MB of float32).
CHUNK = 1 << 18


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
    """A single sequence drops its batch axis: NumPy is quicker on vectors than on columns."""
    return a[..., 0] if batch == 1 else a


def direction(reverse: bool) -> slice:
    """Index that turns the order of time into the order of processing, and back."""
    return slice(None, None, -1 if reverse else 1)


def project(x: Array, run: Run, w_ih: Array, reverse: bool) -> Array:
    """``w_ih @ x`` for every step of a run, (steps, gates · features, batch), as processed."""
    rows = x[run.rows]
    if run.batch < SMALL_BATCH:
        product = (rows @ w_ih.T).reshape(run.steps, run.batch, len(w_ih))
        return np.ascontiguousarray(product.transpose(0, 2, 1))[direction(reverse)]
    steps = rows.reshape(run.steps, run.batch, x.shape[1])
    return np.matmul(w_ih, steps.transpose(0, 2, 1))[direction(reverse)]


def columns(a: Array, run: Run, reverse: bool) -> Array:
    """A copy of a run's rows as feature-major steps (steps, features, batch), as processed."""
    steps = a[run.rows].reshape(run.steps, run.batch, a.shape[1])[direction(reverse)]
    return np.array(steps.transpose(0, 2, 1), order="C")


def rows_of(blocks: list[Array], reverse: bool) -> Array:
    """The inverse of `columns` for all runs together, in the order of the packed data.

    May be a view of a block.
    """
    parts = [
        block.transpose(0, 2, 1)[direction(reverse)].reshape(-1, block.shape[1]) for block in blocks
    ]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts[::-1] if reverse else parts)


def operand_of(blocks: list[Array], reverse: bool) -> Array:
    """The rows of `rows_of` for a matrix product, where their order in memory is free.

    One wide run is copied feature by feature, in stretches of a whole batch: several times cheaper
    than a transpose.
    """
    if len(blocks) > 1 or blocks[0].shape[2] < SMALL_BATCH:
        return rows_of(blocks, reverse)
    features = blocks[0].shape[1]
    by_feature = np.ascontiguousarray(blocks[0][direction(reverse)].transpose(1, 0, 2))
    return by_feature.reshape(features, -1).T


def fold_biases(w_hh: Array, *biases: Array | None) -> Array:
    """The recurrent weight with the sum of the biases as its last column."""
    folded = np.empty((w_hh.shape[0], w_hh.shape[1] + 1), w_hh.dtype)
    folded[:, :-1] = w_hh
    folded[:, -1] = 0
    for bias in biases:
        if bias is not None:
            folded[:, -1] += bias
    return folded


def state_buffer(h: Array, run: Run) -> Array:
    """Room for a run's states (steps + 1, features + 1, batch): first ``h``, a last row of ones."""
    hs = np.empty((run.steps + 1, h.shape[0] + 1, run.batch), h.dtype)
    hs[:, -1] = 1
    hs[0, :-1] = h
    return hs


def sweep_forward(
    x: Array,
    runs: list[Run],
    states: Sequence[Array],
    w_ih: Array,
    reverse: bool,
    sweep: Callable[[Array, Run, list[Array]], tuple[Array, list[Array], tuple[Array, ...]]],
) -> tuple[tuple[Array, ...], list[tuple[Array, ...]]]:
    """Sweep run after run; ``sweep`` gets the input's share of the gates and the states so far."""
    flat = np.ascontiguousarray(x).reshape(-1, x.shape[-1])
    carried = [state.T.copy() for state in states]
    outputs, saved = [], []
    for run in runs:
        entering = [state[:, : run.batch] for state in carried]
        output, leaving, kept = sweep(project(flat, run, w_ih, reverse), run, entering)
        for state, new in zip(entering, leaving):
            state[...] = new
        outputs.append(output)
        saved.append(kept)
    output = rows_of(outputs, reverse).reshape(*x.shape[:-1], states[0].shape[1])
    return (output.copy(), *(np.ascontiguousarray(state.T) for state in carried)), saved


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
    returns the gradients of the states it began with, and blocks (steps, features, batch), which
    are handed back as rows.
    """
    carried = [g.T.copy() for g in g_states]
    features = carried[0].shape[0]
    flat = None if g_output is None else g_output.reshape(-1, features)
    collected = []
    for run, kept in zip(runs[::-1], saved[::-1]):
        if flat is None:
            g = np.zeros((run.steps, features, run.batch), carried[0].dtype)
        else:
            g = columns(flat, run, reverse)
        entering = [state[:, : run.batch] for state in carried]
        leaving, blocks = sweep(g, run, entering, kept)
        for state, new in zip(entering, leaving):
            state[...] = new.reshape(state.shape)
        collected.append(blocks)
    rows = [operand_of(list(blocks[::-1]), reverse) for blocks in zip(*collected)]
    return [np.ascontiguousarray(state.T) for state in carried], rows


def chunks(run: Run, elements: int) -> Iterator[slice]:
    """The steps of a run from the last to the first, in chunks of prepared derivatives."""
    size = max(1, CHUNK // max(1, elements * run.batch))
    for stop in range(run.steps, 0, -size):
        yield slice(max(0, stop - size), stop)


def weight_gradients(
    g_input_gates: Array,
    g_hidden_gates: Array,
    x: Array,
    saved: list[tuple[Array, ...]],
    reverse: bool,
) -> tuple[Array, Array, Array]:
    """Gradients of ``w_ih``, ``w_hh`` and the recurrent bias from rows of those of the gates."""
    before = rows_of([kept[0][:-1] for kept in saved], reverse)  # states, with their ones
    g_folded = g_hidden_gates.T @ before
    g_w_ih = g_input_gates.T @ x.reshape(-1, x.shape[-1])
    return g_w_ih, np.ascontiguousarray(g_folded[:, :-1]), g_folded[:, -1].copy()


def or_zeros(g: Array | None, like: Array) -> Array:
    """A gradient, or zeros for one that nobody asked for."""
    return np.zeros_like(like) if g is None else g
