"""Recurrent nets: a whole sequence through one layer in one op, and single steps.

Three fused ops, one per kind of cell, sweep the kernels of `autotn.kernels.rnn` over a sequence,
padded or packed. Their references are the textbook loops. `sweep_layers` stacks them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotn.core.op import Arr, composite, op
from autotn.core.tensor import Tensor
from autotn.errors import DTypeError, ShapeError
from autotn.kernels import rnn as kernels
from autotn.ops.activation import relu
from autotn.ops.dropout import dropout
from autotn.ops.join import cat, stack
from autotn.ops.matmul import linear
from autotn.ops.transcendental import sigmoid
from autotn.ops.trigonometry import tanh

__all__ = ["gru_cell", "lstm_cell", "rnn_relu_cell", "rnn_tanh_cell"]

#: How many sequences have a first, second, … step; None for an ordinary batch.
BatchSizes = tuple[int, ...] | None


# -- whole sequences ---------------------------------------------------------------------------


@op(aux=("saved",))
def _lstm_sweep(
    input: Arr,
    h0: Arr,
    c0: Arr,
    w_ih: Arr,
    w_hh: Arr,
    b_ih: Arr | None = None,
    b_hh: Arr | None = None,
    w_hr: Arr | None = None,
    batch_sizes: BatchSizes = None,
    reverse: bool = False,
) -> tuple[Arr, ...]:
    """One LSTM layer in one direction: all outputs, the last state and the last cell state.

    >>> nn.LSTM(2, 3)(tn.ones(4, 1, 2))[0].shape
    tn.Size([4, 1, 3])
    """
    options: Any = {"batch_sizes": batch_sizes, "reverse": reverse}
    found, saved = kernels.lstm(input, h0, c0, w_ih, w_hh, b_ih, b_hh, w_hr, **options)
    return found, (saved,)


@_lstm_sweep.grad
def _(
    g: Any,
    input: Any,
    h0: Any,
    c0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any,
    w_hr: Any,
    batch_sizes: BatchSizes,
    reverse: bool,
    saved: Any,
    needs: tuple[bool, ...],
) -> Any:
    found = kernels.lstm_backward(
        g[0],
        g[1],
        g[2],
        input,
        h0,
        c0,
        w_ih,
        w_hh,
        w_hr,
        saved,
        batch_sizes=batch_sizes,
        reverse=reverse,
        need_input=needs[0],
        need_weights=any(needs[3:]),
    )
    return tuple(one if need else None for one, need in zip(found, needs))


@_lstm_sweep.reference
def _(
    input: Any,
    h0: Any,
    c0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    w_hr: Any = None,
    batch_sizes: BatchSizes = None,
    reverse: bool = False,
) -> Any:
    def step(x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
        h, c = state
        i, f, g, o = _gates(4, linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh))
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)
        return h if w_hr is None else linear(h, w_hr), c

    return _steps(step, input, (h0, c0), batch_sizes, reverse)


@op(aux=("saved",))
def _gru_sweep(
    input: Arr,
    h0: Arr,
    w_ih: Arr,
    w_hh: Arr,
    b_ih: Arr | None = None,
    b_hh: Arr | None = None,
    batch_sizes: BatchSizes = None,
    reverse: bool = False,
) -> tuple[Arr, ...]:
    """One GRU layer in one direction: all outputs and the last state.

    >>> nn.GRU(2, 3)(tn.ones(4, 1, 2))[0].shape
    tn.Size([4, 1, 3])
    """
    options: Any = {"batch_sizes": batch_sizes, "reverse": reverse}
    found, saved = kernels.gru(input, h0, w_ih, w_hh, b_ih, b_hh, **options)
    return found, (saved,)


@_gru_sweep.grad
def _(
    g: Any,
    input: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    batch_sizes: BatchSizes,
    reverse: bool,
    saved: Any,
    needs: tuple[bool, ...],
) -> Any:
    found = kernels.gru_backward(
        g[0],
        g[1],
        input,
        h0,
        w_ih,
        w_hh,
        saved,
        batch_sizes=batch_sizes,
        reverse=reverse,
        need_input=needs[0],
        need_weights=any(needs[2:]),
    )
    return _without_cell(found, needs)


@_gru_sweep.reference
def _(
    input: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    batch_sizes: BatchSizes = None,
    reverse: bool = False,
) -> Any:
    def step(x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
        (h,) = state
        x_r, x_z, x_n = _gates(3, linear(x, w_ih, b_ih))
        h_r, h_z, h_n = _gates(3, linear(h, w_hh, b_hh))
        z = sigmoid(x_z + h_z)
        n = tanh(x_n + sigmoid(x_r + h_r) * h_n)
        return (n + z * (h - n),)

    return _steps(step, input, (h0,), batch_sizes, reverse)


@op(aux=("saved",))
def _rnn_sweep(
    input: Arr,
    h0: Arr,
    w_ih: Arr,
    w_hh: Arr,
    b_ih: Arr | None = None,
    b_hh: Arr | None = None,
    batch_sizes: BatchSizes = None,
    reverse: bool = False,
    nonlinearity: str = "tanh",
) -> tuple[Arr, ...]:
    """One layer of a simple recurrent net in one direction: all outputs and the last state.

    >>> nn.RNN(2, 3)(tn.ones(4, 1, 2))[0].shape
    tn.Size([4, 1, 3])
    """
    if nonlinearity == "relu" and input.dtype.kind == "c":
        raise DTypeError("rnn: relu is not defined for complex numbers")
    options: Any = {"batch_sizes": batch_sizes, "reverse": reverse}
    found, saved = kernels.rnn(
        input, h0, w_ih, w_hh, b_ih, b_hh, nonlinearity=nonlinearity, **options
    )
    return found, (saved,)


@_rnn_sweep.grad
def _(
    g: Any,
    input: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    batch_sizes: BatchSizes,
    reverse: bool,
    nonlinearity: str,
    saved: Any,
    needs: tuple[bool, ...],
) -> Any:
    found = kernels.rnn_backward(
        g[0],
        g[1],
        input,
        h0,
        w_ih,
        w_hh,
        saved,
        nonlinearity=nonlinearity,
        batch_sizes=batch_sizes,
        reverse=reverse,
        need_input=needs[0],
        need_weights=any(needs[2:]),
    )
    return _without_cell(found, needs)


@_rnn_sweep.reference
def _(
    input: Any,
    h0: Any,
    w_ih: Any,
    w_hh: Any,
    b_ih: Any = None,
    b_hh: Any = None,
    batch_sizes: BatchSizes = None,
    reverse: bool = False,
    nonlinearity: str = "tanh",
) -> Any:
    activation = tanh if nonlinearity == "tanh" else relu

    def step(x: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
        return (activation(linear(x, w_ih, b_ih) + linear(state[0], w_hh, b_hh)),)

    return _steps(step, input, (h0,), batch_sizes, reverse)


def _without_cell(found: kernels.Gradients, needs: tuple[bool, ...]) -> Any:
    """The gradients of a net whose only state is h."""
    g_input, g_h0, _, *weights = found
    return tuple(one if need else None for one, need in zip((g_input, g_h0, *weights), needs))


def _gates(count: int, total: Any) -> list[Any]:
    """The equal parts of the last dimension."""
    size = total.shape[-1] // count
    return [total[..., k * size : (k + 1) * size] for k in range(count)]


def _steps(
    step: Callable[[Any, tuple[Any, ...]], tuple[Any, ...]],
    input: Any,
    state: tuple[Any, ...],
    batch_sizes: BatchSizes,
    reverse: bool,
) -> Any:
    """Run `step` through time; a step of a packed batch touches the rows that have it."""
    if batch_sizes is None:
        parts = [input[k] for k in range(input.shape[0])]
    else:
        ends = np.cumsum(batch_sizes).tolist()
        parts = [input[end - size : end] for end, size in zip(ends, batch_sizes)]
    outputs = []
    for part in parts[::-1] if reverse else parts:
        rows = part.shape[0]
        new = step(part, tuple(s[:rows] for s in state))
        outputs.append(new[0])
        if rows < state[0].shape[0]:
            new = tuple(cat([n, s[rows:]], 0) for n, s in zip(new, state))
        state = new
    if reverse:
        outputs.reverse()
    return (stack(outputs, 0) if batch_sizes is None else cat(outputs, 0), *state)


# -- layers upon layers ------------------------------------------------------------------------

#: The op of each mode of `nn.RNNBase`, and what it needs to know beyond the weights.
SWEEPS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "LSTM": (_lstm_sweep, {}),
    "GRU": (_gru_sweep, {}),
    "RNN_TANH": (_rnn_sweep, {"nonlinearity": "tanh"}),
    "RNN_RELU": (_rnn_sweep, {"nonlinearity": "relu"}),
}


def sweep_layers(
    mode: str,
    input: Any,
    states: Sequence[Any],
    weights: Sequence[dict[str, Any]],
    directions: int = 1,
    dropout_p: float = 0.0,
    batch_sizes: BatchSizes = None,
) -> tuple[Any, list[Any]]:
    """The outputs of the last of several layers, and the last states of all of them.

    Parameters
    ----------
    states : sequence of Tensor, or of lists of Tensors
        First states, (layers · directions, batch, features) each.
    weights : sequence of dict
        For each layer and direction, by the parameter names of the ops.
    directions : int
        2: each layer runs forwards and backwards, and the next one sees both outputs.
    dropout_p : float
        The share dropped between layers.
    """
    sweep, options = SWEEPS[mode]
    last: list[Any] = []
    for layer in range(0, len(weights), directions):
        if layer and dropout_p:
            input = dropout(input, dropout_p, True)
        outputs = []
        for k in range(directions):
            begin = [state[layer + k] for state in states]
            output, *end = sweep(
                input,
                *begin,
                **weights[layer + k],
                batch_sizes=batch_sizes,
                reverse=k == 1,
                **options,
            )
            outputs.append(output)
            last.append(end)
        input = cat(outputs, -1) if directions == 2 else outputs[0]
    if len(last) == 1:
        return input, [state.reshape((1, *state.shape)) for state in last[0]]
    return input, [stack(each, 0) for each in zip(*last)]


# -- single steps ------------------------------------------------------------------------------


def _step(name: str, input: Any, states: Sequence[Any], weights: Sequence[Any], gates: int) -> Any:
    """The states after one step, of a batch or of one sample."""
    w_ih, w_hh, b_ih, b_hh = weights
    single = input.ndim == 1
    if input.shape[-1] != w_ih.shape[1]:
        raise ShapeError(
            f"{name}: input has inconsistent input_size: got {input.shape[-1]} "
            f"expected {w_ih.shape[1]}"
        )
    for k, state in enumerate(states):
        if state.shape[-1] * gates != w_hh.shape[0]:
            raise ShapeError(
                f"{name}: hidden{k} has inconsistent hidden_size: got {state.shape[-1]}, "
                f"expected {w_hh.shape[0] // gates}"
            )
        if tuple(state.shape[:-1]) != tuple(input.shape[:-1]):
            raise ShapeError(
                f"{name}: Input batch size {list(input.shape[:-1])} doesn't match hidden{k} "
                f"batch size {list(state.shape[:-1])}"
            )
    if single:
        input, states = input.reshape((1, -1)), [state.reshape((1, -1)) for state in states]
    sweep, options = SWEEPS[name]
    _, *new = sweep(input.reshape((1, *input.shape)), *states, w_ih, w_hh, b_ih, b_hh, **options)
    return [state.reshape((-1,)) for state in new] if single else new


@composite()
def lstm_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> tuple[Any, Any]:
    r"""One step of an LSTM: :math:`c' = f c + i \tanh(g),\ h' = o \tanh(c')`.

    Parameters
    ----------
    hx : pair of Tensor
        h and c.
    w_ih, w_hh, b_ih, b_hh : Tensor
        Rows in the order i, f, g, o.

    >>> h = c = tn.zeros(1, 1)
    >>> tn.lstm_cell(tn.ones(1, 1), (h, c), tn.zeros(4, 1), tn.zeros(4, 1))[0]
    tensor([[0.]])
    """
    h, c = _step("LSTM", input, hx, (w_ih, w_hh, b_ih, b_hh), 4)
    return h, c


@composite()
def gru_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    r"""One step of a GRU: :math:`n = \tanh(x_n + r h_n),\ h' = (1 - z) n + z h`.

    >>> tn.gru_cell(tn.ones(1, 1), tn.ones(1, 1), tn.zeros(3, 1), tn.zeros(3, 1))
    tensor([[0.5000]])
    """
    return _step("GRU", input, [hx], (w_ih, w_hh, b_ih, b_hh), 3)[0]


@composite()
def rnn_tanh_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    r"""One step of a simple recurrent net: :math:`h' = \tanh(W x + U h + b)`.

    >>> tn.rnn_tanh_cell(tn.ones(1, 1), tn.zeros(1, 1), tn.ones(1, 1), tn.zeros(1, 1))
    tensor([[0.7616]])
    """
    return _step("RNN_TANH", input, [hx], (w_ih, w_hh, b_ih, b_hh), 1)[0]


@composite()
def rnn_relu_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    r"""One step of a simple recurrent net with relu: :math:`h' = \max(0, W x + U h + b)`.

    >>> tn.rnn_relu_cell(tn.ones(1, 1), tn.zeros(1, 1), tn.ones(1, 1), tn.zeros(1, 1))
    tensor([[1.]])
    """
    return _step("RNN_RELU", input, [hx], (w_ih, w_hh, b_ih, b_hh), 1)[0]


def same_dtype(name: str, input: Tensor, weight: Tensor) -> None:
    """Refuse an input that does not have the weights' dtype, saying how to convert it."""
    if input.dtype != weight.dtype:
        raise DTypeError(
            f"{name}: RNN input dtype ({input.dtype}) does not match weight dtype "
            f"({weight.dtype}). Convert input: input.to({weight.dtype}), or convert model: "
            f"model.to({input.dtype})"
        )


for _sweep in (_lstm_sweep, _gru_sweep, _rnn_sweep):
    _sweep.takes("fc", "A state has no slope in integers; use .float()")
