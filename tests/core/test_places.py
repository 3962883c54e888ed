"""A node remembers the user's line that made it, however many of this library's frames lie between."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import autotn as tn
from autotn import nn
from autotn.core.node import line_of

deep = nn.Sequential(nn.Sequential(nn.Sequential(nn.Linear(2, 2))))
shallow = nn.Sequential(nn.Linear(2, 2))
linear = nn.Linear(2, 2)
x = tn.ones(1, 2)


def line(result: Any) -> str:
    """The text of the line that a result's node remembers."""
    found = line_of(result.grad_fn.where)
    assert found is not None
    return found[2]


class Own(nn.Module):
    """A forward of the user's own, whose lines are the nearest ones."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, input: Any) -> Any:
        return self.inner(input)


def helper() -> Any:
    return linear(x)


def helper_of_helper() -> Any:
    return helper()


MODELS = {"linear": linear, "shallow": shallow, "deep": deep}


@pytest.mark.parametrize("first", MODELS)
@pytest.mark.parametrize("second", MODELS)
def test_models_of_every_depth_in_turn(first: str, second: str) -> None:
    for _ in range(3):
        one = MODELS[first](x)
        two = MODELS[second](x)
        loss = nn.functional.mse_loss(two, x)
        assert line(one) == "one = MODELS[first](x)"
        assert line(two) == "two = MODELS[second](x)"
        assert line(loss) == "loss = nn.functional.mse_loss(two, x)"


@pytest.mark.parametrize("inner", MODELS)
def test_a_forward_of_the_users_own_is_nearer_than_its_caller(inner: str) -> None:
    own = Own(MODELS[inner])
    for _ in range(3):
        outer = MODELS[inner](x)
        assert line(outer) == "outer = MODELS[inner](x)"
        assert line(own(x)) == "return self.inner(input)"
        assert line(nn.Sequential(own)(x)) == "return self.inner(input)"


@pytest.mark.parametrize("before", MODELS)
def test_a_function_of_the_users_is_nearer_than_its_caller(before: str) -> None:
    for _ in range(3):
        outer = MODELS[before](x)
        assert line(outer) == "outer = MODELS[before](x)"
        assert line(helper()) == "return linear(x)"
        assert line(helper_of_helper()) == "return linear(x)"


def test_a_call_from_a_shallow_stack_after_one_from_a_deep_one() -> None:
    def nested(depth: int) -> Any:
        return nested(depth - 1) if depth else deep(x)

    assert line(nested(50)) == inspect.getsource(nested).splitlines()[1].strip()
    result = linear(x)
    assert line(result) == "result = linear(x)"
