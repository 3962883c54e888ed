"""Freed memory stays with the process, so that the next step need not fetch it again.

A training step makes many arrays and frees them all. The C library hands such memory back to the
system, which must clear every page before it gives it out again: for large arrays that costs more
than the arithmetic on them. With GNU's C library (the usual one on Linux) we ask it to keep what is
freed; elsewhere nothing is changed. The price is that the process stays as large as it ever was,
until `empty_cache`. ``AUTOTN_MALLOC=0`` in the environment leaves the C library as it is.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable
from typing import Any

#: Names of the settings in ``malloc.h``.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
#: Free memory beyond this is given back; and arrays beyond this have a mapping of their own.
_TRIM_BEYOND, _MAP_BEYOND = 2**31 - 1, 2**30

#: What `empty_cache` calls: each kernel that keeps workspaces adds the function that drops them.
_droppers: list[Callable[[], Any]] = []


def _c_library() -> Any:
    """GNU's C library, or None where there is another."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None


def keep_freed_memory() -> bool:
    """Ask the C library to keep freed memory; False where it can't or shouldn't be asked."""
    if os.environ.get("AUTOTN_MALLOC") == "0":
        return False
    library = _c_library()
    if library is None or not hasattr(library, "mallopt"):
        return False
    kept = library.mallopt(_M_MMAP_THRESHOLD, _MAP_BEYOND)
    return bool(kept and library.mallopt(_M_TRIM_THRESHOLD, _TRIM_BEYOND))


def dropped_by_empty_cache(drop: Callable[[], Any]) -> Callable[[], Any]:
    """Register (as a decorator) what forgets a kernel's workspaces."""
    _droppers.append(drop)
    return drop


def empty_cache() -> None:
    """Give memory that no array uses back to the system, with the workspaces of the kernels.

    autotn keeps freed memory for the next step, which makes steps on large arrays up to twice as
    fast. After the largest job of a long-lived process this makes the process small again.

    >>> tn.empty_cache()
    """
    for drop in _droppers:
        drop()
    library = _c_library()
    if library is not None and hasattr(library, "malloc_trim"):
        library.malloc_trim(0)
