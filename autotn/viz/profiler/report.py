"""The tables of a profile: by op, by module, by source line."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Any

from autotn.core.node import line_of
from autotn.viz.profiler.listener import Event
from autotn.viz.quantities import bytes_text, table_text, time_text

#: Lines of a table that are printed; what is left out is summed up in the last one.
SHOWN = 30


@dataclass
class Row:
    """What one op, module or line cost; times in seconds, sizes in bytes."""

    name: str
    calls: int = 0
    forward: float = 0.0
    backward: float = 0.0
    optimizer: float = 0.0
    forward_bytes: int = 0
    backward_bytes: int = 0
    _seen: set[int] = field(default_factory=set, repr=False)

    @property
    def total(self) -> float:
        """All its time together."""
        return self.forward + self.backward + self.optimizer

    def add(self, event: Event, times: int = 1) -> None:
        """Count one more event."""
        if event.phase == "forward":
            self.calls += times
            self.forward += event.own / 1e9
            self.forward_bytes += event.allocated
        elif event.phase == "backward":
            self.backward += event.own / 1e9
            self.backward_bytes += event.allocated
        else:
            self.calls += times
            self.optimizer += event.own / 1e9


def _grouped(
    events: Iterable[Event], key: Callable[[Event], Hashable], name: Callable[[Event], str]
) -> list[Row]:
    rows: dict[Hashable, Row] = {}
    for event in events:
        rows.setdefault(key(event), Row(name(event))).add(event)
    return sorted(rows.values(), key=lambda row: -row.total)


def by_op(events: Iterable[Event]) -> list[Row]:
    """One row per op, the dearest first."""
    return _grouped(events, lambda e: e.op, lambda e: e.op)


def by_line(events: Iterable[Event]) -> list[Row]:
    """One row per line of the user's code, the dearest first."""
    place: dict[Any, Any] = {}

    def line(event: Event) -> Any:
        if event.where not in place:
            place[event.where] = line_of(event.where)
        return place[event.where]

    def name(event: Event) -> str:
        found = line(event)
        if found is None:
            return "elsewhere"
        return f"{os.path.basename(found[0])}:{found[1]}  {found[2]}".rstrip()

    return _grouped(events, line, name)


def by_module(events: Iterable[Event]) -> list[Row]:
    """One row per module, in the order of their first call; a row includes the modules inside.

    Names are paths from the outermost module; ``calls`` counts calls of the module.
    """
    rows: dict[tuple[str, ...], Row] = {}
    for event in events:
        names = tuple(name for name, _ in event.scope)
        for depth in range(len(names) + 1):
            path = names[:depth]
            if path not in rows:
                rows[path] = Row(_module_name(path, event))
            row = rows[path]
            # A module is entered anew with each call, and the pair on the scope is made then.
            entry = id(event.scope[depth - 1]) if depth else 0
            fresh = event.phase == "forward" and entry not in row._seen
            row._seen.add(entry)
            row.add(event, int(fresh))
    rows.pop((), None)
    return list(_tree_order(rows))


def _module_name(path: tuple[str, ...], event: Event) -> str:
    if not path:
        return ""
    cls = type(event.scope[len(path) - 1][1]).__name__
    return "  " * (len(path) - 1) + (f"{path[-1]}: {cls}" if path[-1] else cls)


def _tree_order(rows: dict[tuple[str, ...], Row]) -> Iterable[Row]:
    """Children right below their parents, otherwise as they came."""
    below: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for path in rows:
        below.setdefault(path[:-1], []).append(path)
    waiting = list(reversed(below.get((), [])))
    while waiting:
        path = waiting.pop()
        yield rows[path]
        waiting += reversed(below.get(path, []))


def table(title: str, rows: list[Row], whole: float, summed: bool = True) -> list[str]:
    """A table as lines; `whole` is what the shares are of, and rows that were left out are summed."""
    if not rows:
        return []
    steps = any(row.optimizer for row in rows)
    shown = rows if len(rows) <= SHOWN else rows[: SHOWN - 1]
    head = [
        title,
        "calls",
        "forward",
        "backward",
        "optimizer",
        "share",
        "bytes forward",
        "bytes backward",
    ]
    lines = [head, *(_line(row, whole) for row in shown)]
    if len(shown) < len(rows):
        rest = Row(f"{len(rows) - len(shown)} more")
        for row in rows[len(shown) :]:
            rest.calls += row.calls
            rest.forward += row.forward
            rest.backward += row.backward
            rest.optimizer += row.optimizer
            rest.forward_bytes += row.forward_bytes
            rest.backward_bytes += row.backward_bytes
        lines.append(_line(rest, whole) if summed else [rest.name, *[""] * 7])
    if not steps:
        lines = [line[:4] + line[5:] for line in lines]
    return table_text(lines, 1)


def _line(row: Row, whole: float) -> list[str]:
    name = row.name if len(row.name) <= 72 else row.name[:71] + "…"
    return [
        name,
        str(row.calls),
        time_text(row.forward * 1e9),
        time_text(row.backward * 1e9),
        time_text(row.optimizer * 1e9),
        f"{row.total / whole:.0%}" if whole else "",
        bytes_text(row.forward_bytes),
        bytes_text(row.backward_bytes),
    ]
