"""Data comes from and goes to other libraries, sharing memory where it can."""

from __future__ import annotations

import array
import sys

import numpy as np
import pytest

import autotn as tn


def test_memory_is_shared_with_numpy() -> None:
    a = np.arange(4.0)
    t = tn.from_numpy(a)
    t[0] = 9
    t.numpy()[1] = 7
    a[2] = 5
    assert a.tolist() == t.tolist() == [9, 7, 5, 3]
    assert np.asarray(t) is a or np.shares_memory(np.asarray(t), a)
    assert np.shares_memory(tn.as_tensor(a).numpy(), a)
    assert not np.shares_memory(tn.tensor(a).numpy(), a)


def test_dlpack_goes_both_ways(torch) -> None:
    theirs = torch.arange(6.0).reshape(2, 3)
    ours = tn.from_dlpack(theirs)
    ours += 1
    assert theirs.tolist() == ours.tolist() == [[1, 2, 3], [4, 5, 6]]
    back = torch.from_dlpack(ours.T)
    back.mul_(2)
    assert ours.tolist() == [[2, 4, 6], [8, 10, 12]]
    assert np.from_dlpack(ours).tolist() == ours.tolist()
    assert tn.utils.dlpack.from_dlpack(tn.utils.dlpack.to_dlpack(ours)).tolist() == ours.tolist()
    with pytest.raises(BufferError, match="detach"):
        torch.from_dlpack(ours.requires_grad_())


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", "float64", "complex64", "bool"])
def test_dlpack_keeps_the_dtype(torch, dtype: str) -> None:
    ours = tn.tensor([0, 1, 1]).to(getattr(tn, dtype))
    assert tn.from_dlpack(torch.from_dlpack(ours)).dtype == ours.dtype


def test_a_tensor_is_a_buffer() -> None:
    t = tn.arange(3)
    view = memoryview(t) if sys.version_info >= (3, 12) else t.__buffer__(0)
    view[0] = 5
    assert t.tolist() == [5, 1, 2]


def test_buffers_become_tensors() -> None:
    buffer = array.array("f", [1, 2])
    t = tn.frombuffer(buffer, dtype=tn.float32)
    t[0] = 3
    assert buffer.tolist() == [3, 2]
    assert tn.tensor(buffer).tolist() == [3.0, 2.0]
    assert tn.tensor(memoryview(buffer)).tolist() == [3.0, 2.0]


def test_columns_of_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2.0], "b": [3, 4], "name": ["x", "y"]})
    assert tn.tensor(frame["a"]).dtype == tn.float64
    assert tn.tensor(frame["b"], dtype=tn.float32).tolist() == [3.0, 4.0]
    assert tn.tensor(frame[["a", "b"]]).tolist() == [[1, 3], [2, 4]]
    assert tn.tensor(frame[["a", "b"]].values).shape == (2, 2)
    with pytest.raises(TypeError, match="supported"):
        tn.tensor(frame["name"])
    shared = tn.as_tensor(frame["a"])
    shared += 1  # never writes to what pandas keeps read-only
    assert pandas.Series(tn.ones(2)).tolist() == [1.0, 1.0]
    assert frame.assign(c=tn.zeros(2))["c"].tolist() == [0.0, 0.0]


def test_columns_of_polars() -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"a": [1.0, 2.0], "b": [3, 4]})
    assert tn.tensor(frame["a"]).tolist() == [1.0, 2.0]
    assert tn.tensor(frame).tolist() == [[1, 3], [2, 4]]
    assert tn.as_tensor(frame["b"]).add_(1).tolist() == [4, 5]
    assert frame["b"].to_list() == [3, 4]
    assert polars.Series(tn.ones(2).numpy()).to_list() == [1.0, 1.0]


def test_pictures_of_pil() -> None:
    Image = pytest.importorskip("PIL.Image")
    picture = Image.new("RGB", (3, 2), (255, 0, 1))
    t = tn.tensor(picture)
    assert (t.dtype, tuple(t.shape), t[1, 2].tolist()) == (tn.uint8, (2, 3, 3), [255, 0, 1])
    assert tn.as_tensor(picture, dtype=tn.float32).max() == 255
    assert tn.tensor([np.zeros(2), np.ones(2)]).shape == (2, 2)
    assert tn.stack([tn.tensor(p) for p in (picture, picture)]).shape == (2, 2, 3, 3)
    again = Image.fromarray((tn.ones(2, 3, 3) * 200).byte().numpy())
    assert again.getpixel((0, 0)) == (200, 200, 200)


def test_numpy_functions_take_tensors() -> None:
    t = tn.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    np.mean(np.exp(t)).backward()
    assert t.grad is not None
    for spelling in (
        np.array(t.detach()),
        np.asarray(t.detach()),
        np.array(t.data, dtype=np.float64),
    ):
        assert spelling.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(RuntimeError, match="detach"):
        np.asarray(t)
