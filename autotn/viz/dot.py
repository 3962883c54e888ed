"""A graph as DOT text, the language of Graphviz."""

from __future__ import annotations

from html import escape
from typing import Any

from autotn.ir.graph import Graph
from autotn.viz.blocks import Box, Sketch, sketch
from autotn.viz.overlays import Legend, ink_on

#: Colours that people with colour-blindness can tell apart (Okabe & Ito 2008), paled for dark text.
_STYLE = {
    "input": 'shape=ellipse fillcolor="#cfe6f5"',
    "output": 'shape=ellipse fillcolor="#fbe3b8"',
    "parameter": 'shape=box style="filled,rounded" fillcolor="#eeeeee" fontsize=9',
    "constant": 'shape=box style="filled,dashed" fillcolor="#f8f8f8" fontsize=9',
    "op": 'shape=box fillcolor="#d5efe4"',
    "plumbing": 'shape=plaintext style="" fontsize=8 fontcolor="#555555" margin="0.03,0.01" height=0.15 width=0.3',
    "module": 'shape=box style="filled,rounded" fillcolor="#d5efe4"',
    "elision": 'shape=box style="filled,dashed" fillcolor="#ffffff" fontcolor="#444444"',
    "failure": 'shape=box fillcolor="#d55e00" fontcolor="#ffffff" color="#8a2f00" penwidth=2',
    "unreached": 'shape=box style="filled,rounded,dashed" fillcolor="#f2f2f2" fontcolor="#6b6b6b" color="#aaaaaa"',
    "gradient": 'shape=box fillcolor="#f6d5c4"',
    "value": 'shape=box fillcolor="#ffffff"',
    "message": 'shape=plaintext style="" fontcolor="#8a2f00"',
}
#: Where a fill can't be laid over the shape, a box takes its place.
_FILLABLE = ' shape=box style="filled"'
_ARROWS = {
    "": "",
    "loop": 'style=dashed color="#0072b2" fontcolor="#0072b2" constraint=false',
    "cut": 'style=dotted arrowhead=tee label="detached"',
    "unreached": 'style=dashed color="#aaaaaa"',
    "kept": 'style=dotted color="#999999" fontcolor="#777777" constraint=false arrowhead=none',
    "gradient": 'color="#b04a00" fontcolor="#b04a00"',
    "gradient loop": 'style=dashed color="#b04a00" fontcolor="#b04a00" constraint=false',
}


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def to_dot(graph: Graph, level: str | None = None, **options: Any) -> str:
    """The DOT text of a graph; the same graph gives the same text.

    Parameters
    ----------
    level, **options
        What to show; see `autotn.viz.save`.

    >>> from autotn.ir import capture
    >>> text = tn.viz.to_dot(capture(lambda x: x * 2, tn.ones(3)))
    >>> text.splitlines()[0]
    'digraph "graph of <lambda>" {'
    """
    return dot_of(sketch(graph, level, **options))


def to_graphviz(graph: Graph, level: str | None = None, **options: Any) -> Any:
    """The drawing as an object of the package ``graphviz``, which shows itself in notebooks."""
    import graphviz

    return graphviz.Source(to_dot(graph, level, **options))


def dot_of(drawn: Sketch) -> str:
    """The DOT text of a sketch."""
    lines = [
        f"digraph {_quoted(drawn.title)} {{",
        '  graph [rankdir=TB fontname="Helvetica" fontsize=10 nodesep=0.25 ranksep=0.35]',
        '  node [fontname="Helvetica" fontsize=10 style=filled color="#777777" margin="0.12,0.06"]',
        '  edge [fontname="Helvetica" fontsize=8 fontcolor="#555555" color="#777777" arrowsize=0.6]',
    ]
    below = _below(drawn)
    if below:
        lines.append(f"  label=<{below}> labelloc=b")
    lines += _contents(drawn)
    lines += [f"  {_arrow(a.start, a.end, a.label, a.style)}" for a in drawn.arrows]
    return "\n".join([*lines, "}"]) + "\n"


def _arrow(start: str, end: str, label: str, style: str) -> str:
    words = [f"label={_quoted(f' {label} ')}"] if label and style != "cut" else []
    if style == "gradient":  # drawn against the order of the ranks
        start, end = end, start
        words.append("dir=back")
    words += [_ARROWS[style]] if _ARROWS[style] else []
    return f"{start} -> {end}" + (f" [{' '.join(words)}]" if words else "")


def _below(drawn: Sketch) -> str:
    """The legend and the notes, as a table under the picture."""
    rows = []
    if drawn.legend is not None:
        rows.append(f"<TR><TD>{_legend(drawn.legend)}</TD></TR>")
    rows += [
        f'<TR><TD><FONT POINT-SIZE="9" COLOR="#555555">{escape(n)}</FONT></TD></TR>'
        for n in drawn.notes
    ]
    if not rows:
        return ""
    return f'<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="4">{"".join(rows)}</TABLE>'


def _legend(legend: Legend) -> str:
    cells = [f'<TD BORDER="0">{escape(legend.title)}</TD>']
    for colour, text in legend.entries:
        cells.append(
            f'<TD BGCOLOR="{colour}" BORDER="1"><FONT COLOR="{ink_on(colour)}"> {escape(text)} </FONT></TD>'
        )
    table = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="2" CELLPADDING="3">'
    return f"{table}<TR>{''.join(cells)}</TR></TABLE>"


def _contents(drawn: Sketch) -> list[str]:
    """Boxes inside their clusters, clusters inside each other."""
    boxes: dict[str, list[Box]] = {}
    for box in drawn.boxes:
        boxes.setdefault(box.cluster if box.cluster in drawn.clusters else "", []).append(box)
    inner: dict[str, list[str]] = {}
    for key, cluster in drawn.clusters.items():
        inner.setdefault(cluster.parent, []).append(key)
    lines: list[str] = []
    todo: list[tuple[str, int]] = [("", 1)]
    while todo:
        key, depth = todo.pop()
        pad = "  " * depth
        if key == "}":
            lines.append(f"{pad}}}")
            continue
        if key:
            cluster = drawn.clusters[key]
            look = 'style="rounded" color="#aaaaaa" fontcolor="#444444"'
            if cluster.kind == "repeat" or " × " in cluster.label:
                look = 'style="rounded,bold" color="#0072b2" fontcolor="#0072b2"'
            lines.append(f"{pad}subgraph cluster_{key} {{")
            lines.append(f"{pad}  label={_quoted(cluster.label)} labelloc=t labeljust=l {look}")
        inside = pad + ("  " if key else "")
        lines += [_node(box, inside) for box in boxes.get(key, [])]
        if key:
            todo.append(("}", depth))
        todo += [(k, depth + bool(key)) for k in reversed(inner.get(key, []))]
    return lines


def _node(box: Box, pad: str) -> str:
    look = _STYLE[box.kind]
    if box.fill:
        look += f'{_FILLABLE if box.kind == "plumbing" else ""} fillcolor="{box.fill}" fontcolor="{ink_on(box.fill)}"'
        if box.kind in ("constant", "elision"):
            look += ' style="filled"'
    if box.dashed and box.kind == "op":
        look += ' style="filled,dashed"'
    if box.times > 1:
        look += " peripheries=2"
    hint = f" tooltip={_quoted(box.hint)}" if box.hint else ""
    return f"{pad}{box.key} [label={_quoted(box.label)} {look}{hint}]"
