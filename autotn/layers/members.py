"""The tables a Module keeps its members in, and the search through collections.

A module's parameters, buffers and children stand in three tables, ``_parameters``, ``_buffers`` and
``_modules``. Whatever enters such a table also becomes an ordinary attribute, because Python finds
an ordinary attribute several times faster than one that ``__getattr__`` must look for, and a
layer reads its weights on every call.
"""

from __future__ import annotations

import itertools
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

COLLECTIONS = (list, tuple, dict)


class Changes:
    """Numbers the changes of any module's members: what a walk found holds while `latest` stays the same.

    It does not hold for modules with collections, which may grow unseen.
    """

    def __init__(self) -> None:
        self.latest = 0
        self._next = itertools.count(1).__next__

    def note(self) -> None:
        """A member came or went; noted afterwards, so that no walk begun before counts as later."""
        self.latest = self._next()


CHANGES = Changes()


class Members(dict[str, Any]):
    """One table of a module; every write to it reaches the module's attributes as well."""

    __slots__ = ("_owner",)

    def __init__(self, owner: Any, members: Iterable[Any] = ()) -> None:
        super().__init__(members)
        # Weak, so that a module is freed with its last user and not by the cyclic collector.
        self._owner = weakref.ref(owner)
        owner.__dict__.update(self)
        CHANGES.note()

    def _attributes(self) -> dict[str, Any]:
        owner = self._owner()
        return {} if owner is None else owner.__dict__

    def __setitem__(self, name: str, member: Any) -> None:
        super().__setitem__(name, member)
        self._attributes()[name] = member
        CHANGES.note()

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._attributes().pop(name, None)
        CHANGES.note()

    def pop(self, name: str, *default: Any) -> Any:
        """Remove a member and return it."""
        if name in self:
            self._attributes().pop(name, None)
        member = super().pop(name, *default)
        CHANGES.note()
        return member

    def popitem(self) -> tuple[str, Any]:
        """Remove the last member and return it with its name."""
        name, member = super().popitem()
        self._attributes().pop(name, None)
        CHANGES.note()
        return name, member

    def clear(self) -> None:
        """Remove all members."""
        for name in list(self):
            del self[name]

    def update(self, *others: Any, **named: Any) -> None:
        """Add or replace members."""
        for name, member in dict(*others, **named).items():
            self[name] = member

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Give the member of this name, adding it first where there is none."""
        if name not in self:
            self[name] = default
        return self[name]

    def __ior__(self, other: Any) -> Members:  # type: ignore[override,misc]
        self.update(other)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy or a pickle is a plain dict; the copied module ties it to itself again.
        return dict, (dict(self),)


def members_of(collection: Any) -> Iterable[tuple[Any, Any]]:
    """Keys and values of a list, tuple or dict."""
    return collection.items() if isinstance(collection, dict) else enumerate(collection)


def may_hold(collection: Any, kinds: tuple[type, ...]) -> bool:
    """True when a collection has something of these kinds, or a collection, at its top level."""
    values = collection.values() if isinstance(collection, dict) else collection
    # One pass in C tells that a long list of numbers holds nothing of interest.
    return any(issubclass(kind, kinds + COLLECTIONS) for kind in set(map(type, values)))


def search(
    name: str, collection: Any, kinds: tuple[type, ...], seen: set[int] | None = None
) -> Iterator[tuple[str, Any]]:
    """Names and values of what is of these kinds in nested lists, tuples and dicts."""
    seen = set() if seen is None else seen
    if id(collection) in seen:  # a list may contain itself
        return
    seen.add(id(collection))
    if may_hold(collection, kinds):
        for key, value in members_of(collection):
            if isinstance(value, kinds):
                yield f"{name}.{key}", value
            elif isinstance(value, COLLECTIONS):
                yield from search(f"{name}.{key}", value, kinds, seen)


def member(holder: Any, name: str) -> Any:
    """The member called `name` of a module, list, tuple or dict."""
    if isinstance(holder, COLLECTIONS):
        for key, value in members_of(holder):
            if str(key) == name:
                return value
    elif hasattr(holder, name):
        return getattr(holder, name)
    raise AttributeError(f"{type(holder).__name__} has no attribute {name!r}")


def replace_member(holder: Any, name: str, value: Any) -> None:
    """Put `value` where the member called `name` of a module, list or dict stands."""
    if isinstance(holder, tuple):
        raise TypeError(
            f"item {name} of a tuple can't be replaced; assign a new tuple to the attribute"
        )
    if isinstance(holder, (list, dict)):
        for key, _ in members_of(holder):
            if str(key) == name:
                holder[key] = value
                return
        raise AttributeError(f"{type(holder).__name__} has no item {name!r}")
    setattr(holder, name, value)


def unique(
    named: Iterable[tuple[str, Any]], seen: set[Any] | None = None
) -> Iterator[tuple[str, Any]]:
    """Leave out None and what came before."""
    seen = set() if seen is None else seen
    for name, value in named:
        if value is not None and value not in seen:
            seen.add(value)
            yield name, value
