"""Settings with a value for each axis."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any


def per_axis(value: Any, rank: int) -> tuple[Any, ...]:
    """A tuple as it is; one value stands for all axes."""
    return tuple(value) if isinstance(value, Iterable) else (value,) * rank


def ntuple(n: int, name: str = "parse") -> Callable[[Any], tuple[Any, ...]]:
    """The function that makes n-tuples: PyTorch's ``_ntuple``, for layers of one's own."""

    def parse(value: Any) -> tuple[Any, ...]:
        return per_axis(value, n)

    parse.__name__ = name
    return parse


single, pair, triple, quadruple = ntuple(1), ntuple(2), ntuple(3), ntuple(4)


def reverse_repeat(values: Any, n: int) -> tuple[Any, ...]:
    """The values from last to first, each n times, as ``pad`` wants them."""
    return tuple(value for value in reversed(values) for _ in range(n))
