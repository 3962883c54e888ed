"""Figures laid over the boxes of the film: for each box, open or closed, a colour and the figure in words."""

from __future__ import annotations

from typing import Any

from autotn.ir.graph import Call, Value
from autotn.viz.overlays import OVERLAYS, scale

#: The figures of one box: what it holds.
Held = tuple[list[Call], list[Value]]


def colourings(boxes: list[Held], clusters: list[Held], times: bool) -> list[dict[str, Any]]:
    """The overlays that have something to show; `times` adds those that differ from run to run."""
    found = []
    for name, overlay in OVERLAYS.items():
        if name == "time" and not times:
            continue
        figures = [
            None if not calls and not overlay.of_values else overlay.figure(calls, values)
            for calls, values in (*boxes, *clusters)
        ]
        colours, legend = scale(overlay, figures)
        if not legend.entries:
            continue
        words = ["" if f is None else f if isinstance(f, str) else overlay.text(f) for f in figures]
        pairs = [[c, w] if w else 0 for c, w in zip(colours, words, strict=True)]
        found.append(
            {
                "name": name,
                "title": legend.title,
                "legend": legend.entries,
                "nodes": pairs[: len(boxes)],
                "clusters": pairs[len(boxes) :],
            }
        )
    return found
