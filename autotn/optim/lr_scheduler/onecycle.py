"""The one-cycle schedule: up to a large learning rate once, then down to almost nothing."""

from __future__ import annotations

import math
from typing import Any

from autotn.optim.lr_scheduler.cycles import set_momentum, start_momentum, uses_beta1
from autotn.optim.lr_scheduler.scheduler import LRScheduler, Rates, check_optimizer, per_group
from autotn.optim.optimizer import Optimizer


class OneCycleLR(LRScheduler):
    """Super-convergence's schedule (arXiv:1708.07120), stepped after every batch.

    From ``max_lr / div_factor`` up to `max_lr` in the first `pct_start` of all steps, then down to
    the initial rate over `final_div_factor`; the momentum (or first beta) moves the other way.

    Parameters
    ----------
    total_steps
        Or give `epochs` and `steps_per_epoch`.
    anneal_strategy
        ``"cos"`` or ``"linear"``.
    three_phase
        Back to the initial rate as slowly as it rose, then down.

    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=0.1, momentum=0.9)
    >>> schedule = tn.optim.lr_scheduler.OneCycleLR(opt, max_lr=1.0, total_steps=10)
    >>> for batch in range(2):
    ...     opt.step()
    ...     schedule.step()
    >>> schedule.get_last_lr(), opt.param_groups[0]["momentum"]
    ([1.0], 0.85)
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | list[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.85,
        max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(self, optimizer)
        self.total_steps = _total(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ValueError(
                f"OneCycleLR: Expected float between 0 and 1 pct_start, but got {pct_start}"
            )
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                "OneCycleLR: anneal_strategy must be one of 'cos' or 'linear', "
                f"instead got {anneal_strategy}"
            )
        self._anneal_func_type = anneal_strategy
        self._schedule_phases = _phases(self.total_steps, pct_start, three_phase)
        max_lrs = per_group("max_lr", optimizer, max_lr)
        if last_epoch == -1:
            for group, highest in zip(optimizer.param_groups, max_lrs):
                group["initial_lr"] = highest / div_factor
                group["max_lr"] = highest
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = uses_beta1(self, optimizer)
            highest_momenta = per_group("max_momentum", optimizer, max_momentum)
            lowest_momenta = per_group("base_momentum", optimizer, base_momentum)
            if last_epoch == -1:
                start_momentum(optimizer, lowest_momenta, highest_momenta, self.use_beta1)
        super().__init__(optimizer, last_epoch)

    def _anneal(self, start: Any, end: Any, share: float) -> Any:
        if self._anneal_func_type == "linear":
            return (end - start) * share + start
        return end + (start - end) / 2.0 * (math.cos(math.pi * share) + 1)

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(
                f"OneCycleLR: Tried to step {step} times. "
                f"The specified number of total steps is {self.total_steps}"
            )
        phases = self._schedule_phases
        i = next((i for i, phase in enumerate(phases) if step <= phase["end_step"]), -1)
        phase = phases[i]
        start = phases[i - 1]["end_step"] if phase is not phases[0] else 0.0
        share = (step - start) / (phase["end_step"] - start)
        rates = []
        for group in self.optimizer.param_groups:
            rates.append(self._anneal(group[phase["start_lr"]], group[phase["end_lr"]], share))
            if self.cycle_momentum:
                ends = group[phase["start_momentum"]], group[phase["end_momentum"]]
                set_momentum(group, self._anneal(*ends, share), self.use_beta1)
        return rates


def _total(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    """The number of steps, from either way of giving it."""
    if total_steps is not None:
        _check_positive("total_steps", total_steps)
        return total_steps
    if epochs is None or steps_per_epoch is None:
        raise ValueError(
            "OneCycleLR: You must define either total_steps OR (epochs AND steps_per_epoch)"
        )
    _check_positive("epochs", epochs)
    _check_positive("steps_per_epoch", steps_per_epoch)
    return epochs * steps_per_epoch


def _check_positive(name: str, value: Any) -> None:
    if not isinstance(value, int) or value <= 0:
        raise ValueError(f"OneCycleLR: Expected positive integer {name}, but got {value}")


def _phases(total: int, pct_start: float, three_phase: bool) -> list[dict[str, Any]]:
    """The last step of each phase, and which options of a group it leads between."""

    def phase(end: float, lr: tuple[str, str], momentum: tuple[str, str]) -> dict[str, Any]:
        return dict(
            end_step=end,
            start_lr=lr[0],
            end_lr=lr[1],
            start_momentum=momentum[0],
            end_momentum=momentum[1],
        )

    peak = float(pct_start * total)
    up = phase(peak - 1, ("initial_lr", "max_lr"), ("max_momentum", "base_momentum"))
    if not three_phase:
        down = phase(total - 1, ("max_lr", "min_lr"), ("base_momentum", "max_momentum"))
        return [up, down]
    down = phase(2 * peak - 2, ("max_lr", "initial_lr"), ("base_momentum", "max_momentum"))
    out = phase(total - 1, ("initial_lr", "min_lr"), ("max_momentum", "max_momentum"))
    return [up, down, out]
