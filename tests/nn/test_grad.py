"""``nn.grad``: the gradients of convolutions beside PyTorch's, and differentiable themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.testing.sample import make_tensor

OPTIONS: list[dict[str, Any]] = [
    {},
    {"stride": 2, "padding": 1},
    {"dilation": 2, "padding": 2, "groups": 2},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_they_are_pytorchs(torch: Any, dims: int, options: dict[str, Any]) -> None:
    x = make_tensor(2, 4, *(6,) * dims)
    w = make_tensor(4, 4 // options.get("groups", 1), *(2,) * dims, seed=1)
    y = getattr(tn.nn.functional, f"conv{dims}d")(x, w, **options)
    g = make_tensor(*y.shape, seed=2)
    there = [torch.from_numpy(a.numpy()) for a in (x, w, g)]
    for name, ours, theirs in (
        (f"conv{dims}d_input", (x.shape, w, g), (tuple(x.shape), there[1], there[2])),
        (f"conv{dims}d_weight", (x, w.shape, g), (there[0], tuple(w.shape), there[2])),
    ):
        found = getattr(tn.nn.grad, name)(*ours, **options)
        expected = getattr(torch.nn.grad, name)(*theirs, **options)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


def test_they_can_be_differentiated() -> None:
    w = make_tensor(3, 2, 2, dtype=tn.float64, requires_grad=True)
    g = make_tensor(2, 3, 4, dtype=tn.float64, requires_grad=True, seed=1)
    assert tn.autograd.gradcheck(lambda w, g: tn.nn.grad.conv1d_input((2, 2, 5), w, g), (w, g))
    x = make_tensor(2, 5, dtype=tn.float64, requires_grad=True, seed=2)
    h = make_tensor(3, 4, dtype=tn.float64, requires_grad=True, seed=3)
    assert tn.autograd.gradcheck(lambda x, h: tn.nn.grad.conv1d_weight(x, (3, 2, 2), h), (x, h))


def test_wrong_ranks_are_named() -> None:
    with pytest.raises(RuntimeError, match="conv1d_input: expected weight with 3 dimensions"):
        tn.nn.grad.conv1d_input((1, 1, 3), tn.ones(2, 2), tn.ones(1, 1, 2))
    with pytest.raises(RuntimeError, match="conv2d_weight: expected weight_size with 4"):
        tn.nn.grad.conv2d_weight(tn.ones(1, 1, 3, 3), (1, 2), tn.ones(1, 1, 2, 2))
