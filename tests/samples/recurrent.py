"""Samples for ``ops/recurrent.py``; the layers are compared with PyTorch's in ``tests/layers``."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from autotn.testing import ErrorSample, Sample, samples


def _inputs(array: Any, gates: int, states: int, batch: int = 2, **kind: Any) -> list[Any]:
    """Steps of a batch, first states and weights, for 2 features and 3 hidden ones."""
    first = [array(batch, 3, **kind) for _ in range(states)]
    return [
        array(4, batch, 2, **kind),
        *first,
        array(gates * 3, 2, **kind),
        array(gates * 3, 3, **kind),
    ]


def _sweeps(array: Any, gates: int, states: int) -> Any:
    yield Sample(*_inputs(array, gates, states))
    yield Sample(*_inputs(array, gates, states), array(gates * 3), array(gates * 3), reverse=True)
    yield Sample(*_inputs(array, gates, states, batch=1), array(gates * 3), array(gates * 3))
    yield Sample(*_inputs(array, gates, states, dtype=np.float32), _tol=10)
    packed = _inputs(array, gates, states, batch=3)
    packed[0] = array(6, 2)
    for reverse in (False, True):
        yield Sample(*packed, batch_sizes=(3, 2, 1), reverse=reverse)
    wrong = _inputs(array, gates, states)
    wrong[0] = array(4, 2, 5)
    yield ErrorSample(*wrong, raises=ValueError, match="w_ih must be")


@samples("lstm_sweep", torch=None)
def _(array):
    yield from _sweeps(array, 4, 2)
    x, h, c, w_ih, w_hh = _inputs(array, 4, 2)
    yield Sample(x, h[:, :2], c, w_ih, w_hh[:, :2], w_hr=array(2, 3))


@samples("gru_sweep", torch=None)
def _(array):
    yield from _sweeps(array, 3, 1)


@samples("rnn_sweep", torch=None)
def _(array):
    yield from _sweeps(array, 1, 1)
    yield Sample(*_inputs(array, 1, 1), nonlinearity="relu")


def _cells(array: Any, gates: int, pair: bool) -> Any:
    weights = [array(gates * 3, 2), array(gates * 3, 3)]
    biases = [array(gates * 3), array(gates * 3)]

    def state(*shape: int) -> Any:
        return (array(*shape), array(*shape)) if pair else array(*shape)

    yield Sample(array(4, 2), state(4, 3), *weights)
    yield Sample(array(4, 2), state(4, 3), *weights, *biases)
    yield ErrorSample(array(4, 3), state(4, 3), *weights, raises=RuntimeError, match="input_size")
    yield ErrorSample(array(4, 2), state(4, 4), *weights, raises=RuntimeError, match="hidden_size")
    yield ErrorSample(array(4, 2), state(3, 3), *weights, raises=RuntimeError, match="batch size")


for _name, _gates in (("lstm", 4), ("gru", 3), ("rnn_relu", 1), ("rnn_tanh", 1)):
    samples(f"{_name}_cell")(partial(_cells, gates=_gates, pair=_name == "lstm"))
