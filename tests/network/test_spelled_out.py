"""`System.parts` spells recurrent and residual layers out, step by step, on the same weights."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from tests.network.slopes import learned, network, place

ROWS = np.random.default_rng(0).normal(size=(4, 3))


def test_the_numbers_of_the_recurrent_notebook() -> None:
    s = network(tn.RNN(20), tn.RNN(20), tn.Dense((26,), tn.Sigmoid()), shape=(32, 32))
    assert len(s.parts) == 138
    assert str(s.parts[0]) == "Dense :: [(32, 20)] -> [(26,)]"
    assert str(s.parts[3]) == "Clone(Dense) :: [(40,)] -> [(20,)]"
    assert s.parts[3].layer[0].weights.shape == (20, 40)
    assert str(s.parts[100]) == "Clone(Dense) :: [(52,)] -> [(20,)]"
    assert s.parts[100].layer[0].weights.shape == (20, 52)


def test_the_list_of_the_residual_notebook() -> None:
    wrap = [tn.ResWrap(tn.Dense((32, 32), tn.ReLU())) for _ in range(2)]
    s = network(*wrap, tn.Dense((26,), tn.ReLU()), shape=(32, 32))
    assert "\n".join(f"idx: {i} {p}" for i, p in enumerate(s.parts)) == (
        "idx: 0 Dense :: [(32, 32)] -> [(26,)]\n"
        "idx: 1 ResWrap :: [(32, 32)] -> [(32, 32)]\n"
        "idx: 2 Add :: [(32, 32), (32, 32)] -> [(32, 32)]\n"
        "idx: 3 ResWrap :: [(32, 32)] -> [(32, 32)]\n"
        "idx: 4 Dense :: [(32, 32)] -> [(32, 32)]\n"
        "idx: 5 Add :: [(32, 32), (32, 32)] -> [(32, 32)]\n"
        "idx: 6 Dense :: [(32, 32)] -> [(32, 32)]\n"
        "idx: 7 Input :: [] -> [(32, 32)]\n"
        "idx: 8 Dense :: [(32, 32)] -> [(32, 32)]\n"
        "idx: 9 Dense :: [(32, 32)] -> [(32, 32)]"
    )


def test_two_steps_of_an_rnn() -> None:
    s = network(tn.RNN(5), shape=(2, 3))
    assert [str(part) for part in s.parts] == [
        "RNN :: [(2, 3)] -> [(2, 5), (5,)]",
        "Join :: [(5,), (5,)] -> [(2, 5)]",
        "Clone(Dense) :: [(8,)] -> [(5,)]",  # the last step
        "Clone(Dense) :: [(8,)] -> [(5,)]",
        "FlatConcat :: [(5,), (3,)] -> [(8,)]",
        "FlatConcat :: [(5,), (3,)] -> [(8,)]",
        "Split :: [(2, 3)] -> [(3,), (3,)]",
        "Constant :: [] -> [(5,)]",
        "Input :: [] -> [(2, 3)]",
    ]
    assert s.parents_indexes == ((1, 2), (3, 2), (4,), (5,), (3, 6), (7, 6), (8,), (), ())
    assert s.children_indexes[6] == (4, 5)
    assert s.input_indexes == (8,)
    assert s.output_indexes == (0,)
    assert s.constant_indexes == (7,)
    assert s.evaluation_order[-1] == 0


def test_a_step_of_an_lstm_has_four_gates() -> None:
    s = network(tn.LSTM(20), tn.LSTM(20), tn.Dense((26,)), shape=(32, 32))
    names = [part.name for part in s.parts]
    assert names.count("Clone(Dense)") == 2 * 32 * 4
    assert {part.layer[0].weights.shape for part in s.parts if part.name == "Clone(Dense)"} == {
        (20, 40),
        (20, 52),
    }
    assert len(names) == 2 * (32 * 10 + 5) + 2


STATE = tn.Constant(np.random.default_rng(1).normal(size=5))
LAYERS: dict[str, Callable[[Any], tn.Instance]] = {
    "RNN": tn.RNN(5),
    "RNN of another activation": tn.RNN(5, tn.Sigmoid()),
    "RNN with a state": lambda x: tn.RNN(5)(x, STATE()),
    "RNN over numbers": lambda x: tn.RNN(5)(tn.Flatten()(x)),
    "LSTM": tn.LSTM(5),
    "LSTM backwards": tn.LSTM(5, go_backwards=True),
    "LSTM with state and memory": lambda x: tn.LSTM(5)(x, STATE(), STATE()),
    "LSTM with a memory": lambda x: tn.LSTM(5)(x, mem_inst=STATE()),
    "LSTM with a memory of another shape": lambda x: tn.LSTM(6)(
        x, tn.Constant(np.ones((2, 3)))(), tn.Constant(np.ones((3, 2)))()
    ),
    "LSTM on slots of another": lambda x: (
        lambda one: tn.LSTM(5)(x, one, one, state_index=1, mem_index=2)
    )(tn.LSTM(5)(x)),
    "clones": lambda x: (lambda c: c(c(tn.Dense((4, 5))(x))))(tn.Clone(tn.RNN(5))),
}
CELLS: dict[str, Callable[[], tn.ResWrap]] = {
    "ResWrap": lambda: tn.ResWrap(tn.Dense((2, 7), tn.ReLU())),
    "ResWrap of a convolution": lambda: tn.ResWrap(tn.Conv((2, 2), (3,))),
    "ResWrap of a clone": lambda: tn.ResWrap(tn.Clone(tn.Dense((7,)))),
    "ResWrap of an RNN": lambda: tn.ResWrap(tn.RNN(5), output_index=1),
    "ResWrap of a ResWrap": lambda: tn.ResWrap(tn.ResWrap(tn.Dense((7,)))),
}


def both_ways(name: str) -> tuple[tn.System, tn.System]:
    """A network of the layer, and one of the parts that stand for it."""
    x = place(4, 3)
    if name in LAYERS:
        layer = LAYERS[name](x)
        spelled = tn.Combine()(layer.spelled)
    else:
        wrap = CELLS[name]()
        layer = wrap(x)
        spelled = tn.Activate(wrap.activation)(layer.spelled[0])
    slots = range(len(layer.output_shapes))
    return tuple(tn.System([x], [(end, slot) for slot in slots]) for end in (layer, spelled))


@pytest.mark.parametrize("name", [*LAYERS, *CELLS])
def test_the_parts_compute_what_the_layer_does(name: str) -> None:
    whole, spelled = (s.double() for s in both_ways(name))
    for inputs in (ROWS, np.random.default_rng(2).normal(size=(6, 4, 3))):
        outputs, gradients = [], []
        for s in (whole, spelled):
            found, state = s.guess([inputs], return_state=True)
            outputs.append(found)
            given = s.calculate_grads(state, [np.cos(o) for o in found])
            gradients.append({id(p): given[name] for name, p in s.named_parameters()})
        for one, other in zip(*outputs, strict=True):
            assert np.allclose(one, other, atol=1e-12)
        assert gradients[0].keys() == gradients[1].keys(), "the same weights, all of them"
        for key, gradient in gradients[0].items():
            assert np.allclose(gradient, gradients[1][key], atol=1e-12)


@pytest.mark.parametrize("batch", [(), (6,)], ids=["one example", "a batch"])
@pytest.mark.parametrize("name", [*LAYERS, *CELLS])
def test_a_state_has_the_outputs_of_all_parts(name: str, batch: tuple[int, ...]) -> None:
    s = both_ways(name)[0].double()
    rows = np.random.default_rng(3).normal(size=(*batch, 4, 3))
    _, state = s.guess([rows], return_state=True)
    assert len(state) == len(s.parts)
    for k, part in enumerate(s.parts):
        assert [slot.shape for slot in state[k]] == [batch + shape for shape in part.output_shapes]
        read = [state[p] for p in s.parents_indexes[k]]
        if part.spelled is part.parents and part.parents and not batch:
            for mine, again in zip(state[k], part.forward(read), strict=True):
                assert np.allclose(mine, again)


def test_the_steps_of_both_directions() -> None:
    for backwards in (False, True):
        s = network(tn.LSTM(5, go_backwards=backwards), shape=(4, 3))
        _, state = s.guess([ROWS], return_state=True)
        assert np.allclose(state[0][0], state[1][0], atol=1e-6), "the Join has all states"
        assert np.allclose(state[0][0][-1], state[2][0], atol=1e-6), "which end in the last"
        assert np.allclose(state[0][2], state[3][0], atol=1e-6), "and the last memory"


def test_parts_are_views_of_the_weights() -> None:
    s = network(tn.RNN(5), tn.ResWrap(tn.Dense((2,), tn.ReLU())), shape=(4, 3))
    cells = [part.layer[0] for part in s.parts if part.name == "Clone(Dense)"]
    assert len(cells) == 4
    assert all(np.shares_memory(cell.weights, s.RNN_0.weights) for cell in cells)
    cells[0].weights[0] = 7
    assert (s.RNN_0.weight[0] == 7).all()
    assert learned(s, [ROWS], [np.ones((4, 5))], method="adam", scale=0.1)
    assert (cells[-1].weights == s.RNN_0.weights).all()
    s.load_state_dict({name: value * 2 for name, value in s.state_dict().items()})
    s.double()
    assert cells[0].weights.dtype == np.float64
    assert (cells[0].weights == s.RNN_0.weights).all()


def test_nothing_is_spelled_out_in_training() -> None:
    s = network(tn.LSTM(5), tn.ResWrap(tn.Dense((2,), tn.ReLU())), shape=(4, 3))
    names = list(s.state_dict())
    for _ in range(2):
        assert learned(s, [ROWS], [np.ones((4, 5))])
        s(tn.zeros(2, 4, 3))
    assert not any("spelled" in name for name in s.__dict__)
    assert len(s.parts) > 40
    assert list(s.state_dict()) == names
    assert [name for name, _ in s.named_children()] == ["LSTM_0", "ResWrap_0"]


def test_parts_are_the_same_whenever_and_wherever_they_are_looked_at() -> None:
    x = place(4, 3)
    layer = tn.RNN(5)(x)
    one, other = tn.System([x], [layer]), tn.System([x], [tn.Dense((2,))(layer)])
    assert all(a is b for a, b in zip(one.parts, one.parts))
    assert one.parts == other.parts[1:]
    assert one.parts[0] is layer


def test_the_inside_of_a_layer_may_be_an_output() -> None:
    x = place(4, 3)
    s = tn.System([x], [tn.RNN(5)(x)])
    second = s.parts[3 + 1]  # the states stand last, first, second, third
    inner = tn.System([x], [second])
    _, state = s.guess([ROWS], return_state=True)
    assert np.allclose(inner.guess([ROWS])[0], state[0][0][1], atol=1e-6)
    assert (pickle.loads(pickle.dumps(inner)).guess([ROWS])[0] == inner.guess([ROWS])[0]).all()


def test_the_inside_is_looked_at_before_the_weights_change() -> None:
    s = network(tn.RNN(5), shape=(4, 3))
    _, state = s.guess([ROWS], return_state=True)
    seen = state[2][0]
    s.learn(state, [np.ones((4, 5))])
    assert (state[2][0] == seen).all(), "what was looked at stays"
    _, state = s.guess([ROWS], return_state=True)
    s.learn(state, [np.ones((4, 5))])
    assert state[0][0].shape == (4, 5)
    with pytest.raises(RuntimeError, match="look before learn"):
        state[2]


def test_looking_leaves_nothing_behind() -> None:
    class Normed(tn.Structure):
        activation = tn.ReLU()

        def build(self, in_shape: Any) -> Any:
            return nn.Sequential(nn.BatchNorm1d(*in_shape), nn.Dropout(0.5))

    x = place(3)
    s = tn.System([x], [tn.ResWrap(Normed())(x)])
    _, state = s.guess([ROWS], return_state=True)
    before = copy.deepcopy(s.state_dict())
    assert [slot.shape for part in state for slot in part] == [(4, 3)] * len(s.parts)
    assert all((before[name] == value).all() for name, value in s.state_dict().items())
    assert all(module.training for module in s.modules())


def test_copies_and_files_do_not_carry_the_spelling() -> None:
    s = network(tn.RNN(5), shape=(1500, 3))  # a chain too long to be copied link by link
    assert len(s.parts) > 3000
    for twin in (pickle.loads(pickle.dumps(s)), copy.deepcopy(s)):
        assert np.shares_memory(twin.parts[2].layer[0].weights, twin.RNN_0.weights)
        assert not np.shares_memory(twin.RNN_0.weights, s.RNN_0.weights)


@pytest.mark.parametrize("base", [tn.RNN, tn.LSTM, tn.ResWrap])
def test_a_subclass_that_builds_something_else_is_one_part(base: Any) -> None:
    class Other(base):
        def build(self, in_shape: Any, *states: Any) -> Any:
            return nn.Linear(in_shape[-1], 2)

    other = Other(tn.Dense((3,)) if base is tn.ResWrap else 3)
    s = network(other, shape=(4, 3))
    assert [part.name for part in s.parts] == ["Other", "Input"]


def test_a_layer_that_is_fed_is_not_spelled_out() -> None:
    x = place(3)
    hidden = tn.ResWrap(tn.Dense((2,)))(x)
    assert len(tn.System([hidden], [tn.Dense((2,))(hidden)]).parts) == 2
