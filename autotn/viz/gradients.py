"""Where gradients go: backward drawn alone, and beside forward."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autotn.ir.graph import Call, Value
from autotn.viz.blocks import Arrow, Box
from autotn.viz.plumbing import drop_empty_clusters

if TYPE_CHECKING:
    from autotn.viz.blocks import Artist


def downwards(artist: Artist) -> None:
    """Backward alone: from the outputs down to the leaves."""
    kept = _differentiated(artist)
    artist.made.boxes = [b for b in artist.made.boxes if b.key in kept]
    for box in artist.made.boxes:
        box.lines = _named(artist, box)
        box.kind = "gradient" if box.kind != "failure" else box.kind
    if not kept:
        artist.made.boxes.append(Box("empty", "message", ["nothing here requires a gradient"]))
        return
    shown: dict[int, str] = {}
    for start, end, value, style in _flows(artist, kept, shown):
        artist.made.arrows.append(Arrow(start, end, _text(artist, end, value), style))
    for n, value in enumerate(v for v in artist.graph.outputs if v.id in artist.owner):
        key = artist.owner[value.id][0]
        if key in kept:
            artist.made.boxes.append(Box(f"out{n}", "output", [f"output {value.name}".rstrip()]))
            artist.made.arrows.append(Arrow(f"out{n}", key, artist.edge_text(value)))
    drop_empty_clusters(artist.made)


def beside(artist: Artist) -> None:
    """Add the backward of every box beside it; its arrows run against those of forward."""
    kept = _differentiated(artist)
    for box in [b for b in artist.made.boxes if b.key in kept]:
        twin = Box(
            f"b{box.key}", "gradient", _named(artist, box), box.cluster, f"backward of {box.hint}"
        )
        twin.calls, twin.values = box.calls, box.values
        twin.times, twin.closed = box.times, box.closed
        artist.made.boxes.append(twin)
        saved = sorted({s.name for c in box.calls for s in c.saved})
        artist.made.arrows.append(Arrow(box.key, twin.key, ", ".join(saved[:3]), "kept"))
    shown = {b.values[0].id: b.key for b in artist.made.boxes if b.key.startswith("v")}
    for start, end, value, style in _flows(artist, kept, shown):
        end = f"b{end}" if end in kept else end
        look = "gradient loop" if style else "gradient"
        artist.made.arrows.append(Arrow(f"b{start}", end, _text(artist, end, value), look))


def _text(artist: Artist, end: str, value: Value) -> str:
    """The shape on an arrow; a leaf's stands in its own box."""
    return "" if end.startswith("v") else artist.edge_text(value)


def _differentiated(artist: Artist) -> set[str]:
    """The boxes with a call whose output requires a gradient."""
    found = set()
    for call in artist.graph.calls:
        if any(artist.values[v].requires_grad for v in call.outputs) and call.id in artist.box_of:
            found.add(artist.box_of[call.id])
    return found


def _named(artist: Artist, box: Box) -> list[str]:
    """What the backward of a box is called, and how large the gradient that came into it was."""
    lines = [f"∂ {_op_of(box)}"]
    ends = [artist.values[v] for c in _lasts(box) for v in c.outputs]
    ends = [v for v in ends if v.requires_grad]
    readings = [v.gradient.reading for v in ends if v.gradient.reading is not None]
    norms = [r.norm for r in readings if r.norm is not None]
    ills = [r.ills for r in readings if r.ills]
    if norms:
        low, high = min(n for n in norms if n or not max(norms)), max(norms)
        spread = box.times > 1 and low < high
        lines.append(f"|g| = {low:.3g} … {high:.3g}" if spread else f"|g| = {high:.3g}")
    lines += ills[-1:]
    if not norms and not ills and ends:
        lines.append(ends[-1].gradient.state)
    return lines


def _lasts(box: Box) -> list[Call]:
    """The last call of a box, in each of its repetitions."""
    if box.kind in ("op", "plumbing", "failure"):
        return box.calls
    return box.calls[-1:]


def _op_of(box: Box) -> str:
    if box.kind in ("op", "plumbing", "failure") and box.calls:
        times = f" × {box.times:,}" if box.times > 1 else ""
        return box.calls[0].op + times
    return box.lines[0]


def _flows(
    artist: Artist, kept: set[str], shown: dict[int, str]
) -> list[tuple[str, str, Value, str]]:
    """The arrows of backward: from the box that pulls to the box, or leaf, that gets a summand."""
    found: list[tuple[str, str, Value, str]] = []
    seen: set[tuple[str, str, int, int]] = set()
    later: list[tuple[str, str, Value, str]] = []
    for call in reversed(artist.graph.calls):
        start = artist.box_of.get(call.id)
        if start is None or start not in kept:
            continue
        for place, v in enumerate(call.inputs):
            value = artist.values[v]
            if not value.requires_grad or place in call.detached:
                continue
            style = ""
            if v in artist.owner:
                end, maker = artist.owner[v]
                if artist.is_drawn_already(maker, call):
                    if len(artist.turn[call.id]) == 1 and start != end:
                        later.append((start, end, value, ""))
                    continue
                if artist.is_next(maker, call):
                    style = "loop"
            elif _is_closed(artist, call):
                continue
            elif v in shown:
                end = shown[v]
            elif artist.is_inside(value, call, True):
                continue
            else:
                end = artist.value_box(value, call, shown)
                _note_gradient(artist, end, value)
            alone = artist.boxes[start].kind == "op" or artist.boxes[start].kind == "gradient"
            key = (start, end, v if not style else -1, place if alone and not style else 0)
            if (start == end and not style) or key in seen:
                continue
            seen.add(key)
            found.append((start, end, value, style))
    # The first repetition need not be differentiated by what it begins with; the others then are.
    drawn = {(start, end) for start, end, _, _ in found}
    for start, end, value, style in later:
        if (start, end) not in drawn:
            drawn.add((start, end))
            found.append((start, end, value, style))
    return found


def _is_closed(artist: Artist, call: Call) -> bool:
    return artist.boxes[artist.box_of[call.id]].closed


def _note_gradient(artist: Artist, key: str, value: Value) -> None:
    box = artist.boxes[key]
    reading = value.gradient.reading
    if reading is not None and reading.norm is not None:
        box.lines.append(f"|grad| = {reading.norm:.3g}")
    if reading is not None and reading.ills:
        box.lines.append(reading.ills)
    elif reading is None or reading.norm is None:
        box.lines.append(f"grad {value.gradient.state}")
