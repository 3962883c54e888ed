"""The safetensors format, through the safetensors package (``pip install 'autotn[safetensors]'``).

The package checks the header of every file and writes new ones. It is given contiguous arrays only:
it writes the raw memory of whatever it gets, so a transposed or broadcast array would be stored
with wrong values, silently.

Reading takes the values straight from the file, at the places of the header the package has
accepted: into memory of their own, or mapped, so that a large file opens at once.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from autotn.weights.elements import ELEMENTS, Array, Element, decode, element_of, raw_bytes
from autotn.weights.pickle_machine import checked_count
from autotn.weights.source import Bytes, Source

CHECKSUM = "autotn.crc32"  # of all values; the format has no checksum of its own

_NAMES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "BOOL": "bool",
    "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8",
    "U64": "uint64", "U32": "uint32", "U16": "uint16", "U8": "uint8", "C64": "complex64",
    "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2",
}  # fmt: skip


def library() -> Any:
    """The safetensors package, or an ImportError with the line that installs it."""
    try:
        import safetensors
    except ImportError:
        raise ImportError(
            "reading and writing .safetensors needs the package safetensors: "
            "pip install 'autotn[safetensors]'"
        ) from None
    return safetensors


def write_safetensors(
    path: str | os.PathLike[str], arrays: Mapping[str, Array], metadata: Mapping[str, str] | None
) -> None:
    """Write arrays by name to the file `path` (which should be a temporary one)."""
    package = library()
    kept, tensors = {}, {}
    for name, array in arrays.items():
        element = element_of(array.dtype)
        if element is None or element.name not in _NAMES.values():
            raise TypeError(f"tn.save: {name!r} has dtype {array.dtype}: not in safetensors")
        flat = raw_bytes(array)
        kept[name] = flat  # alive until the package has read its memory
        tensors[name] = package.TensorSpec(
            dtype=element.name,
            shape=list(array.shape),
            data_ptr=_address(flat),
            data_len=len(flat),
        )
    notes = {**(metadata or {}), CHECKSUM: checksum(kept[name] for name in sorted(kept))}
    package.serialize_file(tensors, path, metadata=notes)


def _address(flat: memoryview) -> int:
    import numpy as np

    address: int = np.frombuffer(flat, np.uint8).__array_interface__["data"][0]
    return address


class SafetensorsFile(Mapping[str, Array]):
    """The arrays of a safetensors file by name, each read when it is asked for.

    Parameters
    ----------
    mapped : bool
        Share the file's pages (copy-on-write: the file never changes) instead of reading.
    """

    def __init__(self, source: Source, mapped: bool = False) -> None:
        self.source = source
        self.mapped = mapped
        header_size = int.from_bytes(source.read(0, 8, "the header's length"), "little")
        source.check(8, header_size, "the header")
        self._check(source)
        raw = source.read(8, header_size, "the header")
        header = self._parse(raw)
        self.metadata: dict[str, str] = header.pop("__metadata__", {}) or {}
        self.start = 8 + header_size
        self.entries = {name: self._entry(name, entry) for name, entry in header.items()}
        self._memory: Bytes | None = source.map() if mapped else None

    def _check(self, source: Source) -> None:
        """Let the package judge the header: no gaps, no overlaps, sizes that fit."""
        package = library()
        path = getattr(source.file, "name", None)
        try:
            if source.start == 0 and isinstance(path, str | os.PathLike) and os.path.isfile(path):
                with package.safe_open(path, framework="numpy"):
                    return
            package.deserialize(source.read(0, source.size, "the file"))
        except package.SafetensorError as error:
            raise source.bad(f"no valid safetensors file: {error}") from None

    def _parse(self, raw: bytes) -> dict[str, Any]:
        try:
            header = json.loads(raw)
        except (ValueError, RecursionError):
            raise self.source.bad("the header is no JSON text") from None
        if not isinstance(header, dict):
            raise self.source.bad("the header is no JSON object")
        return header

    def _entry(self, name: str, entry: Any) -> tuple[Element, tuple[int, ...], int, int]:
        try:
            kind, shape, (first, last) = entry["dtype"], entry["shape"], entry["data_offsets"]
            count = checked_count(shape)
        except (KeyError, TypeError, ValueError) as error:
            raise self.source.bad(f"tensor {name!r}: {error}") from None
        if kind not in _NAMES:
            raise self.source.bad(f"tensor {name!r} has the element type {kind}: not supported")
        element = ELEMENTS[_NAMES[kind]]
        if last - first != count * element.itemsize:
            raise self.source.bad(f"tensor {name!r} has the wrong number of bytes")
        self.source.check(self.start + first, last - first, f"tensor {name!r}")
        return element, tuple(shape), self.start + first, last - first

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __getitem__(self, name: str) -> Array:
        element, shape, offset, size = self.entries[name]
        if self._memory is not None:
            raw = self._memory[offset : offset + size]
        else:
            raw = self.source.read_array(offset, size, f"tensor {name!r}")
        stored = element.raw.newbyteorder("<")
        values: Array = raw.view(stored)
        if not stored.isnative or not values.flags.aligned:
            values = values.astype(element.raw)
        try:
            return decode(values.view(element.raw), element).reshape(shape)
        except ValueError as error:
            raise self.source.bad(f"tensor {name!r}: {error}") from None

    def verify(self) -> None:
        """Compare the values with the checksum that tn.save puts into the metadata."""
        written = self.metadata.get(CHECKSUM)
        if written is None:
            return
        found = checksum(
            self.source.read(offset, size, "the values")
            for _, (_, _, offset, size) in sorted(self.entries.items())
        )
        if found != written:
            raise self.source.bad(
                f"the values are damaged: their checksum is {found}, but {written[:8]} was written"
            )


def checksum(pieces: Iterable[bytes | memoryview]) -> str:
    """The checksum of the values of all tensors, in the order of their names."""
    crc = 0
    for piece in pieces:
        crc = zlib.crc32(piece, crc)
    return f"{crc:08x}"
