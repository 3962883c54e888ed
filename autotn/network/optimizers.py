"""Optimizers by the names that `System.learn` takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import is_
from typing import Any

import numpy as np

from autotn.core.tensor import Tensor, wrap
from autotn.errors import ShapeError
from autotn.layers import Module
from autotn.optim import SGD, Adam, Optimizer, RMSprop

#: The learning rate where none is given.
SCALE = 1e-3

#: Name of a method: its optimizer, and what its options are called there.
METHODS: dict[str, tuple[Any, dict[str, str]]] = {
    "sgd": (SGD, {}),
    "rmsprop": (RMSprop, {"b2": "alpha", "epsilon": "eps"}),
    "adam": (Adam, {"b1": "b1", "b2": "b2", "epsilon": "eps"}),
}


class Learner:
    """The optimizers of one network: one per name, kept so that each remembers its averages."""

    def __init__(self) -> None:
        self.by_name: dict[str, Optimizer] = {}

    def choose(
        self,
        who: str,
        parameters: list[Any],
        method: Any = None,
        scale: float | None = None,
        b1: float | None = None,
        b2: float | None = None,
        epsilon: float | None = None,
        **unknown: Any,
    ) -> Optimizer:
        """The optimizer of this name, or the given one, with these options set."""
        if unknown:
            raise TypeError(
                f"{who}: unknown option {next(iter(unknown))!r}; "
                "expected method, scale, b1, b2 or epsilon"
            )
        given = {"b1": b1, "b2": b2, "epsilon": epsilon}
        given = {name: value for name, value in given.items() if value is not None}
        if scale is not None and not (isinstance(scale, float | int | np.number) and scale >= 0):
            raise ValueError(f"{who}: scale is a learning rate of at least 0, got {scale!r}")
        if isinstance(method, Optimizer):
            return _given(who, method, parameters, scale, given)
        name = "sgd" if method is None else method
        if not isinstance(name, str) or name not in METHODS:
            names = ", ".join(map(repr, METHODS))
            raise ValueError(f"{who}: unknown method {method!r}; expected {names} or an Optimizer")
        kind, options = METHODS[name]
        for option in given:
            if option not in options:
                takes = ", ".join(["scale", *options])
                raise TypeError(f"{who}: method {name!r} has no {option}; it takes {takes}")
        optimizer = self.by_name.get(name)
        if optimizer is None or not _same(optimizer, parameters):
            optimizer = self.by_name[name] = kind(parameters, lr=SCALE)
        group = optimizer.param_groups[0]
        group["lr"] = SCALE if scale is None else scale
        defaults = optimizer.defaults
        if name == "adam":
            betas = defaults["betas"]
            group["betas"] = betas if b1 is b2 is None else (
                betas[0] if b1 is None else b1, betas[1] if b2 is None else b2
            )  # fmt: skip
        elif name == "rmsprop":
            group["alpha"] = defaults["alpha"] if b2 is None else b2
        if "eps" in defaults:
            group["eps"] = defaults["eps"] if epsilon is None else epsilon
        return optimizer

    def tensors(self, named: Mapping[str, Any]) -> dict[str, Any]:
        """What the optimizers remember, by method, parameter and name: ``adam.weight.exp_avg``."""
        return {
            f"{method}.{name}.{key}": value
            for method, optimizer in self.by_name.items()
            for name, p in named.items()
            for key, value in optimizer.state.get(p, {}).items()
            if value is not None
        }

    def plan(self, named: Mapping[str, Any], given: Mapping[str, Tensor]) -> Callable[[], None]:
        """Make what takes back the given `tensors`; raise `ValueError` when they do not fit."""
        places = {name: k for k, name in enumerate(named)}
        states: dict[str, dict[int, dict[str, Any]]] = {}
        for key, value in given.items():
            method, _, rest = key.partition(".")
            name, _, item = rest.rpartition(".")
            if method not in METHODS or name not in places:
                raise ValueError(f"no method and parameter of this network: {key}")
            if value.ndim and value.shape != named[name].shape:
                raise ValueError(
                    f"{key} has shape {tuple(value.shape)}, expected {tuple(named[name].shape)}"
                )
            states.setdefault(method, {}).setdefault(places[name], {})[item] = value.clone()

        def take() -> None:
            self.by_name = {}
            for method, state in states.items():
                optimizer = METHODS[method][0](list(named.values()), lr=SCALE)
                optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
                self.by_name[method] = optimizer

        return take


def _same(optimizer: Optimizer, parameters: list[Any]) -> bool:
    known = optimizer.param_groups[0]["params"]
    return len(known) == len(parameters) and all(map(is_, known, parameters))


def _given(who: str, optimizer: Optimizer, parameters: list[Any], scale: Any, given: Any) -> Any:
    """An optimizer the user made, its rate set when one was given."""
    if given:
        raise TypeError(f"{who}: {', '.join(given)} are options of a method by name, not of yours")
    ours = {id(p) for p in parameters}
    if not any(id(p) in ours for group in optimizer.param_groups for p in group["params"]):
        raise ValueError(
            f"{who}: this {type(optimizer).__name__} has none of the network's parameters"
        )
    if scale is not None:
        for group in optimizer.param_groups:
            group["lr"] = scale
    return optimizer


def step_by_name(
    module: Module, named: Mapping[str, Any], grads: Any, learner: Learner | None = None,
    who: str = "apply_grad", **kwargs: Any,
) -> None:  # fmt: skip
    """One step with gradients by name; all is checked before anything changes."""
    check_gradients(who, named, grads)
    if learner is None:
        learner = module.__dict__.setdefault("_learner", Learner())
    optimizer = learner.choose(who, list(named.values()), **kwargs)
    before = {p: p.grad for p in named.values()}
    try:
        for name, p in named.items():
            p.grad = wrap(np.asarray(grads[name], p._data.dtype))
        optimizer.step()
    finally:
        for p, gradient in before.items():
            p.grad = gradient


def check_gradients(who: str, named: Mapping[str, Any], grads: Any) -> None:
    """Raise unless there is a gradient of the right shape for every name."""
    if not isinstance(grads, Mapping) or grads.keys() != named.keys():
        given = sorted(grads) if isinstance(grads, Mapping) else type(grads).__name__
        raise ValueError(f"{who}: expected gradients of {sorted(named)}, got {given}")
    for name, p in named.items():
        if np.shape(grads[name]) != p._data.shape:
            raise ShapeError(
                f"{who}: the gradient of {name} has shape {np.shape(grads[name])}, "
                f"expected {p._data.shape}"
            )
