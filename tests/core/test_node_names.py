"""``grad_fn.name()`` is PyTorch's where scripts look at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import autotn as tn

torch = pytest.importorskip("torch")

CALLS: dict[str, Callable[[Any, Any], Any]] = {
    "squeeze": lambda lib, x: x.squeeze(),
    "squeeze a dimension": lambda lib, x: x[None].squeeze(0),
    "squeeze dimensions": lambda lib, x: x[None].squeeze((0, 1)),
    "unsqueeze": lambda lib, x: x.unsqueeze(0),
    "view": lambda lib, x: x.view(6),
    "reshape": lambda lib, x: x.reshape(6),
    "flatten": lambda lib, x: x.flatten(),
    "unflatten": lambda lib, x: x.unflatten(1, (3, 1)),
    "t": lambda lib, x: x.t(),
    "transpose": lambda lib, x: x.transpose(0, 1),
    "permute": lambda lib, x: x.permute(1, 0),
    "expand": lambda lib, x: x.expand(2, 2, 3),
    "repeat": lambda lib, x: x.repeat(2, 1),
    "select": lambda lib, x: x.select(0, 1),
    "narrow": lambda lib, x: x.narrow(0, 0, 1),
    "split": lambda lib, x: x.split(1)[0],
    "chunk": lambda lib, x: x.chunk(2)[1],
    "unbind": lambda lib, x: x.unbind()[0],
    "stack": lambda lib, x: lib.stack([x, x]),
    "cat": lambda lib, x: lib.cat([x, x]),
    "matmul": lambda lib, x: x @ x.t(),
    "mm": lambda lib, x: lib.mm(x, x.t()),
    "bmm": lambda lib, x: lib.bmm(x[None], x[None].transpose(1, 2)),
    "mv": lambda lib, x: lib.mv(x, x[0]),
    "dot": lambda lib, x: lib.dot(x[0], x[1]),
    "addmm": lambda lib, x: lib.addmm(x, x, x.new_ones(3, 3)),
    "linear": lambda lib, x: lib.nn.Linear(3, 2)(x),
    "conv1d": lambda lib, x: lib.nn.Conv1d(2, 1, 1)(x[None]),
    "conv2d": lambda lib, x: lib.nn.Conv2d(2, 1, 1)(x[None, ..., None]),
    "batch_norm": lambda lib, x: lib.nn.BatchNorm1d(3)(x),
    "layer_norm": lambda lib, x: lib.nn.LayerNorm(3)(x),
    "dropout": lambda lib, x: lib.nn.functional.dropout(x, 0.5),
    "embedding": lambda lib, x: lib.nn.functional.embedding(lib.tensor([1]), x),
    "cross_entropy": lambda lib, x: lib.nn.functional.cross_entropy(x, lib.tensor([0, 1])),
    "nll_loss": lambda lib, x: lib.nn.functional.nll_loss(x, lib.tensor([0, 1])),
    "mse_loss": lambda lib, x: lib.nn.functional.mse_loss(x, x * 2),
    "l1_loss": lambda lib, x: lib.nn.functional.l1_loss(x, x * 2),
    "smooth_l1_loss": lambda lib, x: lib.nn.functional.smooth_l1_loss(x, x * 2),
    "huber_loss": lambda lib, x: lib.nn.functional.huber_loss(x, x * 2),
    "bce": lambda lib, x: lib.nn.functional.binary_cross_entropy(x, x * 0),
    "bce summed": lambda lib, x: lib.nn.functional.binary_cross_entropy(x, x * 0, reduction="sum"),
    "bce with logits": lambda lib, x: lib.nn.functional.binary_cross_entropy_with_logits(x, x),
    "soft_margin_loss": lambda lib, x: lib.nn.functional.soft_margin_loss(x, x.detach()),
    "relu": lambda lib, x: x.relu(),
    "gelu": lambda lib, x: lib.nn.functional.gelu(x),
    "logsigmoid": lambda lib, x: lib.nn.functional.logsigmoid(x),
    "softmax": lambda lib, x: x.softmax(0),
    "log_softmax": lambda lib, x: x.log_softmax(0),
    "log1p": lambda lib, x: x.log1p(),
    "square": lambda lib, x: x.square(),
    "power": lambda lib, x: x**2,
    "clamp": lambda lib, x: x.clamp(0.1, 0.5),
    "max": lambda lib, x: x.max(),
    "max along": lambda lib, x: x.max(1).values,
    "median": lambda lib, x: x.median(),
    "sum": lambda lib, x: x.sum(),
    "mean": lambda lib, x: x.mean(),
    "norm": lambda lib, x: x.norm(),
    "inv": lambda lib, x: lib.linalg.inv(x[:, :2]),
    "solve": lambda lib, x: lib.linalg.solve(x[:, :2], x),
    "diag_embed": lambda lib, x: lib.diag_embed(x),
    "pad": lambda lib, x: lib.nn.functional.pad(x, (1, 1)),
}


def called(name: str, lib: Any) -> Any:
    x = lib.tensor([[0.2, 0.7, 0.4], [0.9, 0.3, 0.6]], requires_grad=True)
    return CALLS[name](lib, x)


@pytest.mark.parametrize("name", CALLS)
def test_nodes_have_pytorchs_names(name: str) -> None:
    ours = called(name, tn)
    assert ours.grad_fn.name() == called(name, torch).grad_fn.name()
    ours.sum().backward()


def test_a_name_is_that_of_one_call_alone() -> None:
    x = tn.ones(1, 2, requires_grad=True)
    assert x.squeeze(0).grad_fn.name() == "SqueezeBackward1"
    assert x.view(2).grad_fn.name() == "ViewBackward0"
    assert x.squeeze(0).grad_fn.op.name == "reshape"


def test_a_name_given_within_a_transform_ends_with_it() -> None:
    x = tn.tensor([[1.0, 2.0]])
    tn.func.vmap(tn.func.grad(lambda y: y.squeeze(0).square().sum()))(x[None])
    z = x.clone().requires_grad_()
    z.squeeze(0).square().sum().backward()
    assert z.grad is not None
    assert z.grad.tolist() == [[2.0, 4.0]]


def test_complex_and_real_numbers_have_nodes_of_one_name_and_rules_of_their_own() -> None:
    for kind in (tn.float64, tn.complex128, tn.float64):
        x = tn.ones(1, 2, dtype=kind).mul(2).requires_grad_()
        y = x.squeeze(0)
        assert y.grad_fn.name() == "SqueezeBackward1"
        (y * y).abs().sum().backward()
        assert x.grad is not None
        assert x.grad.dtype == kind


def test_a_name_changes_nothing_of_what_a_node_does() -> None:
    """Whatever came first: a complex tensor, a transform, a second derivative."""
    z = tn.tensor([[1.0 + 1j, 2.0]], requires_grad=True)
    assert z.squeeze(0).grad_fn.name() == "SqueezeBackward1"
    (z.squeeze(0) * (2 + 1j)).real.sum().backward()
    assert z.grad.tolist() == [[2 - 1j, 2 - 1j]]
    x = tn.ones(2, 1, 3, requires_grad=True)
    weight = tn.arange(3.0)

    def weighed(one: Any) -> Any:
        return (tn.stack([one.squeeze(0), one.squeeze(0).unsqueeze(0)[0]]) * weight).sum()

    mapped = tn.func.vmap(tn.func.grad(weighed))(x.detach())
    assert mapped.tolist() == [[[0, 2, 4]]] * 2
    twice = tn.func.vmap(weighed)(x).sum()
    twice.backward()
    assert x.grad.tolist() == [[[0, 2, 4]]] * 2
    y = tn.ones(1, 3, requires_grad=True)
    (first,) = tn.autograd.grad((y.squeeze(0) ** 3).sum(), y, create_graph=True)
    (second,) = tn.autograd.grad(first.sum(), y)
    assert second.tolist() == [[6, 6, 6]]
    assert y.view(3).grad_fn.name() == "ViewBackward0"
