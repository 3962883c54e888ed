"""Convolution layers against PyTorch's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from tests.layers.against import compare, given, normal, run_both

pytestmark = pytest.mark.usefixtures("kernels")

SIZES = {1: (9,), 2: (9, 8), 3: (7, 6, 5)}
SETTINGS = [
    {},
    {"bias": False},
    {"stride": 2, "padding": 1},
    {"dilation": 2},
    {"groups": 2},
    {"groups": 4, "stride": 2},
    {"padding": "same"},
    {"padding": "same", "dilation": 2},
    {"padding": "valid"},
]


@pytest.mark.parametrize("options", SETTINGS, ids=str)
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("lead", [(2,), ()])
def test_conv(torch: Any, rank: int, lead: Any, options: dict[str, Any]) -> None:
    inputs = [normal(*lead, 4, *SIZES[rank])]
    compare(torch, f"Conv{rank}d", (4, 8, 3), options, inputs=inputs)


@pytest.mark.filterwarnings("ignore:Using padding='same' with even:UserWarning")
@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("padding", [2, "same", "valid"])
def test_padding_modes(torch: Any, rank: int, padding: Any, mode: str) -> None:
    inputs = [normal(2, 4, *SIZES[rank])]
    for kernel in (3, 4):
        options = {"padding": padding, "padding_mode": mode}
        args = (4, 2, kernel)
        compare(torch, f"Conv{rank}d", args, options, inputs=inputs)


def test_settings_for_each_axis(torch: Any) -> None:
    options = {"stride": (2, 1), "padding": (0, 2), "dilation": (1, 2), "padding_mode": "circular"}
    compare(torch, "Conv2d", (4, 6, (2, 3)), options, inputs=[normal(2, 4, 7, 8)])
    options = {"stride": (2, 1), "padding": (0, 1), "dilation": (1, 2), "output_padding": (1, 0)}
    inputs = [normal(2, 4, 4, 5)]
    compare(torch, "ConvTranspose2d", (4, 6, (2, 3)), options, inputs=inputs)


TRANSPOSED = [
    {},
    {"bias": False},
    {"stride": 2},
    {"stride": 2, "padding": 1, "output_padding": 1},
    {"dilation": 2, "groups": 2},
    {"stride": 3, "groups": 4, "dilation": 2, "output_padding": 2},
]


@pytest.mark.parametrize("options", TRANSPOSED, ids=str)
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("lead", [(2,), ()])
def test_transposed(torch: Any, rank: int, lead: Any, options: dict[str, Any]) -> None:
    inputs = [normal(*lead, 4, *(4, 3, 2)[:rank])]
    compare(torch, f"ConvTranspose{rank}d", (4, 8, 3), options, inputs=inputs)


@pytest.mark.parametrize("size", [(9, 7), (10, 8), (2, 3, 9, 8)])
def test_a_chosen_output_size(torch: Any, size: Any) -> None:
    options = {"stride": 2, "padding": 1}
    inputs = [normal(2, 4, 5, 4), given(size)]
    compare(torch, "ConvTranspose2d", (4, 3, 3), options, inputs=inputs)


@pytest.mark.parametrize("kind", ["Conv", "ConvTranspose"])
@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("options", [{}, {"bias": False, "stride": 2, "groups": 2}], ids=str)
@pytest.mark.parametrize("lead", [(2,), ()])
def test_lazy(torch: Any, kind: str, rank: int, lead: Any, options: dict[str, Any]) -> None:
    name = f"Lazy{kind}{rank}d"
    ours, theirs = (getattr(n, name)(6, 3, **options) for n in (nn, torch.nn))
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    x = np.zeros((*lead, 4, *SIZES[rank]), np.float32)
    ours(tn.tensor(x))
    theirs(torch.tensor(x))
    assert repr(ours) == repr(theirs)
    ours.load_state_dict(theirs.state_dict())
    run_both(torch, ours, theirs, [normal(*x.shape)])


def test_lazy_settings_by_position() -> None:
    layer = nn.LazyConv2d(6, 3, 2, 1, 1, 2, False, "circular")
    layer(tn.ones(1, 4, 8, 8))
    expected = nn.Conv2d(4, 6, 3, 2, 1, 1, 2, False, "circular")
    assert repr(layer) == repr(expected)


def test_double_precision(torch: Any) -> None:
    x = np.random.default_rng(0).standard_normal((2, 4, 9, 8))
    for name in ("Conv2d", "ConvTranspose2d"):
        ours, theirs = (getattr(n, name)(4, 6, 3, 2) for n in (nn, torch.nn))
        ours.load_state_dict(theirs.state_dict())
        out = ours.double()(tn.tensor(x))
        expected = theirs.double()(torch.tensor(x))
        assert out.dtype == tn.float64
        np.testing.assert_allclose(out.detach().numpy(), expected.detach().numpy(), rtol=1e-10)


def test_initial_values() -> None:
    for layer in (nn.Conv2d(8, 100, 3, groups=2), nn.ConvTranspose2d(100, 8, 3, groups=2)):
        bound = 1 / math.sqrt(4 * 9)
        for parameter in layer.parameters():
            assert abs(parameter.detach().numpy()).max() <= bound
        assert abs(layer.weight.detach().numpy()).max() > 0.98 * bound


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: nn.Conv2d(3, 4, 3, groups=2), "in_channels must be divisible by groups"),
        (lambda: nn.Conv2d(2, 3, 3, groups=2), "out_channels must be divisible by groups"),
        (lambda: nn.Conv2d(2, 2, 3, groups=0), "groups must be a positive integer"),
        (lambda: nn.Conv2d(2, 2, 3, padding="x"), "Invalid padding string 'x'"),
        (lambda: nn.Conv2d(2, 2, 3, padding="same", stride=2), "not supported for strided"),
        (lambda: nn.Conv2d(2, 2, 3, padding_mode="x"), "padding_mode must be one of"),
        (lambda: nn.ConvTranspose2d(2, 2, 3, padding_mode="reflect"), 'Only "zeros"'),
        (lambda: nn.ConvTranspose1d(2, 2, 3)(tn.ones(1, 2, 4), (9,)), "valid sizes range"),
        (lambda: nn.ConvTranspose1d(2, 2, 3)(tn.ones(1, 2, 4), (9, 9)), "must have 1 or 3"),
        (lambda: nn.Conv2d(2, 2, 3)(tn.ones(1, 3, 4, 4)), "conv2d"),
        (lambda: nn.LazyConv2d(2, 3)(tn.ones(4, 4)), r"expected 3D \(unbatched\) or 4D"),
        (lambda: nn.LazyConv2d(2, 3, groups=2)(tn.ones(3, 4, 4)), "divisible by groups"),
    ],
)
def test_refusals(call: Any, match: str) -> None:
    with pytest.raises((ValueError, RuntimeError), match=match):
        call()
