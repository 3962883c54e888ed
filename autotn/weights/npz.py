"""NumPy's ``.npz``: a zip archive of ``.npy`` arrays, both ways, never with a pickle inside."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from autotn.weights.archive import Archive, ArchiveWriter
from autotn.weights.elements import Array, raw_bytes
from autotn.weights.pickle_machine import checked_count
from autotn.weights.source import Bytes, Source

_LONGEST_HEADER = 4096
# The header is a Python literal of exactly this form; nothing is evaluated.
_HEADER = re.compile(
    r"\s*\{\s*'descr':\s*'([<>|=][biufcSU]\d{1,8})',\s*'fortran_order':\s*(True|False),"
    r"\s*'shape':\s*\(([\d,\sL]*)\),?\s*\}\s*"
)


def write_npz(file: BinaryIO, arrays: Mapping[str, Array]) -> None:
    """Write arrays by name, as `numpy.savez` does."""
    archive = ArchiveWriter(file)
    for name, array in arrays.items():
        if array.dtype.kind not in "biufcSU":
            raise TypeError(f"tn.save: {name!r} has dtype {array.dtype}, which .npz cannot hold")
        fortran = array.flags.f_contiguous and not array.flags.c_contiguous
        header = io.BytesIO()
        description = {
            "descr": np.lib.format.dtype_to_descr(array.dtype.newbyteorder("<")),
            "fortran_order": fortran,
            "shape": array.shape,
        }
        np.lib.format.write_array_header_1_0(header, description)
        archive.add(f"{name}.npy", header.getvalue(), raw_bytes(array.T if fortran else array))
    archive.close()


def is_npz(archive: Archive) -> bool:
    """True when all records are ``.npy`` arrays."""
    return all(name.endswith(".npy") for name in archive.records)


def read_npz(source: Source, archive: Archive) -> dict[str, Array]:
    """All arrays by name."""
    arrays = {}
    for name in archive.records:
        if not name.endswith(".npy"):
            raise source.bad(f"record {name!r} is no .npy array")
        arrays[name.removesuffix(".npy")] = _array(
            source, name, archive.read(name, compressed=True)
        )
    return arrays


def read_npy(source: Source) -> Array:
    """The one array of a ``.npy`` file."""
    return _array(source, "the array", source.read_array(0, source.size, "the file"))


def _array(source: Source, name: str, data: Bytes) -> Array:
    start, header = _header(source, name, data[: _LONGEST_HEADER + 12].tobytes())
    found = _HEADER.fullmatch(header)
    if found is None:
        if "O" in header.partition("'descr'")[2][:20]:
            raise source.bad(f"{name} holds Python objects, which need pickle: refused")
        raise source.bad(f"{name} has a header that is not understood: {header[:100]!r}")
    code, fortran, sizes = found.groups()
    try:
        dtype = np.dtype(code)
        shape = tuple(int(size.strip().rstrip("L")) for size in sizes.split(",") if size.strip())
        count = checked_count(shape)
    except (TypeError, ValueError) as error:
        raise source.bad(f"{name}: {error}") from None
    body = data[start:]
    if count * dtype.itemsize != len(body):
        raise source.bad(
            f"{name} has {len(body)} bytes, but shape {shape} of {dtype} needs "
            f"{count * dtype.itemsize}"
        )
    if dtype.kind == "b" and count and body.max() > 1:
        raise source.bad(f"{name} has a boolean that is neither 0 nor 1")
    if not dtype.itemsize:
        return np.zeros(shape, dtype)
    values: Array = np.frombuffer(body.data, dtype)
    if not dtype.isnative or not values.flags.aligned:
        values = values.astype(dtype.newbyteorder("="))
    return values.reshape(shape, order="F" if fortran == "True" else "C")


def _header(source: Source, name: str, data: bytes) -> tuple[int, str]:
    """Where the values start, and the text that describes them."""
    if data[:6] != b"\x93NUMPY" or len(data) < 12:
        raise source.bad(f"{name} is no .npy array")
    width = {1: 2, 2: 4, 3: 4}.get(data[6])
    if width is None:
        raise source.bad(f"{name} has version {data[6]} of NumPy's format, which is not known")
    length = int.from_bytes(data[8 : 8 + width], "little")
    start = 8 + width + length
    if length > _LONGEST_HEADER or start > len(data):
        raise source.bad(f"{name} has a header of {length} bytes: too long, or cut off")
    try:
        return start, data[8 + width : start].decode("utf-8")
    except UnicodeDecodeError:
        raise source.bad(f"{name} has a header that is no text") from None


def as_array(name: str, value: Any) -> Array:
    """`value` as an array that npz can hold; bfloat16 becomes float32, which is exact."""
    array = np.asarray(value)
    return array.astype(np.float32) if array.dtype.name == "bfloat16" else array
