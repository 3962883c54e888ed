"""A graph as plain text: what went in, then the calls under the modules that made them."""

from __future__ import annotations

from collections import Counter

from autotn.ir.graph import Call, Graph, Value


def labels(graph: Graph) -> dict[int, str]:
    """What each value is called: its name, with its number where several have the name, else its number."""
    counts = Counter(v.name for v in graph.values if v.name)
    found = {}
    for v in graph.values:
        if v.kind == "constant" and v.count == 1 and v.reading is not None and not v.name:
            found[v.id] = str(v.reading)
        elif not v.name:
            found[v.id] = f"%{v.id}"
        else:
            found[v.id] = v.name if counts[v.name] == 1 else f"{v.name}%{v.id}"
    return found


def shape_list(value: Value) -> str:
    """A shape as code writes it, ``[?]`` when it is not known."""
    return "[?]" if value.shape is None else str(list(value.shape))


def gradient_text(value: Value) -> str:
    """The gradient of a value in a few words; nothing where none is needed."""
    gradient = value.gradient
    if gradient.state == "not needed":
        return ""
    if gradient.state == "computed" and gradient.reading is not None:
        return f"grad {gradient.reading}"
    return f"grad {gradient.state}"


def to_text(graph: Graph, most: int | None = None) -> str:
    """The graph as a text tree; with `most`, only so many lines, the middle left out.

    >>> print(tn.viz.to_text(tn.graph(lambda x: (x * 2).sum(), tn.ones(3))))
    graph of <lambda>: 2 calls
    x = input [3] float32: 1 ± 0, in [1, 1]
    %2 [3] = mul(x, 2.0)
    %3 [] = sum(%2; keepdim=False)
    returns %3
    """
    called = labels(graph)
    by_id = {v.id: v for v in graph.values}
    counts = [f"{len(graph.calls):,} call{'s' * (len(graph.calls) != 1)}"]
    if graph.steps:
        counts.append(f"{len(graph.steps):,} steps of backward")
    lines = [f"{graph.title or 'graph'}: {', '.join(counts)}"]
    for v in graph.values:
        if v.kind == "result" or (v.kind == "constant" and v.count == 1 and not v.name):
            continue
        parts = [f"{called[v.id]} = {v.kind} {shape_list(v)} {v.dtype}"]
        if v.kind == "input" and v.reading is not None:
            parts[0] += f": {v.reading}"
        lines.append("  ".join([*parts, *([gradient_text(v)] if gradient_text(v) else [])]))
    open_scope: list[str] = []
    for c in graph.calls:
        heads = _scope_heads(c)
        shared = 0
        while shared < min(len(heads), len(open_scope)) and heads[shared] == open_scope[shared]:
            shared += 1
        for depth in range(shared, len(heads)):
            lines.append("  " * depth + heads[depth][: heads[depth].rindex("#")])
        open_scope = heads
        lines.append("  " * len(heads) + _call_line(c, called, by_id))
    if graph.failure:
        lines.append(f"stopped by {graph.failure}")
        lines += [f"  not reached: {p.path} {p.cls}" for p in graph.unreached()]
    lines += [f"note: {n}" for n in graph.notes]
    lines.append("returns " + (", ".join(called[v.id] for v in graph.outputs) or "nothing"))
    if most is not None and len(lines) > most:
        gone = len(lines) - most
        cut = [f"… {gone:,} lines; g.save('graph.txt') writes all of them"]
        lines = [*lines[: most // 2], *cut, *lines[len(lines) - most // 2 :]]
    return "\n".join(lines)


def _scope_heads(call: Call) -> list[str]:
    """The modules around a call, each with the number of its visit."""
    visits = call.visits or [0] * len(call.scope)
    return [
        f"{name}: {cls}#{visit}" if name else f"{cls}#{visit}"
        for name, cls, visit in zip(call.scope, call.classes, visits, strict=True)
    ]


def _call_line(call: Call, called: dict[int, str], by_id: dict[int, Value]) -> str:
    made = ", ".join(f"{called[v]} {shape_list(by_id[v])}" for v in call.outputs)
    given = ", ".join(called[v] for v in call.inputs)
    static = ", ".join(f"{k}={t}" for k, t in call.static.items())
    inside = "; ".join(part for part in (given, static) if part)
    head = f"{made} = " if made else "failed: " if call.failed else ""
    gradients = [gradient_text(by_id[v]) for v in call.outputs]
    tail = "".join(f"  {g}" for g in gradients if g)
    phase = "  (recorded in backward)" if call.phase == "backward" else ""
    return f"{head}{call.op}({inside}){tail}{phase}"
