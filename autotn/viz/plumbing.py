"""Pictures without the ops that only move elements: their arrows are led on to what comes after them."""

from __future__ import annotations

from autotn.viz.blocks import PLUMBING, Arrow, Box, Sketch

#: What an arrow made of several is: the first of these that one of them is.
_STRONGEST = ("cut", "gradient loop", "loop", "unreached", "gradient")


def hide_plumbing(drawn: Sketch) -> None:
    """Take out plumbing, and the backward of it."""
    hidden = {b.key for b in drawn.boxes if b.kind == "plumbing" or _is_backward(b)}
    into: dict[str, list[Arrow]] = {}
    for a in drawn.arrows:
        if a.end in hidden and a.style != "kept":
            into.setdefault(a.end, []).append(a)
    kept: list[Arrow] = []
    led: set[tuple[str, str, str]] = set()
    for a in drawn.arrows:
        if a.end in hidden or (a.style == "kept" and a.start in hidden):
            continue
        if a.start not in hidden:
            kept.append(a)
            continue
        for start, style in _sources(a, into, hidden):
            way = (start, a.end, style)
            if way not in led and (start != a.end or "loop" in style):
                led.add(way)
                kept.append(Arrow(start, a.end, a.label, style))
    drawn.arrows = kept
    used = {x for a in kept for x in (a.start, a.end)}
    drawn.boxes = [
        b
        for b in drawn.boxes
        if b.key not in hidden and (b.key in used or b.kind not in ("parameter", "constant"))
    ]
    drop_empty_clusters(drawn)


def _sources(a: Arrow, into: dict[str, list[Arrow]], hidden: set[str]) -> list[tuple[str, str]]:
    """Where an arrow comes from when what is hidden is passed over, and what kind of arrow it then is."""
    found: list[tuple[str, str]] = []
    todo, seen = [(a.start, a.style)], {(a.start, a.style)}
    while todo:
        key, style = todo.pop(0)
        if key not in hidden:
            found.append((key, style))
            continue
        for b in into.get(key, []):
            one = (b.start, next((s for s in _STRONGEST if s in (style, b.style)), ""))
            if one not in seen:
                seen.add(one)
                todo.append(one)
    return found


def _is_backward(box: Box) -> bool:
    return box.key.startswith("bc") and all(c.op in PLUMBING for c in box.calls)


def drop_empty_clusters(drawn: Sketch) -> None:
    """Take out frames with nothing in them."""
    filled = {b.cluster for b in drawn.boxes}
    for key in reversed(list(drawn.clusters)):
        if key in filled:
            filled.add(drawn.clusters[key].parent)
        else:
            del drawn.clusters[key]
