"""Layers that only move numbers, pad or compare vectors, against PyTorch's."""

from __future__ import annotations

from typing import Any

import pytest

import autotn as tn
from autotn import nn
from tests.layers.against import compare, label, normal

IMAGE = [normal(2, 4, 5, 6)]

CASES: list[tuple[Any, ...]] = [
    ("Flatten", (), {}, IMAGE),
    ("Flatten", (0, -2), {}, IMAGE),
    ("Unflatten", (1, (2, 2)), {}, IMAGE),
    ("Unflatten", (-1, (2, -1)), {}, IMAGE),
    ("PixelShuffle", (2,), {}, IMAGE),
    ("PixelUnshuffle", (2,), {}, [normal(2, 3, 4, 6)]),
    ("ChannelShuffle", (2,), {}, IMAGE),
    ("Fold", ((4, 5), 2), {}, [normal(2, 12, 12)]),
    ("Fold", ((4, 5), (2, 3)), {"padding": 1, "stride": 2}, [normal(2, 18, 9)]),
    ("Unfold", (2,), {}, IMAGE),
    ("Unfold", ((2, 3),), {"dilation": 2, "padding": 1, "stride": (1, 2)}, IMAGE),
    ("Upsample", (), {"scale_factor": 2}, [normal(2, 3, 4)]),
    ("Upsample", (), {"size": (7, 9), "mode": "bilinear"}, IMAGE),
    ("Upsample", (), {"scale_factor": 1.5, "mode": "bilinear", "align_corners": True}, IMAGE),
    ("Upsample", (), {"scale_factor": (2.0, 1.5), "mode": "bicubic"}, IMAGE),
    ("Upsample", (), {"scale_factor": 1.7, "recompute_scale_factor": True}, IMAGE),
    ("Upsample", (), {"size": 5, "mode": "linear"}, [normal(2, 3, 4)]),
    ("Upsample", (), {"scale_factor": 2, "mode": "trilinear"}, [normal(1, 2, 2, 3, 2)]),
    ("UpsamplingNearest2d", (), {"scale_factor": 2}, IMAGE),
    ("UpsamplingBilinear2d", ((8, 7),), {}, IMAGE),
    ("CosineSimilarity", (), {}, [normal(4, 3), normal(4, 3)]),
    ("CosineSimilarity", (), {"dim": -1, "eps": 0.1}, [normal(4, 3), normal(1, 3)]),
    ("PairwiseDistance", (), {}, [normal(4, 3), normal(4, 3)]),
    ("PairwiseDistance", (), {"p": 1.0, "keepdim": True}, [normal(4, 3), normal(3)]),
    ("PairwiseDistance", (float("inf"),), {"eps": 0.5}, [normal(4, 3), normal(4, 3)]),
]

for _kind in ("Zero", "Constant", "Reflection", "Replication", "Circular"):
    _value = {"value": 1.5} if _kind == "Constant" else {}
    CASES += [
        (f"{_kind}Pad1d", (2,), _value, [normal(2, 3, 5)]),
        (f"{_kind}Pad1d", ((2, 1),), _value, [normal(3, 5)]),
        (f"{_kind}Pad2d", (1,), _value, [normal(2, 3, 3, 4)]),
        (f"{_kind}Pad2d", ((2, 1, 0, 2),), _value, [normal(3, 3, 4)]),
        (f"{_kind}Pad3d", (1,), _value, [normal(2, 2, 2, 3, 2)]),
        (f"{_kind}Pad3d", ((1, 0, 1, 1, 0, 1),), _value, [normal(2, 2, 3, 2)]),
    ]
CASES += [
    ("ZeroPad2d", ((-1, 1, -1, 0),), {}, [normal(1, 2, 3, 4)]),
    ("ConstantPad1d", ((1, 1), 0.5), {}, [normal(5)]),
]


@pytest.mark.parametrize(("name", "args", "kwargs", "inputs"), CASES, ids=label)
def test_layer(torch: Any, name: str, args: Any, kwargs: Any, inputs: Any) -> None:
    compare(torch, name, args, kwargs, inputs=inputs, modes=[True])


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: nn.Unflatten("a", (2, 3)), TypeError, "dim must be an int"),  # type: ignore[arg-type]
        (lambda: nn.Unflatten(1, 3), TypeError, "found type int"),
        (lambda: nn.Unflatten(1, (2, "x")), TypeError, "type str at pos 1"),
        (lambda: nn.CircularPad2d(1)(tn.ones(3, 3)), ValueError, "expected 3D or 4D input"),
    ],
)
def test_impossible_arguments_are_refused(make: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        make()
