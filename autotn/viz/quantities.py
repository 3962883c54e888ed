"""Times, sizes and counts as people read them."""

from __future__ import annotations


def time_text(nanoseconds: float) -> str:
    """A time with three digits and a unit.

    >>> from autotn.viz.quantities import time_text
    >>> time_text(1_234_000), time_text(56_700), time_text(0)
    ('1.23 ms', '56.7 µs', '0')
    """
    return scaled(nanoseconds, ((1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1, "ns")))


def bytes_text(count: float) -> str:
    """A number of bytes with three digits and a unit.

    >>> from autotn.viz.quantities import bytes_text
    >>> bytes_text(1_500_000), bytes_text(12)
    ('1.50 MB', '12 B')
    """
    return scaled(count, ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1, "B")))


def scaled(number: float, units: tuple[tuple[float, str], ...]) -> str:
    """A number in the largest unit that leaves it at least 1."""
    if not number:
        return "0"
    for size, unit in units:
        if abs(number) >= size:
            value = number / size
            digits = 0 if unit == units[-1][1] or value >= 99.95 else 1 if value >= 9.995 else 2
            return f"{value:.{digits}f} {unit}"
    return f"{number:.2g} {units[-1][1]}"


def table_text(rows: list[list[str]], left: int) -> list[str]:
    """Rows as aligned lines: the first `left` columns to the left, the others to the right."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.ljust(width) if k < left else cell.rjust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines
