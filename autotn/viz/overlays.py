"""Colours that carry a figure: gradient norms, zeros, times and so on, on a scale that everybody can read.

The scale is cividis, made to look alike to people with and without colour-blindness; the figure is written
into every box too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from autotn.ir.graph import Call, Value
from autotn.ir.readings import Reading
from autotn.viz.quantities import bytes_text, scaled, time_text

#: From dark (little) to bright (much).
_CIVIDIS = (
    *("#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369"),
    *("#e1cc55", "#fee838"),
)
#: What is smaller than this share of the largest is darkest: rounding errors would take up the scale.
_RANGE = 1e-5
#: For kinds rather than amounts (Okabe and Ito's colours).
#: For what is not finite: off the scale, and apart from it for every eye.
_ILL = "#d55e00"
_KINDS = ("#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2", "#bbbbbb")


@dataclass
class Legend:
    """What the colours mean."""

    title: str
    #: Pairs of a colour and what it stands for.
    entries: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Overlay:
    """One way to colour: the figure of a box, how it is written, and the kind of scale."""

    title: str
    figure: Callable[[list[Call], list[Value]], float | str | None]
    text: Callable[[float], str]
    logarithmic: bool = True
    #: Where the figure is about values, boxes of parameters have one too.
    of_values: bool = True


def _largest(numbers: Iterable[float | None]) -> float | None:
    known = [n for n in numbers if n is not None]
    return max(known) if known else None


def _sum(numbers: Iterable[float]) -> float:
    return float(sum(numbers))


def _gradient_norm(calls: list[Call], values: list[Value]) -> float | None:
    found = [v.gradient.reading for v in values if v.gradient.reading is not None]
    return _ill(found) or _largest(r.norm for r in found)


def _std(calls: list[Call], values: list[Value]) -> float | None:
    found = [v.reading for v in values if v.reading is not None]
    return _ill(found) or _largest(r.std for r in found)


def _ill(found: list[Reading]) -> float | None:
    """Nan or infinity where an element is: the other elements' figure would hide it."""
    if any(r.nans for r in found):
        return math.nan
    return math.inf if any(r.infs for r in found) else None


def _zeros(calls: list[Call], values: list[Value]) -> float | None:
    found = [v.reading for v in values if v.reading is not None and v.reading.count]
    return sum(r.zeros for r in found) / sum(r.count for r in found) if found else None


def _ratio(calls: list[Call], values: list[Value]) -> float | None:
    return _largest(v.update.ratio for v in values if v.update is not None)


def _dtype(calls: list[Call], values: list[Value]) -> str | None:
    return next((v.dtype for v in reversed(values) if v.dtype), None)


def _figure(x: float) -> str:
    return f"{x:.3g}"


def count_text(x: float) -> str:
    """A large number with three digits and a unit."""
    return scaled(x, ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))).rstrip()


OVERLAYS: dict[str, Overlay] = {
    "grad_norm": Overlay("norm of the gradient", _gradient_norm, _figure),
    "value_std": Overlay("standard deviation", _std, _figure),
    "zeros": Overlay("share of zeros", _zeros, lambda x: f"{100 * x:.3g} %", logarithmic=False),
    "time": Overlay(
        "time, forward and backward",
        lambda calls, values: (
            _sum(c.seconds + c.backward_seconds for c in calls) * 1e9 if calls else None
        ),
        time_text,
        of_values=False,
    ),
    "flops": Overlay(
        "floating-point operations",
        lambda calls, values: _sum(c.flops for c in calls) if calls else None,
        lambda x: f"{count_text(x)}FLOP" if x >= 1000 else f"{x:.0f} FLOP",
        of_values=False,
    ),
    "memory": Overlay(
        "memory",
        lambda calls, values: (
            _sum(c.bytes for c in calls) if calls else _sum(v.bytes for v in values)
        ),
        bytes_text,
    ),
    "update_ratio": Overlay("update / weight", _ratio, _figure),
    "dtype": Overlay("dtype", _dtype, _figure, logarithmic=False),
}


def overlay_of(color: str) -> Overlay:
    """The overlay of a name.

    Raises
    ------
    ValueError
        When there is none; the message lists them.
    """
    if color not in OVERLAYS:
        raise ValueError(f"color={color!r}; expected one of {', '.join(map(repr, OVERLAYS))}")
    return OVERLAYS[color]


def scale(overlay: Overlay, figures: list[float | str | None]) -> tuple[list[str], Legend]:
    """A colour for each figure ("" where there is none), and the legend."""
    if any(isinstance(f, str) for f in figures):
        kinds = sorted({f for f in figures if isinstance(f, str)})
        colour = {k: _KINDS[min(n, len(_KINDS) - 1)] for n, k in enumerate(kinds)}
        entries = [(colour[k], k) for k in kinds]
        return [colour.get(str(f), "") for f in figures], Legend(overlay.title, entries)
    numbers = [f for f in figures if isinstance(f, (int, float)) and math.isfinite(f)]
    ill = any(isinstance(f, float) and not math.isfinite(f) for f in figures)
    off = [(_ILL, "nan or inf")] if ill else []
    if overlay.logarithmic:
        numbers = [f for f in numbers if f > 0]
    if not numbers and ill:
        return [_of(overlay, f, 1.0, 1.0) for f in figures], Legend(overlay.title, off)
    if not numbers:
        return [""] * len(figures), Legend(f"{overlay.title}: nothing to show", [])
    low, high = min(numbers), max(numbers)
    clipped = overlay.logarithmic and low < high * _RANGE
    low = max(low, high * _RANGE) if clipped else low
    if not overlay.logarithmic:
        low, high = 0.0, 1.0
    title = overlay.title + (" (log scale)" if overlay.logarithmic and high > low else "")
    stops = 5 if high > low else 1
    entries = []
    for k in range(stops):
        at = k / (stops - 1) if stops > 1 else 1.0
        text = overlay.text(_between(overlay, low, high, at))
        entries.append((_colour(at), f"≤ {text}" if clipped and k == 0 else text))
    return [_of(overlay, f, low, high) for f in figures], Legend(title, entries + off)


def _between(overlay: Overlay, low: float, high: float, at: float) -> float:
    if not overlay.logarithmic:
        return low + (high - low) * at
    return math.exp(math.log(low) + (math.log(high) - math.log(low)) * at)


def _of(overlay: Overlay, figure: float | str | None, low: float, high: float) -> str:
    if figure is None or isinstance(figure, str):
        return ""
    if not math.isfinite(figure):
        return _ILL
    if overlay.logarithmic and figure <= low:
        return _CIVIDIS[0]
    if high == low:
        return _colour(1.0)
    if overlay.logarithmic:
        return _colour((math.log(figure) - math.log(low)) / (math.log(high) - math.log(low)))
    return _colour((figure - low) / (high - low))


def _colour(at: float) -> str:
    """A colour of the scale, from 0 to 1, mixed from its neighbours."""
    place = min(max(at, 0.0), 1.0) * (len(_CIVIDIS) - 1)
    k = min(int(place), len(_CIVIDIS) - 2)
    low, high = _CIVIDIS[k], _CIVIDIS[k + 1]
    parts = []
    for c in (1, 3, 5):
        a, b = int(low[c : c + 2], 16), int(high[c : c + 2], 16)
        parts.append(round(a + (b - a) * (place - k)))
    return "#" + "".join(f"{p:02x}" for p in parts)


def ink_on(colour: str) -> str:
    """Black or white, whichever is easier to read on a colour."""
    channels = [int(colour[c : c + 2], 16) / 255 for c in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#000000" if luminance > 0.179 else "#ffffff"
