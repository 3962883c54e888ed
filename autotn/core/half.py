"""Half precision: as in PyTorch, kernels compute in float32 and what they return is rounded.

A mean of 100,000 float16 numbers overflows where it is added up in float16; and NumPy knows bfloat16
only through the package ml_dtypes, without matrix products and with float32 for whatever stands beside a
Python number. So kernels never see either.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.op import Op


def is_half(dtype: np.dtype[Any]) -> bool:
    """True for float16 and bfloat16."""
    return dtype.itemsize == 2 and dtype.kind in "fV"


def widen(op: Op, arguments: list[Any]) -> np.dtype[Any] | None:
    """Replace half precision among `arguments` by float32; the dtype the results are to be rounded to."""
    if op.view:
        return None
    found: set[np.dtype[Any]] = set()
    others = False
    for i in op.inputs:
        given = arguments[i.index]
        for array in given if i.kind == "list" else (given,):
            if array is not None:
                if is_half(array.dtype):
                    found.add(array.dtype)
                else:
                    others |= array.dtype.kind in "fc"
    if not found:
        return None
    for i in op.inputs:
        given = arguments[i.index]
        if i.kind == "list":
            arguments[i.index] = [_wide(a) for a in given]
        elif given is not None:
            arguments[i.index] = _wide(given)
    # Beside another floating dtype, or where one was asked for, the kernel's dtype stands.
    return None if others or len(found) > 1 or op.asks_dtype(arguments) else found.pop()


def _wide(array: Any) -> Any:
    return array.astype(np.float32) if is_half(array.dtype) else array


def rounded(result: Any, half: np.dtype[Any]) -> Any:
    """The result of a kernel, float32 in it in half precision."""
    if isinstance(result, (tuple, list)):
        parts = [rounded(x, half) for x in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    array = np.asarray(result)
    if array.dtype != np.float32:
        return result
    with np.errstate(over="ignore"):  # what is too large is infinite
        return array.astype(half)
