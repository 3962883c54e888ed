"""How many threads compute: those of the BLAS that NumPy calls, and oneDNN's."""

from __future__ import annotations

import os

from autotn.kernels.onednn.switch import SWITCH


class _Counts:
    within: int | None = None
    between: int | None = None


_counts = _Counts()


def _check(name: str, count: int) -> int:
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise RuntimeError(f"{name}: expected a positive number of threads, got {count!r}")
    return count


def get_num_threads() -> int:
    """The number that was set, else ``OMP_NUM_THREADS``, else that of the processors."""
    if _counts.within is not None:
        return _counts.within
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdigit() and int(told) else os.cpu_count() or 1


def set_num_threads(num_threads: int) -> None:
    """Let NumPy's BLAS, and oneDNN where it is used, have so many threads.

    Where NumPy's is no OpenBLAS the number is kept only; ``OMP_NUM_THREADS`` in the environment reaches
    every BLAS. While oneDNN is in use it has the threads, and NumPy's BLAS runs on the calling one: two
    pools of threads that wait for work take the cores from each other.

    >>> before = tn.get_num_threads()
    >>> tn.set_num_threads(1); tn.get_num_threads()
    1
    >>> tn.set_num_threads(before)
    """
    _counts.within = _check("set_num_threads", num_threads)
    SWITCH.set_threads(num_threads)


def get_num_interop_threads() -> int:
    """The number that was set, else 1: ops run one after another."""
    return _counts.between or 1


def set_num_interop_threads(num_threads: int) -> None:
    """Keep a wish: ops run one after another."""
    _counts.between = _check("set_num_interop_threads", num_threads)
