"""Recurrent cells, a whole sequence per call: LSTM, GRU and simple RNN, one layer, one direction.

Layout and the treatment of packed sequences are those of `autotn.kernels.sweep`.

**Gates.** ``σ(z) = (1 + tanh(z/2)) / 2``: with the halves folded into the weights, one ``tanh``
serves all gates of a step.

**Backward.** The gate derivatives do not depend on the arriving gradient. They are prepared for
many steps at once, in chunks that fit the cache, which leaves a handful of calls per step.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autotn.kernels import lstm_line
from autotn.kernels.onednn import rnn as onednn
from autotn.kernels.sweep import (
    Array,
    Run,
    check_states,
    check_weights,
    chunks,
    columns_of,
    factor,
    fold,
    lanes,
    new_columns,
    or_zeros,
    rides,
    runs_of,
    sweep_back,
    sweep_forward,
    weight_gradients,
)

#: What a forward sweep leaves for the backward one: by runs, or whatever oneDNN's needs.
Saved: TypeAlias = list[tuple[Array, ...]] | onednn.Kept


class Gradients(NamedTuple):
    """What a backward sweep returns; ``c0`` and ``w_hr`` are ``None`` where there is none."""

    input: Array | None
    h0: Array
    c0: Array | None
    w_ih: Array | None
    w_hh: Array | None
    b_ih: Array | None
    b_hh: Array | None
    w_hr: Array | None


# ----------------------------------------------------------------------------------------------
# LSTM (Hochreiter & Schmidhuber 1997; forget gate: Gers et al. 1999; projection: Sak et al. 2014)


def lstm(
    x: Array,
    h0: Array,
    c0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None = None,
    b_hh: Array | None = None,
    w_hr: Array | None = None,
    *,
    batch_sizes: Sequence[int] | Array | None = None,
    reverse: bool = False,
) -> tuple[tuple[Array, ...], Saved | lstm_line.Line]:
    """Sweep an LSTM over a sequence; returns ``(output, h_n, c_n)`` and what `lstm_backward` needs.

    ``c = f * c + i * tanh(g)``, ``h = o * tanh(c)``, then ``h = w_hr @ h`` where ``w_hr`` is given.

    Parameters
    ----------
    x : (steps, batch, input) or, with ``batch_sizes``, packed (sum of lengths, input)
    h0, c0 : (batch, projection or hidden), (batch, hidden)
    w_ih, w_hh, b_ih, b_hh : rows in PyTorch's gate order i, f, g, o
    w_hr : (projection, hidden)
    batch_sizes : how many sequences reach each step, in falling order
    reverse : sweep from the last step to the first; outputs stay at their steps
    """
    runs = runs_of(x, batch_sizes, reverse)
    check_weights("lstm", 4, x, h0, w_ih, w_hh)
    check_states("lstm", runs, h0=h0, c0=c0)
    if batch_sizes is None and w_hr is None:
        swept = onednn.sweep("lstm", x, (h0, c0), (w_ih, w_hh), (b_ih, b_hh), reverse)
        if swept is not None:
            return swept
        if lstm_line.suits(x, c0):
            return lstm_line.sweep(x, h0, c0, w_ih, w_hh, b_ih, b_hh, reverse)
    hidden = c0.shape[1]
    riding = rides(w_ih)
    weight = _lstm_gates(fold(w_hh, w_ih if riding else None, b_ih, b_hh), hidden)

    def sweep(hs: Array, z: Array | None, run: Run, others: list[Array]) -> Any:
        return _lstm_run(hs, z, run, others[0], weight, w_hr)

    share = None if riding else _lstm_gates(w_ih, hidden)
    (output, h, c), saved = sweep_forward(x, runs, (h0, c0), share, reverse, sweep)
    return (output, h, c), saved


def _lstm_gates(w: Array, hidden: int) -> Array:
    """Rows i, f, g, o become o, i, f, g, with those of the sigmoid gates halved.

    Then the sigmoids are neighbours, and so are (i, f) and, once a step's cell state is stored
    behind g, (g, c): the two products of the new cell state are one call.
    """
    ordered = w.reshape(4, hidden, -1)[[3, 0, 1, 2]]
    ordered[:3] *= 0.5
    return ordered.reshape(w.shape)


def _lstm_run(
    hs: Array, z: Array | None, run: Run, c: Array, weight: Array, w_hr: Array | None
) -> tuple[list[Array], tuple[Array, ...]]:
    """One run; keeps states, gates with the cell state before each step, tanh(c), and o * tanh(c).

    Without a projection the last of these is the state itself and not kept twice.
    """
    steps, batch, hidden, dtype = run.steps, run.batch, len(c), hs.dtype
    gates = np.empty((steps + 1, 5, hidden, batch), dtype)  # o, i, f, g, c before the step
    gates[0, 4] = c
    tanh_c = np.empty((steps, hidden, batch), dtype)
    product = factor(weight, run, hs.dtype).dot
    states = hs[1:, :hidden] if w_hr is None else hs[1:, : len(w_hr)]
    gated = states if w_hr is None else np.empty_like(tanh_c)
    half = np.array(0.5, dtype)

    before, after = lanes(gates[:-1], batch), lanes(gates[1:, 4], batch)
    total = np.empty((4 * hidden, batch), dtype)
    by_gate = lanes(total.reshape(4, hidden, batch), batch)
    total = lanes(total, batch)
    products = lanes(np.empty((2, hidden, batch), dtype), batch)
    kept, added = products
    for state, z_t, new_state, gates_t, sigmoids, i_f, g_c, o, c_t, tanh_t, gated_t in zip(
        lanes(hs, batch),
        itertools.repeat(None) if z is None else lanes(z, batch),
        lanes(states, batch),
        before[:, :4],
        before[:, :3],
        before[:, 1:3],
        before[:, 3:],
        before[:, 0],
        after,
        lanes(tanh_c, batch),
        lanes(gated, batch),
    ):
        product(state, total)
        if z_t is not None:
            np.add(total, z_t, total)
        np.tanh(by_gate, gates_t)
        np.multiply(sigmoids, half, sigmoids)
        np.add(sigmoids, half, sigmoids)
        np.multiply(i_f, g_c, products)
        np.add(kept, added, c_t)
        np.tanh(c_t, tanh_t)
        np.multiply(o, tanh_t, gated_t)
        if w_hr is not None:
            new_state[...] = np.dot(w_hr, gated_t)
    saved = (hs, gates, tanh_c) if w_hr is None else (hs, gates, tanh_c, gated)
    return [gates[-1, 4]], saved


def lstm_backward(
    g_output: Array | None,
    g_h: Array | None,
    g_c: Array | None,
    x: Array,
    h0: Array,
    c0: Array,
    w_ih: Array,
    w_hh: Array,
    w_hr: Array | None,
    saved: Saved | lstm_line.Line,
    *,
    batch_sizes: Sequence[int] | Array | None = None,
    reverse: bool = False,
    need_input: bool = True,
    need_weights: bool = True,
) -> Gradients:
    """Gradients of `lstm` from those of its three outputs (``None`` for zero)."""
    if isinstance(saved, onednn.Kept):
        swept = onednn.sweep_back("lstm", saved, x, (g_output, g_h, g_c), reverse)
        return Gradients._make((*swept, None))
    if isinstance(saved, lstm_line.Line):
        found = lstm_line.sweep_back(
            (g_output, g_h, g_c), w_ih, w_hh, saved, reverse, need_input, need_weights
        )
        return Gradients._make((*found, None))
    runs = runs_of(x, batch_sizes, reverse)

    def sweep(g: Array, run: Run, carried: list[Array], kept: tuple[Array, ...]) -> Any:
        return _lstm_run_back(g, run, carried, kept, w_hh, w_hr)

    g_states = or_zeros(g_h, h0), or_zeros(g_c, c0)
    (g_h0, g_c0), (g_gates, *projected) = sweep_back(
        g_output, runs, g_states, saved, reverse, sweep
    )
    g_x = (g_gates.T @ w_ih).reshape(x.shape) if need_input else None
    if not need_weights:
        return Gradients(g_x, g_h0, g_c0, None, None, None, None, None)
    g_w_ih, g_w_hh, g_b = weight_gradients(g_gates, g_gates, x, h0.shape[1], saved, reverse)
    g_w_hr = None
    if w_hr is not None:
        gated = columns_of([kept[3].swapaxes(0, 1) for kept in saved], reverse)
        g_w_hr = projected[0] @ gated.T
    return Gradients(g_x, g_h0, g_c0, g_w_ih, g_w_hh, g_b, g_b.copy(), g_w_hr)


def _lstm_run_back(
    g: Array,
    run: Run,
    carried: list[Array],
    kept: tuple[Array, ...],
    weight: Array,
    w_hr: Array | None,
) -> tuple[list[Array], tuple[Array, ...]]:
    """One run back; blocks are the gradients of the gates and, with a projection, of the states."""
    hs, gates, tanh_c = kept[:3]
    g_h, g_c = carried
    steps, batch, hidden = run.steps, run.batch, len(g_c)
    gated = hs[1:, :hidden] if w_hr is None else kept[3]
    g_gates = new_columns(4 * hidden, run, g.dtype)  # i, f, g, o
    by_gate = g_gates.reshape(4, hidden, steps, batch).transpose(2, 0, 1, 3)
    product = factor(weight.T, run, g.dtype).dot
    project = None if w_hr is None else factor(w_hr.T, run, g.dtype).dot

    g_c = lanes(g_c.copy(), batch)
    g_gated = np.empty_like(g_c)
    recurrent = lanes(g_h.copy(), batch)
    for chunk in chunks(run, 5 * hidden):
        per_step = _lstm_derivatives(gates[chunk], gated[chunk], tanh_c[chunk])
        by_step = lanes(per_step, batch)[::-1]
        rows = lanes(per_step.reshape(len(per_step), 5 * hidden, batch)[:, : 4 * hidden], batch)[
            ::-1
        ]
        for g_t, of_h, of_c, from_h, forget, g_all in zip(
            lanes(g[chunk], batch)[::-1],
            by_step[:, 3:],
            by_step[:, :3],
            by_step[:, 4],
            lanes(gates[chunk, 2], batch)[::-1],
            rows,
        ):
            np.add(g_t, recurrent, g_t)
            if project is None:
                g_gated = g_t
            else:
                project(g_t, g_gated)
            np.multiply(of_h, g_gated, of_h)
            np.add(g_c, from_h, g_c)
            np.multiply(of_c, g_c, of_c)
            np.multiply(g_c, forget, g_c)
            product(g_all, recurrent)
        by_gate[chunk] = per_step[:, :4]
    blocks = g_gates, g.swapaxes(0, 1)
    return [recurrent, g_c], blocks[: 1 if w_hr is None else 2]


def _lstm_derivatives(gates: Array, gated: Array, tanh_c: Array) -> Array:
    """What multiplies the gradient of c to give those of i, f, g; of o * tanh(c) to give o and c.

    For a sigmoid gate ``s`` the slope is ``s (1 - s)``, for a tanh ``t`` it is ``1 - t²``. Of the products
    with the other factor, forward has made one: o * tanh(c).
    """
    o, i, g = gates[:, 0], gates[:, 1], gates[:, 3]
    per_step = np.empty_like(gates)
    of_i_f, of_g, of_o, of_c = per_step[:, :2], per_step[:, 2], per_step[:, 3], per_step[:, 4]
    rest = 1 - gates[:, :3]
    np.multiply(rest[:, 0], gated, of_o)
    np.multiply(rest[:, 1:], gates[:, 3:], of_i_f)
    of_i_f *= gates[:, 1:3]
    for slope, tanh, other in ((of_g, g, i), (of_c, tanh_c, o)):
        np.multiply(tanh, tanh, slope)
        np.subtract(1, slope, slope)
        slope *= other
    return per_step


# ----------------------------------------------------------------------------------------------
# GRU (Cho et al. 2014, with the reset gate after the recurrent product)


def gru(
    x: Array,
    h0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None = None,
    b_hh: Array | None = None,
    *,
    batch_sizes: Sequence[int] | Array | None = None,
    reverse: bool = False,
) -> tuple[tuple[Array, ...], Saved]:
    """Sweep a GRU over a sequence; returns ``(output, h_n)`` and what `gru_backward` needs.

    ``n = tanh(x_n + r * q)``, ``h = (1 - z) * n + z * h`` with ``q = w_hn @ h + b_hn``.
    Weights have PyTorch's gate order r, z, n; the other parameters are those of `lstm`.
    """
    runs = runs_of(x, batch_sizes, reverse)
    check_weights("gru", 3, x, h0, w_ih, w_hh)
    check_states("gru", runs, h0=h0)
    if batch_sizes is None:
        swept = onednn.sweep("gru", x, (h0,), (w_ih, w_hh), (b_ih, b_hh), reverse)
        if swept is not None:
            return swept
    hidden = h0.shape[1]
    input_weight = w_ih.copy()
    input_weight[: 2 * hidden] *= 0.5
    weight = fold(w_hh, None, b_hh)
    bias_n = None
    if b_ih is not None:
        # The reset gate stands between the two biases of n; those of r and z simply add up.
        weight[: 2 * hidden, -1] += b_ih[: 2 * hidden]
        bias_n = b_ih[2 * hidden :, None]
    weight[: 2 * hidden] *= 0.5

    def sweep(hs: Array, z: Array | None, run: Run, _: list[Array]) -> Any:
        assert (
            z is not None
        )  # the input's share of n stays apart from the state's, so it can't ride
        return _gru_run(hs, z, run, weight, bias_n)

    (output, h), saved = sweep_forward(x, runs, (h0,), input_weight, reverse, sweep)
    return (output, h), saved


def _gru_run(
    hs: Array, z: Array, run: Run, weight: Array, bias_n: Array | None
) -> tuple[list[Array], tuple[Array, ...]]:
    """One run; keeps states, gates r, z with the product q, and n."""
    steps, batch, hidden, dtype = run.steps, run.batch, z.shape[1] // 3, hs.dtype
    gates = np.empty((steps, 3, hidden, batch), dtype)
    n = np.array(z[:, 2 * hidden :], order="C")
    if bias_n is not None:
        n += bias_n
    half = np.array(0.5, dtype)
    product = factor(weight, run, hs.dtype).dot

    sigmoids = gates.reshape(steps, 3 * hidden, batch)[:, : 2 * hidden]
    step, states = lanes(gates, batch), lanes(hs, batch)
    total = lanes(np.empty((3 * hidden, batch), dtype), batch)
    of_h, of_q = total[: 2 * hidden], total[2 * hidden :]
    change = np.empty_like(of_q)
    for state, h_t, new_h, x_t, r_z, r, update, q, n_t in zip(
        states,
        states[:, :hidden],
        states[1:, :hidden],
        lanes(z[:, : 2 * hidden], batch),
        lanes(sigmoids, batch),
        step[:, 0],
        step[:, 1],
        step[:, 2],
        lanes(n, batch),
    ):
        product(state, total)
        q[...] = of_q
        np.add(of_h, x_t, r_z)
        np.tanh(r_z, r_z)
        np.multiply(r_z, half, r_z)
        np.add(r_z, half, r_z)
        np.multiply(r, q, change)
        np.add(n_t, change, n_t)
        np.tanh(n_t, n_t)
        np.subtract(h_t, n_t, change)
        np.multiply(update, change, change)
        np.add(n_t, change, new_h)
    return [], (hs, gates, n)


def gru_backward(
    g_output: Array | None,
    g_h: Array | None,
    x: Array,
    h0: Array,
    w_ih: Array,
    w_hh: Array,
    saved: Saved,
    *,
    batch_sizes: Sequence[int] | Array | None = None,
    reverse: bool = False,
    need_input: bool = True,
    need_weights: bool = True,
) -> Gradients:
    """Gradients of `gru` from those of its two outputs (``None`` for zero)."""
    if isinstance(saved, onednn.Kept):
        swept = onednn.sweep_back("gru", saved, x, (g_output, g_h), reverse)
        return Gradients._make((*swept[:2], None, *swept[2:], None))
    runs = runs_of(x, batch_sizes, reverse)
    hidden = h0.shape[1]

    def sweep(g: Array, run: Run, carried: list[Array], kept: tuple[Array, ...]) -> Any:
        return _gru_run_back(g, run, carried[0], kept, w_hh)

    (g_h0,), (g_gates,) = sweep_back(g_output, runs, (or_zeros(g_h, h0),), saved, reverse, sweep)
    # Rows n, r, z, q: the input's weight saw the first three, the recurrent one the last three.
    g_input_gates, g_hidden_gates = g_gates[: 3 * hidden], g_gates[hidden:]
    g_x = None
    if need_input:
        g_x = (g_input_gates.T @ np.roll(w_ih, hidden, axis=0)).reshape(x.shape)
    if not need_weights:
        return Gradients(g_x, g_h0, None, None, None, None, None, None)
    g_w_ih, g_w_hh, g_b_hh = weight_gradients(
        g_input_gates, g_hidden_gates, x, hidden, saved, reverse
    )
    g_w_ih = np.roll(g_w_ih, -hidden, axis=0)
    g_b_ih = g_b_hh.copy()
    g_b_ih[2 * hidden :] = g_gates[:hidden] @ np.ones(g_gates.shape[1], x.dtype)
    return Gradients(g_x, g_h0, None, g_w_ih, g_w_hh, g_b_ih, g_b_hh, None)


def _gru_run_back(
    g: Array, run: Run, g_h: Array, kept: tuple[Array, ...], weight: Array
) -> tuple[list[Array], tuple[Array, ...]]:
    """One run back; the block holds the gradients of n (before its tanh), r, z and q."""
    hs, gates, n = kept
    steps, batch, hidden = run.steps, run.batch, len(g_h)
    g_gates = new_columns(4 * hidden, run, g.dtype)
    by_gate = g_gates.reshape(4, hidden, steps, batch).transpose(2, 0, 1, 3)
    product = factor(weight.T, run, g.dtype).dot

    recurrent = lanes(g_h.copy(), batch)
    direct = np.zeros_like(recurrent)  # past the gates, along z * h
    for chunk in chunks(run, 4 * hidden):
        per_step = _gru_derivatives(gates[chunk], n[chunk], hs[chunk, :hidden])
        # What leaves for the recurrent product: r, z and q.
        leaving = lanes(per_step.reshape(len(per_step), 4 * hidden, batch)[:, hidden:], batch)[::-1]
        for g_t, g_all, update, g_leaving in zip(
            lanes(g[chunk], batch)[::-1],
            lanes(per_step, batch)[::-1],
            lanes(gates[chunk, 1], batch)[::-1],
            leaving,
        ):
            np.add(recurrent, direct, recurrent)
            np.add(g_t, recurrent, g_t)
            np.multiply(g_all, g_t, g_all)
            product(g_leaving, recurrent)
            np.multiply(update, g_t, direct)
        by_gate[chunk] = per_step
    return [recurrent + direct], (g_gates,)


def _gru_derivatives(gates: Array, n: Array, h: Array) -> Array:
    """What multiplies the gradient of a new state to give those of n, r, z and q."""
    r, z, q = gates[:, 0], gates[:, 1], gates[:, 2]
    per_step = np.empty((len(n), 4, *n.shape[1:]), n.dtype)
    of_n, of_r, of_z, of_q = (per_step[:, k] for k in range(4))
    keep = 1 - z
    np.multiply(n, n, of_n)
    np.subtract(1, of_n, of_n)
    of_n *= keep
    np.multiply(of_n, r, of_q)
    np.subtract(1, r, of_r)
    of_r *= q
    of_r *= of_q
    np.subtract(h, n, of_z)
    of_z *= z
    of_z *= keep
    return per_step


# ----------------------------------------------------------------------------------------------
# Simple RNN (Elman 1990)


def rnn(
    x: Array,
    h0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None = None,
    b_hh: Array | None = None,
    *,
    nonlinearity: str = "tanh",
    batch_sizes: Sequence[int] | Array | None = None,
    reverse: bool = False,
) -> tuple[tuple[Array, ...], Saved]:
    """Sweep ``h = tanh(w_ih @ x + w_hh @ h + b)`` (or relu) over a sequence.

    Returns ``(output, h_n)`` and what `rnn_backward` needs. Parameters are those of `lstm`.
    """
    if nonlinearity not in ("tanh", "relu"):
        raise ValueError(f"rnn: nonlinearity must be 'tanh' or 'relu', got {nonlinearity!r}")
    runs = runs_of(x, batch_sizes, reverse)
    check_weights("rnn", 1, x, h0, w_ih, w_hh)
    check_states("rnn", runs, h0=h0)
    if batch_sizes is None:
        swept = onednn.sweep(nonlinearity, x, (h0,), (w_ih, w_hh), (b_ih, b_hh), reverse)
        if swept is not None:
            return swept
    riding = rides(w_ih)
    weight = fold(w_hh, w_ih if riding else None, b_ih, b_hh)

    def sweep(hs: Array, z: Array | None, run: Run, _: list[Array]) -> Any:
        return _rnn_run(hs, z, run, weight, nonlinearity)

    share = None if riding else w_ih
    (output, h), saved = sweep_forward(x, runs, (h0,), share, reverse, sweep)
    return (output, h), saved


def _rnn_run(
    hs: Array, z: Array | None, run: Run, weight: Array, nonlinearity: str
) -> tuple[list[Array], tuple[Array, ...]]:
    """One run; keeps the states."""
    product = factor(weight, run, hs.dtype).dot
    states = lanes(hs, run.batch)
    total = np.empty((len(weight), *states.shape[2:]), hs.dtype)
    zeros = np.zeros_like(total)  # a whole array: NumPy's maximum with a scalar is slower
    shares = itertools.repeat(None) if z is None else lanes(z, run.batch)
    for state, z_t, new_state in zip(states, shares, states[1:, : len(weight)]):
        product(state, total)
        if z_t is not None:
            np.add(total, z_t, total)
        if nonlinearity == "tanh":
            np.tanh(total, new_state)
        else:
            np.maximum(total, zeros, out=new_state)
    return [], (hs,)


def rnn_backward(
    g_output: Array | None,
    g_h: Array | None,
    x: Array,
    h0: Array,
    w_ih: Array,
    w_hh: Array,
    saved: Saved,
    *,
    nonlinearity: str = "tanh",
    batch_sizes: Sequence[int] | Array | None = None,
    reverse: bool = False,
    need_input: bool = True,
    need_weights: bool = True,
) -> Gradients:
    """Gradients of `rnn` from those of its two outputs (``None`` for zero)."""
    if isinstance(saved, onednn.Kept):
        swept = onednn.sweep_back(nonlinearity, saved, x, (g_output, g_h), reverse)
        return Gradients._make((*swept[:2], None, *swept[2:], None))
    runs = runs_of(x, batch_sizes, reverse)

    def sweep(g: Array, run: Run, carried: list[Array], kept: tuple[Array, ...]) -> Any:
        return _rnn_run_back(g, run, carried[0], kept[0], w_hh, nonlinearity)

    (g_h0,), (g_gates,) = sweep_back(g_output, runs, (or_zeros(g_h, h0),), saved, reverse, sweep)
    g_x = (g_gates.T @ w_ih).reshape(x.shape) if need_input else None
    if not need_weights:
        return Gradients(g_x, g_h0, None, None, None, None, None, None)
    g_w_ih, g_w_hh, g_b = weight_gradients(g_gates, g_gates, x, h0.shape[1], saved, reverse)
    return Gradients(g_x, g_h0, None, g_w_ih, g_w_hh, g_b, g_b.copy(), None)


def _rnn_run_back(
    g: Array, run: Run, g_h: Array, hs: Array, weight: Array, nonlinearity: str
) -> tuple[list[Array], tuple[Array, ...]]:
    """One run back; the block holds the gradients before the nonlinearity."""
    batch, hidden = run.batch, len(g_h)
    recurrent = lanes(g_h.copy(), batch)
    product = factor(weight.T, run, g.dtype).dot
    for chunk in chunks(run, hidden):
        h = hs[1:, :hidden][chunk]
        slopes = 1 - h * h if nonlinearity == "tanh" else (h > 0).astype(h.dtype)
        for g_t, slope in zip(lanes(g[chunk], batch)[::-1], lanes(slopes, batch)[::-1]):
            np.add(g_t, recurrent, g_t)
            np.multiply(g_t, slope, g_t)
            product(g_t, recurrent)
    return [recurrent], (g.swapaxes(0, 1),)
