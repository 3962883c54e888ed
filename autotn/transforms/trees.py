"""Nested tuples, lists and dicts of tensors, flattened and rebuilt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Shape:
    """How leaves were nested: what `rebuild` needs. Two are equal when the nesting is."""

    def __init__(self, kind: Any, keys: tuple[Any, ...], children: tuple[Shape, ...]) -> None:
        self.kind, self.keys, self.children = kind, keys, children
        self.count: int = sum(c.count for c in children) if kind is not None else 1

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Shape) and (self.kind, self.keys, self.children) == (
            other.kind,
            other.keys,
            other.children,
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        if self.kind is None:
            return "*"
        parts = ", ".join(map(repr, self.children))
        return f"{self.kind.__name__}({parts})"

    def rebuild(self, leaves: list[Any]) -> Any:
        """The nesting again, with these leaves."""
        if len(leaves) != self.count:
            raise ValueError(f"{len(leaves)} leaves for {self.count} places")
        return self._rebuild(iter(leaves))

    def _rebuild(self, leaves: Any) -> Any:
        if self.kind is None:
            return next(leaves)
        parts = [c._rebuild(leaves) for c in self.children]
        if issubclass(self.kind, dict):
            return self.kind(zip(self.keys, parts, strict=True))
        return self.kind(*parts) if hasattr(self.kind, "_fields") else self.kind(parts)


LEAF = Shape(None, (), ())


def _parts(tree: Any) -> tuple[tuple[Any, ...], tuple[Any, ...]] | None:
    """Keys and children of a branch; None for a leaf."""
    if isinstance(tree, dict):
        return tuple(tree.keys()), tuple(tree.values())
    if type(tree) in (tuple, list) or (isinstance(tree, tuple) and hasattr(tree, "_fields")):
        return (), tuple(tree)
    return None


def flatten(tree: Any) -> tuple[list[Any], Shape]:
    """The leaves in order, and how they are nested."""
    found = _parts(tree)
    if found is None:
        return [tree], LEAF
    leaves: list[Any] = []
    shapes = []
    for child in found[1]:
        below, shape = flatten(child)
        leaves += below
        shapes.append(shape)
    return leaves, Shape(type(tree), found[0], tuple(shapes))


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """`function` of every leaf, nested alike."""
    leaves, shape = flatten(tree)
    return shape.rebuild([function(x) for x in leaves])


def spread(prefix: Any, shape: Shape) -> list[Any] | None:
    """One value for each leaf of `shape` from a tree that may end earlier; None where it does not fit."""
    found = _parts(prefix)
    if found is None:
        return [prefix] * shape.count
    keys, children = found
    if shape.kind is None or len(children) != len(shape.children):
        return None
    if issubclass(shape.kind, dict) != isinstance(prefix, dict) or keys != (
        shape.keys if isinstance(prefix, dict) else ()
    ):
        return None
    result: list[Any] = []
    for child, below in zip(children, shape.children, strict=True):
        part = spread(child, below)
        if part is None:
            return None
        result += part
    return result
