"""`assert_close`: equal up to rounding, or an error that says where not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.tensor import Tensor

#: (rtol, atol) by dtype, PyTorch's.
_TOLERANCES = {
    "float16": (1e-3, 1e-5), "bfloat16": (1.6e-2, 1e-5), "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7), "complex64": (1.3e-6, 1e-5), "complex128": (1e-7, 1e-7),
}  # fmt: skip

_ALLOWED = "(up to {:.7g} allowed)"


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raise an AssertionError unless ``|actual - expected| <= atol + rtol * |expected|`` everywhere.

    Takes tensors, arrays, numbers, and sequences and mappings of them.

    >>> tn.testing.assert_close(tn.tensor(1.0), tn.tensor(1.0 + 1e-7))
    """
    if (rtol is None) != (atol is None):
        raise ValueError(
            f"rtol and atol must both be specified or both be unspecified, got {rtol=} and {atol=}"
        )
    tolerance = None if rtol is None or atol is None else (rtol, atol)
    complaint = _compare(actual, expected, tolerance, equal_nan, check_dtype, check_stride, "")
    if complaint:
        raise AssertionError(complaint if msg is None else msg(complaint) if callable(msg) else msg)


def _compare(
    actual: Any,
    expected: Any,
    tolerance: tuple[float, float] | None,
    equal_nan: bool,
    check_dtype: bool,
    check_stride: bool,
    place: str,
) -> str:
    """What is wrong, or nothing."""
    rest = (tolerance, equal_nan, check_dtype, check_stride)
    where = f"\n\nThe failure occurred for item {place}" if place else ""
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if actual.keys() != expected.keys():
            return f"The keys of the mappings do not match: {set(actual) ^ set(expected)}{where}"
        pairs = [(f"[{key!r}]", actual[key], expected[key]) for key in actual]
    elif _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            return f"The length of the sequences mismatch: {len(actual)} != {len(expected)}{where}"
        pairs = [(f"[{k}]", a, b) for k, (a, b) in enumerate(zip(actual, expected))]
    else:
        found = _compare_arrays(actual, expected, *rest)
        return found + where if found else ""
    complaints = (_compare(a, b, *rest, place + name) for name, a, b in pairs)
    return next((complaint for complaint in complaints if complaint), "")


def _is_sequence(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _compare_arrays(
    actual: Any,
    expected: Any,
    tolerance: tuple[float, float] | None,
    equal_nan: bool,
    check_dtype: bool,
    check_stride: bool,
) -> str:
    scalars = not any(isinstance(one, Tensor | np.ndarray) for one in (actual, expected))
    if not scalars and type(actual).__name__ != type(expected).__name__:
        kinds = {isinstance(one, Tensor) for one in (actual, expected)}
        if kinds == {True, False}:
            return (
                f"None of the pair types fits {type(actual).__name__} and {type(expected).__name__}: "
                "both must be tensors, or both arrays"
            )
    a, b = (np.asarray(x._data if isinstance(x, Tensor) else x) for x in (actual, expected))
    if a.shape != b.shape:
        return (
            f"The values for attribute 'shape' do not match: torch.Size({list(a.shape)}) != "
            f"torch.Size({list(b.shape)})."
        )
    kinds_of = dtypes.of_numpy(a.dtype), dtypes.of_numpy(b.dtype)
    if check_dtype and not scalars and kinds_of[0] != kinds_of[1]:
        return f"The values for attribute 'dtype' do not match: {kinds_of[0]} != {kinds_of[1]}."
    if check_stride and a.strides != b.strides:
        return f"The values for attribute 'stride()' do not match: {a.strides} != {b.strides}."
    rtol, atol = tolerance or _tolerance(kinds_of)
    wide = np.complex128 if "c" in (a.dtype.kind, b.dtype.kind) else np.float64
    a, b = a.astype(wide), b.astype(wide)
    wrong = ~np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)
    return _report(a, b, wrong, rtol, atol, scalars or a.ndim == 0) if wrong.any() else ""


def _tolerance(kinds: tuple[dtypes.dtype, dtypes.dtype]) -> tuple[float, float]:
    """The looser of the two dtypes' tolerances; exact for integers."""
    found = [_TOLERANCES.get(kind.name, (0.0, 0.0)) for kind in kinds]
    return max(r for r, _ in found), max(a for _, a in found)


def _report(a: Any, b: Any, wrong: Any, rtol: float, atol: float, scalar: bool) -> str:
    distance = np.abs(a - b)
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = distance / np.abs(b)
    if scalar:
        return (
            f"Scalars are not close!\n\nExpected {b.item()} but got {a.item()}.\n"
            f"Absolute difference: {distance.item()} {_ALLOWED.format(atol)}\n"
            f"Relative difference: {relative.item()} {_ALLOWED.format(rtol)}"
        )
    count, size = int(wrong.sum()), wrong.size
    lines = [f"Mismatched elements: {count} / {size} ({100 * count / size:.1f}%)"]
    for name, values, allowed in (
        ("absolute", distance, atol),
        ("relative", relative, rtol),
    ):
        shown = np.where(wrong, values, -1)
        worst = np.unravel_index(int(np.nanargmax(shown)), shown.shape)
        index = tuple(int(k) for k in worst)
        lines.append(
            f"Greatest {name} difference: {values[worst]} at index {index} {_ALLOWED.format(allowed)}"
        )
    return "Tensor-likes are not close!\n\n" + "\n".join(lines)
