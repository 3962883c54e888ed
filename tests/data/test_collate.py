"""From samples to batches: the same structure, shapes, dtypes and values as torch's."""

from __future__ import annotations

from collections import OrderedDict, UserDict, UserList, namedtuple
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.errors import ShapeError
from autotn.utils.data import default_collate, default_convert

Point = namedtuple("Point", "x y")

SAMPLES: dict[str, Any] = {
    "floats": [0.5, 1.5], "ints": [1, 2], "bools": [True, False], "int then float": [1, 2.5],
    "strings": ["a", "b"], "bytes": [b"a", b"b"], "tuples": [(1, "a"), (2, "b")],
    "lists": [[1, 2.0], [3, 4.0]], "dicts": [{"a": 1, "b": [2]}, {"a": 3, "b": [4]}],
    "ordered": [OrderedDict(a=1), OrderedDict(a=2)], "named": [Point(1, 2.0), Point(3, 4.0)],
    "deep": [({"a": (1, [2.0])},), ({"a": (3, [4.0])},)], "empty tuples": [(), ()],
    "array": [np.arange(3), np.arange(3)], "float32 array": [np.ones((2, 1), "f4")] * 3,
    "numpy float": [np.float32(1), np.float32(2)], "numpy int": [np.int8(1), np.int8(2)],
    "0-d arrays": [np.array(1.0), np.array(2.0)], "user dict": [UserDict(a=1), UserDict(a=2)],
    "user list": [UserList([1, 2]), UserList([3, 4])], "one": [3.0],
}  # fmt: skip


def same(ours: Any, theirs: Any) -> bool:
    """Tensors are compared by dtype and values, everything else by type and content."""
    if isinstance(ours, tn.Tensor):
        return (
            str(ours.dtype).partition(".")[2] == str(theirs.dtype).partition(".")[2]
            and ours.tolist() == theirs.tolist()
        )
    if type(ours) is not type(theirs):
        return False
    if hasattr(ours, "keys"):
        return list(ours) == list(theirs) and all(same(ours[k], theirs[k]) for k in ours)
    if isinstance(ours, (list, tuple, UserList)):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return bool(ours == theirs)


@pytest.mark.parametrize("name", SAMPLES)
def test_default_collate_is_torchs(torch: Any, name: str) -> None:
    ours = default_collate(SAMPLES[name])
    theirs = torch.utils.data.default_collate(SAMPLES[name])
    assert same(ours, theirs), (ours, theirs)


@pytest.mark.parametrize("name", SAMPLES)
def test_default_convert_is_torchs(torch: Any, name: str) -> None:
    ours = default_convert(SAMPLES[name])
    theirs = torch.utils.data.default_convert(SAMPLES[name])
    assert same(ours, theirs), (ours, theirs)


def test_tensors_are_stacked() -> None:
    batch = default_collate([tn.ones(2, 3), tn.zeros(2, 3)])
    assert batch.shape == (2, 2, 3)
    assert default_collate([tn.tensor(1), tn.tensor(2)]).tolist() == [1, 2]
    assert default_collate([tn.ones(0), tn.ones(0)]).shape == (2, 0)
    assert default_collate([tn.arange(6).reshape(2, 3).T] * 2)[1].tolist() == [
        [0, 3], [1, 4], [2, 5],
    ]  # fmt: skip


def test_a_batch_owns_its_memory() -> None:
    sample = tn.ones(2)
    batch = default_collate([sample])
    batch._data[:] = 5
    assert sample.tolist() == [1, 1]


def test_gradients_flow_through_a_batch() -> None:
    sample = tn.ones(2, requires_grad=True)
    default_collate([sample, sample * 2]).sum().backward()
    assert sample.grad is not None
    assert sample.grad.tolist() == [3, 3]


def test_custom_containers_keep_their_attributes() -> None:
    class Noted(UserDict[str, Any]):
        note = "none"

    first = Noted(a=1)
    first.note = "kept"
    batch = default_collate([first, Noted(a=2)])
    assert batch.note == "kept"
    assert batch["a"].tolist() == [1, 2]
    assert first["a"] == 1


def test_what_does_not_fit_is_explained() -> None:
    with pytest.raises(ShapeError, match=r"\(2,\) at entry 0 and \(3,\) at entry 1"):
        default_collate([tn.ones(2), tn.ones(3)])
    with pytest.raises(RuntimeError, match=r"same number of entries, got \[1, 2\]"):
        default_collate([[1], [1, 2]])
    with pytest.raises(TypeError, match="found object"):
        default_collate([object()])
    with pytest.raises(TypeError, match="<U1"):
        default_collate([np.array(["a"])])
