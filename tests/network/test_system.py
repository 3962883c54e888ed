"""System: the article's words, and an ordinary Module."""

from __future__ import annotations

import copy
import gc
import pickle
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn, optim
from tests.network.slopes import half_squared_error, learned, network, place, slope_of

X, T = np.array([0.3, -0.2, 0.5]), np.array([0.1, 0.9])


def small(*shape: int) -> tn.System:
    return network(tn.Dense((4,)), tn.Dense((2,), tn.Sigmoid()), shape=shape or (3,))


def test_the_article(capsys: pytest.CaptureFixture[str]) -> None:
    in_layer = last_layer = tn.Input((32, 32))()
    print(in_layer)  # noqa: T201 - as in the article
    for hidden_shape in [(15, 15)] * 2:
        last_layer = tn.Dense(hidden_shape, activation=tn.Tanh())(last_layer)
        print(last_layer)  # noqa: T201
    out_layer = tn.Dense((26,), activation=tn.Sigmoid())(last_layer)
    print(out_layer)  # noqa: T201
    assert capsys.readouterr().out == (
        "Input :: [] -> [(32, 32)]\n"
        "Dense :: [(32, 32)] -> [(15, 15)]\n"
        "Dense :: [(15, 15)] -> [(15, 15)]\n"
        "Dense :: [(15, 15)] -> [(26,)]\n"
    )
    s = tn.System(inputs=[in_layer], outputs=[out_layer])
    rng = np.random.default_rng(0)
    letters, right = rng.random((26, 32, 32)), []
    for _ in range(600):
        k = rng.integers(26)
        noisy = letters[k] + 0.1 * rng.normal(size=(32, 32))
        guess, state = s.guess([noisy], return_state=True)
        assert s.learn(state, [np.eye(26)[k]], method="sgd", scale=0.1) is None
        right.append(guess[0].argmax() == k)
    assert np.mean(right[-100:]) > 0.95


def test_instance_fields() -> None:
    dense, x = tn.Dense((2,)), place(3)
    out = dense(x)
    assert (out.name, out.parents, out.structure) == ("Dense", [x], dense)
    assert (out.input_shapes, out.output_shapes, out.constant) == ([(3,)], [(2,)], False)
    assert out.layer == [out.module]
    assert out.layer[0].weights.shape == (2, 3)
    assert x.layer == []
    assert len(tn.LSTM(2)(place(4, 3)).layer) == 4
    made = tn.Instance([x], dense, [(3,)], [(2,)], out.layer, constant=False, colour="red")
    assert made.colour == "red"
    assert made.module is out.module
    assert str(made) == "Dense :: [(3,)] -> [(2,)]"


def test_one_instance_runs_forward_and_back() -> None:
    out = tn.Dense((2,))(place(3))
    out.module.double()
    outputs, errors = out.forward([[X]]), [[np.ones(3)]]
    w, b = out.module.weights, out.module.biases
    assert np.allclose(outputs[0], np.tanh(w @ X + b))
    grads = out.backward_calc([[X]], errors, outputs, [np.array([1.0, -1.0])])
    slope = np.array([1.0, -1.0]) * (1 - outputs[0] ** 2)
    assert np.allclose(errors[0][0], 1 + w.T @ slope), "added, not overwritten"
    assert np.allclose(grads["weight"], np.outer(slope, X))
    before = w.copy()
    out.backward_apply([[X]], grads, method="sgd", scale=0.1)
    assert np.allclose(before - out.module.weights, 0.1 * grads["weight"])


def test_weights_of_one_instance_in_a_group() -> None:
    one, other = tn.Dense((2,))(place(3)), tn.Dense((2,))(place(3))
    group: dict[str, Any] = {}
    one.save_weights(group)
    assert {k: v.shape for k, v in group.items()} == {"neuron0_w": (2, 3), "neuron0_b": (2,)}
    other.load_weights(group)
    assert (other.module.weights == one.module.weights).all()
    with pytest.raises(KeyError, match="neuron0_b"):
        other.load_weights({"neuron0_w": group["neuron0_w"]})
    with pytest.raises(ValueError, match=r"neuron0_w has shape \(1,\) in the file"):
        other.load_weights(group | {"neuron0_w": np.ones(1)})


def test_fields_and_their_order(capsys: pytest.CaptureFixture[str]) -> None:
    x, c = place(3), tn.Constant(np.ones(3))()
    y = tn.Add()([x, c])
    out = tn.Dense((2,))(y)
    s = tn.System(inputs=[x], outputs=[out], verbose=True)
    assert s.parts == (out, y, x, c)
    assert s.input_indexes == (2,)
    assert s.output_indexes == (0,)
    assert s.constant_indexes == (3,)
    assert s.parents_indexes == ((1,), (2, 3), (), ())
    assert s.children_indexes == ((), (0,), (1,), (1,))
    assert s.evaluation_order == (2, 3, 1, 0)
    assert "1: Add :: [(3,), (3,)] -> [(3,)], reads 2, 3" in capsys.readouterr().out
    s.guess([X], verbose=True)
    assert capsys.readouterr().out.endswith("Dense :: [(3,)] -> [(2,)]\n")
    assert s.inputs == (x,)
    assert s.outputs == (out,)


def test_guess_gives_lists_and_a_state() -> None:
    s = small()
    (plain,) = s.guess([X])
    (again,), state = s.guess([X], return_state=True)
    assert isinstance(plain, np.ndarray)
    assert (plain == again).all()
    assert len(state) == len(s.parts)
    assert state[0][0].tolist() == again.tolist()
    assert np.allclose(state[2][0], X)
    assert [slot.shape for part in state for slot in part] == [(2,), (4,), (3,)]


def test_a_guess_is_recorded_by_the_names_of_its_parts() -> None:
    s = small()
    graph = tn.graph(lambda: s.guess([X]))
    paths = {part.path for part in graph.parts}
    assert {"", "Dense_0", "Dense_0.activation", "Dense_1"} <= paths
    assert {tuple(call.scope[:2]) for call in graph.calls} == {("", "Dense_0"), ("", "Dense_1")}


def test_a_batch_is_many_single_examples() -> None:
    s = small(2, 3)
    batch = np.random.default_rng(0).normal(size=(5, 2, 3))
    (together,) = s.guess([batch])
    assert together.shape == (5, 2)
    assert np.allclose(together, [s.guess([x])[0] for x in batch], atol=1e-6)
    assert np.allclose(s(tn.from_numpy(batch.astype(np.float32))).detach().numpy(), together)
    assert s.guess([batch[:0]])[0].shape == (0, 2)


def test_guess_takes_tensors_lists_and_integers() -> None:
    s = small()
    expected = s.guess([np.array([1.0, 2.0, 3.0])])[0]
    for given in (tn.tensor([1.0, 2.0, 3.0]), [1, 2, 3], np.array([1, 2, 3], np.uint8)):
        assert (s.guess([given])[0] == expected).all()


def test_the_callers_arrays_may_be_written_between_guess_and_learn() -> None:
    one, x = small(), X.astype(np.float32)
    two = copy.deepcopy(one)
    guess, state = one.guess([x], return_state=True)
    x[:] = 100
    guess[0][:] = 100
    one.learn(state, [T])
    two.learn(two.guess([X], return_state=True)[1], [T])
    for p, q in zip(one.parameters(), two.parameters()):
        assert (p._data == q._data).all()


@pytest.mark.parametrize("method", ["sgd", "rmsprop", "adam", None])
def test_learn_is_a_step_of_the_optimizer_of_that_name(method: str | None) -> None:
    one = small()
    two = copy.deepcopy(one)
    kind = {"rmsprop": optim.RMSprop, "adam": optim.Adam}.get(method or "", optim.SGD)
    optimizer = kind(two.parameters(), lr=0.01)
    for _ in range(5):
        one.learn(one.guess([X], return_state=True)[1], [T], method=method, scale=0.01)
        output = two(tn.tensor(X, dtype=tn.float32)[None])
        loss = 0.5 * ((output - tn.tensor(T, dtype=tn.float32)) ** 2).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for p, q in zip(one.parameters(), two.parameters()):
        assert np.allclose(p._data, q._data, atol=1e-6)


def test_options_of_the_methods() -> None:
    s = small()
    learned(s, [X], [T], method="adam", scale=0.5, b1=0.8, b2=0.9, epsilon=1e-3)
    group = s._learner.by_name["adam"].param_groups[0]
    assert (group["lr"], group["betas"], group["eps"]) == (0.5, (0.8, 0.9), 1e-3)
    learned(s, [X], [T], method="adam")
    assert (group["lr"], group["betas"], group["eps"]) == (1e-3, (0.9, 0.999), 1e-8)
    learned(s, [X], [T], method="rmsprop", b2=0.5)
    assert s._learner.by_name["rmsprop"].param_groups[0]["alpha"] == 0.5


def test_an_optimizer_of_ones_own() -> None:
    s = small()
    optimizer = optim.AdamW(s.parameters(), lr=0.1)
    assert learned(s, [X], [T], method=optimizer)
    assert optimizer.param_groups[0]["lr"] == 0.1
    learned(s, [X], [T], method=optimizer, scale=0.2)
    assert optimizer.param_groups[0]["lr"] == 0.2
    other = optim.SGD(small().parameters(), lr=0.1)
    with pytest.raises(ValueError, match="SGD has none of the network's parameters"):
        learned(s, [X], [T], method=other)


def test_losses() -> None:
    s = small()
    y = s.guess([X])[0].astype(np.float64)
    mean = nn.MSELoss()
    expected = {
        "quad": 0.5 * ((y - T) ** 2).sum(),
        "ce": -(T * np.log(y) + (1 - T) * np.log(1 - y)).sum(),
        mean: ((y - T) ** 2).mean(),
    }
    for loss, value in expected.items():
        _, state = s.guess([X], return_state=True)
        s.calculate_grads(state, [T], loss=loss)
        assert state.loss == pytest.approx(value, rel=1e-5)


def test_a_loss_of_class_numbers() -> None:
    s = network(tn.Dense((3,), tn.Linear()), shape=(3,))
    loss = nn.CrossEntropyLoss()
    assert learned(s, [X], [2], loss=loss)
    assert learned(s, [np.stack([X, X])], [np.array([2, 0])], loss=loss)


@pytest.mark.parametrize("loss", ["quad", "ce"])
def test_gradients_are_slopes(loss: str) -> None:
    s = small().double()
    grads = s.calculate_grads(s.guess([X], return_state=True)[1], [T], loss=loss)

    def value() -> float:
        y = s.guess([X])[0]
        if loss == "quad":
            return half_squared_error(s, [X], T)
        return float(-(T * np.log(y) + (1 - T) * np.log(1 - y)).sum())

    for name, p in s.named_parameters():
        assert np.allclose(grads[name], slope_of(s, p, value), atol=1e-8)


def test_gradients_of_several_examples_are_averaged() -> None:
    one = small()
    two = copy.deepcopy(one)
    xs, ts = np.random.default_rng(0).random((2, 4, 3)), np.random.default_rng(1).random((4, 2))
    states = [one.guess([x], return_state=True)[1] for x in xs[0]]
    grads = [one.learn(state, [t], batch=True) for state, t in zip(states, ts)]
    one.apply_grads(states[-1], grads, batch=True, method="sgd", scale=0.1)
    two.learn(two.guess([xs[0]], return_state=True)[1], [ts], method="sgd", scale=0.1)
    for p, q in zip(one.parameters(), two.parameters()):
        assert np.allclose(p._data, q._data, atol=1e-6)


def test_calculate_then_apply_is_learn() -> None:
    one = small()
    two = copy.deepcopy(one)
    _, state = one.guess([X], return_state=True)
    one.apply_grads(state, one.calculate_grads(state, [T]), method="adam")
    two.learn(two.guess([X], return_state=True)[1], [T], method="adam")
    for p, q in zip(one.parameters(), two.parameters()):
        assert np.allclose(p._data, q._data)


def test_several_inputs_and_outputs() -> None:
    x, y = place(3), place(2)
    first = tn.Dense((2,))(tn.FlatConcat()([x, y]))
    second = tn.Dense((3,))(first)
    s = tn.System([x, y], [first, second])
    guess, state = s.guess([X, T], return_state=True)
    assert [g.shape for g in guess] == [(2,), (3,)]
    s.learn(state, [T, X])
    one, two = s(tn.ones(5, 3), tn.ones(5, 2))
    assert (one.shape, two.shape) == ((5, 2), (5, 3))
    assert learned(s, [X, T], [T, None]) == {"Dense_0.weight", "Dense_0.bias"}


def test_a_system_is_a_module() -> None:
    s = small()
    assert isinstance(s, nn.Module)
    assert list(s.state_dict()) == [f"Dense_{k}.{n}" for k in (0, 1) for n in ("weight", "bias")]
    optimizer = optim.Adam(s.parameters())
    loss = s(tn.ones(4, 3)).sum()
    loss.backward()
    optimizer.step()
    copied = pickle.loads(pickle.dumps(s))
    for twin in (copied, copy.deepcopy(s)):
        assert (twin.guess([X])[0] == s.guess([X])[0]).all()
        assert learned(twin, [X], [T])


def test_a_part_of_a_system_may_be_fed() -> None:
    x = place(3)
    hidden = tn.Dense((4,))(x)
    out = tn.Dense((2,))(hidden)
    inner = tn.System([hidden], [out])
    assert inner.guess([np.ones(4)])[0].shape == (2,)
    assert len(inner.parts) == 2


def test_double_precision_goes_through() -> None:
    s = small().double()
    assert s.guess([X.astype(np.float32)])[0].dtype == np.float64
    assert small().guess([X])[0].dtype == np.float32


@pytest.mark.parametrize("dtype", [tn.bfloat16, tn.float16, tn.float64], ids=str)
def test_a_network_of_every_precision(dtype: Any, tmp_path: Any) -> None:
    def build() -> tn.System:
        return network(tn.Conv((2,), (2,)), tn.LSTM(3), tn.RNN(3), tn.Dense((2,)), shape=(4, 2))

    s, x = build().to(dtype), np.ones((4, 2))
    (guess,), state = s.guess([x], return_state=True)
    assert all(slot.dtype == guess.dtype for part in state for slot in part)
    s.learn(state, [np.ones(2)])
    assert {p.dtype for p in s.parameters()} == {dtype}
    for name in ("net", "net.h5"):
        s.save_weights(tmp_path / name)
        other = build().to(dtype)
        other.load_weights(tmp_path / name)
        assert (other.guess([x])[0] == s.guess([x])[0]).all()


WRONG: list[tuple[Any, type[Exception], str]] = [
    (lambda s: s.guess(X), TypeError, "inputs must be a list"),
    (lambda s: s.guess([]), ValueError, "0 inputs given for 1"),
    (lambda s: s.guess([np.ones(4)]), ValueError, r"inputs\[0\] has shape \(4,\), expected \(3,\)"),
    (lambda s: s.guess([np.ones((2, 4))]), ValueError, r"for a batch, \(N, 3\)"),
    (lambda s: s.guess([["a", "b", "c"]]), TypeError, "must hold numbers"),
    (lambda s: s.guess([[1, [2], 3]]), ValueError, "no array of numbers"),
    (lambda s: s(tn.ones(3)), ValueError, r"has shape \(3,\), expected \(N, 3\)"),
    (lambda s: s(X), TypeError, "guess takes arrays"),
    (lambda s: s(), TypeError, "0 given for 1 inputs"),
]


@pytest.mark.parametrize(("call", "error", "says"), WRONG, ids=[says for *_, says in WRONG])
def test_wrong_inputs(call: Any, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        call(small())


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    (dict(true_outputs=T), TypeError, "must be a list with one array per output"),
    (dict(true_outputs=[T, T]), ValueError, "2 true_outputs for 1 outputs"),
    (dict(true_outputs=[X]), ValueError, r"true_outputs\[0\] has shape \(3,\), expected \(2,\)"),
    (dict(true_outputs=[T[:1]]), ValueError, r"has shape \(1,\), expected \(2,\)"),
    (dict(true_outputs=[["a", "b"]]), TypeError, "must hold numbers"),
    (dict(true_outputs=[None]), ValueError, "nothing to learn"),
    (dict(loss="mse"), ValueError, "unknown loss 'mse'; expected 'quad', 'ce' or a loss module"),
    (dict(loss=nn.MSELoss), ValueError, "unknown loss"),
    (dict(loss=nn.MSELoss(reduction="none")), ValueError, "must give one number"),
    (dict(loss="ce", true_outputs=[T + 1]), ValueError, "compares probabilities"),
    (dict(method="momentum"), ValueError, "expected 'sgd', 'rmsprop', 'adam' or an Optimizer"),
    (dict(method="sgd", b1=0.9), TypeError, "method 'sgd' has no b1"),
    (dict(method="adam", lr=0.1), TypeError, "unknown option 'lr'"),
    (dict(scale=-1.0), ValueError, "scale is a learning rate"),
    (dict(final_state=None), TypeError, "final_state must be the state"),
]


@pytest.mark.parametrize(("arguments", "error", "says"), REFUSED, ids=[s for *_, s in REFUSED])
def test_a_refused_learn_changes_nothing(
    arguments: dict[str, Any], error: type[Exception], says: str
) -> None:
    s = small()
    before = {name: p.detach().clone() for name, p in s.named_parameters()}
    _, state = s.guess([X], return_state=True)
    with pytest.raises(error, match=says):
        s.learn(**{"final_state": state, "true_outputs": [T], **arguments})
    for name, p in s.named_parameters():
        assert (p._data == before[name]._data).all()
        assert p.grad is None
    s.learn(state, [T])  # and the state is still good


def test_a_state_is_learned_from_once() -> None:
    s = small()
    _, state = s.guess([X], return_state=True)
    s.learn(state, [T])
    with pytest.raises(RuntimeError, match="weights have changed since this guess"):
        s.learn(state, [T])
    with pytest.raises(TypeError, match="this System's guess"):
        small().learn(state, [T])


class Several(nn.Module):
    """A list of factors, which may grow."""

    def __init__(self) -> None:
        super().__init__()
        self.factors = [nn.Parameter(tn.ones(3))]

    def forward(self, input: Any) -> Any:
        for factor in self.factors:
            input = input * factor
        return input


def test_what_learns_may_change_between_steps() -> None:
    system = small()
    everything = learned(system, [X], [T])
    assert everything == {name for name, _ in system.named_parameters()}
    system.Dense_0.bias.requires_grad_(False)
    assert learned(system, [X], [T]) == everything - {"Dense_0.bias"}
    system.Dense_0.bias = nn.Parameter(tn.zeros(4))
    assert learned(system, [X], [T]) == everything
    system.double()
    assert system.guess([X])[0].dtype == np.float64
    assert learned(copy.deepcopy(system), [X], [T]) == everything

    growing = network(tn.Layer(Several()), tn.Dense((2,)), shape=(3,))
    assert "Layer_0.factors.0" in learned(growing, [X], [T])
    growing.Layer_0.factors.append(nn.Parameter(tn.ones(3)))
    assert "Layer_0.factors.1" in learned(growing, [X], [T])


def test_wrong_networks() -> None:
    x, y = place(3), place(3)
    out = tn.Dense((2,))(x)
    for arguments, error, says in [
        (dict(inputs=[x]), ValueError, "outputs must be a list of at least one"),
        (
            dict(inputs=[x, y], outputs=[out]),
            ValueError,
            r"inputs\[1\] .* does not reach any output",
        ),
        (dict(inputs=[x, x], outputs=[out]), ValueError, "in the list twice"),
        (dict(inputs=[], outputs=[out]), ValueError, "not among the inputs"),
        (dict(inputs=[tn.Dense((2,))], outputs=[out]), TypeError, "must be an Instance"),
        (dict(inputs=[x], outputs=[(out, 1)]), IndexError, "1 output slot, got index 1"),
    ]:
        with pytest.raises(error, match=says):
            tn.System(**arguments)


def test_weights_that_lead_to_no_output_cannot_learn() -> None:
    x = place(3)
    s = tn.System([x], [tn.Combine()([x, tn.Dense((2,))(x)])])
    for batch in (False, True):
        _, state = s.guess([X], return_state=True)
        with pytest.raises(RuntimeError, match="none of the weights leads to an output"):
            s.learn(state, [X], batch=batch)


def test_an_instance_without_a_module_cannot_run() -> None:
    x = place(3)
    bare = tn.Instance([x], tn.Flatten(), [(3,)], [(3,)], [])
    with pytest.raises(TypeError, match="has no module; a Structure's build makes it"):
        tn.System([x], [bare])


def test_gradients_of_other_names_are_refused() -> None:
    s = small()
    with pytest.raises(ValueError, match="expected gradients of"):
        s.apply_grads(None, {"weight": np.ones(3)})
    with pytest.raises(TypeError, match="a list of what learn returned"):
        s.apply_grads(None, {}, batch=True)


def test_learning_leaves_no_garbage() -> None:
    s = network(tn.LSTM(3), tn.Dense((2,)), shape=(3, 1))
    learned(s, [X[:, None]], [T], method="adam")
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            _, state = s.guess([X[:, None]], return_state=True)
            s.calculate_grads(state, [T])
            s.learn(state, [T], method="adam")
        del state
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_a_long_chain_of_parts() -> None:
    x = last = place(2)
    for _ in range(3000):
        last = tn.Add()([last, x])
    s = tn.System([x], [last])
    assert s.guess([[1.0, 2.0]])[0].tolist() == [3001.0, 6002.0]
