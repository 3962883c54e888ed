"""The history that Tensors carry, as calls of a Graph: for runs nobody listened to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autotn.core.node import Freed, Leaf, Node, OutputNode
from autotn.core.tensor import Tensor, is_differentiable
from autotn.ir.costs import flops_of
from autotn.ir.formulas import acts_on_each_element
from autotn.ir.graph import Call, Gradient, Graph, Saved, Value
from autotn.ir.names import place_of

if TYPE_CHECKING:
    from autotn.ir.recorder import Recorder


def adopt(recorder: Recorder, node: Any, tensor: Tensor | None = None) -> int:
    """Enter a node that was not heard of, and all that came before it; return its value."""
    for one in _unknown(recorder, node):
        if isinstance(one, Leaf):
            _adopt_leaf(recorder, one)
        else:
            _adopt_call(recorder, one)
    if tensor is not None:
        found = recorder.of_node(node)
        if found is not None and found >= 0:
            fill(recorder, recorder.graph.values[found], tensor._data, tensor)
    number = recorder.of_node(node)
    return -1 if number is None else number


def _unknown(recorder: Recorder, node: Any) -> list[Any]:
    """The leaves and calls behind `node` that are not in the graph, oldest first."""
    stack, found = [node], {}
    while stack:
        one = stack.pop()
        if one.__class__ is OutputNode:
            one = one.parents[0]
        if one in found or one in recorder.made:
            continue
        found[one] = True
        stack += [p for p in one.parents if p is not None]
    return sorted(found, key=lambda n: int(n.seq))


def _adopt_leaf(recorder: Recorder, leaf: Leaf) -> None:
    tensor = leaf.variable
    if tensor is not None:
        recorder.made[leaf] = [recorder.number(tensor)]
        return
    value = Value(len(recorder.graph.values), "parameter", None, "", requires_grad=True)
    value.gradient.state = "not computed"
    recorder.graph.values.append(value)
    recorder.made[leaf] = [value.id]


def _adopt_call(recorder: Recorder, node: Node) -> None:
    from autotn.ir.recorder import describe

    op, graph = node.op, recorder.graph
    names = tuple(getattr(op, "saved_names", ()))
    freed = isinstance(node.saved, Freed)
    kept: dict[str, Any] = {} if freed else dict(zip(names, node.saved, strict=False))
    inputs, roles = _inputs(recorder, node, kept)
    file, line, column, text = place_of(*node.where)
    made = Call(
        id=len(graph.calls),
        op=op.name,
        inputs=inputs,
        outputs=[],
        roles=roles,
        file=file,
        line=line,
        column=column,
        text=text,
    )
    listed = {i.name for i in getattr(op, "inputs", ())}
    for name in getattr(op, "parameters", ()):
        value = kept.get(name)
        if name not in listed and value is not None and not isinstance(value, Tensor):
            made.static[name] = describe(value)
    graph.calls.append(made)
    made.outputs = _outputs(recorder, node, kept)
    if freed:
        made.saved = [Saved(name, freed=True) for name in names]
    else:
        recorder._note_saved(made, node)
    recorder.call_of[node] = made
    shapes = [graph.values[v].shape for v in inputs]
    if all(s is not None for s in shapes):
        made.flops = flops_of(op.name, shapes, [graph.values[v] for v in made.outputs])


def _inputs(recorder: Recorder, node: Node, kept: dict[str, Any]) -> tuple[list[int], list[str]]:
    """The values that went in, as far as the node remembers them."""
    slots: list[tuple[str, Any]] = []
    declared = getattr(node.op, "inputs", ())
    singles = sum(i.kind != "list" for i in declared)
    for i in declared:
        if i.kind == "list":
            count = len(node.parents) - singles
            tensors = kept.get(i.name) or [None] * count
            slots += [(f"{i.name}[{k}]", t) for k, t in enumerate(tensors)]
        else:
            slots.append((i.name, kept.get(i.name)))
    if len(slots) != len(node.parents):
        slots = [(f"input{k}", None) for k in range(len(node.parents))]
    inputs, roles = [], []
    for (role, tensor), parent in zip(slots, node.parents, strict=True):
        number = None if parent is None else recorder.of_node(parent)
        if number is not None:
            value = recorder.graph.values[number]
            if isinstance(tensor, Tensor):
                fill(recorder, value, tensor._data, tensor)
            elif value.shape is None and (shape := kept.get(f"{role}_shape")) is not None:
                value.shape = tuple(shape)
        elif isinstance(tensor, Tensor):
            number = recorder.number(tensor)
        if number is not None:
            inputs.append(number)
            roles.append(role)
    return inputs, roles


def _outputs(recorder: Recorder, node: Node, kept: dict[str, Any]) -> list[int]:
    shapes = None if node.extra is None else node.extra.outputs
    out = kept.get("out")
    arrays = list(out) if isinstance(out, (tuple, list)) else [out]
    count = len(shapes) if shapes is not None else 1
    numbers = []
    for k in range(count):
        value = Value(len(recorder.graph.values), "result", None, "", is_leaf=False)
        value.requires_grad = True
        value.gradient = Gradient("not computed")
        if shapes is not None:
            value.shape = tuple(shapes[k][0])
            value.requires_grad = shapes[k][1] is not None
        recorder.graph.values.append(value)
        if k < len(arrays) and isinstance(arrays[k], np.ndarray):
            fill(recorder, value, arrays[k])
        numbers.append(value.id)
    recorder.made[node] = numbers
    return numbers


def fill(recorder: Recorder, value: Value, array: Any, tensor: Tensor | None = None) -> None:
    """Complete a value from an array that is known to be it."""
    from autotn.core.tensor import wrap

    shown = tensor if tensor is not None else wrap(array)
    if value.shape is None or not value.dtype:
        value.shape = tuple(array.shape)
        value.dtype = shown.dtype.name
        value.bytes = array.nbytes
    if value.reading is None:
        value.reading = recorder.reading(array)
    if not is_differentiable(shown):
        value.requires_grad, value.gradient = False, Gradient()


def infer_shapes(graph: Graph) -> None:
    """Fill in shapes the tape does not keep, where an op tells one from another."""
    for order in (reversed(graph.calls), iter(graph.calls), reversed(graph.calls)):
        for call in order:
            values = [graph.values[v] for v in (*call.inputs, *call.outputs)]
            if not acts_on_each_element(call.op) or len(call.outputs) != 1:
                continue
            known = next((v for v in reversed(values) if v.shape is not None), None)
            if known is None:
                continue
            alone = len(call.inputs) == 1
            for v in values:
                if v.shape is None and (alone or known.id in call.outputs or v is values[-1]):
                    v.shape = known.shape
                if not v.dtype:
                    v.dtype = known.dtype


def note_freed(recorder: Recorder) -> None:
    """Tell gradients that were computed and let go from those that were not computed."""
    gone: set[Any] = set()
    for node in sorted(recorder.call_of, key=lambda n: int(n.seq)):
        parents = [p.parents[0] if p.__class__ is OutputNode else p for p in node.parents if p]
        if isinstance(node.saved, Freed):
            freed = True
        elif node.saved:
            freed = False
        else:  # it had nothing to free: what came before it tells
            calls = [p for p in parents if isinstance(p, Node)]
            leaves = [p for p in parents if isinstance(p, Leaf)]
            freed = any(p in gone for p in calls) or (
                not calls and any(p.grad is not None for p in leaves)
            )
        if freed:
            gone.add(node)
            for v in recorder.made.get(node, []):
                gradient = recorder.graph.values[v].gradient
                if gradient.state == "not computed":
                    gradient.state = "freed"
