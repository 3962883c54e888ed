"""Linear, bilinear and lazy layers against PyTorch's."""

from __future__ import annotations

import math
from typing import Any

import pytest

import autotn as tn
from autotn import nn
from tests.layers.against import compare, normal


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(4, 3), (3,), (2, 5, 3), (0, 3)])
def test_linear(torch: Any, bias: bool, shape: Any) -> None:
    compare(torch, "Linear", (3, 2), {"bias": bias}, inputs=[normal(*shape)])


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("lead", [(4,), (2, 5)])
def test_bilinear(torch: Any, bias: bool, lead: Any) -> None:
    inputs = [normal(*lead, 3), normal(*lead, 2)]
    compare(torch, "Bilinear", (3, 2, 4), {"bias": bias}, inputs=inputs)


def test_dtypes_and_devices() -> None:
    layer = nn.Linear(2, 3, device="cpu", dtype=tn.float64)
    assert layer.weight.dtype == layer.bias.dtype == tn.float64  # type: ignore[union-attr]
    with pytest.raises(RuntimeError, match="CPU only"):
        nn.Linear(2, 3, device="cuda")


def test_initial_values_have_pytorch_s_bounds() -> None:
    layer = nn.Linear(400, 300)
    bound = 1 / math.sqrt(400)
    for parameter in layer.parameters():
        values = parameter.detach().numpy()
        assert abs(values).max() <= bound
        assert abs(values).max() > 0.98 * bound
        assert values.std() == pytest.approx(bound / math.sqrt(3), rel=0.1)
    bilinear = nn.Bilinear(100, 3, 50)
    assert abs(bilinear.weight.detach().numpy()).max() <= 0.1
    assert abs(bilinear.weight.detach().numpy()).max() > 0.099


def test_bilinear_needs_features() -> None:
    with pytest.raises(ValueError, match="in1_features must be > 0, but got 0"):
        nn.Bilinear(0, 2, 3)


def test_a_wrong_size_is_named() -> None:
    with pytest.raises(RuntimeError, match="linear"):
        nn.Linear(3, 2)(tn.ones(4, 5))


def test_lazy_linear(torch: Any) -> None:
    ours, theirs = nn.LazyLinear(3, bias=False), torch.nn.LazyLinear(3, bias=False)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours(tn.ones(2, 5))
    theirs(torch.ones(2, 5))
    assert repr(ours) == repr(theirs)
    assert abs(ours.weight.detach().numpy()).max() <= 1 / math.sqrt(5)
