"""Named checkpoints: several in one file, whole or not at all, in two formats."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotn as tn
from tests.network.slopes import learned, network, place

pytest.importorskip("safetensors")

X, T = np.array([0.3, -0.2, 0.5]), np.array([0.1, 0.9])


def small() -> tn.System:
    return network(tn.Dense((4,)), tn.Dense((2,), tn.Sigmoid()), shape=(3,))


def weights(system: tn.System) -> list[Any]:
    return [p._data.copy() for p in system.parameters()]


def same(one: list[Any], other: list[Any]) -> bool:
    return len(one) == len(other) and all(np.array_equal(a, b) for a, b in zip(one, other))


@pytest.fixture(params=["net.safetensors", "net.h5", "net"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param.endswith(".h5"):
        pytest.importorskip("h5py")
    return tmp_path / request.param


def test_several_checkpoints_in_one_file(path: Path) -> None:
    early, late = small(), small()
    early.save_weights(path)
    late.save_weights(str(path), "late")
    read = small()
    read.load_weights(path)
    assert same(weights(read), weights(early))
    read.load_weights(path, checkpoint="late")
    assert same(weights(read), weights(late))
    early.save_weights(path, "late")
    read.load_weights(path, "late")
    assert same(weights(read), weights(early)), "replaced"
    read.load_weights(path, "default")
    assert same(weights(read), weights(early)), "the other stays"


def test_an_unknown_checkpoint_lists_those_there_are(path: Path) -> None:
    small().save_weights(path, "a/b")
    with pytest.raises(KeyError, match="no checkpoint 'x'; there is 'a"):
        small().load_weights(path, "x")


def test_a_checkpoint_of_another_network_changes_nothing(path: Path) -> None:
    small().save_weights(path)
    other = network(tn.Dense((5,)), tn.Dense((2,)), shape=(3,))
    before = weights(other)
    with pytest.raises((RuntimeError, ValueError)):
        other.load_weights(path)
    assert same(weights(other), before)
    with pytest.raises((RuntimeError, ValueError)):
        network(tn.Dense((4,)), shape=(3,)).load_weights(path)


def test_the_error_tells_which_network_was_saved(tmp_path: Path) -> None:
    small().save_weights(tmp_path / "net")
    with pytest.raises(RuntimeError) as caught:
        network(tn.Dense((5,)), shape=(3,)).load_weights(tmp_path / "net")
    assert "Dense :: [(3,)] -> [(4,)]" in caught.value.__notes__[0]


@pytest.mark.parametrize("method", ["sgd", "rmsprop", "adam"])
def test_training_goes_on_as_if_it_had_not_stopped(method: str, tmp_path: Path) -> None:
    whole, resumed = small(), small()
    for _ in range(3):
        learned(whole, [X], [T], method=method)
    whole.save_weights(tmp_path / "net")
    tn.save(whole.state_dict(), tmp_path / "state.safetensors")
    resumed.load_weights(tmp_path / "net")
    again = small()
    again.load_state_dict(tn.load(tmp_path / "state.safetensors"))
    for system in (whole, resumed, again):
        for _ in range(3):
            learned(system, [X], [T], method=method)
    assert same(weights(resumed), weights(whole))
    assert same(weights(again), weights(whole))


def test_weights_without_memory_begin_it_afresh() -> None:
    s = small()
    learned(s, [X], [T], method="adam")
    assert any(key.startswith("_optimizer.adam.") for key in s.state_dict())
    s.load_state_dict(small().state_dict())
    assert not any(key.startswith("_optimizer.") for key in s.state_dict())


def test_a_file_of_another_kind_is_not_overwritten(path: Path) -> None:
    path.write_bytes(b"my diary, which is long enough to be one")
    with pytest.raises((RuntimeError, OSError)):
        small().save_weights(path)
    assert path.read_bytes().startswith(b"my diary")


def test_shared_weights_are_saved_once(path: Path) -> None:
    def build() -> tn.System:
        x, shared = place(3), tn.Clone(tn.Dense((3,)))
        return tn.System([x], [shared(shared(shared(x)))])

    one, other = build(), build()
    one.save_weights(path)
    other.load_weights(path)
    assert same(weights(one), weights(other))
    assert len(weights(one)) == 2


Groups = dict[str, tuple[Any, Any] | None]


def original_file(path: Path, groups: Groups) -> None:
    """As the original package writes it: a group for every part, empty where it has no weights."""
    h5py = pytest.importorskip("h5py")
    with h5py.File(path, "w") as file:
        for name, arrays in groups.items():
            group = file.create_group(f"default/{name}")
            for key, values in zip(("neuron0_w", "neuron0_b"), arrays or ()):
                group[key] = values


def drawn(*shapes: tuple[int, int]) -> list[tuple[Any, Any]]:
    """Weights and biases of neurons."""
    rng = np.random.default_rng(0)
    return [(rng.normal(size=shape), rng.normal(size=shape[0])) for shape in shapes]


def recurrent() -> tuple[tn.System, Groups]:
    """Recurrence is spelled out in its files, the same weights in every step."""
    dense, cell = drawn((2, 4), (4, 7))
    groups: Groups = {"0_Dense": dense, "1_Combine": None, "2_Join": None, "9_Split": None}
    groups |= {f"{k}_Clone(Dense)": cell for k in (3, 4, 5)}
    groups |= {f"{k}_FlatConcat": None for k in (6, 7, 8)} | {"10_Constant": None, "11_Input": None}
    x = place(3, 3)
    return tn.System([x], [tn.Dense((2,))(tn.RNN(4)(x), input_index=1)]), groups


def test_a_file_of_the_original_package(tmp_path: Path) -> None:
    system, groups = recurrent()
    original_file(tmp_path / "rnn.h5", groups)
    system.load_weights(tmp_path / "rnn.h5")
    dense, cell = groups["0_Dense"], groups["3_Clone(Dense)"]
    assert dense
    assert cell
    assert np.allclose(system.Dense_0.weights, dense[0])
    assert np.allclose(system.RNN_0.weights, cell[0])
    assert np.allclose(system.RNN_0.biases, cell[1])


def test_residual_layers_side_by_side_find_their_own_weights(tmp_path: Path) -> None:
    """All four layers have the same shape: only the numbers tell them apart."""
    dense_a, dense_b, cell_a, cell_b = drawn(*[(6, 6)] * 4)
    empty = np.zeros((0,)), np.zeros((0,))
    groups: Groups = {"0_Add": None, "1_ResWrap": empty, "2_ResWrap": empty}
    groups |= {"3_Add": None, "4_Add": None, "5_Input": None}
    groups |= {"6_Dense": dense_a, "7_Dense": dense_b, "8_Dense": cell_a, "9_Dense": cell_b}
    original_file(tmp_path / "net.h5", groups)
    x = place(6)
    one, other = (tn.ResWrap(tn.Dense((6,), tn.ReLU()))(x) for _ in range(2))
    tn.System([x], [tn.Add()([one, other])]).load_weights(tmp_path / "net.h5")
    expected = [(one, dense_a, cell_a), (other, dense_b, cell_b)]
    for layer, dense, cell in expected:
        assert np.allclose(layer.module.dense.weights, dense[0])
        assert np.allclose(layer.module.cell.weights, cell[0])


def test_a_residual_layer_with_weights_in_its_activation(path: Path) -> None:
    systems = [network(tn.ResWrap(tn.Dense((4,), tn.nn.PReLU())), shape=(3,)) for _ in range(2)]
    for parameter in systems[0].parameters():
        parameter._data += 0.125
    systems[0].save_weights(path)
    systems[1].load_weights(path)
    assert same(*map(weights, systems))
    assert len(weights(systems[0])) == 6


def test_a_file_of_another_network_of_the_original_package(tmp_path: Path) -> None:
    system, groups = recurrent()
    before = weights(system)
    original_file(tmp_path / "more.h5", groups | {"12_Dense": drawn((4, 4))[0]})
    with pytest.raises(ValueError, match=r"it lacks nothing and has 12_Dense besides"):
        system.load_weights(tmp_path / "more.h5")
    original_file(tmp_path / "wide.h5", groups | {"0_Dense": drawn((2, 5))[0]})
    with pytest.raises(ValueError, match=r"0_Dense/neuron0_w has shape \(2, 5\) .* \(2, 4\)"):
        system.load_weights(tmp_path / "wide.h5")
    original_file(tmp_path / "unlike.h5", groups | {"4_Clone(Dense)": drawn((9, 9), (4, 7))[1]})
    with pytest.raises(ValueError, match="are shared here, but differ"):
        system.load_weights(tmp_path / "unlike.h5")
    assert same(weights(system), before)


def test_the_layout_of_the_original_package(tmp_path: Path) -> None:
    """It reads a group of every part, also of those without weights."""
    h5py = pytest.importorskip("h5py")
    small().save_weights(tmp_path / "net.h5", "end")
    with h5py.File(tmp_path / "net.h5") as file:
        assert sorted(file["end"]) == ["0_Dense", "1_Dense", "2_Input"]
        assert file["end/0_Dense/neuron0_w"].shape == (2, 4)
        assert file["end/1_Dense/neuron0_b"].shape == (4,)
    system, groups = recurrent()
    system.save_weights(tmp_path / "rnn.h5")
    with h5py.File(tmp_path / "rnn.h5") as file:
        assert sorted(file["default"]) == sorted(groups)
        steps = [file[f"default/{k}_Clone(Dense)/neuron0_w"] for k in (3, 4, 5)]
        assert steps[0] == steps[1] == steps[2], "stored once, found by every name"
    x = place(3)
    tn.System([x], [tn.ResWrap(tn.Dense((4,)))(x)]).save_weights(tmp_path / "net.h5", "residual")
    with h5py.File(tmp_path / "net.h5") as file:
        assert file["residual/0_ResWrap/neuron0_w"].shape == (0,)


@pytest.mark.parametrize("wrong", [dict(fname=3), dict(fname="x", checkpoint="")])
def test_wrong_names(wrong: Any) -> None:
    with pytest.raises(TypeError, match="save_weights: "):
        small().save_weights(**wrong)


def test_a_missing_file() -> None:
    for name in ("nowhere.safetensors", "nowhere.h5"):
        with pytest.raises((FileNotFoundError, ImportError)):
            small().load_weights(name)
