"""The element types of weight files, and how their bytes become NumPy arrays.

NumPy has no bfloat16 and no float8. bfloat16 uses the package ml_dtypes when it is installed and
otherwise becomes float32, which holds every bfloat16 value exactly; float8 always becomes
float32, because no operation works on it.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class Element(NamedTuple):
    """One element type: its PyTorch name, what its bytes are, and what they mean."""

    name: str
    raw: np.dtype[Any]  # how the bytes are read
    narrow: bool = False  # a float type that NumPy lacks: decoded by `decode`

    @property
    def itemsize(self) -> int:
        return self.raw.itemsize


def _numpy(name: str, code: str) -> Element:
    return Element(name, np.dtype(code))


#: By the names PyTorch gives its dtypes.
ELEMENTS = {
    element.name: element
    for element in (
        _numpy("float64", "f8"), _numpy("float32", "f4"), _numpy("float16", "f2"),
        _numpy("int64", "i8"), _numpy("int32", "i4"), _numpy("int16", "i2"), _numpy("int8", "i1"),
        _numpy("uint64", "u8"), _numpy("uint32", "u4"), _numpy("uint16", "u2"),
        _numpy("uint8", "u1"), _numpy("bool", "u1"),
        _numpy("complex64", "c8"), _numpy("complex128", "c16"),
        Element("bfloat16", np.dtype("u2"), narrow=True),
        Element("float8_e4m3fn", np.dtype("u1"), narrow=True),
        Element("float8_e5m2", np.dtype("u1"), narrow=True),
        Element("float8_e4m3fnuz", np.dtype("u1"), narrow=True),
        Element("float8_e5m2fnuz", np.dtype("u1"), narrow=True),
    )
}  # fmt: skip

#: PyTorch's storage classes; a dtype without one is written as an UntypedStorage of bytes.
STORAGES = {
    "DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16", "LongStorage": "int64", "IntStorage": "int32",
    "ShortStorage": "int16", "CharStorage": "int8", "ByteStorage": "uint8", "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64", "ComplexDoubleStorage": "complex128",
}  # fmt: skip
STORAGE_OF = {name: storage for storage, name in STORAGES.items()}


def _ml_dtypes() -> Any:
    try:
        import ml_dtypes
    except ImportError:
        return None
    return ml_dtypes


def array_dtype(element: Element) -> np.dtype[Any]:
    """The dtype of the arrays that `decode` returns."""
    if element.name == "bool":
        return np.dtype(np.bool_)
    if not element.narrow:
        return element.raw
    library = _ml_dtypes() if element.name == "bfloat16" else None
    return np.dtype(library.bfloat16) if library else np.dtype(np.float32)


def decode(raw: Array, element: Element) -> Array:
    """The values of an array of `element.raw`; shares its memory where the dtype allows."""
    if element.name == "bool":
        if raw.size and raw.max() > 1:
            raise ValueError("a boolean that is neither 0 nor 1")
        return raw.view(np.bool_)
    if not element.narrow:
        return raw
    library = _ml_dtypes()
    if element.name == "bfloat16":
        if library:
            return raw.view(library.bfloat16)
        return (raw.astype(np.uint32) << 16).view(np.float32)
    if library is None:
        raise ValueError(f"{element.name} values need the package ml_dtypes: pip install ml_dtypes")
    return raw.view(getattr(library, element.name)).astype(np.float32)


def element_of(dtype: np.dtype[Any]) -> Element | None:
    """The element type that holds arrays of `dtype`, or None."""
    return ELEMENTS.get(dtype.name)


def little_endian(array: Array) -> Array:
    """The array with its bytes in little-endian order (the same array nearly always)."""
    order = array.dtype.byteorder
    if order == ">" or (order == "=" and sys.byteorder == "big"):
        return array.astype(array.dtype.newbyteorder("<"))
    return array


def raw_bytes(array: Array) -> memoryview:
    """The bytes of a contiguous array, little-endian, as a flat view; copies what is not."""
    dense = np.ascontiguousarray(little_endian(array))
    return dense.reshape(-1).view(np.uint8).data
