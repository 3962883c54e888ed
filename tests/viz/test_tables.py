"""`summary`, `diff`, and how things show themselves in notebooks."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import numpy as np
import pytest

import autotn as tn
from autotn import nn


def lines(summary) -> dict[str, object]:
    return {line.path: line for line in summary.lines}


def network() -> nn.Module:
    tn.manual_seed(0)
    return nn.Sequential(
        nn.Flatten(), nn.Linear(6, 4), nn.Tanh(), nn.Sequential(nn.Linear(4, 2), nn.Identity())
    )


def test_every_module_has_a_line_with_shapes_parameters_and_costs() -> None:
    model = network()
    s = tn.summary(model, tn.ones(5, 2, 3))
    found = lines(s)
    assert list(found) == ["", "0", "1", "2", "3", "3.0", "3.1"]
    assert found["1"].shapes == ["5×6 → 5×4"]
    assert found["3.1"].shapes == ["5×2 → 5×2"]
    assert found["1"].parameters == found["1"].trainable == 28
    assert found["1"].flops == 5 * 4 * (2 * 6 + 1)
    assert found["3"].flops == found["3.0"].flops
    assert found[""].flops == s.total.flops
    assert found["1"].made == 5 * 4 * 4
    assert found["2"].kept == 5 * 4 * 4
    assert found["1"].forward > 0
    assert found["1"].backward > 0
    assert s.parameters == 38
    text = str(s)
    assert "  1      Linear      5×6 → 5×4               28" in text
    assert "38 parameters: 38 trainable, 0 frozen" in text


def test_frozen_and_shared_parameters_are_told_apart() -> None:
    layer = nn.Linear(3, 3)
    other = nn.Linear(3, 3)
    other.weight = layer.weight
    model = nn.Sequential(layer, nn.ReLU(), layer, other)
    layer.bias.requires_grad_(False)
    s = tn.summary(model, tn.ones(1, 3))
    assert (s.parameters, s.trainable, s.shared) == (15, 12, 9)
    assert lines(s)["0"].visits == 2
    assert "(× 2)" in str(s)
    assert "12 9 trainable" in str(s)
    assert "shared" in str(s)


def test_the_model_is_afterwards_as_it_was() -> None:
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5))
    tn.summary(model, tn.randn(4, 3) * 0 + tn.arange(3.0))
    assert model[0].running_mean.tolist() == [0.0, 0.0, 0.0]
    assert model[0].weight.grad is None
    assert model[0].num_batches_tracked.item() == 0


def test_random_numbers_go_on_as_if_nothing_had_been() -> None:
    model = nn.Dropout(0.5)
    x = tn.ones(10)
    tn.manual_seed(1)
    expected = tn.rand(3)
    tn.manual_seed(1)
    tn.summary(model, x)
    assert tn.equal(tn.rand(3), expected)


def test_modules_that_are_not_called_say_so_and_errors_come_through() -> None:
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.idle = nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, x):
            return self.used(x)

    assert "not called" in str(tn.summary(Half(), tn.ones(1, 2)))
    with pytest.raises(ValueError, match="linear"):
        tn.summary(Half(), tn.ones(1, 3))


def test_a_model_may_have_a_member_called_summary() -> None:
    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.summary = nn.Linear(2, 3)

        def forward(self, x):
            return self.summary(x)

    assert Model()(tn.ones(1, 2)).shape == (1, 3)

    class Weighted(nn.Module):
        def __init__(self):
            super().__init__()
            self.summary = nn.Parameter(tn.ones(2))

    assert [n for n, _ in Weighted().named_parameters()] == ["summary"]
    assert list(nn.ModuleDict({"summary": nn.ReLU()})) == ["summary"]


def test_layers_that_are_alike_have_one_line() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    s = tn.summary(nn.TransformerEncoder(layer, 4), tn.ones(1, 3, 8))
    names = [row[0].strip() for row in s.rows()]
    assert names.count("0 … 3 (× 4)") == 1
    assert names.count("linear1") == 1
    assert [row[0].strip() for row in s.rows(fold=False)].count("linear1") == 4
    folded = next(row for row in s.rows() if row[0].strip() == "linear1")
    assert folded[3] == str(4 * (8 * 16 + 16))
    assert sum(line.parameters for line in s.lines) == s.parameters


def test_a_summary_is_html_too() -> None:
    html = network().summary(tn.ones(5, 2, 3))._repr_html_()
    assert html.count("<tr>") == 9
    ET.fromstring(f"<div>{html.replace('<br>', '<br/>')}</div>")


# -- diff --------------------------------------------------------------------------------------------


def run(scale: float = 2.0, extra: bool = False, width: int = 3):
    w = tn.full((width,), 0.5, requires_grad=True)

    def program(x):
        h = x * w
        y = tn.exp(h) if extra else h
        loss = (y * scale).sum()
        loss.backward()
        return loss

    return tn.graph(program, tn.ones(width))


def test_the_same_run_twice_does_not_differ() -> None:
    d = tn.diff(run(), run())
    assert not d
    assert "no difference" in str(d)


def test_what_was_added_and_removed() -> None:
    d = tn.diff(run(), run(extra=True))
    assert d
    assert [c.op for c in d.added] == ["exp"]
    assert d.removed == []
    assert str(d).startswith("+ y [3] = exp(h)")
    assert [c.op for c in tn.diff(run(extra=True), run()).removed] == ["exp"]


def test_the_first_value_and_the_first_gradient_that_differ() -> None:
    d = tn.diff(run(2.0), run(3.0))
    assert d.pairs
    assert [*d.added, *d.removed, *d.changed] == []
    assert d.first_value.second.name == ""  # the number itself
    assert d.first_value.text == "was 2.0, is 3.0"
    assert d.first_gradient.second.name == "h"
    assert "first gradient that differs: h" in str(d)


def test_shapes_and_arguments_that_changed() -> None:
    d = tn.diff(run(width=3), run(width=4))
    assert d.changed[0].what == ["shape was [3], is [4]"]
    one = tn.graph(lambda x: x.sum(0), tn.ones(2, 3))
    two = tn.graph(lambda x: x.sum(0, keepdim=True), tn.ones(2, 3))
    assert "keepdim was False, is True" in tn.diff(one, two).changed[0].what


def test_a_gradient_that_is_missing_differs() -> None:
    with_backward = run()
    w = tn.full((3,), 0.5, requires_grad=True)

    def program(x):
        h = x * w
        return (h * 2.0).sum()

    d = tn.diff(with_backward, tn.graph(program, tn.ones(3)))
    assert not d.values
    assert "was computed, is not computed" in d.first_gradient.text


def test_a_tolerance_is_kept() -> None:
    a, b = run(2.0), run(2.0 + 1e-5)
    assert tn.diff(a, b)
    assert not tn.viz.diff(a, b, rtol=1e-4)


def test_long_graphs_that_differ_in_the_middle() -> None:
    def chain(x, odd):
        for k in range(6000):
            x = tn.sin(x) if k == odd else x + 1.0
        return x

    d = tn.diff(tn.graph(chain, tn.ones(1), odd=-1), tn.graph(chain, tn.ones(1), odd=3000))
    assert [c.op for c in d.removed] == ["add"]
    assert [c.op for c in d.added] == ["sin"]
    assert len(d.pairs) == 6001
    assert d.to_html().count("<tr") == 6002


def test_nan_equals_nan() -> None:
    def program(x):
        return x / x

    assert not tn.diff(tn.graph(program, tn.zeros(3)), tn.graph(program, tn.zeros(3)))


def test_a_graph_is_compared_with_a_graph() -> None:
    with pytest.raises(TypeError, match="with a graph"):
        tn.diff(run(), 3)


def test_side_by_side() -> None:
    html = tn.diff(run(2.0), run(3.0, extra=True))._repr_html_()
    assert html.count("<tr") == 5
    ET.fromstring(f"<div>{html.replace('<br>', '<br/>')}</div>")


def test_diff_of_tensors_is_still_that_of_neighbours() -> None:
    assert tn.diff(tn.tensor([1, 4, 9])).tolist() == [3, 5]


# -- notebooks ---------------------------------------------------------------------------------------


class Checker(HTMLParser):
    """Counts open tags."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag, attrs) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize(
    "tensor",
    [
        tn.tensor(3.0),
        tn.zeros(0, 2),
        tn.ones(5),
        tn.arange(12.0).reshape(3, 4),
        tn.ones(2, 3, 4, 5),
        tn.ones(100, 70),
        tn.tensor([1, 2]),
        tn.tensor([True, False]),
        tn.tensor([1.0, float("nan"), float("inf")]),
        tn.tensor([1 + 2j, 0j]),
        tn.ones(3, requires_grad=True) * 2,
    ],
    ids=lambda t: f"{tuple(t.shape)} {t.dtype}",
)
def test_a_tensor_shows_shape_dtype_figures_and_a_heat_map(tensor) -> None:
    html = tensor._repr_html_()
    Checker().feed(html)
    assert tensor.dtype.name in html
    assert ("<svg" in html) == (tensor.numel() > 1)
    assert html.count("<rect") <= 32 * 32 + 1


def test_the_heat_map_of_a_large_tensor_shows_means_of_blocks() -> None:
    x = np.zeros((64, 64), np.float32)
    x[:2, :2] = 4.0
    html = tn.from_numpy(x)._repr_html_()
    assert "means of blocks" in html
    assert html.count("#d55e00") == 1


def test_a_module_shows_its_tree() -> None:
    html = network()._repr_html_()
    Checker().feed(html)
    assert "weight 4×6 float32" in html
    assert "38 parameters" in html


def test_a_system_shows_its_wiring() -> None:
    x = tn.Input((2, 3))()
    system = tn.System([x], [tn.Dense((4,))(x)])
    assert "Dense :: [(2, 3)] -&gt; [(4,)]" in system._repr_html_()


def test_a_graph_shows_itself_as_a_picture() -> None:
    assert "<svg" in run()._repr_svg_()
