"""Hooks around forward and backward: order, what they see, what they may change."""

from __future__ import annotations

import copy
import warnings
from collections import OrderedDict
from typing import Any

import pytest

import autotn as tn
from autotn import nn
from autotn.core import modes
from autotn.core.listening import Listener, recording
from autotn.layers.hooks import EVERYWHERE
from autotn.nn.modules import module as every


class Affine(nn.Module):
    """A module with keyword arguments."""

    def forward(self, input: Any, other: Any = None, *, scale: float = 2.0) -> Any:
        return input * scale if other is None else input * scale + other


def test_forward_hooks_run_in_order_and_may_replace() -> None:
    module = Affine()
    seen: list[Any] = []
    module.register_forward_pre_hook(lambda m, args: seen.append("pre"))
    module.register_forward_pre_hook(lambda m, args: args[0] + 1)
    module.register_forward_pre_hook(lambda m, args: seen.append("first"), prepend=True)
    module.register_forward_hook(lambda m, args, out: seen.append(float(args[0])))
    module.register_forward_hook(lambda m, args, out: out * 10)
    assert float(module(tn.tensor(1.0))) == 40.0
    assert seen == ["first", "pre", 2.0]


def test_hooks_with_keywords() -> None:
    module = Affine()
    module.register_forward_pre_hook(
        lambda m, args, kwargs: (args, {**kwargs, "scale": 3.0}), with_kwargs=True
    )
    seen: list[Any] = []
    module.register_forward_hook(
        lambda m, args, kwargs, out: seen.append((len(args), kwargs)), with_kwargs=True
    )
    assert float(module(tn.tensor(1.0), other=tn.tensor(5.0))) == 8.0
    assert seen[0][0] == 1
    assert set(seen[0][1]) == {"other", "scale"}
    module.register_forward_pre_hook(lambda m, args, kwargs: 3, with_kwargs=True)
    with pytest.raises(RuntimeError, match="None or a tuple of"):
        module(tn.tensor(1.0))


def test_a_handle_removes_its_hook_alone() -> None:
    module, seen = Affine(), []
    first = module.register_forward_hook(lambda *a: seen.append(1))
    with module.register_forward_hook(lambda *a: seen.append(2)):
        module(tn.ones(1))
    first.remove()
    first.remove()
    module(tn.ones(1))
    assert seen == [1, 2]
    assert not module._forward_hooks


def test_hooks_can_be_listed_and_cleared_as_dicts() -> None:
    module = Affine()

    def hook(*args: Any) -> None:
        raise AssertionError

    handle = module.register_forward_hook(hook)
    module.register_forward_pre_hook(lambda m, args: None)
    assert list(module._forward_hooks.values()) == [hook]
    assert list(module._forward_hooks) == [handle.id]
    assert len(module._forward_pre_hooks) == 1
    with pytest.raises(KeyError):
        del module._forward_pre_hooks[handle.id]
    module._forward_hooks.clear()
    module(tn.ones(1))
    module._forward_pre_hooks = OrderedDict()
    assert not module._hooks


def test_always_called_hooks_run_after_an_error() -> None:
    class Broken(nn.Module):
        def forward(self, input: Any) -> Any:
            raise ValueError("broken")

    module, seen = Broken(), []
    module.register_forward_hook(lambda *a: seen.append("skipped"))
    module.register_forward_hook(lambda *a: seen.append(a[-1]), always_call=True)
    with pytest.raises(ValueError, match="broken"):
        module(tn.ones(1))
    assert seen == [None]

    def fails(*args: Any) -> None:
        raise KeyError("second")

    module.register_forward_hook(fails, always_call=True)
    with pytest.warns(UserWarning, match="second"), pytest.raises(ValueError, match="broken"):
        module(tn.ones(1))


def test_hooks_on_every_module() -> None:
    seen: list[str] = []
    handles = [
        every.register_module_forward_pre_hook(
            lambda m, args: seen.append(f"pre {type(m).__name__}")
        ),
        every.register_module_forward_hook(lambda m, args, out: out + 1),
        every.register_module_full_backward_pre_hook(lambda m, g: seen.append("backward pre")),
        every.register_module_full_backward_hook(lambda m, gi, go: seen.append("backward")),
    ]
    try:
        net = nn.Sequential(Affine())
        x = tn.tensor(1.0, requires_grad=True)
        result = net(x)
        assert float(result) == 4.0
        result.backward()
    finally:
        for handle in handles:
            handle.remove()
    assert seen[:2] == ["pre Sequential", "pre Affine"]
    assert seen[2:] == ["backward pre", "backward pre", "backward", "backward"]
    assert not EVERYWHERE


class Two(nn.Module):
    """Two inputs, two outputs, and something that is no tensor."""

    def forward(self, a: Any, note: str, b: Any) -> Any:
        return a * 2, b * 3


def test_backward_hooks_see_what_pytorch_shows(torch: Any) -> None:
    def run(t: Any, module: Any) -> list[Any]:
        record: list[Any] = []

        def show(grads: Any) -> Any:
            return [None if g is None else g.tolist() for g in grads]

        module.register_full_backward_pre_hook(lambda m, g: record.append(("pre", show(g))))
        module.register_full_backward_hook(
            lambda m, gi, go: record.append(("post", show(gi), show(go)))
        )
        module.register_full_backward_hook(lambda m, gi, go: (gi[0] * 10, *gi[1:]))
        a = t.tensor([1.0, 2.0], requires_grad=True)
        b = t.tensor([3.0, 4.0])
        x, y = module(a, "note", b)
        (x + y).sum().backward()
        record.append(a.grad.tolist())
        return record

    class TheirTwo(torch.nn.Module):
        forward = Two.forward

    assert run(tn, Two()) == run(torch, TheirTwo())


def test_a_backward_pre_hook_may_replace_the_gradient() -> None:
    module = Affine()
    module.register_full_backward_pre_hook(lambda m, g: (g[0] * 5,))
    x = tn.tensor(1.0, requires_grad=True)
    module(x).backward()
    assert float(x.grad) == 10.0  # type: ignore[arg-type]


def test_backward_hooks_without_an_input_that_requires_grad() -> None:
    linear = nn.Linear(2, 1)
    seen: list[Any] = []
    linear.register_full_backward_hook(lambda m, gi, go: seen.append((gi, go[0].tolist())))
    linear(tn.ones(1, 2)).sum().backward()
    assert seen == [((None,), [[1.0]])]
    linear.register_full_backward_hook(lambda m, gi, go: (tn.ones(1, 2),))
    with pytest.raises(RuntimeError, match="no input requires gradient"):
        linear(tn.ones(1, 2)).sum().backward()


def test_backward_hooks_are_differentiated_twice() -> None:
    module = Affine()
    module.register_full_backward_hook(lambda m, gi, go: (gi[0] * 3,))
    x = tn.tensor(2.0, requires_grad=True)
    y = module(x) ** 2
    (g,) = tn.autograd.grad(y, x, create_graph=True)
    g.backward()
    assert float(g) == 2 * 4.0 * 2 * 3
    assert x.grad is not None


def test_a_wrong_number_of_gradients_is_refused() -> None:
    module = Affine()
    module.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
    x = tn.tensor(2.0, requires_grad=True)
    with pytest.raises(RuntimeError, match="invalid number of grads, got 2, but expected 1"):
        module(x).backward()


def test_backward_hooks_warn_of_outputs_they_cannot_watch() -> None:
    class Dictionary(nn.Module):
        def forward(self, input: Any) -> Any:
            return {"out": input * 2}

    module = Dictionary()
    module.register_full_backward_hook(lambda *a: None)
    with pytest.warns(UserWarning, match="should be a Tensor or a tuple"):
        module(tn.ones(1, requires_grad=True))


def test_without_grad_backward_hooks_cost_nothing() -> None:
    module = Affine()
    module.register_full_backward_hook(lambda *a: None)
    with tn.no_grad():
        assert module(tn.ones(1, requires_grad=True)).grad_fn is None


def test_copies_keep_hooks() -> None:
    module = Affine()
    module.register_forward_hook(lambda m, args, out: out + 1)
    twin = copy.deepcopy(module)
    assert float(twin(tn.tensor(1.0))) == 3.0
    twin._forward_hooks.clear()
    assert float(module(tn.tensor(1.0))) == 3.0


class ScopeListener(Listener):
    """Notes the scope in which each op is called."""

    def __init__(self) -> None:
        self.scopes: list[tuple[str, ...]] = []

    def begin(self, op: Any) -> None:
        pass

    def call(self, op: Any, args: Any, result: Any) -> None:
        self.scopes.append(tuple(name for name, _ in modes.state.scope))


def test_a_listener_knows_the_module_that_is_running() -> None:
    class Blocks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Sequential(Affine())
            self.listed = [Affine()]

        def forward(self, input: Any) -> Any:
            return self.listed[0](self.inner(input)) + 1

    listener = ScopeListener()
    with recording(listener):
        Blocks()(tn.ones(1))
    assert listener.scopes == [("", "inner", "0"), ("", "listed.0"), ("",)]
    assert modes.state.scope == ()


def test_the_scope_is_left_after_an_error() -> None:
    class Broken(nn.Module):
        def forward(self, input: Any) -> Any:
            raise ValueError("broken")

    with recording(ScopeListener()), pytest.raises(ValueError, match="broken"):
        nn.Sequential(Broken())(tn.ones(1))
    assert modes.state.scope == ()


def test_a_call_without_hooks_is_one_forward() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        module = Affine()
        assert float(module(tn.tensor(1.0), scale=4.0)) == 4.0
    with pytest.raises(NotImplementedError, match=r"\[Module\] is missing the required"):
        nn.Module()(3)
