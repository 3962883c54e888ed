"""Questions about how a model is put together: what is registered, used, reached by gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autotn.core.names import describe_module
from autotn.core.tensor import Tensor
from autotn.diagnose.report import Finding
from autotn.diagnose.trial import Call, Subject, Trial

_BATCHES_MATTER = ("Dropout", "BatchNorm")


def modes(subject: Subject) -> Iterator[Finding]:
    """Layers that behave differently in training, in the wrong mode."""
    layers = [m for m in subject.model.modules() if _depends_on_mode(m)]
    resting = [m for m in layers if not m.training]
    if resting and not subject.model.training:
        yield Finding(
            "mode",
            f"the model is in eval mode: {subject.path(resting[0])} "
            + (f"and {len(resting) - 1} more do not train as they should" if len(resting) > 1
               else "does not train as it should"),
            "call model.train() before training, model.eval() before evaluating",
        )  # fmt: skip
    elif resting:
        yield Finding(
            "mode",
            f"the model is in training mode, but {subject.path(resting[0])} is in eval mode",
            "model.train() sets the mode of all layers; leave it if this layer is frozen on purpose",
        )


def _depends_on_mode(module: Any) -> bool:
    return type(module).__name__.startswith(_BATCHES_MATTER)


def registered(trial: Trial) -> Iterator[Finding]:
    """Modules that run but are not part of the model."""
    own = {id(m) for m in trial.subject.model.modules()}
    if hasattr(trial.subject.loss, "modules"):
        own |= {id(m) for m in trial.subject.loss.modules()}
    strangers = {id(m): m for m in trial.heard.modules if id(m) not in own}
    learning = [m for m in strangers.values() if any(True for _ in m.parameters())]
    for module in learning:
        yield Finding(
            "registered",
            f"{describe_module(module)} runs, but is no part of the model: its "
            f"{sum(p.numel() for p in module.parameters())} parameters are in neither parameters() nor "
            "state_dict()",
            "make it in __init__ and keep it as an attribute of a module, in a list or a dict of one",
        )


def optimized(subject: Subject) -> Iterator[Finding]:
    """Parameters the optimizer does not know, or knows of another model."""
    if subject.optimizer is None:
        return
    known = {id(p) for group in subject.optimizer.param_groups for p in group["params"]}
    own = dict(subject.model.named_parameters())
    missing = [n for n, p in own.items() if p.requires_grad and id(p) not in known]
    foreign = known - {id(p) for p in own.values()}
    if missing and not foreign:
        yield Finding(
            "optimizer",
            f"the optimizer does not have {_listed(missing)}",
            "make the optimizer after the model is complete, with all of model.parameters()",
        )
    if foreign and len(foreign) == len(known):
        yield Finding(
            "optimizer",
            f"none of the optimizer's {len(known)} parameters belongs to this model",
            "make the optimizer with this model's parameters (was the model replaced or copied?)",
        )


def reached(trial: Trial) -> Iterator[Finding]:
    """Parameters that get no gradient, and where their path to the loss breaks."""
    model = trial.subject.model
    if not isinstance(trial.loss, Tensor):
        return
    if not any(p.requires_grad for p in model.parameters()):
        yield Finding(
            "gradients",
            "no parameter of the model requires a gradient",
            "model.requires_grad_() lets all of them learn",
        )
        return
    silent: dict[str, list[str]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and parameter.grad is None:
            silent.setdefault(_where_it_breaks(parameter, trial), []).append(name)
    for why, names in silent.items():
        yield Finding(
            "gradients",
            f"{_listed(names)} never get{'s' if len(names) == 1 else ''} a gradient: {why}",
            "let the loss depend on what is computed from them, or take them out of the model",
        )
    zeros = [
        name
        for name, p in model.named_parameters()
        if p.grad is not None and p.numel() and not np.any(p.grad._data)
    ]
    if zeros and not silent:
        yield Finding(
            "gradients",
            f"the gradient of {_listed(zeros)} is zero everywhere",
            "look for dead units, saturated activations, or a loss that is constant for this batch",
        )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:4])
    return shown if len(names) <= 4 else f"{shown} and {len(names) - 4} more"


def _memory(tensor: Tensor) -> int:
    array = tensor._data
    while isinstance(array.base, np.ndarray):
        array = array.base
    return id(array)


def _where_it_breaks(parameter: Tensor, trial: Trial) -> str:
    """Follow a parameter's influence through the calls, to where it ends."""
    follows = {id(parameter)}
    memory = {_memory(parameter)}
    last: Call | None = None
    for call in trial.calls:
        touched = [t for t in call.inputs if id(t) in follows or _memory(t) in memory]
        if not touched:
            continue
        if not call.recorded:
            return f"recording is off (no_grad) in {call}"
        if all(t._node is None for t in touched):
            return f"the path is cut (by detach, or by .data) before {call}"
        if all(t._node is None for t in call.outputs):
            return f"the path ends in {call}, which has no gradient"
        last = call
        follows |= {id(t) for t in call.outputs}
        memory |= {_memory(t) for t in call.outputs}
    if last is None:
        return "no op uses it"
    return f"the last trace is {last}; the loss does not depend on that, or only by way of NumPy or numbers"
