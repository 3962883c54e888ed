"""The memory of GPUs: none is there, none is used."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, NoReturn

from autotn.cuda.questions import refuse


def memory_allocated(device: Any = None) -> int:
    """0 bytes.

    >>> tn.cuda.memory_allocated()
    0
    """
    return 0


memory_reserved = max_memory_allocated = max_memory_reserved = memory_allocated
memory_cached = max_memory_cached = memory_allocated


def memory_stats(device: Any = None) -> OrderedDict[str, Any]:
    """Nothing to tell."""
    return OrderedDict()


def memory_summary(device: Any = None, abbreviated: bool = False) -> str:
    """Nothing to tell, in a sentence."""
    return "There is no GPU."


def memory_snapshot(mempool_id: Any = None) -> list[Any]:
    """Nothing to tell."""
    return []


def empty_cache() -> None:
    """Nothing: there is no cache."""


def ipc_collect() -> None:
    """Nothing."""


def reset_peak_memory_stats(device: Any = None) -> None:
    """Nothing."""


reset_max_memory_allocated = reset_max_memory_cached = reset_peak_memory_stats


def set_per_process_memory_fraction(fraction: float, device: Any = None) -> NoReturn:
    """Refused."""
    refuse("set_per_process_memory_fraction()")


def mem_get_info(device: Any = None) -> NoReturn:
    """Refused."""
    refuse("mem_get_info()")
