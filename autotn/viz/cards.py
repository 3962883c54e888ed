"""How tensors and modules show themselves in a notebook."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np

from autotn.ir.readings import measure

#: A heat map has at most this many rows and columns.
_CELLS = 32
_SIDE = 8  # pixels of a cell


def tensor_card(tensor: Any) -> str:
    """Shape, dtype, figures and a small heat map of a Tensor, as HTML.

    >>> "heat map" in tn.viz.tensor_card(tn.ones(2, 3))
    True
    """
    a = tensor._data
    reading = measure(a)
    shape = "×".join(map(str, a.shape)) or "scalar"
    facts = [("shape", shape), ("dtype", tensor.dtype.name)]
    if tensor.requires_grad:
        made = tensor.grad_fn
        facts.append(("requires grad", "yes" if made is None else f"yes, made by {made.name()}"))
    if a.size == 1:
        facts.append(("value", str(tensor.item())))
    elif reading.mean is not None:
        facts += [
            ("mean ± std", f"{reading.mean:.4g} ± {reading.std:.3g}"),
            ("min … max", f"{reading.min:.4g} … {reading.max:.4g}"),
            ("norm", f"{reading.norm:.4g}"),
        ]
    counts = ((reading.zeros, "zeros"), (reading.nans, "nan"), (reading.infs, "inf"))
    facts += [(name, f"{n:,} of {a.size:,}") for n, name in counts if n and a.size > 1]
    style = 'style="text-align:left;padding:1px 8px"'
    rows = "".join(f"<tr><th {style}>{k}</th><td {style}>{escape(v)}</td></tr>" for k, v in facts)
    picture = _heat_map(a) if a.size > 1 else ""
    return (
        '<div style="display:flex;gap:16px;align-items:flex-start">'
        f"<table>{rows}</table>{picture}</div>"
    )


def _heat_map(a: Any) -> str:
    """Cells of one plane: blue below zero, white at zero, orange above, black where undefined."""
    x = np.abs(a) if a.dtype.kind == "c" else a
    x = np.asarray(x, np.float64)
    what = ""
    if x.ndim > 2:
        what = f"[{', '.join('0' for _ in x.shape[:-2])}, :, :]"
        x = x[(0,) * (x.ndim - 2)]
    x = x.reshape(1, -1) if x.ndim < 2 else x
    full = x.shape
    x = _coarse(_coarse(x, 0), 1)
    finite = np.abs(x[np.isfinite(x)])
    top = float(finite.max()) if finite.size else 0.0
    cells = []
    for i, row in enumerate(x):
        for j, value in enumerate(row):
            colour = _colour(float(value), top)
            cells.append(
                f'<rect x="{j * _SIDE}" y="{i * _SIDE}" width="{_SIDE}" height="{_SIDE}" fill="{colour}">'
                f"<title>{value:.4g}</title></rect>"
            )
    height, width = (n * _SIDE for n in x.shape)
    note = f"{what} ±{top:.3g}" + (", means of blocks" if x.shape != full else "")
    return (
        f'<figure style="margin:0"><svg width="{width}" height="{height}" role="img" aria-label="heat map">'
        f'{"".join(cells)}<rect width="{width}" height="{height}" fill="none" stroke="#999"/></svg>'
        f'<figcaption style="font-size:smaller">{escape(note.strip())}</figcaption></figure>'
    )


def _coarse(x: Any, axis: int) -> Any:
    """At most `_CELLS` along an axis: means of neighbours."""
    n = x.shape[axis]
    if n <= _CELLS:
        return x
    edges = np.linspace(0, n, _CELLS + 1).astype(int)[:-1]
    sums = np.add.reduceat(x, edges, axis)
    counts = np.diff(np.append(edges, n))
    return sums / (counts[:, None] if axis == 0 else counts)


def _colour(value: float, top: float) -> str:
    if not np.isfinite(value):
        return "#000000"
    share = value / top if top else 0.0
    full = (0xD5, 0x5E, 0x00) if share > 0 else (0x00, 0x72, 0xB2)
    parts = (round(255 + (c - 255) * abs(share)) for c in full)
    return "#" + "".join(f"{p:02x}" for p in parts)


def module_card(module: Any) -> str:
    """The tree of a Module with its parameters, as HTML; of a System its instances too.

    >>> "weight" in tn.viz.module_card(nn.Linear(3, 2))
    True
    """
    from autotn.network.system import System

    count = sum(p.numel() for p in module.parameters())
    head = f"{escape(type(module).__name__)}: {count:,} parameters"
    wiring = ""
    if isinstance(module, System):
        wiring = f"<pre>{escape(module.wiring())}</pre>"
    return f"<div><b>{head}</b>{wiring}{_branch(module, set())}</div>"


def _branch(module: Any, above: set[int]) -> str:
    rows = []
    for what, found in (
        ("", module.named_parameters(recurse=False)),
        ("buffer", module.named_buffers(recurse=False)),
    ):
        for name, tensor in found:
            shape = "×".join(map(str, tensor.shape)) or "scalar"
            notes = [n for n in (what, "" if what or tensor.requires_grad else "frozen") if n]
            text = f"{name} {shape} {tensor.dtype.name}" + "".join(f", {n}" for n in notes)
            rows.append(f"<li><code>{escape(text)}</code></li>")
    for name, child in module.named_children():
        count = sum(p.numel() for p in child.parameters())
        extra = child.extra_repr().replace("\n", ", ")
        head = f"{name}: {type(child).__name__}" + (f"({extra})" if extra else "")
        head += f", {count:,} parameters" if count else ""
        inside = "" if id(child) in above else _branch(child, above | {id(child)})
        if inside:
            rows.append(
                f"<li><details open><summary>{escape(head)}</summary>{inside}</details></li>"
            )
        else:
            rows.append(f"<li>{escape(head)}</li>")
    return f'<ul style="margin:0">{"".join(rows)}</ul>' if rows else ""
