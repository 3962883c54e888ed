"""Numbers too small for full precision: kept, or taken for zero, which processors do far quicker."""

from __future__ import annotations

import ctypes
import platform
import sys

#: ``fenv_t`` of the GNU C library on x86-64: 28 bytes of the old unit, then SSE's control word.
_SIZE, _CONTROL = 32, 28

#: In that word: take denormal inputs for zero, flush denormal results to zero.
_INPUTS, _RESULTS = 0x0040, 0x8000


def set_flush_denormal(mode: bool) -> bool:
    """Take numbers below the smallest normal one (1.2e-38 in float32) for zero, in this thread.

    Processors need a hundred cycles for each of them. They arise when averages fade, as in `optim.Adam`
    where a unit is dead. Threads started later do as the thread that starts them.

    Returns
    -------
    bool
        Whether this can be set here: on x86-64 with the GNU C library.

    >>> possible = tn.set_flush_denormal(True)
    >>> (tn.tensor([1e-40]) * 1).item() == (0 if possible else 1e-40)
    True
    >>> tn.set_flush_denormal(False) is possible
    True
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return False
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL("libm.so.6")
    environment = (ctypes.c_ubyte * _SIZE)()
    if library.fegetenv(environment):
        return False
    control = ctypes.c_uint32.from_buffer(environment, _CONTROL)
    if mode:
        control.value |= _INPUTS | _RESULTS
    else:
        control.value &= ~(_INPUTS | _RESULTS)
    return not library.fesetenv(environment)
