"""In-place forms derived from ordinary ops, and how a write rejoins the histories it touches.

``x.mul_(y)`` is ``x.mul(y)`` written into x's memory. The value goes through the ordinary op on an alias
of the old x, so its rule and its Node are the ordinary ones; then the result is copied into place
and x continues with the new Node. When x is a view, its base has changed too: the base continues
with an `assign_view` node, and all live views of it (x among them) get fresh histories replayed from
the base, as PyTorch's semantics ask.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.call import OPERANDS, cast
from autotn.core.failure import name_of
from autotn.core.modes import HOT, enable_grad, state
from autotn.core.node import Node, here, next_sequence
from autotn.core.op import Op
from autotn.core.retain import follow
from autotn.core.storage import (
    Step,
    ViewInfo,
    link_view,
    mark_written,
    mark_written_many,
    replay,
    storage_of,
)
from autotn.core.tensor import Tensor, wrap
from autotn.core.traced import is_traced
from autotn.errors import AutogradError, DTypeError, ShapeError

__all__ = ["check_writable", "derive", "mark_written", "mark_written_many", "write", "write_out"]


def check_writable(name: str, target: Tensor) -> None:
    """Refuse a write that the tape or the memory does not allow, before anything is changed."""
    if not isinstance(target, Tensor):
        raise TypeError(f"{name}: expected a Tensor to write to, got {type(target).__name__}")
    if state.grad:
        node, view = target._node, target._view
        if node is not None and node is target._leaf:
            raise AutogradError(
                f"{name}: a leaf Variable that requires grad is being used in an in-place operation: "
                f"{name_of(target)} {tuple(target._data.shape)}. Write under tn.no_grad(), as an optimizer "
                "does, or into a clone()."
            )
        if view is not None:
            base = view.base
            if base._node is not None and base._node is base._leaf:
                raise AutogradError(
                    f"{name}: a view of a leaf Variable that requires grad is being used in an "
                    "in-place operation. Write under tn.no_grad(), or into a clone()."
                )
            if view.made_without_grad and (base._node is not None or node is not None):
                raise AutogradError(
                    f"{name}: a view was created in no_grad mode and is being modified inplace with "
                    "grad mode enabled. Make the view with grad mode enabled, or write under "
                    "tn.no_grad()."
                )
    if not target._data.flags.writeable:
        if 0 in target._data.strides:
            raise RuntimeError(
                f"{name}: unsupported operation: more than one element of the written-to tensor refers "
                "to a single memory location. Please clone() the tensor before performing the operation."
            )
        raise RuntimeError(
            f"{name}: the tensor's memory is read-only; clone() the tensor before writing to it"
        )


def derive(made: Any) -> Any:
    """The in-place form ``name_`` of a declared op or composite."""
    function = made.function
    name = f"{made.name}_"
    ufunc = made.kernel if isinstance(made, Op) and isinstance(made.kernel, np.ufunc) else None

    def in_place(self: Any, *args: Any, **kwargs: Any) -> Any:
        check_writable(name, self)
        if ufunc is not None and not kwargs and _plain_write(ufunc, self, args):
            return self
        old = _old_value(made, self, args, kwargs)
        given = [old if a is self else a for a in args]
        named = {k: old if v is self else v for k, v in kwargs.items()}
        result = function(old, *given, **named)
        write(name, self, result)
        return self

    functools.update_wrapper(in_place, function)
    in_place.__name__ = in_place.__qualname__ = name
    in_place.__doc__ = f"The in-place form of `{made.name}`: the result is written into `input`."
    for attribute in ("op", "grad", "reference", "tangent", "batch", "onnx", "wirtinger", "takes"):
        in_place.__dict__.pop(attribute, None)
    return in_place


def operator_of(in_place: Any) -> Any:
    """The in-place form as ``+=`` and its like."""

    def operator(self: Any, other: Any) -> Any:
        if not isinstance(other, OPERANDS):
            return NotImplemented
        return in_place(self, other)

    operator.__name__ = operator.__qualname__ = in_place.__name__
    return operator


def _plain_write(ufunc: np.ufunc, self: Any, args: tuple[Any, ...]) -> bool:
    """Arithmetic without history on equal dtypes goes straight into the memory."""
    a = self._data
    d = a.dtype
    if HOT["SPECIAL"] or (d is not dtypes.F32 and d is not dtypes.F64):
        return False
    if state.grad and (
        self._node is not None
        or self._view is not None
        or (self._storage is not None and self._storage.views)
    ):
        return False
    operands = [a]
    for arg in args:
        if isinstance(arg, Tensor):
            b = arg._data
            if b.dtype is not d or (arg._node is not None and state.grad):
                return False
            if b.shape != a.shape and np.broadcast_shapes(a.shape, b.shape) != a.shape:
                return False
            operands.append(b)
        elif arg.__class__ is float or arg.__class__ is int:
            operands.append(arg)
        else:
            return False
    if len(operands) != ufunc.nin:
        return False
    ufunc(*operands, out=a)
    mark_written(self, here())
    return True


def _old_value(made: Any, self: Any, args: Any, kwargs: Any) -> Tensor:
    """The tensor before the write: its old node, and its old values where the rule will need them."""
    data = self._data
    if is_traced(data):  # tapes and tangents of other levels do not show here: keep all
        old: Tensor = wrap(data).clone()
        old._node = self._node
        return old
    recording = state.grad and (
        self._node is not None
        or any(isinstance(a, Tensor) and a._node is not None for a in (*args, *kwargs.values()))
    )
    keeps = recording and (
        not isinstance(made, Op) or made.inputs[0].name in made.saved_names or made.several
    )
    old = wrap(data.copy() if keeps else data)
    old._node = self._node
    if not keeps:
        old._storage = storage_of(self)
    return old


def write(name: str, target: Tensor, result: Tensor) -> None:
    """Copy `result` into `target`'s memory and let `target` continue with its history."""
    new, into = result._data, target._data
    if new.shape != into.shape:
        raise ShapeError(
            f"{name}: output with shape {list(into.shape)} doesn't match the broadcast shape "
            f"{list(new.shape)}"
        )
    if new.dtype != into.dtype:
        if not dtypes.can_cast(result.dtype, target.dtype):
            raise DTypeError(
                f"{name}: result type {result.dtype} can't be cast to the desired output type "
                f"{target.dtype}: {name_of(target)} {tuple(target._data.shape)} can't hold it. Use the "
                "out-of-place form, or convert the tensor first"
            )
        result = cast(result, target.dtype)
        new = result._data
    if state.transforms and (is_traced(new) or is_traced(into)):
        if state.transforms[-1].write(target, result):
            return
    elif new is not into:
        np.copyto(into, new)
    where = here()
    mark_written(target, where)
    if state.grad:
        rejoin(target, result._node)
    if HOT["SPECIAL"] and state.recorder is not None:
        state.recorder.wrote(target, result)


def rejoin(target: Tensor, node: Any) -> None:
    """Give `target`, its base and all views of it the histories they have after a write."""
    view = target._view
    base = target if view is None else view.base
    storage = base._storage
    if node is None and base._node is None and (storage is None or not storage.views):
        return
    if view is not None and (node is not None or base._node is not None):
        node = _assigned(base, target, node)
    follow(base, node)
    if storage is None:
        return
    for one in storage.live_views():
        info = one._view
        if info is None or info.base is not base:
            continue
        if base._node is not None:
            follow(one, replay(info.steps, _as_base(base))._node)
        elif not one.is_leaf:  # its base was detached
            follow(one, None)


def _as_base(base: Tensor) -> Tensor:
    """A stand-in for `base` in a replay, so that the replayed views are not kept as views of it."""
    stand_in = wrap(base._data)
    stand_in._node = base._node
    return stand_in


def _assigned(base: Tensor, view: Tensor, node: Any) -> Node:
    """The node of `base` after `node`'s value was written through `view`."""
    from autotn.core.views import assign_view

    info = view._view
    assert info is not None
    made = object.__new__(Node)
    made.op = assign_view.op
    made.seq = next_sequence()
    made.parents = (base._node, node)
    values = {"steps": info.steps, "value_shape": view._data.shape}
    made.saved = tuple(values[n] for n in assign_view.op.saved_names)
    made.post = None
    made.epoch = HOT["EPOCH"]
    made.extra = None
    where = here()
    assert where is not None
    made.code, made.lasti = where
    return made


def reshape_in_place(name: str, target: Tensor, shaped: Tensor, function: Any, args: Any) -> Tensor:
    """Let `target` itself take the shape that the view op `function` gives (``unsqueeze_``, ``t_`` …)."""
    if target._node is not None and target._node is target._leaf and state.grad:
        raise AutogradError(
            f"{name}: a leaf Variable that requires grad is being used in an in-place operation."
        )
    node = target._node
    if node is not None and node is not target._leaf:
        # Recorded in no_grad mode too: the gradient that comes back has the new shape.
        stand_in = wrap(target._data)
        stand_in._node = node
        with enable_grad():
            node = function(stand_in, *args)._node
    mark_written(target, here())
    _reshape_as_view(target, (function, tuple(args), None))
    target._data = shaped._data
    if target._node is not target._leaf or node is not target._node:
        follow(target, node)
    return target


def _reshape_as_view(target: Tensor, step: Step) -> None:
    """Keep the ways from bases to views true when `target` takes another shape.

    A view is from now on one step further from its base. A base with views hands them, and
    itself as one more, to a stand-in that keeps the old shape.
    """
    info = target._view
    if info is not None:
        target._view = ViewInfo(info.base, (*info.steps, step), info.made_without_grad)
        return
    storage = target._storage
    views = [] if storage is None else storage.live_views()
    infos = [v._view for v in views if v._view is not None and v._view.base is target]
    if not infos:
        return
    base = wrap(target._data)
    base._node, base._leaf, base._storage = target._node, target._leaf, storage
    for one in infos:
        one.base = base
    link_view(target, base, step, grad_mode=True)


def write_out(name: str, out: Any, result: Any, args: Any) -> Any:
    """PyTorch's ``out=``: put `result` into `out`, which takes its shape, and return `out`."""
    if isinstance(result, tuple):
        if not isinstance(out, (tuple, list)) or len(out) != len(result):
            raise TypeError(f"{name}: out= must be a tuple of {len(result)} Tensors")
        for o, r in zip(out, result, strict=True):
            write_out(name, o, r, args)
        return type(result)(*out) if hasattr(result, "_fields") else tuple(out)
    if not isinstance(out, Tensor):
        raise TypeError(f"{name}: out= must be a Tensor, got {type(out).__name__}")
    if state.grad and (out._node is not None or result._node is not None):
        raise AutogradError(
            f"{name}: functions with out=... arguments don't support automatic differentiation, but one "
            "of the arguments requires grad."
        )
    if not dtypes.can_cast(result.dtype, out.dtype):
        raise DTypeError(
            f"{name}: result type {result.dtype} can't be cast to the desired output type {out.dtype}"
        )
    if out._data.shape != result._data.shape:
        if out._data.size:
            import warnings

            warnings.warn(
                f"{name}: out= has shape {list(out._data.shape)} and was resized to "
                f"{list(result._data.shape)}; give an out of that shape, or of no elements",
                UserWarning,
                stacklevel=3,
            )
        mark_written(out, here())
        out._data = result._data.astype(out._data.dtype)
        return out
    check_writable(name, out)
    np.copyto(out._data, result._data, casting="unsafe")
    mark_written(out, here())
    return out
