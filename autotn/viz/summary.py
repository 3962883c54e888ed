"""A table of a model's layers: what each makes of its input, and how many parameters it has."""

from __future__ import annotations

from typing import Any

from autotn.ir.capture import capture
from autotn.viz.blocks import shape_text


def summary(model: Any, *args: Any, **kwargs: Any) -> str:
    """A text table with one line per module that computed something, for one run of `model`.

    >>> print(tn.summary(nn.Sequential(nn.Linear(3, 2), nn.ReLU()), tn.ones(1, 3)))
    module  class   output  parameters
    0       Linear  1×2              8
    1       ReLU    1×2              0
    total                            8
    """
    graph = capture(model, *args, **kwargs)
    if graph.failure:
        raise RuntimeError(f"summary: the model failed: {graph.failure}")
    values = {v.id: v for v in graph.values}
    rows: dict[tuple[str, ...], list[Any]] = {}
    for call in graph.calls:
        scope = tuple(call.scope)
        if scope and call.outputs:
            row = rows.setdefault(scope, [call.path, call.classes[-1], "", 0])
            row[2] = shape_text(values[call.outputs[-1]])
    counted: set[int] = set()
    modules = dict(model.named_modules())
    for row in rows.values():
        module = modules.get(row[0])
        if module is None:
            continue
        for p in module.parameters(recurse=False):
            if id(p) not in counted:
                counted.add(id(p))
                row[3] += p.numel()
    total = sum(p.numel() for p in model.parameters())
    table = [["module", "class", "output", "parameters"]]
    table += [[r[0] or "(itself)", r[1], r[2], f"{r[3]:,}"] for r in rows.values()]
    table.append(["total", "", "", f"{total:,}"])
    widths = [max(len(row[k]) for row in table) for k in range(4)]
    lines = []
    for row in table:
        left = "  ".join(cell.ljust(widths[k]) for k, cell in enumerate(row[:3]))
        lines.append(f"{left}  {row[3].rjust(widths[3])}")
    return "\n".join(lines)
