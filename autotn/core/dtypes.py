"""PyTorch's dtypes and its promotion rules, on NumPy's dtypes.

A `dtype` wraps one NumPy dtype. It is accepted wherever NumPy accepts a dtype (it has a
``dtype`` attribute) and compares equal to its NumPy twin, so ``x.dtype == np.float32`` works.

Promotion follows PyTorch: three categories (bool/int < float < complex); tensors with
dimensions outrank 0-d tensors, which outrank Python scalars; a lower rank only matters when its
category is higher. NumPy's own rule differs (0-d arrays are strong, int64 with float32
gives float64), so NumPy is never left to promote: operands are brought to one dtype first.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.naming import SHOWN


class dtype:
    """One element type, such as ``tn.float32``.

    >>> tn.float32.itemsize, tn.float32.is_floating_point, tn.float32 == np.float32
    (4, True, True)
    """

    __slots__ = (
        "category",
        "dtype",
        "is_complex",
        "is_floating_point",
        "is_signed",
        "itemsize",
        "name",
    )

    def __init__(self, name: str, numpy_dtype: np.dtype[Any], category: int) -> None:
        self.name = name
        self.dtype = numpy_dtype
        self.category = category
        self.is_complex = category == 3
        self.is_floating_point = category == 2
        self.is_signed = name not in ("bool", "uint8", "uint16", "uint32", "uint64")
        self.itemsize = numpy_dtype.itemsize

    def __repr__(self) -> str:
        return f"{SHOWN.name}.{self.name}"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, dtype):
            return self is other
        try:
            return self.dtype == np.dtype(other)  # type: ignore[call-overload, no-any-return]
        except TypeError:
            return False

    def __hash__(self) -> int:
        return hash(self.dtype)

    def __reduce__(self) -> str:
        return self.name

    def to_complex(self) -> dtype:
        """The complex dtype whose parts have this dtype's precision."""
        return {"float16": complex64, "float32": complex64, "float64": complex128}.get(
            self.name, self if self.is_complex else default_complex()
        )

    def to_real(self) -> dtype:
        """The real dtype of this dtype's parts."""
        return {"complex64": float32, "complex128": float64}.get(self.name, self)


bool_ = dtype("bool", np.dtype(np.bool_), 0)
uint8 = dtype("uint8", np.dtype(np.uint8), 1)
int8 = dtype("int8", np.dtype(np.int8), 1)
int16 = dtype("int16", np.dtype(np.int16), 1)
int32 = dtype("int32", np.dtype(np.int32), 1)
int64 = dtype("int64", np.dtype(np.int64), 1)
uint16 = dtype("uint16", np.dtype(np.uint16), 1)
uint32 = dtype("uint32", np.dtype(np.uint32), 1)
uint64 = dtype("uint64", np.dtype(np.uint64), 1)
float16 = dtype("float16", np.dtype(np.float16), 2)
float32 = dtype("float32", np.dtype(np.float32), 2)
float64 = dtype("float64", np.dtype(np.float64), 2)
complex64 = dtype("complex64", np.dtype(np.complex64), 3)
complex128 = dtype("complex128", np.dtype(np.complex128), 3)

# The names pickle and PyTorch know.
half, float_, double = float16, float32, float64
short, int_, long = int16, int32, int64
cfloat, cdouble = complex64, complex128

ALL = (
    bool_, uint8, int8, int16, int32, int64, uint16, uint32, uint64,
    float16, float32, float64, complex64, complex128,
)  # fmt: skip
_BY_NUMPY: dict[np.dtype[Any], dtype] = {d.dtype: d for d in ALL}
_BY_NAME = {d.name: d for d in ALL} | {
    "half": float16, "float": float32, "double": float64, "short": int16, "int": int32, "long": int64,
}  # fmt: skip
_BY_PYTHON: dict[type, dtype] = {bool: bool_, int: int64}

#: NumPy's own instances: an array whose dtype is one of these *objects* takes the fast path.
F32, F64 = float32.dtype, float64.dtype

_default = float32


def bfloat16() -> dtype:
    """The dtype `bfloat16`, kept by the package ml_dtypes.

    Raises
    ------
    ImportError
        With the line that installs it, when ml_dtypes is absent.
    """
    if "bfloat16" not in _BY_NAME:
        try:
            import ml_dtypes
        except ImportError:
            raise ImportError(
                "tn.bfloat16 needs the package ml_dtypes: pip install 'autotn[bfloat16]'"
            ) from None
        made = dtype("bfloat16", np.dtype(ml_dtypes.bfloat16), 2)
        _BY_NAME["bfloat16"] = _BY_NUMPY[made.dtype] = made
    return _BY_NAME["bfloat16"]


def of_numpy(numpy_dtype: np.dtype[Any]) -> dtype:
    """The `dtype` of a NumPy dtype, or a `TypeError` naming what is not supported."""
    found = _BY_NUMPY.get(numpy_dtype)
    if found is None:
        found = _BY_NUMPY.get(numpy_dtype.newbyteorder("="))
    if found is None and numpy_dtype.name == "bfloat16":
        return bfloat16()
    if found is None:
        raise TypeError(
            f"can't make a tensor of {numpy_dtype!r}: the supported dtypes are "
            + ", ".join(d.name for d in ALL)
        )
    return found


def as_dtype(value: Any) -> dtype:
    """Whatever names a dtype (ours, NumPy's, Python's ``float``, a string) as a `dtype`."""
    if isinstance(value, dtype):
        return value
    if value is float:
        return _default
    if value is complex:
        return default_complex()
    if isinstance(value, type) and value in _BY_PYTHON:
        return _BY_PYTHON[value]
    if isinstance(value, str):
        name = value.rpartition(".")[2]
        if name == "bfloat16":
            return bfloat16()
        if name in _BY_NAME:
            return _BY_NAME[name]
    try:
        return of_numpy(np.dtype(value))
    except TypeError:
        raise TypeError(f"not a dtype: {value!r}; expected one such as tn.float32") from None


def as_numpy(value: Any) -> np.dtype[Any]:
    """Whatever names a dtype as a NumPy dtype."""
    return as_dtype(value).dtype


def get_default_dtype() -> dtype:
    """The dtype that Python floats become.

    >>> tn.get_default_dtype()
    tn.float32
    """
    return _default


def set_default_dtype(d: Any) -> None:
    """Set the dtype that Python floats become: a floating-point one.

    >>> tn.set_default_dtype(tn.float64); tn.tensor(1.5).dtype
    tn.float64
    >>> tn.set_default_dtype(tn.float32)
    """
    global _default
    chosen = as_dtype(d)
    if not chosen.is_floating_point:
        raise TypeError(f"set_default_dtype: expected a floating-point dtype, got {chosen}")
    _default = chosen


def default_complex() -> dtype:
    """The dtype that Python complex numbers become."""
    return complex128 if _default is float64 else complex64


def of_scalar(value: Any) -> dtype:
    """The dtype a Python number becomes on its own."""
    if isinstance(value, bool):
        return bool_
    if isinstance(value, int):
        return int64
    if isinstance(value, float):
        return _default
    if isinstance(value, complex):
        return default_complex()
    raise TypeError(f"not a Python number: {type(value).__name__}")


def number(value: Any, target: np.dtype[Any]) -> np.ndarray[Any, Any]:
    """A Python number in the NumPy dtype `target`: -1 is 255 in uint8; what it cannot hold is refused."""
    if target.kind in "iu" and isinstance(value, (int, float)):
        limits = np.iinfo(target)
        if not (-limits.max if target.kind == "u" else limits.min) <= value <= limits.max:
            raise RuntimeError(
                f"value {value} cannot be converted to {of_numpy(target)} without overflow"
            )
        return np.asarray(int(value)).astype(target)
    return np.asarray(value, target)


def _same_category(a: dtype, b: dtype) -> dtype:
    """Promotion of two dtypes, each as strong as the other."""
    if a is b:
        return a
    if a.category != b.category and max(a.category, b.category) == 3:
        low, high = (a, b) if a.category < b.category else (b, a)
        if low.is_floating_point and low.itemsize * 2 > high.itemsize:
            return complex128
        return high
    if a.category != b.category:
        return a if a.category > b.category else b
    if a.category == 1:
        wide = {"uint16", "uint32", "uint64"}
        if a.name in wide or b.name in wide:
            raise TypeError(f"promotion of {a} and {b} is not supported; convert one of them first")
        return of_numpy(np.promote_types(a.dtype, b.dtype))
    names = {a.name, b.name}
    if "bfloat16" in names and "float16" in names:
        return float32
    if "bfloat16" in names:
        return a if b.name == "bfloat16" else b
    return of_numpy(np.promote_types(a.dtype, b.dtype))


def promote_types(type1: Any, type2: Any) -> dtype:
    """The smallest dtype that both can be promoted to, as PyTorch has it.

    >>> tn.promote_types(tn.int64, tn.float32)
    tn.float32
    """
    return _same_category(as_dtype(type1), as_dtype(type2))


def result_dtype(dimensioned: Any, zero_dim: Any, scalars: Any) -> dtype:
    """Promotion over three ranks of operands.

    Parameters
    ----------
    dimensioned, zero_dim : iterables of dtype
        The dtypes of tensors with dimensions and of 0-d tensors.
    scalars : iterable
        Python numbers.
    """
    result: dtype | None = None
    for rank in (dimensioned, zero_dim):
        found: dtype | None = None
        for d in rank:
            found = d if found is None else _same_category(found, d)
        result = _outranked(result, found)
    found = None
    for value in scalars:
        d = of_scalar(value)
        found = d if found is None else _same_category(found, d)
    result = _outranked(result, found)
    if result is None:
        raise TypeError("no operand to take a dtype from")
    return result


def _outranked(strong: dtype | None, weak: dtype | None) -> dtype | None:
    """The weak dtype counts only where its category is higher."""
    if weak is None or strong is None:
        return strong or weak
    if weak.category <= strong.category:
        return strong
    if strong.is_floating_point:  # weak is complex: keep the precision of the strong one
        return strong.to_complex()
    return weak


def can_cast(from_: Any, to: Any) -> bool:
    """True when PyTorch lets a result of dtype `from_` be stored in dtype `to`.

    >>> tn.can_cast(tn.float32, tn.int64), tn.can_cast(tn.int64, tn.float32)
    (False, True)
    """
    return as_dtype(from_).category <= as_dtype(to).category


class finfo:
    """Limits of a floating-point dtype.

    >>> tn.finfo(tn.float32).eps
    1.1920928955078125e-07
    """

    def __init__(self, type: Any = None) -> None:
        chosen = get_default_dtype() if type is None else as_dtype(type)
        if chosen.category < 2:
            raise TypeError(f"finfo: expected a floating-point dtype, got {chosen}; use tn.iinfo")
        if chosen.name == "bfloat16":
            import ml_dtypes

            info: Any = ml_dtypes.finfo(chosen.dtype)
        else:
            info = np.finfo(chosen.dtype)
        self.bits = int(info.bits)
        self.dtype = chosen.to_real().name
        self.eps, self.max, self.min = float(info.eps), float(info.max), float(info.min)
        self.tiny = self.smallest_normal = float(info.tiny)
        self.resolution = 10.0 ** -int(info.precision)

    def __repr__(self) -> str:
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, "
            f"eps={self.eps:g}, smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, "
            f"dtype={self.dtype})"
        )


class iinfo:
    """Limits of an integer dtype.

    >>> tn.iinfo(tn.int8).max
    127
    """

    def __init__(self, type: Any) -> None:
        chosen = as_dtype(type)
        if chosen.category != 1:
            raise TypeError(f"iinfo: expected an integer dtype, got {chosen}; use tn.finfo")
        info = np.iinfo(chosen.dtype)
        self.bits, self.min, self.max = int(info.bits), int(info.min), int(info.max)
        self.dtype = chosen.name

    def __repr__(self) -> str:
        return f"iinfo(min={self.min}, max={self.max}, dtype={self.dtype})"
