"""Captured graphs and their drawings."""

from __future__ import annotations

import pytest

import autotn as tn
from autotn import nn


def network() -> nn.Module:
    tn.manual_seed(0)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(6, 4), nn.Tanh(), nn.Sequential(nn.Linear(4, 2), nn.ReLU())
    )


def test_the_graph_names_ops_modules_parameters_and_lines() -> None:
    g = tn.graph(network(), tn.ones(5, 2, 3))
    assert [c.op for c in g.calls] == ["reshape", "linear", "tanh", "linear", "relu"]
    assert [c.path for c in g.calls] == ["0", "1", "2", "3.0", "3.1"]
    names = [v.name for v in g.of_kind("parameter")]
    assert names == ["1.weight", "1.bias", "3.0.weight", "3.0.bias"]
    assert g.outputs[0].shape == (5, 2)
    assert g.calls[1].text == "g = tn.graph(network(), tn.ones(5, 2, 3))"


def test_two_runs_give_the_same_bytes() -> None:
    first, second = (tn.graph(network(), tn.ones(5, 2, 3)) for _ in range(2))
    assert tn.viz.to_dot(first) == tn.viz.to_dot(second)
    assert first.to_json() == second.to_json()


def test_a_tensor_a_system_and_what_is_neither() -> None:
    w = tn.tensor(2.0, requires_grad=True)
    assert [c.op for c in tn.graph(w * 3).calls] == ["mul"]
    assert [c.op for c in tn.graph([w * 3, w.exp()]).calls] == ["mul", "exp"]
    x = tn.Input((2, 3))()
    system = tn.System([x], [tn.Dense((4,), activation=tn.Tanh())(x)])
    g = tn.graph(system)
    assert g.outputs[0].shape == (1, 4)
    assert system.training
    with pytest.raises(TypeError, match="expected a module"):
        tn.graph(3)
    with pytest.raises(TypeError, match="no further arguments"):
        tn.graph(w * 3, w)


def test_a_run_that_fails_shows_how_far_it_came() -> None:
    g = tn.graph(lambda x: (x * 2) @ tn.ones(5), tn.ones(3))
    assert [c.op for c in g.calls] == ["mul", "matmul"]
    assert "matmul" in g.failure
    assert "failure" in tn.viz.to_dot(g)


def test_files_by_suffix(tmp_path) -> None:
    g = tn.graph(network(), tn.ones(5, 2, 3))
    for name in ("net.dot", "net.mmd", "net.graphml", "net.json", "net.txt"):
        assert g.save(tmp_path / name).read_text(encoding="utf-8")
    with pytest.raises(ValueError, match="whole graph"):
        g.save(tmp_path / "net.json", level="op")
    with pytest.raises(ValueError, match="suffixes"):
        tn.viz.save(g, tmp_path / "net.doc")


def test_svg_by_an_installed_layout_program(tmp_path) -> None:
    graph = tn.graph(network(), tn.ones(5, 2, 3))
    path = tn.viz.save(graph, tmp_path / "net.svg", level="module")
    assert "<svg" in path.read_text(encoding="utf-8")
    assert path.read_bytes() == tn.viz.render(graph, "svg", "module")


def test_without_a_layout_program_the_error_says_what_to_install(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    with pytest.raises(RuntimeError, match="graphviz-pure"):
        tn.viz.save(tn.graph(network(), tn.ones(5, 2, 3)), tmp_path / "net.svg")


def test_nothing_is_recorded_when_nobody_listens() -> None:
    from autotn.core.modes import HOT

    tn.graph(network(), tn.ones(5, 2, 3))
    assert HOT["SPECIAL"] == 0
