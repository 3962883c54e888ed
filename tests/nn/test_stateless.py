"""A module called with other parameters than its own."""

from __future__ import annotations

from typing import Any

import pytest

import autotn as tn
from autotn import nn
from autotn.nn.utils.stateless import functional_call


class Tied(nn.Module):
    """One weight under two names, and a counter."""

    calls: tn.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(2, 2, bias=False)
        self.b = nn.Linear(2, 2, bias=False)
        self.b.weight = self.a.weight
        self.register_buffer("calls", tn.zeros(1))

    def forward(self, input: Any, scale: float = 1.0) -> Any:
        self.calls = self.calls + 1
        return self.b(self.a(input)) * scale


def test_given_tensors_are_used_and_differentiated() -> None:
    layer = nn.Linear(2, 1)
    weight = tn.tensor([[2.0, 3.0]], requires_grad=True)
    out = functional_call(layer, {"weight": weight * 2, "bias": tn.zeros(1)}, tn.ones(1, 2))
    assert out.tolist() == [[10.0]]
    out.sum().backward()
    assert weight.grad.tolist() == [[2.0, 2.0]]  # type: ignore[union-attr]
    assert type(layer.weight) is nn.Parameter
    assert layer.weight.grad is None


def test_own_tensors_return_after_an_error() -> None:
    layer = nn.Linear(2, 1)
    own = layer.weight
    with pytest.raises(RuntimeError):
        functional_call(layer, {"weight": tn.ones(1, 2)}, tn.ones(1, 5))
    assert layer.weight is own


def test_tied_weights_are_replaced_together() -> None:
    net = Tied()
    x = tn.ones(1, 2)
    two = tn.eye(2) * 2
    given = {"a.weight": two, "calls": tn.zeros(1)}
    assert functional_call(net, given, (x,), {"scale": 0.5}).tolist() == [[2.0, 2.0]]
    assert given["calls"].tolist() == [1.0]
    assert net.calls.tolist() == [0.0]
    apart = functional_call(net, {"a.weight": two}, x, tie_weights=False)
    assert apart.tolist() == (x @ two @ net.b.weight.transpose(0, 1)).tolist()
    with pytest.raises(ValueError, match="one tensor in the module"):
        functional_call(net, {"a.weight": two, "b.weight": tn.eye(2)}, x)


def test_names_are_checked() -> None:
    layer = nn.Linear(2, 1)
    x = tn.ones(1, 2)
    with pytest.raises(AttributeError, match="'wieght'"):
        functional_call(layer, {"wieght": x}, x)
    with pytest.raises(TypeError, match="weight must be a Tensor"):
        functional_call(layer, {"weight": 3}, x)
    with pytest.raises(RuntimeError, match=r"missing key\(s\): bias"):
        functional_call(layer, {"weight": x}, x, strict=True)
    with pytest.raises(ValueError, match="'weight' is given more than once"):
        functional_call(layer, ({"weight": x}, {"weight": x}), x)
