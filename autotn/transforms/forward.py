"""Forward mode: numbers that carry a tangent.

A tensor of a `Forward` level is a primal and its tangent (None for zero), both tensors of the level
below. An op runs on the primals; its tangent comes, in this order, from

1. the rule declared by ``name.tangent``;
2. the form declared by `acts`: a linear op applied to the tangents, a multilinear one applied with one
   input after the other replaced, an elementwise one's own gradient rule, which is ``g`` times a derivative
   and does not care whether ``g`` comes from behind or from before;
3. the reference of a fused op, run in forward mode;
4. two backward passes (`pushed_forward`).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core import call
from autotn.core.function import context_for_jvp
from autotn.core.modes import enable_grad, transforming
from autotn.core.op import Op
from autotn.core.storage import replay, storage_of
from autotn.core.tensor import Tensor, is_differentiable, wrap
from autotn.core.traced import Traced, Unreadable
from autotn.core.transform import Transform, as_function, flat_inputs, pushed_forward
from autotn.core.views import assign_view
from autotn.transforms.private import private_values

__all__ = ["Forward", "forward"]


class Forward(Transform):
    """One level of forward-mode differentiation.

    Parameters
    ----------
    joint_tape : bool
        Whether tensors of this level stand on the tape of their primals: so in `dual_level`, where there is
        one tape; for `jvp` each level has its own.
    """

    def __init__(self, joint_tape: bool = False) -> None:
        self.joint_tape = joint_tape

    # -- tensors of this level ------------------------------------------------------------------------

    def dual(self, primal: Tensor, tangent: Tensor | None) -> Tensor:
        """A tensor of this level."""
        return wrap(self._array(primal, tangent))

    def _array(self, primal: Tensor, tangent: Tensor | None) -> Any:
        return Traced(primal._data.shape, primal._data.dtype, self, (primal, tangent))

    def primal(self, tensor: Tensor) -> Tensor:
        """The primal of a tensor: itself where it is not of this level."""
        return tensor._data.parts[0] if self.holds(tensor) else tensor  # type: ignore[attr-defined]

    def tangent(self, tensor: Tensor) -> Tensor | None:
        """The tangent of a tensor, None for zero."""
        return tensor._data.parts[1] if self.holds(tensor) else None  # type: ignore[attr-defined]

    def lift(self, tensor: Tensor) -> Tensor:
        return wrap(tensor._data) if self.holds(tensor) else self.dual(tensor, None)

    def values(self, array: Traced) -> np.ndarray[Any, Any]:
        data: np.ndarray[Any, Any] = array.parts[0]._data
        return data.values() if type(data) is Traced else data

    def constant(self, array: Traced) -> Any:
        data = array.parts[0]._data
        return data.transform.constant(data) if type(data) is Traced else data

    def detached(self, array: Traced) -> Any:
        return array.parts[0].detach()._data

    def text(self, tensor: Tensor) -> str:
        primal, tangent = self.primal(tensor), self.tangent(tensor)
        shown_tangent = "0" if tangent is None else repr(tangent)
        return f"dual({primal!r}, tangent={shown_tangent})"

    def own_nodes(self, op: Op, args: tuple[Any, ...]) -> list[Any]:
        nodes = super().own_nodes(op, args)
        return [None] * len(nodes) if self.joint_tape else nodes

    # -- calls ----------------------------------------------------------------------------------------

    def enter(self, op: Op, args: tuple[Any, ...], out: Any) -> Any:
        result = super().enter(op, args, out)
        if self.joint_tape:
            for t in result if isinstance(result, (tuple, list)) else (result,):
                if isinstance(t, Tensor) and self.holds(t):
                    t._node = self.primal(t)._node
        return result

    def whole(self, op: Op, args: tuple[Any, ...]) -> Any:
        if op.reference_function is None or op.form or op.tangents or op.joint_tangent:
            return NotImplemented
        if all(self.tangent(t) is None for t in flat_inputs(op, args) if t is not None):
            return NotImplemented
        given = list(args)
        for k in op.fixed:
            if isinstance(given[k], Tensor):
                given[k] = self.lift(self.primal(given[k]))
        return _by_reference(op, tuple(given))

    def run(self, op: Op, args: tuple[Any, ...]) -> Any:
        below = _map_arguments(args, self._lower)
        tangents = [None if t is None else self.tangent(t) for t in flat_inputs(op, args)]
        with self.below():
            like, outputs, moved = self._pair(op, below, tangents)
        arrays = [
            self._array(o, t) if is_differentiable(o) else o._data
            for o, t in zip(outputs, moved, strict=True)
        ]
        return shaped_result(op, like, arrays)

    def _lower(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self.primal(value)
        if type(value) is Traced and value.transform is self:
            return value.parts[0]._data
        return value

    def _pair(
        self, op: Op, args: tuple[Any, ...], tangents: list[Any]
    ) -> tuple[Any, list[Any], list[Any]]:
        """The result, its outputs one by one and their tangents, computed on the level below."""
        moving = any(t is not None for t in tangents) and op.differentiable
        if moving:
            way = _way(op, args)
            if way is None:
                return _by_backward_passes(op, args, tangents)
        result = call.call(op, args)
        outputs = list(result) if op.several else [result]
        if not moving:
            return result, outputs, [None] * len(outputs)
        try:
            return result, outputs, way(op, args, tangents, outputs)
        except Unreadable:
            return _by_backward_passes(op, args, tangents)

    def map(self, function: Any, tensors: list[Any]) -> list[Any]:
        points = [self.primal(t) for t in tensors]
        tangents = [self.tangent(t) for t in tensors]
        with self.below():
            if any(t is not None for t in tangents):
                outputs, moved = pushed_forward(function, points, tangents)
            else:
                outputs = list(function(*points))
                moved = [None] * len(outputs)
            return [
                self.dual(o, t) if is_differentiable(o) else o
                for o, t in zip(outputs, moved, strict=True)
            ]

    def custom_here(self, cls: Any, args: tuple[Any, ...]) -> Any:
        own = getattr(cls, "jvp", None)
        if own is None or all(self.tangent(a) is None for a in args if isinstance(a, Tensor)):
            return super().custom_here(cls, args)
        lowered = [self._lower(a) for a in args]
        with self.below():
            result = cls.apply(*lowered)
            ctx = context_for_jvp(cls, lowered)
            tangents = [
                (wrap(np.zeros_like(p._data)) if t is None else t)
                if isinstance(p, Tensor)
                else None
                for p, t in (
                    (p, self.tangent(a) if isinstance(a, Tensor) else None)
                    for p, a in zip(lowered, args, strict=True)
                )
            ]
            moved = own(ctx, *tangents)
        if not isinstance(result, (tuple, list)):
            return self.dual(result, moved)
        return tuple(
            self.dual(r, t) if isinstance(r, Tensor) and is_differentiable(r) else r
            for r, t in zip(result, moved, strict=True)
        )

    # -- writing in place ---------------------------------------------------------------------------

    def write_here(self, target: Tensor, result: Tensor) -> bool:
        """The primal is written where it is; tangents are made anew, as they may come to differ between examples."""
        tangent = self.tangent(result)
        base: Tensor = target
        steps: Any = ()
        if target._view is not None:
            base, steps = target._view.base, target._view.steps
        if tangent is not None or self.tangent(base) is not None:
            self._hold(base)
        settled = not self.holds(target)
        with self.below():
            self.primal(target).copy_(self.primal(result))
        if settled:
            return True
        with self.below():
            if steps and (tangent is not None or self.tangent(base) is not None):
                whole = _or_zero(self.tangent(base), self.primal(base))
                tangent = assign_view(whole, _or_zero(tangent, self.primal(target)), steps)
        self._set_tangent(base, tangent)
        return False

    def _hold(self, base: Tensor) -> None:
        """Let `base` and all views of it be tensors of this level."""
        if self.holds(base):
            return
        primal = _stand_in_for(base)
        base._node = base._node if self.joint_tape else None
        base._data = self._array(primal, None)
        for view, steps in _views_of(base):
            with self.below(), enable_grad():
                part = replay(steps, primal)
            view._data = self._array(part, None)
            view._node = view._node if self.joint_tape else None

    def _set_tangent(self, base: Tensor, tangent: Tensor | None) -> None:
        """Give `base` a tangent, and its views theirs."""
        base._data = self._array(self.primal(base), tangent)
        for view, steps in _views_of(base):
            with self.below():
                part = None if tangent is None else replay(steps, tangent)
            view._data = self._array(self.primal(view), part)


def _views_of(base: Tensor) -> list[tuple[Tensor, Any]]:
    """The living views of a tensor, and how each is made from it."""
    storage = base._storage
    return [
        (view, view._view.steps)
        for view in ([] if storage is None else storage.live_views())
        if view._view is not None and view._view.base is base
    ]


def _stand_in_for(tensor: Tensor) -> Tensor:
    """A tensor that takes the place of `tensor` on the level below, as `tensor` moves up."""
    made = wrap(tensor._data)
    made._node, made._leaf = tensor._node, tensor._leaf
    made._storage = storage_of(tensor)
    return made


def forward(joint_tape: bool = False) -> transforming:
    """A context in which a new forward level is the innermost transform."""
    return transforming(Forward(joint_tape))


# -- what a level does for an op ------------------------------------------------------------------------


def _map_arguments(value: Any, turn: Any) -> Any:
    if isinstance(value, (tuple, list)):
        parts = [_map_arguments(v, turn) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return turn(value)


def shaped_result(op: Op, like: Any, arrays: list[Any]) -> Any:
    """Results in the form the kernel of `op` gives them, private values included."""
    if not op.several:
        result: Any = arrays[0]
    else:
        result = type(like)(*arrays) if hasattr(like, "_fields") else tuple(arrays)
    return (result, private_values(op, arrays)) if op.aux else result


def _by_reference(op: Op, args: tuple[Any, ...]) -> Any:
    positional = len(op.parameters) - op.keyword_only
    named = dict(zip(op.parameters[positional:], args[positional:], strict=True))
    return op.reference_function(*args[:positional], **named)  # type: ignore[misc]


def _by_backward_passes(
    op: Op, args: tuple[Any, ...], tangents: list[Any]
) -> tuple[Any, list[Any], list[Any]]:
    function, tensors = as_function(op, args)
    like: Any = None

    def remembered(*places: Any) -> Any:
        nonlocal like
        like = function(*places)
        return like

    given = [t for t, one in zip(tangents, flat_inputs(op, args), strict=True) if one is not None]
    given += [None] * (len(tensors) - len(given))
    outputs, moved = pushed_forward(remembered, tensors, given)
    return like, outputs, moved


def _way(op: Op, args: tuple[Any, ...]) -> Any:
    """How `op` moves tangents; None for two backward passes."""
    if op.tangents or op.joint_tangent:
        return _declared
    if op.form == "linear":
        return _linear
    if op.form == "multilinear":
        return _multilinear
    if op.form == "reducing" and all(t._data.dtype.kind == "f" for t in flat_inputs(op, args)):
        return _reducing
    if op.form == "elementwise" and op.rules:
        kinds = {t._data.dtype.kind for t in flat_inputs(op, args) if t is not None}
        if "c" not in kinds and op.name != "complex":
            return _elementwise
        if not op.wirtinger_rules and kinds == {"c"}:
            return _elementwise
    return None


def _named(op: Op, args: tuple[Any, ...], outputs: list[Any]) -> dict[str, Any]:
    """What a rule may name, as Tensors."""
    values: dict[str, Any] = dict(zip(op.parameters, args, strict=True))
    for i in op.inputs:
        one = args[i.index]
        values[f"{i.name}_shape"] = (
            None if one is None
            else [t._data.shape for t in one] if i.kind == "list"
            else one._data.shape
        )  # fmt: skip
    values["out"] = tuple(outputs) if op.several else outputs[0]
    if op.aux:
        values.update(zip(op.aux, private_values(op, [o._data for o in outputs]), strict=True))
    return values


def _total(earlier: Any, x: Any) -> Any:
    return x if earlier is None else earlier if x is None else earlier + x


def _fitting(x: Any, like: Any) -> Any:
    """A tangent in the shape and dtype of its primal."""
    if x is None:
        return None
    if not isinstance(x, Tensor):
        x = wrap(np.asarray(x))
    if x._data.shape != like._data.shape:
        x = x.expand(like._data.shape)
    return call.cast(x, like.dtype)


def _elementwise(op: Op, args: Any, tangents: list[Any], outputs: list[Any]) -> list[Any]:
    (out,) = outputs
    values = _named(op, args, outputs)
    moved = None
    for i, t in zip(op.inputs, tangents, strict=True):
        rule = op.rules.get(i.name)
        if t is None or rule is None:
            continue
        if t._data.shape != out._data.shape:
            t = t.expand(out._data.shape)
        moved = _total(moved, rule.function(t, *(values[n] for n in rule.names)))
    return [_fitting(moved, out)]


def _reducing(op: Op, args: Any, tangents: list[Any], outputs: list[Any]) -> list[Any]:
    """The sum, over what was reduced, of the tangents times the gradient of a seed of ones."""
    (out,), (t,) = outputs, tangents
    values = _named(op, args, outputs)
    (rule,) = op.rules.values()
    ones = wrap(np.ones(out._data.shape, out._data.dtype))
    slopes = rule.function(ones, *(values[n] for n in rule.names))
    moved = call.cast(slopes, t.dtype) * t
    if t._data.ndim:
        moved = moved.sum(values["dim"], values.get("keepdim", False))
    return [_fitting(moved.reshape(out._data.shape), out)]


def _linear(op: Op, args: Any, tangents: list[Any], outputs: list[Any]) -> list[Any]:
    arguments = list(args)
    rest = iter(tangents)
    for i in op.inputs:
        one = args[i.index]
        if i.kind == "list":
            arguments[i.index] = [_or_zero(next(rest), t) for t in one]
        elif one is not None:
            arguments[i.index] = _or_zero(next(rest), one)
        else:
            next(rest)
    result = call.call(op, tuple(arguments))
    moved = list(result) if op.several else [result]
    return [m if is_differentiable(m) else None for m in moved]


def _or_zero(t: Any, like: Any) -> Any:
    return wrap(np.zeros(like._data.shape, like._data.dtype)) if t is None else t


def _multilinear(op: Op, args: Any, tangents: list[Any], outputs: list[Any]) -> list[Any]:
    (out,) = outputs
    values = dict(zip(op.parameters, args, strict=True))
    bias = next((i for i in op.inputs if i.name == "bias"), None)
    moved = None
    for i, t in zip(op.inputs, tangents, strict=True):
        if t is None:
            continue
        if i is bias:
            places = max(values["weight"]._data.ndim - 2, 0)
            moved = _total(moved, t.reshape((*t._data.shape, *(1,) * places)))
            continue
        arguments = list(args)
        arguments[i.index] = t
        if bias is not None:
            arguments[bias.index] = None
        moved = _total(moved, call.call(op, tuple(arguments)))
    return [_fitting(moved, out)]


def _declared(op: Op, args: Any, tangents: list[Any], outputs: list[Any]) -> list[Any]:
    values = _named(op, args, outputs)

    def ask(rule: Any, given: Any) -> Any:
        names = rule.__code__.co_varnames[1 : rule.__code__.co_argcount]
        return rule(given, *(values[n] for n in names))

    if op.joint_tangent is not None:
        result = ask(op.joint_tangent, tuple(tangents))
        moved = list(result) if op.several else [result]
    else:
        moved = [None] * len(outputs)
        for i, t in zip(op.inputs, tangents, strict=True):
            if t is None or i.name not in op.tangents:
                continue
            result = ask(op.tangents[i.name], t)
            parts = list(result) if op.several else [result]
            moved = [_total(a, b) for a, b in zip(moved, parts, strict=True)]
    return [
        _fitting(m, o) if is_differentiable(o) else None
        for m, o in zip(moved, outputs, strict=True)
    ]
