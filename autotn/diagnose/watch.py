"""Look at every result of an op, forward and backward, while `debug` is on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from autotn.core.call import to_arrays
from autotn.core.failure import describe
from autotn.core.modes import state
from autotn.core.names import Surroundings
from autotn.core.node import describe_line
from autotn.core.tensor import Tensor
from autotn.errors import ConditionMet, NonFiniteError


class Event:
    """Something that has just been computed, as `debug`'s ``when`` sees it.

    Parameters
    ----------
    kind : str
        ``"forward"`` an op's result, ``"backward"`` the gradient of an op's input, ``"gradient"`` what
        arrives at a leaf.
    op : str
        The op's name; empty for ``"gradient"``.
    values : ndarray
    tensor : Tensor, optional
        The leaf whose gradient arrives.
    """

    __slots__ = ("kind", "op", "tensor", "values")

    def __init__(self, kind: str, op: str, values: Any, tensor: Tensor | None = None) -> None:
        self.kind = kind
        self.op = op
        self.values = values
        self.tensor = tensor

    @property
    def norm(self) -> float:
        """The Euclidean length of the values."""
        return float(np.linalg.norm(np.asarray(self.values, np.float64).ravel()))

    @property
    def largest(self) -> float:
        """The largest absolute value."""
        return float(np.abs(self.values).max(initial=0))


class Watch:
    """What `debug` asks of every result; an instance stands in ``state.watch`` of its thread."""

    def __init__(
        self, nan: bool, inf: bool, backward: bool, when: Callable[[Event], Any] | None
    ) -> None:
        self.nan = nan
        self.inf = inf
        self.looks_back = backward
        self.when = when

    def forward(self, op: Any, args: tuple[Any, ...], outputs: list[Tensor]) -> None:
        """An op has given its results."""
        scope = state.scope
        for k, tensor in enumerate(outputs):
            node = tensor._node
            if scope and node is not None and not tensor.is_leaf:
                node.ensure_extra().trace = scope  # for backward: which module made the call
            array = tensor._data
            if not op.view and self.is_bad(array):  # a view shows what was looked at before
                bad = self._bad(array, list(_arrays(op, args)))
                if bad is not None:
                    raise _made_in_forward(op, args, array, bad, f" number {k}" if k else "")
            if self.when is not None:
                self._ask(Event("forward", op.name, array))

    def backward(self, node: Any, g: Any, grads: Any) -> None:
        """A rule has given the gradients of a call's inputs."""
        if not self.looks_back:
            return
        incoming = [_array(x) for x in (g if isinstance(g, (tuple, list)) else (g,))]
        for k, (parent, gradient) in enumerate(zip(node.parents, grads, strict=False)):
            if gradient is None or parent is None:
                continue
            array = _array(gradient)
            if not _is_part(array, incoming) and self.is_bad(array):
                bad = self._bad(array, [x for x in incoming if x is not None])
                if bad is not None:
                    raise _made_in_backward(node, k, array, bad, incoming)
            if self.when is not None:
                self._ask(Event("backward", node.op.name, array))

    def gradient(self, leaf: Any, g: Any) -> None:
        """A gradient has arrived at a leaf."""
        if self.when is not None:
            self._ask(Event("gradient", "", _array(g), leaf.variable))

    def is_bad(self, array: Any) -> bool:
        """True when there may be a nan or an inf; mostly one pass of a dot product.

        A sum of squares that is finite has finite parts; one that is not may only have overflowed.
        """
        if array.dtype.kind not in "fc" or not array.size:
            return False
        if array.dtype.itemsize >= 4 and array.flags.forc:
            flat = array.ravel("K")  # no copy, in C's order or in Fortran's
            if np.isfinite(np.vdot(flat, flat)):
                return False
        return not np.isfinite(array).all()

    def _bad(self, array: Any, inputs: list[Any]) -> Any:
        """Where the bad numbers are; None when those there are may be.

        An inf that comes of an inf, such as a mask's, was meant.
        """
        if self.nan:
            where = np.isnan(array)
            if where.any():
                return where
        if self.inf and not any(np.isinf(x).any() for x in inputs if x.dtype.kind in "fc"):
            where = np.isinf(array)
            if where.any():
                return where
        return None

    def _ask(self, event: Event) -> None:
        assert self.when is not None
        answer = self.when(event)
        if answer is None or answer is False:
            return
        who = f"the result of {event.op}"
        if event.kind == "backward":
            who = f"a gradient made by the backward of {event.op}"
        if event.tensor is not None:
            around = Surroundings()
            name = around.variable(event.tensor) or "a leaf"
            who = f"the gradient of {name} {tuple(event.tensor.shape)}"
        reason = f": {answer}" if isinstance(answer, str) else ""
        raise ConditionMet(
            f"debug: the condition holds for {who} (norm {event.norm:.6g}, largest {event.largest:.6g})"
            f"{reason}{_place()}"
        )


def _is_part(array: Any, of: list[Any]) -> bool:
    """True for a view of one of several arrays, or one of them itself."""
    base = array.base
    return any(
        array is x or (base is not None and (base is x or base is x.base))
        for x in of
        if x is not None
    )


def _array(x: Any) -> Any:
    return x._data if isinstance(x, Tensor) else x


def _arrays(op: Any, args: tuple[Any, ...]) -> Iterator[Any]:
    """All floating-point arguments of a call as arrays, plain numbers too."""
    for value in args:
        value = to_arrays(value)
        for one in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(one, (float, complex)):
                yield np.asarray(one)
            elif isinstance(one, np.ndarray):
                yield one


def _place() -> str:
    line = Surroundings().line()
    return f"; at {line}" if line else ""


def _kinds(array: Any, where: Any) -> str:
    """How many bad numbers of which kind, and where the first one is."""
    values = array[where]
    names = [("nan", np.isnan(values).sum())]
    if array.dtype.kind == "f":
        names += [("inf", (values == np.inf).sum()), ("-inf", (values == -np.inf).sum())]
    else:
        names += [("inf", np.isinf(values).sum())]
    told = " and ".join(f"{int(n)} {name}" for name, n in names if n)
    first = tuple(int(k) for k in np.argwhere(where)[0])
    return f"{told} (of {array.size} elements, the first at index {first})"


def _there(name: str, value: Any, shape: tuple[int, ...], index: tuple[int, ...]) -> str:
    """What an input is at the place of a bad number, or between what values it lies."""
    array = _array(value)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "fciub":
        return f"{name} is {describe(value)}"
    if array.ndim == 0:
        return f"{name} is {array[()]:.6g}"
    if array.dtype.kind in "fc":
        bad = ~np.isfinite(array)
        if bad.any():
            return f"{name} {array.shape} has {_kinds(array, bad)}"
    try:
        spread = np.broadcast_to(array, shape)
    except ValueError:
        spread = None
    if spread is not None:
        return f"{name} there is {spread[index]:.6g}"
    if not array.size or array.dtype.kind == "c":
        return f"{name} is {describe(value)}"
    return f"{name} {array.shape} lies between {array.min():.6g} and {array.max():.6g}"


def _made_in_forward(
    op: Any, args: tuple[Any, ...], array: Any, where: Any, which: str
) -> NonFiniteError:
    index = tuple(int(k) for k in np.argwhere(where)[0])
    wanted = {i.index: i.name for i in op.inputs}
    inputs: list[tuple[str, Any]] = []
    for k, name in wanted.items():
        if isinstance(args[k], (list, tuple)):
            inputs += [(f"{name}[{n}]", one) for n, one in enumerate(args[k])]
        elif args[k] is not None:
            inputs.append((name, args[k]))
    told = "; ".join(_there(name, value, array.shape, index) for name, value in inputs)
    return NonFiniteError(
        f"debug: {op.name} made {_kinds(array, where)}{' in output' + which if which else ''}: "
        f"{told or 'it has no inputs'}{'' if state.scope else _place()}"
    )


def _made_in_backward(
    node: Any, number: int, array: Any, where: Any, incoming: list[Any]
) -> NonFiniteError:
    index = tuple(int(k) for k in np.argwhere(where)[0])
    names = [i.name for i in getattr(node.op, "inputs", ())]
    name = names[number] if number < len(names) else f"input {number}"
    parts = [
        _there("the output's gradient", x, array.shape, index)
        for x in incoming
        if x is not None and x.dtype.kind in "fc"
    ]
    kept = dict(zip(node.op.saved_names, node.saved, strict=False))
    for n in (*names, "out"):
        if isinstance(kept.get(n), (Tensor, np.ndarray)):
            parts.append(_there(n, kept[n], array.shape, index))
    trace = None if node.extra is None else node.extra.trace
    return NonFiniteError(
        f"debug: the backward of {node.op.name} made {_kinds(array, where)} in the gradient of "
        f"{name!r}: {'; '.join(parts)}; the call was at {describe_line(node.where)}"
        f"{_in_module(trace)}"
    )


def _in_module(scope: Any) -> str:
    """The module that made a call, by its path from the outermost one."""
    if not scope:
        return ""
    return f", in {Surroundings().module(scope[-1][1])}"
