"""Averaged models, their schedule and their BatchNorm statistics follow PyTorch's."""

from __future__ import annotations

import copy
import math
import pickle
from typing import Any

import numpy as np
import pytest

from autotn import optim
from autotn.core.tensor import Tensor, wrap
from autotn.layers import Buffer, Module, Parameter
from autotn.optim import swa_utils
from tests.optim.twins import leaf


class Net(Module):
    """A weight, a bias in another dtype, and a counter."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = Parameter(wrap(np.zeros((2, 3), np.float32)))
        self.bias = Parameter(wrap(np.zeros(2)))
        self.count = Buffer(wrap(np.zeros(1, np.int64)))
        self.mean = Buffer(wrap(np.zeros(2)))

    def forward(self, input: Any) -> Any:
        return input


def pytorchs_net(torch: Any) -> Any:
    net = torch.nn.Module()
    net.weight = torch.nn.Parameter(torch.zeros(2, 3))
    net.bias = torch.nn.Parameter(torch.zeros(2, dtype=torch.float64))
    net.register_buffer("count", torch.zeros(1, dtype=torch.int64))
    net.register_buffer("mean", torch.zeros(2, dtype=torch.float64))
    return net


NAMES = ("weight", "bias", "count", "mean")
AVERAGES: dict[str, Any] = {
    "default": lambda U: {},
    "swa": lambda U: {"avg_fn": U.get_swa_avg_fn()},
    "ema": lambda U: {"avg_fn": U.get_ema_avg_fn(0.9)},
    "multi swa": lambda U: {"multi_avg_fn": U.get_swa_multi_avg_fn()},
    "multi ema": lambda U: {"multi_avg_fn": U.get_ema_multi_avg_fn(0.9)},
}


@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize("average", AVERAGES)
def test_averages(torch: Any, average: str, use_buffers: bool) -> None:
    rng = np.random.default_rng(0)
    net, torchs = Net(), pytorchs_net(torch)
    if use_buffers:  # PyTorch's averages of integers depend on the function
        del net.count, torchs.count
    names = [name for name in NAMES if hasattr(net, name)]
    make = AVERAGES[average]
    ours = swa_utils.AveragedModel(net, use_buffers=use_buffers, **make(swa_utils))
    theirs = torch.optim.swa_utils.AveragedModel(
        torchs, use_buffers=use_buffers, **make(torch.optim.swa_utils)
    )
    for step in range(5):
        for name in names:
            x = rng.standard_normal(getattr(net, name)._data.shape)
            getattr(net, name)._data[...] = x if name != "count" else step
            getattr(torchs, name).data.copy_(torch.tensor(getattr(net, name)._data))
        ours.update_parameters(net)
        theirs.update_parameters(torchs)
        assert int(ours.n_averaged) == int(theirs.n_averaged) == step + 1
        for name in names:
            mine, other = getattr(ours.module, name), getattr(theirs.module, name)
            # PyTorch's weight 1 / (n + 1) is a float32 number even where the parameter is not.
            np.testing.assert_allclose(mine._data, other.detach().numpy(), rtol=1e-5, atol=1e-7)
            assert mine._data.dtype == other.detach().numpy().dtype
    assert list(ours.state_dict()) == list(theirs.state_dict())


def test_the_model_itself_is_left_alone() -> None:
    net = Net()
    averaged = swa_utils.AveragedModel(net)
    net.weight._data[...] = 1
    averaged.update_parameters(net)
    net.weight._data[...] = 3
    averaged.update_parameters(net)
    np.testing.assert_array_equal(averaged.module.weight._data, 2)
    np.testing.assert_array_equal(net.weight._data, 3)
    assert averaged.module.weight.requires_grad
    assert averaged("input") == "input"


def test_integers_are_averaged_too() -> None:
    net = Net()
    averaged = swa_utils.AveragedModel(net, use_buffers=True)
    for count in (10, 20):
        net.count._data[...] = count
        averaged.update_parameters(net)
    assert int(averaged.module.count) == 15


def test_a_function_of_ones_own() -> None:
    seen: list[Any] = []

    def largest(averaged: Tensor, current: Tensor, number: Any) -> Tensor:
        seen.append(int(number))
        return wrap(np.maximum(averaged._data, current._data))

    net = Net()
    averaged = swa_utils.AveragedModel(net, avg_fn=largest)
    for value in (1, 3, 2):
        net.weight._data[...] = value
        averaged.update_parameters(net)
    np.testing.assert_array_equal(averaged.module.weight._data, 3)
    assert seen == [1, 1, 2, 2]


def test_copies_and_state_dicts() -> None:
    net = Net()
    first = swa_utils.AveragedModel(net)
    net.weight._data[...] = 1
    first.update_parameters(net)
    second = copy.deepcopy(first)
    third = swa_utils.AveragedModel(Net())
    third.load_state_dict(first.state_dict())
    net.weight._data[...] = 3
    for averaged in (first, second, third):
        averaged.update_parameters(net)
        np.testing.assert_array_equal(averaged.module.weight._data, 2)


@pytest.mark.parametrize("decay", [-0.1, 1.1])
def test_decay_is_between_0_and_1(decay: float) -> None:
    with pytest.raises(ValueError, match="Invalid decay value"):
        swa_utils.get_ema_avg_fn(decay)
    with pytest.raises(ValueError, match="Invalid decay value"):
        swa_utils.get_ema_multi_avg_fn(decay)


def test_only_one_kind_of_function() -> None:
    with pytest.raises(AssertionError, match="only one"):
        swa_utils.AveragedModel(
            Net(),
            avg_fn=swa_utils.get_swa_avg_fn(),
            multi_avg_fn=swa_utils.get_swa_multi_avg_fn(),
        )


# -- SWALR ----------------------------------------------------------------------------------------


def optimizer() -> Any:
    return optim.SGD([{"params": [leaf(np.ones(1))], "lr": lr} for lr in (0.5, 0.05)])


@pytest.mark.parametrize(
    "options",
    [
        dict(swa_lr=0.1),
        dict(swa_lr=[0.1, 0.2], anneal_epochs=5),
        dict(swa_lr=0.1, anneal_epochs=0),
        dict(swa_lr=0.1, anneal_epochs=1),
        dict(swa_lr=0.9, anneal_epochs=20, anneal_strategy="linear"),
    ],
)
def test_swalr(torch: Any, options: dict[str, Any]) -> None:
    ours = swa_utils.SWALR(optimizer(), **options)
    groups = [{"params": [torch.ones(1, requires_grad=True)], "lr": lr} for lr in (0.5, 0.05)]
    theirs = torch.optim.swa_utils.SWALR(torch.optim.SGD(groups), **options)
    for epoch in range(100):
        np.testing.assert_allclose(ours.get_last_lr(), theirs.get_last_lr(), rtol=1e-12)
        for schedule in (ours, theirs):
            schedule.optimizer.step()
            schedule.step()
        if epoch == 3:
            again = swa_utils.SWALR(optimizer(), 7.0)
            again.load_state_dict(pickle.loads(pickle.dumps(ours.state_dict())))
            again.optimizer.load_state_dict(ours.optimizer.state_dict())
            again.optimizer.step()
            ours = again
    assert set(ours.state_dict()) == set(theirs.state_dict())


def test_swalr_after_another_schedule(torch: Any) -> None:
    def rates(library: Any, swa: Any, opt: Any) -> list[Any]:
        schedule = library.ExponentialLR(opt, 0.9)
        found = []
        for epoch in range(20):
            opt.step()
            if epoch == 5:
                schedule = swa.SWALR(opt, 0.01, anneal_epochs=4)
            schedule.step()
            found.append(opt.param_groups[0]["lr"])
        return found

    theirs = torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=0.5)
    np.testing.assert_allclose(
        rates(optim.lr_scheduler, swa_utils, optim.SGD([leaf(np.ones(1))], lr=0.5)),
        rates(torch.optim.lr_scheduler, torch.optim.swa_utils, theirs),
        rtol=1e-12,
    )


def test_swalr_refuses_what_can_not_be() -> None:
    with pytest.raises(ValueError, match="anneal_strategy"):
        swa_utils.SWALR(optimizer(), 0.1, anneal_strategy="round")
    with pytest.raises(ValueError, match="anneal_epochs"):
        swa_utils.SWALR(optimizer(), 0.1, anneal_epochs=-1)
    with pytest.raises(ValueError, match="swa_lr must have the same length"):
        swa_utils.SWALR(optimizer(), [0.1])


# -- update_bn ------------------------------------------------------------------------------------


class ToyBatchNorm(Module):
    """Collects the mean of its inputs, as BatchNorm does."""

    def __init__(self) -> None:
        super().__init__()
        self.momentum: float | None = 0.1
        self.reset_running_stats()

    def reset_running_stats(self) -> None:
        self.total, self.batches = 0.0, 0

    def forward(self, input: Any) -> Any:
        assert self.training
        assert self.momentum is None
        assert math.prod(input.shape) > 0
        self.total += float(input._data.mean())
        self.batches += 1
        return input


def test_update_bn_passes_over_the_loader_once() -> None:
    net = Module()
    net.norm = ToyBatchNorm()
    net.forward = net.norm  # type: ignore[method-assign]
    net.norm.total = 7.0
    net.eval()
    batches = [wrap(np.full((2, 3), float(i))) for i in range(4)]
    swa_utils.update_bn([batches[0], (batches[1], "label"), [batches[2]], batches[3]], net)
    assert (net.norm.total, net.norm.batches) == (6.0, 4)
    assert net.norm.momentum == 0.1
    assert not net.training
    assert not net.norm.training


def test_update_bn_without_such_layers_reads_nothing() -> None:
    swa_utils.update_bn(iter(lambda: pytest.fail("read a batch"), None), Net())
