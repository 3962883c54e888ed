"""Every schedule sets PyTorch's learning rates, for a hundred epochs, alone and combined."""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autotn import optim
from autotn.core.tensor import Tensor, wrap
from autotn.optim import lr_scheduler
from autotn.optim.lr_scheduler import LRScheduler
from tests.optim.twins import leaf

EPOCHS = 100
#: Two groups with rates of their own.
RATES = (0.5, 0.05)

Make = Callable[[Any, Any], Any]

CHAINABLE: dict[str, Make] = {
    "LambdaLR": lambda S, o: S.LambdaLR(o, lambda epoch: 0.95**epoch),
    "LambdaLR, one per group": lambda S, o: S.LambdaLR(
        o, [lambda epoch: 0.95**epoch, lambda epoch: 1 / (1 + epoch)]
    ),
    "MultiplicativeLR": lambda S, o: S.MultiplicativeLR(o, lambda epoch: 1 - 1 / (epoch + 9)),
    "StepLR": lambda S, o: S.StepLR(o, 7, 0.3),
    "MultiStepLR": lambda S, o: S.MultiStepLR(o, [3, 3, 50], 0.3),
    "ConstantLR": lambda S, o: S.ConstantLR(o, 0.3, 7),
    "LinearLR": lambda S, o: S.LinearLR(o, 0.3, 0.9, 7),
    "ExponentialLR": lambda S, o: S.ExponentialLR(o, 0.97),
    "PolynomialLR": lambda S, o: S.PolynomialLR(o, 40, 2.0),
    "CosineAnnealingLR": lambda S, o: S.CosineAnnealingLR(o, 13, 0.01),
    "CosineAnnealingWarmRestarts": lambda S, o: S.CosineAnnealingWarmRestarts(o, 7),
    "CosineAnnealingWarmRestarts, growing": lambda S, o: S.CosineAnnealingWarmRestarts(
        o, 3, 2, 0.01
    ),
}
WITH_MOMENTUM: dict[str, Make] = {
    "CyclicLR": lambda S, o: S.CyclicLR(o, 0.01, 0.5, 5),
    "CyclicLR, lists": lambda S, o: S.CyclicLR(
        o, [0.01, 0.02], [0.5, 0.6], 5, 9, base_momentum=[0.7, 0.8], max_momentum=[0.9, 0.85]
    ),
    "CyclicLR, triangular2": lambda S, o: S.CyclicLR(o, 0.01, 0.5, 5, mode="triangular2"),
    "CyclicLR, exp_range": lambda S, o: S.CyclicLR(o, 0.01, 0.5, 5, mode="exp_range", gamma=0.99),
    "CyclicLR, scale_fn": lambda S, o: S.CyclicLR(
        o, 0.01, 0.5, 5, scale_fn=lambda x: 1 / (1 + x), scale_mode="iterations"
    ),
    "CyclicLR, no momentum": lambda S, o: S.CyclicLR(o, 0.01, 0.5, 5, cycle_momentum=False),
    "OneCycleLR": lambda S, o: S.OneCycleLR(o, 0.5, total_steps=EPOCHS),
    "OneCycleLR, lists": lambda S, o: S.OneCycleLR(o, [0.5, 1.0], epochs=10, steps_per_epoch=10),
    "OneCycleLR, linear": lambda S, o: S.OneCycleLR(
        o, 0.5, total_steps=EPOCHS, anneal_strategy="linear", pct_start=0.4
    ),
    "OneCycleLR, three phases": lambda S, o: S.OneCycleLR(
        o, 0.5, total_steps=EPOCHS, three_phase=True, base_momentum=0.7, max_momentum=0.8
    ),
    "OneCycleLR, no momentum": lambda S, o: S.OneCycleLR(
        o, 0.5, total_steps=EPOCHS, cycle_momentum=False, div_factor=5.0, final_div_factor=10.0
    ),
}
COMBINED: dict[str, Make] = {
    "SequentialLR": lambda S, o: S.SequentialLR(
        o,
        [S.LinearLR(o, 0.1, 1.0, 10), S.CosineAnnealingLR(o, 20), S.ExponentialLR(o, 0.9)],
        [10, 30],
    ),
    "SequentialLR, nested": lambda S, o: S.SequentialLR(
        o,
        [
            S.SequentialLR(o, [S.StepLR(o, 3), S.ExponentialLR(o, 0.9)], [6]),
            S.LinearLR(o, 0.1, 1.0, 5),
        ],
        [9],
    ),
    "SequentialLR, to restarts": lambda S, o: S.SequentialLR(
        o, [S.ConstantLR(o, 0.5, 3), S.CosineAnnealingWarmRestarts(o, 4)], [5]
    ),
    "ChainedScheduler": lambda S, o: S.ChainedScheduler(
        [S.ConstantLR(o, 0.1, 5), S.ExponentialLR(o, 0.9), S.CosineAnnealingLR(o, 8)]
    ),
    "ChainedScheduler, of polynomials": lambda S, o: S.ChainedScheduler(
        [S.PolynomialLR(o, 5), S.StepLR(o, 3), S.MultiplicativeLR(o, lambda epoch: 1.1)], o
    ),
}
EVERY = CHAINABLE | WITH_MOMENTUM | COMBINED


def optimizer(kind: str = "SGD", tensor: bool = False) -> Any:
    lrs = [wrap(np.array(lr)) if tensor else lr for lr in RATES]
    options = {"momentum": 0.9} if kind == "SGD" else {}
    groups = [{"params": [leaf(np.zeros(1))], "lr": lr} for lr in lrs]
    return getattr(optim, kind)(groups, **options)


def pytorchs_optimizer(torch: Any, kind: str = "SGD") -> Any:
    options = {"momentum": 0.9} if kind == "SGD" else {}
    groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in RATES]
    return getattr(torch.optim, kind)(groups, **options)


def options_of(opt: Any) -> list[float]:
    """Everything about rates and momenta that a schedule may touch."""
    names = ("lr", "initial_lr", "momentum", "max_lr", "min_lr", "max_momentum", "base_momentum")
    found = []
    for group in opt.param_groups:
        found += [float(group[name]) for name in names if name in group]
        found += [float(beta) for beta in group.get("betas", ())]
    return found


def assert_equal_now(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(
        options_of(ours.optimizer), options_of(theirs.optimizer), rtol=1e-12, atol=1e-15
    )
    mine, other = ([float(lr) for lr in s.get_last_lr()] for s in (ours, theirs))
    np.testing.assert_allclose(mine, other, rtol=1e-12, atol=1e-15)


def follow(ours: Any, theirs: Any, epochs: int = EPOCHS) -> None:
    assert_equal_now(ours, theirs)
    for _ in range(epochs - 1):
        for schedule in (ours, theirs):
            schedule.optimizer.step()
            schedule.step()
        assert_equal_now(ours, theirs)


# Making a sequence steps the schedules in it, before the optimizer could.
@pytest.mark.filterwarnings("ignore:Detected call:UserWarning")
@pytest.mark.parametrize("tensor", [False, True])
@pytest.mark.parametrize("name", EVERY)
def test_a_hundred_epochs(torch: Any, name: str, tensor: bool) -> None:
    make = EVERY[name]
    opt = optimizer(tensor=tensor)
    lrs = [group["lr"] for group in opt.param_groups]
    ours = make(lr_scheduler, opt)
    theirs = make(torch.optim.lr_scheduler, pytorchs_optimizer(torch))
    follow(ours, theirs)
    assert set(ours.state_dict()) == set(theirs.state_dict())
    if tensor:
        assert all(g["lr"] is lr for g, lr in zip(opt.param_groups, lrs))
        assert all(isinstance(lr, Tensor) for lr in ours.get_last_lr())
        assert ours.get_last_lr()[0] is not lrs[0]


@pytest.mark.parametrize("name", WITH_MOMENTUM)
def test_the_first_beta_serves_as_momentum(torch: Any, name: str) -> None:
    make = WITH_MOMENTUM[name]
    theirs = make(torch.optim.lr_scheduler, pytorchs_optimizer(torch, "Adam"))
    follow(make(lr_scheduler, optimizer("Adam")), theirs)


@pytest.mark.parametrize("name", [n for n in EVERY if n not in COMBINED])
def test_resumed_at_an_epoch(torch: Any, name: str) -> None:
    make = EVERY[name]
    first = (
        make(lr_scheduler, optimizer()),
        make(torch.optim.lr_scheduler, pytorchs_optimizer(torch)),
    )
    follow(*first, 20)
    again = []
    for schedules, schedule in zip((lr_scheduler, torch.optim.lr_scheduler), first):
        resumed = make(_Resuming(schedules, 19), schedule.optimizer)
        again.append(resumed)
    follow(again[0], again[1], 30)


class _Resuming:
    """The schedules of a library, made with ``last_epoch``."""

    def __init__(self, schedules: Any, last_epoch: int) -> None:
        self.schedules = schedules
        self.last_epoch = last_epoch

    def __getattr__(self, name: str) -> Any:
        cls = getattr(self.schedules, name)
        return lambda *args, **kwargs: cls(*args, **kwargs, last_epoch=self.last_epoch)


@pytest.mark.parametrize("name", [n for n in EVERY if n not in COMBINED])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_jumping_to_an_epoch(torch: Any, name: str) -> None:
    make = EVERY[name]
    ours = make(lr_scheduler, optimizer())
    theirs = make(torch.optim.lr_scheduler, pytorchs_optimizer(torch))
    for epoch in (0, 3, 7, 8, 40, 13, 90):
        ours.step(epoch)
        theirs.step(epoch)
        assert_equal_now(ours, theirs)


def test_fractions_of_an_epoch(torch: Any) -> None:
    make = CHAINABLE["CosineAnnealingWarmRestarts, growing"]
    ours = make(lr_scheduler, optimizer())
    theirs = make(torch.optim.lr_scheduler, pytorchs_optimizer(torch))
    for epoch in (0, 0.5, 2.75, 3.25, 9.5, 1.5):
        ours.step(epoch)
        theirs.step(epoch)
        assert_equal_now(ours, theirs)
    ours.step()
    theirs.step()
    assert_equal_now(ours, theirs)
    with pytest.raises(ValueError, match="non-negative"):
        ours.step(-1)


@pytest.mark.filterwarnings("ignore:Detected call:UserWarning")
@pytest.mark.parametrize("name", EVERY)
def test_state_dict_goes_on_where_it_stopped(name: str) -> None:
    make = EVERY[name]
    first = make(lr_scheduler, optimizer())
    for _ in range(20):
        first.optimizer.step()
        first.step()
    second = make(lr_scheduler, optimizer())
    second.load_state_dict(pickle.loads(pickle.dumps(first.state_dict())))
    second.optimizer.load_state_dict(first.optimizer.state_dict())
    for _ in range(20):
        for schedule in (first, second):
            schedule.optimizer.step()
            schedule.step()
        assert options_of(first.optimizer) == options_of(second.optimizer)
        assert first.get_last_lr() == second.get_last_lr()


class Decay:
    """A callable with something to remember."""

    def __init__(self, rate: float) -> None:
        self.rate = rate

    def __call__(self, x: float) -> float:
        return self.rate**x


def test_callable_objects_are_part_of_the_state() -> None:
    saved = lr_scheduler.LambdaLR(optimizer(), Decay(0.5)).state_dict()
    assert saved["lr_lambdas"] == [{"rate": 0.5}] * 2
    other = lr_scheduler.LambdaLR(optimizer(), Decay(0.9))
    other.load_state_dict(saved)
    assert other.lr_lambdas[0](1) == 0.5
    saved = lr_scheduler.CyclicLR(optimizer(), 0.1, 1.0, scale_fn=Decay(0.5)).state_dict()
    cyclic = lr_scheduler.CyclicLR(optimizer(), 0.1, 1.0, scale_fn=Decay(0.9))
    cyclic.load_state_dict(saved)
    assert cyclic.scale_fn(1) == 0.5


# -- ReduceLROnPlateau --------------------------------------------------------------------------

METRICS = [5.0, 4.0, 4.0, 3.9999, 3.999, 4.5, 4.0, float("nan"), 3.0, 3.0, 3.0, 3.0, 2.0] * 8


@pytest.mark.parametrize(
    "options",
    [
        {},
        dict(patience=1),
        dict(mode="max", patience=1, factor=0.5),
        dict(patience=0, threshold=0.5, threshold_mode="abs"),
        dict(mode="max", patience=0, threshold=0.5, threshold_mode="abs"),
        dict(patience=0, cooldown=3),
        dict(patience=0, min_lr=0.01),
        dict(patience=0, min_lr=[0.1, 0.001]),
        dict(patience=0, eps=0.1),
    ],
)
def test_plateau(torch: Any, options: dict[str, Any]) -> None:
    ours = lr_scheduler.ReduceLROnPlateau(optimizer(), **options)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(pytorchs_optimizer(torch), **options)
    for metric in METRICS:
        ours.step(wrap(np.array(metric)))
        theirs.step(metric)
        assert_equal_now(ours, theirs)
        assert ours.num_bad_epochs == theirs.num_bad_epochs
        assert ours.in_cooldown == theirs.in_cooldown
    assert set(ours.state_dict()) == set(theirs.state_dict())


def test_plateau_resumes_from_its_state_dict() -> None:
    first = lr_scheduler.ReduceLROnPlateau(optimizer(), mode="max", patience=2)
    for metric in METRICS[:10]:
        first.step(metric)
    second = lr_scheduler.ReduceLROnPlateau(optimizer())
    second.load_state_dict(first.state_dict())
    second.optimizer.load_state_dict(first.optimizer.state_dict())
    for metric in METRICS[10:]:
        first.step(metric)
        second.step(metric)
        assert first.get_last_lr() == second.get_last_lr()


def test_plateau_after_a_group_was_added() -> None:
    schedule = lr_scheduler.ReduceLROnPlateau(optimizer(), patience=0)
    schedule.optimizer.add_param_group({"params": [leaf(np.ones(1))], "lr": 1.0})
    for _ in range(2):
        schedule.step(1.0)
    assert schedule.get_last_lr()[2] == pytest.approx(0.1)
    listed = lr_scheduler.ReduceLROnPlateau(optimizer(), patience=0, min_lr=[0, 0])
    listed.optimizer.add_param_group({"params": [leaf(np.ones(1))], "lr": 1.0})
    listed.step(1.0)
    with pytest.raises(RuntimeError, match="set `min_lrs`"):
        listed.step(1.0)


# -- warnings and errors --------------------------------------------------------------------------


def test_order_of_steps_is_watched() -> None:
    schedule = lr_scheduler.StepLR(optimizer(), 3)
    with pytest.warns(UserWarning, match=r"before `optimizer.step\(\)`"):
        schedule.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schedule.step()  # said once
        right = lr_scheduler.StepLR(optimizer(), 3)
        right.optimizer.step()
        right.step()
        # A second schedule of an optimizer that stepped under the eyes of the first.
        second = lr_scheduler.StepLR(right.optimizer, 3)
        second.step()


def test_steps_before_the_schedule_was_made_do_not_count() -> None:
    opt = optimizer()
    opt.step()
    schedule = lr_scheduler.StepLR(opt, 3)
    with pytest.warns(UserWarning, match="before"):
        schedule.step()


def test_a_replaced_step_is_noticed() -> None:
    schedule = lr_scheduler.StepLR(optimizer(), 3)
    schedule.optimizer.step = lambda: None  # type: ignore[method-assign]
    with pytest.warns(UserWarning, match="overridden"):
        schedule.step()


def test_a_wrapped_step_still_counts() -> None:
    import functools

    schedule = lr_scheduler.StepLR(optimizer(), 3)
    step = schedule.optimizer.step

    @functools.wraps(step)
    def wrapped(*args: Any) -> Any:
        return step(*args)

    schedule.optimizer.step = wrapped  # type: ignore[method-assign]
    schedule.optimizer.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schedule.step()


def test_get_lr_outside_a_step_and_epochs_are_warned_of() -> None:
    schedule = lr_scheduler.StepLR(optimizer(), 3)
    with pytest.warns(UserWarning, match="get_last_lr"):
        schedule.get_lr()
    schedule.optimizer.step()
    with pytest.warns(UserWarning, match="deprecated"):
        schedule.step(4)
    plateau = lr_scheduler.ReduceLROnPlateau(optimizer())
    with pytest.warns(UserWarning, match="deprecated"):
        plateau.step(1.0, 3)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda S, o: S.StepLR("sgd", 3), TypeError, "str is not an Optimizer"),
        (lambda S, o: S.StepLR(o, 3, last_epoch=2), KeyError, "initial_lr"),
        (lambda S, o: S.LambdaLR(o, [lambda e: 1]), ValueError, "Expected 2 lr_lambdas"),
        (lambda S, o: S.MultiplicativeLR(o, 0.5), TypeError, "should be a function"),
        (lambda S, o: S.ConstantLR(o, factor=2.0), ValueError, "between 0 and 1"),
        (lambda S, o: S.LinearLR(o, start_factor=0.0), ValueError, "greater than 0"),
        (lambda S, o: S.LinearLR(o, end_factor=1.5), ValueError, "between 0 and 1"),
        (lambda S, o: S.CosineAnnealingWarmRestarts(o, 0), ValueError, "positive integer T_0"),
        (lambda S, o: S.CosineAnnealingWarmRestarts(o, 1, 0), ValueError, "T_mult >= 1"),
        (lambda S, o: S.CosineAnnealingWarmRestarts(o, 1, 1, "0"), ValueError, "eta_min"),
        (lambda S, o: S.CyclicLR(o, 0.1, [1.0]), ValueError, "max_lr must have the same length"),
        (lambda S, o: S.CyclicLR(o, 0.1, 1.0, mode="round"), ValueError, "mode 'round'"),
        (lambda S, o: S.OneCycleLR(o, 1.0), ValueError, "total_steps OR"),
        (lambda S, o: S.OneCycleLR(o, 1.0, total_steps=0), ValueError, "positive integer total"),
        (lambda S, o: S.OneCycleLR(o, 1.0, total_steps=9, pct_start=2), ValueError, "pct_start"),
        (
            lambda S, o: S.OneCycleLR(o, 1.0, total_steps=9, anneal_strategy="up"),
            ValueError,
            "anneal_strategy",
        ),
        (lambda S, o: S.ReduceLROnPlateau(o, factor=1.0), ValueError, "factor"),
        (lambda S, o: S.ReduceLROnPlateau(o, mode="best"), ValueError, "mode best"),
        (lambda S, o: S.ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "threshold mode"),
        (lambda S, o: S.ReduceLROnPlateau(o, min_lr=[1]), ValueError, "2 min_lrs, got 1"),
        (lambda S, o: S.ChainedScheduler([]), ValueError, "at least one"),
        (lambda S, o: S.ChainedScheduler([object()], o), TypeError, "`optimizer`"),
        (lambda S, o: S.ChainedScheduler([S.ReduceLROnPlateau(o)]), ValueError, "metric"),
        (lambda S, o: S.SequentialLR(optimizer(), [S.StepLR(o, 3)], []), ValueError, "same optim"),
        (lambda S, o: S.SequentialLR(o, [S.StepLR(o, 3)], [1]), ValueError, "one milestone less"),
        (
            lambda S, o: S.SequentialLR(
                o, [S.StepLR(o, 3), S.ChainedScheduler([S.StepLR(o, 3)])], [1]
            ),
            ValueError,
            "ChainedScheduler can only come first",
        ),
    ],
)
def test_what_can_not_be_is_refused(make: Make, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make(lr_scheduler, optimizer())


def test_momentum_can_not_cycle_where_there_is_none() -> None:
    with pytest.raises(ValueError, match="Rprop has neither"):
        lr_scheduler.CyclicLR(optim.Rprop([leaf(np.ones(1))]), 0.1, 1.0)


def test_one_cycle_ends() -> None:
    schedule = lr_scheduler.OneCycleLR(optimizer(), 1.0, total_steps=3)
    schedule.optimizer.step()
    for _ in range(3):
        schedule.step()
    with pytest.raises(ValueError, match="Tried to step 4 times"):
        schedule.step()


def test_a_schedule_of_ones_own() -> None:
    class Inverse(LRScheduler):
        def get_lr(self) -> list[Any]:
            return [lr / (1 + self.last_epoch) for lr in self.base_lrs]

    schedule = Inverse(optimizer())
    schedule.optimizer.step()
    schedule.step()
    assert schedule.get_last_lr() == [0.25, 0.025]
    with pytest.raises(NotImplementedError, match="Nothing must define get_lr"):
        type("Nothing", (LRScheduler,), {})(optimizer())


def test_schedules_have_pytorchs_signatures(torch: Any) -> None:
    import inspect

    def arguments(cls: Any) -> list[tuple[str, Any]]:
        listed = list(inspect.signature(cls.__init__).parameters.values())[1:]
        # Older scripts say verbose=; PyTorch no longer has it, here it is taken and does nothing.
        return [(p.name, p.default) for p in listed if p.name != "verbose"]

    for name in torch.optim.lr_scheduler.__all__:
        ours = arguments(getattr(lr_scheduler, name))
        assert ours == arguments(getattr(torch.optim.lr_scheduler, name)), name
    assert lr_scheduler._LRScheduler is LRScheduler
