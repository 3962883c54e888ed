"""`tn.profile`: what it counts, where it puts it, and that it leaves no trace when off."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.core import modes
from autotn.errors import ShapeError


def network() -> nn.Module:
    return nn.Sequential(nn.Linear(6, 4), nn.Sequential(nn.Tanh(), nn.Linear(4, 2)), nn.ReLU())


def step(model: nn.Module, batch: int = 5) -> None:
    model(tn.ones(batch, 6)).sum().backward()


def named(rows):
    return {row.name.strip(): row for row in rows}


def test_ops_are_counted_with_forward_and_backward_apart() -> None:
    with tn.profile(show=False) as p:
        step(network())
    ops = named(p.by_op())
    assert {name: row.calls for name, row in ops.items()} == dict(linear=2, tanh=1, relu=1, sum=1)
    assert all(row.forward > 0 and row.backward > 0 for row in ops.values())
    assert [e.phase for e in p.events] == ["forward"] * 5 + ["backward"] * 5
    assert ops["tanh"].forward_bytes == ops["tanh"].backward_bytes == 5 * 4 * 4


def test_modules_include_what_is_inside_and_count_their_calls() -> None:
    model = network()
    with tn.profile(show=False) as p:
        step(model)
        step(model)
    rows = p.by_module()
    names = [row.name for row in rows]
    assert names == [
        "Sequential",
        "  0: Linear",
        "  1: Sequential",
        "    0: Tanh",
        "    1: Linear",
        "  2: ReLU",
    ]
    assert [row.calls for row in rows] == [2] * 6
    by_name = dict(zip(names, rows, strict=True))
    inside = by_name["    0: Tanh"].total + by_name["    1: Linear"].total
    assert by_name["  1: Sequential"].total == pytest.approx(inside)


def test_lines_are_the_users() -> None:
    x = tn.ones(3, requires_grad=True)
    with tn.profile(show=False) as p:
        y = x * 2
        z = (y * x).sum()
        z.backward()
    names = named(p.by_line())
    assert any("y = x * 2" in name for name in names)
    both = next(row for name, row in names.items() if "z = (y * x).sum()" in name)
    assert both.calls == 2
    assert both.backward > 0
    assert all(name.startswith("test_profile.py:") for name in names)


def test_optimizers_are_a_part_of_their_own() -> None:
    model = network()
    optimizer = tn.optim.Adam(model.parameters())
    with tn.profile(show=False) as p:
        for _ in range(2):
            step(model)
            optimizer.step()
    row = named(p.by_op())["Adam.step"]
    assert row.calls == 2
    assert row.optimizer > 0
    assert row.forward == row.backward == 0
    assert "optimizer" in str(p)
    assert any(line.optimizer and "optimizer.step()" in line.name for line in p.by_line())
    with tn.profile(show=False) as p:
        step(model)
    assert "optimizer" not in str(p)


def test_views_allocate_nothing_and_the_peak_is_what_was_alive_together() -> None:
    with tn.profile(show=False) as p:
        for _ in range(3):
            a = tn.zeros(100) + 1.0
            a.reshape(10, 10)
            del a
    ops = named(p.by_op())
    assert ops["reshape"].forward_bytes == 0
    assert ops["add"].forward_bytes == 3 * 400
    assert p.peak_bytes == 400


def test_the_report_is_printed_at_the_end_and_not_after_an_error(capsys) -> None:
    with tn.profile():
        step(network())
    printed = capsys.readouterr().out
    for word in ("forward", "backward", "linear", "Tanh", "test_profile.py", "outside of ops"):
        assert word in printed
    with pytest.raises(ZeroDivisionError), tn.profile():
        raise ZeroDivisionError
    assert capsys.readouterr().out == ""
    with tn.profile(show=False) as p:
        pass
    assert "no op" in str(p)


def test_an_op_that_raised_does_not_disturb_the_rest() -> None:
    x = tn.ones(3)
    with tn.profile(show=False) as p:
        with pytest.raises(ShapeError):
            x * tn.ones(4)
        x + x
    assert [e.op for e in p.events] == ["add"]


def test_each_thread_that_enters_is_heard_and_no_other() -> None:
    p = tn.profile(show=False)
    x = tn.ones(3)

    def listen() -> None:
        with p:
            x * 2

    def stay_out() -> None:
        x - 2

    with p:
        x + 1
        with pytest.raises(RuntimeError, match="already"):
            p.__enter__()
        threads = [threading.Thread(target=f) for f in (listen, listen, stay_out)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(e.op for e in p.events) == ["add", "mul", "mul"]


def test_second_derivatives_are_not_counted_twice() -> None:
    x = tn.tensor(2.0, requires_grad=True)
    with tn.profile(show=False) as p:
        (g,) = tn.autograd.grad(x**3, x, create_graph=True)
        g.backward()
    assert x.grad == 12.0
    for event in p.events:
        assert 0 <= event.own <= event.duration


def test_the_trace_is_read_by_browsers_and_spans_nest(tmp_path) -> None:
    with tn.profile(show=False) as p:
        step(network())
    path = p.export_chrome_trace(tmp_path / "trace.json")
    events = json.loads(path.read_text())["traceEvents"]
    spans = [e for e in events if e["ph"] == "X"]
    assert {"linear", "linear (backward)", "Sequential", "1", "1.0"} <= {e["name"] for e in spans}
    times = [(round(e["ts"] * 1000), round((e["ts"] + e["dur"]) * 1000)) for e in spans]
    for start, end in times:
        for other_start, other_end in times:
            apart = end <= other_start or other_end <= start
            inside = other_start <= start and end <= other_end
            around = start <= other_start and other_end <= end
            assert apart or inside or around


def test_a_graph_takes_the_times_of_many_runs() -> None:
    model = network()
    g = tn.graph(step, model)
    with tn.profile(show=False) as p:
        for _ in range(3):
            step(model)
    for call in p.annotate(g).calls:
        assert call.seconds > 0
        assert call.backward_seconds > 0
    times = [e.own for e in p.events if e.op == "tanh" and e.phase == "forward"]
    tanh = next(c for c in g.calls if c.op == "tanh")
    assert tanh.seconds == pytest.approx(sum(times) / 3e9)
    with tn.profile(show=False) as nothing:
        pass
    assert all(c.seconds == 0 for c in nothing.annotate(g).calls)


def test_nothing_listens_when_it_is_off_and_numbers_are_the_same_when_on() -> None:
    x = tn.randn(4, 4, requires_grad=True)
    (x @ x).sum().backward()
    plain, x.grad = x.grad.numpy().copy(), None
    with tn.profile(show=False):
        (x @ x).sum().backward()
    assert np.array_equal(plain, x.grad.numpy())
    assert modes.HOT["SPECIAL"] == 0
    assert modes.state.recorder is None


def test_pytorchs_words_for_it(tmp_path) -> None:
    x = tn.ones(3, requires_grad=True)
    handler = tn.profiler.tensorboard_trace_handler(str(tmp_path / "traces"), use_gzip=True)
    with tn.profiler.profile(record_shapes=True, on_trace_ready=handler) as p:
        with tn.profiler.record_function("step"):
            (x * x).sum().backward()
        p.step()
    averages = p.key_averages()
    assert {one.key: one.count for one in averages} == {
        "mul": 1, "sum": 1, "sum_backward": 1, "mul_backward": 1, "step": 1,
    }  # fmt: skip
    lines = averages.table(sort_by="cpu_time_total", row_limit=2).splitlines()
    assert lines[0].split()[0] == "Name"
    assert len(lines) == 4
    assert lines[-1].startswith("Self CPU time total")
    times = [one.self_cpu_time_total for one in averages]
    dearest = max(averages, key=lambda one: one.cpu_time_total)
    assert lines[1].startswith(dearest.key)
    assert averages.total_average().self_cpu_time_total == pytest.approx(sum(times))
    with pytest.raises(ValueError, match="taste"):
        averages.table(sort_by="taste")
    assert [path.suffix for path in (tmp_path / "traces").iterdir()] == [".gz"]


def test_a_region_has_its_time_without_the_ops_in_it() -> None:
    x = tn.ones(3)

    @tn.profiler.record_function("inner")
    def inner() -> None:
        x.exp()

    with tn.profiler.profile() as p:
        with tn.profiler.record_function("outer"):
            inner()
            inner()
        x.log()
    found = {one.key: one for one in p.key_averages()}
    assert {key: one.count for key, one in found.items()} == {
        "exp": 2, "log": 1, "inner": 2, "outer": 1,
    }  # fmt: skip
    inner_time, outer = found["inner"], found["outer"]
    assert inner_time.cpu_time_total >= found["exp"].cpu_time_total
    assert outer.cpu_time_total >= inner_time.cpu_time_total
    assert outer.self_cpu_time_total <= outer.cpu_time_total - inner_time.cpu_time_total + 1e-6
    assert [row.name for row in p.profiler.by_op() if row.name in ("inner", "outer")] == []
    names = [event["name"] for event in p.profiler._trace() if event["ph"] == "X"]
    assert sorted(names) == ["exp", "exp", "inner", "inner", "log", "outer"]


def test_a_region_that_nobody_hears_costs_nothing_and_says_nothing() -> None:
    with tn.profiler.record_function("alone"), tn.profiler.profile() as p:
        tn.ones(1).exp()
    assert [one.key for one in p.key_averages()] == ["exp"]
