"""NumPy's own BLAS library, called directly where NumPy offers no way: sums of multiples, threads.

NumPy's wheels bring OpenBLAS. ``y = a x + b y`` is one pass over the arrays there and three in NumPy,
and the number of threads can be set. Names and integer sizes differ between builds, so both are
looked up; where nothing is found, NumPy does the same work.
"""

from __future__ import annotations

import ctypes
import importlib
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]

#: How builds decorate the names, and the integers they take: NumPy's wheels first.
_STYLES = (
    ("scipy_", "64_", ctypes.c_int64),
    ("", "64_", ctypes.c_int64),
    ("scipy_", "", ctypes.c_int),
    ("", "", ctypes.c_int),
)
#: From so many elements on a pass saved is worth the call.
_LARGE = 4096

_byte: Callable[[Any], Any] = ctypes.c_char.from_buffer
_by = ctypes.byref
_Place = ctypes.POINTER(ctypes.c_char)


@cache
def numpys_library() -> Any:
    """What NumPy's core is linked with, or None where it can't be asked."""
    try:
        core: Any = importlib.import_module("numpy._core._multiarray_umath")
        return ctypes.CDLL(core.__file__)
    except (ImportError, OSError, TypeError):
        return None


def routine(name: str, library: Any) -> tuple[Any, Any] | None:
    """The library's function of this name, however decorated, and its integer type."""
    for prefix, suffix, integer in _STYLES:
        found = getattr(library, f"{prefix}{name}{suffix}", None)
        if found is not None:
            return found, integer
    return None


def threads() -> int | None:
    """How many threads NumPy's BLAS uses; None where it can't be asked."""
    found = routine("openblas_get_num_threads", numpys_library())
    return None if found is None else int(found[0]())


def set_threads(count: int) -> None:
    """Let NumPy's BLAS use so many threads, where it is an OpenBLAS."""
    found = routine("openblas_set_num_threads", numpys_library())
    if found is not None:
        found[0](ctypes.c_int(count))


@cache
def _axpby_of(letter: str) -> Callable[..., Any] | None:
    found = routine(f"cblas_{letter}axpby", numpys_library())
    if found is None:
        return None
    function, integer = found
    real = ctypes.c_float if letter == "s" else ctypes.c_double
    function.argtypes = [integer, real, _Place, integer, real, _Place, integer]
    function.restype = None
    return function


def add_multiple(y: Array, a: float, x: Array, b: float, work: Array) -> None:
    """``y = a * x + b * y`` in place; `work` is room for one more array of this kind."""
    if y.size >= _LARGE and y.dtype is x.dtype and y.dtype.char in "fd" and y.shape == x.shape:
        function = _axpby_of("s" if y.dtype.char == "f" else "d")
        if function is not None:
            try:
                function(y.size, a, _by(_byte(x)), 1, b, _by(_byte(y)), 1)
                return
            except (TypeError, ValueError, BufferError):  # with gaps, or not to be written to
                pass
    np.multiply(x, a, out=work)
    if b != 1:
        y *= b
    y += work
