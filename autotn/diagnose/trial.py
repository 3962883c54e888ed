"""One training step of a copy of the model, with everything written down."""

from __future__ import annotations

import copy
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core.failure import describe
from autotn.core.listening import Listener, recording
from autotn.core.modes import enable_grad, state
from autotn.core.names import describe_module
from autotn.core.node import describe_line, here
from autotn.core.random import default_generator
from autotn.core.tensor import Tensor


class Call:
    """One op that ran: its tensors, the modules around it, the user's line."""

    __slots__ = ("inputs", "modules", "name", "outputs", "recorded", "static", "where")

    def __init__(self, op: Any, args: tuple[Any, ...], result: Any, subject: Subject) -> None:
        self.name: str = op.name
        self.inputs = tensors_in(args)
        self.outputs = tensors_in(result)
        self.static = {
            name: value
            for name, value in zip(op.parameters, args, strict=False)
            if not tensors_in(value)
        }
        self.modules = [module for _, module in state.scope]
        self.recorded = state.grad
        line = describe_line(here())
        #: The user's line; where that is only the call of `check`, the module.
        self.where = f" at {line}" if line != subject.line else ""
        if self.modules and not self.where:
            self.where = f" in {subject.path(self.modules[-1])}"

    def __str__(self) -> str:
        return self.name + self.where


def tensors_in(value: Any) -> list[Tensor]:
    """All Tensors in nested tuples, lists and dicts."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, (tuple, list)):
        return []
    return [t for one in value for t in tensors_in(one)]


def mapped(function: Callable[[Tensor], Any], value: Any) -> Any:
    """`value` with every Tensor in it replaced."""
    if isinstance(value, Tensor):
        return function(value)
    if isinstance(value, dict):
        return {key: mapped(function, one) for key, one in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(mapped(function, one) for one in value)
    return value


class Heard(Listener):
    """Writes down the ops and the modules that run."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.calls: list[Call] = []
        self.modules: list[Any] = []

    def call(self, op: Any, args: tuple[Any, ...], result: Any) -> None:
        """Keep one call, with its tensors, so that they can be told apart."""
        self.calls.append(Call(op, args, result, self.subject))

    def module_begins(self) -> None:
        """Keep the module that begins to run."""
        self.modules.append(state.scope[-1][1])


class Subject:
    """What is to be checked: copies of it are run, it is not."""

    def __init__(self, model: Any, batch: Any, loss: Any, optimizer: Any) -> None:
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.line = describe_line(here())
        if isinstance(batch, Tensor):
            batch = (batch, batch)
        if not isinstance(batch, (tuple, list)) or len(batch) < 2:
            raise TypeError(
                "check: batch must be a tuple (inputs, targets), or one Tensor that is both, got "
                f"{describe(batch)}"
            )
        *self.inputs, self.targets = batch
        self.names = {id(p): name for name, p in model.named_parameters()}

    def copied(self) -> Subject:
        """The same with a model, optimizer and loss of its own."""
        made = copy.copy(self)
        # What a module has kept from its last call may have a history, which a deep copy refuses.
        kept = (t for m in self.model.modules() for t in tensors_in(dict(vars(m))))
        cut = {id(t): t.detach().clone() for t in kept if not t.is_leaf}
        made.model, made.loss, made.optimizer = copy.deepcopy(
            (self.model, self.loss, self.optimizer), cut
        )
        made.names = {id(p): name for name, p in made.model.named_parameters()}
        made.model.zero_grad()
        return made

    def few(self, count: int) -> Subject:
        """The same on the first examples of the batch."""
        size = self.size()

        def first(t: Tensor) -> Any:
            return t[:count] if len(t) == size else t

        made = self.with_inputs(first)
        made.targets = mapped(lambda t: first(t) if t.ndim else t, self.targets)
        return made

    def with_inputs(self, change: Callable[[Tensor], Any]) -> Subject:
        """The same on other inputs: those that have dimensions, changed."""
        made = copy.copy(self)
        made.inputs = mapped(lambda t: change(t) if t.ndim else t, self.inputs)
        return made

    def size(self) -> int:
        """The number of examples, read off the first tensor."""
        found = [len(t) for t in tensors_in(self.inputs) if t.ndim]
        return found[0] if found else 0

    def forward(self) -> Any:
        """What the model makes of the inputs."""
        if len(self.inputs) == 1 and isinstance(self.inputs[0], dict):
            return self.model(**self.inputs[0])
        return self.model(*self.inputs)

    def path(self, module: Any) -> str:
        """A module by its path in the model and its class."""
        for name, one in self.model.named_modules():
            if one is module:
                return f"{name}: {describe_module(module)}" if name else describe_module(module)
        return describe_module(module)


class Trial:
    """One forward and backward of a copy."""

    def __init__(self, subject: Subject, backward: bool = True) -> None:
        self.subject = made = subject.copied()
        self.heard = Heard(made)
        self.output: Any = None
        self.loss: Any = None
        self.error: Exception | None = None
        self.boundary = 0
        with enable_grad(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                with recording(self.heard):
                    self.output = made.forward()
                    self.boundary = len(self.heard.calls)
                    self.loss = made.loss(self.output, made.targets)
                if backward and isinstance(self.loss, Tensor) and self.loss.requires_grad:
                    (self.loss if self.loss.numel() == 1 else self.loss.sum()).backward()
            except Exception as error:  # noqa: BLE001 - that it fails is what we report
                self.error = error
        self.warnings = [str(w.message) for w in caught]

    @property
    def calls(self) -> list[Call]:
        """The ops that ran, in order."""
        return self.heard.calls

    def producer(self, tensor: Tensor) -> Call | None:
        """The op that made a tensor, views looked through."""
        for call in reversed(self.calls):
            if any(o is tensor for o in call.outputs):
                if call.name in _VIEWS and call.inputs:
                    return self.producer(call.inputs[0])
                return call
        return None


_VIEWS = {"reshape", "permute", "transpose", "getitem", "expand", "squeeze", "unsqueeze", "view"}


class same_luck:
    """Draw the same random numbers in each such context; afterwards all generators are as they were."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def __enter__(self) -> None:
        self.before = (
            default_generator().get_state(),
            random.getstate(),
            np.random.get_state(),  # noqa: NPY002 - models may draw from it
        )
        default_generator().manual_seed(self.seed)
        random.seed(self.seed)
        np.random.seed(self.seed)  # noqa: NPY002

    def __exit__(self, *exception: Any) -> None:
        default_generator().set_state(self.before[0])
        random.setstate(self.before[1])
        np.random.set_state(self.before[2])  # noqa: NPY002
