"""``nn.functional`` offers what the topics keep for it, and what PyTorch's offers."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import numpy as np
import pytest

import autotn as tn
import autotn.ops
from autotn.nn import functional as F

TOPICS = [info.name for info in pkgutil.iter_modules(autotn.ops.__path__)]

#: Kernels of accelerators, and what PyTorch shows without documenting it.
NOT_FOR_US = {
    "assert_int_or_pair",
    "boolean_dispatch",
    "conv_tbc",
    "grouped_mm",
    "has_torch_function",
    "has_torch_function_unary",
    "has_torch_function_variadic",
    "scaled_grouped_mm",
    "scaled_mm",
}


@pytest.mark.parametrize("topic", TOPICS)
def test_every_functional_name_of_a_topic_is_offered(topic: str) -> None:
    module = importlib.import_module(f"autotn.ops.{topic}")
    for name in getattr(module, "FUNCTIONAL", ()):
        assert getattr(F, name, None) is getattr(module, name), f"nn/functional.py lacks {name}"


def test_pytorch_s_names_are_offered(torch: Any) -> None:
    theirs = {
        name
        for name, value in vars(torch.nn.functional).items()
        if inspect.isroutine(value)
        and not name.startswith("_")
        and not name.endswith("_with_indices")
        and getattr(value, "__module__", "") != "torch.overrides"
    }
    assert sorted(theirs - NOT_FOR_US - set(vars(F))) == []


def test_gumbel_softmax_draws_with_the_given_probabilities() -> None:
    logits = tn.tensor([0.0, 1.0, 2.0]).reshape(1, 3).expand(20_000, 3)
    drawn = F.gumbel_softmax(logits, tau=0.5, hard=True)
    assert set(np.unique(drawn.numpy().round(5))) == {0.0, 1.0}
    shares = drawn.numpy().mean(0)
    np.testing.assert_allclose(shares, F.softmax(logits[0], 0).numpy(), atol=0.02)
    soft = F.gumbel_softmax(logits, tau=0.5)
    np.testing.assert_allclose(soft.numpy().sum(1), 1.0, rtol=1e-5)


def test_the_gradient_of_a_hard_sample_is_that_of_the_soft_one() -> None:
    gradients = []
    for hard in (True, False):
        tn.manual_seed(5)
        logits = tn.tensor([[0.3, -1.0, 2.0], [0.0, 0.1, 0.2]], requires_grad=True)
        sample = F.gumbel_softmax(logits, tau=2.0, hard=hard, dim=0)
        (sample * tn.arange(6.0).reshape(2, 3)).sum().backward()
        gradients.append(logits.grad.tolist())  # type: ignore[union-attr]
    np.testing.assert_allclose(gradients[0], gradients[1])
