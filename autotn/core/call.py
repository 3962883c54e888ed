"""The thorough path of a call: any mix of arguments, any mode.

The generated functions (see `callpath`) come here for whatever is unusual. The steps are: hand over to
a transform if one is active; bring the inputs to Tensors of agreeing dtypes; run the kernel; wrap
the result; leave a Node; tell the recorder.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from autotn.core import dtypes, half
from autotn.core.failure import explain
from autotn.core.modes import HOT, enable_grad, state
from autotn.core.node import Node, OutputNode, next_sequence, user_frame
from autotn.core.op import Input, Op, to_arrays as to_arrays
from autotn.core.storage import link_view
from autotn.core.tensor import Tensor, is_differentiable, wrap
from autotn.core.traced import Traced
from autotn.errors import AutogradError, DTypeError, ShapeError

HOT["Tensor"] = Tensor
HOT["arrays"] = to_arrays

#: What can stand beside a Tensor in an operator.
OPERANDS = (Tensor, bool, int, float, complex, np.ndarray, np.generic)
_NUMBERS = (bool, int, float, complex)

#: Letters of NumPy's dtypes: complex ones, and all that are neither complex nor half precision.
_COMPLEX_LETTERS = frozenset("FDG")
_PLAIN_LETTERS = frozenset("?bBhHiIlLqQfd")


def call(op: Op, args: tuple[Any, ...], out: Any = None) -> Any:
    """Call `op` with `args` in the order of its signature."""
    if state.transforms:
        return state.transforms[-1].enter(op, args, out)
    if not any_tensor(op, args):
        return _on_arrays(op, args, out)
    if state.recorder is not None:
        from autotn.core.listening import heard_call

        return heard_call(state.recorder, op, args, out)
    ready = normalise(op, args)
    return apply(op, ready) if out is None else into_given(op, args, ready, out)


def into_given(op: Op, args: tuple[Any, ...], ready: tuple[Any, ...], out: Any) -> Any:
    """The result in the tensor given as ``out=``."""
    from autotn.core.inplace import write_out

    return write_out(op.name, out, _without_tape(op, ready), args)


def call_operator(op: Op, args: tuple[Any, ...], out: Any = None) -> Any:
    """`call` for Python's operators: NotImplemented for operands of an unknown kind."""
    if all(isinstance(args[i.index], OPERANDS) for i in op.inputs):
        return call(op, args, out)
    return NotImplemented


def _without_tape(op: Op, ready: tuple[Any, ...]) -> Any:
    """The result for ``out=``, which cannot be differentiated."""
    if state.grad:
        for i in op.inputs:
            given = ready[i.index]
            for one in given if i.kind == "list" else (given,):
                if one is not None and one._node is not None:
                    raise AutogradError(
                        f"{op.name}: out= does not support automatic differentiation, but "
                        f"{i.name!r} requires grad; call it without out=, or under tn.no_grad()"
                    )
    return apply(op, ready)


def any_tensor(op: Op, args: tuple[Any, ...]) -> bool:
    """True when a Tensor is among the inputs."""
    for i in op.inputs:
        given = args[i.index]
        if isinstance(given, Tensor):
            return True
        if i.kind == "list" and not isinstance(given, np.ndarray) and given is not None:
            if isinstance(given, Tensor) or not hasattr(given, "__iter__"):
                raise TypeError(
                    f"{op.name}: argument {i.name!r} must be a sequence of Tensors, "
                    f"got {type(given).__name__}"
                )
            if any(isinstance(one, Tensor) for one in given):
                return True
    return any(_holds_tensor(args[index]) for index in op.fixed)


def _holds_tensor(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return any(_holds_tensor(v) for v in value)
    return isinstance(value, Tensor)


def _on_arrays(op: Op, args: tuple[Any, ...], out: Any) -> Any:
    """Arrays in, arrays out: the kernel alone."""
    if out is not None:
        raise TypeError(f"{op.name}: out= needs Tensors; for arrays use NumPy's own out=")
    seen = False
    for i in op.inputs:
        given = args[i.index]
        if given is None and i.kind == "optional":
            continue
        for one in given if i.kind == "list" else (given,):
            if isinstance(one, (np.ndarray, np.generic)):
                seen = True
            elif not (op.broadcasts and isinstance(one, _NUMBERS)):
                raise _wrong_input(op, i, one)
    if not seen and op.inputs:
        raise _wrong_input(op, op.inputs[0], args[op.inputs[0].index])
    result = run_kernel(op, _numbers_as_arrays(op, args) if op.broadcasts else args, args)
    return result[0] if op.aux else result


def _numbers_as_arrays(op: Op, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Python numbers as 0-d arrays of the dtype NumPy gives them beside the arrays of this call."""
    ready = list(args)
    given = [args[i.index] for i in op.inputs if args[i.index] is not None]
    for i in op.inputs:
        if isinstance(args[i.index], _NUMBERS):
            ready[i.index] = np.asarray(args[i.index], np.result_type(*given))
    return tuple(ready)


def _wrong_input(op: Op, i: Input, given: Any) -> Exception:
    if i.kind == "list" and isinstance(given, (list, tuple)) and not given:
        return ShapeError(f"{op.name}: expected a non-empty list of Tensors")
    what = "a sequence of Tensors" if i.kind == "list" else "a Tensor"
    more = " or a number" if op.broadcasts else ""
    return TypeError(
        f"{op.name}: argument {i.name!r} must be {what}{more}, got {type(given).__name__}"
        + (f" {given!r}" if isinstance(given, (str, *_NUMBERS)) else "")
        + _instead_of(given)
    )


def _instead_of(given: Any) -> str:
    """What was probably meant."""
    if isinstance(given, (tuple, list)) and given:
        if isinstance(given[0], Tensor):
            return (
                "; its first entry is a Tensor: a recurrent or attention layer gives a pair, as in "
                "output, state = layer(x)"
            )
        if isinstance(given[0], (list, *_NUMBERS)):
            return "; tn.tensor(…) makes one of numbers"
    return ""


def normalise(op: Op, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments with every input a Tensor, and dtypes as the op's policy wants them."""
    ready = list(args)
    flat: list[Any] = []
    for i in op.inputs:
        given = args[i.index]
        if i.kind == "list":
            given = list(given)
            ready[i.index] = given = [_as_input(op, i, one) for one in given]
            flat += given
        elif given is None and i.kind == "optional":
            continue
        else:
            ready[i.index] = given = _as_input(op, i, given)
            flat.append(given)
    if _usual(op, flat):
        return tuple(ready)
    target = common_dtype(op, flat)
    if op.kinds and not op.asks_dtype(args):
        _check_kinds(op, flat, target)
    if target is not None:
        for i in op.inputs:
            given = ready[i.index]
            if i.kind == "list":
                ready[i.index] = [cast(one, target) for one in given]
            elif given is not None:
                ready[i.index] = cast(given, target)
    if op.may_convert and op.asks_dtype(args):
        _convert_first(op, ready)
    return tuple(ready)


def _usual(op: Op, operands: list[Any]) -> bool:
    """True where nothing is to be converted or refused: all are Tensors of one of the two usual dtypes."""
    if op.may_convert or "f" not in (op.kinds or "f"):
        return False
    letters = {t._data.dtype.char if isinstance(t, Tensor) else None for t in operands}
    return letters == {"f"} or letters == {"d"}


def _convert_first(op: Op, ready: list[Any]) -> None:
    """Convert an input with history to the dtype that was asked for, so that its gradient comes back in its own."""
    asked = dtypes.as_numpy(ready[op.parameters.index("dtype")])
    for i in op.inputs:
        given = ready[i.index]
        if given._node is not None and given._data.dtype != asked:
            ready[i.index] = given.to(asked)


def _as_input(op: Op, i: Input, given: Any) -> Any:
    if isinstance(given, Tensor):
        return given
    if isinstance(given, (np.ndarray, np.generic)):
        return wrap(as_array(given))
    if op.broadcasts and isinstance(given, _NUMBERS):
        return wrap(np.asarray(given)) if op.promote == "free" else given
    raise _wrong_input(op, i, given)


def _check_kinds(op: Op, operands: list[Any], target: dtypes.dtype | None) -> None:
    """Refuse a dtype the op says it does not take, before or after promotion as it says."""
    if target is not None and op.kinds_of_promoted:
        asked = [target]
    else:
        held = {t._data.dtype: t for t in operands if isinstance(t, Tensor)}
        asked = [t.dtype for t in held.values()]
        asked += [dtypes.of_scalar(t) for t in operands if not isinstance(t, Tensor)]
    for one in asked:
        if ("b" if one.name == "bool" else " ifc"[max(one.category, 1)]) not in op.kinds:
            words = {"b": "bool", "i": "integer", "f": "floating-point", "c": "complex"}
            taken = ", ".join(word for letter, word in words.items() if letter in op.kinds)
            raise DTypeError(
                f"{op.name}: not implemented for {one}; it takes {taken} tensors"
                + (f". {op.kinds_hint}" if op.kinds_hint else "")
            )


def common_dtype(op: Op, operands: list[Any]) -> dtypes.dtype | None:
    """The dtype all inputs are to have, or None when they are fine (or free)."""
    if op.promote == "free":
        return None
    tensors = [t for t in operands if isinstance(t, Tensor)]
    if op.promote == "same":
        for t in tensors[1:]:
            if t._data.dtype != tensors[0]._data.dtype:
                if state.autocast and all(x.is_floating_point() for x in tensors):
                    return dtypes.result_dtype([x.dtype for x in tensors], [], [])
                given = ", ".join(
                    f"{i.name!r} is {x.dtype}" for i, x in zip(op.inputs, operands, strict=False)
                )
                raise DTypeError(
                    f"{op.name}: expected all inputs to have the same dtype, but {given}"
                    + _how_to_agree(op, tensors[0], t)
                )
        return tensors[0].dtype if len(tensors) < len(operands) else None
    wide = [t.dtype for t in tensors if t._data.ndim]
    zero = [t.dtype for t in tensors if not t._data.ndim]
    found = dtypes.result_dtype(wide, zero, [n for n in operands if not isinstance(n, Tensor)])
    if op.promote == "float" and found.category < 2:
        found = dtypes.get_default_dtype()
    return found


def _how_to_agree(op: Op, given: Tensor, other: Tensor) -> str:
    """What to convert when data and weights differ in dtype."""
    name, wanted = op.inputs[0].name, other.dtype
    if other._data.dtype.kind not in "fV":
        return ""
    short = {"float32": "float", "float64": "double", "float16": "half"}.get(
        wanted.name, wanted.name
    )
    if given.dtype.category < 2:
        advice = f"; give {name}.{short}()"
        return advice + (" / 255 for bytes of a picture" if given.dtype.name == "uint8" else "")
    if given.dtype.name == "float64" and wanted.name == "float32":
        return f"; float64 is NumPy's default: give {name}.float(), or make the model .double()"
    return f"; give {name}.{short}(), or convert the weights"


def cast(value: Any, target: dtypes.dtype) -> Any:
    """A Tensor or number as a Tensor of dtype `target`, differentiably."""
    if not isinstance(value, Tensor):
        found = HOT["constant"](value, target.dtype)
        if found is not None:
            return found
        if target.category < 2 and not isinstance(value, complex):
            return wrap(np.asarray(value).astype(target.dtype))  # wraps round, as PyTorch does
        return wrap(np.asarray(value, target.dtype))
    if value._data.dtype == target.dtype:
        return value
    return value.to(target)


def run_kernel(op: Op, arguments: Any, args: tuple[Any, ...]) -> Any:
    """The kernel on these arrays; `args` are what an error speaks of."""
    positional = len(op.parameters) - op.keyword_only
    named = dict(zip(op.parameters[positional:], arguments[positional:], strict=True))
    try:
        return op.kernel(*arguments[:positional], **named)
    except Exception as error:
        explain(op, error, args)
        raise


def as_array(value: Any) -> Any:
    """`value` as an array; one that a transform looks after stays as it is."""
    return value if type(value) is Traced else np.asarray(value)


def apply(op: Op, args: tuple[Any, ...], transform: Any = None) -> Any:
    """Run `op` on normalised arguments: kernel (or what `transform` does for it), wrapping, Node."""
    arguments = list(args)
    flat: list[Any] = []
    for i in op.inputs:
        given = args[i.index]
        if given is None:
            flat.append(None)
        elif i.kind == "list":
            arguments[i.index] = [t._data for t in given]
            flat += given
        else:
            arguments[i.index] = given._data
            flat.append(given)
    nodes = [None if t is None else t._node for t in flat]
    letters = {t._data.dtype.char for t in flat if t is not None}
    for index in op.fixed:
        arguments[index] = to_arrays(args[index])
    if transform:
        round_to = None
        raw = transform.run(op, args)
        nodes = transform.own_nodes(op, args)
    else:
        round_to = None if letters <= _PLAIN_LETTERS else half.widen(op, arguments)
        raw = run_kernel(op, arguments, args)
    result, aux = raw if op.aux else (raw, ())
    if round_to is not None:
        result = half.rounded(result, round_to)
    outputs = result if op.several else (result,)
    tensors = [wrap(as_array(y)) for y in outputs]
    if op.view:
        _link_views(op, args, tensors)
    if op.differentiable and state.grad and any(n is not None for n in nodes):
        _record(op, args, arguments, nodes, flat, letters, tensors, aux, transform)
    if state.watch is not None and not transform:
        state.watch.forward(op, args, tensors)
    if not op.several:
        return tensors[0]
    if op.as_list:
        return tensors
    return type(result)(*tensors) if hasattr(result, "_fields") else tuple(tensors)


def _link_views(op: Op, args: tuple[Any, ...], tensors: list[Any]) -> None:
    source = args[0]
    for k, t in enumerate(tensors):
        y, a = t._data, source._data
        if np.may_share_memory(y, a) or y is a:
            link_view(t, source, (op.function, args[1:], k if op.several else None), state.grad)


def _record(
    op: Op,
    args: tuple[Any, ...],
    arguments: list[Any],
    nodes: list[Any],
    flat: list[Any],
    letters: set[str],
    tensors: list[Any],
    aux: Any,
    transform: Any,
) -> None:
    """Leave a Node behind the outputs that can be differentiated; `letters` are those of the inputs' dtypes."""
    carried = [is_differentiable(t) for t in tensors]
    if True not in carried:
        return
    node = object.__new__(Node)
    values: dict[str, Any] = dict(zip(op.parameters, args, strict=True))
    values["out"] = tuple(t._data for t in tensors) if op.several else tensors[0]._data
    values.update(zip(op.aux, aux, strict=True))
    for i in op.inputs_by_shape:
        given = arguments[i.index]
        values[f"{i.name}_shape"] = (
            None if given is None else [a.shape for a in given] if i.kind == "list" else given.shape
        )
    is_complex = not _COMPLEX_LETTERS.isdisjoint([*letters, *(t._data.dtype.char for t in tensors)])
    node.op = complex_twin(op) if is_complex else op
    if transform:
        node.op = transform.twin(node.op, args)
    node.seq = next_sequence()
    parents = node.parents = tuple(nodes)
    node.saved = tuple(
        values[n]
        if (only := op.only[n]) is None or any(parents[k] is not None for k in only)
        else None
        for n in op.saved_names
    )
    node.post = None
    if op.broadcasts:
        shape = tensors[0]._data.shape
        node.post = broadcast_post(shape, tuple(None if t is None else t._data for t in flat))
    if is_complex:
        node.post = real_post(node.post, flat)
    if not letters <= _PLAIN_LETTERS and any(
        t is not None and half.is_half(t._data.dtype) for t in flat
    ):
        node.post = half_post(node.post, flat)
    node.epoch = HOT["EPOCH"]
    node.extra = None
    frame = user_frame(sys._getframe(1))
    assert frame is not None
    node.code, node.lasti = frame.f_code, frame.f_lasti
    if not op.several:
        tensors[0]._node = node
        return
    node.ensure_extra().outputs = [
        (t._data.shape, t._data.dtype if is_carried else None)
        for t, is_carried in zip(tensors, carried, strict=True)
    ]
    for k, t in enumerate(tensors):
        if carried[k]:
            t._node = OutputNode(node, k)


class Post:
    """What is done to a rule's result before it travels on: summed to a shape, made real, cast."""

    __slots__ = ("dtype", "real", "shape")

    def __init__(
        self, shape: tuple[int, ...] | None, real: bool = False, dtype: dtypes.dtype | None = None
    ) -> None:
        self.shape = shape
        self.real = real
        self.dtype = dtype

    def __call__(self, g: Any) -> Any:
        if self.shape is not None:
            g = sum_to(g, self.shape)
        if self.real and _is_complex(g):
            g = g.real
        if self.dtype is not None and g.dtype != self.dtype:
            g = g.to(self.dtype) if isinstance(g, Tensor) else g.astype(self.dtype.dtype)
        return g


def _is_complex(g: Any) -> bool:
    return bool((g._data if isinstance(g, Tensor) else g).dtype.kind == "c")


def broadcast_post(shape: tuple[int, ...], arrays: tuple[Any, ...]) -> tuple[Post | None, ...]:
    """For each input: how its gradient is summed back to the shape it was broadcast from."""
    return tuple(None if a is None or a.shape == shape else Post(a.shape) for a in arrays)


def real_post(post: Any, inputs: list[Any]) -> tuple[Post | None, ...]:
    """Let the gradients of real inputs of a complex function be real."""
    before = post or (None,) * len(inputs)
    return tuple(
        p if t is None or t._data.dtype.kind == "c" else Post(p.shape if p else None, real=True)
        for p, t in zip(before, inputs, strict=True)
    )


def half_post(post: Any, inputs: list[Any]) -> tuple[Post | None, ...]:
    """Let gradients of half precision have it too: beside what a kernel kept they are float32."""
    before = post or (None,) * len(inputs)
    return tuple(
        p
        if t is None or not half.is_half(t._data.dtype)
        else Post(p.shape if p else None, dtype=t.dtype)
        for p, t in zip(before, inputs, strict=True)
    )


def sum_to(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum `g` over the axes along which `shape` was broadcast to it; an array or a Tensor."""
    lead = g.ndim - len(shape)
    axes = (
        *range(lead),
        *(k + lead for k, n in enumerate(shape) if n == 1 and g.shape[k + lead] != 1),
    )
    if g.__class__ is np.ndarray:
        if lead and len(axes) == lead:
            return np.add.reduce(g, axes) if lead > 1 or g.ndim > 2 else np.add.reduce(g, 0)
        return np.add.reduce(g, axes, keepdims=True).reshape(shape) if axes else g
    return g.sum(axes, keepdim=True).reshape(shape) if axes else g


# -- complex numbers ---------------------------------------------------------------------------


class ComplexTwin:
    """An op whose node carries complex numbers.

    With PyTorch's convention the gradient of a holomorphic f is ``g · conj(f')``, which is
    ``conj(rule(conj(g)))`` for a rule written as ``g · f'``: no rule need mention conjugation.
    A rule declared by ``wirtinger`` is in that convention already and is used as it stands.
    """

    def __init__(self, op: Op) -> None:
        self.plain = op
        self.name = op.name
        self.carry = None
        self.node_name = op.node_name
        self.keeps_output = op.keeps_output
        self.saved_names = op.saved_names
        self.function = op.function
        self.inputs = op.inputs
        self.parameters = op.parameters
        self.reference_function = op.reference_function

    def backward(self, node: Any, g: Any) -> Any:
        return self._run(node, g, recorded=False)

    def recorded_backward(self, node: Any, g: Any) -> Any:
        return self._run(node, g, recorded=True)

    def _run(self, node: Any, g: Any, recorded: bool) -> Any:
        op = self.plain
        if op.wirtinger_rules:
            return _by_rules(op, op.wirtinger_rules, node, g, recorded)
        if recorded and op.reference_function is not None:
            return recorded_backward(op, node, g)
        turned = tuple(_conj(x) for x in g) if isinstance(g, tuple) else _conj(g)
        result = recorded_backward(op, node, turned) if recorded else op.backward(node, turned)
        return tuple(_conj(x) for x in result)


def _conj(x: Any) -> Any:
    if x is None:
        return None
    if isinstance(x, Tensor):
        return x.conj() if x._data.dtype.kind == "c" else x
    return np.conj(x) if x.dtype.kind == "c" else x


def complex_twin(op: Op) -> ComplexTwin:
    """The twin of `op` for nodes that carry complex numbers."""
    if op.complex_twin is None or op.complex_twin.saved_names != op.saved_names:
        op.complex_twin = ComplexTwin(op)
    return op.complex_twin  # type: ignore[no-any-return]


# -- backward, the ways that are not generated ---------------------------------------------------


def recorded_backward(op: Op, node: Any, g: Any) -> Any:
    """Run the rule on Tensors, so that what it does is itself recorded."""
    if op.reference_function is not None:
        return _by_reference(op, node, g, create_graph=state.grad)
    if op.recorded is not None:
        return op.recorded(node, g)
    if op.joint is not None:
        values = _kept(op, node, recorded=True)
        result = op.joint.function(g, *(values[n] for n in op.joint.names))
        result = result if isinstance(result, tuple) else (result,)
        return flatten_gradients(op, result)
    return _by_rules(op, op.rules, node, g, recorded=True)


def _by_rules(op: Op, rules: dict[str, Any], node: Any, g: Any, recorded: bool) -> Any:
    values = _kept(op, node, recorded)
    result: list[Any] = []
    position = 0
    for i in op.inputs:
        count = len(values["#counts"][i.name]) if i.kind == "list" else 1
        rule = rules.get(i.name)
        wanted = any(p is not None for p in node.parents[position : position + count])
        position += count
        if rule is None or not wanted:
            result.append(None)
        else:
            result.append(rule.function(g, *(values[n] for n in rule.names)))
    return flatten_gradients(op, tuple(result))


def _kept(op: Op, node: Any, recorded: bool) -> dict[str, Any]:
    """What the node kept, by name: Tensors in the recorded pass, arrays in the raw one."""
    values: dict[str, Any] = dict(zip(op.saved_names, node.saved, strict=True))
    for i in op.inputs:
        if i.name in values and not recorded:
            kept = values[i.name]
            if kept is not None:
                values[i.name] = [t._data for t in kept] if i.kind == "list" else kept._data
    for index in op.fixed:
        name = op.parameters[index]
        if name in values:
            values[name] = to_arrays(values[name])
    if values.get("out") is not None and recorded:
        values["out"] = outputs_as_tensors(node, values["out"])
    values["needs"] = tuple(p is not None for p in node.parents)
    lists = [i for i in op.inputs if i.kind == "list"]
    singles = len(op.inputs) - len(lists)
    values["#counts"] = {i.name: range(len(node.parents) - singles) for i in lists}
    return values


def outputs_as_tensors(node: Any, out: Any) -> Any:
    if not isinstance(out, tuple):
        t = wrap(out)
        t._node = node
        return t
    tensors = []
    for k, y in enumerate(out):
        t = wrap(y)
        if is_differentiable(t):
            t._node = OutputNode(node, k)
        tensors.append(t)
    return tuple(tensors)


def _by_reference(op: Op, node: Any, g: Any, create_graph: bool) -> Any:
    """Differentiate the reference: the same function in ordinary ops, run anew on the kept inputs."""
    from autotn.core import engine

    assert op.reference_function is not None
    values: dict[str, Any] = dict(zip(op.saved_names, node.saved, strict=True))
    with enable_grad():
        stand_ins: list[Any] = []
        for i in op.inputs:
            given = values[i.name]
            if i.kind == "list":
                values[i.name] = fresh = [_stand_in(t) for t in given]
                stand_ins += fresh
            elif given is not None:
                values[i.name] = fresh_one = _stand_in(given)
                stand_ins.append(fresh_one)
            else:
                stand_ins.append(None)
        positional = len(op.parameters) - op.keyword_only
        named = {p: values[p] for p in op.parameters[positional:]}
        outputs = op.reference_function(*(values[p] for p in op.parameters[:positional]), **named)
    outputs = outputs if isinstance(outputs, (tuple, list)) else (outputs,)
    gradients = g if isinstance(g, tuple) else (g,)
    pairs = [
        (o, x if isinstance(x, Tensor) else wrap(np.asarray(x)))
        for o, x in zip(outputs, gradients, strict=True)
        if x is not None and o.requires_grad
    ]
    wanted = [
        t for t, p in zip(stand_ins, node.parents, strict=True) if t is not None and p is not None
    ]
    found = engine.grad(
        [o for o, _ in pairs],
        wanted,
        [x for _, x in pairs],
        create_graph=create_graph,
        allow_unused=True,
    )
    answers = iter(found)
    return tuple(
        next(answers) if t is not None and p is not None else None
        for t, p in zip(stand_ins, node.parents, strict=True)
    )


def _stand_in(tensor: Any) -> Any:
    """A new place on the tape for a kept input, under a transform on the tape of its level."""
    from autotn.core.views import alias

    top = state.transforms[-1] if state.transforms else None
    if top is None or tensor._node is None or top.holds(tensor):
        return alias(tensor)
    return top.lift(tensor).requires_grad_()


def reference_backward_raw(node: Any, g: Any) -> Any:
    """The raw backward of an op that declares a reference but no rule."""
    op = node.op.plain if isinstance(node.op, ComplexTwin) else node.op
    result = _by_reference(op, node, g, create_graph=False)
    return tuple(None if t is None else t._data for t in result)


def rules_backward_raw(node: Any, g: Any) -> Any:
    """The raw backward of an op with a list input and a rule per input."""
    op = node.op.plain if isinstance(node.op, ComplexTwin) else node.op
    return _by_rules(op, op.rules or op.wirtinger_rules, node, g, recorded=False)


def flatten_gradients(op: Op, result: tuple[Any, ...]) -> tuple[Any, ...]:
    """One gradient per parent: those of a list input stand in a sequence until here."""
    if all(i.kind != "list" for i in op.inputs):
        return result
    flat: list[Any] = []
    for i, g in zip(op.inputs, result, strict=True):
        if i.kind == "list":
            flat += g
        else:
            flat.append(g)
    return tuple(flat)
