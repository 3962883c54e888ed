"""Products of two large matrices by oneDNN, which has the edge over OpenBLAS from some size on."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.kernels.onednn.switch import SWITCH
from autotn.kernels.window import Array

#: Elements of the first factor and multiplications from which the library is the quicker one.
LEAST, WORK = 1 << 13, 1 << 23


def product(a: Any, b: Any) -> Any:
    """``a.dot(b)``; shapes that do not fit are NumPy's to refuse.

    Callers look whether the first factor is as large as `LEAST`, so that small ones pay nothing.
    """
    found = by_onednn(a, b)
    return a.dot(b) if found is None else found


def by_onednn(a: Any, b: Any) -> Array | None:
    """The product of large float32 matrices in C or Fortran order; else None."""
    if a.dtype != np.float32 or b.dtype != np.float32 or a.ndim != 2 or b.ndim != 2:
        return None
    (rows, inner), (depth, columns) = a.shape, b.shape
    if inner != depth or (rows * inner * columns < WORK and SWITCH.choosy) or not a.size:
        return None
    first, second = stored(a), stored(b)
    if first is None or second is None or not columns or not SWITCH.ready():
        return None
    out = np.empty((rows, columns), np.float32)
    library = SWITCH.library
    assert library is not None
    library.threads()
    library.call(
        *("sgemm", first[0], second[0], rows, columns, inner, 1.0),
        *(a.__array_interface__["data"][0], first[1], b.__array_interface__["data"][0], second[1]),
        *(0.0, out.__array_interface__["data"][0], columns),
    )
    return out


def stored(a: Array) -> tuple[bytes, int] | None:
    """Whether a matrix is stored as it is or transposed, and how long the rows in memory are."""
    if a.flags.c_contiguous:
        return b"N", a.shape[1]
    if a.flags.f_contiguous:
        return b"T", a.shape[0]
    return None
