"""Writes docs/certificate.md: what of every op was checked, and against what.

``python -m tests.certificate`` runs the tests that ask the questions, and writes the page from what they
compared in that run, if all of them passed. A question that had nothing to compare ticks nothing.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

PAGE = Path(__file__).resolve().parents[1] / "docs" / "certificate.md"
TESTS = [
    "tests/ops/test_every_op.py",
    "tests/ops/test_dtypes.py",
    "tests/ops/test_complex_numbers.py",
]

#: Column -> the questions that tick it.
COLUMNS = {
    "value": ("value", "reference_agrees"),
    "gradient": ("gradient_like_torch", "gradient"),
    "second derivative": ("second_order",),
    "forward mode": ("forward_mode",),
    "vmap": ("vmap",),
    "float32": ("float32_stays",),
    "complex": ("complex",),
    "dtypes": ("dtypes",),
    "ONNX": ("onnx",),
}
LETTERS = {
    "PyTorch": "P",
    "finite differences": "D",
    "the reference": "R",
    "the stated result": "S",
    "backward": "B",
    "a loop": "L",
}
#: What only makes sense for an op that has a gradient.
OF_DERIVATIVES = ("gradient", "second derivative", "forward mode")


class Record:
    """What was compared with what in this run: op -> question -> oracles."""

    def __init__(self) -> None:
        self.found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        self.samples: dict[str, int] = defaultdict(int)

    def tick(self, case: Any, question: str) -> None:
        """Note what a question that passed has compared."""
        self.note(case.op_name, question, case.against)
        if question == "value":
            self.samples[case.op_name] += 1
        if question in ("value", "gradient_like_torch", "gradient") and has_complex(case.sample):
            self.note(case.op_name, "complex", case.against)

    def note(self, name: str, question: str, against: set[str]) -> None:
        if against:
            self.found[name][question] |= against

    def cell(self, name: str, column: str) -> str:
        """Letters of the oracles, a tick for what has no letter, a dash where there is no gradient."""
        oracles: set[str] = set().union(*(self.found[name].get(q, ()) for q in COLUMNS[column]))
        if not oracles:
            differentiable = "raw_equals_recorded" in self.found[name]
            return "–" if column in OF_DERIVATIVES and not differentiable else ""
        letters = sorted({LETTERS[o] for o in oracles if o in LETTERS})
        return "".join(letters) or "✓"


RECORD = Record()


def has_complex(sample: Any) -> bool:
    return any(
        isinstance(one, np.ndarray) and one.dtype.kind == "c"
        for value in (*sample.args, *sample.kwargs.values())
        for one in (value if isinstance(value, (list, tuple)) else (value,))
    )


def topics() -> dict[str, list[str]]:
    """The ops with samples by the file that declares them."""
    from autotn.core.op import COMPOSITES, REGISTRY
    from tests.samples import SAMPLERS

    found: dict[str, list[str]] = defaultdict(list)
    for name in sorted(SAMPLERS):
        made = COMPOSITES.get(name) or REGISTRY[name]
        found[made.function.__module__.rpartition(".")[2]].append(name)
    return dict(sorted(found.items()))


def render(record: Record) -> str:
    """The page."""
    return "\n".join(_lines(record)) + "\n"


def _lines(record: Record) -> Iterator[str]:
    grouped = topics()
    names = [name for group in grouped.values() for name in group]
    columns = [c for c in COLUMNS if any(record.cell(n, c) not in ("", "–") for n in names)]
    yield "# Certificate"
    yield ""
    yield "What of every op was checked, and against what: written by `python -m tests.certificate` from the"
    yield "comparisons its run of the tests made. Nothing else is ticked."
    yield ""
    yield "**P** PyTorch · **D** finite differences in double precision · **R** the op's reference, the same"
    yield "function in ordinary ops · **S** a result the sample states · **B** the backward pass · **L** a loop over"
    yield "the examples · **✓** a property of its own · **–** the op has no gradient · blank: not checked."
    yield ""
    yield "*value* results, shapes and dtypes; *gradient*, *second derivative* backward once and twice; *float32*"
    yield "results and gradients stay in single precision; *complex* values and gradients of complex numbers;"
    yield "*dtypes* result dtypes, or refusals, in all twelve."
    yield ""
    total = sum(record.samples[n] for n in names)
    yield f"{len(names)} ops, {total} samples."
    yield ""
    yield f"| | {' | '.join(columns)} |"
    yield f"|---|{'---|' * len(columns)}"
    counts = [sum(record.cell(n, c) not in ("", "–") for n in names) for c in columns]
    none = [sum(record.cell(n, c) == "–" for n in names) for c in columns]
    yield f"| checked | {' | '.join(map(str, counts))} |"
    yield f"| has none | {' | '.join(str(n) if n else '' for n in none)} |"
    for topic, group in grouped.items():
        yield ""
        yield f"## {topic}"
        yield ""
        yield f"| op | samples | {' | '.join(columns)} |"
        yield f"|---|---|{'---|' * len(columns)}"
        for name in group:
            cells = " | ".join(record.cell(name, c) for c in columns)
            yield f"| `{name}` | {record.samples[name]} | {cells} |"


def main() -> int:
    import pytest

    from tests import certificate

    code = pytest.main(["-q", "-p", "no:cacheprovider", *TESTS])
    if code == 0:
        PAGE.write_text(render(certificate.RECORD), encoding="utf-8")
    return int(code)


if __name__ == "__main__":
    sys.exit(main())
