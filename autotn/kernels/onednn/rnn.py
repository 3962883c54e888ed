"""LSTM, GRU and simple RNN in oneDNN's terms: one layer, one direction, a whole sequence per call.

Axes are named as in the library's manual: l layers, d directions (one of each here), t steps,
n batch, c channels, i inputs, g gates, o outputs. A weight ``(g · o, i)`` is read as ``(i, g, o)``
by its strides. Gates of an LSTM stand in PyTorch's order; those of a GRU are put into oneDNN's.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autotn.kernels.onednn.library import Refused
from autotn.kernels.onednn.primitive import Call, Given, Maker
from autotn.kernels.onednn.switch import SWITCH
from autotn.kernels.window import Array

FORWARD_TRAINING, BACKWARD = 64, 128
LEFT_TO_RIGHT, RIGHT_TO_LEFT = 1, 2
TANH, RELU = 0x21, 0x20

#: Multiplications below which a call costs more than it saves.
LEAST = 1 << 13

#: The gradients by the weights replace what stood there (else they are added).
OVERWRITE = 1

SRC_LAYER, SRC_ITER, SRC_ITER_C = 1, 2, 3
DST_LAYER, DST_ITER, DST_ITER_C = 17, 18, 19
WEIGHTS_LAYER, WEIGHTS_ITER, BIAS = 33, 34, 41

#: From the name of an argument to that of its gradient.
DIFF = 128


class Kept(NamedTuple):
    """What the forward sweep leaves for the backward one."""

    weights: tuple[Array, Array, Array]
    states: tuple[Array, ...]
    results: tuple[Array, ...]
    workspace: Array
    threads: int


class Problem(NamedTuple):
    """What is known of a sweep before it runs."""

    kind: str
    steps: int
    batch: int
    inputs: int
    hidden: int
    reverse: bool

    @staticmethod
    def of(kind: str, x: Array, state: Array, reverse: bool) -> Problem:
        """The sweep over these arrays."""
        steps, batch, inputs = x.shape
        return Problem(kind, steps, batch, inputs, state.shape[1], reverse)

    @property
    def gates(self) -> int:
        """Blocks of rows of the weights."""
        return {"lstm": 4, "gru": 3}.get(self.kind, 1)

    @property
    def biases(self) -> int:
        """Blocks of the bias: the two of a GRU's n do not add up."""
        return 4 if self.kind == "gru" else self.gates

    def state(self, name: int, output: bool = False) -> Given:
        """A first or last state."""
        shape = (self.batch, self.hidden)
        return Given(name, shape, output, dims=(1, 1, *shape))

    def given(self) -> list[Given]:
        """Input, states, weights, bias."""
        g, h, i = self.gates, self.hidden, self.inputs
        found = [Given(SRC_LAYER, (self.steps, self.batch, i)), self.state(SRC_ITER)]
        if self.kind == "lstm":
            found.append(self.state(SRC_ITER_C))
        for name, n in ((WEIGHTS_LAYER, i), (WEIGHTS_ITER, h)):
            rows = (g * h * n, g * h * n, 1, h * n, n)
            found.append(Given(name, (g * h, n), dims=(1, 1, n, g, h), strides=rows))
        bias = (self.biases, h)
        return [*found, Given(BIAS, bias, dims=(1, 1, *bias))]

    def results(self) -> list[Given]:
        """All outputs, and the last states."""
        shape = (self.steps, self.batch, self.hidden)
        found = [Given(DST_LAYER, shape, output=True), self.state(DST_ITER, output=True)]
        if self.kind == "lstm":
            found.append(self.state(DST_ITER_C, output=True))
        return found

    def layouts(self, maker: Maker) -> list[int | None]:
        """Layouts of everything in the order the library asks for: only weights are free."""
        found: list[int | None] = []
        for one in [*self.given(), *self.results()]:
            shape = one.dims or one.shape
            weight = one.name in (WEIGHTS_LAYER, WEIGHTS_ITER)
            found.append(maker.free(shape) if weight else maker.plain(shape))
            if self.kind == "lstm" and one.name == WEIGHTS_ITER:
                found += [None, None]  # peepholes, projection
        return found

    def descriptor(self, maker: Maker, pass_: int, rest: list[Any]) -> int:
        """The descriptor of a pass."""
        way = RIGHT_TO_LEFT if self.reverse else LEFT_TO_RIGHT
        flags = OVERWRITE if pass_ == BACKWARD else 0
        suffix = "forward" if pass_ == FORWARD_TRAINING else "backward"
        layouts = self.layouts(maker)
        if pass_ == BACKWARD:
            layouts += self.layouts(maker)
        if self.kind in ("lstm", "gru"):
            name = "lstm" if self.kind == "lstm" else "lbr_gru"
            return maker.descriptor(f"{name}_{suffix}", pass_, way, *layouts, flags, *rest)
        activation = TANH if self.kind == "tanh" else RELU
        return maker.descriptor(
            f"vanilla_rnn_{suffix}", pass_, activation, way, *layouts, flags, 0.0, 0.0, *rest
        )

    def forward(self, maker: Maker) -> Call:
        """Input, states, weights, bias; then the results."""
        descriptor = self.descriptor(maker, FORWARD_TRAINING, [])
        return Call(maker, descriptor, [*self.given(), *self.results()])

    def backward(self, maker: Maker) -> Call:
        """What forward took and gave, then gradients of the results, then those of what it took."""
        hint = self.descriptor(maker, FORWARD_TRAINING, [])
        descriptor = self.descriptor(maker, BACKWARD, [hint])
        given, results = self.given(), [r._replace(output=False) for r in self.results()]
        return Call(
            maker,
            descriptor,
            [
                *(*given, *results),
                *(r._replace(name=r.name + DIFF) for r in results),
                *(one._replace(name=one.name + DIFF, output=True) for one in given),
            ],
        )


def sweep(
    kind: str,
    x: Array,
    states: tuple[Array, ...],
    weights: tuple[Array, Array],
    biases: tuple[Array | None, Array | None],
    reverse: bool,
) -> tuple[tuple[Array, ...], Kept] | None:
    """Outputs with last states, and what is kept; None where the NumPy kernel is to do it."""
    arrays = [a for a in (x, *states, *weights, *biases) if a is not None]
    if x.size == 0 or any(a.dtype != np.float32 for a in arrays):
        return None
    problem = Problem.of(kind, x, states[0], reverse)
    work = x.shape[0] * x.shape[1] * weights[1].size
    if (work < LEAST and SWITCH.choosy) or not SWITCH.ready():
        return None
    prepared = _prepared(problem, weights, biases)
    return _run(problem, np.ascontiguousarray(x), _contiguous(states), prepared)


def _run(
    problem: Problem,
    x: Array,
    states: tuple[Array, ...],
    weights: tuple[Array, Array, Array],
) -> tuple[tuple[Array, ...], Kept] | None:
    session = SWITCH.the_session()
    call = session.find((problem, "forward"), problem.forward)
    if call is None:
        return None
    results = tuple(np.empty(one.shape, np.float32) for one in problem.results())
    workspace = call.new_workspace()
    call(x, *states, *weights, *results, workspace=workspace)
    # The backward sweep reads the results again; those that are returned may be written to.
    kept = Kept(weights, states, results, workspace, session.threads)
    return tuple(one.copy() for one in results), kept


def sweep_back(
    kind: str, kept: Kept, x: Array, g_results: tuple[Array | None, ...], reverse: bool
) -> tuple[Array, ...]:
    """Gradients by input, states, weights and both biases."""
    problem = Problem.of(kind, x, kept.states[0], reverse)
    session = SWITCH.the_session()
    x = np.ascontiguousarray(x, np.float32)  # a half-precision input was swept in single
    call = session.find((problem, "backward"), problem.backward)
    if session.threads != kept.threads:  # the workspace was laid out for another number of threads
        again = _run(problem, x, kept.states, kept.weights)
        kept = kept if again is None else again[1]
    if call is None:
        raise Refused("oneDNN: no backward sweep for a forward one")
    g_all = [
        np.zeros(one.shape, np.float32) if g is None else np.ascontiguousarray(g, np.float32)
        for one, g in zip(problem.results(), g_results)
    ]
    found = tuple(np.empty(one.shape, np.float32) for one in problem.given())
    call(*(x, *kept.states, *kept.weights, *kept.results, *g_all, *found), workspace=kept.workspace)
    return _restored(problem, found)


def _contiguous(arrays: tuple[Array, ...]) -> tuple[Array, ...]:
    return tuple(np.ascontiguousarray(a) for a in arrays)


def _prepared(
    problem: Problem, weights: tuple[Array, Array], biases: tuple[Array | None, Array | None]
) -> tuple[Array, Array, Array]:
    """Weights and bias as the library wants them."""
    w_ih, w_hh = weights
    shape = (problem.gates, problem.hidden)
    b_ih, b_hh = (np.zeros(shape, np.float32) if b is None else b.reshape(shape) for b in biases)
    if problem.kind != "gru":
        return np.ascontiguousarray(w_ih), np.ascontiguousarray(w_hh), b_ih + b_hh
    bias = np.empty((4, problem.hidden), np.float32)
    np.add(b_ih[[1, 0]], b_hh[[1, 0]], out=bias[:2])
    bias[2], bias[3] = b_ih[2], b_hh[2]
    return _reordered(w_ih, problem.hidden), _reordered(w_hh, problem.hidden), bias


def _reordered(w: Array, hidden: int) -> Array:
    """A GRU's rows from PyTorch's order to the library's, or back."""
    return w.reshape(3, hidden, -1)[[1, 0, 2]].reshape(w.shape)


def _restored(problem: Problem, found: tuple[Array, ...]) -> tuple[Array, ...]:
    """The gradients, with the bias' one as that of both biases, in PyTorch's order."""
    *others, w_ih, w_hh, bias = found
    if problem.kind != "gru":
        flat = bias.reshape(-1)
        return (*others, w_ih, w_hh, flat, flat.copy())
    hidden = problem.hidden
    b_ih, b_hh = bias[[1, 0, 2]].reshape(-1), bias[[1, 0, 3]].reshape(-1)
    return (*others, _reordered(w_ih, hidden), _reordered(w_hh, hidden), b_ih, b_hh)
