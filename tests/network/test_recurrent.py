"""RNN and LSTM: slots, states in and out, direction, gradients through time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from tests.network.slopes import assert_right_gradients, network, place

X = np.random.default_rng(0).normal(size=(4, 3))


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def run(instance: tn.Instance, *inputs: Any) -> list[Any]:
    """All slots for one example, in double precision."""
    instance.module.double()
    return instance.forward([[x] for x in inputs])


def test_rnn_is_a_dense_layer_on_state_and_slice() -> None:
    out = tn.RNN(5)(place(4, 3))
    assert str(out) == "RNN :: [(4, 3)] -> [(4, 5), (5,)]"
    states, last = run(out, X)
    assert out.module.weights.shape == (5, 5 + 3)
    h, expected = np.zeros(5), []
    for row in X:
        h = np.tanh(out.module.weights @ np.concatenate([h, row]) + out.module.biases)
        expected.append(h)
    assert np.allclose(states, expected)
    assert np.allclose(last, h)


def lstm_by_hand(net: Any, rows: Any, h: Any, c: Any) -> tuple[list[Any], Any, Any]:
    states = []
    for row in rows:
        x = np.concatenate([h, row])

        def gate(layer: Any, x: Any = x) -> Any:
            return layer.weights @ x + layer.biases

        f, learn, r = (sigmoid(gate(part)) for part in (net.forget, net.learn, net.release))
        c = c * f + learn * np.tanh(gate(net.info))
        h = r * np.tanh(c)
        states.append(h)
    return states, h, c


@pytest.mark.parametrize("backwards", [False, True])
def test_lstm(backwards: bool) -> None:
    out = tn.LSTM(5, go_backwards=backwards)(place(4, 3))
    assert out.output_shapes == [(4, 5), (5,), (5,)]
    found = run(out, X)
    rows = X[::-1] if backwards else X
    expected = lstm_by_hand(out.module, rows, np.zeros(5), np.zeros(5))
    for mine, theirs in zip(found, expected):
        assert np.allclose(mine, theirs)
    assert np.allclose(found[0][-1], found[1]), "the last row is the final state"


def test_states_and_memories_come_in() -> None:
    h, c = np.random.default_rng(1).normal(size=(2, 5))
    rnn = tn.RNN(5)(place(4, 3), place(5))
    states, _ = run(rnn, X, h)
    x = np.concatenate([h, X[0]])
    assert np.allclose(states[0], np.tanh(rnn.module.weights @ x + rnn.module.biases))
    lstm = tn.LSTM(5)(place(4, 3), place(5), place(5))
    for mine, theirs in zip(run(lstm, X, h, c), lstm_by_hand(lstm.module, X, h, c)):
        assert np.allclose(mine, theirs)
    only_memory = tn.LSTM(5)(place(4, 3), mem_inst=place(5))
    expected = lstm_by_hand(only_memory.module.double(), X, np.zeros(5), c)
    for mine, theirs in zip(run(only_memory, X, np.zeros(5), c), expected):
        assert np.allclose(mine, theirs)


def test_slots_are_chosen_by_index() -> None:
    series = tn.Combine()([place(2), place(4, 3)])
    rnn = tn.RNN(5)(series, tn.Combine()([place(2), place(5)]), input_index=1, state_index=1)
    assert rnn.input_shapes == [(4, 3), (5,)]
    first = tn.LSTM(5)(series, input_index=1)
    second = tn.LSTM(5)(first, first, first, state_index=1, mem_index=2)
    assert second.input_shapes == [(4, 5), (5,), (5,)]
    assert second.input_indexes == [0, 1, 2]


@pytest.mark.parametrize("structure", [tn.RNN(2), tn.LSTM(2), tn.LSTM(2, go_backwards=True)])
def test_gradients_through_time(structure: Any) -> None:
    assert_right_gradients(structure(place(4, 3)).module, (4, 3))
    assert_right_gradients(structure(place(3, 2, 2), place(2)).module, (3, 2, 2), (2,))


def test_states_of_other_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"RNN: a state of 5 elements is needed, got shape \(4,\)"):
        tn.RNN(5)(place(4, 3), place(4))
    with pytest.raises(ValueError, match="a first axis to run over"):
        tn.LSTM(5)(tn.Constant(1.0)())


@pytest.mark.parametrize("structure", [tn.RNN, tn.LSTM])
def test_the_networks_of_the_notebooks_learn(structure: Any) -> None:
    system = network(
        structure(20), structure(20), tn.Dense((26,), activation=tn.Sigmoid()), shape=(8, 6)
    )
    rows, truth = np.random.default_rng(0).random((8, 6)), np.eye(26)[3]
    losses = []
    for _ in range(40):
        _, state = system.guess([rows], return_state=True)
        system.learn(state, [truth], method="adam", scale=1e-2)
        losses.append(state.loss)
    assert losses[-1] < 0.1 * losses[0]


def test_lstms_of_alternating_directions() -> None:
    layers = [tn.LSTM(6, go_backwards=bool(k % 2)) for k in range(4)]
    assert network(*layers, shape=(8, 6)).parts[0].output_shapes == [(8, 6), (6,), (6,)]
