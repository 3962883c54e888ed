"""Two graphs, or two runs, side by side: what was added, removed and changed, and where numbers first part."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any

from autotn.ir.graph import Call, Graph, Value
from autotn.ir.readings import Reading
from autotn.viz.text import labels, shape_list

#: Lines of each kind that are printed.
_SHOWN = 20
#: Pairs of calls that may be compared to match the middle of two graphs; beyond, it counts as replaced.
_MATCHED = 10_000_000


@dataclass
class Change:
    """A call that is in both graphs, and what about it differs."""

    first: Call
    second: Call
    what: list[str]


@dataclass
class Parting:
    """A value or gradient whose numbers differ."""

    first: Value
    second: Value
    text: str


@dataclass
class Difference:
    """What `diff` found; true when there is a difference."""

    a: Graph
    b: Graph
    added: list[Call] = field(default_factory=list)
    removed: list[Call] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    #: In the order of forward, and in the order of backward.
    values: list[Parting] = field(default_factory=list)
    gradients: list[Parting] = field(default_factory=list)
    #: Pairs of aligned calls; None where one graph has no such call.
    pairs: list[tuple[Call | None, Call | None]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed or self.values or self.gradients)

    @cached_property
    def _names(self) -> tuple[dict[int, str], dict[int, str]]:
        return labels(self.a), labels(self.b)

    def describe(self, call: Call, second: bool) -> str:
        """A call of the first or the second graph in one line."""
        called, graph = self._names[second], self.b if second else self.a
        made = ", ".join(f"{called[v]} {shape_list(graph.values[v])}" for v in call.outputs)
        given = ", ".join(called[v] for v in call.inputs)
        static = ", ".join(f"{k}={t}" for k, t in call.static.items())
        inside = "; ".join(part for part in (given, static) if part)
        where = f"  in {call.path}" if call.path else ""
        return f"{made + ' = ' if made else ''}{call.op}({inside}){where}"

    @property
    def first_value(self) -> Parting | None:
        """Where values differ first."""
        return self.values[0] if self.values else None

    @property
    def first_gradient(self) -> Parting | None:
        """Where gradients differ first, in the order of backward."""
        return self.gradients[0] if self.gradients else None

    def __str__(self) -> str:
        if not self:
            return f"no difference: {len(self.a.calls):,} calls, {len(self.a.values):,} values"
        lines = []
        for sign, calls in (("-", self.removed), ("+", self.added)):
            lines += [f"{sign} {self.describe(c, sign == '+')}" for c in calls[:_SHOWN]]
            if len(calls) > _SHOWN:
                lines.append(f"{sign} … and {len(calls) - _SHOWN:,} more")
        for change in self.changed[:_SHOWN]:
            lines.append(f"~ {self.describe(change.second, True)}: {'; '.join(change.what)}")
        if len(self.changed) > _SHOWN:
            lines.append(f"~ … and {len(self.changed) - _SHOWN:,} more")
        for what, found in (("value", self.values), ("gradient", self.gradients)):
            if found:
                one = found[0]
                name = self._names[True][one.second.id]
                rest = f", and {len(found) - 1:,} after it" if len(found) > 1 else ""
                lines.append(f"first {what} that differs: {name} {one.text}{rest}")
        return "\n".join(lines)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_html(self) -> str:
        """Both graphs side by side, call by call."""
        colours = {
            "removed": "#f4c7b3",
            "added": "#cfe6f5",
            "changed": "#fbe3b8",
            "numbers": "#fff6d6",
        }
        changed = {c.second.id: "; ".join(c.what) for c in self.changed}
        moved = {p.second.id: p.text for p in self.values}
        moved_gradients = {p.second.id: f"gradient {p.text}" for p in self.gradients}
        rows = []
        for first, second in self.pairs:
            note, kind = "", ""
            if second is None or first is None:
                kind = "removed" if second is None else "added"
            elif second.id in changed:
                kind, note = "changed", changed[second.id]
            else:
                found = [m[v] for v in second.outputs for m in (moved, moved_gradients) if v in m]
                if found:
                    kind, note = "numbers", "; ".join(found)
            style = f' style="background:{colours[kind]}"' if kind else ""
            left = escape(self.describe(first, False)) if first is not None else ""
            right = escape(self.describe(second, True)) if second is not None else ""
            cells = f"<td>{left}</td><td>{right}</td><td>{escape(note or kind)}</td>"
            rows.append(f"<tr{style}>{cells}</tr>")
        head = f"<th>{escape(self.a.title)}</th><th>{escape(self.b.title)}</th><th></th>"
        text = "<br>".join(escape(line) for line in str(self).splitlines())
        return (
            "<style>.autotn-diff td{font-family:monospace;text-align:left;vertical-align:top}</style>"
            f'<p>{text}</p><table class="autotn-diff"><tr>{head}</tr>{"".join(rows)}</table>'
        )


def diff(a: Graph, b: Graph, rtol: float = 0.0) -> Difference:
    """Compare two graphs; also called as ``tn.diff(a, b)``.

    Parameters
    ----------
    rtol : float
        Figures that differ by less than this share of the larger one are the same. Figures have six digits.

    >>> one = tn.graph(lambda x: (x * 2).sum(), tn.ones(3))
    >>> two = tn.graph(lambda x: (x * 3).exp().sum(), tn.ones(3))
    >>> print(tn.diff(one, two))
    + %3 [3] = exp(%2)
    first value that differs: 3.0 was 2.0, is 3.0, and 3 after it
    """
    if not isinstance(b, Graph):
        raise TypeError(f"diff: a graph is compared with a graph, got {type(b).__name__}")
    found = Difference(a, b)
    _align(found)
    pairs = [(x, y) for x, y in found.pairs if x is not None and y is not None]
    for first, second in pairs:
        what = _changes(first, second, a, b)
        if what:
            found.changed.append(Change(first, second, what))
    matched = _matched_values(a, b, pairs)
    for v, w in matched:
        text = _parting(v.reading, w.reading, rtol)
        if text:
            found.values.append(Parting(v, w, text))
    for v, w in _backward_order(matched, b):
        text = _gradient_parting(v, w, rtol)
        if text:
            found.gradients.append(Parting(v, w, text))
    return found


def _align(found: Difference) -> None:
    """Pair the calls of both graphs, by op and module, in order."""
    keys = [[(c.op, c.path, c.phase, tuple(c.roles)) for c in g.calls] for g in (found.a, found.b)]
    for same, i1, i2, j1, j2 in _stretches(*keys):
        first, second = found.a.calls[i1:i2], found.b.calls[j1:j2]
        if same:
            found.pairs += list(zip(first, second, strict=True))
        else:
            found.pairs += [(c, None) for c in first] + [(None, c) for c in second]
            found.removed += first
            found.added += second


def _stretches(a: list[Any], b: list[Any]) -> list[tuple[bool, int, int, int, int]]:
    """Where two lists are the same and where not: the ends first, then the middle by longest matches."""
    m, n = len(a), len(b)
    start = next((k for k in range(min(m, n)) if a[k] != b[k]), min(m, n))
    end = next(
        (k for k in range(min(m, n) - start) if a[m - 1 - k] != b[n - 1 - k]), min(m, n) - start
    )
    middle = [(False, start, m - end, start, n - end)]
    if (m - end - start) * (n - end - start) <= _MATCHED:
        matcher = difflib.SequenceMatcher(
            None, a[start : m - end], b[start : n - end], autojunk=False
        )
        middle = [
            (tag == "equal", i1 + start, i2 + start, j1 + start, j2 + start)
            for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        ]
    return [(True, 0, start, 0, start), *middle, (True, m - end, m, n - end, n)]


def _changes(first: Call, second: Call, a: Graph, b: Graph) -> list[str]:
    what = []
    for key in sorted(first.static.keys() | second.static.keys()):
        was, now = first.static.get(key, "not given"), second.static.get(key, "not given")
        if was != now:
            what.append(f"{key} was {was}, is {now}")
    for v, w in zip(first.outputs, second.outputs, strict=False):
        one, two = a.values[v], b.values[w]
        if one.shape != two.shape:
            what.append(f"shape was {shape_list(one)}, is {shape_list(two)}")
        if one.dtype != two.dtype:
            what.append(f"dtype was {one.dtype}, is {two.dtype}")
    if first.failed != second.failed:
        what.append("fails now" if second.failed else "does not fail any more")
    return what


def _matched_values(
    a: Graph, b: Graph, pairs: list[tuple[Call, Call]]
) -> list[tuple[Value, Value]]:
    """Values that stand at the same place in both graphs, in the order of the second."""
    found: dict[int, int] = {}
    names = {(v.kind, v.name): v.id for v in a.values if v.name and v.kind != "result"}
    for w in b.values:
        if w.kind != "result" and (w.kind, w.name) in names:
            found[w.id] = names[w.kind, w.name]
    for first, second in pairs:
        mine, theirs = [*first.inputs, *first.outputs], [*second.inputs, *second.outputs]
        for x, y in zip(mine, theirs, strict=False):
            if a.values[x].kind == b.values[y].kind:
                found.setdefault(y, x)
    return [(a.values[found[w]], b.values[w]) for w in sorted(found)]


def _backward_order(matched: list[tuple[Value, Value]], b: Graph) -> Iterable[tuple[Value, Value]]:
    """The same, in the order their gradients became known."""
    place: dict[int, int] = {}
    for step in b.steps:
        known = b.calls[step.call].outputs if step.call is not None else [step.value]
        for w in known:
            if w is not None:
                place.setdefault(w, step.id)
    last = len(b.steps) + len(b.values)
    return sorted(matched, key=lambda pair: place.get(pair[1].id, last - pair[1].id))


def _parting(r: Reading | None, s: Reading | None, rtol: float) -> str:
    if r is None or s is None or _same(r, s, rtol):
        return ""
    return f"was {r}, is {s}"


def _gradient_parting(v: Value, w: Value, rtol: float) -> str:
    if v.gradient.state != w.gradient.state:
        return f"was {v.gradient.state}, is {w.gradient.state}"
    return _parting(v.gradient.reading, w.gradient.reading, rtol)


def _same(r: Reading, s: Reading, rtol: float) -> bool:
    if (r.count, r.zeros, r.nans, r.infs) != (s.count, s.zeros, s.nans, s.infs) and not rtol:
        return False
    if (r.count, r.nans, r.infs) != (s.count, s.nans, s.infs):
        return False
    if r.data is not None and s.data is not None:
        return all(_close(x, y, rtol) for x, y in zip(_flat(r.data), _flat(s.data), strict=True))
    figures = ("min", "max", "mean", "std", "norm")
    return all(_close(getattr(r, f), getattr(s, f), rtol, r.norm or 0.0) for f in figures)


def _flat(data: Any) -> list[Any]:
    if not isinstance(data, list):
        return [data]
    return [x for d in data for x in _flat(d)]


def _close(x: Any, y: Any, rtol: float, size: float = 0.0) -> bool:
    if x == y or (x != x and y != y):
        return True
    if not (isinstance(x, (int, float)) and isinstance(y, (int, float))):
        return False
    if not (math.isfinite(x) and math.isfinite(y)):
        return False
    return abs(x - y) <= rtol * max(abs(x), abs(y), size)
