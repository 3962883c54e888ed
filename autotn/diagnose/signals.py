"""Questions about the size of what flows: activations, gradients, updates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autotn.diagnose.report import Finding
from autotn.diagnose.trial import Subject, Trial

#: Units that give zero for a whole batch of at least so many examples are called dead.
_ENOUGH = 8
_MOST = 0.8
_TOO_MUCH = 1.0
_TOO_LITTLE = 1e-7
#: The step that is measured: some optimizers take their first ones far too large.
_SETTLED = 5
_SATURATED = {"tanh": 0.99, "sigmoid": 0.99}
_NEARLY_ALL = 0.9
_STEEP = 1e4


def dead(trial: Trial) -> Iterator[Finding]:
    """Units that give nothing for the whole batch, or are pinned to their end."""
    for call in trial.calls[: trial.boundary]:
        if not call.outputs or not call.outputs[0].ndim or len(call.outputs[0]) < _ENOUGH:
            continue
        y = call.outputs[0]._data
        if call.name == "relu" and y.ndim > 1:
            axis = 1 if y.ndim > 2 else y.ndim - 1
            others = tuple(k for k in range(y.ndim) if k != axis)
            silent = int((y <= 0).all(axis=others).sum())
            if silent >= _MOST * y.shape[axis]:
                yield Finding(
                    "dead units",
                    f"{silent} of {y.shape[axis]} units give 0 for all of the batch: {call}",
                    "lower the learning rate, look at the biases and the size of the inputs, or use "
                    "leaky_relu",
                )
        elif call.name in _SATURATED and y.size:
            edge = _SATURATED[call.name]
            pinned = (np.abs(y) > edge) | ((y < 1 - edge) if call.name == "sigmoid" else False)
            if pinned.mean() > _NEARLY_ALL:
                yield Finding(
                    "dead units",
                    f"{pinned.mean():.0%} of the values of {call} are at their limits, where the slope is "
                    "nearly 0",
                    "scale the inputs down, or start with smaller weights",
                )


def _length(x: Any) -> float:
    return float(np.sqrt(np.mean(np.square(x, dtype=np.float64)))) if x.size else 0.0


def slopes(trial: Trial) -> Iterator[Finding]:
    """Gradients that vanish or explode on their way back through the layers."""
    order = {id(t): k for k, call in enumerate(trial.calls) for t in call.inputs}
    layers = [
        (order[id(p)], name, _length(p.grad._data))
        for name, p in trial.subject.model.named_parameters()
        if p.grad is not None and p.ndim > 1 and id(p) in order
    ]
    layers = [layer for layer in sorted(layers) if np.isfinite(layer[2])]
    if len(layers) < 3:
        return
    (_, first, early), (_, last, late) = layers[0], layers[-1]
    told = ", ".join(f"{name} {size:.1e}" for _, name, size in _some(layers))
    if 0 < early < late / _STEEP or (early == 0 < late):
        yield Finding(
            "vanishing gradients",
            f"the gradient of {first} is {late / early if early else np.inf:.0e} times smaller than that "
            f"of {last} (root mean squares: {told})",
            "use relu-like activations, normalization layers or residual connections, and an initialization "
            "that fits the activation",
        )
    elif early > late * _STEEP > 0:
        yield Finding(
            "exploding gradients",
            f"the gradient of {first} is {early / late:.0e} times larger than that of {last} (root mean "
            f"squares: {told})",
            "start with smaller weights, normalize, clip the gradient norm, or use gated layers",
        )


def _some(layers: list[Any]) -> list[Any]:
    """First, last, and a few between."""
    if len(layers) <= 5:
        return layers
    return [layers[k] for k in np.linspace(0, len(layers) - 1, 5).astype(int)]


def steps(subject: Subject) -> Iterator[Finding]:
    """Updates that are out of proportion to the weights they change."""
    if subject.optimizer is None:
        return
    made = subject.copied()
    known = {id(p) for group in made.optimizer.param_groups for p in group["params"]}
    weights = [(n, p) for n, p in made.model.named_parameters() if p.ndim > 1 and id(p) in known]
    sizes = [_length(p._data) for _, p in weights]
    for _ in range(_SETTLED):
        before = [p._data.copy() for _, p in weights]
        made.optimizer.zero_grad()
        made.loss(made.forward(), made.targets).sum().backward()
        made.optimizer.step()
    ratios = [
        (_length(p._data - b) / size, name)
        for (name, p), b, size in zip(weights, before, sizes, strict=True)
        if size > 0 and p.grad is not None
    ]
    if not ratios:
        return
    ratios.sort()
    middle, name = ratios[len(ratios) // 2]
    rate = subject.optimizer.param_groups[0].get("lr")
    seen = f"with lr={float(rate):g} a step changes {name} by {middle:.1e} of its size"
    if middle > _TOO_MUCH:
        yield Finding("learning rate", seen, "about 1e-3 is usual: lower the learning rate")
    elif middle < _TOO_LITTLE:
        yield Finding("learning rate", seen, "about 1e-3 is usual: raise the learning rate")
