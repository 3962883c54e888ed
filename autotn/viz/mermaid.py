"""A graph as Mermaid text, which READMEs and notebooks draw."""

from __future__ import annotations

from autotn.ir.graph import Graph
from autotn.viz.blocks import sketch

_FORM = {
    "input": '(["{}"])',
    "output": '(["{}"])',
    "parameter": '[("{}")]',
    "failure": '{{{{"{}"}}}}',
}


def to_mermaid(graph: Graph, level: str = "module") -> str:
    """The Mermaid text of a graph.

    >>> from autotn.ir import capture
    >>> print(tn.viz.to_mermaid(capture(lambda x: x * 2, tn.ones(3))))
    flowchart TD
      m0["mul<br/>3"]
      v0(["x<br/>3"])
      out0(["output<br/>3"])
      v0 -->|3| m0
      m0 -->|3| out0
    """
    drawn = sketch(graph, level)
    lines = ["flowchart TD"]
    for box in drawn.boxes:
        text = box.label.replace('"', "'").replace("\n", "<br/>")
        form = _FORM.get(box.kind, '["{}"]').format(text)
        lines.append(f"  {box.key}{form}")
    for arrow in drawn.arrows:
        lines.append(f"  {arrow.start} -->{f'|{arrow.label}|' if arrow.label else ''} {arrow.end}")
    return "\n".join(lines)
