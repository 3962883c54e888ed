"""A table of a model's modules: what each makes of its input, and what that costs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from autotn.core.listening import recording
from autotn.core.modes import enable_grad
from autotn.core.random import get_rng_state, set_rng_state
from autotn.core.tensor import Tensor
from autotn.ir.graph import Graph
from autotn.ir.recorder import Recorder
from autotn.layers.hooks import register_module_forward_hook
from autotn.viz.overlays import count_text
from autotn.viz.quantities import bytes_text, table_text, time_text


@dataclass
class Line:
    """One module: its own parameters, and the costs of what happened inside it."""

    path: str
    cls: str
    depth: int
    shapes: list[str] = field(default_factory=list)
    parameters: int = 0
    trainable: int = 0
    shared: int = 0
    visits: int = 0
    flops: int = 0
    #: Bytes its ops made, and bytes kept for backward.
    made: int = 0
    kept: int = 0
    #: Seconds.
    forward: float = 0.0
    backward: float = 0.0

    @property
    def name(self) -> str:
        """Its name among its siblings."""
        return self.path.rpartition(".")[2]


@dataclass
class Summary:
    """What `summary` found: a line per module, and the sums."""

    lines: list[Line]
    parameters: int
    trainable: int
    shared: int
    total: Line

    def rows(self, fold: bool = True) -> list[list[str]]:
        """The cells of the table, its head first.

        Parameters
        ----------
        fold : bool
            Give neighbours that are alike one line, with the sums of all of them.
        """
        rows = [
            [
                *("module", "class", "input → output", "parameters", "FLOPs", "made", "kept"),
                *("forward", "backward"),
            ]
        ]
        for line, name in _folded(self.lines) if fold else [(x, x.name) for x in self.lines]:
            head = "  " * line.depth + (name or "(model)")
            rows.append([head, line.cls, _shapes(line), _parameters(line), *_costs(line)])
        total = f"{self.parameters:,}"
        rows.append(["total", "", "", total, *_costs(self.total)])
        return rows

    def _sums(self) -> list[str]:
        frozen = self.parameters - self.trainable
        return [
            f"{self.parameters:,} parameters: {self.trainable:,} trainable, {frozen:,} frozen, "
            f"{self.shared:,} used by several modules",
            f"forward makes {bytes_text(self.total.made)}; {bytes_text(self.total.kept)}, weights "
            "among them, are kept for backward",
        ]

    def __str__(self) -> str:
        return "\n".join([*table_text(self.rows(), 3), *self._sums()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, *rows = self.rows()
        cells = "".join(f"<th>{escape(c)}</th>" for c in head)
        body = []
        for row in rows:
            style = ' style="text-align:left;white-space:pre"'
            left = "".join(f"<td{style}>{escape(c)}</td>" for c in row[:3])
            right = "".join(f"<td>{escape(c)}</td>" for c in row[3:])
            body.append(f"<tr>{left}{right}</tr>")
        sums = "<br>".join(escape(s) for s in self._sums())
        return f"<table><tr>{cells}</tr>{''.join(body)}</table><p>{sums}</p>"


def summary(model: Any, *args: Any, **kwargs: Any) -> Summary:
    """A table of the modules of one run of `model`, forward and backward; it prints, and shows in notebooks.

    Columns: input and output shapes, own parameters, floating-point operations, bytes made, bytes kept for
    backward, time of forward and backward; modules include what is inside them. Buffers, gradients
    and random numbers are afterwards as they were.

    >>> print(tn.summary(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), tn.ones(1, 3)))
    module   class       input → output  parameters  FLOPs  made  kept  forward  backward
    (model)  Sequential  1×3 → 1×2                      16  16 B ...
      0      Linear      1×3 → 1×2                8     14   8 B ...
      1      ReLU        1×2 → 1×2                       2   8 B ...
    total                                         8     16  16 B ...
    8 parameters: 8 trainable, 0 frozen, 0 used by several modules
    ...
    """
    graph = Graph()
    recorder = Recorder(graph, "none")
    recorder.learn(model, "")
    shapes: dict[int, list[str]] = {}

    def note(module: Any, given: Any, result: Any) -> None:
        text = f"{_shape_text(given)} → {_shape_text(result)}"
        found = shapes.setdefault(id(module), [])
        if text not in found:
            found.append(text)

    with _as_it_was(model), register_module_forward_hook(note), enable_grad(), recording(recorder):
        result = model(*args, **kwargs)
        _run_backward(model, result)
    recorder.finish()
    lines = {
        path: Line(path, part.cls, _depth(path), shapes.get(id(module), []), part.parameters)
        for part, (path, module) in zip(graph.parts, recorder.modules.values(), strict=True)
    }
    for part in graph.parts:
        line = lines[part.path]
        line.trainable, line.shared, line.visits = part.trainable, part.shared, part.visits
    total = Line("", "", 0)
    _add_costs(graph, lines, total)
    shared = _shared(model)
    parameters = list(model.parameters())
    return Summary(
        list(lines.values()),
        sum(p.numel() for p in parameters),
        sum(p.numel() for p in parameters if p.requires_grad),
        shared,
        total,
    )


def _folded(lines: list[Line]) -> list[tuple[Line, str]]:
    """Lines with their names; three or more alike in a row, with what is inside them, become one."""
    found: list[tuple[Line, str]] = []
    k = 0
    while k < len(lines):
        size = _size(lines, k)
        unit = lines[k : k + size]
        times = 1
        while _alike(unit, lines[k + times * size : k + (times + 1) * size]):
            times += 1
        if times < 3:
            found.append((lines[k], lines[k].name))
            k += 1
            continue
        alike = [lines[k + t * size : k + (t + 1) * size] for t in range(times)]
        sums = [_sum_of([one[i] for one in alike]) for i in range(size)]
        inner = _folded(sums[1:])
        found.append((sums[0], f"{alike[0][0].name} … {alike[-1][0].name} (× {times})"))
        found += inner
        k += times * size
    return found


def _size(lines: list[Line], k: int) -> int:
    """How many lines a module and what is inside it take."""
    end = k + 1
    while end < len(lines) and lines[end].depth > lines[k].depth:
        end += 1
    return end - k


def _alike(unit: list[Line], other: list[Line]) -> bool:
    def look(line: Line, first: bool) -> tuple[Any, ...]:
        name = "" if first else line.name
        what = (line.cls, line.depth, line.shapes, line.parameters, line.trainable, line.shared)
        return (name, *what, line.visits, line.flops)

    return len(unit) == len(other) and all(
        look(a, k == 0) == look(b, k == 0) for k, (a, b) in enumerate(zip(unit, other, strict=True))
    )


def _sum_of(lines: list[Line]) -> Line:
    first = lines[0]
    made = Line(first.path, first.cls, first.depth, first.shapes, visits=first.visits)
    for name in (
        "parameters",
        "trainable",
        "shared",
        "flops",
        "made",
        "kept",
        "forward",
        "backward",
    ):
        setattr(made, name, sum(getattr(line, name) for line in lines))
    return made


@contextmanager
def _as_it_was(model: Any) -> Iterator[None]:
    """Put buffers and random numbers back."""
    random = get_rng_state()
    buffers = [(b, b._data.copy()) for b in model.buffers()]
    try:
        yield
    finally:
        set_rng_state(random)
        for buffer, array in buffers:
            np.copyto(buffer._data, array)


def _run_backward(model: Any, result: Any) -> None:
    """Differentiate the sum of the outputs, without touching any ``.grad``."""
    from autotn.autograd import grad

    outputs = [t for t in _tensors(result) if t.requires_grad]
    wanted = [p for p in model.parameters() if p.requires_grad]
    if outputs and wanted:
        seeds = [Tensor.new_ones(t.detach(), t.shape) for t in outputs]
        grad(outputs, wanted, seeds, allow_unused=True)


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in _tensors(v)]
    return []


def _add_costs(graph: Graph, lines: dict[str, Line], total: Line) -> None:
    values = {v.id: v for v in graph.values}
    kept_once: dict[str, set[int]] = {}
    for call in graph.calls:
        paths = [".".join(s for s in call.scope[: d + 1] if s) for d in range(len(call.scope))]
        for line in [*(lines[p] for p in dict.fromkeys(paths) if p in lines), total]:
            line.flops += call.flops
            line.made += call.bytes
            line.forward += call.seconds
            line.backward += call.backward_seconds
            seen = kept_once.setdefault(f"{id(line)}", set())
            for saved in call.saved:
                if saved.value is None:
                    line.kept += saved.bytes
                elif saved.value not in seen and values[saved.value].view_of not in seen:
                    seen.add(saved.value)
                    line.kept += saved.bytes


def _shared(model: Any) -> int:
    """The elements of parameters that several modules own."""
    owners: dict[int, list[Any]] = {}
    for module in model.modules():
        for p in module.parameters(recurse=False):
            owners.setdefault(id(p), []).append(p)
    return sum(found[0].numel() for found in owners.values() if len(found) > 1)


def _depth(path: str) -> int:
    return path.count(".") + 1 if path else 0


def _shape_text(value: Any) -> str:
    found = ["×".join(map(str, t.shape)) or "scalar" for t in _tensors(value)]
    return ", ".join(found[:3]) + (", …" if len(found) > 3 else "")


def _shapes(line: Line) -> str:
    if not line.shapes:
        return "not called" if line.visits == 0 and line.parameters else ""
    more = len(line.shapes) - 1
    times = f" (× {line.visits})" if line.visits > 1 else ""
    return line.shapes[0] + (f", {more} more" if more else "") + times


def _parameters(line: Line) -> str:
    if not line.parameters:
        return ""
    marks = []
    if line.trainable < line.parameters:
        marks.append("frozen" if line.trainable == 0 else f"{line.trainable:,} trainable")
    if line.shared:
        marks.append("shared")
    return f"{line.parameters:,}" + (f" {', '.join(marks)}" if marks else "")


def _costs(line: Line) -> list[str]:
    return [
        count_text(line.flops) if line.flops else "",
        bytes_text(line.made) if line.made else "",
        bytes_text(line.kept) if line.kept else "",
        time_text(line.forward * 1e9) if line.forward else "",
        time_text(line.backward * 1e9) if line.backward else "",
    ]
