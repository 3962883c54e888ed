"""Run a function and write down what it did: `capture` makes a `Graph`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core.modes import recording, state
from autotn.core.node import line_of, user_frame
from autotn.core.tensor import Tensor
from autotn.ir.graph import Call, Graph, Value

#: Arrays up to this many elements are written out among the static arguments.
_SHOWN = 8


class _Recorder:
    """Listens to the ops of one run and numbers what it hears."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.by_tensor: dict[int, int] = {}
        self.by_memory: dict[tuple[Any, ...], int] = {}
        self.kept: list[Tensor] = []  # ids are only unique while the tensors live
        self.names: dict[int, tuple[str, str]] = {}
        self.named_modules: set[int] = set()

    def know(self, tensor: Tensor, kind: str, name: str = "") -> int:
        """Number a tensor."""
        value = Value(
            id=len(self.graph.values),
            kind=kind,
            shape=tuple(tensor._data.shape),
            dtype=tensor.dtype.name,
            name=name,
            requires_grad=tensor.requires_grad,
        )
        self.graph.values.append(value)
        self.by_tensor[id(tensor)] = value.id
        self.by_memory[_memory(tensor)] = value.id
        self.kept.append(tensor)
        return value.id

    def number(self, tensor: Tensor) -> int:
        """The number of a tensor: known by itself, by its memory, or new as a parameter or constant."""
        found = self.by_tensor.get(id(tensor))
        if found is None:
            found = self.by_memory.get(_memory(tensor))
        if found is not None:
            return found
        kind, name = self.names.get(
            id(tensor), ("parameter" if tensor.requires_grad else "constant", "")
        )
        return self.know(tensor, kind, name)

    def learn_names(self, module: Any, prefix: str) -> None:
        """Remember what a module calls its parameters and buffers."""
        if id(module) in self.named_modules:
            return
        self.named_modules.add(id(module))
        for what, found in (
            ("parameter", module.named_parameters()),
            ("buffer", module.named_buffers()),
        ):
            for name, tensor in found:
                full = f"{prefix}.{name}" if prefix else name
                self.names.setdefault(id(tensor), (what, full))

    def begin(self, op: Any) -> None:
        """An op is about to run."""

    def call(self, op: Any, args: tuple[Any, ...], result: Any) -> None:
        """One op ran."""
        for name, module in state.scope[:1]:
            self.learn_names(module, name)
        inputs: list[int] = []
        static: dict[str, str] = {}
        listed = {i.index for i in op.inputs} | set(op.fixed)
        for k, (name, value) in enumerate(zip(op.parameters, args, strict=True)):
            if k in listed:
                _tensors_in(value, self.number, inputs)
            if (
                (k not in listed or not inputs)
                and value is not None
                and not isinstance(value, Tensor)
            ):
                static[name] = _short(value)
        results = result if isinstance(result, (tuple, list)) else (result,)
        outputs = [self.know(t, "result") for t in results if isinstance(t, Tensor)]
        frame = user_frame(sys._getframe(1))
        found = None if frame is None else line_of((frame.f_code, frame.f_lasti))
        file, line, text = found or ("", 0, "")
        self.graph.calls.append(
            Call(
                id=len(self.graph.calls),
                op=op.name,
                inputs=inputs,
                outputs=outputs,
                static=static,
                scope=[name for name, _ in state.scope],
                classes=[type(module).__name__ for _, module in state.scope],
                file=file,
                line=line,
                text=text,
            )
        )

    def backward(self, node: Any, g: Any, grads: Any) -> None:
        """A rule ran; the graph shows the forward pass."""


def _memory(tensor: Tensor) -> tuple[Any, ...]:
    a = tensor._data
    return (a.__array_interface__["data"][0], a.shape, a.strides, a.dtype.char)


def _tensors_in(value: Any, number: Callable[[Tensor], int], into: list[int]) -> None:
    if isinstance(value, Tensor):
        into.append(number(value))
    elif isinstance(value, (list, tuple)):
        for v in value:
            _tensors_in(v, number, into)


def _short(value: Any) -> str:
    """A static argument as short text, the same in every run."""
    if isinstance(value, np.ndarray):
        if value.size <= _SHOWN:
            return str(value.tolist())
        return f"array{list(value.shape)}"
    plain: Any = object.__repr__
    if callable(value) or type(value).__repr__ is plain:
        return getattr(value, "__name__", type(value).__name__)
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"


def _leaves(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in _leaves(v)]
    if isinstance(value, dict):
        return [t for v in value.values() for t in _leaves(v)]
    return []


def capture(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Graph:
    """Run ``function(*args, **kwargs)`` and return the graph of what it did.

    A run that fails gives the graph up to there, with ``failure`` set.

    >>> from autotn.ir import capture
    >>> print(capture(lambda x: (x * 2).sum(), tn.ones(3)))
    graph of <lambda>
      %0 input x0 [3] float32
      %2 [3] = mul(%0, %1)
      %3 [] = sum(%2; keepdim=False)
      returns %3
    """
    name = getattr(function, "__name__", type(function).__name__)
    graph = Graph(title=f"graph of {name}")
    recorder = _Recorder(graph)
    for k, tensor in enumerate(_leaves([*args, kwargs])):
        recorder.know(tensor, "input", f"x{k}")
    if hasattr(function, "named_parameters"):
        recorder.learn_names(function, "")
    result: Any = None
    with recording(recorder):
        try:
            result = function(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - the picture of a failed run shows how far it came
            graph.failure = f"{type(error).__name__}: {error}"
    for tensor in _leaves(result):
        graph.values[recorder.number(tensor)].is_output = True
    return graph
