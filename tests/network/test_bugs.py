"""What the original package got wrong, one test each, asserting what is right.

B1 to B30 are numbers of a list of its bugs; each test says what happened there.
"""

from __future__ import annotations

import copy
import importlib
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import autotn as tn
from tests.examples.conftest import EXAMPLES
from tests.network.slopes import (
    assert_right_gradients,
    half_squared_error,
    learned,
    network,
    place,
    slope_of,
)


def all_names(system: tn.System) -> set[str]:
    return {name for name, _ in system.named_parameters()}


def assert_learns_rightly(system: tn.System, inputs: list[Any], truth: Any) -> None:
    """The gradient of every weight of a whole network is the slope of its error."""
    system.double()
    grads = system.calculate_grads(system.guess(inputs, return_state=True)[1], [truth])
    for name, p in system.named_parameters():
        slope = slope_of(system, p, lambda: half_squared_error(system, inputs, truth))
        assert np.allclose(grads[name], slope, atol=1e-7), name


@pytest.mark.parametrize("pad", [False, True])
def test_b1_conv_sends_the_error_to_its_input(pad: bool) -> None:
    """Its input's gradient was always zero: the first of two convolutions never changed."""
    convs = [tn.Conv((2, 2), (2,), kernel_stride=1, pad=pad, activation=tn.Tanh()) for _ in "12"]
    system = network(*convs, tn.Dense((2,)), shape=(4, 4))
    image = np.random.default_rng(0).random((4, 4))
    assert learned(system, [image], [np.ones(2)]) == all_names(system)
    assert_learns_rightly(system, [image], np.ones(2))


def test_b2_activate_passes_the_gradient() -> None:
    """It stopped there."""
    system = network(tn.Dense((3,)), tn.Activate(tn.Tanh()), shape=(2,))
    assert_learns_rightly(system, [np.ones(2)], np.zeros(3))


def test_b3_all_of_a_residual_layer_trains() -> None:
    """Nothing before its closing activation did, its own cell included."""
    system = network(
        tn.Dense((3,)), tn.ResWrap(tn.Dense((4,), tn.ReLU())), tn.Dense((2,)), shape=(2,)
    )
    assert learned(system, [np.ones(2)], [np.ones(2)]) == all_names(system)
    assert_learns_rightly(system, [np.ones(2)], np.ones(2))


def test_b4_the_learn_gate_gates_what_is_learned() -> None:
    """It was built and never used."""
    instance = tn.LSTM(3)(place(4, 2))
    x = np.random.default_rng(0).random((4, 2))
    before = instance.forward([[x]])
    instance.module.learn.biases[:] = -100
    states, _, memory = instance.forward([[x]])
    assert np.abs(before[2]).max() > 0.01
    assert np.allclose(memory, 0, atol=1e-6)
    assert np.allclose(states, 0, atol=1e-6)


def test_b5_every_gate_trains() -> None:
    """Only the release gate did."""
    system = network(tn.LSTM(3), shape=(4, 2))
    x = np.random.default_rng(0).random((4, 2))
    changed = learned(system, [x], [np.ones((4, 3))], scale=0.1)
    assert changed == all_names(system)
    assert {name.split(".")[1] for name in changed} == {"forget", "learn", "release", "info"}


def test_b6_what_is_used_twice_gets_both_contributions() -> None:
    """Only the last one arrived."""
    x = place(2)
    hidden = tn.Dense((2, 2))(x)
    both = tn.Add()([tn.Flatten()(hidden), tn.Flatten()(hidden)])
    assert_learns_rightly(tn.System([x], [both]), [np.ones(2)], np.zeros(4))


@pytest.mark.parametrize(
    "structure", [tn.Flatten(), tn.Split(), tn.RNN(2), tn.LSTM(2)], ids=lambda s: s.name
)
def test_b6_gradients_through(structure: Any) -> None:
    """Each overwrote what others had added; gradients through time were lost."""
    assert_right_gradients(structure(place(3, 2)).module, (3, 2))


@pytest.mark.parametrize("structure", [tn.Concatenate, tn.FlatConcat, tn.Join, tn.Combine, tn.Add])
def test_b6_gradients_into_a_value_read_twice(structure: Any) -> None:
    x = place(2)
    hidden = tn.Dense((2,))(x)
    out = tn.Dense((1,))(tn.Flatten()(structure()([hidden, hidden])))
    assert_learns_rightly(tn.System([x], [out]), [np.ones(2)], np.zeros(1))


def test_b7_cross_entropy_is_not_the_squared_error() -> None:
    """Both had the same gradients. With a Sigmoid, that of cross-entropy is y - t."""
    system = network(tn.Dense((2,), tn.Sigmoid()), shape=(3,))
    x, truth = np.array([0.3, -0.2, 0.5]), np.array([1.0, 0.0])
    (y,), state = system.guess([x], return_state=True)
    ce = system.calculate_grads(state, [truth], loss="ce")["Dense_0.bias"]
    quad = system.calculate_grads(state, [truth], loss="quad")["Dense_0.bias"]
    assert np.allclose(ce, y - truth, atol=1e-6)
    assert np.allclose(quad, (y - truth) * y * (1 - y), atol=1e-6)


@pytest.mark.parametrize("shape", [(3,), (3, 4)])
def test_b8_shapes_that_agree_are_no_trouble(shape: tuple[int, ...]) -> None:
    """Learning raised when the shapes of several buffers happened to agree."""
    system = network(tn.Dense((3,)), shape=shape)
    assert learned(system, [np.ones(shape)], [np.zeros(3)]) == all_names(system)


def test_b9_gradients_of_a_batch_are_the_mean_of_its_examples() -> None:
    """It raised; and what it would have computed was wrong."""
    one = network(tn.Dense((2,)), shape=(3,))
    two, rng = copy.deepcopy(one), np.random.default_rng(0)
    xs, ts = rng.random((4, 3)), rng.random((4, 2))
    states = [one.guess([x], return_state=True)[1] for x in xs]
    grads = [one.learn(s, [t], batch=True) for s, t in zip(states, ts)]
    one.apply_grads(states[0], grads, batch=True, scale=0.1)
    two.learn(two.guess([xs], return_state=True)[1], [ts], scale=0.1)
    for p, q in zip(one.parameters(), two.parameters()):
        assert np.allclose(p._data, q._data, atol=1e-6)


def test_b10_conv_has_a_default_stride() -> None:
    """Without one, an assertion failed for kernels of two axes and more."""
    assert tn.Conv((2, 2, 2))(place(3, 3, 3)).output_shapes == [(2, 2, 2)]


def test_b11_conv2d_runs_trains_and_loads(tmp_path: Any) -> None:
    """It needed a stride, knew no Adam, had wrong gradients and a stale kernel after loading."""
    pytest.importorskip("safetensors")
    system = network(tn.Conv2D((3, 3), (2,), activation=tn.Tanh()), shape=(4, 4))
    image, truth = np.random.default_rng(0).random((4, 4)), np.zeros((4, 4, 2))
    assert learned(system, [image], [truth], method="adam") == all_names(system)
    assert_learns_rightly(system, [image], truth)
    system.save_weights(tmp_path / "net")
    (expected,) = system.guess([image])
    learned(system, [image], [truth], method="adam", scale=0.1)
    system.load_weights(tmp_path / "net")
    assert np.array_equal(system.guess([image])[0], expected)


def test_b12_concatenate_works() -> None:
    """It used a name that did not exist."""
    assert tn.Concatenate()([place(2, 3), place(1, 3)]).output_shapes == [(3, 3)]


def test_b13_constant_net_can_be_made() -> None:
    """Its constructor had no self, and the package did not show it."""
    assert tn.ConstantNet(np.ones(2)).activate().tolist() == [1, 1]


def test_b14_split_takes_any_axis_and_refuses_others_at_once() -> None:
    """Axes other than the first failed, and only when run."""
    assert tn.Split()(place(2, 3), axis=1).output_shapes == [(2,)] * 3
    with pytest.raises(ValueError, match="Split: axis 2 is none of the axes"):
        tn.Split()(place(2, 3), axis=2)


@pytest.mark.parametrize(
    "structure",
    [
        tn.RNN(2),
        tn.LSTM(2),
        tn.Conv((2,)),
        tn.ResWrap(tn.Dense((2,))),
        tn.Dense((2,)),
        tn.Flatten(),
    ],
    ids=lambda s: s.name,
)
def test_b15_slot_arguments_are_heard(structure: Any) -> None:
    """RNN, LSTM, Conv and ResWrap ignored them or raised."""
    two = tn.Combine()([place(7), place(4, 3)])
    assert structure(two, input_index=1).input_shapes == [(4, 3)]


def test_b16_one_parent_may_come_twice() -> None:
    """It counted once: a TypeError, or wrong shapes."""
    x = place(2)
    assert tn.System([x], [tn.Add()([x, x])]).guess([[1, 2]])[0].tolist() == [2, 4]
    rows = tn.Split()(tn.Dense((2, 3))(x))
    joined = tn.FlatConcat()([rows, rows], [1, 0])
    assert tn.System([x], [joined]).guess([[1, 2]])[0].shape == (6,)


def test_b17_a_branch_of_constants_is_evaluated() -> None:
    """It never was."""
    x, c = place(2), tn.Constant([1.0, 2.0])()
    doubled = tn.Add()([c, c])
    system = tn.System([x], [tn.Add()([x, doubled])])
    assert system.guess([[1, 1]])[0].tolist() == [3, 5]
    assert system.guess([np.ones((3, 2))])[0].tolist() == [[3, 5]] * 3
    assert tn.System([], [doubled]).guess([])[0].tolist() == [2, 4]


def test_b18_unknown_methods_raise_and_rmsprop_works() -> None:
    """An unknown method did nothing, silently, and RMSProp was unknown."""
    system = network(tn.Dense((2,)), shape=(3,))
    assert learned(system, [np.ones(3)], [np.ones(2)], method="rmsprop") == all_names(system)
    with pytest.raises(ValueError, match="'sgd', 'rmsprop', 'adam'"):
        learned(system, [np.ones(3)], [np.ones(2)], method="rmsprob")


@pytest.mark.parametrize("structure", [tn.Conv((2, 2)), tn.RNN(3)], ids=lambda s: s.name)
def test_b19_one_update_per_call(structure: Any) -> None:
    """Adam counted a step for every place of a kernel, and for every step in time."""
    system = network(structure, tn.Dense((2,)), shape=(4, 4))
    for _ in range(2):
        learned(system, [np.ones((4, 4))], [np.ones(2)], method="adam")
    steps = [v for k, v in system.state_dict().items() if k.endswith(".step")]
    assert steps
    assert {int(step) for step in steps} == {2}


def test_b19_what_the_optimizer_remembers_is_saved() -> None:
    """It was lost."""
    system = network(tn.Dense((2,)), shape=(3,))
    learned(system, [np.ones(3)], [np.ones(2)], method="adam")
    assert "_optimizer.adam.Dense_0.weight.exp_avg" in system.state_dict()


def test_b20_sigmoid_does_not_overflow() -> None:
    """It did for large negative input."""
    assert tn.Sigmoid().a(np.array([-1e4, 0, 1e4])).tolist() == [0, 0.5, 1]


@pytest.mark.parametrize("activation", [tn.ReLU(alpha=-0.5), tn.nn.GELU(), tn.nn.SiLU()], ids=str)
def test_b21_activations_need_not_be_monotone(activation: Any) -> None:
    """The slope was computed from the output, which does not tell it."""
    assert_right_gradients(tn.Dense((4,), activation)(place(3)).module, (3,))


def test_b21_a_slope_the_output_does_not_tell_is_refused() -> None:
    with pytest.raises(ValueError, match="an output belongs to two slopes"):
        tn.ReLU(alpha=-0.5).da_dz(np.ones(2))


def test_b22_xavier_is_xavier_and_subclasses_of_relu_count() -> None:
    """Xavier looked at the inputs alone, and a subclass of ReLU was no ReLU."""

    class Ramp(tn.ReLU):
        """A ReLU."""

    variance = tn.NeuronNet(300, 600, tn.Tanh(), init="xavier").weights.var()
    assert variance == pytest.approx(2 / 900, rel=0.05)
    assert tn.NeuronNet(300, 600, Ramp()).weights.var() == pytest.approx(2 / 300, rel=0.05)


def test_b23_batches() -> None:
    """There was no batch dimension."""
    system = network(tn.RNN(4), tn.Dense((2,)), shape=(5, 3))
    batch = np.random.default_rng(0).random((10, 5, 3))
    assert system.guess([batch])[0].shape == (10, 2)
    assert learned(system, [batch], [np.ones((10, 2))]) == all_names(system)


def test_b24_messages_name_what_is_wrong() -> None:
    """They came from deep inside, and a target of shape (1,) was broadcast."""
    x, unused = place(3), place(3)
    out = tn.Dense((2,))(x)
    system = tn.System([x], [out])
    with pytest.raises(ValueError, match=r"inputs\[0\] has shape \(4,\), expected \(3,\)"):
        system.guess([np.ones(4)])
    with pytest.raises(ValueError, match="0 inputs given for 1"):
        system.guess([])
    with pytest.raises(ValueError, match=r"Input :: \[\] -> \[\(3,\)\]\) does not reach"):
        tn.System([x, unused], [out])
    _, state = system.guess([np.ones(3)], return_state=True)
    with pytest.raises(ValueError, match=r"has shape \(1,\), expected \(2,\)"):
        system.learn(state, [np.ones(1)])


def test_b25_names_in_checkpoints_do_not_depend_on_what_has_no_weights() -> None:
    """Keys were places in a walk, shared weights came once per use, h5py was always needed."""
    plain = network(tn.Dense((4,)), tn.Dense((2,)), shape=(3, 1))
    more = network(
        tn.Flatten(), tn.Dense((4,)), tn.Activate(tn.Linear()), tn.Dense((2,)), shape=(3, 1)
    )
    assert list(plain.state_dict()) == list(more.state_dict())
    shared = tn.Clone(tn.Dense((3,)))
    assert len(network(shared, shared, shared, shape=(3,)).state_dict()) == 2
    check = "import sys, autotn as tn; tn.System, tn.LSTM; assert 'h5py' not in sys.modules"
    subprocess.run([sys.executable, "-c", check], check=True, cwd=EXAMPLES.parent)


def test_b26_nothing_is_shared_by_default() -> None:
    """One default activation served all layers, and default lists were shared."""
    assert tn.Dense((2,)).activation is not tn.Dense((2,)).activation
    x = place(2)
    first = tn.System([x], [x])
    assert first.parts == (x,)
    assert tn.System([], [tn.Constant(1.0)()]).input_indexes == ()


def test_b27_padding() -> None:
    """One zero too many, and the last position was dropped."""
    x = place(7)
    assert tn.Conv((3,), kernel_stride=(2,), pad=True)(x).output_shapes == [(4,)]
    assert tn.Conv((3,), kernel_stride=(2,), pad="same")(x).output_shapes == [(4,)]
    assert tn.Conv((3,), kernel_stride=(2,), pad="seed")(x).output_shapes == [(3,)]
    assert tn.Conv((3,), kernel_stride=(2,), pad="valid")(x).output_shapes == [(3,)]
    assert tn.Conv((3,), pad=[(0, 4)])(x).output_shapes == [(9,)]


@pytest.mark.parametrize(("n", "k", "s"), [(7, 3, 2), (8, 2, 1), (8, 5, 3), (6, 4, 2), (5, 1, 1)])
def test_b27_the_old_rule_is_still_there(n: int, k: int, s: int) -> None:
    net = tn.Conv((k,), kernel_stride=(s,), pad="seed", activation=tn.Linear())(place(n)).module
    x = np.random.default_rng(0).random(n).astype(np.float32)
    padded = np.pad(x, (k // 2, k // 2 + k % 2))
    rows = [padded[p * s : p * s + k] for p in range(n // s)]
    expected = [net.weights[0] @ row + net.biases[0] for row in rows]
    assert np.allclose(net.activate(x), expected, atol=1e-6)


def test_b28_no_names_leak() -> None:
    """The package showed np, Path, and what else its files had imported."""
    for name in ("np", "Path", "attribute", "Instances", "math"):
        assert not hasattr(tn, name)
    assert {"Dense", "System", "LSTM", "Conv", "unpad", "ConstantNet"} <= set(dir(tn))


def test_b29_letters_need_no_font_path_and_include_z(monkeypatch: pytest.MonkeyPatch) -> None:
    """They were rendered at import time from a fixed path, and loops left out Z."""
    pytest.importorskip("PIL")
    monkeypatch.syspath_prepend(EXAMPLES)
    letters = importlib.import_module("letters")
    assert "".join(letters.letters) == "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    truth, image = letters.gen_data("Z")
    assert truth.argmax() == 25
    assert image.shape == letters.in_2d_shape


def test_b30_every_slot_can_be_an_output_and_learn() -> None:
    """Only the first slot of an output could."""
    x = place(4, 3)
    rnn = tn.RNN(2)(x)
    system = tn.System([x], [rnn, (rnn, 1)])
    states, last = system.guess([np.ones((4, 3))])
    assert (states[-1] == last).all()
    _, state = system.guess([np.ones((4, 3))], return_state=True)
    grads = system.calculate_grads(state, [None, last + 1])
    assert np.abs(grads["RNN_0.weight"]).max() > 0
    assert np.allclose(system.calculate_grads(state, [None, last])["RNN_0.weight"], 0)
