"""What one thread did while it was profiled: an `Event` per op, forward and backward apart.

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
from types import CodeType
from typing import Any

import numpy as np

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
    phase: str  # "forward" or "backward"
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


class Listener:
    """Stands at the door of the ops of one thread."""

    def __init__(self, memory: Memory, outer: Any) -> None:
        self.memory = memory
        self.outer = outer  # whoever listened before goes on listening
        self.events: list[Event] = []
        self.entered = perf_counter_ns()
        self.left = 0
        self.overhead = 0
        self._running: list[list[Any]] = []  # op, start, time of the ops inside it
        self._origin: dict[int, tuple[Scope, Place | None]] = {}

    def begin(self, op: Any) -> None:
        """An op is about to run."""
        if self.outer is not None:
            self.outer.begin(op)
        self._running.append([op, perf_counter_ns(), 0])

    def call(self, op: Any, args: tuple[Any, ...], result: Any) -> None:
        """A forward op ran."""
        now = perf_counter_ns()
        frame = user_frame(sys._getframe(1))
        where = None if frame is None else (frame.f_code, frame.f_lasti)
        for one in args:
            for t in one if isinstance(one, (list, tuple)) else (one,):
                if isinstance(t, Tensor):
                    self.memory.know(t._data)
        results = result if isinstance(result, (list, tuple)) else (result,)
        allocated = 0
        for t in results:
            if isinstance(t, Tensor):
                allocated += self.memory.note(t._data)
                node = t._node
                node = node.parents[0] if isinstance(node, OutputNode) else node
                if node is not None:
                    self._origin.setdefault(node.seq, (state.scope, where))
        if self.outer is not None:
            self.outer.call(op, args, result)
        self._end(op, "forward", now, allocated, state.scope, where)

    def backward(self, node: Any, g: Any, grads: Any) -> None:
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
        if self.outer is not None:
            self.outer.backward(node, g, grads)
        self._end(node.op, "backward", now, allocated, scope, where)

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
