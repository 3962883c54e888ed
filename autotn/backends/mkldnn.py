"""oneDNN, under the name PyTorch knows it by: the library of the extra ``fast``.

It computes convolutions, recurrent layers and a few other float32 ops where it is installed
(``pip install autotn[fast]``); the NumPy kernels do where it is not, or is switched off. It is
searched for when an op could use it first. With the environment variable ``AUTOTN_ONEDNN=0`` ops
begin without it.

>>> with tn.backends.mkldnn.flags(enabled=False):
...     tn.backends.mkldnn.enabled
False
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import ModuleType

from autotn.kernels.onednn.switch import SWITCH

deterministic = False
allow_tf32 = True


class _Module(ModuleType):
    """The module, so that ``enabled`` can be set like PyTorch's."""

    @property
    def enabled(self) -> bool:
        """Whether ops may use the library."""
        return SWITCH.wanted

    @enabled.setter
    def enabled(self, wanted: bool) -> None:
        SWITCH.wanted = bool(wanted)


sys.modules[__name__].__class__ = _Module


def is_available() -> bool:
    """Whether the library was found; ``tn.backends.show()`` says where, or why not."""
    if not SWITCH.searched:
        SWITCH.search()
    return SWITCH.library is not None


def set_flags(
    _enabled: bool | None = None,
    _deterministic: bool | None = None,
    _allow_tf32: bool | None = None,
) -> tuple[bool, bool, bool]:
    """Set the flags that are given; the answer is what they were."""
    space = globals()
    before = (SWITCH.wanted, space["deterministic"], space["allow_tf32"])
    if _enabled is not None:
        SWITCH.wanted = _enabled
    for name, value in (("deterministic", _deterministic), ("allow_tf32", _allow_tf32)):
        if value is not None:
            space[name] = value
    return before


@contextlib.contextmanager
def flags(
    enabled: bool = False, deterministic: bool = False, allow_tf32: bool = True
) -> Iterator[None]:
    """Set the flags inside a context."""
    before = set_flags(enabled, deterministic, allow_tf32)
    try:
        yield
    finally:
        set_flags(*before)
