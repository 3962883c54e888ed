"""What listens to a run: it numbers the tensors it hears of and writes down calls and steps of backward.

A tensor is known by the node that made it, else by its array: aliases share an array, and weak references
tell a live array from another one at the same place, so nothing is kept alive by being listened to.
"""

from __future__ import annotations

import sys
import weakref
from time import perf_counter
from types import FrameType
from typing import Any

import numpy as np

from autotn.core.listening import Listener
from autotn.core.modes import state
from autotn.core.node import Freed, Leaf, Node, OutputNode, user_frame
from autotn.core.tensor import Tensor, is_differentiable
from autotn.ir import backward, tape
from autotn.ir.costs import flops_of
from autotn.ir.graph import Call, Graph, Part, Saved, Value
from autotn.ir.names import assigned_names, place_of, variables
from autotn.ir.outermost import Outermost
from autotn.ir.readings import Reading, measure, plain

#: Arrays up to this many elements are written out among the static arguments.
_SHOWN = 8
#: Values of later calls are not measured: a run this long is looked at from afar.
MEASURED = 20_000


class Recorder(Listener):
    """Writes one run into a `Graph`."""

    def __init__(self, graph: Graph, values: str = "small") -> None:
        if values not in ("none", "small", "all"):
            raise ValueError(f"graph: values={values!r}; expected 'none', 'small' or 'all'")
        self.graph = graph
        self.values = values
        #: The values that a node's outputs are; one for a leaf.
        self.made: weakref.WeakKeyDictionary[Any, list[int]] = weakref.WeakKeyDictionary()
        self.call_of: weakref.WeakKeyDictionary[Any, Call] = weakref.WeakKeyDictionary()
        self.arrays: dict[int, tuple[weakref.ref[Any], int, int]] = {}
        self.names: dict[int, tuple[str, str]] = {}
        self.modules: dict[int, tuple[str, Any]] = {}
        self.visits: dict[int, int] = {}
        self.outermost = Outermost()
        self._read: dict[int, Any] = {}
        self.running: list[tuple[Any, int]] = []
        self.muted = 0
        self.backward = backward.BackwardLog(self)
        self._begun: list[tuple[Any, float]] = []
        self.error: BaseException | None = None
        self._pending: tuple[FrameType, int, list[tuple[str, int, Any]]] | None = None

    # -- tensors ----------------------------------------------------------------------------------

    def reading(self, array: Any, histogram: bool = True) -> Reading | None:
        """The figures of an array, unless they were not asked for or there are too many already."""
        if self.values == "none" or len(self.graph.calls) > MEASURED:
            return None
        return measure(array, histogram, self.values == "all")

    def know(self, tensor: Tensor, kind: str, name: str = "") -> int:
        """Give a tensor a number."""
        a = tensor._data
        needs = tensor.requires_grad and is_differentiable(tensor)
        value = Value(
            id=len(self.graph.values),
            kind=kind,
            shape=tuple(a.shape),
            dtype=tensor.dtype.name,
            name=name,
            bytes=a.nbytes,
            requires_grad=needs,
            is_leaf=tensor.is_leaf,
            reading=self.reading(a),
        )
        value.gradient.state = "not computed" if needs else "not needed"
        self.graph.values.append(value)
        self._remember(tensor, value.id)
        return value.id

    def _remember(self, tensor: Tensor, number: int) -> None:
        array = tensor._data
        self.arrays[id(array)] = (weakref.ref(array), tensor._version, number)
        node = tensor._node
        if node is None:
            return
        if node.__class__ is OutputNode:
            slots = self.made.setdefault(node.parents[0], [])
            slots += [-1] * (node.slot + 1 - len(slots))
            slots[node.slot] = number
        else:
            self.made[node] = [number]

    def of_node(self, node: Any) -> int | None:
        """The value a node stands for."""
        if node is None:
            return None
        slot = 0
        if node.__class__ is OutputNode:
            node, slot = node.parents[0], node.slot
        found = self.made.get(node)
        return None if found is None or slot >= len(found) or found[slot] < 0 else found[slot]

    def of_array(self, array: Any) -> int | None:
        """The value an array is known as, if it is the same array and not a later one at its place."""
        known = self.arrays.get(id(array))
        return None if known is None or known[0]() is not array else known[2]

    def number(self, tensor: Tensor) -> int:
        """The number of a tensor; a new one for a parameter, a constant or what was written meanwhile."""
        node = tensor._node
        found = self.of_node(node)
        if found is not None:
            return found
        array = tensor._data
        known = self.arrays.get(id(array))
        if known is not None and known[0]() is array:
            _, version, number = known
            kept = self.graph.values[number].kind in ("parameter", "buffer")
            if isinstance(node, Leaf):
                self.made[node] = [number]
                return number
            if node is None and (version == tensor._version or kept):
                return number
            if node is None:
                return self._rewritten(tensor, number)
        if node is not None and not isinstance(node, Leaf):
            return tape.adopt(self, node, tensor)
        kind, name = self._called(tensor)
        return self.know(tensor, kind, name)

    def _called(self, tensor: Tensor) -> tuple[str, str]:
        """Kind and name of a tensor from outside: what modules, else the user's variables, call it."""
        found = self.names.get(id(tensor)) or self.names.get(id(tensor._data))
        if found is None:
            known = list(variables(self._frame()))
            self.learn_variables(dict(known))
            name = next((n for n, v in known if v is tensor), "")
            kind = "parameter" if tensor.requires_grad else "constant"
            found = self.names.get(id(tensor), (kind, name))
        return found

    def learn_variables(self, known: dict[str, Any]) -> None:
        """Remember what the modules in variables call their parameters, by variable and path."""
        modules = {
            name: m
            for name, m in known.items()
            if hasattr(
                type(m), "named_parameters"
            )  # of the type: a package would look for a similar name
        }
        alone = len({id(m) for m in modules.values()}) == 1
        for name, module in modules.items():
            if id(module) in self.modules or id(module) in self._read:
                continue
            self._read[id(module)] = module
            for what, found in (
                ("parameter", module.named_parameters()),
                ("buffer", module.named_buffers()),
            ):
                for path, tensor in found:
                    self.names.setdefault(id(tensor), (what, path if alone else f"{name}.{path}"))

    def _rewritten(self, tensor: Tensor, before: int) -> int:
        """A new value for memory that was written by something that is no op."""
        view = tensor._view
        source = before if view is None else self.number(view.base)
        after = self.know(tensor, "result", self.graph.values[before].name)
        self._append("write" if view is None else "view", [source], [after], ["input"])
        return after

    def learn(self, module: Any, prefix: str) -> None:
        """Remember what a module calls its parameters, buffers and modules."""
        if id(module) in self.modules:
            return
        owned: set[int] = set()
        for path, inner in module.named_modules():
            full = f"{prefix}.{path}".strip(".") if prefix or path else ""
            if id(inner) in self.modules:
                continue
            self.modules[id(inner)] = (full, inner)
            own = list(inner.parameters(recurse=False))
            self.graph.parts.append(
                Part(
                    full,
                    type(inner).__name__,
                    sum(p._data.size for p in own),
                    sum(p._data.size for p in own if p.requires_grad),
                    sum(p._data.size for p in own if id(p) in owned),
                    detail=inner.extra_repr(),
                )
            )
            owned.update(id(p) for p in own)
        for what, found in (
            ("parameter", module.named_parameters()),
            ("buffer", module.named_buffers()),
        ):
            for name, tensor in found:
                known = (what, f"{prefix}.{name}".strip("."))
                self.names.setdefault(id(tensor), known)
                self.names.setdefault(id(tensor._data), known)  # for detached aliases of it

    # -- calls ------------------------------------------------------------------------------------

    def call(self, op: Any, args: tuple[Any, ...], result: Any) -> None:
        """One op ran."""
        if self.muted:
            return
        seconds = self.ended(op)
        self._enter()
        inputs, roles, static, cut = self._arguments(op, args)
        results = result if isinstance(result, (tuple, list)) else (result,)
        tensors = [t for t in results if isinstance(t, Tensor)]
        outputs = [self.know(t, "result") for t in tensors]
        made = self._append(op.name, inputs, outputs, roles, static)
        made.detached = cut
        made.seconds = seconds
        made.flops = flops_of(op.name, [np.shape(a) for a in _flat(op, args)], tensors)
        for t, v in zip(tensors, outputs, strict=True):
            if t._view is not None:
                self.graph.values[v].view_of = self.of_array(t._view.base._data)
            else:
                made.bytes += t._data.nbytes
        node = next((t._node for t in tensors if t._node is not None), None)
        if node is not None:
            self._note_saved(made, node.parents[0] if node.__class__ is OutputNode else node)
        self._name(made, tensors)

    def failed(self, op: Any, args: tuple[Any, ...], error: BaseException) -> None:
        """An op raised; the run may still catch it."""
        if self.muted:
            return
        self._enter()
        inputs, roles, static, _ = self._arguments(op, args)
        self._append(op.name, inputs, [], roles, static).failed = True
        self.error = error

    def function(
        self, name: str, tensors: list[Tensor], outputs: list[Any], seconds: float
    ) -> None:
        """A user's own `Function` ran."""
        if self.muted:
            return
        self._enter()
        inputs = [self.number(t) for t in tensors]
        kept = [t for t in outputs if isinstance(t, Tensor)]
        results = [self.know(t, "result") for t in kept]
        made = self._append(name, inputs, results, [f"input{k}" for k in range(len(inputs))])
        made.seconds = seconds
        made.bytes = sum(t._data.nbytes for t in kept)
        node = next((t._node for t in kept if t._node is not None), None)
        if node is not None:
            self.call_of[node.parents[0] if node.__class__ is OutputNode else node] = made
        self._name(made, kept)

    def wrote(self, target: Tensor, result: Tensor) -> None:
        """`result` was copied into `target`, whose base and views changed with it."""
        if self.muted:
            return
        found = self.of_array(result._data)
        written = self.know(result, "constant") if found is None else found
        view = target._view
        if view is None:
            if target._node is result._node:
                self._remember(target, written)
            return  # else written under no_grad: its history, and what a gradient belongs to, stay
        base, node = view.base, view.base._node
        if node is not None and self.of_node(node) is not None:
            # The replay of the views asked for the base already, and read its new node from the tape.
            made = self.call_of.get(node)
            if made is not None and made.op == "assign_view" and len(made.inputs) == 1:
                made.inputs.append(written)
                made.roles.append("value")
            return
        before = self.of_array(base._data)
        first = self.know(base, "constant") if before is None else before
        after = self.know(base, "result", self.graph.values[first].name)
        made = self._append("assign_view", [first, written], [after], ["input", "value"])
        if isinstance(node, Node):
            self._note_saved(made, node)

    def _arguments(
        self, op: Any, args: tuple[Any, ...]
    ) -> tuple[list[int], list[str], dict[str, str], list[int]]:
        inputs: list[int] = []
        roles: list[str] = []
        static: dict[str, str] = {}
        cut: list[int] = []
        for name, value in zip(op.parameters, args, strict=True):
            found = self._found(value)
            for n, (t, number) in enumerate(found):
                if t is not None and t._node is None and self.graph.values[number].requires_grad:
                    cut.append(len(inputs))
                inputs.append(number)
                roles.append(name if len(found) == 1 else f"{name}[{n}]")
            if not found and value is not None:
                static[name] = describe(value)
        return inputs, roles, static, cut

    def _found(self, value: Any) -> list[tuple[Tensor | None, int]]:
        """The tensors in an argument, and the arrays of known ones: an index is unwrapped before its op."""
        if isinstance(value, Tensor):
            return [(value, self.number(value))]
        if isinstance(value, np.ndarray):
            number = self.of_array(value)
            return [] if number is None else [(None, number)]
        if isinstance(value, (list, tuple)):
            return [one for v in value for one in self._found(v)]
        return []

    def _append(
        self,
        op: str,
        inputs: list[int],
        outputs: list[int],
        roles: list[str],
        static: dict[str, str] | None = None,
    ) -> Call:
        frame = self._frame()
        place = ("", 0, 0, "") if frame is None else place_of(frame.f_code, frame.f_lasti)
        file, line, column, text = place
        made = Call(
            id=len(self.graph.calls),
            op=op,
            inputs=inputs,
            outputs=outputs,
            roles=roles,
            static=static or {},
            scope=[name for name, _ in state.scope],
            classes=[type(module).__name__ for _, module in state.scope],
            visits=[visit for _, visit in self.running],
            file=file,
            line=line,
            column=column,
            text=text,
            phase="backward" if self.backward.recorded else "forward",
        )
        self.graph.calls.append(made)
        return made

    def _note_saved(self, made: Call, node: Any) -> None:
        """Write down what a node keeps for backward."""
        self.call_of[node] = made
        if isinstance(node.saved, Freed):
            return
        for name, kept in zip(getattr(node.op, "saved_names", ()), node.saved, strict=False):
            for one in kept if isinstance(kept, (list, tuple)) else (kept,):
                if isinstance(one, Tensor):
                    made.saved.append(Saved(name, one._data.nbytes, self.number(one)))
                elif isinstance(one, np.ndarray):
                    value = self.of_array(one)
                    made.saved.append(Saved(name, one.nbytes, value))
                    made.bytes += one.nbytes if value is None else 0

    # -- where in the code and in the modules ------------------------------------------------------

    def _frame(self) -> FrameType | None:
        return user_frame(sys._getframe(1))

    @property
    def deaf(self) -> bool:
        """True inside a rule, and under a transform: a gradient there stands for many."""
        return bool(self.muted or state.transforms)

    def walk(self) -> None:
        """A backward begins."""
        self.backward.begin()

    def begin(self, op: Any) -> None:
        """An op or a rule is about to run."""
        if not self.muted:
            self._begun.append((op, perf_counter()))

    def ended(self, op: Any) -> float:
        """The seconds since `op` began; what began inside it and raised is forgotten."""
        now = perf_counter()
        while self._begun:
            begun, start = self._begun.pop()
            if begun is op:
                return now - start
        return 0.0

    def module_begins(self) -> None:
        """A module began to run."""
        if not self.muted:
            self._enter()

    def _enter(self) -> None:
        """Count the calls of the modules that are running."""
        scope = state.scope
        for name, module in scope[:1]:
            self.learn(module, name)
            self.outermost.meet(module, len(self.graph.calls))
        depth = 0
        while depth < min(len(scope), len(self.running)):
            if self.running[depth][0] is not scope[depth]:
                break
            depth += 1
        del self.running[depth:]
        for entry in scope[depth:]:
            module = entry[1]
            visit = self.visits[id(module)] = self.visits.get(id(module), -1) + 1
            self.running.append((entry, visit))

    def _name(self, made: Call, tensors: list[Tensor]) -> None:
        """Give results the names of the variables that they are assigned to."""
        frame = self._frame()
        if frame is None:
            return
        pending = self._pending
        if pending is not None and pending[0] is frame and pending[1] == frame.f_lasti:
            # The same place again: another op of the same call, unless the first was assigned by now.
            for name, number, reference in pending[2]:
                if frame.f_locals.get(name) is not reference():
                    self.graph.values[number].name = ""
        found = assigned_names(frame.f_code, frame.f_lasti)
        given = []
        if len(found) == len(tensors):
            for name, t, number in zip(found, tensors, made.outputs, strict=True):
                self.graph.values[number].name = name
                given.append((name, number, weakref.ref(t)))
        self._pending = (frame, frame.f_lasti, given)
        self.name_variables(frame.f_locals)

    def name_variables(self, found: Any) -> None:
        """Name the values that variables hold and that have no name yet."""
        for name, t in list(found.items()):
            if isinstance(t, Tensor) and not name.startswith("_"):
                node = t._node
                number = self.of_node(node)
                if number is None:
                    number = self.of_array(t._data)
                if number is not None and not self.graph.values[number].name:
                    self.graph.values[number].name = name

    # -- the end ----------------------------------------------------------------------------------

    def finish(self) -> None:
        """Note what is known only when the run is over."""
        self._pending = None
        for part, (_, module) in zip(self.graph.parts, self.modules.values(), strict=True):
            part.visits = self.visits.get(id(module), -1) + 1
        alive = {made.id: node for node, made in self.call_of.items()}
        for made in self.graph.calls:
            node = alive.get(made.id)
            if made.saved and (node is None or isinstance(node.saved, Freed)):
                for kept in made.saved:
                    kept.freed = True
        self.backward.finish()
        self.outermost.give_names(self)
        if any(v.shape is None for v in self.graph.values):
            tape.infer_shapes(self.graph)
        if len(self.graph.calls) > MEASURED and self.values != "none":
            self.graph.notes.append(
                f"{len(self.graph.calls):,} calls: values after the first {MEASURED:,}, and gradients "
                "after them, were not measured"
            )

    # -- backward: see BackwardLog ----------------------------------------------------------------

    def seed(self, node: Any, g: Any) -> None:
        """A backward begins at `node`."""
        self.backward.seed(node, g)

    def rule(self, node: Any, g: Any, run: Any, recorded: bool) -> Any:
        """Run a rule and listen to nothing meanwhile, unless the pass is recorded itself."""
        return self.backward.rule(node, g, run, recorded)

    def pulled(self, node: Any, g: Any, grads: Any, waiting: Any) -> None:
        """A rule ran, and what it gave is sent on."""
        self.backward.pulled(node, g, grads, waiting)

    def stored(self, leaf: Any, g: Any) -> None:
        """A gradient is about to be added to a leaf's."""
        self.backward.stored(leaf, g)

    def arrived(self, node: Any, g: Any) -> None:
        """A gradient that was asked for arrived."""
        self.backward.arrived(node, g)

    def before_step(self, optimizer: Any) -> Any:
        """An optimizer is about to change its parameters."""
        return self.backward.before_step(optimizer)

    def after_step(self, optimizer: Any, before: Any) -> None:
        """It has."""
        self.backward.after_step(optimizer, before)


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in _tensors(v)]
    return []


def _flat(op: Any, args: tuple[Any, ...]) -> list[Any]:
    """The arrays of the differentiable inputs."""
    return [t._data for i in op.inputs for t in _tensors(args[i.index])]


def describe(value: Any) -> str:
    """A static argument as short text, the same in every run."""
    if isinstance(value, np.ndarray):
        return str(plain(value)) if value.size <= _SHOWN else f"array{list(value.shape)}"
    if isinstance(value, (list, tuple)) and any(isinstance(v, np.ndarray) for v in value):
        return ", ".join(describe(v) for v in value)
    unreadable: Any = object.__repr__
    if callable(value) or type(value).__repr__ is unreadable:
        return getattr(value, "__name__", type(value).__name__)
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
