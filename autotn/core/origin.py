"""Where a size came from: a look back along the tape, only when it did not fit.

"The 128 come from model.fc1: Linear(784 → 128)" is read off the parameters that took part in the
calls behind a tensor; "the 400 are 16 × 5 × 5" off the reshape that made one dimension of three.
"""

from __future__ import annotations

import math
from typing import Any

from autotn.core.names import Surroundings, output_size
from autotn.core.node import Leaf, Node, OutputNode, describe_line
from autotn.core.tensor import Tensor

#: How many calls are looked at before we give up.
_FAR = 400

#: Which axis of a layer's weight is the size of its output; other products give their last.
_OUTPUT_AXIS = {"linear": 0, "conv1d": 0, "conv2d": 0, "conv3d": 0} | {
    f"conv_transpose{n}d": 1 for n in (1, 2, 3)
}


def tell_origin(tensor: Tensor, dim: int, around: Surroundings) -> list[str]:
    """Sentences about where the size of `tensor` in dimension `dim` came from."""
    size = tensor._data.shape[dim]
    sentences: list[str] = []
    if tensor._node is None or isinstance(tensor._node, Leaf):
        name = around.variable(tensor)
        if name:
            return [f"the {size} is a size of {name}, {tuple(tensor._data.shape)}"]
        return sentences + _among_siblings(size, around)
    heap: list[Any] = [tensor._node]
    seen: set[Any] = set()
    while heap and len(seen) < _FAR:
        heap.sort(key=lambda n: n.seq)
        node = heap.pop()
        if node in seen or isinstance(node, Leaf):
            continue
        seen.add(node)
        if isinstance(node, Node):
            weight = _weight_of(node, size)
            if weight is not None:
                return [*sentences, _made_by(weight, node, size, around)]
            parts = _parts(node, size)
            if parts is not None:
                text, size = parts
                sentences.append(f"{text}, made by {_at(node, around)}")
        elif not isinstance(node, OutputNode):
            continue
        heap += [p for p in node.parents if p is not None]
    return sentences


def _weight_of(node: Node, size: int) -> Tensor | None:
    """The parameter of a call that gives its result this size."""
    leaves = [p.variable for p in node.parents if isinstance(p, Leaf)]
    kept = node.saved if isinstance(node.saved, tuple) else ()
    names = [i.name for i in getattr(node.op, "inputs", ())]
    leaves += [
        value
        for name, value in zip(node.op.saved_names, kept, strict=False)
        if name in names[1:] and isinstance(value, Tensor)
    ]
    axis = _OUTPUT_AXIS.get(node.op.name, -1)
    for weight in leaves:
        if weight is None:
            continue
        shape = weight._data.shape
        if len(shape) > 1 and shape[axis] == size:
            return weight
        if shape == (size,) and node.op.name in _OUTPUT_AXIS:  # the bias, beside a frozen weight
            return weight
    return None


def _parts(node: Node, size: int) -> tuple[str, int] | None:
    """A size made of others, by a reshape (a product) or a `cat` (a sum), and the one to follow."""
    if not isinstance(node.saved, tuple):
        return None
    kept = dict(zip(node.op.saved_names, node.saved, strict=False))
    if node.op.name == "cat":
        sizes = [shape[kept["dim"]] for shape in kept["tensors_shape"]]
        if len(sizes) > 1 and sum(sizes) == size:
            return f"the {size} are {' + '.join(map(str, sizes))}", sizes[0]
        return None
    before = kept.get("input_shape")
    if node.op.name not in ("reshape", "view", "flatten") or before is None or size in before:
        return None
    for last in range(len(before), 1, -1):  # most often the last dimensions become one
        for first in range(last - 1):
            if math.prod(before[first:last]) == size:
                product = " × ".join(map(str, before[first:last]))
                return f"the {size} are {product}", before[first]
    return None


def _made_by(weight: Tensor, node: Node, size: int, around: Surroundings) -> str:
    owner = around.owner(weight)
    if owner is not None:
        who = around.module(owner)
    else:
        name = around.variable(weight)
        shape = tuple(weight._data.shape)
        who = f"{name} {shape} in {node.op.name}" if name else f"a {node.op.name} with {shape}"
    return f"the {size} come from {who}" + _line(node, around)


def _at(node: Node, around: Surroundings) -> str:
    return f"{node.op.name}{_line(node, around)}"


def _line(node: Node, around: Surroundings) -> str:
    """The line of a call, unless it is the one that failed."""
    line = describe_line(node.where)
    return "" if line == around.line() else f", at {line}"


def _among_siblings(size: int, around: Surroundings) -> list[str]:
    """Without a tape: the one layer of the model whose result has this size."""
    found = [m for m in around.siblings() if output_size(m) == size and m is not around.modules[-1]]
    return [f"{size} is what {around.module(found[0])} gives"] if len(found) == 1 else []
