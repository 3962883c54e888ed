"""Averages of a model's weights along its training, SWA and EMA, and the schedule for them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Any

import numpy as np

from autotn.core.modes import no_grad
from autotn.core.storage import mark_written
from autotn.core.tensor import Tensor, wrap
from autotn.layers.module import Module
from autotn.optim.lr_scheduler.scheduler import LRScheduler, Rates, per_group
from autotn.optim.optimizer import Optimizer

AverageFn = Callable[[Tensor, Tensor, Any], Tensor]
MultiAverageFn = Callable[[Sequence[Tensor], Sequence[Tensor], Any], None]


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"Invalid decay value {decay}: it must be in [0, 1]")


def _move_towards(averages: Sequence[Tensor], values: Sequence[Tensor], weight: float) -> None:
    """``average += weight * (value - average)`` for each pair; integers are cut off."""
    for average, value in zip(averages, values, strict=True):
        data = average._data
        np.copyto(data, data + weight * (value._data - data), casting="unsafe")
        mark_written(average)


def get_ema_multi_avg_fn(decay: float = 0.999) -> MultiAverageFn:
    """The exponential moving average, as a function that changes a list of Tensors in place.

    >>> average = tn.zeros(1)
    >>> tn.optim.swa_utils.get_ema_multi_avg_fn(0.75)([average], [tn.ones(1)], 1)
    >>> average
    tensor([0.2500])
    """
    _check_decay(decay)

    def ema_update(
        ema_params: Sequence[Tensor], current_params: Sequence[Tensor], num_averaged: Any
    ) -> None:
        _move_towards(ema_params, current_params, 1 - decay)

    return ema_update


def get_swa_multi_avg_fn() -> MultiAverageFn:
    """The equal average of all models so far, as a function that changes a list in place.

    >>> average = tn.zeros(1)
    >>> tn.optim.swa_utils.get_swa_multi_avg_fn()([average], [tn.ones(1)], 1)
    >>> average
    tensor([0.5000])
    """

    def swa_update(
        averaged_params: Sequence[Tensor], current_params: Sequence[Tensor], num_averaged: Any
    ) -> None:
        _move_towards(averaged_params, current_params, 1 / (int(num_averaged) + 1))

    return swa_update


def get_ema_avg_fn(decay: float = 0.999) -> AverageFn:
    """The exponential moving average, as a function of two Tensors.

    >>> tn.optim.swa_utils.get_ema_avg_fn(0.75)(tn.zeros(1), tn.ones(1), 1)
    tensor([0.2500])
    """
    _check_decay(decay)

    def ema_update(ema_param: Any, current_param: Any, num_averaged: Any) -> Any:
        with no_grad():
            return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> AverageFn:
    """The equal average of all models so far, as a function of two Tensors.

    >>> tn.optim.swa_utils.get_swa_avg_fn()(tn.zeros(1), tn.ones(1), 1)
    tensor([0.5000])
    """

    def swa_update(averaged_param: Any, current_param: Any, num_averaged: Any) -> Any:
        with no_grad():
            return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


class AveragedModel(Module):
    """A copy of `model` whose weights are averages of those given to `update_parameters`.

    Parameters
    ----------
    avg_fn
        ``avg_fn(averaged, current, num_averaged)`` for one Tensor; default: the equal average.
    multi_avg_fn
        The same for lists of Tensors of one dtype, in place.
    use_buffers
        Average the buffers too, instead of taking over the newest.

    >>> net = nn.Linear(2, 1)
    >>> ema = tn.optim.swa_utils.AveragedModel(
    ...     net, multi_avg_fn=tn.optim.swa_utils.get_ema_multi_avg_fn(0.9)
    ... )
    >>> ema.update_parameters(net)
    >>> ema.n_averaged
    tensor(1)
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: AverageFn | None = None,
        multi_avg_fn: MultiAverageFn | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError(
                "AveragedModel: only one of avg_fn and multi_avg_fn should be provided"
            )
        self.module = copy.deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", wrap(np.array(0)))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the averaged model."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the weights `model` has now into the average; the first time, copy them."""
        pairs = [
            (ours.detach(), theirs.detach())
            for ours, theirs in zip(self._averaged(self.module), self._averaged(model))
        ]
        if self.n_averaged._data == 0:
            _copy(pairs)
        elif self.avg_fn is not None:
            _copy([(a, self.avg_fn(a, b, self.n_averaged)) for a, b in pairs])
        else:
            self._average_lists(pairs, self.multi_avg_fn or get_swa_multi_avg_fn())
        if not self.use_buffers:
            _copy(zip(self.module.buffers(), model.buffers(), strict=True))
        self.n_averaged._data[...] += 1
        mark_written(self.n_averaged)

    def _averaged(self, model: Module) -> Iterable[Tensor]:
        """What of a model is averaged."""
        if self.use_buffers:
            return chain(model.parameters(), model.buffers())
        return model.parameters()

    def _average_lists(
        self, pairs: list[tuple[Tensor, Tensor]], multi_avg_fn: MultiAverageFn
    ) -> None:
        by_dtype: dict[Any, list[tuple[Tensor, Tensor]]] = {}
        for pair in pairs:
            by_dtype.setdefault(pair[0].dtype, []).append(pair)
        for same in by_dtype.values():
            multi_avg_fn([a for a, _ in same], [b for _, b in same], self.n_averaged)


def _copy(pairs: Iterable[tuple[Tensor, Tensor]]) -> None:
    for target, source in pairs:
        np.copyto(target._data, source._data, casting="unsafe")
        mark_written(target)


def _is_batch_norm(module: Module) -> bool:
    """True for BatchNorm layers and their subclasses: the only ones whose momentum may be None."""
    return any("BatchNorm" in cls.__name__ for cls in type(module).__mro__)


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of all BatchNorm layers anew, by one pass over `loader`.

    Averaged weights have activations that no statistics were collected for. An item of the loader
    is the model's input, or a list or tuple that starts with it.

    >>> net = nn.Sequential(nn.BatchNorm1d(1))
    >>> tn.optim.swa_utils.update_bn([tn.tensor([[1.0], [3.0]])], net)
    >>> net[0].running_mean
    tensor([2.])
    """
    layers: list[Any] = [module for module in model.modules() if _is_batch_norm(module)]
    if not layers:
        return
    momenta = [layer.momentum for layer in layers]
    was_training = model.training
    model.train()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # equal weights for all batches
    with no_grad():
        for batch in loader:
            input = batch[0] if isinstance(batch, (list, tuple)) else batch
            model(input if device is None else input.to(device))
    for layer, momentum in zip(layers, momenta):
        layer.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """From the present rate to the constant `swa_lr`, in `anneal_epochs` epochs.

    Parameters
    ----------
    anneal_strategy
        ``"cos"`` or ``"linear"``.

    >>> opt = tn.optim.SGD([tn.ones(1, requires_grad=True)], lr=1.0)
    >>> schedule = tn.optim.swa_utils.SWALR(
    ...     opt, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear"
    ... )
    >>> for epoch in range(3):
    ...     opt.step()
    ...     schedule.step()
    ...     print(schedule.get_last_lr())
    [0.75]
    [0.5]
    [0.5]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                "SWALR: anneal_strategy must be one of 'cos' or 'linear', "
                f"instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(
                f"SWALR: anneal_epochs must be equal or greater than 0, got {anneal_epochs}"
            )
        for group, lr in zip(optimizer.param_groups, per_group("swa_lr", optimizer, swa_lr)):
            group["swa_lr"] = lr
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _share(self, step: int) -> float:
        """How much of the way to `swa_lr` is behind us."""
        t = max(0.0, min(1.0, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self) -> Rates:
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group, lr in zip(self.optimizer.param_groups, self._present()):
            goal = group["swa_lr"]
            # The rate this schedule started from, read back from the present one.
            start = goal if before == 1 else (lr - before * goal) / (1 - before)
            rates.append(goal * now + start * (1 - now))
        return rates
