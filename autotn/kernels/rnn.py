"""Recurrent cells, a whole sequence per call: LSTM, GRU and simple RNN, one layer, one direction.

Layout and the treatment of packed sequences are those of `autotn.kernels.sweep`.

**Gates.** ``σ(z) = (1 + tanh(z/2)) / 2``: with the halves folded into the weights, one ``tanh``
serves all gates of a step.

**Backward.** The gate derivatives do not depend on the arriving gradient. They are prepared for
many steps at once, in chunks that fit the cache, which leaves a handful of calls per step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from autotn.kernels.onednn import rnn as onednn
from autotn.kernels.sweep import (
    Array,
    Run,
    check_states,
    check_weights,
    chunks,
    fold_biases,
    lanes,
    or_zeros,
    rows_of,
    runs_of,
    state_buffer,
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
) -> tuple[tuple[Array, ...], Saved]:
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
    hidden = c0.shape[1]
    weight = fold_biases(w_hh, b_ih, b_hh)
    weight = np.ascontiguousarray(_lstm_gates(weight.T, hidden).T)

    def sweep(z: Array, run: Run, entering: list[Array]) -> Any:
        return _lstm_run(z, run, entering, weight, w_hr)

    gates = _lstm_gates(w_ih, hidden)
    (output, h, c), saved = sweep_forward(x, runs, (h0, c0), gates, reverse, sweep)
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
    z: Array, run: Run, entering: list[Array], weight: Array, w_hr: Array | None
) -> tuple[Array, list[Array], tuple[Array, ...]]:
    """One run; keeps states, gates with the cell state before each step, tanh(c), and o * tanh(c).

    Without a projection the last of these is the state itself and not kept twice.
    """
    h, c = entering
    steps, batch, hidden = run.steps, run.batch, c.shape[1]
    hs = state_buffer(h, run)
    gates = np.empty((steps + 1, 5, batch, hidden), z.dtype)  # o, i, f, g, c before the step
    gates[0, 4] = c
    tanh_c = np.empty((steps, batch, hidden), z.dtype)
    gated = hs[1:, :, :-1] if w_hr is None else np.empty_like(tanh_c)
    unprojected = None if w_hr is None else np.ascontiguousarray(w_hr.T)
    half = np.array(0.5, z.dtype)

    before, after = lanes(gates[:-1], batch), lanes(gates[1:, 4], batch)
    total = np.empty((batch, 4 * hidden), z.dtype)
    by_gate = lanes(total.reshape(batch, 4, hidden).swapaxes(0, 1), batch)
    total = lanes(total, batch)
    products = lanes(np.empty((2, batch, hidden), z.dtype), batch)
    kept, added = products
    for state, new_state, z_t, gates_t, sigmoids, i_f, g_c, o, c_t, tanh_t, gated_t in zip(
        lanes(hs, batch),
        lanes(hs[1:, :, :-1], batch),
        lanes(z, batch),
        before[:, :4],
        before[:, :3],
        before[:, 1:3],
        before[:, 3:],
        before[:, 0],
        after,
        lanes(tanh_c, batch),
        lanes(gated, batch),
    ):
        np.dot(state, weight, total)
        np.add(total, z_t, total)
        np.tanh(by_gate, gates_t)
        np.multiply(sigmoids, half, sigmoids)
        np.add(sigmoids, half, sigmoids)
        np.multiply(i_f, g_c, products)
        np.add(kept, added, c_t)
        np.tanh(c_t, tanh_t)
        np.multiply(o, tanh_t, gated_t)
        if unprojected is not None:
            new_state[...] = np.dot(gated_t, unprojected)
    saved = (hs, gates, tanh_c) if w_hr is None else (hs, gates, tanh_c, gated)
    return hs[1:, :, :-1], [hs[-1, :, :-1], gates[-1, 4]], saved


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
    saved: Saved,
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
    runs = runs_of(x, batch_sizes, reverse)
    hidden_weight = np.ascontiguousarray(w_hh)

    def sweep(g: Array, run: Run, carried: list[Array], kept: tuple[Array, ...]) -> Any:
        return _lstm_run_back(g, run, carried, kept, hidden_weight, w_hr)

    g_states = or_zeros(g_h, h0), or_zeros(g_c, c0)
    (g_h0, g_c0), (g_gates, *projected) = sweep_back(
        g_output, runs, g_states, saved, reverse, sweep
    )
    g_x = (g_gates @ w_ih).reshape(x.shape) if need_input else None
    if not need_weights:
        return Gradients(g_x, g_h0, g_c0, None, None, None, None, None)
    g_w_ih, g_w_hh, g_b = weight_gradients(g_gates, g_gates, x, saved, reverse)
    g_w_hr = None
    if w_hr is not None:
        gated = rows_of([kept[3] for kept in saved], reverse)
        g_w_hr = projected[0].T @ gated
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
    _, gates, tanh_c = kept[:3]
    g_h, g_c = carried
    steps, batch, hidden = run.steps, run.batch, g_c.shape[1]
    g_gates = np.empty((steps, batch, 4, hidden), g.dtype)  # i, f, g, o
    project = None if w_hr is None else np.ascontiguousarray(w_hr)

    g_c = lanes(g_c.copy(), batch)
    g_gated = through_h = np.empty_like(g_c)
    if project is not None:
        g_gated = np.empty_like(g_c)
    recurrent = lanes(g_h.copy(), batch)
    by_gate, rows = g_gates.swapaxes(1, 2), g_gates.reshape(steps, batch, 4 * hidden)
    for chunk in chunks(run, 5 * hidden):
        per_step = lanes(_lstm_derivatives(gates[chunk], tanh_c[chunk]), batch)[::-1]
        g_step = lanes(by_gate[chunk], batch)[::-1]
        for g_t, of_c, of_o, tanh_slope, forget, g_i_f_g, g_o, g_all in zip(
            lanes(g[chunk], batch)[::-1],
            per_step[:, :3],
            per_step[:, 3],
            per_step[:, 4],
            lanes(gates[chunk, 2], batch)[::-1],
            g_step[:, :3],
            g_step[:, 3],
            lanes(rows[chunk], batch)[::-1],
        ):
            np.add(g_t, recurrent, g_t)
            if project is None:
                g_gated = g_t
            else:
                np.dot(g_t, project, g_gated)
            np.multiply(g_gated, tanh_slope, through_h)
            np.add(g_c, through_h, g_c)
            np.multiply(of_c, g_c, g_i_f_g)
            np.multiply(of_o, g_gated, g_o)
            np.multiply(g_c, forget, g_c)
            np.dot(g_all, weight, recurrent)
    blocks = rows, g
    return [recurrent, g_c], blocks[: 1 if w_hr is None else 2]


def _lstm_derivatives(gates: Array, tanh_c: Array) -> Array:
    """What multiplies the gradient of c to give those of i, f, g; of o * tanh(c) to give o and c.

    For a sigmoid gate ``s`` the slope is ``s (1 - s)``, for a tanh ``t`` it is ``1 - t²``.
    """
    o, i, g = gates[:, 0], gates[:, 1], gates[:, 3]
    per_step = np.empty_like(gates)
    of_i_f, of_g, of_o, of_c = per_step[:, :2], per_step[:, 2], per_step[:, 3], per_step[:, 4]
    sigmoids = gates[:, :3]
    slopes = 1 - sigmoids
    slopes *= sigmoids
    np.multiply(slopes[:, 0], tanh_c, of_o)
    np.multiply(slopes[:, 1:], gates[:, 3:], of_i_f)
    for slope, tanh, factor in ((of_g, g, i), (of_c, tanh_c, o)):
        np.multiply(tanh, tanh, slope)
        np.subtract(1, slope, slope)
        slope *= factor
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
    weight = fold_biases(w_hh, b_hh)
    bias_n = None
    if b_ih is not None:
        # The reset gate stands between the two biases of n; those of r and z simply add up.
        weight[-1, : 2 * hidden] += b_ih[: 2 * hidden]
        bias_n = b_ih[2 * hidden :]
    weight[:, : 2 * hidden] *= 0.5

    def sweep(z: Array, run: Run, entering: list[Array]) -> Any:
        return _gru_run(z, run, entering[0], weight, bias_n)

    (output, h), saved = sweep_forward(x, runs, (h0,), input_weight, reverse, sweep)
    return (output, h), saved


def _gru_run(
    z: Array, run: Run, h: Array, weight: Array, bias_n: Array | None
) -> tuple[Array, list[Array], tuple[Array, ...]]:
    """One run; keeps states, gates r, z with the product q, and n."""
    steps, batch, hidden = run.steps, run.batch, h.shape[1]
    hs = state_buffer(h, run)
    gates = np.empty((steps, 3, batch, hidden), z.dtype)
    n = z[..., 2 * hidden :]
    n = n + bias_n if bias_n is not None else n.copy()
    half = np.array(0.5, z.dtype)

    step, states = lanes(gates, batch), lanes(hs, batch)
    of_x = z.reshape(steps, batch, 3, hidden).swapaxes(1, 2)[:, :2]
    total = np.empty((batch, 3 * hidden), z.dtype)
    by_gate = lanes(total.reshape(batch, 3, hidden).swapaxes(0, 1), batch)
    of_h, product = by_gate[:2], by_gate[2]
    total = lanes(total, batch)
    change = np.empty_like(lanes(h, batch), order="C")
    for state, h_t, new_h, x_t, sigmoids, r, update, q, n_t in zip(
        states,
        states[..., :-1],
        states[1:, ..., :-1],
        lanes(of_x, batch),
        step[:, :2],
        step[:, 0],
        step[:, 1],
        step[:, 2],
        lanes(n, batch),
    ):
        np.dot(state, weight, total)
        q[...] = product
        np.add(of_h, x_t, sigmoids)
        np.tanh(sigmoids, sigmoids)
        np.multiply(sigmoids, half, sigmoids)
        np.add(sigmoids, half, sigmoids)
        np.multiply(r, q, change)
        np.add(n_t, change, n_t)
        np.tanh(n_t, n_t)
        np.subtract(h_t, n_t, change)
        np.multiply(update, change, change)
        np.add(n_t, change, new_h)
    return hs[1:, :, :-1], [hs[-1, :, :-1]], (hs, gates, n)


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
    hidden_weight = np.ascontiguousarray(w_hh)

    def sweep(g: Array, run: Run, carried: list[Array], kept: tuple[Array, ...]) -> Any:
        return _gru_run_back(g, run, carried[0], kept, hidden_weight)

    (g_h0,), (g_gates,) = sweep_back(g_output, runs, (or_zeros(g_h, h0),), saved, reverse, sweep)
    # Columns n, r, z, q: the input's weight saw the first three, the recurrent one the last three.
    g_input_gates, g_hidden_gates = g_gates[:, : 3 * hidden], g_gates[:, hidden:]
    g_x = None
    if need_input:
        g_x = (g_input_gates @ np.roll(w_ih, hidden, axis=0)).reshape(x.shape)
    if not need_weights:
        return Gradients(g_x, g_h0, None, None, None, None, None, None)
    g_w_ih, g_w_hh, g_b_hh = weight_gradients(g_input_gates, g_hidden_gates, x, saved, reverse)
    g_w_ih = np.roll(g_w_ih, -hidden, axis=0)
    g_b_ih = g_b_hh.copy()
    g_b_ih[2 * hidden :] = np.ones(len(g_gates), x.dtype) @ g_gates[:, :hidden]
    return Gradients(g_x, g_h0, None, g_w_ih, g_w_hh, g_b_ih, g_b_hh, None)


def _gru_run_back(
    g: Array, run: Run, g_h: Array, kept: tuple[Array, ...], weight: Array
) -> tuple[list[Array], tuple[Array, ...]]:
    """One run back; the block holds the gradients of n (before its tanh), r, z and q."""
    hs, gates, n = kept
    steps, batch, hidden = run.steps, run.batch, g_h.shape[1]
    g_gates = np.empty((steps, batch, 4, hidden), g.dtype)
    by_gate = g_gates.swapaxes(1, 2)

    recurrent = lanes(g_h.copy(), batch)
    direct = np.zeros_like(recurrent)  # past the gates, along z * h
    # What leaves for the recurrent product, r, z and q, in an array of its own: BLAS wants it so.
    leaving = np.empty((batch, 3 * hidden), g.dtype)
    leaving_by_gate = lanes(leaving.reshape(batch, 3, hidden).swapaxes(0, 1), batch)
    leaving = lanes(leaving, batch)
    for chunk in chunks(run, 4 * hidden):
        slopes = _gru_derivatives(gates[chunk], n[chunk], hs[chunk, :, :-1])
        for g_t, slopes_t, update, g_all in zip(
            lanes(g[chunk], batch)[::-1],
            lanes(slopes, batch)[::-1],
            lanes(gates[chunk, 1], batch)[::-1],
            lanes(by_gate[chunk], batch)[::-1],
        ):
            np.add(recurrent, direct, recurrent)
            np.add(g_t, recurrent, g_t)
            np.multiply(slopes_t, g_t, g_all)
            leaving_by_gate[...] = g_all[1:]
            np.dot(leaving, weight, recurrent)
            np.multiply(update, g_t, direct)
    return [recurrent + direct], (g_gates.reshape(steps, batch, 4 * hidden),)


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
    weight = fold_biases(w_hh, b_ih, b_hh)

    def sweep(z: Array, run: Run, entering: list[Array]) -> Any:
        return _rnn_run(z, run, entering[0], weight, nonlinearity)

    (output, h), saved = sweep_forward(x, runs, (h0,), w_ih, reverse, sweep)
    return (output, h), saved


def _rnn_run(
    z: Array, run: Run, h: Array, weight: Array, nonlinearity: str
) -> tuple[Array, list[Array], tuple[Array, ...]]:
    """One run; keeps the states."""
    hs = state_buffer(h, run)
    z = lanes(z, run.batch)
    states = lanes(hs, run.batch)
    total = np.empty(z.shape[1:], z.dtype)
    if nonlinearity == "tanh":
        for state, z_t, new_state in zip(states, z, states[1:, ..., :-1]):
            np.dot(state, weight, total)
            np.add(total, z_t, total)
            np.tanh(total, new_state)
    else:
        zeros = np.zeros_like(total)  # a whole array: NumPy's maximum with a scalar is slower
        for state, z_t, new_state in zip(states, z, states[1:, ..., :-1]):
            np.dot(state, weight, total)
            np.add(total, z_t, total)
            np.maximum(total, zeros, out=new_state)
    return hs[1:, :, :-1], [hs[-1, :, :-1]], (hs,)


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
    hidden_weight = np.ascontiguousarray(w_hh)

    def sweep(g: Array, run: Run, carried: list[Array], kept: tuple[Array, ...]) -> Any:
        return _rnn_run_back(g, run, carried[0], kept[0], hidden_weight, nonlinearity)

    (g_h0,), (g_gates,) = sweep_back(g_output, runs, (or_zeros(g_h, h0),), saved, reverse, sweep)
    g_x = (g_gates @ w_ih).reshape(x.shape) if need_input else None
    if not need_weights:
        return Gradients(g_x, g_h0, None, None, None, None, None, None)
    g_w_ih, g_w_hh, g_b = weight_gradients(g_gates, g_gates, x, saved, reverse)
    return Gradients(g_x, g_h0, None, g_w_ih, g_w_hh, g_b, g_b.copy(), None)


def _rnn_run_back(
    g: Array, run: Run, g_h: Array, hs: Array, weight: Array, nonlinearity: str
) -> tuple[list[Array], tuple[Array, ...]]:
    """One run back; the block holds the gradients before the nonlinearity."""
    batch, hidden = run.batch, g_h.shape[1]
    recurrent = lanes(g_h.copy(), batch)
    for chunk in chunks(run, hidden):
        h = hs[1:, :, :-1][chunk]
        slopes = 1 - h * h if nonlinearity == "tanh" else (h > 0).astype(h.dtype)
        for g_t, slope in zip(lanes(g[chunk], batch)[::-1], lanes(slopes, batch)[::-1]):
            np.add(g_t, recurrent, g_t)
            np.multiply(g_t, slope, g_t)
            np.dot(g_t, weight, recurrent)
    return [recurrent], (g,)
