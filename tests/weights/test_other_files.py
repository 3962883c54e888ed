"""safetensors and NumPy files, both ways, and telling the formats apart."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.core.tensor import wrap
from autotn.errors import FileFormatError
from autotn.serialization import load, save
from autotn.weights.safetensors_files import CHECKSUM, SafetensorsFile
from autotn.weights.source import Source

DTYPES = [
    "bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64",
    "float16", "float32", "float64", "complex64",
]  # fmt: skip
BASE = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
#: Arrays whose raw memory is not their values in order.
AWKWARD = {
    "transposed": BASE.T,
    "fortran": np.asfortranarray(BASE),
    "strided": BASE[:, ::2, ::-1],
    "broadcast": np.broadcast_to(BASE[0, 0], (3, 4)),
    "repeated": np.broadcast_to(np.float32(7), (3,)),
    "0-d": np.array(2.5, np.float32),
    "0-d view": BASE[1, 2, 3, ...],
    "empty": BASE[:0],
    "big endian": BASE.astype(">f4"),
}


@pytest.fixture(params=[".safetensors", ".npz"])
def suffix(request: pytest.FixtureRequest) -> str:
    if request.param == ".safetensors":
        pytest.importorskip("safetensors")
    chosen: str = request.param
    return chosen


def by_name(arrays: dict[str, Any]) -> dict[str, Any]:
    return {name: wrap(array) for name, array in arrays.items()}


@pytest.mark.parametrize("mmap", [False, True])
def test_awkward_memory_is_saved_by_its_values(suffix: str, mmap: bool, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    save(by_name(AWKWARD), path)
    found = load(path, mmap=mmap)
    assert set(found) == set(AWKWARD)
    for name, array in AWKWARD.items():
        assert found[name]._data.dtype == np.float32, name
        assert found[name]._data.shape == array.shape, name
        assert np.array_equal(found[name]._data, array), name


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_dtype_survives(suffix: str, dtype: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    array = (np.arange(10) % 2).astype(dtype)
    save({"x": wrap(array), "an array": array, "a scalar": array[1]}, path)
    found = load(path)
    assert found["x"]._data.dtype == dtype
    assert np.array_equal(found["x"]._data, array)
    assert np.array_equal(found["an array"]._data, array)
    assert found["a scalar"].shape == ()


def test_loaded_tensors_own_writable_memory(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"x{suffix}"
    save({"x": tn.ones(3)}, path)
    before = path.read_bytes()
    for mmap in (False, True):
        found = load(path, mmap=mmap)["x"]
        found._data += 1
        assert found.tolist() == [2, 2, 2]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (tn.ones(1), "holds named tensors"),
        ({1: tn.ones(1)}, "names that are strings"),
        ({"x": [1, 2]}, "'x' is a list"),
    ],
)
def test_only_named_tensors_fit(suffix: str, value: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=message):
        save(value, tmp_path / f"x{suffix}")
    assert not list(tmp_path.iterdir())


def test_safetensors_reads_ours(tmp_path: Path) -> None:
    numpy = pytest.importorskip("safetensors.numpy")
    arrays = {name: array for name, array in AWKWARD.items() if name != "big endian"}
    save(by_name(arrays), tmp_path / "x.safetensors")
    found = numpy.load_file(tmp_path / "x.safetensors")
    for name, array in arrays.items():
        assert np.array_equal(found[name], array), name


def test_ours_reads_safetensors_from_torch(torch: Any, tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors.torch")
    state = {"a": torch.arange(5), "b": torch.ones(2, 3).bfloat16(), "c": torch.tensor(True)}
    library.save_file(state, tmp_path / "x.safetensors", metadata={"format": "pt"})
    for mmap in (False, True):
        found = load(tmp_path / "x.safetensors", mmap=mmap)
        assert found["a"].tolist() == [0, 1, 2, 3, 4]
        assert found["b"]._data.astype("f4").tolist() == [[1, 1, 1], [1, 1, 1]]
        assert found["c"].item() is True


def test_safetensors_read_one_tensor_at_a_time(tmp_path: Path) -> None:
    library = pytest.importorskip("safetensors")
    path = tmp_path / "x.safetensors"
    save({"a": tn.ones(2), "b": tn.zeros(3)}, path, metadata={"format": "pt", "note": "größe"})
    with open(path, "rb") as file:
        opened = SafetensorsFile(Source(file, "x"))
        assert sorted(opened) == ["a", "b"]
        assert opened["b"].tolist() == [0, 0, 0]
        assert opened.metadata["note"] == "größe"
    with library.safe_open(path, framework="numpy") as other:
        assert other.metadata() == {**opened.metadata}


def test_safetensors_come_from_memory_too(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "x.safetensors"
    save({"a": tn.ones(2)}, path)
    assert load(io.BytesIO(path.read_bytes()))["a"].tolist() == [1, 1]


def test_a_changed_value_in_safetensors_is_noticed(tmp_path: Path) -> None:
    pytest.importorskip("safetensors")
    path = tmp_path / "x.safetensors"
    save({"a": tn.ones(20)}, path)
    data = bytearray(path.read_bytes())
    assert CHECKSUM in json.loads(data[8 : 8 + data[0] + 256 * data[1]])["__metadata__"]
    data[-7] ^= 4
    path.write_bytes(data)
    with pytest.raises(FileFormatError, match="checksum"):
        load(path)


def test_without_the_package_the_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "safetensors", None)
    with pytest.raises(ImportError, match=r"pip install 'autotn\[safetensors\]'"):
        save({"a": tn.ones(1)}, tmp_path / "x.safetensors")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("write", [np.savez, np.savez_compressed])
def test_numpys_own_npz_is_read(write: Any, tmp_path: Path) -> None:
    arrays = {**AWKWARD, "text": np.array(["ab", "c"]), "bool": np.array([True, False])}
    write(tmp_path / "x.npz", **arrays)
    found = load(tmp_path / "x.npz")
    for name, array in arrays.items():
        assert np.array_equal(np.asarray(found[name]), array), name
    assert isinstance(found["text"], np.ndarray)


def test_numpy_reads_our_npz(tmp_path: Path) -> None:
    save({**by_name(AWKWARD), "file": tn.ones(1)}, tmp_path / "x.npz")
    with np.load(tmp_path / "x.npz") as found:
        for name, array in AWKWARD.items():
            assert np.array_equal(found[name], array), name
        assert found["fortran"].flags.f_contiguous
        assert found["file"].tolist() == [1]


def test_bfloat16_goes_into_npz_as_float32(tmp_path: Path) -> None:
    ml_dtypes = pytest.importorskip("ml_dtypes")
    save({"x": wrap(np.array([1.5, -2], ml_dtypes.bfloat16))}, tmp_path / "x.npz")
    assert load(tmp_path / "x.npz")["x"].dtype == tn.float32
    assert load(tmp_path / "x.npz")["x"].tolist() == [1.5, -2]


def test_a_single_npy_becomes_a_tensor(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", BASE.T)
    assert np.array_equal(load(tmp_path / "x.npy")._data, BASE.T)


def test_pickled_npy_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=np.array([{}], object))
    with pytest.raises(FileFormatError, match="Python objects"):
        load(tmp_path / "x.npz")


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    np.savez(path.with_suffix(".npz"), a=BASE)
    path.with_suffix(".npz").rename(path)
    assert np.array_equal(load(path)["a"]._data, BASE)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "it is empty"),
        (b"hello, this is text", "neither a PyTorch"),
        (b"\x89HDF\r\n\x1a\n" + bytes(8), "HDF5 file cannot be read"),
        (b"PK\x05\x06" + bytes(18), "no data.pkl"),
        (b"storages".ljust(257, b"\0") + b"ustar".ljust(300), "tar archive"),
        (b"\x80\x02K\x01.", "not written by torch.save"),
    ],
)
def test_other_files_are_named(data: bytes, message: str) -> None:
    with pytest.raises(FileFormatError, match=message):
        load(io.BytesIO(data))


def test_the_error_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "broken.pt"
    path.write_bytes(b"PK nothing")
    with pytest.raises(FileFormatError, match=r"broken\.pt: "):
        load(path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "missing.pt")
