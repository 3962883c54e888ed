"""What function transforms (vmap, forward mode) have in common: levels, and the tape of each level.

Transforms nest. The innermost sees an op call first; what it does for it is again op calls, which go to
the transform outside it, and at last to the kernels. A tensor under a transform holds a `Traced` array
whose parts are tensors of the level below. Each level has a tape of its own: the nodes of tensors that a
transform looks after are recorded by calls at its level, those of the parts by calls below.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core import call, engine, modes
from autotn.core.modes import state
from autotn.core.node import Node, OutputNode, next_sequence, user_frame
from autotn.core.op import Op
from autotn.core.tensor import Tensor, is_differentiable, wrap
from autotn.core.traced import Traced, Unreadable, find_traced, is_traced

#: A function of Tensors that gives a tuple of Tensors.
TensorFunction = Callable[..., tuple[Any, ...]]


class Transform:
    """One level of a stack of transforms; a subclass says what becomes of a call."""

    #: Recording below this level, where it differs from that at it: see `lower_recording`.
    lower_grad: bool | None = None

    #: Whether tensors of this level stand on the tape of the level below, instead of one of their own.
    joint_tape = False

    # -- what a subclass gives ----------------------------------------------------------------------

    def run(self, op: Op, args: tuple[Any, ...]) -> Any:
        """The result of `op` in the form a kernel gives it, made of Traced arrays of this level."""
        raise NotImplementedError

    def map(self, function: TensorFunction, tensors: list[Any]) -> list[Any]:
        """`function`, written for the level below, applied to tensors of this level, without its tape."""
        raise NotImplementedError

    def lift(self, tensor: Tensor) -> Tensor:
        """`tensor` as one of this level, so that its tape is this level's."""
        raise NotImplementedError

    def inside(self, tensor: Tensor) -> Tensor:
        """What a tensor of this level is on the level below, without what the level adds."""
        return tensor._data.parts[0] if self.holds(tensor) else tensor  # type: ignore[attr-defined]

    def values(self, array: Traced) -> np.ndarray[Any, Any]:
        """The plain values of an array of this level, or `Unreadable`."""
        raise NotImplementedError

    def constant(self, array: Traced) -> Any:
        """The array as code for arrays sees it: without derivatives."""
        return array

    def in_all(self, array: Traced, name: str) -> Any:
        """``any``, ``all``, ``max`` or ``min`` of everything the array stands for."""
        return getattr(array.parts[0]._data, name)()

    def detached(self, array: Traced) -> Any:
        """The array without any derivative."""
        raise NotImplementedError

    def write(self, target: Tensor, result: Tensor) -> bool:
        """Put `result` into the memory of `target`; True when its tape, too, is settled."""
        if self.holds(target) or self.holds(result):
            return self.write_here(target, result)
        with self.below():
            from autotn.core import inplace

            inplace.write("write", target, result)
        return True

    def write_here(self, target: Tensor, result: Tensor) -> bool:
        """`write` where one of them is of this level."""
        raise NotImplementedError

    def generator(self, source: Any) -> Any:
        """The source of random numbers for this level, given NumPy's generator."""
        with self.below():
            return state.transforms[-1].generator(source) if state.transforms else source

    def text(self, tensor: Tensor) -> str:
        """The tensor for printing."""
        raise NotImplementedError

    # -- calls --------------------------------------------------------------------------------------

    def enter(self, op: Op, args: tuple[Any, ...], out: Any) -> Any:
        """A call of `op` while this transform is the innermost."""
        if not find_traced(args, self):
            with self.below():
                return call.call(op, args, out)
        ready = call.normalise(op, args)
        whole = self.whole(op, ready)
        result = call.apply(op, ready, self) if whole is NotImplemented else whole
        if out is None:
            return result
        from autotn.core.inplace import write_out

        return write_out(op.name, out, result, args)

    def whole(self, op: Op, args: tuple[Any, ...]) -> Any:
        """A result that has its tape already, or NotImplemented."""
        return NotImplemented

    def custom(self, cls: Any, args: tuple[Any, ...]) -> Any:
        """The result of a user's `Function`, or NotImplemented to run it as it is."""
        if any(isinstance(a, Tensor) and self.holds(a) for a in args):
            return self.custom_here(cls, args)
        with self.below():
            return cls.apply(*args)

    def custom_here(self, cls: Any, args: tuple[Any, ...]) -> Any:
        """`custom` where an argument is of this level: the function of the level below, mapped."""
        places = [k for k, a in enumerate(args) if isinstance(a, Tensor)]
        several = False

        def function(*given: Any) -> tuple[Any, ...]:
            nonlocal several
            filled = list(args)
            for k, t in zip(places, given, strict=True):
                filled[k] = t
            result = cls.apply(*filled)
            several = isinstance(result, (tuple, list))
            return tuple(result) if several else (result,)

        results = self.differentiable_map(function, [args[k] for k in places])
        return tuple(results) if several else results[0]

    def below(self) -> _Below:
        """A context in which calls go to the levels outside this one."""
        return _Below(self)

    def holds(self, tensor: Any) -> bool:
        """True for a tensor of this level."""
        data = tensor._data
        return type(data) is Traced and data.transform is self

    def own_nodes(self, op: Op, args: tuple[Any, ...]) -> list[Any]:
        """For each input its node, if that is on the tape of this level."""
        return [t._node if t is not None and self.holds(t) else None for t in flat_inputs(op, args)]

    def twin(self, op: Any, args: tuple[Any, ...]) -> Any:
        """What a node of this level asks of its op."""
        return Lifted(op, self, args)

    def pulled(self, rule: Callable[[Any], Any], g: Any) -> Any:
        """The rule of a node applied to a gradient of this level; mapped, if it must read the gradient."""
        try:
            return rule(g)
        except Unreadable:
            parts = list(g) if isinstance(g, tuple) else [g]
            live = [k for k, x in enumerate(parts) if x is not None]
            if not any(self.holds(parts[k]) for k in live):
                raise
        present: list[int] = []
        count = 0

        def linear(*given: Any) -> tuple[Any, ...]:
            nonlocal count
            filled = list(parts)
            for k, x in zip(live, given, strict=True):
                filled[k] = x
            found = rule(tuple(filled) if isinstance(g, tuple) else filled[0])
            count = len(found)
            present[:] = [k for k, x in enumerate(found) if x is not None]
            return tuple(
                x if isinstance(x, Tensor) else wrap(call.as_array(x))
                for x in found
                if x is not None
            )

        results = self.differentiable_map(linear, [parts[k] for k in live])
        answer: list[Any] = [None] * count
        for k, x in zip(present, results, strict=True):
            answer[k] = x
        return tuple(answer)

    def differentiable_map(self, function: TensorFunction, tensors: list[Any]) -> list[Any]:
        """`map`, recorded on this level's tape."""
        results = self.map(function, tensors)
        if state.grad and any(t._node is not None for t in tensors):
            _record_map(self, function, tensors, results)
        return results


class _Below:
    """See `Transform.below`."""

    def __init__(self, transform: Transform) -> None:
        self.transform = transform

    def __enter__(self) -> None:
        self.active, self.grad = state.transforms, state.grad
        state.transforms = self.active[: self.active.index(self.transform)]
        if self.transform.lower_grad is not None:
            modes._set_grad(self.transform.lower_grad)

    def __exit__(self, *exception: Any) -> None:
        state.transforms = self.active
        modes._set_grad(self.grad)


class lower_recording:
    """Inside, the tapes below the innermost transform record as they did before.

    A derivative taken inside a transform switches its own tape on and off; derivatives that are
    taken outside must not notice.
    """

    def __enter__(self) -> None:
        self.top = state.transforms[-1] if state.transforms else None
        if self.top is not None:
            self.before = self.top.lower_grad
            if self.before is None:
                self.top.lower_grad = state.grad

    def __exit__(self, *exception: Any) -> None:
        if self.top is not None:
            self.top.lower_grad = self.before


def fresh_leaf(tensor: Any) -> Any:
    """A place to differentiate at, with the values of `tensor`, on the tape of the innermost transform."""
    if state.transforms:
        tensor = state.transforms[-1].lift(tensor)
    return wrap(tensor._data).requires_grad_()


# -- derivatives of functions of tensors -------------------------------------------------------------


def pulled_back(function: TensorFunction, count: int) -> TensorFunction:
    """The vjp of a function of `count` tensors, as a function of them and of the outputs' gradients."""

    def vjp(*given: Any) -> tuple[Any, ...]:
        outer = _recorded(given)
        points, gradients = given[:count], given[count:]
        with lower_recording(), modes.enable_grad():
            places = [_place(t, outer) for t in points]
            outputs = function(*places)
            pairs = [(o, g) for o, g in zip(outputs, gradients, strict=True) if o._node is not None]
            wanted = [p for p in places if p._node is not None]
            found: Any = iter(())
            if pairs and wanted:
                found = iter(
                    engine.grad(
                        [o for o, _ in pairs], wanted, [g for _, g in pairs], True, outer,
                        allow_unused=True, materialize_grads=True,
                    )
                )  # fmt: skip
        return tuple(
            next(found, None) if p._node is not None and is_differentiable(p) else None
            for p in places
        )

    return vjp


def _recorded(tensors: Any) -> bool:
    return state.grad and any(t is not None and t._node is not None for t in tensors)


def _place(tensor: Any, connected: bool) -> Any:
    if not is_differentiable(tensor):
        return tensor
    if connected and tensor._node is not None:
        from autotn.core.views import alias

        return alias(tensor)
    return fresh_leaf(tensor)


def pushed_forward(
    function: TensorFunction, points: list[Any], tangents: list[Any]
) -> tuple[list[Any], list[Any]]:
    """The outputs and their tangents by two backward passes: the vjp is linear in its gradient, and the
    vjp of that linear map is the jvp. For functions without a forward rule of their own.
    """
    outer = _recorded((*points, *tangents))
    with lower_recording(), modes.enable_grad():
        places = [_place(t, outer) for t in points]
        outputs = list(function(*places))
        live = [o for o in outputs if o._node is not None]
        seeds = [fresh_leaf(wrap(np.zeros_like(o._data))) for o in live]
        moved = [
            (p, t)
            for p, t in zip(places, tangents, strict=True)
            if t is not None and p._node is not None
        ]
        found: dict[int, Any] = {}
        if live and moved:
            back = engine.grad(live, [p for p, _ in moved], seeds, True, True, allow_unused=True)
            pairs = [
                (b, t)
                for b, (_, t) in zip(back, moved, strict=True)
                if b is not None and b._node is not None
            ]
            if pairs:
                results = engine.grad(
                    [b for b, _ in pairs], seeds, [t for _, t in pairs], True, outer,
                    allow_unused=True,
                )  # fmt: skip
                found = {id(o): r for o, r in zip(live, results, strict=True)}
    settled = [o if outer else wrap(o._data) for o in outputs]
    return settled, [found.get(id(o)) for o in outputs]


# -- nodes of a level ----------------------------------------------------------------------------------


class Lifted:
    """What a node of a level asks of its op: the rule run on tensors of the level.

    A rule that must read values (which maximum was it?) cannot run there; then the vjp of the whole call
    is mapped instead.
    """

    carry = None
    aux: tuple[str, ...] = ()

    def __init__(self, op: Any, transform: Transform, args: tuple[Any, ...]) -> None:
        self.plain = op
        self.transform = transform
        self.args = args
        self.name = op.name
        self.node_name = op.node_name
        self.keeps_output = op.keeps_output
        self.saved_names = op.saved_names
        self.inputs = op.inputs
        self.parameters = op.parameters

    def backward(self, node: Any, g: Any) -> Any:
        raise Unreadable(
            f"{self.name}: a result of {type(self.transform).__name__} is differentiated after it ended"
        )

    def recorded_backward(self, node: Any, g: Any) -> Any:
        op = self.plain
        try:
            if hasattr(op, "recorded_backward"):
                return op.recorded_backward(node, g)
            return call.recorded_backward(op, node, g)
        except Unreadable:
            return self._mapped(node, g)

    def _mapped(self, node: Any, g: Any) -> tuple[Any, ...]:
        op = getattr(self.plain, "plain", self.plain)
        function, tensors = as_function(op, self.args)
        several = isinstance(g, tuple)
        gradients = list(g) if several else [g]
        live = [k for k, x in enumerate(gradients) if x is not None]

        def chosen(*given: Any) -> tuple[Any, ...]:
            outputs = function(*given)
            return tuple(outputs[k] for k in live)

        vjp = pulled_back(chosen, len(tensors))
        count = sum(p is not None for p in flat_inputs(op, self.args))
        positions = [k for k in range(count) if is_differentiable(tensors[k])]

        def wanted(*given: Any) -> tuple[Any, ...]:
            found = vjp(*given)
            return tuple(
                wrap(np.zeros_like(given[k]._data)) if found[k] is None else found[k]
                for k in positions
            )

        results = self.transform.differentiable_map(
            wanted, [*tensors, *(gradients[k] for k in live)]
        )
        by_position = dict(zip(positions, results, strict=True))
        answer: list[Any] = []
        k = 0
        for parent, one in zip(node.parents, flat_inputs(op, self.args), strict=True):
            if one is None:
                answer.append(None)
                continue
            answer.append(by_position.get(k) if parent is not None else None)
            k += 1
        return tuple(answer)


def flat_inputs(op: Op, args: tuple[Any, ...]) -> list[Any]:
    """The inputs of a call one by one, lists unrolled."""
    flat: list[Any] = []
    for i in op.inputs:
        given = args[i.index]
        flat += given if i.kind == "list" else [given]
    return flat


def as_function(op: Op, args: tuple[Any, ...]) -> tuple[TensorFunction, list[Any]]:
    """A call as a function of its tensors alone: the inputs in order, then those hidden in other arguments."""
    tensors = [t for t in flat_inputs(op, args) if t is not None]
    places = {i.index for i in op.inputs}
    others: list[Any] = []

    def hidden(value: Any) -> Any:
        if is_traced(value):
            value = wrap(value)
        if isinstance(value, Tensor):
            others.append(value)
        elif isinstance(value, (tuple, list)):
            for v in value:
                hidden(v)

    for k, value in enumerate(args):
        if k not in places:
            hidden(value)

    def function(*given: Any) -> tuple[Any, ...]:
        rest = iter(given)
        arguments: list[Any] = list(args)
        for i in op.inputs:
            if i.kind == "list":
                arguments[i.index] = [next(rest) for _ in args[i.index]]
            elif args[i.index] is not None:
                arguments[i.index] = next(rest)

        def filled(value: Any) -> Any:
            if type(value) is Traced:
                return next(rest)._data
            if isinstance(value, Tensor):
                return next(rest)
            if isinstance(value, (tuple, list)):
                return type(value)(filled(v) for v in value)
            return value

        for k in range(len(arguments)):
            if k not in places:
                arguments[k] = filled(args[k])
        result = call.call(op, tuple(arguments))
        return result if isinstance(result, tuple) else tuple(result) if op.several else (result,)

    return function, tensors + others


class _MapOp:
    """What the node of a mapped function asks of its op."""

    carry = None
    keeps_output = False
    saved_names: tuple[str, ...] = ()
    inputs: tuple[Any, ...] = ()
    aux: tuple[str, ...] = ()
    node_name: str | None = None
    name = "map"

    def __init__(self, transform: Transform, function: TensorFunction, tensors: list[Any]) -> None:
        self.transform, self.function, self.tensors = transform, function, tensors

    def backward(self, node: Any, g: Any) -> Any:
        raise Unreadable("a result of a transform is differentiated after it ended")

    def recorded_backward(self, node: Any, g: Any) -> tuple[Any, ...]:
        count = len(self.tensors)
        gradients = list(g) if isinstance(g, tuple) else [g]
        live = [k for k, x in enumerate(gradients) if x is not None]
        positions = [k for k, p in enumerate(node.parents) if p is not None]
        vjp = pulled_back(lambda *t: tuple(self.function(*t)[k] for k in live), count)

        def wanted(*given: Any) -> tuple[Any, ...]:
            found = vjp(*given)
            return tuple(
                wrap(np.zeros_like(given[k]._data)) if found[k] is None else found[k]
                for k in positions
            )

        results = self.transform.differentiable_map(
            wanted, [*self.tensors, *(gradients[k] for k in live)]
        )
        by_position = dict(zip(positions, results, strict=True))
        return tuple(by_position.get(k) for k in range(count))


def _record_map(
    transform: Transform, function: TensorFunction, tensors: list[Any], results: list[Any]
) -> None:
    live = [is_differentiable(t) for t in results]
    if not any(live):
        return
    node = object.__new__(Node)
    node.op = _MapOp(transform, function, tensors)
    node.seq = next_sequence()
    node.parents = tuple(t._node for t in tensors)
    node.saved = ()
    node.post = None
    node.epoch = modes.HOT["EPOCH"]
    node.extra = None
    frame = user_frame(sys._getframe(1))
    assert frame is not None
    node.code, node.lasti = frame.f_code, frame.f_lasti
    node.ensure_extra().outputs = [
        (t._data.shape, t._data.dtype if alive else None)
        for t, alive in zip(results, live, strict=True)
    ]
    for k, (t, alive) in enumerate(zip(results, live, strict=True)):
        if alive:
            t._node = OutputNode(node, k)
