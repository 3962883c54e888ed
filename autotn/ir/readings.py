"""What an array held at one moment, in figures: `measure` makes a `Reading`."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

#: Arrays up to this many elements are kept whole.
WHOLE = 64
#: Bars of a histogram.
BINS = 16
#: Digits of every figure: enough to compare runs, few enough to be the same on every machine.
_DIGITS = 6


@dataclass
class Reading:
    """Figures of an array. Minimum to norm and the histogram are those of its finite elements.

    Complex numbers are measured by their magnitude. ``std`` is that of the population, ``norm`` the root
    of the sum of squares; all five are None when no element is finite.
    """

    count: int
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    std: float | None = None
    norm: float | None = None
    zeros: int = 0
    nans: int = 0
    infs: int = 0
    #: How many elements lie in each of equally wide bins from ``min`` to ``max``.
    histogram: list[int] | None = None
    #: The elements as nested lists, when there are few or they were asked for.
    data: Any = None

    @property
    def is_zero(self) -> bool:
        """True when there are elements and all are zero."""
        return self.count > 0 and self.zeros == self.count

    @property
    def ills(self) -> str:
        """How many elements are not finite, as ``1 nan, 2 inf``; "" when all are."""
        found = ((self.nans, "nan"), (self.infs, "inf"))
        return ", ".join(f"{count} {what}" for count, what in found if count)

    def __str__(self) -> str:
        if self.count == 1 and self.data is not None:
            return str(_only(self.data))
        parts = [] if self.mean is None else [f"{self.mean:.3g} ± {self.std:.2g}"]
        if self.min is not None:
            parts.append(f"in [{self.min:.3g}, {self.max:.3g}]")
        if self.zeros:
            parts.append(f"{self.zeros} zero")
        if self.ills:
            parts.append(self.ills)
        return ", ".join(parts) or "no elements"


def _only(data: Any) -> Any:
    while isinstance(data, list):
        data = data[0]
    return data


def measure(array: Any, histogram: bool = True, whole: bool = False) -> Reading:
    """Measure an array.

    Parameters
    ----------
    histogram : bool
        Count the elements in bins too.
    whole : bool
        Keep all elements, however many there are.
    """
    a = np.asarray(array)
    data = plain(a) if whole or a.size <= WHOLE else None
    if a.size == 0:
        return Reading(0, data=data)
    if a.dtype.kind == "c":
        a = np.abs(a)
    if a.size == 1:
        return _of_one(float(a.item()), data, histogram)
    x = a.ravel().astype(np.float64)
    zeros = int(x.size - np.count_nonzero(x))
    nans = infs = 0
    finite = np.isfinite(x)
    if not finite.all():
        nans = int(np.isnan(x).sum())
        infs = int(x.size - nans - finite.sum())
        x = x[finite]
    if x.size == 0:
        return Reading(a.size, zeros=zeros, nans=nans, infs=infs, data=data)
    low, high = float(x.min()), float(x.max())
    largest = max(-low, high)
    # Where squares would not be numbers any more, everything is measured in units of the largest.
    unit = 1.0 if largest == 0.0 or 1e-100 < largest < 1e100 else largest
    y = x if unit == 1.0 else x / unit
    bars = None
    if histogram:
        bars = [int(n) for n in _bars(x, low, high)]
    return Reading(
        a.size,
        short(low),
        short(high),
        short(_times(unit, float(y.mean()))),
        short(_times(unit, float(y.std()))),
        short(_times(unit, math.sqrt(float(np.dot(y, y))))),
        zeros,
        nans,
        infs,
        bars,
        data,
    )


def _times(unit: float, x: float) -> float:
    """A figure in its own size again, at most the largest number there is."""
    return max(-sys.float_info.max, min(unit * x, sys.float_info.max))


def _bars(x: Any, low: float, high: float) -> Any:
    if low == high:
        return [x.size] + [0] * (BINS - 1)
    if not math.isfinite(high - low):
        x, low, high = x / 4, low / 4, high / 4
    width = high - low
    return np.bincount(np.minimum((x - low) / width * BINS, BINS - 1).astype(int), minlength=BINS)


def _of_one(x: float, data: Any, histogram: bool) -> Reading:
    if not math.isfinite(x):
        return Reading(1, nans=int(x != x), infs=int(x == x), data=data)
    s = short(x)
    bars = [1] + [0] * (BINS - 1) if histogram else None
    return Reading(1, s, s, s, 0.0, abs(s), int(x == 0.0), 0, 0, bars, data)


def short(x: float) -> float:
    """A figure rounded to the digits that are kept."""
    return float(f"{x:.{_DIGITS}g}")


def plain(array: Any) -> Any:
    """An array as nested lists of Python numbers, float32 with the digits float32 has."""
    a = np.asarray(array)
    kind = a.dtype.kind
    if kind == "V":  # bfloat16
        a, kind = a.astype(np.float32), "f"
    if kind == "f" and a.dtype.itemsize < 8:
        return _deep([float(str(x)) for x in a.ravel()], a.shape)
    if kind == "c":
        return _deep([str(complex(x)) for x in a.ravel()], a.shape)
    return a.tolist()


def _deep(flat: list[Any], shape: tuple[int, ...]) -> Any:
    """A flat list in the nesting of a shape."""
    nested = np.empty(len(flat), object)
    nested[:] = flat
    return nested.reshape(shape).tolist()
