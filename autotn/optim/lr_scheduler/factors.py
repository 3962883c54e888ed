"""Schedules that multiply the learning rate by a factor of the epoch."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autotn.optim.lr_scheduler.scheduler import LRScheduler, Rates, callable_state
from autotn.optim.optimizer import Optimizer

Factor = Callable[[int], float]


class _ChangingLR(LRScheduler):
    """Multiplies the present rates by `_change`; `_relative` is the product of all so far."""

    def _change(self) -> float:
        raise NotImplementedError

    def _relative(self) -> float:
        raise NotImplementedError

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        change = self._change()
        return [lr * change if change != 1 else lr for lr in self._present()]

    def _get_closed_form_lr(self) -> Rates:
        relative = self._relative()
        return [lr * relative for lr in self.base_lrs]


class _FunctionLR(LRScheduler):
    """Has one function of the epoch per group; their attributes are in the state dict, if any."""

    def __init__(
        self,
        optimizer: Optimizer,
        lr_lambda: Factor | Sequence[Factor],
        last_epoch: int = -1,
    ) -> None:
        count = len(optimizer.param_groups)
        if not isinstance(lr_lambda, (list, tuple)):
            lr_lambda = [lr_lambda] * count  # type: ignore[list-item]
        elif len(lr_lambda) != count:
            raise ValueError(
                f"{type(self).__name__}: Expected {count} lr_lambdas, one per group, "
                f"but got {len(lr_lambda)}"
            )
        for function in lr_lambda:
            if not callable(function):
                raise TypeError(
                    f"{type(self).__name__}: lr_lambda should be a function, "
                    f"but got {type(function).__name__}"
                )
        self.lr_lambdas = list(lr_lambda)
        super().__init__(optimizer, last_epoch)

    def state_dict(self) -> dict[str, Any]:
        state = self._state_without("optimizer", "lr_lambdas")
        state["lr_lambdas"] = [callable_state(function) for function in self.lr_lambdas]
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        for function, attributes in zip(self.lr_lambdas, state_dict["lr_lambdas"]):
            if attributes is not None:
                function.__dict__.update(attributes)
        self.__dict__.update({k: v for k, v in state_dict.items() if k != "lr_lambdas"})


class LambdaLR(_FunctionLR):
    """The initial rate times a function of the epoch (or one function per group).

    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=1.0)
    >>> schedule = tn.optim.lr_scheduler.LambdaLR(opt, lambda epoch: 1 / (1 + epoch))
    >>> opt.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        return [lr * factor(self.last_epoch) for factor, lr in zip(self.lr_lambdas, self.base_lrs)]


class MultiplicativeLR(_FunctionLR):
    """Each epoch, the present rate times a function of the epoch.

    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=1.0)
    >>> schedule = tn.optim.lr_scheduler.MultiplicativeLR(opt, lambda epoch: 0.5)
    >>> opt.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        if self._is_initial:
            return self._present()
        return [
            lr * factor(self.last_epoch) for factor, lr in zip(self.lr_lambdas, self._present())
        ]


class StepLR(_ChangingLR):
    """Times `gamma` every `step_size` epochs.

    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=1.0)
    >>> schedule = tn.optim.lr_scheduler.StepLR(opt, step_size=2, gamma=0.5)
    >>> for epoch in range(3):
    ...     opt.step()
    ...     schedule.step()
    ...     print(schedule.get_last_lr())
    [1.0]
    [0.5]
    [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size = step_size
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _change(self) -> float:
        starts = self.last_epoch != 0 and self.last_epoch % self.step_size == 0
        return self.gamma if starts else 1

    def _relative(self) -> float:
        return self.gamma ** (self.last_epoch // self.step_size)


class MultiStepLR(_ChangingLR):
    """Times `gamma` at each of the epochs `milestones`.

    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=1.0)
    >>> schedule = tn.optim.lr_scheduler.MultiStepLR(opt, milestones=[1, 3], gamma=0.5)
    >>> for epoch in range(3):
    ...     opt.step()
    ...     schedule.step()
    ...     print(schedule.get_last_lr())
    [0.5]
    [0.5]
    [0.25]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        milestones: Iterable[int],
        gamma: float = 0.1,
        last_epoch: int = -1,
    ) -> None:
        self.milestones = Counter(milestones)
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _change(self) -> float:
        return self.gamma ** self.milestones[self.last_epoch]

    def _relative(self) -> float:
        passed = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return self.gamma**passed


class ConstantLR(_ChangingLR):
    """Times `factor` for the first `total_iters` epochs.

    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=1.0)
    >>> schedule = tn.optim.lr_scheduler.ConstantLR(opt, factor=0.5, total_iters=2)
    >>> for epoch in range(2):
    ...     opt.step()
    ...     schedule.step()
    ...     print(schedule.get_last_lr())
    [0.5]
    [1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 1.0 / 3,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 <= factor <= 1.0:
            raise ValueError(f"ConstantLR: factor must be between 0 and 1, got {factor}")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _change(self) -> float:
        if self.last_epoch == 0:
            return self.factor
        return 1.0 / self.factor if self.last_epoch == self.total_iters else 1

    def _relative(self) -> float:
        return 1.0 if self.last_epoch >= self.total_iters else self.factor


class LinearLR(_ChangingLR):
    """Times a factor that goes from `start_factor` to `end_factor` in `total_iters` epochs.

    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=1.0)
    >>> schedule = tn.optim.lr_scheduler.LinearLR(opt, start_factor=0.5, total_iters=2)
    >>> for epoch in range(3):
    ...     opt.step()
    ...     schedule.step()
    ...     print(schedule.get_last_lr())
    [0.75]
    [1.0]
    [1.0]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        start_factor: float = 1.0 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not 0 < start_factor <= 1.0:
            raise ValueError(
                "LinearLR: start_factor must be greater than 0 and less or equal to 1, "
                f"got {start_factor}"
            )
        if not 0 <= end_factor <= 1.0:
            raise ValueError(f"LinearLR: end_factor must be between 0 and 1, got {end_factor}")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _change(self) -> float:
        if self.last_epoch == 0:
            return self.start_factor
        if self._is_initial or self.last_epoch > self.total_iters:
            return 1
        slope = self.end_factor - self.start_factor
        # This epoch's factor over the last one's, both times total_iters.
        return 1.0 + slope / (self.total_iters * self.start_factor + (self.last_epoch - 1) * slope)

    def _relative(self) -> float:
        share = min(self.total_iters, self.last_epoch) / self.total_iters
        return self.start_factor + (self.end_factor - self.start_factor) * share


class ExponentialLR(_ChangingLR):
    """Times `gamma` every epoch.

    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=1.0)
    >>> schedule = tn.optim.lr_scheduler.ExponentialLR(opt, gamma=0.5)
    >>> opt.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def _change(self) -> float:
        return 1 if self._is_initial else self.gamma

    def _relative(self) -> float:
        return self.gamma**self.last_epoch


class PolynomialLR(_ChangingLR):
    r"""Times :math:`(1 - t/T)^\text{power}`, from 1 to 0 in `total_iters` epochs.

    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=1.0)
    >>> schedule = tn.optim.lr_scheduler.PolynomialLR(opt, total_iters=4)
    >>> opt.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.75]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        total_iters: int = 5,
        power: float = 1.0,
        last_epoch: int = -1,
    ) -> None:
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _change(self) -> float:
        t, end = self.last_epoch, self.total_iters
        if self._is_initial or t > end:
            return 1
        return float(((1.0 - t / end) / (1.0 - (t - 1) / end)) ** self.power)

    def _relative(self) -> float:
        done = min(self.total_iters, self.last_epoch) / self.total_iters
        return float((1.0 - done) ** self.power)
