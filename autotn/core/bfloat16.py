"""bfloat16: as in PyTorch, kernels compute in float32 and what they return is rounded.

NumPy knows the dtype only through the package ml_dtypes, without matrix products and with float32 for
whatever stands beside a Python number; so kernels never see it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.op import Op


def widen(op: Op, arguments: list[Any]) -> bool:
    """Replace bfloat16 among `arguments` by float32; True when the results are to be rounded."""
    if op.view:
        return False
    found, others = False, False
    for i in op.inputs:
        given = arguments[i.index]
        for array in given if i.kind == "list" else (given,):
            if array is not None:
                found |= array.dtype.kind == "V"
                others |= array.dtype.kind in "fc"
    if not found:
        return False
    for i in op.inputs:
        given = arguments[i.index]
        if i.kind == "list":
            arguments[i.index] = [_wide(a) for a in given]
        elif given is not None:
            arguments[i.index] = _wide(given)
    # Beside another floating dtype, or where one was asked for, the kernel's dtype stands.
    return not others and not op.asks_dtype(arguments)


def _wide(array: Any) -> Any:
    return array.astype(np.float32) if array.dtype.kind == "V" else array


def rounded(result: Any) -> Any:
    """The result of a kernel, float32 in it as bfloat16."""
    if isinstance(result, (tuple, list)):
        parts = [rounded(x) for x in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    array = np.asarray(result)
    return array.astype(dtypes.bfloat16().dtype) if array.dtype == np.float32 else result
