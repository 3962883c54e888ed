"""The table, for a terminal and for a page, and the machine it was made on."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path

from benchmarks.compare import Result, geometric_mean

BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


def machine() -> str:
    """Processor, cores given to us, system and Python."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{model}, {cores} cores, {platform.system()}, Python {platform.python_version()}"


def duration(seconds: float | None) -> str:
    """Three digits and a unit: ``3.81 µs``."""
    if seconds is None:
        return "–"
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:#.3g}".rstrip(".") + f" {unit}"
    return f"{seconds / 1e-9:.0f} ns"


def cells(result: Result, subjects: Sequence[str], reference: str) -> list[str]:
    """One line of the table."""
    ratios = {name: result.ratios(name, reference) for name in subjects}
    line = [result.row.title, *(duration(result.best(name)) for name in (*subjects, reference))]
    line += [f"{statistics.median(r):.2f}" if r else "–" for r in ratios.values()]
    worst = ratios[subjects[0]]
    line.append(f"{max(worst):.2f}" if worst else "–")
    goals = [goal(result, name, reference) for name in subjects]
    line.append(" / ".join(goals if len(set(goals)) > 1 else goals[:1]))
    line.append(memory(result, (*subjects, reference)))
    return line


def goal(result: Result, subject: str, reference: str) -> str:
    """What the row wants to stay under, and whether it did."""
    wanted = result.row.goal_of(subject) if reference == "torch" else None
    if wanted is None:
        return "–"
    ratios = result.ratios(subject, reference)
    return f"{wanted:.2f}" + (" missed" if ratios and statistics.median(ratios) > wanted else "")


def memory(result: Result, libraries: Sequence[str]) -> str:
    """Peak memory of a training row: ``12 / 40 MB``."""
    sizes = [result.memory.get(name) for name in libraries]
    if not result.row.training or not any(sizes):
        return "–"
    return " / ".join("–" if size is None else f"{size / 1e6:.0f}" for size in sizes) + " MB"


def notes(results: Sequence[Result], subjects: Sequence[str], reference: str) -> list[str]:
    """What a table has no column for: problems, further modules, the mean."""
    lines = [f"{r.row.title}: not timed. {r.problem}" for r in results if r.problem]
    lines += [
        f"{r.row.title}: {other} {duration(r.best(other))}"
        for r in results
        for other in r.row.beside
        if r.best(other) is not None
    ]
    lines += [
        f"{r.row.title}: slower because {r.row.slow_because}"
        for r in results
        if r.row.slow_because
        and any(statistics.median(r.ratios(s, reference) or [0.0]) > 1 for s in subjects)
    ]
    for subject in subjects:
        mean = geometric_mean(results, subject, reference)
        if mean is not None:
            lines.append(f"Geometric mean of the training rows, {subject}: {mean:.2f}")
    return lines


def header(subjects: Sequence[str], reference: str) -> list[str]:
    """The names of the columns; a ratio is the first subject's unless it says whose it is."""
    ratios = ["ratio", *(f"ratio, {name}" for name in subjects[1:])]
    return ["", *subjects, reference, *ratios, "worst", "goal", "memory"]


def text(results: Sequence[Result], subjects: Sequence[str], reference: str) -> str:
    """Return the table in columns."""
    table = [header(subjects, reference), *(cells(r, subjects, reference) for r in results)]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    lines = [
        "  ".join([line[0].ljust(widths[0]), *map(str.rjust, line[1:], widths[1:])]).rstrip()
        for line in table
    ]
    return "\n".join([*lines, "", *notes(results, subjects, reference)])


def markdown(
    results: Sequence[Result], subjects: Sequence[str], reference: str, caption: str
) -> str:
    """Return the table for a page, with the caption that names machine and versions."""
    names = header(subjects, reference)
    lines = [names, ["---", *["---:"] * (len(names) - 1)]]
    lines += [cells(r, subjects, reference) for r in results]
    table = ["| " + " | ".join(line) + " |" for line in lines]
    remarks = [f"- {note}" for note in notes(results, subjects, reference)]
    return "\n".join([caption, "", *table, "", *remarks])


def write_into(page: Path, table: str) -> None:
    """Put the table between the two markers of a page; everything else stays."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{page} has no place for the table: put {BEGIN} and {END} into it")
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
