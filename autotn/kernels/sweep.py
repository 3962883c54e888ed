"""How a recurrent net is swept over a sequence, whatever its cell: layout, runs, shared products.

**Layout.** It is PyTorch's, ``(steps, batch, features)``, so that nothing is ever transposed: a step's
state is a matrix, multiplied from the right by a weight that was transposed once. What is kept of
the gates lies gate by gate, ``(gates, batch, features)``, so that each is one block. A single
sequence (batch 1) is swept with vectors instead of matrices.

**Runs.** A packed sequence is a padded one whose batch changes over time. It is cut into *runs*,
stretches of steps with equal batch; between runs only the carried state is narrowed or widened.
An ordinary batch is one run. Rows of the carried state that a run does not touch belong to
sequences that have ended (or, in reverse, not begun), which is all the treatment they need.

**Biases** ride along as one more row of the transposed recurrent weight, against a column of ones at
the end of the state; their gradients then fall out of the weight's own product.

**As processed** means in the order of time, or against it for a reverse sweep.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from autotn.errors import ShapeError

Array = np.ndarray[Any, Any]

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
    """A single sequence drops its batch axis, the last but one, to be swept with vectors."""
    return a[..., 0, :] if batch == 1 else a


def direction(reverse: bool) -> slice:
    """Index that turns the order of time into the order of processing, and back."""
    return slice(None, None, -1 if reverse else 1)


def project(x: Array, run: Run, w_ih: Array, reverse: bool) -> Array:
    """``x @ w_ih.T`` for every step of a run, (steps, batch, gates · features), as processed."""
    product = (x[run.rows] @ w_ih.T).reshape(run.steps, run.batch, len(w_ih))
    return product[direction(reverse)]


def steps_of(a: Array, run: Run, reverse: bool) -> Array:
    """A copy of a run's rows as steps (steps, batch, features), as processed."""
    steps = a[run.rows].reshape(run.steps, run.batch, a.shape[1])[direction(reverse)]
    return np.array(steps, order="C")


def rows_of(blocks: list[Array], reverse: bool) -> Array:
    """The inverse of `steps_of` for all runs together, in the order of the packed data.

    May be a view of a block.
    """
    parts = [block[direction(reverse)].reshape(-1, block.shape[2]) for block in blocks]
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts[::-1] if reverse else parts)


def fold_biases(w_hh: Array, *biases: Array | None) -> Array:
    """The transposed recurrent weight with the sum of the biases as its last row."""
    folded = np.empty((w_hh.shape[1] + 1, w_hh.shape[0]), w_hh.dtype)
    folded[:-1] = w_hh.T
    folded[-1] = 0
    for bias in biases:
        if bias is not None:
            folded[-1] += bias
    return folded


def state_buffer(h: Array, run: Run) -> Array:
    """Room for a run's states (steps + 1, batch, features + 1): first ``h``, last ones."""
    hs = np.empty((run.steps + 1, run.batch, h.shape[1] + 1), h.dtype)
    hs[..., -1] = 1
    hs[0, :, :-1] = h
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
    carried = [state.copy() for state in states]
    outputs, saved = [], []
    for run in runs:
        entering = [state[: run.batch] for state in carried]
        output, leaving, kept = sweep(project(flat, run, w_ih, reverse), run, entering)
        for state, new in zip(entering, leaving):
            state[...] = new
        outputs.append(output)
        saved.append(kept)
    output = rows_of(outputs, reverse).reshape(*x.shape[:-1], states[0].shape[1])
    return (output.copy(), *carried), saved


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
    returns the gradients of the states it began with, and blocks (steps, batch, features), which
    are handed back as rows.
    """
    carried = [g.copy() for g in g_states]
    features = carried[0].shape[1]
    flat = None if g_output is None else g_output.reshape(-1, features)
    collected = []
    for run, kept in zip(runs[::-1], saved[::-1]):
        if flat is None:
            g = np.zeros((run.steps, run.batch, features), carried[0].dtype)
        else:
            g = steps_of(flat, run, reverse)
        entering = [state[: run.batch] for state in carried]
        leaving, blocks = sweep(g, run, entering, kept)
        for state, new in zip(entering, leaving):
            state[...] = new.reshape(state.shape)
        collected.append(blocks)
    rows = [rows_of(list(blocks[::-1]), reverse) for blocks in zip(*collected)]
    return carried, rows


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
