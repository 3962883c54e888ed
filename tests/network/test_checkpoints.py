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


def test_a_file_of_the_original_package(tmp_path: Path) -> None:
    """Its recurrent networks were spelled out: one group per step, with the same weights."""
    h5py = pytest.importorskip("h5py")
    rng = np.random.default_rng(0)
    dense = rng.normal(size=(2, 4)), rng.normal(size=2)
    cell = rng.normal(size=(4, 7)), rng.normal(size=4)
    with h5py.File(tmp_path / "rnn.h5", "w") as file:
        groups = {
            "0_Dense": dense,
            "1_Combine": None,
            "12_Clone(Dense)": cell,
            "3_Clone(Dense)": cell,
        }
        for name, arrays in groups.items():
            group = file.create_group(f"default/{name}")
            for key, values in zip(("neuron0_w", "neuron0_b"), arrays or ([], [])):
                group[key] = values
    x = place(5, 3)
    system = tn.System([x], [tn.Dense((2,))(tn.RNN(4)(x), input_index=1)])
    system.load_weights(tmp_path / "rnn.h5")
    assert np.allclose(system.parts[0].module.weights, dense[0])
    assert np.allclose(system.parts[1].module.weights, cell[0])


def test_the_layout_of_the_original_package(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    small().save_weights(tmp_path / "net.h5", "end")
    with h5py.File(tmp_path / "net.h5") as file:
        assert sorted(file["end"]) == ["0_Dense", "1_Dense"]
        assert file["end/0_Dense/neuron0_w"].shape == (2, 4)
        assert file["end/1_Dense/neuron0_b"].shape == (4,)


@pytest.mark.parametrize("wrong", [dict(fname=3), dict(fname="x", checkpoint="")])
def test_wrong_names(wrong: Any) -> None:
    with pytest.raises(TypeError, match="save_weights: "):
        small().save_weights(**wrong)


def test_a_missing_file() -> None:
    for name in ("nowhere.safetensors", "nowhere.h5"):
        with pytest.raises((FileNotFoundError, ImportError)):
            small().load_weights(name)
