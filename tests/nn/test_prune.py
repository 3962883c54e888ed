"""Pruning: which weights go, how often, and what is left behind."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.nn.utils import prune

VALUES = np.array(
    [[0.1, -2.0, 3.0, -0.4], [5.0, 0.6, -0.7, 8.0], [0.9, 1.0, -1.1, 0.2]], np.float32
)


def layer(library: Any) -> Any:
    made = library.nn.Linear(4, 3, bias=False)
    made.load_state_dict({"weight": library.tensor(VALUES)})
    return made


SAME: list[Any] = [
    lambda p, m, t: p.identity(m, "weight"),
    lambda p, m, t: p.l1_unstructured(m, "weight", 0.4),
    lambda p, m, t: p.l1_unstructured(m, "weight", 5),
    lambda p, m, t: p.l1_unstructured(m, "weight", 2, importance_scores=-abs(t.tensor(VALUES))),
    lambda p, m, t: p.ln_structured(m, "weight", 1, n=2, dim=0),
    lambda p, m, t: p.ln_structured(m, "weight", 0.5, n=1, dim=1),
    lambda p, m, t: p.ln_structured(m, "weight", 2, n=float("inf"), dim=-1),
    lambda p, m, t: p.custom_from_mask(m, "weight", t.tensor(VALUES > 0.5)),
]


@pytest.mark.parametrize("number", range(len(SAME)))
def test_prunings_are_pytorch_s(torch: Any, number: int) -> None:
    import torch.nn.utils.prune as theirs

    results = []
    for library, module in ((tn, prune), (torch, theirs)):
        pruned = SAME[number](module, layer(library), library)
        pruned(library.ones(1, 4)).sum().backward()
        results.append([
            list(pruned.state_dict()),
            pruned.weight.tolist(),
            pruned.weight_mask.tolist(),
            pruned.weight_orig.grad.tolist(),
            [type(hook).__name__ for hook in pruned._forward_pre_hooks.values()],
        ])  # fmt: skip
    assert results[0] == results[1]


def test_prunings_follow_each_other_as_pytorch_s(torch: Any) -> None:
    import torch.nn.utils.prune as theirs

    results = []
    for library, module in ((tn, prune), (torch, theirs)):
        pruned = layer(library)
        log = []
        for step in (SAME[2], SAME[4], SAME[1], SAME[7]):
            step(module, pruned, library)
            log.append(pruned.weight_mask.tolist())
        (hook,) = pruned._forward_pre_hooks.values()
        log.append([type(hook).__name__, len(hook), type(hook[0]).__name__])
        module.remove(pruned, "weight")
        log += [pruned.weight.tolist(), list(pruned.state_dict()), module.is_pruned(pruned)]
        results.append(log)
    assert results[0] == results[1]


@pytest.mark.parametrize("amount", [0.25, 3])
def test_random_prunings_take_the_promised_number(amount: Any) -> None:
    pruned = prune.random_unstructured(layer(tn), "weight", amount)
    assert int((pruned.weight_mask.numpy() == 0).sum()) == 3
    pruned = prune.random_structured(layer(tn), "weight", 2, dim=1)
    gone = (pruned.weight_mask.numpy() == 0).all(0)
    assert gone.sum() == 2
    assert (pruned.weight_mask.numpy() == 0).sum() == 6


def test_global_pruning(torch: Any) -> None:
    import torch.nn.utils.prune as theirs

    results = []
    for library, module in ((tn, prune), (torch, theirs)):
        one, two = layer(library), layer(library)
        two.weight.data *= 0.1
        module.l1_unstructured(one, "weight", 2)
        pairs = [(one, "weight"), (two, "weight")]
        module.global_unstructured(pairs, module.L1Unstructured, amount=10)
        results.append([one.weight_mask.tolist(), two.weight_mask.tolist()])
    assert results[0] == results[1]
    with pytest.raises(TypeError, match='Only "unstructured"'):
        prune.global_unstructured([(layer(tn), "weight")], prune.LnStructured, amount=1, n=2)


def test_a_pruned_module_is_saved_and_found() -> None:
    net = nn.Sequential(layer(tn))
    assert not prune.is_pruned(net)
    prune.l1_unstructured(net[0], "weight", 0.5)
    assert prune.is_pruned(net)
    fresh = nn.Sequential(prune.identity(nn.Linear(4, 3, bias=False), "weight"))
    fresh.load_state_dict(net.state_dict())
    assert fresh(tn.ones(1, 4)).tolist() == net(tn.ones(1, 4)).tolist()
    assert [n for n, _ in net.named_parameters()] == ["0.weight_orig"]


def test_removal_keeps_the_parameter() -> None:
    pruned = layer(tn)
    parameter = pruned.weight
    prune.l1_unstructured(pruned, "weight", 0.5)
    value = pruned.weight.tolist()
    prune.remove(pruned, "weight")
    assert pruned.weight is parameter
    assert parameter.tolist() == value


def test_a_pruning_of_one_s_own() -> None:
    class EveryOther(prune.BasePruningMethod):
        def compute_mask(self, t: Any, default_mask: Any) -> Any:
            mask = default_mask.clone()
            mask.reshape(-1)[::2] = 0
            return mask

    pruned = layer(tn)
    EveryOther.apply(pruned, "weight")
    assert not pruned.weight.detach().numpy().reshape(-1)[::2].any()
    assert EveryOther().prune(tn.ones(4)).tolist() == [0.0, 1.0, 0.0, 1.0]


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda m: prune.l1_unstructured(m, "weight", -1), ValueError, "range"),
        (lambda m: prune.l1_unstructured(m, "weight", 1.5), ValueError, "range"),
        (lambda m: prune.l1_unstructured(m, "weight", "x"), TypeError, "int or float"),  # type: ignore[arg-type]
        (lambda m: prune.l1_unstructured(m, "weight", 99), ValueError, "should be smaller"),
        (lambda m: prune.l1_unstructured(m, "weight", 1, tn.ones(2)), ValueError, "same shape"),
        (lambda m: prune.ln_structured(m, "weight", 1, 2, 7), IndexError, "Invalid index 7"),
        (lambda m: prune.random_structured(m, "bias", 1, 0), ValueError, "multidimensional"),
        (lambda m: prune.custom_from_mask(m, "weight", tn.ones(2)), ValueError, "shape"),
        (lambda m: prune.remove(m, "weight"), ValueError, "has to be pruned before"),
        (lambda m: prune.global_unstructured(3, prune.Identity), TypeError, "not an Iterable"),
    ],
)
def test_impossible_prunings_are_refused(call: Any, error: Any, match: str) -> None:
    module = nn.Linear(4, 3)
    with pytest.raises(error, match=match):
        call(module)
    assert sorted(module.state_dict()) == ["bias", "weight"]
    assert not module._hooks
