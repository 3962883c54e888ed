"""PyTorch takes NumPy's ``axis`` and ``keepdims`` for ``dim`` and ``keepdim``; scripts use them."""

from __future__ import annotations

import pytest

import autotn as tn


@pytest.mark.parametrize(
    "name", ["sum", "mean", "prod", "any", "all", "amax", "argmax", "std", "var", "max", "median"]
)
def test_reductions_take_axis(name: str) -> None:
    x = tn.tensor([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]])
    for function in (getattr(tn, name), getattr(tn.Tensor, name)):
        by_axis, by_dim = function(x, axis=1), function(x, dim=1)
        pairs = zip(by_axis, by_dim) if isinstance(by_dim, tuple) else [(by_axis, by_dim)]
        assert all((a == b).all() and a.shape == b.shape for a, b in pairs)


@pytest.mark.parametrize("name", ["sum", "mean", "amax", "argmax", "std", "var"])
def test_reductions_take_keepdims(name: str) -> None:
    x = tn.tensor([[1.0, 5.0, 3.0], [4.0, 2.0, 6.0]])
    assert getattr(x, name)(axis=0, keepdims=True).shape == (1, 3)


@pytest.mark.parametrize("name", ["cat", "stack"])
def test_joining_takes_axis(name: str) -> None:
    x = tn.ones(2, 3)
    join = getattr(tn, name)
    assert join([x, x], axis=1).shape == join([x, x], dim=1).shape


def test_gradients_flow() -> None:
    x = tn.ones(2, 3, requires_grad=True)
    (x.sum(axis=1) * tn.tensor([1.0, 2.0])).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [[1.0] * 3, [2.0] * 3]


def test_other_words_are_still_refused() -> None:
    with pytest.raises(TypeError, match="axes"):
        tn.ones(2).sum(axes=0)
    with pytest.raises(TypeError, match="axes"):
        tn.ones(2).std(axes=0)
