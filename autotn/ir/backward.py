"""The steps of backward, as the engine reports them: what was sent where, and what the sums became."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from autotn.core.node import Freed, Node, OutputNode
from autotn.core.tensor import Tensor
from autotn.ir.formulas import acts_on_each_element
from autotn.ir.graph import Flow, Step, Update
from autotn.ir.readings import Reading, short

if TYPE_CHECKING:
    from autotn.ir.recorder import Recorder


def array_of(g: Any) -> Any:
    """A gradient as an array, whichever pass it comes from; None stays None."""
    return g._data if isinstance(g, Tensor) else None if g is None else np.asarray(g)


class BackwardLog:
    """Writes the steps of backward into the recorder's graph."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.graph = recorder.graph
        self.runs = 0
        #: True while a pass is itself recorded (``create_graph``).
        self.recorded = 0
        self._walking: Any = None
        self._local: list[Any] = []

    def _reading(self, g: Any, histogram: bool = False) -> Reading | None:
        return None if g is None else self.recorder.reading(array_of(g), histogram)

    def _step(self, kind: str, **fields: Any) -> Step:
        before = len(self.graph.calls)
        made = Step(len(self.graph.steps), kind, max(self.runs - 1, 0), before, **fields)
        self.graph.steps.append(made)
        return made

    def see(self, value: int | None, g: Any) -> None:
        """Note the gradient of a value, now that all that is to come has come."""
        if value is None or g is None:
            return
        gradient = self.graph.values[value].gradient
        gradient.reading = self._reading(g, histogram=True)
        a = array_of(g)
        if self.graph.values[value].shape is None:  # read from the tape, which need not keep it
            self.graph.values[value].shape = tuple(a.shape)
        gradient.state = "computed" if a.size == 0 or np.any(a) else "zero"

    def _number(self, node: Any) -> int | None:
        from autotn.ir import tape

        found = self.recorder.of_node(node)
        return tape.adopt(self.recorder, node) if found is None else found

    # -- what the engine says ---------------------------------------------------------------------

    def begin(self) -> None:
        """A backward begins."""
        if not self.recorder.deaf:
            self.runs += 1

    def seed(self, node: Any, g: Any) -> None:
        """The backward begins at `node` with `g`."""
        if not self.recorder.deaf:
            self._step("seed", value=self._number(node), upstream=[self._reading(g)])

    def rule(self, node: Any, g: Any, run: Any, recorded: bool) -> Any:
        """Run a rule; what it calls is listened to only when the pass is recorded."""
        recorder = self.recorder
        if recorder.deaf:
            return run(node, g)
        if recorded:
            self.recorded += 1
        else:
            recorder.muted += 1
        try:
            self._local = [] if recorded else self._local_derivatives(node, g)
            return run(node, g)
        finally:
            if recorded:
                self.recorded -= 1
            else:
                recorder.muted -= 1

    def _local_derivatives(self, node: Node, g: Any) -> list[Any]:
        """What the rule makes of ones: the derivative, where each element stands for itself."""
        if self.recorder.values == "none" or not acts_on_each_element(node.op.name):
            return []
        if not isinstance(g, np.ndarray) or isinstance(node.saved, Freed):
            return []
        with np.errstate(all="ignore"):
            return list(node.op.backward(node, np.ones_like(g)))

    def pulled(self, node: Any, g: Any, grads: Any, waiting: Any) -> None:
        """The rule of `node` turned `g` into `grads`; `waiting` has what arrived before."""
        if self.recorder.deaf:
            return
        seconds = self.recorder.ended(node.op)
        self._number(node)
        call = self.recorder.call_of.get(node)
        upstream = g if isinstance(g, tuple) else (g,)
        outputs = self.recorder.made.get(node, [])
        for value, x in zip(outputs, upstream, strict=False):
            self.see(value if value >= 0 else None, x)
        step = self._step("pull", upstream=[self._reading(x) for x in upstream])
        step.seconds = seconds
        if call is None:
            return
        step.call = call.id
        call.backward_seconds += seconds
        places = _places(node, call.inputs, self)
        sums: dict[Any, Any] = {}
        for k, (parent, x) in enumerate(zip(node.parents, grads, strict=True)):
            if parent is None or x is None:
                continue
            target = self._number(parent)
            if target is None:
                continue
            before = sums.get(parent, _waiting_for(parent, waiting))
            product = array_of(x)
            sums[parent] = product if before is None else before + product
            local = array_of(self._local[k]) if k < len(self._local) else None
            step.flows.append(
                Flow(
                    value=target,
                    place=places[k],
                    product=self._reading(product),
                    before=self._reading(before),
                    after=self._reading(sums[parent]),
                    local=self._reading(local),
                )
            )

    def stored(self, leaf: Any, g: Any) -> None:
        """`g` is about to be added to the leaf's ``.grad``."""
        if self.recorder.deaf:
            return
        value = self._number(leaf)
        present = None if leaf.grad is None else leaf.grad._data
        total = array_of(g) if present is None else present + array_of(g)
        self._step(
            "store",
            value=value,
            upstream=[self._reading(g)],
            before=self._reading(present),
            after=self._reading(total),
        )
        self.see(value, total)

    def arrived(self, node: Any, g: Any) -> None:
        """A gradient that was asked for by `grad` arrived."""
        if not self.recorder.deaf and not isinstance(g, tuple):
            value = self._number(node)
            self.see(value, g)
            self._step("store", value=value, upstream=[self._reading(g)], after=self._reading(g))

    # -- optimizers -------------------------------------------------------------------------------

    def before_step(self, optimizer: Any) -> list[tuple[Any, Any, float | None]]:
        """Copies of the parameters that will change."""
        return [
            (p, p._data.copy(), _number(group.get("lr")))
            for group in optimizer.param_groups
            for p in group["params"]
        ]

    def after_step(self, optimizer: Any, before: list[tuple[Any, Any, float | None]]) -> None:
        """Note how far each parameter moved."""
        for p, old, lr in before:
            if p.grad is None and np.array_equal(p._data, old, equal_nan=True):
                continue
            value = self.graph.values[self.recorder.number(p)]
            was, now, moved = (_norm(a) for a in (old, p._data, p._data - old))
            value.update = Update(
                type(optimizer).__name__,
                lr,
                was,
                now,
                moved,
                short(moved / was) if was else None,
            )

    def finish(self) -> None:
        """Leaves that somebody else's backward filled."""
        for leaf, numbers in list(self.recorder.made.items()):
            gradient = self.graph.values[numbers[0]].gradient
            grad = getattr(leaf, "grad", None)
            if gradient.state == "not computed" and isinstance(grad, Tensor):
                self.see(numbers[0], grad)


def _waiting_for(parent: Any, waiting: Any) -> Any:
    """What arrived at a node before; for one of several outputs it waits among those of its node."""
    found = waiting.get(parent)
    if found is None and parent.__class__ is OutputNode:
        parts = waiting.get(parent.parents[0])
        found = None if parts is None else parts[parent.slot]
    return array_of(found)


def _places(node: Any, inputs: list[int], log: BackwardLog) -> list[int]:
    """For each parent of a node its place among the call's inputs.

    Parents without history have no value that is known by its node; those left are matched in order.
    """
    if len(node.parents) == len(inputs):
        return list(range(len(inputs)))
    places = []
    start = 0
    for parent in node.parents:
        value = None if parent is None else log.recorder.of_node(parent)
        place = next((k for k in range(start, len(inputs)) if inputs[k] == value), -1)
        places.append(place)
        start = place + 1 if place >= 0 else start
    return places


def _number(lr: Any) -> float | None:
    return None if lr is None else short(float(lr))


def _norm(a: Any) -> float:
    x = np.asarray(a).ravel()
    x = np.abs(x) if x.dtype.kind == "c" else x
    x = x.astype(np.float64)
    return short(float(np.sqrt(np.dot(x, x))))
