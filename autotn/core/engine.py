"""Backward: order, accumulation, hooks, freeing.

Nodes are taken in descending sequence number from a heap. Since a node is always younger than its
parents, each is taken once, after all that used its output. Gradients on their way wait in a
dictionary that belongs to this one call, so a failed or nested backward disturbs nobody.

In the raw pass gradients are arrays and rules run NumPy directly. With ``create_graph`` they are
Tensors and the same rules record what they do.
"""

from __future__ import annotations

import heapq
import operator
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from autotn.core import call, modes, owned
from autotn.core.failure import name_of, tell_backward
from autotn.core.methods import attach_method
from autotn.core.modes import HOT, state
from autotn.core.node import (
    Freed,
    GraphNode,
    Leaf,
    Node,
    OutputNode,
    Place,
    describe_line,
    freed_error,
    here,
    line_of,
    place_of,
)
from autotn.core.op import Op
from autotn.core.overwritten import check_unmodified
from autotn.core.tensor import Tensor, wrap
from autotn.core.traced import is_traced
from autotn.errors import AutogradError


def _seed_gradients(
    what: str, outputs: Sequence[Tensor], given: Sequence[Any], create_graph: bool
) -> list[Any]:
    """The gradient each output starts with, checked against it."""
    seeds: list[Any] = []
    for tensor, g in zip(outputs, given, strict=True):
        if tensor._node is None:
            raise _no_path(what, tensor)
        array = tensor._data
        if g is None:
            if array.size != 1:
                raise AutogradError(
                    f"{what}: grad can be implicitly created only for scalar outputs, but the output "
                    f"has shape {tuple(array.shape)}; reduce it (for instance with .sum()), or pass "
                    f"gradient= of that shape"
                )
            if array.dtype.kind == "c":
                raise AutogradError(
                    f"{what}: grad can be implicitly created only for real scalar outputs but got "
                    f"{tensor.dtype}"
                )
            one = np.array(1, array.dtype)
            if array.ndim:
                one = one.reshape(array.shape)
            seeds.append(wrap(one) if create_graph else one)
            continue
        if not isinstance(g, Tensor):
            if not isinstance(g, np.ndarray):
                raise TypeError(
                    f"{what}: gradients can be either Tensors or None, but got {type(g).__name__}"
                )
            g = wrap(g)
        if g._data.shape != array.shape:
            raise AutogradError(
                f"{what}: Mismatch in shape: gradient has shape {tuple(g._data.shape)} and the "
                f"output has shape {tuple(array.shape)}; a gradient has a number for each of the output's"
            )
        if (g._data.dtype.kind == "c") != (array.dtype.kind == "c"):
            raise AutogradError(f"{what}: gradient is {g.dtype} but the output is {tensor.dtype}")
        if g._data.dtype != array.dtype:
            g = call.cast(g, tensor.dtype)
        seeds.append(g if create_graph else g._data)
    return seeds


def _no_path(what: str, tensor: Tensor) -> AutogradError:
    """Backward from a tensor without history: where the path was cut, as far as the source tells."""
    from autotn.core.cut import tell_cut
    from autotn.core.names import Surroundings

    error = AutogradError(
        f"{what}: element of tensors does not require grad and does not have a grad_fn: "
        f"nothing that led to this {tuple(tensor._data.shape)} {tensor.dtype} tensor "
        "requires grad, or it was computed under tn.no_grad(), detached, or cast to integers"
    )
    if not state.grad:
        error.add_note("  recording is off right here, where backward is called")
    try:
        for sentence in tell_cut(Surroundings()):
            error.add_note(f"  {sentence}")
    except Exception as second:  # noqa: BLE001 - the first error is the one to be seen
        error.add_note(f"  (where the path was cut is not known: {second!r})")
    return error


@attach_method("backward")
def backward(
    self: Tensor,
    gradient: Tensor | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the gradient of this tensor to the ``.grad`` of every leaf it came from.

    Parameters
    ----------
    gradient : Tensor, optional
        The gradient of whatever follows with respect to this tensor, of its shape; may be left out
        for a tensor of one element.
    retain_graph : bool, optional
        Keep what the graph holds, so that backward can run again; by default as `create_graph`.
    create_graph : bool
        Record the backward pass too, so that gradients can be differentiated.
    inputs : sequence of Tensor, optional
        Accumulate only into these.

    >>> x = tn.tensor([1.0, 3.0], requires_grad=True)
    >>> (x**2).sum().backward()
    >>> x.grad
    tensor([2., 6.])
    """
    _backward([self], [gradient], retain_graph, create_graph, inputs, place_of(sys._getframe(1)))


def backward_of(
    tensors: Any,
    grad_tensors: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Any = None,
) -> None:
    """Add the sum of gradients of `tensors` to the ``.grad`` of the leaves.

    >>> x = tn.tensor(2.0, requires_grad=True)
    >>> tn.autograd.backward([x * 3, x * 4])
    >>> x.grad
    tensor(7.)
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    given = _as_list(grad_tensors, len(tensors), "backward", "grad_tensors")
    where = place_of(sys._getframe(1))
    _backward(tensors, given, retain_graph, create_graph, inputs, where)


def _backward(
    tensors: list[Tensor],
    given: list[Any],
    retain_graph: bool | None,
    create_graph: bool,
    inputs: Any,
    where: Place | None,
) -> None:
    """Accumulate in leaves what `tensors` and their gradients give, called at the user's line `where`."""
    as_tensors = create_graph or bool(HOT["SPECIAL"] and state.transforms)
    seeds = _seed_gradients("backward", tensors, given, as_tensors)
    targets = None
    if inputs is not None:
        chosen = [inputs] if isinstance(inputs, Tensor) else list(inputs)
        if not chosen:
            raise AutogradError("backward: inputs argument cannot be empty")
        targets = _targets("backward", chosen)
    keep = create_graph if retain_graph is None else retain_graph
    roots = [t._node for t in tensors]
    found = _run(roots, seeds, targets, create_graph, None if keep else Freed(where))
    if inputs is not None:
        for tensor in chosen:
            g = found.get(tensor._node)
            if g is None:
                continue
            if tensor._leaf is not None and tensor._node is tensor._leaf:
                _accumulate(tensor._leaf, g, create_graph)
            else:
                _keep_grad(tensor, g, create_graph)


def _as_list(given: Any, count: int, what: str, name: str) -> list[Any]:
    if given is None:
        return [None] * count
    listed = [given] if isinstance(given, (Tensor, np.ndarray)) else list(given)
    if len(listed) != count:
        raise AutogradError(f"{what}: {name} has {len(listed)} entries for {count} tensors")
    return listed


def _targets(what: str, inputs: Sequence[Tensor]) -> set[GraphNode]:
    targets: set[GraphNode] = set()
    for tensor in inputs:
        if not isinstance(tensor, Tensor):
            raise TypeError(f"{what}: inputs must be Tensors, got {type(tensor).__name__}")
        if tensor._node is None:
            raise AutogradError(f"{what}: One of the differentiated Tensors does not require grad")
        targets.add(tensor._node)
    return targets


def grad(
    outputs: Any,
    inputs: Any,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    only_inputs: bool = True,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Any, ...]:
    """The gradients of the sum of `outputs` with respect to `inputs`, as a tuple.

    Parameters
    ----------
    outputs, inputs : Tensor or sequence of Tensor
    grad_outputs : Tensor or sequence, optional
        The gradient each output starts with; may be left out for outputs of one element.
    retain_graph, create_graph
        As for `Tensor.backward`.
    only_inputs : bool
        Always True: the gradients of other leaves are not accumulated.
    allow_unused : bool, optional
        Give None for inputs that the outputs do not depend on, instead of raising.
    is_grads_batched : bool
        `grad_outputs` have a leading batch axis; so will the gradients.
    materialize_grads : bool
        Give zeros instead of None.

    >>> x = tn.tensor(3.0, requires_grad=True)
    >>> (g,) = tn.autograd.grad(x**3, x, create_graph=True)
    >>> tn.autograd.grad(g, x)
    (tensor(18.),)
    """
    outs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    ins = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if materialize_grads and allow_unused is False:
        raise ValueError(
            "grad: allow_unused must be True (or left out) when materialize_grads is True"
        )
    unused = materialize_grads if allow_unused is None else allow_unused
    if is_grads_batched:
        rows = _as_list(grad_outputs, len(outs), "grad", "grad_outputs")
        return batched_grad(outs, ins, rows, retain_graph, create_graph, unused, materialize_grads)
    given = _as_list(grad_outputs, len(outs), "grad", "grad_outputs")
    targets = _targets("grad", ins)
    seeds = _seed_gradients("grad", outs, given, create_graph or bool(state.transforms))
    keep = create_graph if retain_graph is None else retain_graph
    freed = None if keep else Freed(here())
    found = _run([t._node for t in outs], seeds, targets, create_graph, freed)
    result: list[Any] = []
    for k, tensor in enumerate(ins):
        g = found.get(tensor._node)
        if g is None and materialize_grads:
            result.append(wrap(np.zeros_like(tensor._data)))
            continue
        if g is None and not unused:
            raise AutogradError(
                f"grad: One of the differentiated Tensors (number {k}, {name_of(tensor)}, of shape "
                f"{tuple(tensor._data.shape)}) appears to not have been used in the graph. "
                "Set allow_unused=True if this is the desired behavior."
            )
        result.append(g if g is None or isinstance(g, Tensor) else wrap(g))
    return tuple(result)


def batched_grad(
    outs: list[Tensor],
    ins: list[Tensor],
    rows: list[Any],
    retain_graph: bool | None,
    create_graph: bool,
    unused: bool,
    materialize: bool,
) -> tuple[Any, ...]:
    """One backward per row of batched gradients; `autotn.autograd` puts one for all rows in its place."""
    count = len(next(r for r in rows if r is not None)._data)
    each = []
    for k in range(count):
        keep = True if k < count - 1 else retain_graph
        seeds = [None if r is None else r[k] for r in rows]
        each.append(grad(outs, ins, seeds, keep, create_graph, unused, False, materialize))
    stacked: list[Any] = []
    for column in zip(*each, strict=True):
        if column[0] is None:
            stacked.append(None)
            continue
        stacked.append(column[0]._stack_with(column[1:]))
    return tuple(stacked)


def _needed(roots: Sequence[GraphNode], targets: set[GraphNode]) -> tuple[set[GraphNode], bool]:
    """The nodes on a path from `roots` to `targets`, and whether there are no others."""
    oldest = min([t.seq for t in targets])
    seen = set(roots)
    stack = list(seen)
    complete = True
    while stack:
        node = stack.pop()
        parents = node.parents
        if not parents and node not in targets:
            complete = False
        for parent in parents:
            if parent is not None and parent not in seen:
                if parent.seq >= oldest:
                    seen.add(parent)
                    stack.append(parent)
                else:
                    complete = False
    if complete:
        return seen, True
    needed: set[GraphNode] = set()
    for node in sorted(seen, key=_age):  # parents first
        if node in targets or not needed.isdisjoint(node.parents):
            needed.add(node)
    return needed, False


_age = operator.attrgetter("seq")


def _run(
    roots: list[Any],
    seeds: list[Any],
    targets: set[GraphNode] | None,
    create_graph: bool,
    freed: Freed | None,
) -> dict[GraphNode, Any]:
    """Carry `seeds` from `roots` down the tape; with `targets`, only to them, and return what arrived."""
    before = state.grad
    special = HOT["SPECIAL"]
    top = state.transforms[-1] if special and state.transforms else None
    if top is not None and top.joint_tape:  # the tape is that of the level below
        seeds = [top.inside(s) if isinstance(s, Tensor) else s for s in seeds]
        with top.below():
            if not state.transforms and not create_graph:
                seeds = [s._data if isinstance(s, Tensor) else s for s in seeds]
            return _run(roots, seeds, targets, create_graph, freed)
    lower = None if top is None else top.lower_grad
    if top is not None and lower is None:
        top.lower_grad = before  # tapes of derivatives taken outside go on as they were
    plain = not create_graph
    if special:
        plain = plain and top is None and not state.anomaly
        plain = plain and state.recorder is None and state.watch is None
    try:
        if plain and targets is None:
            _walk_plain(roots, seeds, freed, None)
            return {}
        modes._set_grad(create_graph)
        on_tensors = create_graph or top is not None
        if targets is None:
            return _walk(roots, seeds, None, None, freed, on_tensors)
        needed, complete = _needed(roots, targets)
        if plain and complete and all(t.quiet for t in targets) and targets.isdisjoint(roots):
            return _walk_plain(roots, seeds, freed, targets)
        return _walk(roots, seeds, targets, needed, freed, on_tensors)
    except Exception as error:
        tell_backward(error, (_walk_plain.__code__, _walk.__code__))
        raise
    finally:
        modes._set_grad(before)
        if top is not None:
            top.lower_grad = lower


def _walk_plain(
    roots: list[Any], seeds: list[Any], freed: Freed | None, targets: set[GraphNode] | None
) -> dict[GraphNode, Any]:
    """`_walk` for the everyday backward into the leaves: the same steps, less to ask.

    Leaves without hooks stay out of the heap. When it is empty, they are accumulated; with
    `targets`, which are such leaves and all there are, what arrived is returned. Recording is
    switched off only before something runs that might record: a hook, or a rule that is not an op's
    own on arrays.
    """
    waiting: dict[Any, Any] = {}
    for root, seed in zip(roots, seeds, strict=True):
        earlier = waiting.get(root)
        waiting[root] = seed if earlier is None else earlier + seed
    heap = [(-root.seq, root) for root in waiting]
    if len(heap) > 1:
        heapq.heapify(heap)
    pop = heapq.heappop
    hot = HOT
    while heap:
        node = pop(heap)[1]
        g = waiting.pop(node)
        extra = node.extra
        if node.__class__ is not Node:
            modes._set_grad(False)
            if extra is not None:
                g = _pre_hooks(extra, g, False)
            if node.__class__ is Leaf:
                _accumulate(node, g, False)
            else:
                _gather(node, g, waiting, heap)
            continue
        if node.saved.__class__ is Freed:
            raise freed_error(node)
        if node.epoch != hot["EPOCH"]:
            check_unmodified(node)
        carry = node.op.carry
        if carry is not None and extra is None and node.post is None:
            carry(node, g, waiting, heap)
        else:
            modes._set_grad(False)
            if extra is not None:
                g = _complete_gradient(extra, g, False)
            grads = node.op.backward(node, g)
            if node.post is not None:
                grads = _posted(grads, node.post)
            if extra is not None and extra.hooks:
                grads = _node_hooks(extra, grads, g)
            for parent, x in zip(node.parents, grads, strict=True):
                if parent is None or x is None:
                    continue
                if x.__class__ is not np.ndarray:
                    x = x._data if isinstance(x, Tensor) else np.asarray(x)
                earlier = waiting.get(parent)
                if earlier is None:
                    waiting[parent] = x
                    if not parent.quiet:
                        heapq.heappush(heap, (-parent.seq, parent))
                else:
                    waiting[parent] = owned.total(earlier, x)
            del grads
        if freed is not None and node.saved:
            node.saved = freed
    if targets is not None:
        return waiting
    g = earlier = None
    # `owned.is_ours` of the usual gradient, asked here: the call would cost as much as all the rest.
    alone, references = owned.ONE_NAME_HERE, sys.getrefcount
    while waiting:
        leaf, x = waiting.popitem()
        ours = references(x) == alone if x.base is None else owned.is_ours(x)
        if ours and leaf.grad is None:
            leaf.grad = wrap(x)
        else:
            _accumulate(leaf, x, False)
    return waiting


def _posted(grads: Any, post: Any) -> list[Any]:
    return [x if p is None or x is None else p(x) for x, p in zip(grads, post, strict=True)]


def _complete_gradient(extra: Any, g: Any, create_graph: bool) -> Any:
    """Zeros for unused outputs, and the hooks that look at a gradient before it is used."""
    if extra.outputs is not None:
        g = _materialise(extra.outputs, g, create_graph)
    return _pre_hooks(extra, g, create_graph) if extra.pre_hooks else g


def _walk(
    roots: list[Any],
    seeds: list[Any],
    targets: set[GraphNode] | None,
    needed: set[GraphNode] | None,
    freed: Freed | None,
    create_graph: bool,
) -> dict[GraphNode, Any]:
    """The walk in full: any mode, and a stop at `targets`, by the nodes that are `needed`."""
    transformed, anomaly = bool(state.transforms), state.anomaly
    watch = None if transformed else state.watch  # it looks at values
    pull = _raw if not create_graph else _recorded_below if transformed else _recorded
    waiting: dict[Any, Any] = {}
    found: dict[GraphNode, Any] = {}
    heap: list[tuple[int, Any]] = []

    def send(parent: Any, x: Any) -> None:
        if parent is None or x is None or (needed is not None and parent not in needed):
            return
        if create_graph:
            x = x if isinstance(x, Tensor) else wrap(call.as_array(x))
        elif x.__class__ is not np.ndarray:
            x = x._data if isinstance(x, Tensor) else np.asarray(x)
        if parent in waiting:
            both = waiting[parent] + x
            waiting[parent] = both if create_graph else np.asarray(both)
        else:
            waiting[parent] = x
            heapq.heappush(heap, (-parent.seq, parent))

    recorder = state.recorder
    if recorder is not None:
        recorder.walk()
    for root, seed in zip(roots, seeds, strict=True):
        if recorder is not None:
            recorder.seed(root, seed)
        send(root, seed)
    while heap:
        _, node = heapq.heappop(heap)
        g = waiting.pop(node)
        extra = node.extra
        if extra is not None and not isinstance(node, Node):
            g = _pre_hooks(extra, g, create_graph)
        if needed is not None and node in targets and not isinstance(node, Node):  # type: ignore[operator]
            found[node] = g
            if recorder is not None:
                recorder.arrived(node, g)
            if not any(p in needed for p in node.parents):
                continue
        if isinstance(node, Leaf):
            if watch is not None:
                watch.gradient(node, g)
            if targets is None:
                if recorder is not None:
                    recorder.stored(node, g)
                _accumulate(node, g, create_graph)
            continue
        if isinstance(node, OutputNode):
            _gather(node, g, waiting, heap)
            continue
        if extra is not None:
            g = _complete_gradient(extra, g, create_graph)
        if needed is not None and node in targets:  # type: ignore[operator]
            found[node] = g
            if recorder is not None:
                recorder.arrived(node, g)
            if not any(p in needed for p in node.parents):
                continue
        if isinstance(node.saved, Freed):
            raise freed_error(node)
        if node.epoch != HOT["EPOCH"]:
            check_unmodified(node)
        if recorder is None:
            grads = pull(node, g)
        else:
            recorder.begin(node.op)
            grads = recorder.rule(node, g, pull, create_graph)
        if node.post is not None:
            grads = _posted(grads, node.post)
        if extra is not None and extra.hooks:
            grads = _node_hooks(extra, grads, g)
        if anomaly:
            _check_anomaly(node, grads)
        if watch is not None:
            watch.backward(node, g, grads)
        if recorder is not None:
            recorder.pulled(node, g, grads, waiting)
        if freed is not None and node.saved:
            node.saved = freed
        for parent, x in zip(node.parents, grads, strict=True):
            send(parent, x)
    return found


def _raw(node: Node, g: Any) -> Any:
    """Run a node's rule on arrays."""
    return node.op.backward(node, g)


def _recorded(node: Node, g: Any) -> Any:
    """Run a node's rule on Tensors."""
    op = node.op
    if op.__class__ is Op and op.recorded is not None and op.reference_function is None:
        return op.recorded(node, g)
    own = getattr(op, "recorded_backward", None)
    return call.recorded_backward(op, node, g) if own is None else own(node, g)


def _recorded_below(node: Node, g: Any) -> Any:
    """`_recorded` under a function transform, which sees to it in its own way."""
    return state.transforms[-1].pulled(lambda g: _recorded(node, g), g)


def _gather(node: OutputNode, g: Any, waiting: dict[Any, Any], heap: list[tuple[int, Any]]) -> None:
    """Put the gradient of one output into its place among all outputs of the node that made it."""
    parent = node.parents[0]
    parts = waiting.get(parent)
    if parts is None:
        parts = waiting[parent] = [None] * len(parent.extra.outputs)
        heapq.heappush(heap, (-parent.seq, parent))
    parts[node.slot] = g if parts[node.slot] is None else parts[node.slot] + g


def _materialise(outputs: Any, parts: Any, create_graph: bool) -> tuple[Any, ...]:
    """Zeros for the outputs nobody used; None for those that can't be differentiated."""
    complete = []
    for (shape, dtype), g in zip(outputs, parts, strict=True):
        if g is None and dtype is not None:
            zeros = np.zeros(shape, dtype)
            g = wrap(zeros) if create_graph else zeros
        complete.append(g)
    return tuple(complete)


def _accumulate(leaf: Leaf, g: Any, create_graph: bool) -> None:
    """Add `g` to the leaf's ``.grad``, in place where that is the engine's own array."""
    if not leaf.collects:
        return
    present = leaf.grad
    if create_graph:
        leaf.grad = g if present is None else present + g
    elif present is None:
        leaf.grad = wrap((g._data if isinstance(g, Tensor) else g).copy())
    elif present._node is None and present._data.flags.writeable:
        np.add(present._data, g._data if isinstance(g, Tensor) else g, out=present._data)
        if present._storage is not None:
            from autotn.core.storage import mark_written

            mark_written(present)
    else:
        leaf.grad = present + (g if isinstance(g, Tensor) else wrap(g))
    if leaf.post_hooks:
        tensor = leaf.variable
        if tensor is not None:
            for hook in list(leaf.post_hooks.values()):
                if hook(tensor) is not None:
                    raise AutogradError("a post accumulate grad hook must return None")


def _keep_grad(tensor: Tensor, g: Any, create_graph: bool) -> None:
    """Store a non-leaf's gradient: `retain_grad`, or ``backward(inputs=…)``."""
    if tensor._leaf is None:
        tensor._leaf = Leaf(tensor)
    _accumulate(tensor._leaf, g, create_graph)


def _pre_hooks(extra: Any, g: Any, create_graph: bool) -> Any:
    """Show a gradient to the hooks of its tensor; what they return replaces it."""
    if not extra.pre_hooks:
        return g
    for hook in list(extra.pre_hooks.values()):
        shown: Any = g if isinstance(g, (Tensor, tuple)) else wrap(g)
        result = hook(shown)
        if result is None:
            continue
        if not isinstance(result, Tensor):
            raise TypeError(f"a hook must return a Tensor or None, got {type(result).__name__}")
        if result._data.shape != shown._data.shape:
            raise AutogradError(
                f"hook '{getattr(hook, '__name__', hook)}' has changed the size of value: "
                f"{tuple(shown._data.shape)} became {tuple(result._data.shape)}"
            )
        g = result if create_graph else result._data
    return g


def _node_hooks(extra: Any, grads: Any, g: Any) -> Any:
    """Call a node's own hooks with ``(grad_inputs, grad_outputs)``."""

    def shown(values: Any) -> tuple[Any, ...]:
        listed = values if isinstance(values, (tuple, list)) else (values,)
        return tuple(
            x if x is None or isinstance(x, Tensor) else wrap(np.asarray(x)) for x in listed
        )

    for hook in list(extra.hooks.values()):
        result = hook(shown(grads), shown(g))
        if result is not None:
            grads = result if isinstance(result, tuple) else (result,)
    return grads


# -- checks ------------------------------------------------------------------------------------------


def _check_anomaly(node: Node, grads: Any) -> None:
    """Under `detect_anomaly`: no gradient may be NaN."""
    if not state.check_nan:
        return
    names = [i.name for i in getattr(node.op, "inputs", ())]
    for k, g in enumerate(grads):
        if g is None:
            continue
        array = g._data if isinstance(g, Tensor) else np.asarray(g)
        if array.dtype.kind not in "fc":
            continue
        bad = np.isnan(array)
        if bad.any():
            name = names[k] if k < len(names) else f"input {k}"
            found = line_of(node.where)
            place = "" if found is None else f' File "{found[0]}", line {found[1]}: {found[2]}'
            raise RuntimeError(
                f"{node.op.name} returned nan in the gradient of {name!r} ({_which(bad)}); the forward call "
                f"was at {describe_line(node.where)}.{place}"
            )


def _which(bad: np.ndarray[Any, Any]) -> str:
    """How many elements are bad, and the first of them."""
    if is_traced(bad):
        return f"among {bad.size} elements of an example under a transform"
    first = tuple(int(n) for n in np.argwhere(bad)[0])
    return f"{int(bad.sum())} of {bad.size} elements, first at index {first}"
