"""How the instances of a network hang together: which there are, and in which order they run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from autotn.network.structure import Instance


class Wiring(NamedTuple):
    """The parts of a network, outputs first; all numbers are places among the parts."""

    parts: tuple[Instance, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    constants: tuple[int, ...]
    parents: tuple[tuple[int, ...], ...]
    children: tuple[tuple[int, ...], ...]
    #: Each part after its parents.
    order: tuple[int, ...]


def wire(
    inputs: Sequence[Instance],
    outputs: Sequence[Instance],
    above: Callable[[Instance], Sequence[Instance]],
) -> Wiring:
    """Everything between the outputs and the inputs, given what stands above an instance."""
    parts = walk_back(outputs, inputs, above)
    number = {id(part): k for k, part in enumerate(parts)}
    for k, instance in enumerate(inputs):
        if id(instance) not in number:
            raise ValueError(f"System: inputs[{k}] ({instance}) does not reach any output")
    fed = tuple(number[id(instance)] for instance in inputs)
    cut = set(fed)
    parents = tuple(
        () if k in cut else tuple(number[id(p)] for p in above(part))
        for k, part in enumerate(parts)
    )
    children: list[list[int]] = [[] for _ in parts]
    for k, read in enumerate(parents):
        for parent in dict.fromkeys(read):
            children[parent].append(k)
    ends = tuple(number[id(instance)] for instance in outputs)
    return Wiring(
        tuple(parts),
        fed,
        ends,
        tuple(k for k, part in enumerate(parts) if part.constant),
        parents,
        tuple(map(tuple, children)),
        tuple(run_order(ends, parents)),
    )


def walk_back(
    outputs: Sequence[Instance],
    inputs: Sequence[Instance],
    above: Callable[[Instance], Sequence[Instance]],
) -> list[Instance]:
    """All instances the outputs need, outputs first, then what stands above them and so on."""
    stops = {id(i) for i in inputs}
    parts: dict[int, Instance] = {}
    level: list[Instance] = list(outputs)
    while level:
        next_level: list[Instance] = []
        for instance in level:
            if id(instance) not in parts:
                parts[id(instance)] = instance
                if id(instance) not in stops:
                    next_level += above(instance)
        level = next_level
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
