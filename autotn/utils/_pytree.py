"""Trees of lists, tuples and dictionaries: taken apart and put together."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, NamedTuple


class TreeSpec(NamedTuple):
    """The shape of a tree: the type of a node, its keys, its branches; a leaf has no type."""

    type: Any
    context: Any
    children: tuple[TreeSpec, ...]

    @property
    def num_leaves(self) -> int:
        """How many leaves it has."""
        return 1 if self.type is None else sum(child.num_leaves for child in self.children)


LeafSpec = TreeSpec(None, None, ())


def _branches(tree: Any) -> tuple[Any, list[Any]] | None:
    if type(tree) in (dict, OrderedDict):
        return list(tree), list(tree.values())
    if type(tree) in (list, tuple) or (isinstance(tree, tuple) and hasattr(tree, "_fields")):
        return None, list(tree)
    return None


def tree_flatten(
    tree: Any, is_leaf: Callable[[Any], bool] | None = None
) -> tuple[list[Any], TreeSpec]:
    """The leaves of a tree in order, and its shape.

    >>> from autotn.utils._pytree import tree_flatten, tree_unflatten
    >>> leaves, spec = tree_flatten({"a": [1, 2], "b": (3,)}); leaves
    [1, 2, 3]
    >>> tree_unflatten([4, 5, 6], spec)
    {'a': [4, 5], 'b': (6,)}
    """
    found = None if is_leaf is not None and is_leaf(tree) else _branches(tree)
    if found is None:
        return [tree], LeafSpec
    context, branches = found
    leaves: list[Any] = []
    children = []
    for branch in branches:
        below, spec = tree_flatten(branch, is_leaf)
        leaves += below
        children.append(spec)
    return leaves, TreeSpec(type(tree), context, tuple(children))


def tree_unflatten(leaves: Any, treespec: TreeSpec) -> Any:
    """The tree of a shape with other leaves."""
    rest = iter(leaves)
    made = _build(treespec, rest)
    if next(rest, rest) is not rest:
        raise ValueError(f"tree_unflatten: more leaves than the {treespec.num_leaves} of the tree")
    return made


def _build(spec: TreeSpec, leaves: Any) -> Any:
    if spec.type is None:
        return next(leaves)
    branches = [_build(child, leaves) for child in spec.children]
    if spec.context is not None:
        return spec.type(zip(spec.context, branches))
    return spec.type(*branches) if hasattr(spec.type, "_fields") else spec.type(branches)


def tree_leaves(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """The leaves of a tree in order."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree: Any, is_leaf: Callable[[Any], bool] | None = None) -> TreeSpec:
    """The shape of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: Callable[[Any], bool] | None = None
) -> Any:
    """The tree with `func` applied to every leaf (and the leaves of `rests` at the same place)."""
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [tree_flatten(rest, is_leaf)[0] for rest in rests]
    return tree_unflatten([func(*group) for group in zip(leaves, *others)], spec)


def tree_map_only(kind: Any, func: Callable[[Any], Any], tree: Any, is_leaf: Any = None) -> Any:
    """The tree with `func` applied to the leaves of one type."""
    return tree_map(lambda x: func(x) if isinstance(x, kind) else x, tree, is_leaf=is_leaf)


def tree_all(pred: Callable[[Any], bool], tree: Any, is_leaf: Any = None) -> bool:
    """True when every leaf fulfils `pred`."""
    return all(pred(leaf) for leaf in tree_leaves(tree, is_leaf))


def tree_any(pred: Callable[[Any], bool], tree: Any, is_leaf: Any = None) -> bool:
    """True when some leaf fulfils `pred`."""
    return any(pred(leaf) for leaf in tree_leaves(tree, is_leaf))
