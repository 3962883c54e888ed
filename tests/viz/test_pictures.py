"""What pictures show: levels, folding, overlays, odd graphs. DOT and JSON are compared with golden files."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import autotn as tn
from autotn import nn
from autotn.ir.names import place_of
from autotn.viz.blocks import LEVELS, Sketch, sketch
from autotn.viz.overlays import OVERLAYS, ink_on, scale
from tests.viz.programs import Block, exact_step, loop_graph

GOLDEN = Path(__file__).parent / "golden"


def heads(drawn: Sketch) -> list[str]:
    return [box.lines[0] for box in drawn.boxes]


def named(drawn: Sketch, head: str):
    return next(b for b in drawn.boxes if b.lines[0] == head)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("step_op.dot", lambda: exact_step().to_dot("op")),
        ("step_module.dot", lambda: exact_step().to_dot("module")),
        ("step_both.dot", lambda: exact_step().to_dot("both")),
        ("step_flops.dot", lambda: exact_step().to_dot("op", color="flops")),
        ("loop.dot", lambda: loop_graph().to_dot()),
        ("step.json", lambda: exact_step().to_json()),
        ("step.txt", lambda: str(exact_step())),
        ("step.mmd", lambda: exact_step().to_mermaid()),
    ],
)
def test_golden(name, make, monkeypatch) -> None:
    monkeypatch.chdir(GOLDEN.parents[2])  # files are named as seen from the current folder
    place_of.cache_clear()
    text = make()
    path = GOLDEN / name
    assert text == make()
    assert text.strip() == path.read_text(encoding="utf-8").strip()


def test_ops_stand_in_the_frames_of_their_modules() -> None:
    drawn = sketch(exact_step(), "op")
    assert "linear" in heads(drawn)
    assert "loss = mean" in heads(drawn)
    assert "pow(·, 2)" in heads(drawn)
    assert named(drawn, "weight").cluster == named(drawn, "linear").cluster
    frame = drawn.clusters[named(drawn, "linear").cluster]
    assert frame.label == "1: Linear"
    assert drawn.clusters[frame.parent].label == "Sequential"
    assert named(drawn, "relu").lines == ["relu", "2: ReLU"]


def test_modules_are_boxes_with_their_parameters_counted() -> None:
    drawn = sketch(exact_step(), "module")
    assert named(drawn, "1: Linear").lines == ["1: Linear", "10 parameters"]
    assert "weight" not in heads(drawn)
    assert "loss = mean" in heads(drawn)


def test_a_system_is_its_parts() -> None:
    x = tn.Input((2, 3))()
    hidden = tn.Dense((4,), activation=tn.Tanh())(x)
    system = tn.System([x], [tn.Dense((5,))(hidden)])
    drawn = sketch(tn.graph(system), "system")
    assert [b.kind for b in drawn.boxes] == ["module", "module", "input", "output"]


def test_depth_closes_modules() -> None:
    model = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2), nn.Tanh())))
    g = tn.graph(model, tn.ones(1, 2))
    assert heads(sketch(g, "op", depth=1))[0] == "0: Sequential"
    assert "1: Sequential" in heads(sketch(g, "op", depth=2))


def test_blocks_of_one_structure_are_drawn_once() -> None:
    model = nn.Sequential(*(Block(3) for _ in range(12)), nn.Linear(3, 1))
    g = tn.graph(model, tn.ones(1, 3))
    drawn = sketch(g, "module")
    frames = [c.label for c in drawn.clusters.values()]
    assert frames == ["Sequential", "0 … 11: Block × 12"]
    assert sum("inner" in h for h in heads(drawn)) == 1
    assert [a.style for a in drawn.arrows].count("loop") == 2
    assert len(sketch(g, "module", unroll=True).boxes) > 12 * 3
    assert heads(sketch(g, "module", depth=1))[0] == "0 … 11: Block × 12"


def test_blocks_that_differ_are_not() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 3), nn.Linear(3, 3))
    assert not any("×" in h for h in heads(sketch(tn.graph(model, tn.ones(1, 3)), "module")))


def test_a_recurrence_rolls_up_into_one_step() -> None:
    g = loop_graph()
    drawn = sketch(g)
    assert [c.label for c in drawn.clusters.values()] == [f"× 20, line {g.calls[0].line}"]
    assert heads(drawn) == [
        *("getitem", "matmul", "matmul", "add", "h = tanh", "x", "w", "h", "u", "output h"),
    ]
    loops = [a for a in drawn.arrows if a.style == "loop"]
    assert [(a.start, a.end) for a in loops] == [(named(drawn, "h = tanh").key, "c2")]
    assert len([b for b in sketch(g, unroll=True).boxes if b.kind == "op"]) == 80


def test_loops_in_loops_fold_too() -> None:
    def nested(x):
        for _ in range(4):
            for _ in range(5):
                x = tn.sin(x) * 2.0
            x = tn.exp(x)
        return x

    drawn = sketch(tn.graph(nested, tn.ones(2)))
    labels = [re.sub(r", line \d+", "", c.label) for c in drawn.clusters.values()]
    assert labels == ["× 4", "× 5"]
    assert len(drawn.boxes) == 5


def test_a_very_long_chain_is_rolled_and_says_so() -> None:
    def chain(x):
        for _ in range(10_000):
            x = x + 1.0
        return x

    drawn = sketch(tn.graph(chain, tn.tensor(0.0)))
    assert heads(drawn) == ["add(·, 1) × 10,000", "x", "output x"]


def test_what_does_not_fold_is_cut_to_size_and_says_so() -> None:
    def irregular(x):
        for k in range(1500):
            x = [tn.sin, tn.cos, tn.exp][(k * k // 7 + k // 5) % 3](x)
        return x

    drawn = sketch(tn.graph(irregular, tn.tensor(0.1)), max_nodes=100)
    assert len(drawn.boxes) <= 110
    assert any(b.kind == "elision" for b in drawn.boxes)
    assert "max_nodes" in drawn.notes[0]


def test_deep_modules_are_closed_until_the_picture_is_readable() -> None:
    widths = range(3, 63)
    model = nn.Sequential(
        *(nn.Sequential(nn.Linear(3, w), nn.Tanh(), nn.Linear(w, 3), nn.ReLU()) for w in widths)
    )
    drawn = sketch(tn.graph(model, tn.ones(1, 3)), "op", max_nodes=100)
    assert 50 <= len(drawn.boxes) <= 100
    assert "deeper than 1" in drawn.notes[0]


def test_shared_weights_are_one_box_with_several_arrows() -> None:
    layer = nn.Linear(3, 3)
    drawn = sketch(tn.graph(lambda x: layer(tn.tanh(layer(x))), tn.ones(1, 3)), "op")
    weights = [b for b in drawn.boxes if b.kind == "parameter"]
    assert len(weights) == 2
    assert [a.start for a in drawn.arrows].count(weights[0].key) == 2


def test_a_value_used_twice_by_one_op_has_two_arrows() -> None:
    drawn = sketch(tn.graph(lambda x: x * x, tn.ones(3)))
    assert [(a.start, a.end) for a in drawn.arrows].count(("v0", "c0")) == 2


def test_dtypes_that_are_not_the_usual_one_are_named() -> None:
    drawn = sketch(tn.graph(lambda x, k: (x * 2)[k], tn.ones(3), tn.tensor([0, 2])), "op")
    assert named(drawn, "k").lines[1] == "2 int64"
    assert named(drawn, "x").lines[1] == "3"


def test_plumbing_is_small_or_left_out() -> None:
    g = tn.graph(lambda x: (x.reshape(6).sin()).reshape(3, 2).cos(), tn.ones(2, 3))
    assert [b.kind for b in sketch(g).boxes].count("plumbing") == 2
    drawn = sketch(g, plumbing=False)
    assert [b.kind for b in drawn.boxes].count("plumbing") == 0
    assert [(a.start, a.end) for a in drawn.arrows] == [("v0", "c1"), ("c1", "c3"), ("c3", "out0")]


def test_backward_runs_from_the_output_to_the_leaves() -> None:
    drawn = sketch(exact_step(), "backward")
    assert named(drawn, "∂ mean").lines == ["∂ mean", "|g| = 1"]
    arrows = {(a.start, a.end) for a in drawn.arrows}
    assert ("out0", named(drawn, "∂ mean").key) in arrows
    weight = named(drawn, "weight")
    assert weight.lines[-1].startswith("|grad| =")
    assert any(end == weight.key for _, end in arrows)
    assert "x" not in heads(drawn)


def test_both_puts_backward_beside_forward() -> None:
    drawn = sketch(exact_step(), "both")
    styles = {a.style for a in drawn.arrows}
    assert {"", "gradient", "kept"} <= styles
    assert named(drawn, "relu").cluster == named(drawn, "∂ relu").cluster


def test_both_without_plumbing() -> None:
    w = tn.ones(2, 3, requires_grad=True)
    g = tn.graph(lambda w: w.reshape(6).sin().reshape(3, 2).sum().backward(), w)
    drawn = sketch(g, "both", plumbing=False)
    assert "∂ sin" in heads(drawn)
    assert not any("reshape" in h for h in heads(drawn))
    keys = {b.key for b in drawn.boxes}
    assert all(a.start in keys and a.end in keys for a in drawn.arrows)


def test_hidden_plumbing_leads_loops_on_as_loops_and_gradients_as_gradients() -> None:
    def program(x, w):
        for _ in range(6):
            x = tn.tanh(x.T @ w).T
        loss = x.sum()
        loss.backward()
        return loss

    g = tn.graph(program, tn.ones(3, 3), tn.ones(3, 3, requires_grad=True))
    drawn = sketch(g, "both", plumbing=False)
    kinds = {b.key: b.kind for b in drawn.boxes}
    assert "plumbing" not in kinds.values()
    loops = [(a.start, a.end) for a in drawn.arrows if a.style == "loop"]
    assert loops == [(named(drawn, "tanh").key, named(drawn, "matmul").key)]
    assert [a.style for a in drawn.arrows].count("gradient loop") == 1
    for a in drawn.arrows:
        if "gradient" in a.style:
            assert kinds[a.start] == "gradient"


def test_nothing_to_differentiate_is_said() -> None:
    assert heads(sketch(tn.graph(lambda x: x * 2, tn.ones(3)), "backward"))[0] == (
        "nothing here requires a gradient"
    )


def test_scalars_show_data_and_gradient() -> None:
    def program(a, b):
        d = a * b
        e = d + b
        e.backward()
        return e

    one = tn.tensor(2.0, requires_grad=True), tn.tensor(-3.0, requires_grad=True)
    drawn = sketch(tn.graph(program, *one), "scalar")
    assert named(drawn, "b").lines == ["b", "data -3", "grad 3"]
    assert [b.lines[0] for b in drawn.boxes if b.kind == "op"] == ["×", "+"]
    with pytest.raises(ValueError, match="max_nodes"):
        sketch(loop_graph(), "scalar", max_nodes=10)


def test_what_backward_recorded_is_dashed() -> None:
    def program(w):
        (g,) = tn.autograd.grad(w**3, w, create_graph=True)
        return g * g

    g = tn.graph(program, tn.tensor(2.0, requires_grad=True))
    drawn = sketch(g, "op")
    assert [b.dashed for b in drawn.boxes if b.kind == "op"] == [False, True, True, True, False]
    assert "filled,dashed" in g.to_dot("op")
    numbers = [b for b in sketch(g, "scalar").boxes if b.lines == ["data 3"]]
    assert len(numbers) == 2  # the exponent, and the factor of the derivative


def test_a_failed_run_is_red_where_it_failed_and_grey_beyond() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 4))
    drawn = sketch(tn.graph(model, tn.ones(1, 3)), "module")
    assert named(drawn, "1: Linear").kind == "failure"
    assert [b.lines[0] for b in drawn.boxes if b.kind == "unreached"] == ["2: ReLU", "3: Linear"]
    assert any("linear" in line for b in drawn.boxes if b.kind == "message" for line in b.lines)


def test_a_cut_history_is_drawn_as_cut() -> None:
    g = tn.graph(lambda x: (x * 2).detach() * x, tn.ones(2, requires_grad=True))
    assert [a.style for a in sketch(g).arrows].count("cut") == 1


def test_calls_that_lead_nowhere_are_left_out_and_counted() -> None:
    def program(x):
        _ = tn.exp(x)
        return x * 2

    drawn = sketch(tn.graph(program, tn.ones(2)))
    assert "exp" not in " ".join(heads(drawn))
    assert drawn.notes == ["1 call that no output depends on is not drawn"]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(
    "function",
    [
        lambda: None,
        lambda: tn.ones(2),
        lambda: tn.ones(2) + 1,
        lambda: (tn.ones(2) + 1, tn.ones(3) * 2),
        lambda: tn.zeros(0, 3).sum(),
        lambda: tn.ones(2, requires_grad=True).sum().backward(),
    ],
    ids=["nothing", "one tensor", "constants", "several outputs", "empty tensor", "no output"],
)
def test_odd_graphs_are_drawn(function, level) -> None:
    text = tn.graph(function).to_dot(level)
    assert text.startswith("digraph")
    assert text.count("[label=") >= 1


@pytest.mark.parametrize("level", LEVELS)
def test_a_tape_after_backward_freed_it_is_drawn(level) -> None:
    w = tn.ones(2, requires_grad=True)
    loss = (w * 3).exp().sum()
    loss.backward()
    text = tn.graph(loss).to_dot(level)
    assert "exp" in text
    if level in ("backward", "both", "scalar"):
        assert "freed" in text


@pytest.mark.parametrize("color", sorted(OVERLAYS))
@pytest.mark.parametrize("level", ["op", "module", "backward"])
def test_overlays_colour_and_say_the_figure(color, level) -> None:
    drawn = sketch(exact_step(), level, color=color)
    coloured = [b for b in drawn.boxes if b.fill]
    if not (color == "update_ratio" and level == "module"):
        assert coloured
    assert drawn.legend is not None
    assert all(ink_on(b.fill) in ("#000000", "#ffffff") for b in coloured)


@pytest.mark.parametrize("level", ["both", "backward"])
def test_a_gradient_that_is_not_a_number_is_not_hidden_by_the_norm_of_the_others(level) -> None:
    def step(x):
        (tn.sqrt(x).log().clamp(min=-5) * 2).sum().backward()

    x = tn.tensor([0.0, 1.0, 4.0], requires_grad=True)
    drawn = sketch(tn.graph(step, x), level, color="grad_norm")
    lines = {b.lines[0]: b.lines for b in drawn.boxes}
    assert "1 nan" in lines["∂ sqrt"]
    assert "1 nan" not in lines["∂ clamp_min"]
    assert ("#d55e00", "nan or inf") in drawn.legend.entries


def test_figures_of_an_overlay() -> None:
    drawn = sketch(exact_step(), "op", color="flops")
    assert named(drawn, "linear").lines[-1] == "18 FLOP"
    assert drawn.legend.title == "floating-point operations (log scale)"
    assert len(drawn.legend.entries) == 5
    drawn = sketch(exact_step(), "op", color="update_ratio")
    assert [b.kind for b in drawn.boxes if b.fill] == ["parameter"] * 4
    with pytest.raises(ValueError, match="grad_norm"):
        sketch(exact_step(), color="taste")


def test_rounding_errors_do_not_take_up_the_scale() -> None:
    colours, legend = scale(OVERLAYS["grad_norm"], [1e-12, 0.01, 1.0, 0.0, None, float("nan")])
    assert legend.entries[0][1] == "≤ 1e-05"
    assert colours[0] == colours[3] == "#00224e"
    assert colours[2] == "#fee838"
    assert colours[4:] == ["", "#d55e00"]  # nan is off the scale


def test_ink_is_readable_on_every_colour() -> None:
    def luminance(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    from autotn.viz import overlays

    for colour in (*overlays._CIVIDIS, *overlays._KINDS):
        pair = sorted([luminance(colour), luminance(ink_on(colour))])
        assert (pair[1] + 0.05) / (pair[0] + 0.05) >= 4.5, colour


def test_graphml_is_well_formed() -> None:
    root = ET.fromstring(tn.viz.to_graphml(exact_step()))
    space = {"g": "http://graphml.graphdrawing.org/xmlns"}
    nodes = {n.get("id") for n in root.iterfind(".//g:node", space)}
    for edge in root.iterfind(".//g:edge", space):
        assert {edge.get("source"), edge.get("target")} <= nodes


def test_mermaid_has_the_modules_as_subgraphs() -> None:
    text = exact_step().to_mermaid("op")
    assert text.count("subgraph") == text.count("\n  end") + text.count("    end")
    assert 'subgraph m2["1: Linear"]' in text


def test_the_graphviz_package_gets_the_same_text() -> None:
    g = exact_step()
    assert g.to_graphviz("module").source == g.to_dot("module")


def test_names_with_quotes_and_angles_do_not_break_a_picture() -> None:
    def program(x):
        return x * 2 if x.sum() < 9 else '"<&>"'

    svg = tn.viz.render(tn.graph(program, tn.ones(2)), "svg").decode()
    ET.fromstring(svg)


def test_unknown_levels_and_formats_are_refused() -> None:
    with pytest.raises(ValueError, match="level"):
        exact_step().to_dot("planet")
    with pytest.raises(ValueError, match="format"):
        tn.viz.render(exact_step(), "bmp")
