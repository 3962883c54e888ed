"""`profile`: the context that listens, reports, and writes the trace that browsers show."""

from __future__ import annotations

import json
import os
import pathlib
import sys
import threading
from collections.abc import Hashable, Sequence
from time import perf_counter_ns
from types import TracebackType
from typing import Any

from autotn.core.listening import recording
from autotn.core.modes import state
from autotn.core.node import line_of
from autotn.ir.graph import Graph
from autotn.ir.names import place_of
from autotn.viz.profiler import report
from autotn.viz.profiler.listener import Event, Listener, Memory
from autotn.viz.profiler.report import Row
from autotn.viz.quantities import bytes_text, time_text


class profile:
    """Measure where time and memory go, by op, by module and by line; print it at the end.

    It hears the thread that enters it. To see several threads together, enter the same profile in each of
    them; the report comes when the last one leaves.

    Listening takes a few microseconds per op. They are left out of the times shown, but ops run on
    the thorough path meanwhile, so times of tiny ops are upper bounds.

    Parameters
    ----------
    show : bool
        Print the report at the end; without, ``print(p)`` does.

    Examples
    --------
    >>> x = tn.ones(3, requires_grad=True)
    >>> with tn.profile(show=False) as p:
    ...     (x * x).sum().backward()
    >>> sorted(row.name for row in p.by_op())
    ['mul', 'sum']
    >>> [row.calls for row in p.by_line()]
    [2]
    """

    def __init__(self, show: bool = True) -> None:
        self._show = show
        self._listeners: list[tuple[int, str, Listener]] = []
        self._open: dict[int, tuple[Listener, recording]] = {}
        self._memory = Memory()
        self._lock = threading.Lock()

    def __enter__(self) -> profile:
        here = threading.get_ident()
        with self._lock:
            if here in self._open:
                raise RuntimeError("profile: already listening in this thread")
            listener = Listener(self._memory, state.recorder)
            door = recording(listener)
            self._open[here] = listener, door
            self._listeners.append((here, threading.current_thread().name, listener))
        door.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        with self._lock:
            listener, door = self._open.pop(threading.get_ident())
            last = not self._open
        door.__exit__(kind, value, tb)
        listener.left = perf_counter_ns()
        if last and kind is None and self._show:
            sys.stdout.write(f"{self}\n")

    @property
    def events(self) -> list[Event]:
        """Every op that ran, in order of its end; threads one after another."""
        return [event for _, _, listener in self._listeners for event in listener.events]

    @property
    def regions(self) -> list[Event]:
        """What ran under a name (``profiler.record_function``), in order of its end."""
        return [region for _, _, listener in self._listeners for region in listener.regions]

    @property
    def peak_bytes(self) -> int:
        """The most that the results and gradients of ops held at one time."""
        return self._memory.peak

    def by_op(self) -> list[Row]:
        """What each op cost, the dearest first."""
        return report.by_op(self.events)

    def by_module(self) -> list[Row]:
        """What each module cost, with the modules inside it, as a tree."""
        return report.by_module(self.events)

    def by_line(self) -> list[Row]:
        """What each line of your code cost, the dearest first."""
        return report.by_line(self.events)

    def annotate(self, graph: Graph) -> Graph:
        """Put the mean times of this profile on the calls of a graph of the same code, and return the graph.

        ``p.annotate(g).save("net.svg", color="time")`` then colours it by times over many runs. Calls are
        matched by op, module and line; those that were not profiled lose their times.
        """
        spent: dict[Hashable, list[int]] = {}
        for event in self.events:
            names = tuple(name for name, _ in event.scope[1:])
            file, line = place_of(*event.where)[:2] if event.where else ("", 0)
            spent.setdefault((event.phase, event.op, names, file, line), []).append(event.own)
        for call in graph.calls:
            key = (call.op, tuple(call.scope[1:]), call.file, call.line)
            call.seconds = _mean(spent.get(("forward", *key), ())) / 1e9
            call.backward_seconds = _mean(spent.get(("backward", *key), ())) / 1e9
        return graph

    def __str__(self) -> str:
        events = self.events
        wall = sum(
            (k.left or perf_counter_ns()) - k.entered - k.overhead for _, _, k in self._listeners
        )
        forward = sum(e.own for e in events if e.phase == "forward")
        backward = sum(e.own for e in events if e.phase == "backward")
        steps = sum(e.own for e in events if e.phase == "optimizer")
        outside = max(wall - forward - backward - steps, 0)
        whole = (forward + backward + steps) / 1e9
        optimizer = f"optimizer {time_text(steps)}, " if steps else ""
        lines = [
            f"forward {time_text(forward)}, backward {time_text(backward)}, {optimizer}outside of ops "
            f"{time_text(outside)}; at most {bytes_text(self.peak_bytes)} held by results and gradients"
        ]
        if not events:
            lines.append("no op of this thread ran on a Tensor")
        for title, rows, summed in (
            ("op", self.by_op(), True),
            ("module", self.by_module(), False),
            ("line", self.by_line(), True),
        ):
            made = report.table(title, rows, whole, summed)
            lines += ["", *made] if made else []
        return "\n".join(lines)

    def export_chrome_trace(self, path: Any) -> pathlib.Path:
        """Write a trace that ``chrome://tracing`` and https://ui.perfetto.dev show: modules above their ops."""
        target = pathlib.Path(path)
        with open(target, "w", encoding="utf-8") as stream:
            json.dump({"displayTimeUnit": "ns", "traceEvents": self._trace()}, stream)
        return target

    def _trace(self) -> list[dict[str, Any]]:
        process = os.getpid()
        start = min((k.entered for _, _, k in self._listeners), default=0)
        trace: list[dict[str, Any]] = []
        for ident, name, listener in self._listeners:
            about = {"ph": "M", "pid": process, "tid": ident, "name": "thread_name"}
            trace.append({**about, "args": {"name": name}})
            spans = [*_spans(listener.events), *map(_span, listener.regions)]
            for event in sorted(spans, key=lambda e: (e["ts"], -e["dur"])):
                event["ts"] = (event["ts"] - start) / 1000
                event["dur"] /= 1000
                trace.append({"ph": "X", "pid": process, "tid": ident, **event})
            for one in listener.events:
                at = (one.start + one.duration - start) / 1000
                counter = {"ph": "C", "pid": process, "name": "held by results and gradients"}
                trace.append({**counter, "ts": at, "args": {"bytes": one.live}})
        return trace


#: What a profile is called where a type is wanted.
Profile = profile


def _mean(times: Sequence[int]) -> float:
    return sum(times) / len(times) if times else 0.0


def _span(region: Event) -> dict[str, Any]:
    return {"name": region.op, "cat": region.phase, "ts": region.start, "dur": region.duration}


def _spans(events: list[Event]) -> list[dict[str, Any]]:
    """Ops, and around them the calls of their modules, in nanoseconds.

    Backward may come back to a module it had left; it then gets a second span, so spans always nest.
    """
    spans: list[dict[str, Any]] = []
    stack: list[tuple[int, dict[str, Any]]] = []
    phase = ""
    for event in sorted(events, key=lambda e: e.start):
        entries = [id(pair) for pair in event.scope]
        depth = 0
        while (
            event.phase == phase
            and depth < min(len(stack), len(entries))
            and stack[depth][0] == entries[depth]
        ):
            depth += 1
        del stack[depth:]
        phase = event.phase
        for k in range(depth, len(entries)):
            module = event.scope[k][1]
            path = ".".join(name for name, _ in event.scope[: k + 1] if name)
            span: dict[str, Any] = {
                "name": path or type(module).__name__,
                "cat": f"module, {phase}",
                "ts": event.start,
                "dur": 0,
                "args": {"class": type(module).__name__},
            }
            spans.append(span)
            stack.append((entries[k], span))
        for _, span in stack:
            span["dur"] = max(span["dur"], event.start + event.duration - span["ts"])
        found = line_of(event.where)
        line = f"{os.path.basename(found[0])}:{found[1]}: {found[2]}" if found else ""
        spans.append(
            {
                "name": f"{event.op} (backward)" if phase == "backward" else event.op,
                "cat": phase,
                "ts": event.start,
                "dur": event.duration,
                "args": {"line": line, "allocated bytes": event.allocated},
            }
        )
    return spans
