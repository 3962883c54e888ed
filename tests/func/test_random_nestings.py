"""Random programs under random nestings of grad, jvp and vmap give what PyTorch gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from tests.func.pairs import Library, both, same

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.*is deprecated")

#: Steps of a program on one tensor of any shape with at least one dimension, keeping its last size at 3.
STEPS = {
    "sin": lambda lib, x, w: x.sin(),
    "square": lambda lib, x, w: (x * x / 2).tanh(),
    "softmax": lambda lib, x, w: x.softmax(-1),
    "matmul": lambda lib, x, w: (x @ w).tanh(),
    "shared": lambda lib, x, w: (x + w[0] * w.sum() * 0.1).sin(),
    "flip": lambda lib, x, w: (x.flip(-1) * x).tanh(),
    "cumsum": lambda lib, x, w: x.cumsum(-1),
    "norm": lambda lib, x, w: x / (1 + (x * x).sum(-1, keepdim=True)).sqrt(),
    "standardised": lambda lib, x, w: (
        (x - x.mean(-1, keepdim=True)) / (x.var(-1, keepdim=True) + 0.1)
    ),
    "gather": lambda lib, x, w: x[..., lib.m.tensor([2, 0, 0])] + x.amax(-1, keepdim=True),
    "where": lambda lib, x, w: lib.m.where(x > 0.1, x.sigmoid(), x.tanh() * w[2]),
    "cat": lambda lib, x, w: lib.m.cat([x[..., 1:], x[..., :1] * 2], -1),
    "write": lambda lib, x, w: _written(x, w),
    "power": lambda lib, x, w: ((x.abs() + 0.5) ** 1.5).tanh(),
    "gelu": lambda lib, x, w: lib.F.gelu(x),
    "outer": lambda lib, x, w: (x.unsqueeze(-1) * x.unsqueeze(-2)).logsumexp(-1).tanh(),
    "detach": lambda lib, x, w: (x * x.detach()).sin(),
}


def _written(x: Any, w: Any) -> Any:
    y = x * 1
    y[..., 0] = x[..., 1] * w[0, 0]
    y[..., 1:].mul_(x[..., :2])
    return y


def nested(lib: Library, steps: list[str], nesting: list[str], w: Any) -> Any:
    """A scalar function of a vector, wrapped from the inside out; its result is made a scalar again."""

    def function(x: Any) -> Any:
        for step in steps:
            x = STEPS[step](lib, x, w)
        return (x * x).sum() / 3

    for way in nesting:
        function = _wrapped(lib, way, function)
    return function


def _wrapped(lib: Library, way: str, inner: Any) -> Any:
    if way == "grad":
        return lambda x: lib.func.grad(inner)(x).sin().sum()
    if way == "jvp":
        return lambda x: lib.func.jvp(inner, (x,), (x.cos(),))[1]
    if way == "vjp":
        return lambda x: lib.func.vjp(lambda x: inner(x) * x, x)[1](x.cos())[0].sum()
    if way == "jacrev":
        return lambda x: lib.func.jacrev(lambda x: inner(x) * x)(x).cos().sum()
    if way == "jacfwd":
        return lambda x: lib.func.jacfwd(lambda x: inner(x) * x)(x).cos().sum()
    return lambda x: lib.func.vmap(inner)(lib.m.stack([x, x.flip(0) * 0.5])).prod()


@settings(max_examples=70)
@given(
    steps=st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=4),
    nesting=st.lists(
        st.sampled_from(["grad", "jvp", "vjp", "vmap", "jacrev", "jacfwd"]), min_size=1, max_size=3
    ),
    seed=st.integers(0, 100),
)
def test_any_nesting_of_any_program(
    torch: Any, steps: list[str], nesting: list[str], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    x, w = rng.standard_normal(3), rng.standard_normal((3, 3))
    ours, theirs = both(torch)
    try:
        expected = _value_and_gradient(theirs, steps, nesting, x, w)
    except RuntimeError:
        return  # PyTorch writes in place under fewer nestings
    same(_value_and_gradient(ours, steps, nesting, x, w), expected, tol=1e-5)


def _value_and_gradient(lib: Library, steps: list[str], nesting: list[str], x: Any, w: Any) -> Any:
    weights = lib.of(w).requires_grad_()
    value = nested(lib, steps, nesting, weights)(lib.of(x))
    gradient = lib.m.zeros_like(weights).detach()
    if value.requires_grad:
        (found,) = lib.m.autograd.grad(value, weights, allow_unused=True)
        gradient = gradient if found is None else found
    return [value.detach(), gradient]
