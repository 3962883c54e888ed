"""What the film's page is made from: the same bytes each time, nothing that can break out of it, true proofs."""

from __future__ import annotations

import json
import re

import pytest

import autotn as tn
from autotn import nn
from autotn.viz.film.scene import scene_of


def training_step(values: str = "small"):
    tn.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    optimizer = tn.optim.SGD(model.parameters(), lr=0.1)

    def step(x, y):
        loss = ((model(x) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss

    return tn.graph(step, tn.randn(3, 2), tn.ones(3, 1), values=values)


def test_overlays_know_boxes_and_clusters_and_times_only_when_asked() -> None:
    g = training_step()
    scene = scene_of(g)
    overlays = {o["name"]: o for o in scene["overlays"]}
    assert "time" not in overlays
    assert scene["overlay"] == -1
    flops = overlays["flops"]
    assert len(flops["nodes"]) == len(scene["nodes"])
    labels = [c["label"] for c in scene["clusters"]]
    assert flops["clusters"][labels.index("0: Linear")][1] == "60 FLOP"
    assert flops["nodes"][[n["label"] for n in scene["nodes"]].index("weight")] == 0
    timed = scene_of(g, "time")
    assert timed["overlays"][timed["overlay"]]["name"] == "time"
    with pytest.raises(ValueError, match="color='taste'"):
        scene_of(g, "taste")


def test_saved_as_a_page_with_an_overlay_and_nothing_else(tmp_path) -> None:
    g = training_step()
    path = g.save(tmp_path / "film.html", color="grad_norm")
    assert path.read_text(encoding="utf-8") == tn.viz.to_html(g, color="grad_norm")
    with pytest.raises(ValueError, match="html"):
        g.save(tmp_path / "film.html", level="op")


def proofs(graph):
    steps = scene_of(graph)["steps"]
    return [step["proof"] for step in steps if "proof" in step]


def test_two_runs_give_the_same_bytes() -> None:
    assert tn.viz.to_html(training_step()) == tn.viz.to_html(training_step())


def test_the_page_needs_nothing_but_itself() -> None:
    page = tn.viz.to_html(training_step())
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page
    assert "<!--" not in page


def test_what_the_user_writes_cannot_end_the_script() -> None:
    def evil(x):
        return x * 2, "</script><script>alert(1)</script><!--SCRIPT-->"

    evil.__name__ = "</title><script>alert(1)</script>"
    page = tn.viz.to_html(tn.graph(evil, tn.ones(2)))
    assert "alert(1)</script>" not in page
    assert page.count("<script") == 2


def test_boxes_clusters_and_steps_of_a_training_step() -> None:
    scene = scene_of(training_step())
    assert [c["label"] for c in scene["clusters"]] == [
        "Sequential", "0: Linear", "1: Tanh", "2: Linear",
    ]  # fmt: skip
    kinds = [step["kind"] for step in scene["steps"]]
    assert kinds[:7] == ["forward"] * 6 + ["seed"]
    assert kinds.count("store") == 4
    labels = [scene["nodes"][step["node"]]["label"] for step in scene["steps"]]
    assert labels[:6] == ["linear", "tanh", "linear", "sub", "pow", "mean"]
    assert labels[7:10] == ["mean", "pow", "sub"]
    weight = next(v for v in scene["values"] if v.get("name") == "0.weight")
    assert dict(weight["update"])["optimizer"] == "SGD"
    sub = next(n for n in scene["nodes"] if n["label"] == "sub")
    assert sub["place"].startswith("test_film.py:")
    assert "model(x) - y" in sub["text"]


def test_several_backward_passes_stand_where_they_ran() -> None:
    def adversaries(x):
        (x * 2).sum().backward()
        (x * 3).sum().backward()

    scene = scene_of(tn.graph(adversaries, tn.ones(2, requires_grad=True)))
    kinds = "".join(step["kind"][0] for step in scene["steps"])
    assert kinds == "ffspps" * 2
    for k, step in enumerate(scene["steps"]):
        if step["kind"] == "forward":
            assert scene["nodes"][step["node"]]["step"] == k


def test_each_stay_in_a_module_is_a_box_of_its_own() -> None:
    layer = nn.Linear(2, 2)
    scene = scene_of(tn.graph(lambda x: layer(layer(x).tanh()), tn.ones(1, 2)))
    assert [c["label"] for c in scene["clusters"]] == ["Linear", "Linear, call 2"]
    assert sum(n["label"] == "weight" for n in scene["nodes"]) == 1


def test_blocks_of_one_structure_and_the_turns_of_a_loop_stand_in_one_cluster() -> None:
    blocks = nn.Sequential(*(nn.Sequential(nn.Linear(3, 3), nn.Tanh()) for _ in range(4)))
    cell = nn.RNNCell(3, 3)

    def run(x: tn.Tensor) -> tn.Tensor:
        for _ in range(5):
            x = cell(x * 2)
        return blocks(x)

    scene = scene_of(tn.graph(run, tn.ones(1, 3)))
    clusters = scene["clusters"]
    around = [k for k, c in enumerate(clusters) if any(d.get("of") == k for d in clusters)]
    line = run.__code__.co_firstlineno + 2
    assert [clusters[k]["label"] for k in around] == [f"× 5, line {line}", "0 … 3: Sequential × 4"]
    turns = [[c["label"] for c in clusters if c.get("of") == k] for k in around]
    assert turns[0] == [f"turn {k} of 5" for k in range(1, 6)]
    assert turns[1] == [f"{k}: Sequential" for k in range(4)]
    # What all turns read stands beside them, what one reads inside.
    places = {n["label"]: n["c"] for n in scene["nodes"] if n["kind"] == "parameter"}
    assert places["cell.weight_ih"] == around[0]
    assert clusters[places["weight"]]["label"] == "0: Linear"


def test_two_of_a_kind_are_no_repetition() -> None:
    model = nn.Sequential(
        *(nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3)) for _ in range(2))
    )
    scene = scene_of(tn.graph(model, tn.ones(1, 3)))
    assert not any("of" in c for c in scene["clusters"])


def test_finite_differences_prove_every_step() -> None:
    found = proofs(training_step())
    assert len(found) == 6
    assert all(c["verdict"] == "agree" for proof in found for c in proof["checks"])


def test_a_wrong_rule_does_not_pass() -> None:
    g = training_step()
    step = next(s for s in g.steps if s.kind == "pull" and g.calls[s.call].op == "tanh")
    step.flows[0].product.data[0][0] += 0.5
    verdicts = [c["verdict"] for proof in proofs(g) for c in proof.get("checks", [])]
    assert verdicts.count("differ") == 1


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda x: nn.functional.dropout(x, 0.5).sum(), "was not kept"),
        (lambda x: (x.repeat(100) * 2).sum(), 'values="all"'),
    ],
)
def test_where_there_is_no_proof_it_says_why(function, reason) -> None:
    def run(x):
        function(x).backward()

    tn.manual_seed(0)
    found = proofs(tn.graph(run, tn.ones(9, requires_grad=True)))
    assert any(re.search(reason, proof.get("reason", "")) for proof in found)


def test_a_kink_is_called_one() -> None:
    def run(x):
        x.relu().sum().backward()

    found = proofs(tn.graph(run, tn.tensor([0.0, 1.0], requires_grad=True)))
    assert [c["verdict"] for c in found[1]["checks"]] == ["kink"]


def test_elements_are_shown_as_they_are_even_if_not_finite() -> None:
    g = tn.graph(lambda x: x.log(), tn.tensor([0.0, -1.0, 1.0]))
    text = json.dumps(scene_of(g), allow_nan=False)
    assert '["\\u2212inf", "nan", 0.0]' in text


def chain(calls: int, values: str = "small"):
    def run(x):
        for _ in range(calls):
            x = x + 1.0
        return x

    return tn.graph(run, tn.ones(1), values=values)


def test_a_crowd_is_put_into_groups() -> None:
    scene = scene_of(chain(3500))
    inside = [
        sum(c["up"] == k for c in scene["clusters"]) for k in range(-1, len(scene["clusters"]))
    ]
    assert max(inside) <= 80
    assert all(c["up"] < k for k, c in enumerate(scene["clusters"]))
    assert any("figures" in note for note in scene["notes"])


def test_a_very_long_run_is_cut_in_the_middle_and_says_so(monkeypatch) -> None:
    monkeypatch.setattr("autotn.viz.film.scene.MOST", 200)
    scene = scene_of(chain(1000, values="none"))
    assert len(scene["steps"]) == 200
    assert any("1,000 calls" in note for note in scene["notes"])


def odd_graphs():
    x = tn.ones(3, requires_grad=True)
    used = (x * x).sum()
    used.backward()
    yield "empty", tn.graph(lambda: None)
    yield "one tensor", tn.graph(lambda: tn.ones(2))
    yield "constants only", tn.graph(lambda: tn.ones(2) + tn.ones(2))
    yield "several outputs", tn.graph(lambda x: (x * 2, x.sum(), x), tn.ones(2))
    yield "in place", tn.graph(lambda x: (x * 2).add_(1).mul_(3), tn.ones(2))
    yield "failed", tn.graph(lambda x: (x * 2) + tn.ones(5), tn.ones(3))
    yield "freed", tn.graph(used)


@pytest.mark.parametrize(("name", "graph"), list(odd_graphs()))
def test_odd_graphs_have_a_film_too(name, graph) -> None:
    scene = scene_of(graph)
    for node in scene["nodes"]:
        assert -1 <= node["c"] < len(scene["clusters"])
    for start, end, value, _ in scene["edges"]:
        assert 0 <= start < len(scene["nodes"])
        assert 0 <= end < len(scene["nodes"])
        assert 0 <= value < len(scene["values"])
    assert tn.viz.to_html(graph).startswith("<!DOCTYPE html>")
    if name == "failed":
        assert any("stopped" in note for note in scene["notes"])


def test_the_frame_for_notebooks_is_shut_off() -> None:
    frame = training_step()._repr_html_()
    assert frame == tn.viz.to_frame(training_step())
    assert frame.startswith("<iframe")
    assert 'sandbox="allow-scripts"' in frame
    assert frame.count("<") == 2


def test_notebooks_show_the_picture_of_a_long_run_not_its_film() -> None:
    assert chain(1001, values="none")._repr_html_() is None
