"""Every structure: its shapes, its values, and its gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from tests.network.slopes import assert_right_gradients, learned, network, place

X = np.arange(6.0, dtype=np.float32).reshape(2, 3)


def value(instance: tn.Instance, *inputs: tuple[tn.Instance, Any], slot: int = 0) -> Any:
    system = tn.System([place for place, _ in inputs], [(instance, slot)])
    return system.guess([values for _, values in inputs])[0]


def test_input_has_one_slot_and_no_inputs() -> None:
    instance = tn.Input((32, 32))()
    assert str(instance) == "Input :: [] -> [(32, 32)]"
    assert instance.parents == []
    assert tn.Input(5)().output_shapes == [(5,)]
    assert tn.Input([2, 3])().output_shapes == [(2, 3)]


@pytest.mark.parametrize(
    ("shape", "error"), [("ab", TypeError), ((2.5,), TypeError), ((0,), ValueError)]
)
def test_input_refuses_what_is_no_shape(shape: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="Input: "):
        tn.Input(shape)


def test_constant_is_never_changed() -> None:
    x, c = place(2, 3), tn.Constant(np.full((2, 3), 2.0))()
    assert c.constant
    assert str(c) == "Constant :: [] -> [(2, 3)]"
    out = tn.Mul()([x, tn.Dense((2, 3))(c)])
    system = tn.System([x], [out])
    assert learned(system, [X], [X]) == {"Dense_0.weight", "Dense_0.bias"}
    assert value(tn.Add()([x, c]), (x, X)).tolist() == (X + 2).tolist()


@pytest.mark.parametrize("shape", [(3,), (2, 2), (2, 1, 2)])
def test_dense_takes_and_gives_any_shape(shape: tuple[int, ...]) -> None:
    x = place(2, 3)
    out = tn.Dense(shape)(x)
    assert isinstance(out.module.activation, tn.Tanh)
    expected = np.tanh(out.module.weights @ X.ravel() + out.module.biases).reshape(shape)
    assert np.allclose(value(out, (x, X)), expected, atol=1e-6)
    assert_right_gradients(out.module, (2, 3))


def test_flatten() -> None:
    x = place(2, 3)
    assert value(tn.Flatten()(x), (x, X)).tolist() == X.ravel().tolist()


def test_concatenate() -> None:
    x, y = place(2, 3), place(1, 3)
    out = tn.Concatenate()([x, y])
    assert str(out) == "Concatenate :: [(2, 3), (1, 3)] -> [(3, 3)]"
    assert value(out, (x, X), (y, X[:1])).tolist() == np.concatenate([X, X[:1]]).tolist()
    with pytest.raises(ValueError, match="Concatenate: input of shape"):
        tn.Concatenate()([x, place(2, 2)])


def test_flat_concat() -> None:
    x, y = place(2, 3), place(2)
    out = tn.FlatConcat()([x, y])
    assert out.output_shapes == [(8,)]
    assert value(out, (x, X), (y, [7, 8])).tolist() == [*X.ravel(), 7, 8]


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_split_along_any_axis(axis: int) -> None:
    x = place(2, 3)
    out = tn.Split()(x, axis=axis)
    for slot in range(X.shape[axis]):
        assert value(out, (x, X), slot=slot).tolist() == X.take(slot, axis).tolist()
    assert len(out.output_shapes) == X.shape[axis]


def test_join() -> None:
    x, y = place(2, 3), place(2, 3)
    assert value(tn.Join()([x, y]), (x, X), (y, -X)).tolist() == np.stack([X, -X]).tolist()
    with pytest.raises(ValueError, match="Join: input of shape"):
        tn.Join()([x, place(3)])


def test_combine_has_a_slot_for_each() -> None:
    x, y = place(2, 3), place(4)
    out = tn.Combine()([x, y])
    assert out.output_shapes == [(2, 3), (4,)]
    assert value(out, (x, X), (y, np.ones(4)), slot=1).tolist() == [1, 1, 1, 1]


def test_indexes_choose_slots() -> None:
    x = place(2, 3)
    rows = tn.Split()(x)
    assert value(tn.Flatten()(rows, 1), (x, X)).tolist() == X[1].tolist()
    assert value(tn.Join()([rows, rows], [1, 0]), (x, X)).tolist() == X[::-1].tolist()
    assert value(tn.Dense((1,))(rows, input_index=1), (x, X)).shape == (1,)
    with pytest.raises(IndexError, match="Split has 2 output slots, got index 2"):
        tn.Flatten()(rows, 2)
    with pytest.raises(ValueError, match="2 inputs need as many input_indexes"):
        tn.Join()([rows, rows], [1])


class Hypotenuse(tn.Pointwise):
    def oper(self, *inputs: Any) -> Any:
        return np.sqrt(inputs[0] * inputs[0] + inputs[1] * inputs[1])


def test_pointwise_needs_its_forward_alone() -> None:
    x, y = place(2), place(2)
    out = Hypotenuse()([x, y])
    assert value(out, (x, [3, 5]), (y, [4, 12])).tolist() == [5, 13]
    assert_right_gradients(out.module, (2,), (2,))
    with pytest.raises(NotImplementedError, match=r"must define oper\(self, \*inputs\)"):
        tn.Pointwise()([x, y])


@pytest.mark.parametrize(("kind", "result"), [(tn.Add, [4, 6]), (tn.Mul, [3, 8])])
def test_add_and_mul(kind: Any, result: list[int]) -> None:
    x, y = place(2), place(2)
    out = kind()([x, y])
    assert value(out, (x, [1, 2]), (y, [3, 4])).tolist() == result
    assert_right_gradients(out.module, (2,), (2,))


def test_activate() -> None:
    x = place(2, 3)
    out = tn.Activate(tn.Sigmoid())(x)
    assert np.allclose(value(out, (x, X)), 1 / (1 + np.exp(-X)))


def test_clone_shares_one_set_of_weights() -> None:
    x, y, shared = place(3), place(3), tn.Clone(tn.Dense((2,)))
    first, second = shared(x), shared(y)
    assert str(first) == "Clone(Dense) :: [(3,)] -> [(2,)]"
    assert first.module is second.module
    system = tn.System([x, y], [tn.Add()([first, second])])
    assert [name for name, _ in system.named_parameters()] == ["Clone_0.weight", "Clone_0.bias"]
    with pytest.raises(ValueError, match=r"Clone\(Dense\): its weights were made for"):
        shared(place(4))
    with pytest.raises(TypeError, match="Clone: structure must be a Structure"):
        tn.Clone(first)


@pytest.mark.parametrize(
    ("structure", "shapes"),
    [
        (tn.Dense((2,)), [(2, 3), (6,)]),
        (tn.Conv((2, 2), (3,)), [(4, 6), (6, 4)]),
        (tn.Conv((2, 2), (3,), pad=True), [(4, 6), (5, 3), (4, 6)]),
        (tn.RNN(5), [(4, 3), (7, 3)]),
        (tn.LSTM(5), [(4, 3), (1, 3)]),
    ],
    ids=lambda value: value.name if isinstance(value, tn.Structure) else None,
)
def test_a_clone_reads_other_shapes_with_the_same_weights(structure: Any, shapes: Any) -> None:
    shared, rng = tn.Clone(structure), np.random.default_rng(0)
    places = [place(*shape) for shape in shapes]
    parts = [shared(x) for x in places]
    inputs = [rng.normal(size=shape) for shape in shapes]
    system = tn.System(places, parts)
    weights = {name.rpartition("Clone_0.")[2]: p for name, p in system.named_parameters()}
    for part, x, shape, found in zip(parts, inputs, shapes, system.guess(inputs)):
        alone = structure(place(*shape))
        alone.module.load_state_dict(weights)
        assert part.output_shapes == alone.output_shapes
        assert np.allclose(alone.forward([[x]])[0], found, atol=1e-6)
    _, state = system.guess(inputs, return_state=True)
    system.learn(state, [np.ones(part.output_shapes[0]) for part in parts], method="adam")
    for first, *others in zip(*(part.module.parameters() for part in parts)):
        assert all(other is first for other in others)


def test_a_number_is_an_input_too() -> None:
    x = tn.Input(())()
    dense = tn.Dense((2,), tn.Linear())(x)
    assert np.allclose(value(dense, (x, np.array(3.0))), dense.layer[0].weights[:, 0] * 3)


def test_calls_of_one_structure_have_weights_of_their_own() -> None:
    dense = tn.Dense((2,))
    first, second = dense(place(3)), dense(place(3))
    assert first.structure is second.structure is dense
    assert first.module.weight is not second.module.weight


@pytest.mark.parametrize(
    "cell",
    [tn.Dense((4,), tn.ReLU()), tn.Clone(tn.Dense((4,)))],
    ids=lambda cell: type(cell).__name__,
)
def test_res_wrap(cell: Any) -> None:
    x = place(2, 3)
    out = tn.ResWrap(cell)(x)
    assert str(out) == "ResWrap :: [(2, 3)] -> [(2, 3)]"
    net = out.module
    with tn.no_grad():
        batch = tn.from_numpy(X[None])
        expected = net.activation(batch + net.dense(net.cell(batch)))[0].numpy()
    assert np.allclose(value(out, (x, X)), expected)
    assert_right_gradients(net, (2, 3))


def test_res_wrap_chooses_a_slot_of_its_cell() -> None:
    out = tn.ResWrap(tn.RNN(4), output_index=1)(place(2, 3))
    assert out.module.dense.ninputs == 4
    with pytest.raises(IndexError, match="output_index 2, but the cell RNN has 2"):
        tn.ResWrap(tn.RNN(4), output_index=2)(place(2, 3))
    with pytest.raises(TypeError, match="with an activation"):
        tn.ResWrap(tn.Flatten())


def test_any_module_is_a_layer() -> None:
    module = nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4))
    system = network(tn.Layer(module), tn.Dense((2,)), shape=(5, 3))
    assert str(system.parts[1]) == "Sequential :: [(5, 3)] -> [(5, 4)]"
    assert learned(system, [np.ones((5, 3))], [np.ones(2)], loss=nn.MSELoss())
    assert module[0].weight is dict(system.named_parameters())["Layer_0.0.weight"]


def test_a_layer_made_by_a_function_is_new_each_time() -> None:
    linear = tn.Layer(lambda: nn.Linear(3, 4))
    assert linear(place(3)).module is not linear(place(3)).module


def test_an_embedding_reads_integers() -> None:
    x = tn.Input((5,), dtype=tn.int64)()
    system = tn.System([x], [tn.Dense((2,))(tn.Layer(nn.Embedding(7, 3))(x))])
    assert system.guess([np.arange(5)])[0].shape == (2,)


class Scaled(tn.Structure):
    """One of the user's own: several inputs, two slots, a weight."""

    def build(self, *in_shapes: Any) -> nn.Module:
        class Net(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.scale = nn.Parameter(tn.ones(in_shapes[0]))

            def forward(self, x: Any, y: Any) -> Any:
                return x * self.scale, y + 1

        return Net()


def test_a_structure_needs_build_alone() -> None:
    x, y = place(2, 3), place(4)
    out = Scaled()(x, y)
    assert str(out) == "Scaled :: [(2, 3), (4,)] -> [(2, 3), (4,)]"
    assert value(out, (x, X), (y, np.ones(4)), slot=1).tolist() == [2, 2, 2, 2]
    with pytest.raises(NotImplementedError, match="must define build"):
        tn.Structure()(x)


def test_a_module_that_loses_the_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="Layer: for a batch of 1"):
        tn.Layer(lambda: nn.Flatten(0))(place(2, 3))


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (X, "is called on Instances"),
        (tn.Dense((3,)), "got the structure Dense; call it"),
        (nn.Linear(3, 2), r"tn.Layer\(module\)"),
    ],
    ids=["array", "structure", "module"],
)
def test_structures_are_called_on_instances(wrong: Any, says: str) -> None:
    with pytest.raises(TypeError, match=f"Dense: .*{says}"):
        tn.Dense((2,))(wrong)


def test_instances_cannot_be_called() -> None:
    with pytest.raises(TypeError, match="make a System of it and call its guess"):
        place(3)(tn.ones(3))
