"""What a picture shows: boxes and arrows, worked out once for every form of drawing.

``level="op"`` gives each call a box; ``level="module"`` gives one to each module that computes something itself,
so that a layer is one box whatever its ops. Reshapes and other plumbing without computation are small.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field

from autotn.ir.graph import Call, Graph, Value

#: Ops that move or relabel elements and compute nothing.
PLUMBING = frozenset(
    [
        "reshape",
        "transpose",
        "permute",
        "expand",
        "clone",
        "cast",
        "alias",
        "getitem",
        "in_order",
        "view_dtype",
        "parts",
        "unbind",
        "copy",
    ]
)


@dataclass
class Box:
    """One node of a picture."""

    key: str
    label: str
    kind: str  # "input", "parameter", "constant", "op", "plumbing", "module", "output", "failure"
    cluster: tuple[str, ...] = ()
    hint: str = ""


@dataclass
class Arrow:
    """One edge of a picture; the label is the shape that travels."""

    start: str
    end: str
    label: str = ""


@dataclass
class Sketch:
    """Boxes, arrows, and what the clusters are called."""

    title: str
    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    clusters: dict[tuple[str, ...], str] = field(default_factory=dict)


def shape_text(value: Value) -> str:
    """A shape as people write it: ``32×10``."""
    return "×".join(map(str, value.shape)) if value.shape else "scalar"


def sketch(graph: Graph, level: str = "op") -> Sketch:
    """The boxes and arrows of a graph at a level of detail.

    Raises
    ------
    ValueError
        For a level that is neither ``"op"`` nor ``"module"``.
    """
    if level not in ("op", "module"):
        raise ValueError(f"level={level!r}; expected 'op' or 'module'")
    made = Sketch(graph.title)
    box_of_call = _modules(graph, made) if level == "module" else _ops(graph, made)
    owner: dict[int, str] = {}
    for call in graph.calls:
        for v in call.outputs:
            owner[v] = box_of_call[call.id]
    shown: set[int] = set()
    seen: set[tuple[str, str, int]] = set()
    values = {v.id: v for v in graph.values}
    for call in graph.calls:
        end = box_of_call[call.id]
        for v in call.inputs:
            value = values[v]
            if v in owner:
                start = owner[v]
            elif value.kind == "constant" and value.count == 1:
                continue  # a number; the line of code says which
            elif level == "module" and value.kind in ("parameter", "buffer", "constant"):
                continue
            else:
                start = f"v{v}"
                if v not in shown:
                    shown.add(v)
                    made.boxes.append(_value_box(value, call))
            if start != end and (start, end, v) not in seen:
                seen.add((start, end, v))
                made.arrows.append(Arrow(start, end, shape_text(value)))
    for n, value in enumerate(graph.outputs):
        made.boxes.append(Box(f"out{n}", f"output\n{shape_text(value)}", "output"))
        start = owner.get(value.id, f"v{value.id}")
        if value.id not in owner and value.id not in shown:
            made.boxes.append(_value_box(value, None))
        made.arrows.append(Arrow(start, f"out{n}", shape_text(value)))
    if graph.failure:
        made.boxes.append(Box("failure", graph.failure.split("\n")[0][:80], "failure"))
        if graph.calls:
            made.arrows.append(Arrow(box_of_call[graph.calls[-1].id], "failure"))
    return made


def _value_box(value: Value, user: Call | None) -> Box:
    name = value.name or value.kind
    inside = tuple(user.scope) if user is not None and value.kind in ("parameter", "buffer") else ()
    short = name.rpartition(".")[2] if inside else name
    kind = {"buffer": "parameter", "result": "constant"}.get(value.kind, value.kind)
    return Box(
        f"v{value.id}", f"{short}\n{shape_text(value)}", kind, inside, f"{name}: {value.dtype}"
    )


def _ops(graph: Graph, made: Sketch) -> dict[int, str]:
    values = {v.id: v for v in graph.values}
    found = {}
    for call in graph.calls:
        key = found[call.id] = f"c{call.id}"
        kind = "plumbing" if call.op in PLUMBING else "op"
        shapes = ", ".join(shape_text(values[v]) for v in call.outputs)
        label = call.op if kind == "plumbing" else f"{call.op}\n{shapes}"
        hint = f"{os.path.basename(call.file)}:{call.line}: {call.text}" if call.file else call.op
        made.boxes.append(Box(key, label, kind, tuple(call.scope), hint))
        for depth in range(1, len(call.scope) + 1):
            path, cls = tuple(call.scope[:depth]), call.classes[depth - 1]
            name = call.scope[depth - 1]
            made.clusters.setdefault(path, f"{name}: {cls}" if name else cls)
    return found


def _modules(graph: Graph, made: Sketch) -> dict[int, str]:
    """One box per run of calls made by the same module; ops outside modules keep their own."""
    values = {v.id: v for v in graph.values}
    found: dict[int, str] = {}
    current: tuple[str, ...] | None = None
    box: Box | None = None
    for call in graph.calls:
        scope = tuple(call.scope)
        if not scope or box is None or scope != current:
            key = f"m{call.id}"
            name, cls = (scope[-1], call.classes[-1]) if scope else ("", "")
            box = Box(
                key,
                "",
                "module" if scope else "op",
                scope[:-1],
                f"{call.path}: {cls}" if scope else call.op,
            )
            box.label = (f"{name}: {cls}" if name else cls) if scope else call.op
            made.boxes.append(box)
            current = scope
            for depth in range(1, len(scope)):
                path, outer = scope[:depth], call.classes[depth - 1]
                label = scope[depth - 1]
                made.clusters.setdefault(path, f"{label}: {outer}" if label else outer)
        found[call.id] = box.key
        head = box.label.split("\n")[0]
        if call.outputs:
            box.label = f"{head}\n{shape_text(values[call.outputs[-1]])}"
    return found
