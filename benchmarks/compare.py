"""Rounds of one row through several libraries, and what they add up to."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from benchmarks.peer import Peer, RowError
from benchmarks.row import Row


@dataclass
class Result:
    """The times of one row: seconds per unit, one entry a round, by label; and its memory.

    ``memory`` is what the process needed at its peak beyond the imported library, in bytes.
    """

    row: Row
    times: dict[str, list[float]] = field(default_factory=dict)
    memory: dict[str, int] = field(default_factory=dict)
    problem: str | None = None

    def best(self, library: str) -> float | None:
        return min(self.times[library]) if self.times.get(library) else None

    def ratios(self, subject: str, reference: str) -> list[float]:
        """Subject's time over the reference's, within each round."""
        pairs = zip(self.times.get(subject, ()), self.times.get(reference, ()))
        return [mine / theirs for mine, theirs in pairs]

    def as_json(self, subject: str, reference: str) -> dict[str, Any]:
        ratios = self.ratios(subject, reference)
        return {
            "row": self.row.key,
            "title": self.row.title,
            "goal": self.row.goal_of(subject),
            "seconds": self.times,
            "peak_bytes": self.memory,
            "ratio": {"median": statistics.median(ratios), "worst": max(ratios)}
            if ratios
            else None,
            "problem": self.problem,
        }


def disagreement(row: Row, numbers: dict[str, list[float]]) -> str | None:
    """Say where two libraries computed different things, or None."""
    (first, ours), *others = numbers.items()
    for name, theirs in others:
        if len(ours) != len(theirs):
            return f"{first} gives {len(ours)} losses, {name} {len(theirs)}"
        for step, (a, b) in enumerate(zip(ours, theirs)):
            if not math.isclose(a, b, rel_tol=row.tolerance, abs_tol=1e-6):
                return f"losses differ at step {step}: {first} {a!r}, {name} {b!r}"
    return None


def run(row: Row, libraries: dict[str, str], mode: str, rounds: int, seconds: float) -> Result:
    """Check that the libraries agree, then time them in turn, the order changing every round.

    Every row begins in processes of its own, as a user's script does: what an earlier row left in
    the allocator was seen to change the time of a step by a factor of two.
    """
    result = Result(row)
    with ExitStack() as stack:
        try:
            peers = [
                stack.enter_context(Peer(library, mode, label))
                for label, library in libraries.items()
            ]
            judged = [peer for peer in peers if peer.label not in row.beside]
            result.problem = disagreement(row, {p.label: p.numbers(row.key) for p in judged})
            result.memory = {p.label: p.peak for p in judged if p.peak is not None}
            if result.problem is None:
                result.times = {peer.label: [] for peer in peers}
                for turn in range(rounds):
                    for peer in peers if turn % 2 == 0 else reversed(peers):
                        result.times[peer.label].append(peer.time(row.key, seconds))
        except RowError as error:
            result.problem = str(error)
            result.times = {}
    return result


def geometric_mean(results: Sequence[Result], subject: str, reference: str) -> float | None:
    """Mean of the training rows' median ratios; None where there are none."""
    ratios = [r.ratios(subject, reference) for r in results if r.row.training]
    medians = [statistics.median(ratio) for ratio in ratios if ratio]
    return statistics.geometric_mean(medians) if medians else None
