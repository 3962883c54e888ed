"""LRScheduler: what all schedules have in common.

Most schedules are *chainable*: they multiply whatever learning rate the groups have now, so several
may act on one optimizer. Those that also know the rate of an epoch directly
(``_get_closed_form_lr``) use that when an epoch is given to `step`.
"""

from __future__ import annotations

import types
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from autotn.core.keywords import KnownKeywords
from autotn.core.storage import mark_written
from autotn.core.tensor import Tensor, wrap
from autotn.optim.optimizer import Optimizer
from autotn.optim.options import plain

Rates = list[Any]


def copied(value: Any) -> Any:
    """The value, or a copy if it is a Tensor that others could write to."""
    return wrap(value._data.copy()) if isinstance(value, Tensor) else value


def option_of_groups(optimizer: Optimizer, name: str) -> list[Any]:
    """One option of every group; Tensors are copied."""
    return [copied(group[name]) for group in optimizer.param_groups]


def set_option(group: dict[str, Any], name: str, value: Any) -> None:
    """Set an option of a group; a Tensor stays the same Tensor and takes the value."""
    old = group[name]
    if isinstance(old, Tensor):
        old._data.fill(plain(value))
        mark_written(old)
    else:
        group[name] = value


def per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """`value` for each group: a list has one per group already."""
    count = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [copied(value) for _ in range(count)]
    if len(value) != count:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups: "
            f"{name} has {len(value)} values, param_groups has {count}"
        )
    return [copied(v) for v in value]


def check_optimizer(owner: Any, optimizer: Any) -> None:
    """Raise a `TypeError` unless `optimizer` is one."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(owner).__name__}: {type(optimizer).__name__} is not an Optimizer")


def callable_state(function: Any) -> dict[str, Any] | None:
    """What of a function a state dict can hold: the attributes of a callable object."""
    if isinstance(function, (types.FunctionType, types.BuiltinFunctionType)):
        return None
    return dict(function.__dict__)


def warn_epoch() -> None:
    """Say that `step` wants no epoch."""
    warnings.warn(
        "scheduler.step(epoch) is deprecated: call scheduler.step() once per epoch. "
        "Given an epoch, the schedule jumps to it by its closed form, where it has one.",
        UserWarning,
        stacklevel=3,
    )


class LRScheduler(KnownKeywords):
    """Base of learning rate schedules: a subclass defines ``get_lr``, one rate per group.

    Construction is the first step: it sets the rates of epoch 0.

    Parameters
    ----------
    last_epoch
        -1 to start; another number resumes, and needs ``initial_lr`` in the groups.

    >>> class Halving(tn.optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [lr * 0.5**self.last_epoch for lr in self.base_lrs]
    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=1.0)
    >>> schedule = Halving(opt)
    >>> opt.step()
    >>> schedule.step()
    >>> schedule.get_last_lr()
    [0.5]
    """

    _get_lr_called_within_step = False
    _is_initial = False
    _last_lr: Rates

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(self, optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"{type(self).__name__}: param 'initial_lr' is not specified in "
                    f"param_groups[{i}], which last_epoch={last_epoch} needs: load the optimizer's "
                    "state dict first, or start with last_epoch=-1"
                )
        self.base_lrs: Rates = option_of_groups(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        # From now on the optimizer notes that it stepped.
        optimizer._opt_called = optimizer._opt_called or False
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """Everything but the optimizer."""
        return self._state_without("optimizer")

    def _state_without(self, *names: str) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key not in names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.__dict__.update(state_dict)

    def get_last_lr(self) -> Rates:
        """The rates this schedule set last, one per group."""
        return self._last_lr

    def get_lr(self) -> Rates:
        """Compute the rates of this epoch; to read the present ones, use `get_last_lr`."""
        raise NotImplementedError(f"{type(self).__name__} must define get_lr")

    def step(self, epoch: int | None = None) -> None:
        """Go to the next epoch (or, deprecated, to `epoch`) and set the rates of all groups."""
        if self._step_count == 1:
            self._check_order()
        self._step_count += 1
        if epoch is not None:
            warn_epoch()
        self._update_lr(epoch)

    def _check_order(self) -> None:
        """Warn when the second step of the schedule comes before the first of the optimizer."""
        if not hasattr(self.optimizer.step, "hooked"):
            warnings.warn(
                "optimizer.step() has been overridden after this learning rate scheduler was made, "
                "so it can't see whether optimizer.step() comes before lr_scheduler.step()",
                UserWarning,
                stacklevel=3,
            )
        elif not self.optimizer._opt_called:
            warnings.warn(
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`: the first value "
                "of the schedule is never used. Call `optimizer.step()` first.",
                UserWarning,
                stacklevel=3,
            )

    def _update_lr(self, epoch: int | None = None) -> None:
        with self._stepping():
            self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
            closed_form = None if epoch is None else getattr(self, "_get_closed_form_lr", None)
            self._set_rates(self.get_lr() if closed_form is None else closed_form())

    def _set_rates(self, rates: Iterable[Any]) -> None:
        for group, lr in zip(self.optimizer.param_groups, rates, strict=True):
            set_option(group, "lr", lr)
        self._last_lr = option_of_groups(self.optimizer, "lr")

    @contextmanager
    def _stepping(self) -> Iterator[None]:
        """Mark that `get_lr` is called by a step, where it belongs."""
        self._get_lr_called_within_step = True
        try:
            yield
        finally:
            self._get_lr_called_within_step = False

    def _warn_outside_step(self) -> None:
        """Called by every `get_lr`."""
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use "
                "`get_last_lr()`; `get_lr()` computes the next one.",
                UserWarning,
                stacklevel=3,
            )

    def _present(self) -> Rates:
        """The groups' rates as they are now."""
        return option_of_groups(self.optimizer, "lr")
