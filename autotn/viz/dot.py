"""A graph as DOT text, the language of Graphviz."""

from __future__ import annotations

from autotn.ir.graph import Graph
from autotn.viz.blocks import Box, Sketch, sketch

#: Colours that people with colour-blindness can tell apart (Okabe & Ito 2008), paled for dark text.
_STYLE = {
    "input": 'shape=ellipse fillcolor="#cfe6f5"',
    "output": 'shape=ellipse fillcolor="#fbe3b8"',
    "parameter": 'shape=box style="filled,rounded" fillcolor="#eeeeee" fontsize=9',
    "constant": 'shape=box style="filled,dashed" fillcolor="#f8f8f8" fontsize=9',
    "op": 'shape=box fillcolor="#d5efe4"',
    "plumbing": 'shape=plaintext style="" fontsize=8 fontcolor="#555555" margin=0 height=0.2',
    "module": 'shape=box style="filled,rounded" fillcolor="#d5efe4"',
    "failure": 'shape=octagon fillcolor="#f4c7b3" color="#b02a00"',
}


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def to_dot(graph: Graph, level: str = "op") -> str:
    """The DOT text of a graph; the same graph gives the same text.

    >>> from autotn.ir import capture
    >>> text = tn.viz.to_dot(capture(lambda x: x * 2, tn.ones(3)))
    >>> text.splitlines()[0]
    'digraph "graph of <lambda>" {'
    """
    drawn = sketch(graph, level)
    lines = [
        f"digraph {_quoted(drawn.title)} {{",
        '  graph [rankdir=TB fontname="Helvetica" fontsize=11 nodesep=0.25 ranksep=0.35]',
        '  node [fontname="Helvetica" fontsize=10 style=filled color="#777777" margin="0.12,0.06"]',
        '  edge [fontname="Helvetica" fontsize=8 fontcolor="#555555" color="#777777" arrowsize=0.6]',
    ]
    lines += _cluster(drawn, (), 1)
    for arrow in drawn.arrows:
        label = f" [label={_quoted(arrow.label)}]" if arrow.label else ""
        lines.append(f"  {arrow.start} -> {arrow.end}{label}")
    return "\n".join([*lines, "}"]) + "\n"


def _cluster(drawn: Sketch, path: tuple[str, ...], depth: int) -> list[str]:
    """The boxes directly in a cluster, and the clusters inside it."""
    pad = "  " * depth
    lines = [_node(box, pad) for box in drawn.boxes if _place(drawn, box) == path]
    inner = [p for p in drawn.clusters if len(p) == len(path) + 1 and p[: len(path)] == path]
    for p in inner:
        name = "_".join(str(list(drawn.clusters).index(p[: k + 1])) for k in range(len(p)))
        lines += [
            f"{pad}subgraph cluster_{name} {{",
            f'{pad}  label={_quoted(drawn.clusters[p])} style="rounded" color="#aaaaaa" fontcolor="#444444"',
            *_cluster(drawn, p, depth + 1),
            f"{pad}}}",
        ]
    return lines


def _place(drawn: Sketch, box: Box) -> tuple[str, ...]:
    """The innermost cluster, among those drawn, that holds a box."""
    path = box.cluster
    while path and path not in drawn.clusters:
        path = path[:-1]
    return path


def _node(box: Box, pad: str) -> str:
    hint = f" tooltip={_quoted(box.hint)}" if box.hint else ""
    return f"{pad}{box.key} [label={_quoted(box.label)} {_STYLE[box.kind]}{hint}]"
