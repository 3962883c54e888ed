"""Schedules that go down and up again: cosine annealing, warm restarts, cycles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from autotn.optim.lr_scheduler.scheduler import (
    LRScheduler,
    Rates,
    callable_state,
    check_optimizer,
    per_group,
    set_option,
)
from autotn.optim.optimizer import Optimizer


class CosineAnnealingLR(LRScheduler):
    r"""Along half a cosine wave from the initial rate to `eta_min` in `T_max` epochs.

    :math:`\eta_t = \eta_{\min} + (\eta_0 - \eta_{\min}) (1 + \cos(\pi t / T)) / 2`, written as a
    change of the present rate, so that it chains; arXiv:1608.03983 without the restarts.

    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=1.0)
    >>> schedule = tn.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=2)
    >>> opt.step()
    >>> schedule.step()
    >>> print(f"{schedule.get_last_lr()[0]:.3f}")
    0.500
    """

    def __init__(
        self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def _height(self, epoch: int) -> float:
        """Twice the share of the way above `eta_min`: 2 at the start, 0 at `T_max`."""
        return 1 + math.cos(math.pi * epoch / self.T_max)

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        t, low = self.last_epoch, self.eta_min
        if self._is_initial:
            return self._present()
        if self._step_count == 1 and t > 0:
            return self._get_closed_form_lr()
        if (t - 1 - self.T_max) % (2 * self.T_max) == 0:
            # At the bottom the height is 0, and no factor leads up again: add this epoch's height.
            rise = (1 - math.cos(math.pi / self.T_max)) / 2
            return [lr + (base - low) * rise for lr, base in zip(self._present(), self.base_lrs)]
        ratio = self._height(t) / self._height(t - 1)
        return [ratio * (lr - low) + low for lr in self._present()]

    def _get_closed_form_lr(self) -> Rates:
        low, height = self.eta_min, self._height(self.last_epoch)
        return [low + (base - low) * height / 2 for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Cosine annealing that jumps back to the initial rate after `T_0` epochs, arXiv:1608.03983.

    Each period is `T_mult` times as long as the one before.

    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=1.0)
    >>> schedule = tn.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=2)
    >>> for epoch in range(2):
    ...     opt.step()
    ...     schedule.step()
    ...     print(f"{schedule.get_last_lr()[0]:.3f}")
    0.500
    1.000
    """

    def __init__(
        self,
        optimizer: Optimizer,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        who = type(self).__name__
        if not isinstance(T_0, int) or T_0 <= 0:
            raise ValueError(f"{who}: Expected positive integer T_0, but got {T_0}")
        if not isinstance(T_mult, int) or T_mult < 1:
            raise ValueError(f"{who}: Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, (float, int)):
            raise ValueError(f"{who}: Expected float or int eta_min, but got {eta_min!r}")
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        low = self.eta_min
        height = (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2
        return [low + (base - low) * height for base in self.base_lrs]

    def step(self, epoch: float | None = None) -> None:
        """Go to the next epoch, or to any moment: ``step(epoch + batch / batches)``."""
        if epoch is None and self.last_epoch >= 0:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            epoch = epoch or 0
            if epoch < 0:
                raise ValueError(
                    f"{type(self).__name__}: Expected non-negative epoch, but got {epoch}"
                )
            self._find_period(epoch)
        self.last_epoch = math.floor(epoch)
        with self._stepping():
            self._set_rates(self.get_lr())

    def _find_period(self, epoch: float) -> None:
        """Set the length of the period that `epoch` is in, and how far in it is."""
        if self.T_mult == 1:
            self.T_i, self.T_cur = self.T_0, epoch % self.T_0
            return
        # n periods, of T_0 (m^n - 1) / (m - 1) epochs together, are over.
        m = self.T_mult
        n = int(math.log(epoch / self.T_0 * (m - 1) + 1, m)) if epoch >= self.T_0 else 0
        self.T_i = self.T_0 * m**n
        self.T_cur = epoch - self.T_0 * (m**n - 1) / (m - 1) if n else epoch


class CyclicLR(LRScheduler):
    """Up from `base_lr` to `max_lr` and down again, over and over, arXiv:1506.01186.

    Meant to be stepped after every batch. The momentum (or the first beta) moves the other way.

    Parameters
    ----------
    mode
        ``"triangular"``; ``"triangular2"`` halves the height each cycle; ``"exp_range"`` scales
        it by ``gamma**iteration``.
    scale_fn, scale_mode
        A height of one's own, as a function of the ``"cycle"`` or of the ``"iterations"``.

    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=0.1, momentum=0.9)
    >>> schedule = tn.optim.lr_scheduler.CyclicLR(opt, base_lr=0.0, max_lr=1.0, step_size_up=2)
    >>> for batch in range(3):
    ...     opt.step()
    ...     schedule.step()
    ...     print(schedule.get_last_lr())
    [0.5]
    [1.0]
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        base_lr: float | list[float],
        max_lr: float | list[float],
        step_size_up: int = 2000,
        step_size_down: int | None = None,
        mode: str = "triangular",
        gamma: float = 1.0,
        scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle",
        cycle_momentum: bool = True,
        base_momentum: float | list[float] = 0.8,
        max_momentum: float | list[float] = 0.9,
        last_epoch: int = -1,
    ) -> None:
        check_optimizer(self, optimizer)
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError(f"CyclicLR: mode {mode!r} is invalid and scale_fn is None")
        base_lrs = per_group("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for lr, group in zip(base_lrs, optimizer.param_groups):
                set_option(group, "lr", lr)
        self.max_lrs = per_group("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        down = up if step_size_down is None else float(step_size_down)
        self.total_size = up + down
        self.step_ratio = up / self.total_size
        self.mode = mode
        self.gamma = gamma
        self._scale_fn_custom = scale_fn
        self.scale_mode = scale_mode
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self._start_momentum(optimizer, base_momentum, max_momentum, last_epoch)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def _start_momentum(
        self, optimizer: Optimizer, base_momentum: Any, max_momentum: Any, last_epoch: int
    ) -> None:
        self.use_beta1 = uses_beta1(self, optimizer)
        self.base_momentums = per_group("base_momentum", optimizer, base_momentum)
        self.max_momentums = per_group("max_momentum", optimizer, max_momentum)
        if last_epoch == -1:
            start_momentum(optimizer, self.base_momentums, self.max_momentums, self.use_beta1)

    def scale_fn(self, x: float) -> float:
        """The height of cycle (or iteration) `x`, relative to the first."""
        if self._scale_fn_custom is not None:
            return self._scale_fn_custom(x)
        if self.mode == "triangular2":
            return float(2.0 ** (1 - x))
        return float(self.gamma**x) if self.mode == "exp_range" else 1.0

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        rising = x <= self.step_ratio
        share = x / self.step_ratio if rising else (x - 1) / (self.step_ratio - 1)
        height = self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        if self.cycle_momentum:
            for group, base, top in zip(
                self.optimizer.param_groups, self.base_momentums, self.max_momentums
            ):
                set_momentum(group, top - (top - base) * share * height, self.use_beta1)
        return [
            base + (top - base) * share * height for base, top in zip(self.base_lrs, self.max_lrs)
        ]

    def state_dict(self) -> dict[str, Any]:
        state = self._state_without("optimizer", "_scale_fn_custom")
        custom = self._scale_fn_custom
        state["_scale_fn_custom"] = None if custom is None else callable_state(custom)
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        attributes = state_dict["_scale_fn_custom"]
        if attributes is not None and self._scale_fn_custom is not None:
            self._scale_fn_custom.__dict__.update(attributes)
        self.__dict__.update({k: v for k, v in state_dict.items() if k != "_scale_fn_custom"})


def uses_beta1(owner: LRScheduler, optimizer: Optimizer) -> bool:
    """True when the optimizer's momentum is its first beta; a `ValueError` when it has neither."""
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError(
            f"{type(owner).__name__}: optimizer must support momentum or beta1 with "
            f"`cycle_momentum` option enabled, and {type(optimizer).__name__} has neither"
        )
    return "betas" in optimizer.defaults


def set_momentum(group: dict[str, Any], momentum: Any, use_beta1: bool) -> None:
    """Set a group's momentum, or its first beta."""
    if use_beta1:
        group["betas"] = (momentum, *group["betas"][1:])
    else:
        group["momentum"] = momentum


def start_momentum(
    optimizer: Optimizer, lowest: list[Any], highest: list[Any], use_beta1: bool
) -> None:
    """Start every group at its highest momentum, and note both ends in the group."""
    for group, low, high in zip(optimizer.param_groups, lowest, highest):
        set_momentum(group, high, use_beta1)
        group["max_momentum"] = high
        group["base_momentum"] = low
