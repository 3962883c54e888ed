"""debug stops where a bad number is made, says what it was made of, and changes nothing else."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.core import modes
from autotn.errors import ConditionMet, NonFiniteError

INF = math.inf
NAN = math.nan


def message(call: Any, *notes: str, **options: Any) -> str:
    """What debug says of a call."""
    with pytest.raises(NonFiniteError) as caught, tn.debug(**options):
        call()
    return "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])


class Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 2, bias=False)

    def forward(self, x: Any) -> Any:
        return tn.sqrt(self.fc(x))


def head() -> Any:
    model = nn.Sequential(nn.Identity(), Head())
    with tn.no_grad():
        model[1].fc.weight.copy_(tn.tensor([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]))
    return model


def test_forward_names_op_count_index_inputs_module_and_line() -> None:
    model = head()
    told = message(lambda: model(tn.tensor([[1.0, 2.0, 0.0], [3.0, -4.0, 0.0]])))
    assert told.startswith(
        "debug: sqrt made 1 nan (of 4 elements, the first at index (1, 1)): input there is -4"
    )
    assert "in model[1]: Head()" in told
    assert "return tn.sqrt(self.fc(x))" in told


def test_backward_names_the_call_and_its_module() -> None:
    model = head()
    told = message(lambda: model(tn.tensor([[1.0, 0.0, 0.0]])).sum().backward())
    assert "the backward of sqrt made 1 inf (of 2 elements, the first at index (0, 1))" in told
    assert "in the gradient of 'input': the output's gradient there is 1; out there is 0" in told
    assert "return tn.sqrt(self.fc(x)), in model[1]: Head()" in told


def test_data_that_came_in_bad_is_said_to_be() -> None:
    told = message(lambda: nn.Linear(2, 2)(tn.tensor([[1.0, NAN]])))
    assert "input (1, 2) has 1 nan (of 2 elements, the first at index (0, 1))" in told


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: tn.tensor([2.0, 0.0]).log(), "1 -inf"),
        (lambda: 1 / tn.tensor([0.0, -0.0]), "1 inf and 1 -inf"),
        (lambda: tn.tensor([INF, 1.0]) - INF, "1 nan"),
        (lambda: tn.tensor([1e30, 1.0]) ** 2, "1 inf"),
        (lambda: tn.tensor([60000.0], dtype=tn.float16) * 2, "1 inf"),
        (lambda: tn.tensor([1e38 + 1e38j]) * 1e38, "inf"),
        (lambda: tn.tensor([[1.0, -1.0]]).t().sqrt(), "1 nan"),
        (lambda: tn.ones(2).div_(tn.tensor([1.0, 0.0])), "1 inf"),
        (lambda: tn.ones(2, 2).unbind()[0].log1p().sub(3).sqrt(), "2 nan"),
    ],
)
def test_what_counts_as_bad(call: Any, what: str) -> None:
    assert what in message(call)


@pytest.mark.parametrize(
    "call",
    [
        lambda: tn.zeros(3).masked_fill(tn.tensor([True, False, True]), -INF).softmax(0),
        lambda: tn.tensor([1e30, -1e30]) + 1,  # its square overflows, it does not
        lambda: tn.tensor([1, 2]) * 2,
        lambda: tn.ones(0).mean(0, keepdim=True).isnan(),
        lambda: tn.full((2,), INF) * 2,
    ],
)
def test_what_does_not(call: Any) -> None:
    expected = call() if "mean" not in call.__code__.co_names else None
    if expected is not None:
        with tn.debug():
            assert call().tolist() == expected.tolist()


def test_each_kind_can_be_left_out() -> None:
    with tn.debug(inf=False):
        tn.tensor([0.0]).log()
    with tn.debug(nan=False):
        tn.tensor([-1.0]).log()
    x = tn.tensor([0.0], requires_grad=True)
    with tn.debug(backward=False):
        x.sqrt().backward()
    assert x.grad is not None
    assert x.grad.item() == INF


def test_it_is_a_context_a_decorator_and_a_switch() -> None:
    @tn.debug()
    def decorated() -> Any:
        return tn.tensor([0.0]).log()

    with pytest.raises(NonFiniteError):
        decorated()
    watch = tn.debug().on()
    with pytest.raises(NonFiniteError):
        tn.tensor([0.0]).log()
    watch.off()
    tn.tensor([0.0]).log()
    assert modes.HOT["SPECIAL"] == 0
    assert modes.state.watch is None
    with pytest.raises(RuntimeError, match="off\\(\\) without on"):
        watch.off()


def test_contexts_stand_within_each_other() -> None:
    with tn.debug(nan=False, inf=False):
        with tn.debug(), pytest.raises(NonFiniteError):
            tn.tensor([0.0]).log()
        tn.tensor([0.0]).log()


def test_values_and_gradients_are_those_of_an_unwatched_run() -> None:
    def run() -> list[Any]:
        tn.manual_seed(3)
        model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Flatten(),
                              nn.Linear(48, 4), nn.Dropout(0.3))  # fmt: skip
        loss = nn.functional.cross_entropy(model(tn.rand(5, 1, 6, 6)), tn.arange(5) % 4)
        loss.backward()
        return [loss.item(), *(p.grad.tolist() for p in model.parameters())]

    expected = run()
    with tn.debug():
        assert run() == expected


def test_stop_at_a_gradient_that_grows_too_long() -> None:
    model = nn.Linear(3, 1)
    with tn.debug(when=lambda e: e.tensor is model.weight and e.norm > 10):
        model(tn.ones(2, 3)).sum().backward()
        with pytest.raises(ConditionMet, match=r"the gradient of model.weight \(1, 3\) \(norm 34"):
            (model(tn.ones(2, 3)) * 10).sum().backward()


def test_conditions_see_every_result() -> None:
    seen: list[tuple[str, str]] = []

    def look(event: Any) -> None:
        assert event.largest <= event.norm + 1e-6
        seen.append((event.kind, event.op))

    x = tn.tensor([1.0, 2.0], requires_grad=True)
    with tn.debug(when=look):
        x.exp().sum().backward()
    assert seen == [
        ("forward", "exp"),
        ("forward", "sum"),
        ("backward", "sum"),
        ("backward", "exp"),
        ("gradient", ""),
    ]


def test_a_reason_is_passed_on() -> None:
    with (
        tn.debug(when=lambda e: "values above 5" if e.largest > 5 else None),
        pytest.raises(
            ConditionMet, match=re.escape("the result of mul (norm 6, largest 6): values above 5")
        ),
    ):
        tn.tensor([2.0]) * 3


def test_a_condition_must_be_a_function() -> None:
    with pytest.raises(TypeError, match="when must be a function"):
        tn.debug(when=3)  # type: ignore[arg-type]


def test_recorded_backward_is_watched_too() -> None:
    x = tn.tensor([0.0], requires_grad=True)
    (g,) = tn.autograd.grad((x * x).sum(), x, create_graph=True)
    with pytest.raises(NonFiniteError, match="sqrt"), tn.debug():
        tn.autograd.grad(g.sqrt().sum(), x)


def test_other_threads_are_not_watched() -> None:
    import threading

    result: list[Any] = []
    with tn.debug():
        thread = threading.Thread(target=lambda: result.append(tn.tensor([0.0]).log().item()))
        thread.start()
        thread.join()
    assert result == [-np.inf]
