"""Settings with a value for each axis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


def per_axis(value: Any, rank: int) -> tuple[Any, ...]:
    """A tuple as it is; one value stands for all axes."""
    return tuple(value) if isinstance(value, Iterable) else (value,) * rank
