"""Make a Graph: of a function's run with `capture`, of a block with `Recording`, of a history with `read_tape`."""

from __future__ import annotations

import inspect
import sys
import traceback
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from autotn.core.listening import recording
from autotn.core.node import INTERNAL, user_frame
from autotn.core.tensor import Tensor
from autotn.ir import tape
from autotn.ir.graph import Call, Graph
from autotn.ir.names import place_of, variables
from autotn.ir.recorder import Recorder


class Recording:
    """Listen to a block of code; `graph` is what it did.

    >>> x = tn.tensor(3.0, requires_grad=True)
    >>> with tn.ir.Recording() as run:
    ...     y = x * x
    ...     y.backward()
    >>> [s.kind for s in run.graph.steps], run.graph.values[0].gradient.reading.data
    (['seed', 'pull', 'store'], 6.0)

    Parameters
    ----------
    title : str
        What the graph is called.
    values : {"small", "all", "none"}
        Keep the elements of small tensors and figures of the others, all elements of all, or nothing.
    """

    def __init__(self, title: str = "graph", values: str = "small") -> None:
        self.graph = Graph(title=title)
        self.recorder = Recorder(self.graph, values)

    def __enter__(self) -> Recording:
        self._frame = user_frame(sys._getframe(1))
        self._context = recording(self.recorder)
        self._context.__enter__()
        return self

    def __exit__(self, kind: Any, error: BaseException | None, tb: Any) -> None:
        self._context.__exit__(kind, error, tb)
        if error is not None:
            note_failure(self.recorder, error)
        if self._frame is not None:
            self.recorder.name_variables(self._frame.f_locals)
        self.recorder.finish()
        self._frame = None


def capture(
    function: Callable[..., Any], *args: Any, values: Any = "small", **kwargs: Any
) -> Graph:
    """Run ``function(*args, **kwargs)`` and return the graph of what it did.

    The function may call ``backward`` and step an optimizer: those are in the graph too. A run that fails
    gives the graph up to there, with ``failure`` set; if it fails before anything ran, the error is
    raised.

    >>> from autotn.ir import capture
    >>> print(capture(lambda x: (x * 2).sum(), tn.ones(3)))
    graph of <lambda>: 2 calls
    x = input [3] float32: 1 ± 0, in [1, 1]
    %2 [3] = mul(x, 2.0)
    %3 [] = sum(%2; keepdim=False)
    returns %3
    """
    if not isinstance(values, str):  # the function's own parameter of that name
        kwargs["values"], values = values, "small"
    name = getattr(function, "__name__", type(function).__name__)
    listening = Recording(f"graph of {name}", values)
    recorder, graph = listening.recorder, listening.graph
    for label, tensor in _labelled(function, args, kwargs):
        if recorder.names.get(id(tensor)) is None:
            recorder.names[id(tensor)] = ("input", label)
            recorder.know(tensor, "input", label)
    if hasattr(function, "named_parameters"):
        recorder.learn(function, "")
    result: Any = None
    with recording(recorder):
        try:
            result = function(*args, **kwargs)
        except Exception as error:
            if not graph.calls:
                raise
            note_failure(recorder, error)
    for tensor in _leaves(result):
        graph.values[recorder.number(tensor)].is_output = True
    recorder.finish()
    return graph


def read_tape(tensors: Tensor | Sequence[Tensor], values: str = "small") -> Graph:
    """The graph of the history that Tensors carry: what `backward` would walk through.

    >>> from autotn.ir import read_tape
    >>> w = tn.tensor(2.0, requires_grad=True)
    >>> loss = (w * 3).exp()
    >>> [c.op for c in read_tape(loss).calls]
    ['mul', 'exp']
    """
    outputs = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    graph = Graph(title="graph of a Tensor" if len(outputs) == 1 else "graph of Tensors")
    graph.source = "tape"
    recorder = Recorder(graph, values)
    known = dict(variables(user_frame(sys._getframe(1))))
    recorder.learn_variables(known)
    for tensor in outputs:
        graph.values[recorder.number(tensor)].is_output = True
    recorder.name_variables(known)
    for tensor in known.values():
        number = recorder.of_node(tensor._node) if isinstance(tensor, Tensor) else None
        if number is not None:
            tape.fill(recorder, graph.values[number], tensor._data, tensor)
    tape.note_freed(recorder)
    for tensor in known.values():
        if isinstance(tensor, Tensor) and tensor.retains_grad and tensor._leaf is not None:
            number = recorder.of_node(tensor._node)
            if number is not None and tensor._leaf.grad is not None:
                recorder.backward.see(number, tensor._leaf.grad)
    recorder.finish()
    return graph


def note_failure(recorder: Recorder, error: BaseException) -> None:
    """Say in the graph what stopped the run, and which call it was."""
    graph = recorder.graph
    graph.failure = f"{type(error).__name__}: {error}"
    if recorder.error is error:
        return
    frame = _last_user_frame(error)
    if frame is None:
        return
    file, line, column, text = frame
    made = Call(len(graph.calls), "raise", [], [], file=file, line=line, column=column, text=text)
    made.failed = True
    graph.calls.append(made)


def _last_user_frame(error: BaseException) -> tuple[str, int, int, str] | None:
    found: FrameType | None = None
    lasti = 0
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if not INTERNAL[frame.f_globals.get("__package__")]:
            found = frame
    tb = error.__traceback__
    while tb is not None:
        if tb.tb_frame is found:
            lasti = tb.tb_lasti
        tb = tb.tb_next
    return None if found is None else place_of(found.f_code, lasti)


def _labelled(function: Any, args: Any, kwargs: Any) -> list[tuple[str, Tensor]]:
    """The tensors among the arguments, by the names of the parameters that they are given for."""
    target = getattr(function, "forward", function)
    try:
        bound = inspect.signature(target).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        bound = {f"x{k}": a for k, a in enumerate(args)} | kwargs
    found: list[tuple[str, Tensor]] = []
    for name, value in bound.items():
        tensors = _leaves(value)
        if isinstance(value, Tensor):
            found.append((name, value))
        else:
            found += [(f"{name}[{k}]", t) for k, t in enumerate(tensors)]
    return found


def _leaves(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in _leaves(v)]
    if isinstance(value, dict):
        return [t for v in value.values() for t in _leaves(v)]
    return []
