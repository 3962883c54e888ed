"""Samples for ``ops/sequence.py``: padded and packed, layers, directions, projections."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from autotn.testing import ErrorSample, Sample, samples

HIDDEN = 2
SIZES = np.array([3, 2, 2], np.int64)
#: How many sequences have a step decides which shapes are computed: no numbers of an example's own.
SKIP = ("vmap",)


def _params(array: Any, gates: int, layers: int, directions: int, biases: bool) -> list[Any]:
    made = []
    for layer in range(layers):
        features = 2 if layer == 0 else HIDDEN * directions
        for _ in range(directions):
            made += [array(gates * HIDDEN, features), array(gates * HIDDEN, HIDDEN)]
            made += [array(gates * HIDDEN), array(gates * HIDDEN)] if biases else []
    return made


def _nets(array: Any, gates: int, pair: bool) -> Any:
    def states(*shape: int) -> Any:
        return (array(*shape), array(*shape)) if pair else array(*shape)

    for layers, directions, biases, first in ((1, 1, True, False), (2, 2, False, True)):
        params = _params(array, gates, layers, directions, biases)
        settings = (biases, layers, 0.0, True, directions == 2)
        hx = states(layers * directions, 3, HIDDEN)
        padded = array(3, 2, 2) if first else array(2, 3, 2)
        yield Sample(padded, hx, params, *settings, first)
        yield Sample(array(7, 2), SIZES, hx, params, *settings, _skip=SKIP)
    one = _params(array, gates, 1, 1, True)
    named = dict(has_biases=True, num_layers=1, dropout=0.0, train=False, bidirectional=False)
    yield Sample(array(4, 1, 2), states(1, 1, HIDDEN), one, **named, batch_first=False)
    packed = dict(batch_sizes=SIZES, hx=states(1, 3, HIDDEN), params=one)
    yield Sample(array(7, 2), **packed, **named, _skip=SKIP)
    flags = (True, 1, 0.0, False, False)
    hx, x = states(1, 1, HIDDEN), array(4, 1, 2)
    wrong: list[tuple[Any, ...]] = [
        (x, hx, one[:3], *flags, False, RuntimeError, "4 in all, got 3"),
        (x, states(2, 1, HIDDEN), one, *flags, False, RuntimeError, "expected states of shape"),
        (array(4, 2), hx, one, *flags, False, RuntimeError, "expected a 3-D input"),
        (x, hx, one, True, 1, TypeError, "'dropout' is missing"),
        (x, hx, one, *flags, False, 1, TypeError, "got more"),
    ]
    for *call, error, words in wrong:
        yield ErrorSample(*call, raises=error, match=words)


@samples("lstm")
def _(array):
    yield from _nets(array, 4, True)
    projected = [array(12, 2), array(12, 2), array(12), array(12), array(2, 3)]
    pair = (array(1, 2, 2), array(1, 2, 3))
    yield Sample(array(4, 2, 2), pair, projected, True, 1, 0.0, False, False, False)
    yield ErrorSample(
        *(array(4, 2, 2), pair[:1], projected, True, 1, 0.0, False, False, False),
        raises=RuntimeError,
        match="a pair",
    )


for _name, _gates in (("gru", 3), ("rnn_relu", 1), ("rnn_tanh", 1)):
    samples(_name)(partial(_nets, gates=_gates, pair=False))
