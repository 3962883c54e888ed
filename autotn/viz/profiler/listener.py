"""What one thread did while it was profiled: an `Event` per op, forward and backward apart, and per optimizer step.

Times are of the op alone: kernel, wrapping and the tape for a forward op, the gradient rule for a
backward one. Ops that ran inside another (a rule under ``create_graph``) are taken out of its own time,
and so is the listener's own work.
"""

from __future__ import annotations

import sys
import threading
import weakref
from dataclasses import dataclass
from time import perf_counter_ns
from types import CodeType, SimpleNamespace
from typing import Any

import numpy as np

from autotn.core import listening
from autotn.core.modes import state
from autotn.core.node import OutputNode, user_frame
from autotn.core.tensor import Tensor

Place = tuple[CodeType, int]
#: The modules around an op, outermost first: a fresh (name, module) pair for each call of a module.
Scope = tuple[tuple[str, Any], ...]


@dataclass(slots=True)
class Event:
    """One op that ran; times in nanoseconds, sizes in bytes."""

    op: str
    phase: str  # "forward", "backward" or "optimizer"
    start: int
    duration: int
    own: int
    allocated: int
    live: int
    scope: Scope
    where: Place | None


class Memory:
    """The arrays that ops made and that are still alive, in all threads of one profile."""

    def __init__(self) -> None:
        self.live = 0
        self.peak = 0
        self._known: dict[int, Any] = {}
        self._lock = threading.RLock()  # an array may die, and report it, while another is noted

    def note(self, array: Any) -> int:
        """Count the memory behind an array, once; returns the bytes that are new."""
        return self._know(array, True)

    def know(self, array: Any) -> None:
        """An array that was there before: it is not counted when an op hands it on."""
        self._know(array, False)

    def _know(self, array: Any, new: bool) -> int:
        owner = array
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        key, size = id(owner), owner.nbytes if new else 0
        if key in self._known:
            return 0

        def gone(_: Any) -> None:
            with self._lock:
                self._known.pop(key, None)
                self.live -= size

        with self._lock:
            self._known[key] = weakref.ref(owner, gone)
            self.live += size
            self.peak = max(self.peak, self.live)
        return int(size)


class Listener(listening.Listener):
    """Stands at the door of the ops of one thread; whoever listened before goes on listening."""

    def __init__(self, memory: Memory, outer: Any) -> None:
        self.memory = memory
        self.outer: Any = outer or listening.Listener()
        self.events: list[Event] = []
        self.regions: list[Event] = []
        self.entered = perf_counter_ns()
        self.left = 0
        self.overhead = 0
        self._running: list[list[Any]] = []  # op, start, time of the ops inside it
        self._origin: dict[int, tuple[Scope, Place | None]] = {}

    def begin(self, op: Any) -> None:
        """An op is about to run."""
        self.outer.begin(op)
        self._running.append([op, perf_counter_ns(), 0])

    def call(self, op: Any, args: tuple[Any, ...], result: Any) -> None:
        """A forward op ran."""
        now = perf_counter_ns()
        frame = user_frame(sys._getframe(1))
        where = None if frame is None else (frame.f_code, frame.f_lasti)
        self._know(args)
        results = result if isinstance(result, (list, tuple)) else (result,)
        allocated = self._results(results, where)
        self.outer.call(op, args, result)
        self._end(op, "forward", now, allocated, state.scope, where)

    def _know(self, args: Any) -> None:
        for one in args:
            for t in one if isinstance(one, (list, tuple)) else (one,):
                if isinstance(t, Tensor):
                    self.memory.know(t._data)

    def _results(self, results: Any, where: Place | None) -> int:
        """Count what was allocated, and remember where the nodes of the results come from."""
        allocated = 0
        for t in results:
            if isinstance(t, Tensor):
                allocated += self.memory.note(t._data)
                node = t._node
                node = node.parents[0] if isinstance(node, OutputNode) else node
                if node is not None:
                    self._origin.setdefault(node.seq, (state.scope, where))
        return allocated

    def function(self, name: str, tensors: list[Any], outputs: list[Any], seconds: float) -> None:
        """A user's own `Function` ran: one event, whatever it called inside."""
        now = perf_counter_ns()
        frame = user_frame(sys._getframe(1))
        where = None if frame is None else (frame.f_code, frame.f_lasti)
        self._know(tensors)
        allocated = self._results(outputs, where)
        self.outer.function(name, tensors, outputs, seconds)
        op = SimpleNamespace(name=name)
        self._running.append([op, now - int(seconds * 1e9), 0])
        self._end(op, "forward", now, allocated, state.scope, where)

    def pulled(self, node: Any, g: Any, grads: Any, waiting: dict[Any, Any]) -> None:
        """A gradient rule ran."""
        now = perf_counter_ns()
        scope, where = self._origin.get(node.seq, ((), node.where))
        for one in g if isinstance(g, tuple) else (g,):
            if one is not None:
                self.memory.know(one._data if isinstance(one, Tensor) else one)
        allocated = 0
        for one in grads:
            for x in one if isinstance(one, (list, tuple)) else (one,):
                array = x._data if isinstance(x, Tensor) else x
                if isinstance(array, np.ndarray):
                    allocated += self.memory.note(array)
        self.outer.pulled(node, g, grads, waiting)
        self._end(node.op, "backward", now, allocated, scope, where)

    def before_step(self, optimizer: Any) -> Any:
        """An optimizer begins to step."""
        before = self.outer.before_step(optimizer)
        step = SimpleNamespace(name=f"{type(optimizer).__name__}.step")
        self._running.append([step, perf_counter_ns(), 0])
        return step, before

    def after_step(self, optimizer: Any, before: Any) -> None:
        """It has stepped."""
        now = perf_counter_ns()
        step, theirs = before
        frame = user_frame(sys._getframe(1))
        where = None if frame is None else (frame.f_code, frame.f_lasti)
        self.outer.after_step(optimizer, theirs)
        self._end(step, "optimizer", now, 0, (), where)

    def enter_region(self, name: str) -> Any:
        """A part of the user's code begins that has a name."""
        region = SimpleNamespace(name=name)
        self._running.append([region, perf_counter_ns(), 0])
        return region, self.overhead

    def leave_region(self, entered: Any) -> None:
        """It has ended; its own time is what was spent outside of ops and of regions inside it."""
        now = perf_counter_ns()
        region, overhead = entered
        self._end(region, "region", now, 0, (), None)
        if self.events and self.events[-1].phase == "region":
            ended = self.events.pop()
            ended.duration -= self.overhead - overhead
            self.regions.append(ended)

    # -- what only the outer listener cares for ------------------------------------------------------

    def failed(self, op: Any, args: tuple[Any, ...], error: BaseException) -> None:
        """Pass it on."""
        self.outer.failed(op, args, error)

    def wrote(self, target: Any, result: Any) -> None:
        """Pass it on."""
        self.outer.wrote(target, result)

    def module_begins(self) -> None:
        """Pass it on."""
        self.outer.module_begins()

    def walk(self) -> None:
        """Pass it on."""
        self.outer.walk()

    def seed(self, node: Any, g: Any) -> None:
        """Pass it on."""
        self.outer.seed(node, g)

    def rule(self, node: Any, g: Any, run: Any, recorded: bool) -> Any:
        """Pass it on."""
        return self.outer.rule(node, g, run, recorded)

    def stored(self, leaf: Any, g: Any) -> None:
        """Pass it on."""
        self.outer.stored(leaf, g)

    def arrived(self, node: Any, g: Any) -> None:
        """Pass it on."""
        self.outer.arrived(node, g)

    def _end(
        self, op: Any, phase: str, now: int, allocated: int, scope: Scope, where: Place | None
    ) -> None:
        running = self._running
        while running and running[-1][0] is not op:
            running.pop()  # it raised, and somebody caught that
        if not running:
            return
        _, start, inside = running.pop()
        duration = now - start
        if running:
            running[-1][2] += duration
        self.events.append(
            Event(
                op.name,
                phase,
                start,
                duration,
                duration - inside,
                allocated,
                self.memory.live,
                scope,
                where,
            )
        )
        spent = perf_counter_ns() - now
        self.overhead += spent
        if running:
            running[-1][2] += spent
