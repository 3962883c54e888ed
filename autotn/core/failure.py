"""Errors that explain themselves: the words for a call that failed, and the notes on an exception.

An exception keeps its type. Its message names the op and what it was given; its notes (PEP 678) say
which module was running, on which of the user's lines, and where a size that does not fit came from.
What works this out is imported when it is first needed.
"""

from __future__ import annotations

import inspect
import re
from types import CodeType
from typing import Any

import numpy as np

from autotn.core.node import Node, describe_line
from autotn.core.op import Op
from autotn.core.tensor import Tensor
from autotn.errors import AutogradError, ConditionMet, DTypeError, NonFiniteError, ShapeError

#: A message that begins with the name of a function.
_NAMED = re.compile(r"\w+: ")

#: A size that does not fit: a Tensor, and the dimension.
Blame = tuple[Tensor, int]


def explain(op: Op, error: Exception, args: tuple[Any, ...]) -> None:
    """Add to the error of a failed call where its sizes came from; raise a clearer one where it needs it.

    The error may not get a name in the frame that raises it, nor be its own cause: it would keep itself and,
    by its traceback, the user's tensors alive.
    """
    present = _present(op, args)
    if _speaks_clearly(error):
        _add_origins(error, _blamed(error, present))
    else:
        raise _worded(op, error, args, present) from error


def tell_where(error: Exception, module: Any, given: tuple[Any, ...]) -> None:
    """Note on an exception that leaves a module's forward: which module, which line, what was given."""
    if getattr(error, "_has_place", False):
        return  # a module further in has told it
    error._has_place = True  # type: ignore[attr-defined]
    try:
        from autotn.core.names import Surroundings

        around = Surroundings(error, module)
        line = around.line()
        notes = [f"  in {around.module(module)}" + (f", at {line}" if line else "")]
        told = ", ".join(describe(a) for a in given)
        notes.append(f"  which was given {told or 'nothing'}")
        if isinstance(error, TypeError) and around.is_call:
            notes.append(f"  its forward is called with {inspect.signature(module.forward)}")
        origins = getattr(error, "__notes__", [])
        error.__notes__ = [*notes, *origins]
    except Exception as second:  # noqa: BLE001 - the first exception is the one to be seen
        error.add_note(f"  (no more is known of it: {second!r})")


def name_of(tensor: Tensor, otherwise: str = "this tensor") -> str:
    """What the user calls a tensor: ``model.fc1.weight``, a variable, or the call that made it."""
    node = tensor._node
    try:
        from autotn.core.names import Surroundings

        name = Surroundings().variable(tensor)
    except Exception:  # noqa: BLE001 - a name is a courtesy: an error without it is better than none
        name = ""
    if node is None or node is tensor._leaf:
        return name or otherwise
    while not isinstance(node, Node):
        node = node.parents[0]
    made = f"the result of {node.op.name} at {describe_line(node.where)}"
    return f"{name} ({made})" if name else made


def tell_backward(error: Exception, walks: tuple[CodeType, ...]) -> None:
    """Note on an exception that leaves backward: whose rule it was, and where its call stood."""
    if isinstance(error, (AutogradError, NonFiniteError, ConditionMet)):
        return
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code not in walks:
        trace = trace.tb_next
    node = None if trace is None else trace.tb_frame.f_locals.get("node")
    if isinstance(node, Node):
        error.add_note(
            f"  in the backward of {node.op.name}, called at {describe_line(node.where)}"
        )


def with_origin(error: ShapeError, culprit: Any, dim: int) -> ShapeError:
    """`error`, with a note on where the size of `culprit` (if it is a Tensor) in `dim` came from."""
    if isinstance(culprit, Tensor) and culprit.ndim:
        _add_origins(error, [(culprit, dim)])
    return error


def _add_origins(error: Exception, blamed: list[Blame]) -> None:
    """Note where the sizes that do not fit came from."""
    error.__dict__.pop("blame", None)  # it need not keep the arrays alive
    if not blamed:
        return
    try:
        from autotn.core.names import Surroundings
        from autotn.core.origin import tell_origin

        around = Surroundings()
        for tensor, dim in blamed:
            for sentence in tell_origin(tensor, dim, around):
                error.add_note(f"  {sentence}")
    except Exception as second:  # noqa: BLE001 - the first exception is the one to be seen
        error.add_note(f"  (where the sizes came from is not known: {second!r})")


def _speaks_clearly(error: Exception) -> bool:
    """True for an error in words of this library, and for kinds that are not about a call's arguments."""
    kinds = (np.linalg.LinAlgError, ValueError, IndexError, TypeError, ZeroDivisionError)
    ours = (ShapeError, DTypeError, NotImplementedError)
    if _NAMED.match(str(error)) or isinstance(error, (AutogradError, MemoryError)):
        return True
    return type(error) is not RuntimeError and not isinstance(error, (*kinds, *ours))


def _worded(op: Op, error: Exception, args: tuple[Any, ...], present: list[Any]) -> Exception:
    """An error in words of this library, of the kind of another."""
    given = describe_arguments(op, args)
    shapes = [a._data.shape if isinstance(a, Tensor) else np.shape(a) for a in present]
    if isinstance(error, ValueError) and op.broadcasts and len(shapes) > 1:
        try:
            np.broadcast_shapes(*shapes)
        except ValueError:
            words, axis = _mismatch(shapes)
            told = ShapeError(f"{op.name}: {words}; {given}")
            owners = [a for a in present if isinstance(a, Tensor) and a.ndim >= -axis]
            _add_origins(told, [(a, axis) for a in owners])
            return told
    message = f"{op.name}: {error}; {given}"
    if isinstance(error, np.linalg.LinAlgError):
        return type(error)(message)
    for kind in (
        ShapeError,
        DTypeError,
        IndexError,
        TypeError,
        ZeroDivisionError,
        NotImplementedError,
    ):
        if isinstance(error, kind):
            return kind(message)
    return ShapeError(message) if isinstance(error, ValueError) else RuntimeError(message)


def _blamed(error: Exception, present: list[Any]) -> list[Blame]:
    """The Tensors whose arrays a kernel blamed."""
    return [
        (t, dim)
        for array, dim in error.__dict__.get("blame", ())
        for t in [t for t in present if isinstance(t, Tensor) and t._data is array][:1]
    ]


def _present(op: Op, args: tuple[Any, ...]) -> list[Any]:
    present: list[Any] = []
    for i in op.inputs:
        given = args[i.index]
        if i.kind == "list":
            present += list(given)
        elif given is not None:
            present.append(given)
    return present


def _mismatch(shapes: list[tuple[int, ...]]) -> tuple[str, int]:
    """Name the first dimension, from the right, at which shapes do not broadcast."""
    longest = max(len(s) for s in shapes)
    for k in range(1, longest + 1):
        sizes = {s[-k] for s in shapes if len(s) >= k} - {1}
        if len(sizes) > 1:
            numbers = " and ".join(str(s[-k]) for s in shapes if len(s) >= k)
            words = f"sizes {numbers} must match at non-singleton dimension {longest - k}"
            return words + _missing_axis(shapes, k), -k
    return "shapes do not broadcast together", -1


def _missing_axis(shapes: list[tuple[int, ...]], k: int) -> str:
    """A hint where a shorter shape would fit if it had an axis of size 1 at its end."""
    if len(shapes) != 2 or k != 1:
        return ""
    short, long = sorted(shapes, key=len)
    if 0 < len(short) < len(long) and short[-1] == long[-2]:
        return f"; did you mean {(*short, 1)} for the {short}? unsqueeze(-1) makes it so"
    return ""


def describe_arguments(op: Op, args: tuple[Any, ...]) -> str:
    """The arguments of a call in words, for messages."""
    parts = []
    for name, value in zip(op.parameters, args, strict=False):
        parts.append(f"{name}: {describe(value)}")
    return "given " + ", ".join(parts)


def describe(value: Any) -> str:
    """One argument in a few words."""
    if isinstance(value, Tensor):
        return f"{type(value).__name__} {tuple(value._data.shape)} {value.dtype}"
    if isinstance(value, np.ndarray):
        return f"array {value.shape} {value.dtype}"
    if isinstance(value, (list, tuple)) and any(isinstance(v, (Tensor, np.ndarray)) for v in value):
        return "[" + ", ".join(describe(v) for v in value[:8]) + (", …]" if len(value) > 8 else "]")
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "…"
