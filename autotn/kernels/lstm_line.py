r"""An LSTM with a small state over one sequence, where time is what calls cost: as few per step as will do.

Its numbers are those of `autotn.kernels.rnn`, its arrays vectors, the work of a step always at the same
place: a step costs few new views, and no call broadcasts where it needn't.

**Forward.** All gates are ``tanh``, of halved sums for the sigmoid ones: ``2 σ(z) = 1 + tanh(z/2)``. The twos are
not divided out one by one. That of c is, in the sum of its two products; that of h stays: what rides
with it (ones, the input) is doubled, too, and the weights are halved.

**Backward.** A step is linear in the arriving gradients of c and h: all gates and the next gradient of c are
multiples of the one plus multiples of the other. These factors do not depend on them, and are
prepared for all steps at once. What remains is a call that multiplies, and a product with a matrix of
weights and ones that adds up, the gradient of the step's output among the rest.
"""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np

from autotn.kernels.sweep import Array, direction

#: Units up to which the larger product of a step back takes less time than the calls it saves.
SMALL = 64


class Line(NamedTuple):
    """What the forward sweep leaves for the backward one, steps as processed."""

    #: (steps + 1, h · 1 · x), all doubled, before each step.
    states: Array
    #: (steps + 1, 5, hidden): c before each step, and the tanh of i, f, g, o.
    gates: Array


def suits(x: Array, c: Array) -> bool:
    """True for one sequence and a small state."""
    return x.ndim == 3 and x.shape[1] == 1 and c.shape[1] <= SMALL


@functools.cache
def _constants(hidden: int, dtype: Any) -> tuple[Array, Array, Array]:
    """By gate i, f, g, o what weights are multiplied by, and what is added to a tanh; two halves."""
    by_gate = np.array([[0.25, 0.25, 0.5, 0.25], [1, 1, 0, 1]], dtype)
    scale, shift = np.repeat(by_gate, hidden, axis=1)
    return scale, shift, np.full(2, 0.5, dtype)


@functools.lru_cache(maxsize=8)
def _ones(hidden: int, dtype: Any) -> Array:
    """`_adding_up` without the weights."""
    matrix = np.zeros((11, hidden, 2, hidden), dtype)
    matrix[8, :, 0] = matrix[9, :, 0] = matrix[10, :, 1] = np.eye(hidden, dtype=dtype)
    return matrix


def _adding_up(w_hh: Array, hidden: int, dtype: Any) -> Array:
    """Makes the gradients of c and h of the parts of those of i, f, g, o, c, and of the output's."""
    matrix = _ones(hidden, dtype).copy()
    matrix[:8].reshape(4, 2, hidden, 2, hidden)[..., 1, :] = w_hh.reshape(4, 1, hidden, hidden)
    return matrix.reshape(11 * hidden, 2 * hidden).T


def sweep(
    x: Array,
    h0: Array,
    c0: Array,
    w_ih: Array,
    w_hh: Array,
    b_ih: Array | None,
    b_hh: Array | None,
    reverse: bool,
) -> tuple[tuple[Array, ...], Line]:
    """Output, last h and c, and what `sweep_back` needs."""
    steps, hidden, dtype = len(x), c0.shape[1], h0.dtype
    scale, shift, halves = _constants(hidden, dtype)
    states = np.empty((steps + 1, hidden + 1 + x.shape[2]), dtype)
    np.multiply(h0[0], 2, states[0, :hidden])
    states[:, hidden] = 2
    np.multiply(x[direction(reverse), 0], 2, states[:-1, hidden + 1 :])
    weight = np.empty((states.shape[1], 4 * hidden), dtype)
    weight[:hidden] = w_hh.T
    weight[hidden] = 0
    for bias in (b_ih, b_hh):
        if bias is not None:
            weight[hidden] += bias
    weight[hidden + 1 :] = w_ih.T
    weight *= scale

    work, gates = np.empty(5 * hidden, dtype), np.empty((steps + 1, 5 * hidden), dtype)
    work[:hidden] = c0[0]
    c, total, o = work[:hidden], work[hidden:], work[4 * hidden :]
    c_i, f_g = work[: 2 * hidden], work[2 * hidden : 4 * hidden]
    tanh_c, products = np.empty_like(c), np.empty_like(c_i)
    both = products.reshape(2, hidden)
    product, halve = weight.T.dot, halves.dot
    add, multiply, tanh = np.add, np.multiply, np.tanh
    for state, new_state, gates_t in zip(states, states[1:, :hidden], gates):
        product(state, total)
        tanh(total, total)
        gates_t[...] = work
        add(total, shift, total)
        multiply(c_i, f_g, products)
        halve(both, c)
        tanh(c, tanh_c)
        multiply(o, tanh_c, new_state)
    gates[-1, :hidden] = c
    output = np.empty((steps, 1, hidden), dtype)
    np.multiply(states[1:, :hidden], 0.5, output[direction(reverse), 0])
    last = output[0 if reverse else -1].copy(), c.reshape(1, hidden).copy()
    return (output, *last), Line(states, gates.reshape(steps + 1, 5, hidden))


def sweep_back(
    g_results: tuple[Array | None, Array | None, Array | None],
    w_ih: Array,
    w_hh: Array,
    kept: Line,
    reverse: bool,
    need_input: bool,
    need_weights: bool,
) -> tuple[Array | None, ...]:
    """Gradients by x, h0, c0, both weights and both biases, from those of `sweep`'s results."""
    states, gates = kept
    g_output, g_h, g_c = g_results
    steps, hidden, dtype = len(gates) - 1, gates.shape[2], gates.dtype
    rows = np.empty((steps, 11, hidden), dtype)
    factors = rows[:, :10].reshape(steps, 5, 2, hidden)  # i, f, g, o, c: by c, by h
    _prepare(gates, factors)
    state = np.zeros((2, hidden), dtype)
    if g_c is not None:
        state[0] = g_c[0]
    if g_h is not None:
        state[1] = g_h[0]
    rows[:, 10] = 0
    if g_output is not None:
        g = g_output[direction(reverse), 0]
        state[1] += g[-1]
        rows[1:, 10] = g[:-1]

    product, multiply, flat = _adding_up(w_hh, hidden, dtype).dot, np.multiply, state.reshape(-1)
    for factors_t, all_t in zip(factors[::-1], rows.reshape(steps, 11 * hidden)[::-1]):
        multiply(factors_t, state, factors_t)
        product(all_t, flat)

    g_gates = np.add(factors[:, :4, 0], factors[:, :4, 1]).reshape(steps, 4 * hidden)
    g_x = None
    if need_input:
        g_x = np.ascontiguousarray((g_gates @ w_ih)[direction(reverse), None])
    g_c0, g_h0 = state[:1], state[1:]
    if not need_weights:
        return g_x, g_h0, g_c0, None, None, None, None
    folded = g_gates.T @ states[:-1]
    g_w_hh, g_b = folded[:, :hidden] * 0.5, folded[:, hidden] * 0.5
    return g_x, g_h0, g_c0, folded[:, hidden + 1 :] * 0.5, g_w_hh, g_b, g_b.copy()


def _prepare(gates: Array, factors: Array) -> None:
    """Write what the gradients of c and h after a step are multiplied by.

    A sigmoid's slope is a quarter of that of its tanh. The gradient of h reaches c through o * tanh(c).
    """
    by_gate = gates.transpose(1, 0, 2).copy()  # for long rows
    tanhs, c = by_gate[1:, :-1], by_gate[0]
    sigmoids = tanhs * 0.5
    sigmoids += 0.5
    slopes = tanhs * tanhs
    np.subtract(1, slopes, slopes)
    tanh_c = np.tanh(c[1:])
    others = np.empty_like(slopes)
    np.multiply(tanhs[2], 0.25, others[0])
    np.multiply(c[:-1], 0.25, others[1])
    others[2] = sigmoids[0]
    np.multiply(tanh_c, 0.25, others[3])
    slopes *= others
    tanh_c *= tanh_c
    to_c = np.subtract(1, tanh_c, tanh_c)
    to_c *= sigmoids[3]
    by_c, by_h = factors.transpose(2, 1, 0, 3)
    by_c[:3], by_c[3], by_c[4] = slopes[:3], 0, sigmoids[1]
    np.multiply(slopes[:3], to_c, by_h[:3])
    by_h[3] = slopes[3]
    np.multiply(sigmoids[1], to_c, by_h[4])
