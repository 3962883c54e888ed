"""``utils.benchmark.Timer`` counts seconds of the clock it is given."""

from __future__ import annotations

import pytest

import autotn as tn
from autotn.utils.benchmark import Compare, Measurement, TaskSpec, Timer


class Clock:
    """Each run of the statement lets it go on."""

    def __init__(self, steps: list[float]) -> None:
        self.now, self.steps, self.runs = 0.0, steps, 0

    def __call__(self) -> float:
        return self.now

    def work(self) -> None:
        self.now += self.steps[self.runs % len(self.steps)]
        self.runs += 1


def test_one_block() -> None:
    clock = Clock([0.5])
    found = Timer("work()", timer=clock, globals={"work": clock.work}, label="work").timeit(4)
    assert found.raw_times == [2.0]
    assert (found.number_per_run, found.mean, found.median) == (4, 0.5, 0.5)
    assert "Mean: 500.00 ms" in repr(found)
    assert "1 measurement, 4 runs" in repr(found)


def test_blocks_fill_the_time_asked_for() -> None:
    clock, heard = Clock([0.1]), []
    timer = Timer("work()", timer=clock, globals={"work": clock.work})
    found = timer.blocked_autorange(lambda number, taken: heard.append((number, taken)), 1.0)
    assert sum(found.raw_times) >= 1.0
    assert len(heard) == len(found.times)
    assert found.iqr == pytest.approx(0.0)
    assert "IQR" in repr(found)


def test_blocks_until_they_agree() -> None:
    clock = Clock([0.001])
    timer = Timer("work()", timer=clock, globals={"work": clock.work})
    assert timer.adaptive_autorange(min_run_time=0.01).median == pytest.approx(0.001)
    wild = Clock([0.5, 3.0])
    timer = Timer("work()", timer=wild, globals={"work": wild.work})
    assert sum(timer.adaptive_autorange(0.01, max_run_time=9.0).raw_times) >= 9.0


def test_threads_are_set_while_it_runs_and_put_back() -> None:
    before, seen = tn.get_num_threads(), []
    Timer("see()", globals={"see": lambda: seen.append(tn.get_num_threads())}).timeit(1)
    assert set(seen) <= {1, before}
    assert tn.get_num_threads() == before


def test_other_languages_are_refused() -> None:
    with pytest.raises(ValueError, match="Python's"):
        Timer(language="cpp")
    with pytest.raises(ValueError, match="setup"):
        Timer(global_setup="int x;")
    with pytest.raises(RuntimeError, match="Callgrind"):
        Timer().collect_callgrind()


def measured(times: list[float], **words: object) -> Measurement:
    return Measurement(1, times, TaskSpec("f(x)", "", **words))


def test_measurements_side_by_side() -> None:
    given = [
        measured([2e-6 * n * speed], label="scan", sub_label=f"n={n}", description=name)
        for n in (1, 10)
        for name, speed in (("old", 1.0), ("new", 0.5))
    ]
    assert str(Compare(given)).splitlines() == [
        "[---------- scan ----------]",
        "            |  old   |  new",
        "1 threads: -----------------",
        "      n=1   |   2.0  |   1.0",
        "      n=10  |  20.0  |  10.0",
        "",
        "Times are in microseconds (us).",
    ]


def test_blocks_of_the_same_task_are_one_measurement(capsys: pytest.CaptureFixture[str]) -> None:
    table = Compare([measured([1.0]), measured([3.0])])
    table.extend_results([measured([2.0])])
    table.print()
    assert "f(x)  |  2.0" in capsys.readouterr().out
    with pytest.raises(ValueError, match="expected Measurements, got float"):
        table.extend_results([1.0])


def test_a_table_shows_what_the_spread_allows() -> None:
    table = Compare([measured([1.0, 1.001, 1.002]), measured([2.0, 3.0, 4.0], description="b")])
    table.trim_significant_figures()
    table.highlight_warnings()
    table.colorize(rowwise=True)
    row = str(table).splitlines()[3]
    assert "1.00\x1b" in row
    assert "\x1b[31m(! 33%) 3\x1b[0m" in row
