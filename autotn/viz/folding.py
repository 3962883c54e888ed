"""The calls of a graph as a tree of modules, repetitions folded, and cut to what a picture can hold.

A repetition is a run of neighbours that look alike: blocks of one structure in a row, or the steps of a loop. It is
found by its period in the list of signatures, small periods first, so that loops inside loops fold too. The first
repetition stands for all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autotn.ir.graph import Call, Graph

#: The longest unit that is looked for.
_LONGEST = 64


@dataclass(eq=False)
class Item:
    """A call, a module with what it called, or a group of several that repeats."""

    #: ``"call"``, ``"module"``, ``"repeat"`` or ``"elision"`` (calls that are not shown one by one).
    kind: str
    calls: list[Call] = field(default_factory=list)
    inside: list[Item] = field(default_factory=list)
    name: str = ""
    cls: str = ""
    path: str = ""
    #: Where a module stands in the scopes of its calls.
    depth: int = 0
    #: The calls of the other repetitions, in the same order as `calls`.
    others: list[list[Call]] = field(default_factory=list)
    #: All repetitions, each with its items; the first of them may be this item itself.
    turns: list[list[Item]] = field(default_factory=list)
    #: What the last repetition is called.
    last_name: str = ""
    closed: bool = False

    @property
    def times(self) -> int:
        """How many repetitions it stands for."""
        return 1 + len(self.others)


def tree_of(calls: Sequence[Call]) -> Item:
    """The calls under the modules that made them."""
    root = Item("module")
    stack: list[tuple[Any, Item]] = [(None, root)]
    for call in calls:
        visits = call.visits or [0] * len(call.scope)
        keys = list(zip(call.scope, visits, strict=True))
        depth = 0
        while depth < min(len(keys), len(stack) - 1) and stack[depth + 1][0] == keys[depth]:
            depth += 1
        del stack[depth + 1 :]
        for d in range(depth, len(keys)):
            path = ".".join(s for s in call.scope[: d + 1] if s)
            made = Item("module", name=call.scope[d], cls=call.classes[d], path=path, depth=d)
            stack[-1][1].inside.append(made)
            stack.append((keys[d], made))
        for _, item in stack:
            item.calls.append(call)
        stack[-1][1].inside.append(Item("call", [call]))
    return root


def title_of(item: Item) -> str:
    """What a module or a repetition is called, as ``blocks.0 … blocks.5: Block × 6``."""
    times = f" × {item.times:,}" if item.times > 1 else ""
    call = item.calls[0]
    if item.kind == "repeat":
        return times.strip() + (f", line {call.line}" if call.line and not call.scope else "")
    if item.kind == "call":
        return call.op + times
    name = item.name
    if times and item.last_name != item.name:
        name = f"{item.name} … {item.last_name}"
    return (f"{name}: {item.cls}" if name else item.cls) + times


class Folder:
    """Folds the repetitions of one graph."""

    def __init__(self, graph: Graph) -> None:
        self.shapes = {v.id: v.shape for v in graph.values}
        #: What comes from outside a module is all the same, the first block reads the input of the run.
        outside = ("result", "input", "constant")
        self.kinds = {
            v.id: "" if v.kind in outside and v.shape != () else v.kind for v in graph.values
        }
        self.known: dict[Any, int] = {}

    def fold(self, item: Item, every_turn: bool = False) -> None:
        """Fold what is inside an item, and inside that; with `every_turn` not only in the first repetition."""
        todo = [item]
        while todo:
            one = todo.pop()
            if len(one.inside) > 1:
                one.inside = self._folded(one.inside)
            todo += [i for i in one.inside if i.inside]
            if every_turn:
                later = (i for turn in one.turns[1:] for i in turn)
                todo += [i for i in later if i.inside]

    def _folded(self, items: list[Item]) -> list[Item]:
        signs = [self._number(self._sign(i)) for i in items]
        period = 1
        while period <= min(_LONGEST, len(items) // 2):
            found = _runs(signs, period)
            before = len(items)
            for start, times in reversed(found):
                end = start + period * times
                if not self._worth_it(items, start, period, times):
                    continue
                made = _joined(items[start:end], period)
                sign = self._number(("repeat", tuple(signs[start : start + period]), times))
                items[start:end] = [made]
                signs[start:end] = [sign]
            period = period + 1 if len(items) == before else 1
        return items

    def _number(self, sign: Any) -> int:
        return self.known.setdefault(sign, len(self.known))

    def _sign(self, item: Item) -> Any:
        """What must be the same for two items to be one thing drawn twice."""
        if item.kind == "call":
            c = item.calls[0]
            shapes = tuple(self.shapes[v] for v in c.outputs)
            return (c.op, shapes, len(c.inputs), c.file, c.line, c.column, c.failed)
        place = {v: k for k, c in enumerate(item.calls) for v in c.outputs}
        depth = len(item.calls[0].scope) if item.calls else 0
        for c in item.calls:
            depth = min(depth, len(c.scope))
        rows = []
        for c in item.calls:
            wires = tuple(place.get(v, self.kinds[v]) for v in c.inputs)
            shapes = tuple(self.shapes[v] for v in c.outputs)
            rows.append((c.op, tuple(c.scope[depth:]), shapes, wires, c.failed))
        return (item.kind, item.cls, len(item.others), tuple(rows))

    def _worth_it(self, items: list[Item], start: int, period: int, times: int) -> bool:
        """Three of a kind, or two of some size; single calls only where one feeds the next."""
        unit = items[start : start + period]
        size = sum(len(i.calls) for i in unit)
        if any(i.kind != "call" for i in unit):
            return times >= 3 or size >= 5
        if times < 3:
            return False
        made = {v for i in unit for c in i.calls for v in c.outputs}
        following = items[start + period : start + 2 * period]
        chained = any(v in made for i in following for c in i.calls for v in c.inputs)
        # A library's helper may call the same ops for query, key and value: that is no loop of the user's.
        places = {(c.file, c.line, c.column) for i in unit for c in i.calls}
        return chained or len(places) >= 2 or times >= 8


def _runs(signs: list[int], period: int) -> list[tuple[int, int]]:
    """Where the list repeats itself with a period: starts and numbers of repetitions, apart from each other."""
    s = np.asarray(signs)
    same = s[period:] == s[:-period]
    edges = np.flatnonzero(np.diff(np.concatenate(([0], same.view(np.int8), [0]))))
    found, free = [], 0
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        begin = max(first, free)
        times = (end - begin) // period + 1
        if end > begin and times >= 2:
            found.append((begin, times))
            free = begin + times * period
    return found


def _joined(items: list[Item], period: int) -> Item:
    """One item for repetitions of a unit of `period` items."""
    units = [items[k : k + period] for k in range(0, len(items), period)]
    calls = [_everything(unit) for unit in units]
    first, last = units[0], units[-1]
    if period == 1 and not first[0].others:
        one = first[0]
        one.others = calls[1:]
        one.turns = units
        one.last_name = last[0].name
        return one
    size = len(calls[0])
    others = [c for c in calls[1:] if len(c) == size]
    return Item("repeat", calls[0], list(first), others=others, turns=units)


def _everything(unit: list[Item]) -> list[Call]:
    """All calls of a unit, those that repetitions inside it stand for included."""
    return [c for i in unit for calls in (i.calls, *i.others) for c in calls]


def cut(root: Item, level: str, depth: int | None, limit: int) -> str:
    """Close modules and leave out calls until at most `limit` boxes are visible; returns what was done."""
    if level == "module":
        for item in walk(root):
            if item.kind == "module" and item is not root:
                item.closed = all(i.kind != "module" for i in walk(item) if i is not item)
    if depth is not None:
        close_below(root, depth)
    full = visible(root)
    if full <= limit:
        return ""
    deepest = max((d for _, d in with_depth(root)), default=0)
    for d in range(deepest - 1, 0, -1):
        close_below(root, d)
        if visible(root) <= limit:
            return f"modules deeper than {d} are closed: depth= or max_nodes= opens them"
    _leave_out(root, limit)
    return f"{limit} boxes are shown, the other calls are in one: max_nodes= shows more"


def close_below(root: Item, depth: int) -> None:
    """Close the modules at `depth`, counted from 1."""
    for item, d in with_depth(root):
        if item.kind == "module" and d == depth:
            item.closed = True


def walk(root: Item) -> Iterator[Item]:
    """The items of a tree in order, each before what is inside it."""
    return (item for item, _ in with_depth(root))


def with_depth(root: Item) -> Iterator[tuple[Item, int]]:
    """The same, each with how many named modules there are down to it."""
    stack = [(root, 0)]
    while stack:
        item, depth = stack.pop()
        yield item, depth
        for i in reversed(item.inside):
            named = i.kind == "module" and i.name != ""
            stack.append((i, depth + named))


def visible(root: Item) -> int:
    """How many boxes the calls of a tree make."""
    count = 0
    stack = [root]
    while stack:
        item = stack.pop()
        if item.closed or not item.inside:
            count += 1
        else:
            stack += item.inside
    return count


def _leave_out(root: Item, limit: int) -> None:
    """Keep the beginning and the end of the longest list of items, and put the middle into one."""
    while visible(root) > limit:
        parents = [i for i in walk(root) if i.inside and not i.closed]
        longest = max(parents, key=lambda i: len(i.inside))
        excess = visible(root) - limit
        count = len(longest.inside)
        gone = min(count - 2, excess + 1)
        if gone < 2:
            longest.closed = longest is not root
            if longest is root:
                return
            continue
        start = max(1, (count - gone) // 2)
        middle = longest.inside[start : start + gone]
        made = Item("elision", _everything(middle))
        longest.inside[start : start + gone] = [made]
