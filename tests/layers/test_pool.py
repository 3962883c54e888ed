"""Pooling layers against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from tests.layers.against import compare, normal, uniform

SIZES = {1: (9,), 2: (9, 8), 3: (7, 6, 5)}
WINDOWS = [
    {"kernel_size": 2},
    {"kernel_size": 3, "stride": 1, "padding": 1},
    {"kernel_size": 3, "stride": 2, "ceil_mode": True},
    {"kernel_size": 2, "stride": 3, "padding": 1, "ceil_mode": True},
]


def distinct(*shape: int) -> Any:
    """No two numbers are equal, so that every window has one maximum."""

    def draw(rng: np.random.Generator) -> Any:
        count = int(np.prod(shape))
        return (rng.permutation(count) / count - 0.5).reshape(shape).astype(np.float32)

    return draw


@pytest.mark.parametrize("lead", [(2, 3), (3,)])
@pytest.mark.parametrize("rank", [1, 2, 3])
class TestWindows:
    @pytest.mark.parametrize("options", [*WINDOWS, {"kernel_size": 2, "dilation": 2}], ids=str)
    @pytest.mark.parametrize("return_indices", [True, False])
    def test_max(
        self, torch: Any, rank: int, lead: Any, options: dict[str, Any], return_indices: bool
    ) -> None:
        options = {"return_indices": return_indices, **options}
        inputs = [distinct(*lead, *SIZES[rank])]
        compare(torch, f"MaxPool{rank}d", (), options, inputs=inputs)

    @pytest.mark.parametrize("options", WINDOWS, ids=str)
    @pytest.mark.parametrize("count_include_pad", [True, False])
    def test_avg(
        self, torch: Any, rank: int, lead: Any, options: dict[str, Any], count_include_pad: bool
    ) -> None:
        options = {"count_include_pad": count_include_pad, **options}
        inputs = [normal(*lead, *SIZES[rank])]
        compare(torch, f"AvgPool{rank}d", (), options, inputs=inputs)
        if rank > 1:
            options["divisor_override"] = 5
            compare(torch, f"AvgPool{rank}d", (), options, inputs=inputs)

    @pytest.mark.parametrize("p", [1, 2, 3.5])
    def test_lp(self, torch: Any, rank: int, lead: Any, p: float) -> None:
        inputs = [uniform(*lead, *SIZES[rank], low=0.2, high=2.0)]
        for options in ({}, {"stride": 1}, {"stride": 2, "ceil_mode": True}):
            options = {"norm_type": p, "kernel_size": 3, **options}
            compare(torch, f"LPPool{rank}d", (), options, inputs=inputs)

    @pytest.mark.parametrize("size", [1, 3, 5])
    def test_adaptive(self, torch: Any, rank: int, lead: Any, size: int) -> None:
        inputs = [distinct(*lead, *SIZES[rank])]
        compare(torch, f"AdaptiveAvgPool{rank}d", (size,), inputs=inputs)
        compare(torch, f"AdaptiveMaxPool{rank}d", (size,), inputs=inputs)
        options = {"return_indices": True}
        compare(torch, f"AdaptiveMaxPool{rank}d", (size,), options, inputs=inputs)

    def test_unpool(self, torch: Any, rank: int, lead: Any) -> None:
        x = distinct(*lead, *SIZES[rank])(np.random.default_rng(0))
        for options in ({"kernel_size": 2}, {"kernel_size": 3, "stride": 2}):
            found = []
            for library in (tn, torch):
                pool = getattr(library.nn, f"MaxPool{rank}d")(**options, return_indices=True)
                back = getattr(library.nn, f"MaxUnpool{rank}d")(**options)
                leaf = library.tensor(x, requires_grad=True)
                maxima, indices = pool(leaf)
                whole = back(
                    maxima, indices, output_size=x.shape if len(lead) == 2 else x.shape[1:]
                )
                (whole**3).sum().backward()
                found.append((repr(back), vars(back)["stride"], whole, leaf.grad))
            ours, theirs = found
            assert ours[:2] == theirs[:2]
            for a, b in zip(ours[2:], theirs[2:]):
                np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5)


def test_settings_for_each_axis(torch: Any) -> None:
    inputs = [distinct(2, 3, 9, 8)]
    options = {"kernel_size": (2, 3), "stride": (1, 2), "padding": (0, 1)}
    compare(torch, "MaxPool2d", (), {**options, "dilation": (2, 1)}, inputs=inputs)
    compare(torch, "AvgPool2d", (), options, inputs=inputs)
    compare(torch, "LPPool2d", (2.0, (3, 2)), inputs=inputs)
    for kind in ("Avg", "Max"):
        compare(torch, f"Adaptive{kind}Pool2d", ((3, None),), inputs=inputs)
    compare(torch, "AdaptiveAvgPool3d", ((2, None, 1),), inputs=[normal(2, 3, 4, 5, 6)])


@pytest.mark.parametrize("rank", [2, 3])
@pytest.mark.parametrize("lead", [(2, 3), (3,)])
@pytest.mark.parametrize(
    "options",
    [{"output_size": 3}, {"output_ratio": 0.5}, {"output_size": 2, "return_indices": True}],
    ids=str,
)
def test_fractional(torch: Any, rank: int, lead: Any, options: dict[str, Any]) -> None:
    batch = lead[0] if len(lead) == 2 else 1
    samples = np.random.default_rng(1).random((batch, 3, rank)).astype(np.float32)
    options = {"_random_samples": samples, **options}
    inputs = [distinct(*lead, *SIZES[rank])]
    compare(torch, f"FractionalMaxPool{rank}d", (2,), options, inputs=inputs)


def test_fractional_windows_differ_from_call_to_call() -> None:
    x = tn.rand(1, 1, 20, 20)
    layer = nn.FractionalMaxPool2d(2, output_ratio=0.7)
    assert layer(x).shape == (1, 1, 14, 14)
    assert not tn.equal(layer(x), layer(x))
    assert repr(layer) == "FractionalMaxPool2d()"


@pytest.mark.parametrize("name", ["MaxPool2d", "AvgPool2d"])
def test_double_precision(torch: Any, name: str) -> None:
    x = np.random.default_rng(0).standard_normal((2, 3, 8, 8))
    out = getattr(nn, name)(3, 2)(tn.tensor(x))
    expected = getattr(torch.nn, name)(3, 2)(torch.tensor(x))
    assert out.dtype == tn.float64
    np.testing.assert_allclose(out.numpy(), expected.numpy())


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: nn.FractionalMaxPool2d(2), "either an output size"),
        (lambda: nn.FractionalMaxPool2d(2, 2, 0.5), "only one of"),
        (lambda: nn.FractionalMaxPool3d(2, output_ratio=1.5), "between 0 and 1"),
        (lambda: nn.MaxPool2d(2)(tn.ones(4)), "max_pool2d"),
        (lambda: nn.AvgPool2d(9)(tn.ones(1, 4, 4)), "avg_pool2d|size"),
    ],
)
def test_refusals(call: Any, match: str) -> None:
    with pytest.raises((ValueError, RuntimeError), match=match):
        call()
