"""Dual numbers, and Jacobians at once, under ``autograd``'s older names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.autograd import forward_ad, functional
from tests.func.pairs import arrays, same

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.*is deprecated")


def test_dual_numbers_are_pytorchs(torch: Any) -> None:
    from torch.autograd import forward_ad as theirs_ad

    results = []
    p, t, w = arrays((3,), (3,), (3,))
    for ad, of in ((forward_ad, tn.tensor), (theirs_ad, torch.tensor)):
        weight = of(w).requires_grad_()
        with ad.dual_level():
            dual = ad.make_dual(of(p), of(t))
            y = (dual**2 * weight).sum()
            primal, tangent = ad.unpack_dual(y)
            tangent.backward()
            plain = ad.unpack_dual(of(p))
            assert plain.tangent is None
        assert ad.unpack_dual(y).tangent is None
        results.append([primal, tangent, weight.grad])
    same(*results)


def test_backward_runs_through_dual_numbers() -> None:
    x = tn.tensor([1.0, 2.0], requires_grad=True)
    with forward_ad.dual_level():
        z = (forward_ad.make_dual(x, tn.ones(2)) ** 3).sum()
        assert forward_ad.unpack_dual(z).tangent.item() == 15
        z.backward()
    assert x.grad.tolist() == [3.0, 12.0]


def test_modules_carry_tangents_and_plain_tensors_have_none() -> None:
    layer = tn.nn.Linear(2, 3)
    with forward_ad.dual_level():
        out = layer(forward_ad.make_dual(tn.ones(2), tn.tensor([1.0, 0.0])))
        tangent = forward_ad.unpack_dual(out).tangent
    np.testing.assert_allclose(tangent.detach().numpy(), layer.weight[:, 0].detach().numpy())


def test_levels_of_this_kind_do_not_nest() -> None:
    with pytest.raises(RuntimeError, match="enter_dual_level"):
        forward_ad.make_dual(tn.ones(2), tn.ones(2))
    with pytest.raises(RuntimeError, match="not entered"):
        forward_ad.exit_dual_level()
    with forward_ad.dual_level():
        with pytest.raises(RuntimeError, match="Nested"):
            forward_ad.enter_dual_level()
        with pytest.raises(RuntimeError, match="tangent of shape"):
            forward_ad.make_dual(tn.ones(2), tn.ones(3))
        with pytest.raises(ValueError, match="floating point"):
            forward_ad.make_dual(tn.tensor([1]), tn.tensor([1]))


@pytest.mark.parametrize("strategy", ["reverse-mode", "forward-mode"])
def test_a_jacobian_at_once_is_the_one_row_by_row(torch: Any, strategy: str) -> None:
    def f(x: Any, y: Any) -> Any:
        return (x.outer(y).sin(), x.sum() * y)

    x, y = arrays((3,), (2,))
    ours = functional.jacobian(f, (tn.tensor(x), tn.tensor(y)), vectorize=True, strategy=strategy)
    rows = functional.jacobian(f, (tn.tensor(x), tn.tensor(y)))
    theirs = torch.autograd.functional.jacobian(
        f, (torch.tensor(x), torch.tensor(y)), vectorize=True, strategy=strategy
    )
    same(ours, theirs)
    same(rows, theirs)


@pytest.mark.parametrize("strategy", ["reverse-mode", "forward-mode"])
def test_a_hessian_at_once_is_the_one_row_by_row(torch: Any, strategy: str) -> None:
    f = lambda x, y: (x.outer(y).sin() * x[0]).sum()  # noqa: E731
    x, y = arrays((3,), (2,))
    options = {"vectorize": True, "outer_jacobian_strategy": strategy}
    ours = functional.hessian(f, (tn.tensor(x), tn.tensor(y)), **options)
    same(functional.hessian(f, (tn.tensor(x), tn.tensor(y))), ours)
    theirs = torch.autograd.functional.hessian(f, (torch.tensor(x), torch.tensor(y)), **options)
    # PyTorch's forward way leaves its result on the tape, though create_graph is False.
    same(ours, [[block.detach() for block in row] for row in theirs])


def test_a_jacobian_at_once_can_be_differentiated(torch: Any) -> None:
    results = []
    for m in (tn, torch):
        x = m.tensor([1.0, 2.0, 3.0], dtype=m.float64, requires_grad=True)
        found = m.autograd.functional.jacobian(lambda x: x**3, x, create_graph=True, vectorize=True)
        found.sum().backward()
        results.append([found, x.grad])
    same(*results)


def test_batched_gradients_are_the_gradients_of_each_row(torch: Any) -> None:
    results = []
    for m in (tn, torch):
        x = m.tensor([1.0, 2.0, 3.0], dtype=m.float64, requires_grad=True)
        w = m.tensor([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]], dtype=m.float64, requires_grad=True)
        y = (w @ x) ** 2
        seeds = m.eye(2, dtype=m.float64)
        found = m.autograd.grad(
            y, (x, w), seeds, is_grads_batched=True, create_graph=True, retain_graph=True
        )
        again = m.autograd.grad(found[0].sum(), w)
        results.append([found, again])
    same(*results)
