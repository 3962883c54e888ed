"""Whether oneDNN is used: found at the first question, switched on and off, alone after a fork."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from autotn.kernels import blas
from autotn.kernels.memory import dropped_by_empty_cache
from autotn.kernels.onednn.library import FILE

if TYPE_CHECKING:
    from autotn.kernels.onednn.library import Library
    from autotn.kernels.onednn.primitive import Session, Sessions

#: Set to 0 to begin switched off.
VARIABLE = "AUTOTN_ONEDNN"

FLOAT = np.dtype(np.float32)

#: Multiplications of other dtypes in a row, without a call of the library among them, after which NumPy's
#: BLAS has the threads: a tenth of a second's work, for its threads hold the cores 0.03 s after a product.
LONG = 1 << 31


class Switch:
    """Is the library wanted, is it there, and if not, why."""

    def __init__(self) -> None:
        self._wanted = os.environ.get(VARIABLE, "1") != "0"
        #: Take only what the library does faster than NumPy; else whatever it can do, as tests want.
        self.choosy = True
        self.searched = False
        self._searching = threading.Lock()
        self.library: Library | None = None
        self.sessions: Sessions | None = None
        self.reason = ""
        self.threads: int | None = None
        self._told: list[Callable[[bool], Any]] = []
        #: What NumPy's BLAS has while the library is not in use.
        self._blas_threads: int | None = None
        #: Multiplications by NumPy's BLAS since the library was asked for last.
        self._elsewhere = 0

    @property
    def wanted(self) -> bool:
        """Whether the library is to be used where it is there."""
        return self._wanted

    @wanted.setter
    def wanted(self, wanted: bool) -> None:
        self._wanted = wanted
        self._share_cores()
        self._tell()

    def tell(self, listener: Callable[[bool], Any]) -> None:
        """Tell `listener`, now and when it changes, whether the library is in use or is likely to be."""
        self._told.append(listener)
        listener(self._likely())

    def _tell(self) -> None:
        for listener in self._told:
            listener(self._likely())

    def _likely(self) -> bool:
        if not self._wanted or self.searched:
            return self._wanted and self.library is not None
        return os.path.exists(os.path.join(sys.prefix, "lib", FILE))

    def _share_cores(self) -> None:
        """Let the library have the threads while it is in use, else NumPy's BLAS.

        Both wait for work by spinning: two pools on the same cores made small steps twelve times slower.
        """
        if self.library is not None and self._wanted and self._elsewhere < LONG:
            blas.set_threads(1)
        elif self._blas_threads is not None:
            blas.set_threads(self._blas_threads)

    def ready(self) -> bool:
        """True when kernels may use the library; it is searched for and loaded the first time."""
        if not self._wanted:
            return False
        if not self.searched:
            self.search()
        if self._elsewhere:
            self._take_back()
        return self.library is not None

    def work_elsewhere(self, multiplications: int) -> None:
        """Hear of a product that NumPy's BLAS makes, as the library has none for its dtype.

        The count and not the clock decides who has the threads, so that results are the same each time.
        """
        if self._wanted and self.library is not None and self._elsewhere < LONG:
            self._elsewhere += multiplications
            if self._elsewhere >= LONG:
                self._share_cores()

    def _take_back(self) -> None:
        lent, self._elsewhere = self._elsewhere >= LONG, 0
        if lent:
            self._share_cores()

    def search(self) -> None:
        """Load the library, or remember why not; other threads wait, lest some of them go without it."""
        with self._searching:
            if not self.searched:
                self._load()
                self.searched = True
                self._tell()

    def _load(self) -> None:
        from autotn.kernels.onednn.library import Absent, load
        from autotn.kernels.onednn.primitive import Sessions

        try:
            library = load()
        except Absent as absent:
            self.reason = str(absent)
            return
        library.wanted_threads = self.threads
        if self._blas_threads is None:
            self._blas_threads = blas.threads()
        self.sessions = Sessions(library)
        dropped_by_empty_cache(self.clear)
        os.register_at_fork(after_in_child=self.after_fork)
        self.library = library  # late: other threads take it for the sign that all is ready
        self._share_cores()

    def after_fork(self) -> None:
        """The child has none of OpenMP's threads, so it works alone."""
        self.set_threads(1)

    def set_threads(self, count: int) -> None:
        """How many threads computations use from now on, here or in NumPy's BLAS."""
        self.threads = self._blas_threads = count
        if self.library is not None:
            self.library.wanted_threads = count
        self._share_cores()

    def clear(self) -> None:
        """Forget the calling thread's calls and give back their memory, as `empty_cache` does."""
        if self.sessions is not None:
            self.sessions.here.clear()

    def the_session(self) -> Session:
        """The calling thread's session of a library that is ready."""
        assert self.sessions is not None
        return self.sessions.here


SWITCH = Switch()


def takes(least: int, x: Any, *others: Any) -> bool:
    """True for contiguous float32 arrays of some size; rules come with Tensors, too."""
    if x.__class__ is not np.ndarray or x.size < (least if SWITCH.choosy else 1):
        return False
    for a in (x, *others):  # asked before every call: a generator would take twice the time
        if (a.dtype is not FLOAT and a.dtype != FLOAT) or not a.flags.c_contiguous:
            return False
    return SWITCH.ready()
