"""A graph as Mermaid text, which READMEs and notebooks draw."""

from __future__ import annotations

from typing import Any

from autotn.ir.graph import Graph
from autotn.viz.blocks import Box, Sketch, sketch
from autotn.viz.overlays import ink_on

_FORM = {
    "input": '(["{}"])',
    "output": '(["{}"])',
    "parameter": '[("{}")]',
    "module": '("{}")',
    "failure": '{{{{"{}"}}}}',
}
_LINKS = {
    "loop": "-.->",
    "cut": "-.-x",
    "unreached": "-.->",
    "kept": "-.-",
    "gradient loop": "-.->",
}


def to_mermaid(graph: Graph, level: str | None = None, **options: Any) -> str:
    """The Mermaid text of a graph.

    Parameters
    ----------
    level, **options
        What to show; see `autotn.viz.save`.

    >>> from autotn.ir import capture
    >>> print(tn.viz.to_mermaid(capture(lambda x: x * 2, tn.ones(3))))
    flowchart TD
      c0["mul(·, 2)"]
      v0(["x<br/>3"])
      out0(["output"])
      v0 --> c0
      c0 -->|3| out0
    """
    drawn = sketch(graph, level, **options)
    lines = ["flowchart TD"]
    boxes: dict[str, list[Box]] = {}
    for box in drawn.boxes:
        boxes.setdefault(box.cluster if box.cluster in drawn.clusters else "", []).append(box)
    lines += _inside(drawn, boxes)
    for a in drawn.arrows:
        label = "detached" if a.style == "cut" else a.label
        link = _LINKS.get(a.style, "-->")
        lines.append(f"  {a.start} {link}{f'|{_text(label)}|' if label else ''} {a.end}")
    for box in drawn.boxes:
        if box.fill:
            lines.append(f"  style {box.key} fill:{box.fill},color:{ink_on(box.fill)}")
    if drawn.legend is not None:
        entries = ", ".join(f"{colour} {text}" for colour, text in drawn.legend.entries)
        lines.append(f"  %% {drawn.legend.title}: {entries}")
    return "\n".join([*lines, *(f"  %% {n}" for n in drawn.notes)])


def _inside(drawn: Sketch, boxes: dict[str, list[Box]]) -> list[str]:
    lines: list[str] = []
    todo: list[tuple[str, str, int]] = [("open", "", 0)]
    while todo:
        what, key, depth = todo.pop()
        pad = "  " * (depth + 1)
        if what == "close":
            lines.append(f"{pad}end")
            continue
        if key:
            lines.append(f'{pad}subgraph {key}["{_text(drawn.clusters[key].label)}"]')
            todo.append(("close", key, depth))
        for box in boxes.get(key, []):
            form = _FORM.get(box.kind, '["{}"]').format(_text(box.label))
            lines.append(f"{pad}{'  ' if key else ''}{box.key}{form}")
        inner = [k for k, c in drawn.clusters.items() if c.parent == key]
        todo += [("open", k, depth + bool(key)) for k in reversed(inner)]
    return lines


def _text(text: str) -> str:
    return text.replace('"', "'").replace("|", "∣").replace("\n", "<br/>")
