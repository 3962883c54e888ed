"""A Graph as the scene the film's page shows: boxes in nested clusters, lines, and steps in order.

The scene is plain data in a fixed order, so that the same run gives the same bytes. Readings, which repeat a
lot (a product is the next step's upstream gradient), stand in one list and are referred to by number.
"""

from __future__ import annotations

import json
import math
import os
import re
from typing import Any

from autotn.ir.graph import Call, Graph, Step, Value
from autotn.ir.readings import Reading
from autotn.viz.blocks import PLUMBING, shape_text
from autotn.viz.film.clusters import Clusters
from autotn.viz.film.colouring import Held, colourings
from autotn.viz.film.proof import prove
from autotn.viz.overlays import overlay_of
from autotn.viz.quantities import bytes_text

#: Runs of more calls are shown without whole values, and those of more than `MOST` calls not in full.
WHOLE_VALUES = 1_500
MOST = 20_000


def scene_of(graph: Graph, color: str | None = None) -> dict[str, Any]:
    """The scene of a graph, ready to be written as JSON; `color` names the overlay it begins with.

    Times differ from run to run, and are there only when they are asked for by ``color="time"``.
    """
    if color is not None:
        overlay_of(color)
    scene = _Director(graph).scene(color == "time")
    shown = [o["name"] for o in scene["overlays"]]
    scene["overlay"] = shown.index(color) if color in shown else -1
    return scene


class _Director:
    """Puts one graph on the stage."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.notes = list(graph.notes)
        self.calls = self._calls_shown()
        self.values = {v.id: v for v in graph.values}
        self.whole = len(self.calls) <= WHOLE_VALUES
        self.readings: dict[str, int] = {}
        self.clusters = Clusters(graph, self.calls)
        self.readers: dict[int, list[int]] = {}
        for call in self.calls:
            for v in call.inputs:
                self.readers.setdefault(v, []).append(call.id)
        self.nodes: list[dict[str, Any]] = []
        #: From, to, the value that goes, and whether its history is cut off there.
        self.edges: list[tuple[int, int, int, int]] = []
        self.node_of_call: dict[int, int] = {}
        self.node_of_value: dict[int, int] = {}

    def scene(self, times: bool) -> dict[str, Any]:
        """Boxes first, then what happens to them."""
        for call in self.calls:
            self._call(call, self.clusters.home[call.id])
        for value in self.graph.outputs:
            start = self._value_node(value, -1)
            self._node("output", "output", -1, [value.id], sub=shape_text(value))
            self.edges.append((start, len(self.nodes) - 1, value.id, 0))
        if self.graph.failure:
            self.notes.append(f"The run stopped: {self.graph.failure}")
            missed = [f"{part.path}: {part.cls}" for part in self.graph.unreached()]
            if missed:
                self.notes.append("Not reached: " + ", ".join(missed))
        if not self.whole:
            self.notes.append(
                f"{len(self.calls):,} calls: values are shown by their figures, not element by element"
            )
        steps = self._steps()
        values = [self._value(v) for v in self.graph.values]
        return {
            "title": self.graph.title or "graph",
            "notes": self.notes,
            "clusters": self.clusters.rows,
            "nodes": self.nodes,
            "edges": self.edges,
            "values": values,
            "steps": steps,
            "overlays": colourings(*self._held(), times),
            "readings": [json.loads(text) for text in self.readings],
        }

    def _calls_shown(self) -> list[Call]:
        calls = self.graph.calls
        if len(calls) <= MOST:
            return calls
        half = MOST // 2
        self.notes.append(
            f"The run made {len(calls):,} calls; the first and the last {half:,} are shown"
        )
        return [*calls[:half], *calls[-half:]]

    # -- boxes ------------------------------------------------------------------------------------

    def _node(
        self, kind: str, label: str, cluster: int, values: list[int], **more: Any
    ) -> dict[str, Any]:
        given = {k: v for k, v in more.items() if v not in (None, "", [])}
        self.nodes.append({"kind": kind, "label": label, "c": cluster, "v": values, **given})
        return self.nodes[-1]

    def _call(self, call: Call, cluster: int) -> None:
        sources = [
            (self._value_node(self.values[v], cluster), v, int(place in call.detached))
            for place, v in enumerate(call.inputs)
            if not self._is_number(self.values[v]) or v in self.node_of_value
        ]
        kind = "failure" if call.failed else "plumbing" if call.op in PLUMBING else "op"
        place = f"{os.path.basename(call.file)}:{call.line}" if call.file else ""
        facts = [[name, text] for name, text in call.static.items()]
        if call.flops:
            facts.append(["operations", f"{call.flops:,}"])
        if call.saved:
            kept = sum(s.bytes for s in call.saved)
            names = ", ".join(s.name for s in call.saved)
            freed = ", freed" if all(s.freed for s in call.saved) else ""
            facts.append(["kept for backward", f"{names} ({bytes_text(kept)}{freed})"])
        if call.detached:
            cut = ", ".join(call.roles[k] for k in call.detached if k < len(call.roles))
            facts.append(["history cut off at", cut])
        if call.failed:
            facts.append(["stopped by", self.graph.failure])
        shapes = ", ".join(self._called(self.values[v]) for v in call.outputs)
        self._node(
            kind,
            call.op,
            cluster,
            list(call.outputs),
            sub=shapes,
            place=place,
            text=call.text,
            facts=facts,
            ins=list(call.inputs),
            formula=self._formula(call),
        )
        here = len(self.nodes) - 1
        self.node_of_call[call.id] = here
        for v in call.outputs:
            self.node_of_value.setdefault(v, here)
        self.edges += [(start, here, v, cut) for start, v, cut in sources]

    def _called(self, value: Value) -> str:
        """What the user's code calls a result, and its shape."""
        return f"{value.name} · {shape_text(value)}" if value.name else shape_text(value)

    def _is_number(self, value: Value) -> bool:
        """A constant that the line of code says well enough."""
        return value.kind == "constant" and value.count == 1 and not value.requires_grad

    def _value_node(self, value: Value, cluster: int) -> int:
        """The box of a value: of the call that made it, or its own."""
        found = self.node_of_value.get(value.id)
        if found is not None:
            return found
        inside = value.kind in ("parameter", "buffer", "constant")
        name = value.name or value.kind
        label = name
        if inside and cluster >= 0:
            home = self.clusters.home_of_shared(cluster, self.readers[value.id])
            label = name.rpartition(".")[2] if home == cluster else name
            cluster = home
        kind = "constant" if value.kind == "result" else value.kind
        self._node(
            kind, label, cluster if inside else -1, [value.id], sub=shape_text(value), name=name
        )
        self.node_of_value[value.id] = len(self.nodes) - 1
        return len(self.nodes) - 1

    def _held(self) -> tuple[list[Held], list[Held]]:
        """For each box and each cluster the calls and values in it."""
        boxes: list[Held] = [([], [self.values[v] for v in node["v"]]) for node in self.nodes]
        for call in self.calls:
            boxes[self.node_of_call[call.id]][0].append(call)
        clusters: list[Held] = [([], []) for _ in self.clusters.rows]
        for node, (calls, values) in zip(self.nodes, boxes, strict=True):
            at = node["c"]
            while at >= 0:
                clusters[at][0].extend(calls)
                clusters[at][1].extend(values)
                at = self.clusters.rows[at]["up"]
        return boxes, clusters

    # -- numbers ----------------------------------------------------------------------------------

    def _value(self, value: Value) -> dict[str, Any]:
        made: dict[str, Any] = {
            "name": value.name,
            "kind": value.kind,
            "shape": shape_text(value),
            "dtype": value.dtype,
            "r": self._reading(value.reading),
            "gs": value.gradient.state,
            "g": self._reading(value.gradient.reading),
        }
        if value.update is not None:
            u = value.update
            made["update"] = [
                ["optimizer", u.optimizer],
                ["learning rate", _number(u.lr)],
                ["norm before", _number(u.norm_before)],
                ["norm after", _number(u.norm_after)],
                ["update / weight", _number(u.ratio)],
            ]
        return {k: v for k, v in made.items() if v not in ("", None)}

    def _reading(self, r: Reading | None) -> int | None:
        """The number of a reading in the list of all."""
        if r is None:
            return None
        figures = {"min": r.min, "max": r.max, "mean": r.mean, "std": r.std, "norm": r.norm}
        made: dict[str, Any] = {k: v for k, v in figures.items() if v is not None}
        made |= {k: v for k, v in (("zeros", r.zeros), ("nans", r.nans), ("infs", r.infs)) if v}
        if self.whole and r.data is not None and r.count <= 64:
            made["d"] = _speakable(r.data)
        elif r.histogram is not None:
            made["h"] = r.histogram
        text = json.dumps({"n": r.count, **made}, ensure_ascii=False)
        return self.readings.setdefault(text, len(self.readings))

    # -- steps ------------------------------------------------------------------------------------

    def _steps(self) -> list[dict[str, Any]]:
        """Everything that happened, in the order in which it did."""
        made: list[dict[str, Any]] = []
        waiting = list(reversed(self.graph.steps))
        all_calls = len(self.graph.calls)

        def backward_until(calls: int) -> None:
            while waiting:
                before = waiting[-1].calls
                if (all_calls if before is None else before) > calls:
                    return
                step = self._backward(waiting.pop())
                if step is not None:
                    made.append(step)

        for call in self.calls:
            backward_until(call.id)
            if call.outputs:
                self.nodes[self.node_of_call[call.id]]["step"] = len(made)
                made.append(self._forward(call))
        backward_until(all_calls)
        return made

    def _forward(self, call: Call) -> dict[str, Any]:
        return {
            "kind": "forward",
            "node": self.node_of_call[call.id],
            "ins": call.inputs,
            "outs": call.outputs,
            "roles": call.roles,
        }

    def _backward(self, step: Step) -> dict[str, Any] | None:
        """A step of backward, or None when what it is about is not on the stage."""
        up = [self._reading(r) for r in step.upstream]
        if step.kind == "pull":
            if step.call is None or step.call not in self.node_of_call:
                return None
            call = self.graph.calls[step.call]
            made = {
                "kind": "pull",
                "node": self.node_of_call[call.id],
                "up": up,
                "ins": call.inputs,
                "outs": call.outputs,
                "flows": [self._flow(call, flow) for flow in step.flows],
                "proof": prove(call, step, self.values) if step.flows else None,
            }
            return {k: v for k, v in made.items() if v is not None}
        if step.value is None or step.value not in self.node_of_value:
            return None
        return {
            "kind": step.kind,
            "node": self.node_of_value[step.value],
            "value": step.value,
            "up": up,
            "before": self._reading(step.before),
            "after": self._reading(step.after),
        }

    def _flow(self, call: Call, flow: Any) -> dict[str, Any]:
        role = call.roles[flow.place] if 0 <= flow.place < len(call.roles) else ""
        made = {
            "value": flow.value,
            "role": role,
            "product": self._reading(flow.product),
            "before": self._reading(flow.before),
            "after": self._reading(flow.after),
            "local": self._reading(flow.local),
            "formula": self._derivative(call, role),
        }
        return {k: v for k, v in made.items() if v is not None}

    def _words(self, call: Call) -> dict[str, str]:
        words = dict(call.static)
        for role, v in zip(call.roles, call.inputs, strict=False):
            value = self.values[v]
            if value.name:
                words[role] = value.name.rpartition(".")[2]
            elif value.kind == "constant" and value.count == 1 and value.reading is not None:
                words[role] = str(value.reading)
            else:
                words[role] = role
        out = self.values[call.outputs[0]].name if call.outputs else ""
        return {**words, "out": out or "out", "g": "∂L/∂" + (out or "out")}

    def _formula(self, call: Call) -> str:
        words = self._words(call)
        return f"{words['out']} = {_pretty(call.formula.filled(words).value.text)}"

    def _derivative(self, call: Call, role: str) -> str | None:
        words = self._words(call)
        formula = call.formula.filled(words)
        name = words.get(role, role) or "input"
        if role in formula.derivatives:
            return f"∂{words['out']}/∂{name} = {_pretty(formula.derivatives[role].text)}"
        if role in formula.pulls:
            return f"∂L/∂{name} ← {_pretty(formula.pulls[role].text)}"
        return None


def _number(x: float | None) -> str:
    return "" if x is None else f"{x:.4g}"


def _speakable(data: Any) -> Any:
    """Elements in a form that JSON has: nan and infinities as words."""
    if isinstance(data, list):
        return [_speakable(x) for x in data]
    if isinstance(data, float) and not math.isfinite(data):
        return "nan" if data != data else "inf" if data > 0 else "−inf"
    return data


def _pretty(text: str) -> str:
    text = re.sub(r"\d+\.\d{5,}", lambda m: f"{float(m[0]):.4g}", text)
    return text.replace("**2", "²").replace("**3", "³").replace("**", "^").replace(" * ", " · ")
