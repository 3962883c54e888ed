"""``accelerator``: the device that is faster than the CPU, which is none."""

from __future__ import annotations

from typing import Any, NoReturn

from autotn.core.device import device


def is_available() -> bool:
    """False.

    >>> tn.accelerator.is_available()
    False
    """
    return False


def device_count() -> int:
    """0."""
    return 0


def current_accelerator(check_available: bool = False) -> device | None:
    """None."""
    return None


def synchronize(device: Any = None) -> None:
    """Nothing: all work on the CPU is done when the call returns."""


def empty_cache() -> None:
    """Nothing."""


def memory_allocated(device_index: Any = None) -> int:
    """0 bytes."""
    return 0


memory_reserved = max_memory_allocated = max_memory_reserved = memory_allocated


def reset_peak_memory_stats(device_index: Any = None) -> None:
    """Nothing."""


def _refuse(name: str) -> NoReturn:
    raise RuntimeError(
        f"accelerator.{name} needs an accelerator, and autotn computes on the CPU only; "
        "guard it with tn.accelerator.is_available(), which answers False"
    )


def current_device_index() -> NoReturn:
    """Refused."""
    _refuse("current_device_index()")


def set_device_index(device: Any) -> NoReturn:
    """Refused."""
    _refuse("set_device_index()")


current_device_idx, set_device_idx = current_device_index, set_device_index
