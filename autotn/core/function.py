"""PyTorch's `autograd.Function`: an op of one's own with ``ctx``.

For an op that deserves a name, and a place in the graph's pictures and in every test, declare it with
`op` instead.
"""

from __future__ import annotations

import functools
import sys
import weakref
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from autotn.core import modes
from autotn.core.listening import unheard
from autotn.core.modes import HOT, state
from autotn.core.node import Node, OutputNode, next_sequence, user_frame
from autotn.core.storage import mark_written, storage_of
from autotn.core.tensor import Tensor, is_differentiable, wrap
from autotn.errors import AutogradError


class FunctionCtx:
    """What ``forward`` leaves for ``backward``."""

    needs_input_grad: tuple[bool, ...] = ()

    def __init__(self) -> None:
        self._saved: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()
        self._constant: tuple[Any, ...] = ()
        self._materialize = True
        self._node: Any = None

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep inputs or outputs for backward, watched against later in-place writes."""
        for t in tensors:
            if t is not None and not isinstance(t, Tensor):
                raise TypeError(
                    f"save_for_backward can only save variables, but argument is of type "
                    f"{type(t).__name__}; keep other things as attributes of ctx"
                )
        self._saved = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Keep tensors for forward-mode differentiation."""
        self._saved_forward = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """What `save_for_backward` kept."""
        if self._node is None:
            return self._saved
        node = self._node()
        if node is None:
            raise AutogradError("the graph this ctx belonged to is gone")
        return node.op.saved_tensors(node)  # type: ignore[no-any-return]

    @property
    def saved_variables(self) -> tuple[Any, ...]:
        """The old name of `saved_tensors`."""
        return self.saved_tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Say which inputs ``forward`` wrote in place; they must be returned."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which outputs have no gradient."""
        self._constant = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward sees zeros (True) or None for outputs nobody used."""
        self._materialize = value


class _FunctionOp:
    """What a `Node` asks of its op, answered by a user's Function."""

    saved_names: tuple[str, ...] = ("saved",)
    keeps_output = False
    carry = None
    inputs: tuple[Any, ...] = ()
    aux: tuple[str, ...] = ()

    def __init__(self, cls: type[Function], ctx: Any) -> None:
        self.cls = cls
        self.name = cls.__name__
        self.node_name = f"{cls.__name__}Backward"
        self.ctx: Any = ctx
        self.outputs: list[Any] = []  # (slot, index into saved): outputs that were saved

    def saved_tensors(self, node: Any) -> tuple[Any, ...]:
        """The saved tensors; an output is made anew, with this node behind it."""
        from autotn.core.node import Freed, freed_error

        if isinstance(node.saved, Freed):
            raise freed_error(node)
        kept = list(node.saved[0])
        for slot, index in self.outputs:
            t = wrap(kept[index]._data)
            t._node = (
                node if node.extra is None or node.extra.outputs is None else OutputNode(node, slot)
            )
            kept[index] = t
        return tuple(kept)

    def backward(self, node: Any, g: Any) -> tuple[Any, ...]:
        """The raw pass: the user's rule sees Tensors, and nothing is recorded."""
        result = self._call(node, g)
        return tuple(None if x is None else x._data for x in result)

    def recorded_backward(self, node: Any, g: Any) -> tuple[Any, ...]:
        """The recorded pass: the same, with the tape on."""
        return self._call(node, g)

    def _call(self, node: Any, g: Any) -> tuple[Any, ...]:
        parts = g if isinstance(g, tuple) else (g,)
        shown = tuple(
            x if x is None or isinstance(x, Tensor) else wrap(np.asarray(x)) for x in parts
        )
        ctx = self.ctx
        result = self.cls.backward(ctx, *shown)
        listed = result if isinstance(result, tuple) else (result,)
        positions = ctx._positions
        count = ctx._count
        extra = listed[count:]
        if len(listed) < count or any(x is not None for x in extra):
            raise AutogradError(
                f"function {self.node_name} returned an incorrect number of gradients (expected "
                f"{count}, got {len(listed)}): backward returns one gradient, or None, for each "
                f"argument of forward: {', '.join(_arguments(self.cls, count))}"
            )
        chosen = []
        for place, parent, shape in zip(positions, node.parents, ctx._shapes, strict=True):
            x = listed[place]
            if x is not None and not isinstance(x, Tensor):
                if not isinstance(x, np.ndarray):
                    raise TypeError(
                        f"{self.node_name}: expected Tensor or None as gradient number {place}, got "
                        f"{type(x).__name__}"
                    )
                x = wrap(x)
            if x is not None and parent is not None and x._data.shape != shape:
                x = _summed_to(x, shape)
                if x._data.shape != shape:
                    raise AutogradError(
                        f"Function {self.node_name} returned an invalid gradient at index {place} - "
                        f"got {list(x._data.shape)} but expected shape compatible with {list(shape)}"
                    )
            chosen.append(x if parent is not None else None)
        return tuple(chosen)


def _summed_to(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    """`x` summed over what `shape` was broadcast along; `x` itself where that is not how they differ."""
    from autotn.core.call import sum_to

    lead = x._data.ndim - len(shape)
    fits = lead >= 0 and all(n in (1, m) for n, m in zip(shape, x._data.shape[lead:], strict=True))
    return sum_to(x, shape) if fits else x


def _arguments(cls: type[Function], count: int) -> list[str]:
    """The names of the arguments of a user's ``forward``."""
    import inspect

    own = cls.setup_context is not Function.setup_context
    parameters = inspect.signature(cls.forward).parameters.values()
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return [f"number {k}" for k in range(count)]
    return [p.name for p in parameters][0 if own else 1 :]


class Function:
    """A differentiable function of one's own: ``forward`` and ``backward`` with ``ctx``.

    >>> class Cube(tn.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return 3 * x * x * g
    >>> x = tn.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward(); x.grad
    tensor(12.)
    """

    generate_vmap_rule = False
    _backward_cls: type[FunctionCtx]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            f"{type(self).__name__} should not be instantiated; call {type(self).__name__}.apply(...)"
        )

    @staticmethod
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        """Compute the result; to be overridden."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Keep what backward needs, when ``forward`` takes no ctx; to be overridden."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """One gradient (or None) per argument of ``forward``; to be overridden."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to "
            "use it with backward mode AD."
        )

    vjp = backward

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run ``forward`` and leave a node on the tape."""
        if state.transforms:
            found = state.transforms[-1].custom(cls, args)
            if found is not NotImplemented:
                return found
        ctx = _new_context(cls)
        tensors = [(k, a) for k, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.needs_input_grad = tuple(isinstance(a, Tensor) and a._node is not None for a in args)
        recording = state.grad and any(ctx.needs_input_grad)
        recorder = state.recorder if HOT["SPECIAL"] else None
        if recorder is None:
            result = _forward(cls, ctx, args)
        else:
            begun = perf_counter()
            with unheard():
                result = _forward(cls, ctx, args)
            seconds = perf_counter() - begun
        outputs = list(result) if isinstance(result, (tuple, list)) else [result]
        dirty = {id(t) for t in ctx._dirty}
        if recording:
            _check_dirty(cls, args, outputs, dirty)
        outputs = [_fresh(o, args, dirty, recording) for o in outputs]
        for t in ctx._dirty:
            mark_written(t)
        if recording:
            _record(cls, ctx, args, tensors, outputs, result)
        if recorder is not None:
            recorder.function(cls.__name__, [t for _, t in tensors], outputs, seconds)
        if isinstance(result, (tuple, list)):
            return tuple(outputs)
        return outputs[0]


def _forward(cls: Any, ctx: Any, args: tuple[Any, ...]) -> Any:
    before, state.in_forward = state.in_forward, True
    try:
        with modes.no_grad():
            if cls.setup_context is Function.setup_context:
                return cls.forward(ctx, *args)
            result = cls.forward(*args)
            cls.setup_context(ctx, args, result)
            return result
    finally:
        state.in_forward = before


def _check_dirty(cls: Any, args: Any, outputs: Any, dirty: set[int]) -> None:
    for a in args:
        if isinstance(a, Tensor) and id(a) in dirty:
            if a._node is not None and a._node is a._leaf:
                raise AutogradError(
                    f"{cls.__name__}: a leaf Variable that requires grad is being used in an in-place "
                    "operation."
                )
            if not any(o is a for o in outputs):
                raise AutogradError(
                    f"{cls.__name__}: some elements marked as dirty during the forward method were not "
                    "returned as output."
                )


def _fresh(output: Any, args: Any, dirty: set[int], recording: bool) -> Any:
    """An input that is returned unchanged becomes a view of itself, so that it can get a new node."""
    if not isinstance(output, Tensor) or id(output) in dirty or not recording:
        return output
    if any(output is a for a in args) or output._view is not None:
        t = wrap(output._data)
        t._storage = storage_of(output)
        return t
    return output


def _record(cls: Any, ctx: Any, args: Any, tensors: Any, outputs: Any, result: Any) -> None:
    constant = {id(t) for t in ctx._constant}
    raw = list(result) if isinstance(result, (tuple, list)) else [result]
    node = object.__new__(Node)
    op = _FunctionOp(cls, ctx)
    node.op = op
    node.seq = next_sequence()
    node.parents = tuple(a._node for _, a in tensors)
    ctx._positions = [k for k, _ in tensors]
    ctx._shapes = [a._data.shape for _, a in tensors]
    ctx._count = len(args)
    saved = []
    for index, t in enumerate(ctx._saved):
        slot = next((k for k, o in enumerate(raw) if o is t), None)
        if t is None or slot is None or any(t is a for a in args):
            saved.append(t)
        else:
            op.outputs.append((slot, index))
            shadow = wrap(t._data)
            shadow._storage = storage_of(outputs[slot])
            saved.append(shadow)
    ctx._saved = ()
    node.saved = (tuple(saved),) if saved else ()
    if not saved:
        op.saved_names = ()
    node.post = None
    node.extra = None
    frame = user_frame(sys._getframe(1))
    assert frame is not None
    node.code, node.lasti = frame.f_code, frame.f_lasti
    ctx._node = weakref.ref(node)  # the node holds the ctx
    ctx.next_functions = node.next_functions
    live = [
        isinstance(o, Tensor) and is_differentiable(o) and id(r) not in constant
        for o, r in zip(outputs, raw, strict=True)
    ]
    dirty = {id(t) for t in ctx._dirty}
    # Writes that forward itself made lie before the node's own time.
    node.epoch = HOT["EPOCH"]
    if len(outputs) > 1 or not ctx._materialize:
        shapes = [
            (o._data.shape, o._data.dtype if alive and ctx._materialize else None)
            if isinstance(o, Tensor)
            else ((), None)
            for o, alive in zip(outputs, live, strict=True)
        ]
        node.ensure_extra().outputs = shapes
    for k, (o, alive) in enumerate(zip(outputs, live, strict=True)):
        if not alive:
            continue
        made = node if node.extra is None or node.extra.outputs is None else OutputNode(node, k)
        if id(o) in dirty:
            from autotn.core.inplace import rejoin

            rejoin(o, made)
        else:
            o._node = made


def _new_context(cls: type[Function]) -> FunctionCtx:
    """A ctx, of a class that is made once for each Function: classes are freed by the collector only."""
    if "_backward_cls" not in cls.__dict__:
        cls._backward_cls = type(f"{cls.__name__}Backward", (FunctionCtx,), {})
    return cls._backward_cls()


def context_for_jvp(cls: type[Function], args: list[Any]) -> FunctionCtx:
    """The ctx of a run of ``forward``, as the user's ``jvp`` sees it: with what was saved for it."""
    ctx = _new_context(cls)
    with modes.no_grad():
        if cls.setup_context is not Function.setup_context:
            cls.setup_context(ctx, tuple(args), cls.forward(*args))
        else:
            cls.forward(ctx, *args)
    ctx._saved = getattr(ctx, "_saved_forward", ctx._saved)
    return ctx


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a ``backward`` whose own derivative is wrong: asking for it raises."""

    @functools.wraps(function)
    def wrapper(ctx: Any, *grads: Any) -> Any:
        with modes.no_grad():
            result = function(ctx, *grads)
        if not state.grad:
            return result
        needed = any(isinstance(g, Tensor) and g._node is not None for g in grads)
        needed = needed or any(t is not None and t._node is not None for t in ctx.saved_tensors)
        if not needed:
            return result
        listed = result if isinstance(result, tuple) else (result,)
        name = getattr(function, "__qualname__", "backward")
        blocked = tuple(
            _Blocked.apply(name, *grads, g) if isinstance(g, Tensor) else g for g in listed
        )
        return blocked if isinstance(result, tuple) else blocked[0]

    return wrapper


class _Blocked(Function):
    """Passes a gradient on; its own derivative is an error."""

    @staticmethod
    def forward(ctx: Any, name: str, *values: Any) -> Any:
        ctx.name = name
        return values[-1].clone()

    @staticmethod
    def backward(ctx: Any, *g: Any) -> Any:
        raise AutogradError(
            f"trying to differentiate twice a function that was marked with @once_differentiable: "
            f"{ctx.name}"
        )
