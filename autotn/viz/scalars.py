"""Every value with its data and gradient, every op between them: the picture for graphs of a few numbers."""

from __future__ import annotations

from autotn.ir.graph import Graph, Value
from autotn.ir.readings import Reading
from autotn.viz.blocks import Arrow, Box, Sketch, is_number, shape_text

#: Values up to this many elements are written out.
_WRITTEN = 4


def scalar_sketch(graph: Graph, max_nodes: int) -> Sketch:
    """The boxes of `level="scalar"`."""
    count = len(graph.values) + len(graph.calls)
    if count > max_nodes:
        raise ValueError(
            f"level='scalar': the graph has {len(graph.values)} values and {len(graph.calls)} calls, more than "
            f"max_nodes={max_nodes}; this level shows every one, use level='op'"
        )
    made = Sketch(graph.title, "scalar")
    for value in graph.values:
        if not is_number(value):
            key = f"v{value.id}"
            made.boxes.append(Box(key, "value", _lines(value), hint=value.dtype, values=[value]))
    for c in graph.calls:
        kind = "failure" if c.failed else "op"
        outputs = [graph.values[v] for v in c.outputs]
        box = Box(
            f"c{c.id}", kind, [_SIGNS.get(c.op, c.op)], hint=c.text, calls=[c], values=outputs
        )
        made.boxes.append(box)
        for place, v in enumerate(c.inputs):
            key = f"v{v}"
            if is_number(graph.values[v]):  # a number stands beside each op that has it
                key = f"n{c.id}_{place}"
                made.boxes.append(Box(key, "value", _lines(graph.values[v])))
            made.arrows.append(Arrow(key, f"c{c.id}"))
        made.arrows += [Arrow(f"c{c.id}", f"v{v}") for v in c.outputs]
    if not made.boxes:
        made.boxes.append(Box("empty", "message", ["nothing was recorded"]))
    if graph.failure:
        made.boxes.append(Box("failure", "message", [graph.failure.split("\n")[0][:60]]))
    return made


_SIGNS = {"add": "+", "sub": "−", "mul": "×", "div": "÷", "neg": "−", "pow": "pow", "matmul": "@"}


def _lines(v: Value) -> list[str]:
    lines = [v.name] if v.name else []
    if v.count != 1:
        lines.append(shape_text(v))
    lines.append(f"data {_elements(v.reading)}")
    if v.gradient.state in ("computed", "zero"):
        lines.append(f"grad {_elements(v.gradient.reading)}")
    elif v.gradient.state != "not needed":
        lines.append(f"grad {v.gradient.state}")
    return lines


def _elements(r: Reading | None) -> str:
    if r is None:
        return "?"
    if r.data is None or r.count > _WRITTEN:
        return str(r)
    return _text(r.data)


def _text(data: object) -> str:
    if isinstance(data, list):
        return "[" + ", ".join(_text(d) for d in data) + "]"
    return f"{data:.4g}" if isinstance(data, float) else str(data)
