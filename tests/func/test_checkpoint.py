"""Checkpointed parts give the same values and gradients, keep nothing, and draw the same numbers twice."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.nn import functional as F
from autotn.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential


def layers() -> nn.Sequential:
    return nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 8), nn.GELU(), nn.Linear(8, 2))


def gradients(model: nn.Module, loss: Any) -> list[np.ndarray[Any, Any]]:
    model.zero_grad()
    loss.backward()
    return [p.grad.numpy().copy() for p in model.parameters()]


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_gradients_are_those_of_the_ordinary_run(use_reentrant: bool) -> None:
    model, x = layers(), tn.randn(4, 3, requires_grad=True)
    plain = gradients(model, model(x).square().sum())
    mine = x.grad.numpy().copy()
    x.grad = None
    again = gradients(model, checkpoint(model, x, use_reentrant=use_reentrant).square().sum())
    for a, b in zip(plain, again, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)
    np.testing.assert_allclose(x.grad.numpy(), mine, rtol=1e-6)


@pytest.mark.parametrize("segments", [1, 2, 3, 5])
def test_a_chain_in_segments_is_the_chain(segments: int) -> None:
    model, x = layers(), tn.randn(4, 3, requires_grad=True)
    plain = gradients(model, model(x).square().sum())
    out = checkpoint_sequential(model, segments, x, use_reentrant=False)
    for a, b in zip(plain, gradients(model, out.square().sum()), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_what_is_inside_is_forgotten_until_backward() -> None:
    kept = []

    def inside(x: tn.Tensor) -> tn.Tensor:
        middle = x.exp()
        kept.append(weakref.ref(middle))
        return middle * middle

    x = tn.ones(3, requires_grad=True)
    out = checkpoint(inside, x, use_reentrant=False)
    gc.collect()
    assert kept[0]() is None
    assert out.grad_fn.name() == "CheckpointBackward"
    out.sum().backward()
    assert len(kept) == 2
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp(2) * np.ones(3), rtol=1e-6)


def test_arguments_and_results_may_be_nested_and_partly_used() -> None:
    a, b = tn.ones(2, requires_grad=True), tn.ones(2, requires_grad=True)

    def inside(pair: Any, *, scale: float) -> Any:
        return {"used": pair["a"] * scale * pair["b"][0], "unused": pair["a"].exp(), "note": "text"}

    out = checkpoint(inside, {"a": a, "b": [b]}, scale=3.0, use_reentrant=False)
    assert out["note"] == "text"
    out["used"].sum().backward()
    assert a.grad.tolist() == b.grad.tolist() == [3.0, 3.0]


def test_random_numbers_are_drawn_again_and_the_stream_goes_on() -> None:
    x = tn.ones(1000, requires_grad=True)
    out = checkpoint(lambda x: F.dropout(x * 1, 0.5), x, use_reentrant=False)
    following = tn.rand(1)
    out.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), out.detach().numpy())
    tn.manual_seed(0)
    F.dropout(tn.ones(1000), 0.5)
    assert following.item() == tn.rand(1).item()


def test_second_derivatives_and_grad_go_through() -> None:
    x = tn.tensor([1.0, 2.0], dtype=tn.float64, requires_grad=True)
    y = checkpoint(lambda x: (x**3).sum(), x, use_reentrant=False)
    (g,) = tn.autograd.grad(y, x, create_graph=True)
    (h,) = tn.autograd.grad(g.sum(), x)
    assert g.tolist() == [3.0, 12.0]
    assert h.tolist() == [6.0, 12.0]
    assert tn.func.grad(lambda x: checkpoint(lambda x: (x**3).sum(), x, use_reentrant=False))(
        x.detach()
    ).tolist() == [3.0, 12.0]
    each = tn.vmap(tn.func.grad(lambda x: checkpoint(lambda x: x**3, x, use_reentrant=False).sum()))
    assert each(x.detach()).tolist() == [3.0, 12.0]


def test_checkpoints_nest_and_a_second_backward_needs_the_graph() -> None:
    x = tn.ones(2, requires_grad=True)
    inner = lambda x: checkpoint(tn.exp, x, use_reentrant=False)  # noqa: E731
    y = checkpoint(lambda x: inner(x) * inner(x), x, use_reentrant=False).sum()
    y.backward(retain_graph=True)
    y.backward()
    np.testing.assert_allclose(x.grad.numpy(), 4 * np.exp(2) * np.ones(2), rtol=1e-6)
    with pytest.raises(RuntimeError, match="second time"):
        y.backward()


def test_a_function_that_changes_its_mind_is_found_out() -> None:
    sizes = iter([2, 3])
    x = tn.ones(4, requires_grad=True)
    out = checkpoint(lambda x: x[: next(sizes)], x, use_reentrant=False)
    with pytest.raises(CheckpointError, match="different metadata"):
        out.sum().backward()


def test_an_argument_overwritten_since_is_found_out() -> None:
    x = tn.ones(2, requires_grad=True)
    y = x * 1
    out = checkpoint(tn.exp, y, use_reentrant=False)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        out.sum().backward()


def test_choices_are_checked() -> None:
    x = tn.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="use_reentrant parameter should be passed"):
        checkpoint(tn.exp, x)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad"):
        assert not checkpoint(tn.exp, tn.ones(2), use_reentrant=True).requires_grad
    with pytest.raises(ValueError, match="Unexpected keyword arguments: scale"):
        checkpoint(tn.exp, x, use_reentrant=True, scale=2)
    with pytest.raises(ValueError, match="determinism_check"):
        checkpoint(tn.exp, x, use_reentrant=False, determinism_check="all")
    with pytest.raises(ValueError, match="segments"):
        checkpoint_sequential(layers(), 9, tn.ones(1, 3), use_reentrant=False)
    with tn.no_grad():
        assert not checkpoint(tn.exp, x, use_reentrant=False).requires_grad
