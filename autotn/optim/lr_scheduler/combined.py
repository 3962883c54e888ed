"""Schedules made of schedules: one after the other, or all at once."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from autotn.optim.lr_scheduler.plateau import ReduceLROnPlateau
from autotn.optim.lr_scheduler.scheduler import LRScheduler, set_option
from autotn.optim.optimizer import Optimizer


class _CombinedLR(LRScheduler):
    """Has several schedules of one optimizer, whose states are part of its own."""

    _schedulers: Sequence[LRScheduler]

    def _check(self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None) -> Optimizer:
        """Raise an error unless all belong to `optimizer` (None: to that of the first)."""
        who = type(self).__name__
        if len(schedulers) < 1:
            raise ValueError(f"{who} expects at least one scheduler, but got no scheduler")
        optimizer = optimizer or schedulers[0].optimizer
        for i, scheduler in enumerate(schedulers):
            if not hasattr(scheduler, "optimizer"):
                raise TypeError(
                    f"{who}: scheduler {i} should have `optimizer` as its attribute, "
                    f"and {type(scheduler).__name__} has none"
                )
            if isinstance(scheduler, ReduceLROnPlateau):
                raise ValueError(
                    f"{who} does not support `ReduceLROnPlateau`, whose step needs a metric, "
                    f"but scheduler {i} is one"
                )
            if scheduler.optimizer is not optimizer:
                raise ValueError(
                    f"{who} expects all schedulers to belong to the same optimizer, but scheduler "
                    f"{i} ({type(scheduler).__name__}) belongs to another one"
                )
        return optimizer

    def state_dict(self) -> dict[str, Any]:
        state = self._state_without("optimizer", "_schedulers")
        state["_schedulers"] = [scheduler.state_dict() for scheduler in self._schedulers]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.__dict__.update({k: v for k, v in state_dict.items() if k != "_schedulers"})
        for scheduler, state in zip(self._schedulers, state_dict["_schedulers"]):
            scheduler.load_state_dict(state)


class ChainedScheduler(_CombinedLR):
    """Steps several chainable schedules together.

    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=1.0)
    >>> warm_up = tn.optim.lr_scheduler.ConstantLR(opt, factor=0.5, total_iters=1)
    >>> decay = tn.optim.lr_scheduler.ExponentialLR(opt, gamma=0.9)
    >>> schedule = tn.optim.lr_scheduler.ChainedScheduler([warm_up, decay])
    >>> opt.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.9]
    """

    def __init__(
        self, schedulers: Sequence[LRScheduler], optimizer: Optimizer | None = None
    ) -> None:
        self.optimizer = self._check(schedulers, optimizer)
        self._schedulers = schedulers
        self._last_lr = self._present()

    def step(self) -> None:  # type: ignore[override]
        """Step every schedule."""
        for scheduler in self._schedulers:
            scheduler.step()
        self._last_lr = self._present()


class SequentialLR(_CombinedLR):
    """One schedule after the other, changing at the epochs `milestones`.

    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=1.0)
    >>> warm_up = tn.optim.lr_scheduler.ConstantLR(opt, factor=0.5, total_iters=9)
    >>> decay = tn.optim.lr_scheduler.ExponentialLR(opt, gamma=0.9)
    >>> schedule = tn.optim.lr_scheduler.SequentialLR(opt, [warm_up, decay], milestones=[2])
    >>> for epoch in range(3):
    ...     opt.step()
    ...     schedule.step()
    ...     print(schedule.get_last_lr())
    [0.5]
    [1.0]
    [0.9]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        schedulers: list[LRScheduler],
        milestones: list[int],
        last_epoch: int = -1,
    ) -> None:
        self._check(schedulers, optimizer)
        if len(milestones) != len(schedulers) - 1:
            raise ValueError(
                "SequentialLR expects one milestone less than schedulers, got "
                f"{len(schedulers)} schedulers and {len(milestones)} milestones"
            )
        for scheduler in schedulers[1:]:
            if isinstance(scheduler, _CombinedLR):
                raise ValueError(
                    f"SequentialLR: a {type(scheduler).__name__} can only come first: a later "
                    "schedule is started by its closed form, and it has none"
                )
        self._schedulers = schedulers
        self._milestones = milestones
        self.last_epoch = last_epoch + 1
        self.optimizer = optimizer
        # Making the schedules stepped each of them once: take that back, and start the first alone.
        for group in optimizer.param_groups:
            set_option(group, "lr", group["initial_lr"])
        self.recursive_undo()
        first = schedulers[bisect_right(milestones, 0)]
        first._initial_step()
        self._last_lr = first.get_last_lr()

    def recursive_undo(self, sched: Any = None) -> None:
        """Set the epoch of every schedule inside back by one."""
        scheduler = self if sched is None else sched
        if hasattr(scheduler, "_schedulers"):
            for inner in scheduler._schedulers:
                self.recursive_undo(inner)
        elif hasattr(scheduler, "last_epoch"):
            scheduler.last_epoch -= 1

    def step(self) -> None:  # type: ignore[override]
        """Step the schedule whose turn it is."""
        self.last_epoch += 1
        i = bisect_right(self._milestones, self.last_epoch)
        scheduler = self._schedulers[i]
        if i > 0 and self._milestones[i - 1] == self.last_epoch:
            scheduler._update_lr(0)
        else:
            scheduler.step()
        self._last_lr = scheduler.get_last_lr()
