"""The benchmarks: both libraries do the same work, and the table says what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import autotn as tn
from benchmarks import report
from benchmarks.compare import Result, disagreement, geometric_mean
from benchmarks.row import Case, Row, all_rows


def a_row(**changes: Any) -> Row:
    given: dict[str, Any] = {
        "key": "some-row",
        "title": "some row",
        "build": lambda library: Case(step=lambda: None),
        "goal": 0.5,
        "training": True,
        "beside": (),
        "tolerance": 1e-4,
    }
    return Row(**(given | changes))


@pytest.mark.parametrize("row", all_rows().values(), ids=all_rows().keys())
def test_both_libraries_compute_the_same(row: Row, torch: Any) -> None:
    numbers = {"autotn": row.build(tn).numbers(), "torch": row.build(torch).numbers()}
    assert disagreement(row, numbers) is None


def test_a_disagreement_names_step_and_values() -> None:
    numbers = {"autotn": [1.0, 2.0], "torch": [1.0, 2.1]}
    assert disagreement(a_row(), numbers) == "losses differ at step 1: autotn 2.0, torch 2.1"
    assert disagreement(a_row(tolerance=0.1), numbers) is None
    assert disagreement(a_row(), {"autotn": [1.0], "torch": []}) is not None


def test_ratios_are_taken_within_a_round() -> None:
    result = Result(a_row(), {"autotn": [1.0, 4.0], "torch": [2.0, 4.0]})
    assert result.ratios("autotn", "torch") == [0.5, 1.0]
    assert result.as_json("autotn", "torch")["ratio"] == {"median": 0.75, "worst": 1.0}


def test_the_mean_is_over_training_rows_only() -> None:
    results = [
        Result(a_row(training=training), {"autotn": [seconds], "torch": [1.0]})
        for seconds, training in [(0.25, True), (1.0, True), (9.0, False)]
    ]
    assert geometric_mean(results, "autotn", "torch") == pytest.approx(0.5)
    assert geometric_mean(results[2:], "autotn", "torch") is None


def test_the_table_shows_times_ratios_and_missed_goals() -> None:
    slow = Result(a_row(), {"autotn": [3e-6], "torch": [4e-6]})
    alone = Result(a_row(title="alone", goal=None), {"autotn": [2.0]})
    broken = Result(a_row(title="broken"), problem="torch: TypeError: no")
    slow.memory = {"autotn": 30_000_000, "torch": 40_000_000}
    cells = ["some row", "3.00 µs", "4.00 µs", "0.75", "0.75", "0.50 missed", "30 / 40 MB"]
    assert report.cells(slow, ["autotn"], "torch") == cells
    assert report.cells(alone, ["autotn"], "torch") == ["alone", "2.00 s", "–", "–", "–", "–", "–"]
    table = report.text([slow, alone, broken], ["autotn"], "torch")
    assert "broken: not timed. torch: TypeError: no" in table


def test_the_extra_has_a_column_and_a_goal_of_its_own() -> None:
    times = {"autotn": [1.3], "autotn[fast]": [0.9], "torch": [1.0]}
    result = Result(a_row(goal=1.5, goal_fast=0.8), times)
    assert report.cells(result, ["autotn", "autotn[fast]"], "torch")[4:8] == [
        *("1.30", "0.90", "1.30", "1.50 / 0.80 missed")
    ]


def test_what_holds_a_row_back_is_said_where_it_is_behind() -> None:
    row = a_row(slow_because="it has more to do")
    for seconds, said in ((2.0, True), (0.5, False)):
        result = Result(row, {"autotn": [seconds], "torch": [1.0]})
        notes = report.notes([result], ["autotn"], "torch")
        assert ("some row: slower because it has more to do" in notes) is said


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (2e-9, "2 ns"), (1.234e-6, "1.23 µs"), (0.1234, "123 ms"), (12.0, "12.0 s")],
)
def test_durations_have_three_digits_and_a_unit(seconds: float | None, text: str) -> None:
    assert report.duration(seconds) == text


def test_a_page_gets_the_table_between_its_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.write_into(page, "new")
    assert page.read_text() == f"before\n{report.BEGIN}\nnew\n{report.END}\nafter\n"
    page.write_text("no markers")
    with pytest.raises(SystemExit, match="no place for the table"):
        report.write_into(page, "new")
