"""PyTorch's files: what torch writes is read here, what is written here torch reads."""

from __future__ import annotations

import io
import pickle
from collections import Counter, OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.core.tensor import wrap
from autotn.errors import FileFormatError
from autotn.layers.parameter import Parameter
from autotn.serialization import load, save
from autotn.weights import elements
from autotn.weights.archive import Archive
from autotn.weights.source import Source
from tests.weights import fuzz

NUMPY_DTYPES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64", "complex128",
]  # fmt: skip


def written(obj: Any, **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    save(obj, file, **options)
    file.seek(0)
    return file


def by_torch(torch: Any, obj: Any, **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    torch.save(obj, file, **options)
    file.seek(0)
    return file


def there_and_back(obj: Any) -> Any:
    return load(written(obj))


def values(dtype: str) -> np.ndarray[Any, Any]:
    return (np.arange(12).reshape(3, 4) % 5).astype(dtype)


@pytest.mark.parametrize("dtype", NUMPY_DTYPES)
def test_every_dtype_comes_from_torch_unchanged(torch: Any, dtype: str) -> None:
    original = torch.from_numpy(values(dtype))
    for legacy in (False, True) if not dtype.startswith("uint") or dtype == "uint8" else (False,):
        found = load(by_torch(torch, original, _use_new_zipfile_serialization=not legacy))
        assert found._data.dtype == dtype
        assert np.array_equal(found._data, values(dtype))


@pytest.mark.parametrize("dtype", NUMPY_DTYPES)
def test_every_dtype_goes_to_torch_unchanged(torch: Any, dtype: str) -> None:
    found = torch.load(written(wrap(values(dtype))), weights_only=True)
    assert str(found.dtype) == f"torch.{dtype}"
    assert np.array_equal(found.numpy(), values(dtype))


@pytest.mark.parametrize("library", [True, False])
def test_bfloat16_keeps_its_values(
    torch: Any, library: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if library:
        pytest.importorskip("ml_dtypes")
    else:
        monkeypatch.setattr(elements, "_ml_dtypes", lambda: None)
    original = torch.tensor([1.0, -3.140625, 1e30, float("inf"), 2**-130]).bfloat16()
    found = load(by_torch(torch, {"x": original, "y": original[1:]}))
    assert found["x"]._data.dtype.name == ("bfloat16" if library else "float32")
    assert found["x"]._data.astype("f4").tolist() == original.float().tolist()
    assert np.shares_memory(found["x"]._data, found["y"]._data)


def test_bfloat16_is_written(torch: Any) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    array = np.array([1.5, -2.0, 3e38]).astype(ml_dtypes.bfloat16)
    found = torch.load(written(wrap(array)), weights_only=True)
    assert found.dtype == torch.bfloat16
    assert found.float().tolist() == array.astype("f4").tolist()


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2"])
def test_float8_becomes_float32(torch: Any, dtype: str) -> None:
    pytest.importorskip("ml_dtypes")
    original = torch.tensor([0.5, -3.0, 16.0]).to(getattr(torch, dtype))
    found = load(by_torch(torch, original))
    assert found.dtype == tn.float32
    assert found.tolist() == [0.5, -3.0, 16.0]


def views(base: Any) -> dict[str, Any]:
    return {
        "all": base, "transposed": base.T, "row": base[1], "column": base[:, 2],
        "every second": base[::2, ::2], "corner": base[1:, 2:], "empty": base[:0],
    }  # fmt: skip


def test_views_from_torch_share_memory_and_keep_strides(torch: Any) -> None:
    base = torch.arange(12.0).reshape(3, 4)
    original = {**views(base), "expanded": base[0].expand(2, 4), "scalar": base[2, 3]}
    found = load(by_torch(torch, original))
    for name, tensor in original.items():
        assert np.array_equal(found[name]._data, tensor.numpy()), name
        if tensor.numel():
            assert found[name].stride() == tensor.stride(), name
            assert np.shares_memory(found[name]._data, found["all"]._data), name
    found["all"]._data[1, 2] = 99
    assert found["row"]._data[2] == found["column"]._data[1] == 99


def test_views_to_torch_share_memory_and_keep_strides(torch: Any) -> None:
    base = np.arange(12.0).reshape(3, 4)
    original = {**views(base), "expanded": np.broadcast_to(base[0], (2, 4)), "scalar": base[2, 3:4]}
    file = written({name: wrap(array) for name, array in original.items()})
    found = torch.load(file, weights_only=True)
    start = found["all"].untyped_storage().data_ptr()
    for name, array in original.items():
        assert np.array_equal(found[name].numpy(), array), name
        if array.size:
            assert found[name].stride() == tuple(s // 8 for s in array.strides), name
            assert found[name].untyped_storage().data_ptr() == start, name


def test_what_torch_cannot_express_is_copied(torch: Any) -> None:
    base = np.arange(6, dtype=np.float32)
    odd = {
        "reversed": base[::-1],
        "big endian": base.astype(">f4"),
        "unaligned": np.frombuffer(b"x" + base.tobytes(), np.float32, 6, 1),
        "other dtype": base.view(np.int32),
        "base": base,
    }
    found = torch.load(written({name: wrap(array) for name, array in odd.items()}))
    for name, array in odd.items():
        assert np.array_equal(found[name].numpy(), array), name


def test_only_the_part_of_memory_in_use_is_written() -> None:
    large = np.zeros(1_000_000, np.float32)
    assert written(wrap(large[10:20])).getbuffer().nbytes < 2000
    found = there_and_back([wrap(large[10:20]), wrap(large[500:510]), wrap(large[505:520])])
    first, second, third = (tensor._data for tensor in found)
    assert np.shares_memory(second, third)
    assert not np.shares_memory(first, second)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_values_survive(torch: Any, protocol: int) -> None:
    original: dict[Any, Any] = {
        "none": None, "flags": [True, False], "ints": (0, -1, 255, 2**31, -(2**40), 10**50),
        "float": 0.1, "inf": float("-inf"), "complex": 1 - 2j, "text": "größe \U0001f600",
        "bytes": b"\x00\xff", "bytearray": bytearray(b"ab"), "set": {1, "a"}, 3: "int key",
        (1, "x"): "tuple key", "nested": OrderedDict(a=[{}], b=()), "long": "x" * 70000,
        "counter": Counter("aab"), "default": defaultdict(list, a=[1]), "frozen": frozenset([1]),
    }  # fmt: skip
    found = load(written(original, pickle_protocol=protocol))
    assert found == original
    assert {k: type(v) for k, v in found.items()} == {k: type(v) for k, v in original.items()}
    assert load(by_torch(torch, original, pickle_protocol=protocol)) == original


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_numpy_values_survive(torch: Any, protocol: int) -> None:
    original: dict[str, Any] = {
        "array": np.arange(6.0).reshape(2, 3), "fortran": np.arange(6).reshape(2, 3).T,
        "big endian": np.arange(3, dtype=">i4"), "text": np.array(["ab", "c"]), "empty": np.ones(0),
        "scalar": np.float64(0.1), "int": np.int32(7), "bool": np.bool_(True),
        "dtype": np.dtype("f4"),
    }  # fmt: skip
    for file in (
        written(original, pickle_protocol=protocol),
        by_torch(torch, original, pickle_protocol=protocol),
    ):
        found = load(file)
        for name, value in original.items():
            assert type(found[name]) is type(value), name
            assert np.array_equal(found[name], value), name
            if isinstance(value, np.ndarray):  # old pickles are brought to the native order
                assert found[name].dtype.newbyteorder("=") == value.dtype.newbyteorder("=")


def test_parameters_sizes_dtypes_and_devices_cross_over(torch: Any) -> None:
    ours = {
        "parameter": Parameter(tn.ones(3)), "frozen": Parameter(tn.ones(3), requires_grad=False),
        "wants": tn.ones(2, requires_grad=True), "size": tn.Size([2, 3]), "dtype": tn.float64,
        "device": tn.device("cpu"), "gpu": tn.device("cuda", 1),
    }  # fmt: skip
    theirs = torch.load(written(ours), weights_only=True)
    assert isinstance(theirs["parameter"], torch.nn.Parameter)
    assert theirs["parameter"].requires_grad
    assert isinstance(theirs["frozen"], torch.nn.Parameter)
    assert not theirs["frozen"].requires_grad
    assert theirs["wants"].requires_grad
    assert theirs["size"] == torch.Size([2, 3])
    assert theirs["dtype"] is torch.float64
    assert theirs["gpu"] == torch.device("cuda", 1)
    back = load(by_torch(torch, theirs))
    assert isinstance(back["parameter"], Parameter)
    assert [back[k].requires_grad for k in ("parameter", "frozen", "wants")] == [True, False, True]
    assert type(back["size"]) is tn.Size
    assert {k: back[k] for k in ("size", "dtype", "device", "gpu")} == {
        k: ours[k] for k in ("size", "dtype", "device", "gpu")
    }


def test_lazy_conjugates_are_resolved(torch: Any) -> None:
    original = torch.tensor([1 + 2j, 3 - 1j])
    assert load(by_torch(torch, original.conj())).tolist() == [1 - 2j, 3 + 1j]
    assert load(by_torch(torch, original.conj().imag)).tolist() == [-2, 1]


@pytest.mark.parametrize("legacy", [False, True])
def test_a_model_and_its_optimizer_come_from_torch(torch: Any, legacy: bool) -> None:
    model = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    optimizer = torch.optim.Adam(model.parameters(), amsgrad=True)
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 7}
    found = load(by_torch(torch, state, _use_new_zipfile_serialization=not legacy))
    assert list(found["model"]) == list(state["model"])
    assert found["model"]._metadata == state["model"]._metadata
    for name, tensor in state["model"].items():
        assert np.array_equal(found["model"][name]._data, tensor.numpy()), name
    assert found["optimizer"]["param_groups"] == state["optimizer"]["param_groups"]
    for number, slots in state["optimizer"]["state"].items():
        for name, tensor in slots.items():
            assert np.array_equal(found["optimizer"]["state"][number][name]._data, tensor.numpy())


def test_torch_reads_a_state_dict_of_ours(torch: Any) -> None:
    state = fuzz.sample()["model"]
    found = torch.load(written(state), weights_only=True)
    assert found._metadata == state._metadata
    model = torch.nn.Linear(4, 3, bias=False)
    model.load_state_dict({"weight": found["weight"]})


def test_a_shared_tensor_stays_one_tensor() -> None:
    weight = tn.ones(2, 2)
    found = there_and_back({"a": weight, "b": weight, "other": tn.ones(2, 2)})
    assert found["a"] is found["b"]
    assert found["other"] is not found["a"]


def test_big_endian_files_are_read(torch: Any) -> None:
    original = {"x": torch.arange(3.0), "n": torch.arange(3), "c": torch.ones(2) * 1j}

    def swap(name: str, old: bytes) -> tuple[str, bytes]:
        if name.endswith("byteorder"):
            return name, b"big"
        width = {"archive/data/0": 4, "archive/data/1": 8, "archive/data/2": 4}.get(name)
        if width is None:
            return name, old
        return name, np.frombuffer(old, f"<u{width}").byteswap().tobytes()

    file = io.BytesIO(fuzz.rewritten(by_torch(torch, original).getvalue(), swap))
    found = load(file)
    for name, tensor in original.items():
        assert found[name].tolist() == tensor.tolist()
        assert found[name]._data.dtype.isnative


@pytest.mark.parametrize("writer", ["torch", "ours"])
def test_mapped_tensors_have_the_values_and_never_change_the_file(
    torch: Any, writer: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.pt"
    if writer == "torch":
        torch.save({"x": torch.arange(1000.0)}, path)
    else:
        save({"x": tn.arange(1000.0)}, path)
    before = path.read_bytes()
    found = load(path, mmap=True)["x"]
    assert np.array_equal(found._data, np.arange(1000.0))
    found._data[:] = 0
    assert path.read_bytes() == before
    assert torch.load(path, mmap=True, weights_only=True)["x"][3] == 3


def test_what_follows_in_an_old_stream_is_left_for_the_next_load(torch: Any) -> None:
    file = io.BytesIO()
    for number in range(3):
        torch.save(torch.tensor(number), file, _use_new_zipfile_serialization=False)
    file.seek(0)
    assert [load(file).item() for _ in range(3)] == [0, 1, 2]


class Net(tn.layers.module.Module):
    """A whole model, for the test below: its class must be found by name."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = Parameter(tn.ones(2))


def test_whole_models_need_the_word_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    save(Net(), path)
    with pytest.raises(FileFormatError, match=r"refused: the pickle asks for '.*Net'.*state_dict"):
        load(path)
    with pytest.warns(UserWarning, match="runs code"):
        found = load(path, weights_only=False)
    assert isinstance(found, Net)
    assert found.weight.tolist() == [1, 1]
    assert found.weight.requires_grad


def test_the_users_word_is_not_needed_for_plain_weights() -> None:
    assert load(written([tn.ones(1)]), weights_only=False)[0].tolist() == [1]


def test_attributes_of_tensors_are_left_out_with_a_warning(torch: Any) -> None:
    tensor = torch.ones(2)
    tensor.note = "x"
    with pytest.warns(UserWarning, match="note"):
        assert load(by_torch(torch, tensor)).tolist() == [1, 1]


@pytest.mark.parametrize(
    "make",
    [
        lambda torch: torch.eye(2).to_sparse(),
        lambda torch: torch.nn.Linear(1, 1),
        lambda torch: Path("x"),
        lambda torch: torch.ones(1, device="meta"),
    ],
)
def test_what_is_no_dense_tensor_is_refused_by_name(torch: Any, make: Any) -> None:
    with pytest.raises(FileFormatError, match="asks for '"):
        load(by_torch(torch, make(torch)))


def test_torchscript_is_named(torch: Any, tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    archive = by_torch(torch, 1).getvalue()
    path.write_bytes(
        fuzz.rewritten(archive, lambda n, old: (n.replace("version", "constants.pkl"), old))
    )
    with pytest.raises(FileFormatError, match="TorchScript"):
        load(path)


@pytest.mark.parametrize("place", ["cpu", None, lambda storage, where: storage, {"cuda:0": "cpu"}])
def test_everything_can_be_mapped_to_the_cpu(place: Any) -> None:
    assert load(written(tn.ones(1)), map_location=place).tolist() == [1]
    assert load(written(tn.ones(1)), tn.device("cpu")).tolist() == [1]


@pytest.mark.parametrize("place", ["cuda", {"cpu": "cuda:0"}])
def test_other_devices_are_refused(place: Any) -> None:
    with pytest.raises(RuntimeError, match="CPU only"):
        load(written(tn.ones(1)), map_location=place)


def test_streams_that_cannot_seek_are_read_and_written() -> None:
    class Pipe(io.RawIOBase):
        def __init__(self, data: bytes = b"") -> None:
            self.inner = io.BytesIO(data)

        def readable(self) -> bool:
            return True

        def writable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            return self.inner.readinto(buffer)

        def write(self, data: Any) -> int:
            return self.inner.write(data)

    pipe = Pipe()
    save(tn.arange(3), pipe)  # type: ignore[arg-type]
    assert load(Pipe(pipe.inner.getvalue())).tolist() == [0, 1, 2]  # type: ignore[arg-type]


def test_records_are_aligned_for_mapping() -> None:
    archive = Archive(Source(written([tn.ones(3), tn.ones(5)]), "x"))
    assert all(record.start % 64 == 0 for record in archive.records.values())


def test_an_object_that_cannot_be_saved_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    save(tn.ones(1), path)
    with pytest.raises((pickle.PicklingError, AttributeError)):
        save(lambda: 1, path)
    assert load(path).tolist() == [1]
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.pt"]


@pytest.mark.parametrize("bad", [dict(pickle_protocol=0), dict(metadata={"a": "b"})])
def test_options_that_make_no_sense_are_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="save:"):
        save(1, io.BytesIO(), **bad)


@pytest.mark.parametrize("target", [3, None, tn.ones])
def test_a_target_is_a_path_or_a_file(target: Any) -> None:
    with pytest.raises(TypeError, match="f must be a path"):
        save(1, target)
    with pytest.raises(TypeError, match="f must be a path"):
        load(target)
