"""Recurrent structures: one cell run over the first axis of its input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotn.errors import ShapeError
from autotn.layers import Module
from autotn.network.activation import Sigmoid, Tanh, activation_of
from autotn.network.joining import Add, FlatConcat, Flatten, Join, Mul, Split
from autotn.network.neuron import NeuronNet
from autotn.network.structure import Instance, Shape, Structure, shape_of
from autotn.network.structures import Activate, Clone, Constant, Dense
from autotn.ops import cat, flip, linear, stack, zeros
from autotn.ops.recurrent import sweep_layers
from autotn.ops.shape import unbind


def series(input: Any) -> Any:
    """A batch of series as rows: (batch, time, everything else)."""
    count, length = input.shape[:2]
    return input.reshape(count, length, math.prod(input.shape[2:]))


def beginning(given: Any, like: Any, size: int) -> Any:
    """The state before the first step: the given one, else zeros."""
    if given is None:
        return zeros(like.shape[0], size, dtype=like.dtype)
    return given.reshape(like.shape[0], size)


def sweep(kind: str, rows: Any, begin: Sequence[Any], own: Any, recurrent: Any, bias: Any) -> Any:
    """All outputs of one layer, and the last of each state."""
    weights = {"w_ih": own, "w_hh": recurrent, "b_ih": bias}
    first = [state.unsqueeze(0) for state in begin]
    found, last = sweep_layers(kind, rows.transpose(0, 1), first, [weights])
    return (found.transpose(0, 1), *(state.squeeze(0) for state in last))


def check_series(who: str, size: int, in_shape: Shape, others: Sequence[Shape]) -> int:
    """Raise unless there is a time axis and states have `size` elements; the width of a slice."""
    if not in_shape:
        raise ShapeError(f"{who}: needs an input with a first axis to run over, got shape ()")
    for shape in others:
        if math.prod(shape) != size:
            raise ShapeError(f"{who}: a state of {size} elements is needed, got shape {shape}")
    return math.prod(in_shape[1:])


def first(inst: Instance, number: int, size: int) -> tuple[Instance, int]:
    """What a spelled-out recurrence begins with, and its slot: input `number`, else zeros."""
    if number < len(inst.parents):
        return inst.parents[number], inst.input_indexes[number]
    return Constant(np.zeros(size))(), 0


class RNNNet(NeuronNet):
    """One layer of neurons that reads its own last output and the next slice."""

    def __init__(self, size: int, width: int, activation: Any) -> None:
        super().__init__(size + width, size, activation)

    def forward(self, input: Any, state: Any = None) -> Any:
        """All states, and the last."""
        size = self.noutputs
        recurrent, own = self.weight[:, :size], self.weight[:, size:]
        rows = series(input)
        state = beginning(state, rows, size)
        if type(self.activation) is Tanh:
            return sweep("RNN_TANH", rows, (state,), own, recurrent, self.bias)
        states = []
        for drive in unbind(linear(rows, own, self.bias), 1):
            state = self.activation(linear(state, recurrent) + drive)
            states.append(state)
        return stack(states, 1), state


class OneStep(Module):
    """The neurons of a recurrent net on one state and slice, which stand in one row."""

    def __init__(self, net: RNNNet) -> None:
        super().__init__()
        self.net = net

    def forward(self, input: Any) -> Any:
        """The next state."""
        return NeuronNet.forward(self.net, input)


class RNN(Structure):
    """Neurons over the first axis: a dense layer on the last state and the next slice.

    Slots: all states ``(T, size)``, the last state.

    >>> print(tn.RNN(20)(tn.Input((32, 32))()))
    RNN :: [(32, 32)] -> [(32, 20), (20,)]
    """

    def __init__(self, size: Any, activation: Any = None) -> None:
        self.size = math.prod(shape_of(size, type(self).__name__))
        self.activation = activation_of(activation, Tanh, type(self).__name__)

    def __call__(  # type: ignore[override]
        self,
        input_inst: Instance,
        state_inst: Instance | None = None,
        input_index: int = 0,
        state_index: int = 0,
    ) -> Instance:
        """Read slot `input_index` of `input_inst`, beginning with a state (zeros by default)."""
        parents, slots = [input_inst], [input_index]
        if state_inst is not None:
            parents.append(state_inst)
            slots.append(state_index)
        return self.place(parents, slots, input_index=input_index, state_index=state_index)

    def build(self, in_shape: Any, *states: Any) -> Module:
        """The cell."""
        width = check_series("RNN", self.size, in_shape, states)
        return RNNNet(self.size, width, self.activation)

    def spell(self, inst: Instance) -> list[Instance]:
        """All states and the last: a dense layer on the last state and each slice in turn."""
        if not isinstance(inst.module, RNNNet):  # a subclass has built something else
            return inst.parents
        slices = Split()(inst.parents[0], inst.input_indexes[0])
        cell = Clone(Dense((self.size,), self.activation).around(OneStep(inst.module)))
        state, slot = first(inst, 1, self.size)
        states = []
        for k in range(len(slices.output_shapes)):
            state, slot = cell(FlatConcat()([state, slices], [slot, k])), 0
            states.append(state)
        return [Join()(states), state]


class LSTMNet(Module):
    r"""Long short-term memory with gates `forget`, `learn`, `release` and news `info`.

    Each is a layer on the last state h and the slice x; the memory becomes
    :math:`c = f \odot c + l \odot i`, the state :math:`h = r \odot \tanh c`.
    """

    def __init__(self, size: int, width: int, go_backwards: bool) -> None:
        super().__init__()
        self.size = size
        self.go_backwards = go_backwards
        self.forget = NeuronNet(size + width, size, Sigmoid())
        self.learn = NeuronNet(size + width, size, Sigmoid())
        self.release = NeuronNet(size + width, size, Sigmoid())
        self.info = NeuronNet(size + width, size, Tanh())

    def forward(self, input: Any, state: Any = None, memory: Any = None) -> Any:
        """All states in the order they came, the last state, and the last memory."""
        size = self.size
        layers = (self.learn, self.forget, self.info, self.release)  # as the op has them
        weight = cat([layer.weight for layer in layers])
        bias = cat([layer.bias for layer in layers])
        rows = series(input)
        if self.go_backwards:
            rows = flip(rows, (1,))
        begin = (beginning(state, rows, size), beginning(memory, rows, size))
        return sweep("LSTM", rows, begin, weight[:, size:], weight[:, :size], bias)

    def extra_repr(self) -> str:
        """The direction."""
        return f"{self.size}, go_backwards={self.go_backwards}"


class LSTM(Structure):
    """Long short-term memory over the first axis; `nn.LSTM` is PyTorch's layer.

    Slots: all states ``(T, size)``, the last state, the last memory. `go_backwards` begins with
    the last slice, and the states come in the order they were computed.

    >>> print(tn.LSTM(20)(tn.Input((32, 32))()))
    LSTM :: [(32, 32)] -> [(32, 20), (20,), (20,)]
    """

    def __init__(self, size: Any, go_backwards: bool = False) -> None:
        self.size = math.prod(shape_of(size, "LSTM"))
        self.go_backwards = bool(go_backwards)

    def __call__(  # type: ignore[override]
        self,
        input_inst: Instance,
        state_inst: Instance | None = None,
        mem_inst: Instance | None = None,
        input_index: int = 0,
        state_index: int = 0,
        mem_index: int = 0,
    ) -> Instance:
        """Read a slot of `input_inst`, beginning with a state and a memory (zeros by default)."""
        parents, slots = [input_inst], [input_index]
        if state_inst is None and mem_inst is not None:
            state_inst, state_index = Constant(np.zeros(self.size))(), 0
        for parent, slot in ((state_inst, state_index), (mem_inst, mem_index)):
            if parent is not None:
                parents.append(parent)
                slots.append(slot)
        indexes = dict(input_index=input_index, state_index=state_index, mem_index=mem_index)
        return self.place(parents, slots, **indexes)

    def build(self, in_shape: Any, *states: Any) -> Module:
        """The four layers."""
        width = check_series("LSTM", self.size, in_shape, states)
        return LSTMNet(self.size, width, self.go_backwards)

    def spell(self, inst: Instance) -> list[Instance]:
        """All states, the last one and the last memory, by the formula of `LSTMNet`."""
        net = inst.module
        if not isinstance(net, LSTMNet):
            return inst.parents
        slices = Split()(inst.parents[0], inst.input_indexes[0])
        sigmoids = [
            Clone(Dense((self.size,), Sigmoid()).around(gate))
            for gate in (net.forget, net.learn, net.release)
        ]
        news = Clone(Dense((self.size,), Tanh()).around(net.info))
        state, slot = first(inst, 1, self.size)
        memory, kept = first(inst, 2, self.size)
        if memory.output_shapes[kept] != (self.size,):
            memory, kept = Flatten()(memory, kept), 0
        order = range(len(slices.output_shapes))
        states = []
        for k in reversed(order) if self.go_backwards else order:
            row = FlatConcat()([state, slices], [slot, k])
            forget, learn, release = (gate(row) for gate in sigmoids)
            remembered = Mul()([memory, forget], [kept, 0])
            memory, kept = Add()([remembered, Mul()([learn, news(row)])]), 0
            state, slot = Mul()([Activate(Tanh())(memory), release]), 0
            states.append(state)
        return [Join()(states), state, memory]
