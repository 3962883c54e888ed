"""Switches on the whole library that scripts set at their start."""

from __future__ import annotations

from typing import Any

from autotn.core.device import CPU, check_device, device

_PRECISIONS = ("highest", "high", "medium")


class _Switches:
    deterministic = False
    warn_only = False
    precision = "highest"
    warn_always = False


_switches = _Switches()


def use_deterministic_algorithms(mode: bool, *, warn_only: bool = False) -> None:
    """Keep a wish that is always granted: every op gives the same result each time.

    >>> tn.use_deterministic_algorithms(True); tn.are_deterministic_algorithms_enabled()
    True
    >>> tn.use_deterministic_algorithms(False)
    """
    _switches.deterministic, _switches.warn_only = bool(mode), bool(warn_only)


def are_deterministic_algorithms_enabled() -> bool:
    """What `use_deterministic_algorithms` was told."""
    return _switches.deterministic


def is_deterministic_algorithms_warn_only_enabled() -> bool:
    """What `use_deterministic_algorithms` was told."""
    return _switches.warn_only


def set_deterministic_debug_mode(debug_mode: int | str) -> None:
    """As `use_deterministic_algorithms`: ``"default"``, ``"warn"`` or ``"error"``, or 0, 1, 2."""
    names = ("default", "warn", "error")
    level = names.index(debug_mode) if isinstance(debug_mode, str) else debug_mode
    use_deterministic_algorithms(level > 0, warn_only=level == 1)


def get_deterministic_debug_mode() -> int:
    """0, 1 or 2, for ``"default"``, ``"warn"`` and ``"error"``."""
    return 0 if not _switches.deterministic else 1 if _switches.warn_only else 2


def set_float32_matmul_precision(precision: str) -> None:
    """Keep a wish for the precision of GPU products; products are in full float32.

    >>> tn.set_float32_matmul_precision("high"); tn.get_float32_matmul_precision()
    'high'
    >>> tn.set_float32_matmul_precision("highest")
    """
    if precision not in _PRECISIONS:
        raise ValueError(
            f"set_float32_matmul_precision: expected one of {', '.join(_PRECISIONS)}, got {precision!r}"
        )
    _switches.precision = precision


def get_float32_matmul_precision() -> str:
    """What `set_float32_matmul_precision` was told."""
    return _switches.precision


def set_warn_always(b: bool) -> None:
    """Keep a wish; Python's filters decide how often a warning is seen."""
    _switches.warn_always = bool(b)


def is_warn_always_enabled() -> bool:
    """What `set_warn_always` was told."""
    return _switches.warn_always


def set_default_device(device: Any) -> None:
    """Accept the CPU, where every tensor is; another device is refused.

    >>> tn.set_default_device("cpu"); tn.get_default_device()
    device(type='cpu')
    """
    check_device(device)


def get_default_device() -> device:
    """The CPU."""
    return CPU


def compiled_with_cxx11_abi() -> bool:
    """False: nothing is compiled."""
    return False
