"""How the instances of a network hang together: which there are, and in which order they run."""

from __future__ import annotations

from collections.abc import Sequence

from autotn.network.structure import Instance


def walk_back(outputs: Sequence[Instance], inputs: Sequence[Instance]) -> list[Instance]:
    """All instances the outputs need, outputs first, then their parents and so on."""
    stops = {id(i) for i in inputs}
    parts: dict[int, Instance] = {}
    level: list[Instance] = list(outputs)
    while level:
        above: list[Instance] = []
        for instance in level:
            if id(instance) not in parts:
                parts[id(instance)] = instance
                if id(instance) not in stops:
                    above += instance.parents
        level = above
    return list(parts.values())


def run_order(outputs: Sequence[int], parents: Sequence[Sequence[int]]) -> list[int]:
    """The numbers of all parts, each after its parents; the same graph gives the same order."""
    order: dict[int, None] = {}
    waiting = list(reversed(outputs))
    while waiting:
        part = waiting[-1]
        missing = [p for p in parents[part] if p not in order]
        if part not in order and missing:
            waiting += reversed(missing)
        else:
            order.setdefault(waiting.pop())
    return list(order)
