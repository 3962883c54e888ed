"""A graph as GraphML, which yEd, Gephi and NetworkX read."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape, quoteattr

from autotn.ir.graph import Graph
from autotn.viz.blocks import sketch

_KEYS = (
    *(("node", key, "string") for key in ("label", "kind", "cluster", "hint", "color")),
    *(("node", key, "double") for key in ("repetitions", "flops", "bytes")),
    *(("edge", key, "string") for key in ("shape", "style")),
)


def to_graphml(graph: Graph, level: str | None = None, **options: Any) -> str:
    """The GraphML text of a graph: the boxes and arrows of its picture, with what is known of them.

    Parameters
    ----------
    level, **options
        What to show; see `autotn.viz.save`.

    >>> from autotn.ir import capture
    >>> tn.viz.to_graphml(capture(lambda x: x * 2, tn.ones(3))).count("<node")
    3
    """
    drawn = sketch(graph, level, **options)
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
    ]
    for place, key, kind in _KEYS:
        lines.append(f'  <key id="{key}" for="{place}" attr.name="{key}" attr.type="{kind}"/>')
    lines.append(f'  <graph id={quoteattr(drawn.title)} edgedefault="directed">')
    for box in drawn.boxes:
        cluster = drawn.clusters[box.cluster].label if box.cluster in drawn.clusters else ""
        data = {
            "label": box.label,
            "kind": box.kind,
            "cluster": cluster,
            "hint": box.hint,
            "color": box.fill,
            "repetitions": str(box.times),
            "flops": str(sum(c.flops for c in box.calls)),
            "bytes": str(sum(v.bytes for v in box.values)),
        }
        lines += [f"    <node id={quoteattr(box.key)}>", *_data(data), "    </node>"]
    for k, a in enumerate(drawn.arrows):
        lines.append(f'    <edge id="e{k}" source={quoteattr(a.start)} target={quoteattr(a.end)}>')
        lines += [*_data({"shape": a.label, "style": a.style}), "    </edge>"]
    return "\n".join([*lines, "  </graph>", "</graphml>"]) + "\n"


def _data(found: dict[str, str]) -> list[str]:
    return [f'      <data key="{k}">{escape(v)}</data>' for k, v in found.items() if v]
