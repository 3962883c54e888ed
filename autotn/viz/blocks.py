"""What a picture shows: boxes, arrows and clusters, worked out once for every form of drawing.

The levels: ``"op"`` gives each call a box; ``"module"`` one to each innermost module; ``"system"`` one to
each module right inside the outermost; ``"backward"`` draws where gradients go; ``"both"`` puts backward
beside forward; ``"scalar"`` shows every value with its data and gradient, for small graphs.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field

from autotn.ir.costs import PLUMBING
from autotn.ir.graph import Call, Graph, Value
from autotn.viz import folding
from autotn.viz.folding import Folder, Item, title_of
from autotn.viz.overlays import Legend, Overlay, overlay_of, scale
from autotn.viz.text import gradient_text, labels

LEVELS = ("module", "op", "backward", "both", "system", "scalar")
#: More boxes than this are brought down by closing modules and leaving out.
MAX_NODES = 300
#: Op boxes up to this many are drawn when no level is asked for; beyond, modules.
_FEW = 60

__all__ = ["LEVELS", "MAX_NODES", "PLUMBING", "Arrow", "Box", "Sketch", "shape_text", "sketch"]


@dataclass
class Box:
    """One node of a picture."""

    key: str
    #: ``input``, ``output``, ``parameter``, ``constant``, ``op``, ``plumbing``, ``module``, ``elision``,
    #: ``failure``, ``unreached``, ``gradient``, ``value`` or ``message``.
    kind: str
    lines: list[str]
    cluster: str = ""
    hint: str = ""
    times: int = 1
    calls: list[Call] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)
    fill: str = ""
    #: Recorded in backward (``create_graph``).
    dashed: bool = False
    #: A module that is shown as one box.
    closed: bool = False

    @property
    def label(self) -> str:
        """All its lines."""
        return "\n".join(self.lines)


@dataclass
class Arrow:
    """One edge of a picture; the label is the shape that travels."""

    start: str
    end: str
    label: str = ""
    #: ``""``, ``loop`` (to the next repetition), ``cut`` (detached), ``unreached``, ``kept``, ``gradient``.
    style: str = ""


@dataclass
class Cluster:
    """A frame around boxes: an open module, or what repeats."""

    key: str
    label: str
    kind: str
    parent: str = ""


@dataclass
class Sketch:
    """Boxes, arrows and clusters of one picture."""

    title: str
    level: str = "op"
    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    clusters: dict[str, Cluster] = field(default_factory=dict)
    legend: Legend | None = None
    notes: list[str] = field(default_factory=list)


def shape_text(value: Value) -> str:
    """A shape as people write it: ``32×10``."""
    if value.shape is None:
        return "?"
    return "×".join(map(str, value.shape)) if value.shape else "scalar"


def sketch(
    graph: Graph,
    level: str | None = None,
    *,
    color: str | None = None,
    depth: int | None = None,
    unroll: bool = False,
    plumbing: bool = True,
    max_nodes: int = MAX_NODES,
) -> Sketch:
    """The boxes and arrows of a graph.

    Parameters
    ----------
    level : str, optional
        One of ``"module"``, ``"op"``, ``"backward"``, ``"both"``, ``"system"``, ``"scalar"``; by default ``"op"`` for
        small graphs, else ``"module"``.
    color : str, optional
        Colour the boxes by ``"grad_norm"``, ``"value_std"``, ``"zeros"``, ``"time"``, ``"flops"``, ``"memory"``,
        ``"update_ratio"`` or ``"dtype"``.
    depth : int, optional
        Close modules at this depth.
    unroll : bool
        Draw all repetitions of blocks and loops instead of the first.
    plumbing : bool
        Show ops that only move elements (reshape, transpose, cast …), small.
    max_nodes : int
        Close modules and leave calls out until there are no more boxes than this.
    """
    overlay = None if color is None else overlay_of(color)
    if level is None:
        level = "op" if len(graph.calls) <= _FEW or not graph.parts else "module"
    if level not in LEVELS:
        raise ValueError(f"level={level!r}; expected one of {', '.join(map(repr, LEVELS))}")
    if level == "scalar":
        from autotn.viz.scalars import scalar_sketch

        made = scalar_sketch(graph, max_nodes)
    else:
        made = Artist(graph, level, depth, unroll, plumbing, max_nodes).draw()
    made.notes += [n for n in graph.notes if n not in made.notes]
    if overlay is not None:
        _paint(made, overlay)
    return made


def _paint(drawn: Sketch, overlay: Overlay) -> None:
    """Colour the boxes by a figure, and write it into them."""
    boxes = [b for b in drawn.boxes if b.calls or (b.values and overlay.of_values)]
    figures = [overlay.figure(b.calls, b.values) for b in boxes]
    colours, drawn.legend = scale(overlay, figures)
    for box, figure, colour in zip(boxes, figures, colours, strict=True):
        if colour:
            box.fill = colour
        if figure is not None:
            box.lines.append(figure if isinstance(figure, str) else overlay.text(figure))


class Artist:
    """Draws one graph."""

    def __init__(
        self,
        graph: Graph,
        level: str,
        depth: int | None,
        unroll: bool,
        plumbing: bool,
        max_nodes: int,
    ) -> None:
        self.graph = graph
        self.level = level
        self.made = Sketch(graph.title, level)
        self.values = {v.id: v for v in graph.values}
        self.called = labels(graph)
        self.unroll, self.plumbing = unroll, plumbing
        self.depth, self.max_nodes = 1 if level == "system" else depth, max_nodes
        self.box_of: dict[int, str] = {}  # by call
        self.boxes: dict[str, Box] = {}
        self.count = 0
        #: For a call: the repetition it belongs to, and which one of its repetitions.
        self.turn: dict[int, tuple[tuple[str, int], ...]] = {}
        #: For a call of a first repetition, the same calls of the others.
        self.same_as: dict[int, list[Call]] = {}
        self.owner: dict[int, tuple[str, Call]] = {}  # by value
        self.readers = graph.consumers()
        counts = Counter(v.dtype for v in graph.values if v.dtype)
        self.usual = counts.most_common(1)[0][0] if counts else ""

    def draw(self) -> Sketch:
        """The whole picture."""
        calls = self._leading_somewhere()
        if not calls and not self.graph.outputs and not any(self.graph.of_kind("input")):
            self.made.boxes.append(Box("empty", "message", ["nothing was recorded"]))
            return self.made
        root = folding.tree_of(calls)
        if not self.unroll:
            Folder(self.graph).fold(root)
        cutting = "module" if self.level in ("module", "system") else "op"
        note = folding.cut(root, cutting, self.depth, self.max_nodes)
        if note:
            self.made.notes.append(f"{len(calls):,} calls: {note}")
        self._place(root)
        for call in calls:
            for v in call.outputs:
                self.owner[v] = (self.box_of[call.id], call)
        if self.level == "backward":
            self._gradients()
        else:
            self._forward()
            if self.level == "both":
                from autotn.viz.gradients import beside

                beside(self)
        self._failure()
        if not self.plumbing:
            from autotn.viz.plumbing import hide_plumbing

            hide_plumbing(self.made)
        return self.made

    def _leading_somewhere(self) -> list[Call]:
        """The calls that an output, or a backward, depends on: a training step updates buffers aside."""
        graph = self.graph
        ends = {v.id for v in graph.outputs}
        ends |= {s.value for s in graph.steps if s.kind == "seed" and s.value is not None}
        if graph.failure or not ends:
            return graph.calls
        kept = []
        for call in reversed(graph.calls):
            if any(v in ends for v in call.outputs):
                kept.append(call)
                ends.update(call.inputs)
        gone = len(graph.calls) - len(kept)
        if not kept:
            return graph.calls
        if gone:
            calls = f"{gone:,} call{'s' * (gone > 1)} that no output depends on"
            self.made.notes.append(f"{calls} {'are' if gone > 1 else 'is'} not drawn")
        return kept[::-1]

    # -- boxes ------------------------------------------------------------------------------------

    def _place(self, root: Item) -> None:
        """Give every item its box or cluster."""
        stack = [(i, "") for i in reversed(root.inside)]
        while stack:
            item, inside = stack.pop()
            key = f"c{item.calls[0].id}" if item.kind == "call" else f"{item.kind[0]}{self.count}"
            self.count += item.kind != "call"
            runs = [item.calls, *item.others]
            for n, run in enumerate(runs):
                for call in run:
                    if len(runs) > 1:
                        self.turn[call.id] = (*self.turn.get(call.id, ()), (key, n))
            if item.closed or not item.inside or self._is_bare(item):
                self._box(item, key, inside)
                continue
            made = Cluster(key, title_of(item), item.kind, inside)
            self.made.clusters[key] = made
            # Later repetitions are drawn where their places in the first one are.
            for run in item.others:
                for place, call in zip(item.calls, run, strict=False):
                    self.same_as.setdefault(place.id, []).append(call)
            stack += [(i, key) for i in reversed(item.inside)]

    def _is_bare(self, item: Item) -> bool:
        """True for a module of one call without parameters: a frame would hold one box."""
        alone = item.kind == "module" and len(item.calls) == 1
        return alone and all(self.values[v].kind != "parameter" for v in item.calls[0].inputs)

    def _box(self, item: Item, key: str, cluster: str) -> None:
        calls = [c for run in (item.calls, *item.others) for c in run]
        todo = list(calls)
        while todo:  # repetitions of repetitions
            more = [o for c in todo for o in self.same_as.get(c.id, ())]
            calls += more
            todo = more
        box = Box(key, "op", [], cluster, times=item.times, calls=calls, closed=item.closed)
        first = item.calls[0]
        if item.kind == "call":
            self._op_box(box, first)
        elif not item.closed and item.kind == "module":
            self._op_box(box, first)
            box.kind = "op" if box.kind == "op" else "module"
            box.lines.append(title_of(item))
        elif item.kind == "elision":
            box.kind, box.lines = "elision", [f"… {len(calls):,} calls"]
        else:
            box.kind = "module"
            box.lines = [title_of(item)]
            box.hint = self._module_hint(item)
            box.lines += self._module_lines(item)
        if any(c.failed for c in item.calls):
            box.kind = "failure"
        outputs = [self.values[v] for c in calls[-1:] for v in c.outputs]
        box.values = [self.values[v] for c in calls for v in c.outputs]
        if item.kind == "module" and outputs and item.closed:
            inner = [self.values[v] for c in calls for v in c.inputs]
            box.values += [v for v in inner if v.kind == "parameter"]
        for c in calls:
            self.box_of[c.id] = key
        self.boxes[key] = box
        self.made.boxes.append(box)

    def _op_box(self, box: Box, call: Call) -> None:
        box.kind = "plumbing" if call.op in PLUMBING else "op"
        outputs = [self.values[v] for v in call.outputs]
        name = ", ".join(v.name for v in outputs if v.name)
        text = call.op + self._numbers(call)
        head = f"{name} = {text}" if name and box.times == 1 else text
        box.lines = [head + (f" × {box.times:,}" if box.times > 1 else "")]
        box.hint = self._op_hint(call)
        box.dashed = call.phase == "backward"

    def _op_hint(self, call: Call) -> str:
        """Where it stands, what it computes, what it gave and kept: shown where the mouse rests."""
        place = f"{os.path.basename(call.file)}:{call.line}: {call.text}" if call.file else ""
        words = {role: self.called[v] for role, v in zip(call.roles, call.inputs, strict=False)}
        place += "  (recorded in backward)" if call.phase == "backward" else ""
        lines = [place, call.formula.value.filled(words | call.static, {}).text.replace("$", "")]
        lines.append(", ".join(f"{k}={v}" for k, v in call.static.items()))
        for value in (self.values[v] for v in call.outputs):
            lines.append("" if value.reading is None else f"value {value.reading}")
            lines.append(gradient_text(value))
        kept = ", ".join(f"{s.name}{' (freed)' if s.freed else ''}" for s in call.saved)
        return "\n".join([*filter(None, lines), *([f"keeps {kept}"] if kept else [])])

    def _numbers(self, call: Call) -> str:
        """The Python numbers among the inputs, as in ``mul(·, 2.0)``."""
        shown = []
        for v in call.inputs:
            value = self.values[v]
            if is_number(value) and value.reading is not None and value.reading.data is not None:
                shown.append(_number_text(value.reading.data))
            else:
                shown.append("·")
        if all(s == "·" for s in shown):
            return ""
        return f"({', '.join(shown)})"

    def _module_lines(self, item: Item) -> list[str]:
        parts = [p for p in self.graph.parts if self._is_within(p.path, item)]
        count = sum(p.parameters - p.shared for p in parts)
        return [f"{count:,} parameters"] if count else []

    def _is_within(self, path: str, item: Item) -> bool:
        return path == item.path or path.startswith(f"{item.path}.") or not item.path

    def _module_hint(self, item: Item) -> str:
        detail = next((p.detail for p in self.graph.parts if p.path == item.path), "")
        ops = Counter(c.op for c in item.calls)
        listed = ", ".join(f"{n} {op}" if n > 1 else op for op, n in ops.items())
        return f"{item.path or item.cls}: {item.cls}({detail})\n{listed}"

    # -- arrows -----------------------------------------------------------------------------------

    def _forward(self) -> None:
        shown: dict[int, str] = {}
        seen: set[tuple[str, str, int, int, str]] = set()
        for call in self.graph.calls:
            end = self.box_of.get(call.id)
            if end is None:
                continue
            alone = not self.boxes[end].closed and self.boxes[end].kind != "elision"
            for place, v in enumerate(call.inputs):
                value = self.values[v]
                style = "cut" if place in call.detached else ""
                if v in self.owner:
                    start, maker = self.owner[v]
                    if self.is_drawn_already(maker, call):
                        continue
                    if self.is_next(maker, call):
                        style = "loop"
                elif self.is_inside(value, call, alone):
                    continue
                else:
                    start = shown.get(v) or self.value_box(value, call, shown)
                if start == end and style != "loop":
                    continue
                key = (
                    start,
                    end,
                    v if alone and style != "loop" else -1,
                    place if alone else 0,
                    style,
                )
                if key not in seen:
                    if not alone and (start, end, v, -1, style) in seen:
                        continue
                    seen.add(key)
                    seen.add((start, end, v, -1, style))
                    text = self.edge_text(value) if v in self.owner else ""  # else its box says it
                    self.made.arrows.append(Arrow(start, end, text, style))
        for n, value in enumerate(self.graph.outputs):
            if value.id in self.owner:
                start = self.owner[value.id][0]
            else:
                start = shown.get(value.id) or self.value_box(value, None, shown)
            lines = [f"output {value.name}".rstrip()]
            if value.count == 1 and value.reading is not None:
                lines.append(str(value.reading))
            self.made.boxes.append(Box(f"out{n}", "output", lines, values=[]))
            self.made.arrows.append(Arrow(start, f"out{n}", self.edge_text(value)))

    def is_inside(self, value: Value, call: Call, alone: bool) -> bool:
        """True for an input that needs no box of its own."""
        if is_number(value):
            return True
        if not alone and value.kind in ("parameter", "buffer", "constant"):
            return True
        later = any(n > 0 for _, n in self.turn.get(call.id, ()))
        return later and value.kind != "input"

    def is_drawn_already(self, maker: Call, call: Call) -> bool:
        """True inside one of the later repetitions."""
        made, read = dict(self.turn.get(maker.id, ())), dict(self.turn.get(call.id, ()))
        return any(n > 0 and made.get(key) == n for key, n in read.items())

    def is_next(self, maker: Call, call: Call) -> bool:
        """True when a value goes from one repetition to a later one."""
        made, read = dict(self.turn.get(maker.id, ())), dict(self.turn.get(call.id, ()))
        return any(key in read and read[key] > n for key, n in made.items())

    def value_box(self, value: Value, user: Call | None, shown: dict[int, str]) -> str:
        key = shown[value.id] = f"v{value.id}"
        cluster = ""
        name = value.name or value.kind
        if user is not None and value.kind in ("parameter", "buffer"):
            cluster = self._cluster_of_owner(value, user)
            if cluster:
                name = name.rpartition(".")[2]
        kind = {"buffer": "parameter", "result": "constant"}.get(value.kind, value.kind)
        lines = [name, self.edge_text(value)]
        hint = f"{value.name or value.kind}: {value.dtype}"
        if value.reading is not None:
            hint += f"\nvalue {value.reading}"
        if gradient_text(value):
            hint += f"\n{gradient_text(value)}"
        if value.update is not None and value.update.ratio is not None:
            hint += f"\nlast update / weight {value.update.ratio:.3g}"
        box = Box(key, kind, lines, cluster, hint, values=[value])
        self.boxes[key] = box
        self.made.boxes.append(box)
        return key

    def _cluster_of_owner(self, value: Value, user: Call) -> str:
        """The cluster of the call that reads a parameter, where nothing outside reads it too."""
        found = self.boxes[self.box_of[user.id]].cluster
        readers = {
            self.boxes[self.box_of[c.id]].cluster
            for c in self.readers.get(value.id, [])
            if c.id in self.box_of
        }
        return found if readers <= {found} else ""

    def edge_text(self, value: Value) -> str:
        """Shape, and the dtype where it is not the usual one."""
        text = shape_text(value)
        return f"{text} {value.dtype}" if value.dtype not in ("", self.usual) else text

    # -- other pictures ---------------------------------------------------------------------------

    def _gradients(self) -> None:
        from autotn.viz.gradients import downwards

        downwards(self)

    def _failure(self) -> None:
        """What stopped the run, and what it did not come to."""
        if not self.graph.failure:
            return
        text = self.graph.failure.split("\n")[0]
        self.made.boxes.append(
            Box("failure", "message", _wrapped(text, 44), hint=self.graph.failure)
        )
        failed = next((c for c in reversed(self.graph.calls) if c.failed), None)
        last = self.box_of.get((failed or self.graph.calls[-1]).id) if self.graph.calls else None
        if last is not None and last in self.boxes:
            self.made.arrows.append(Arrow(last, "failure", "", "unreached"))
        before = last or "failure"
        missed = self.graph.unreached()
        for n, part in enumerate(missed[: self.max_nodes]):
            key = f"u{n}"
            self.made.boxes.append(
                Box(key, "unreached", [f"{part.path}: {part.cls}"], hint="not reached")
            )
            self.made.arrows.append(Arrow(before, key, "", "unreached"))
            before = key
        if len(missed) > self.max_nodes:
            self.made.notes.append(f"{len(missed) - self.max_nodes} more modules were not reached")


def is_number(value: Value) -> bool:
    """A number in the code: no box, it stands in the op's."""
    return value.kind == "constant" and value.shape == () and not value.name


def _number_text(x: object) -> str:
    return f"{x:g}" if isinstance(x, float) else str(x)


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] += (" " if lines[-1] else "") + word
    return lines[:8]
