"""A step of backward proved by finite differences, from nothing but what the graph wrote down.

The call is run again in double precision on the values that were kept, with one input at a time moved along a
fixed direction; the change of ``Σ upstream · output`` must be what the step's product says.
"""

from __future__ import annotations

import ast
import math
from typing import Any

import numpy as np

from autotn.core.op import REGISTRY
from autotn.ir.graph import Call, Step, Value
from autotn.ir.readings import Reading, short

#: The step of the differences, relative to the size of the input.
_STEP = 1e-6
#: How far the two may be apart, relative to the size of what is summed: float32 products are that exact.
_TOLERANCE = 2e-4
#: And relative to all that moves: where much cancels, the rounding of float32 stays.
_ROUNDING = 1e-5


class Unproved(Exception):
    """Why there is no proof."""


def prove(call: Call, step: Step, values: dict[int, Value]) -> dict[str, Any]:
    """The proof of a step: ``checks``, one per input that got a gradient, or the ``reason`` there is none."""
    try:
        run, at = _again(call, values)
        upstream = [
            _array(r, "the upstream gradient") if r is not None else None for r in step.upstream
        ]
        with np.errstate(all="ignore"):
            checks = [
                _check(call, flow, run, at, upstream)
                for flow in step.flows
                if flow.product is not None
            ]
    except Unproved as reason:
        return {"reason": str(reason)}
    if not checks:
        return {"reason": "no input got a gradient"}
    return {"checks": checks}


def _check(call: Call, flow: Any, run: Any, at: list[Any], upstream: list[Any]) -> dict[str, Any]:
    role = call.roles[flow.place] if 0 <= flow.place < len(call.roles) else ""
    if not 0 <= flow.place < len(at):
        raise Unproved("the place of an input among the arguments is not known")
    x = at[flow.place]
    if x.dtype.kind != "f":
        raise Unproved(f"{role} is not real")
    product = _array(flow.product, "the product")
    if product.shape != x.shape:
        raise Unproved("the product has another shape than the input")
    direction = np.cos(1.0 + np.arange(x.size)).reshape(x.shape)
    h = _STEP * max(1.0, float(np.max(np.abs(x), initial=0.0)))
    here = run(at)
    sides = []  # the slope to the right, and to the left
    moves = 0.0  # how much moves, whatever cancels in the sum
    for sign in (1.0, -1.0):
        moved = list(at)
        moved[flow.place] = x + sign * h * direction
        slope = 0.0
        for y, y0, g in zip(run(moved), here, upstream, strict=True):
            if g is not None:
                change = g * (np.asarray(y, np.float64) - y0) / (sign * h)
                slope += float(np.sum(change))
                moves += float(np.sum(np.abs(change))) / 2
        sides.append(slope)
    numeric = (sides[0] + sides[1]) / 2
    analytic = float(np.sum(product * direction))
    size = max(abs(numeric), float(np.sum(np.abs(product * direction))), 1e-12)
    allowed = _TOLERANCE * size + _ROUNDING * moves
    if not math.isfinite(numeric) or not math.isfinite(analytic):
        verdict = "agree" if str(numeric) == str(analytic) else "differ"
    elif abs(numeric - analytic) <= allowed:
        verdict = "agree"
    else:
        verdict = "kink" if abs(sides[0] - sides[1]) > 2 * allowed else "differ"
    return {
        "role": role,
        "numeric": _figure(numeric),
        "analytic": _figure(analytic),
        "verdict": verdict,
    }


def _figure(x: float) -> float | str:
    return short(x) if math.isfinite(x) else str(x)


def _again(call: Call, values: dict[int, Value]) -> tuple[Any, list[Any]]:
    """A function that runs the call on other inputs, and the inputs it had."""
    op = REGISTRY.get(call.op)
    if op is None:
        raise Unproved(f"{call.op} is not a declared op")
    at = [
        _array(values[v].reading, f"{role} {values[v].name}".strip())
        for role, v in zip(call.roles, call.inputs, strict=True)
    ]
    at = [a.astype(np.float64) if a.dtype.kind == "f" else a for a in at]
    static = {name: _parsed(name, text) for name, text in call.static.items()}

    def run(inputs: list[Any]) -> list[Any]:
        given: dict[str, Any] = dict(static)
        for role, a in zip(call.roles, inputs, strict=True):
            name, listed, _ = role.partition("[")
            if listed:
                given.setdefault(name, []).append(a)
            else:
                given[name] = a
        arguments = [given.get(name) for name in op.parameters]
        plain = len(op.parameters) - op.keyword_only
        named = dict(zip(op.parameters[plain:], arguments[plain:], strict=True))
        try:
            found = op.function(*arguments[:plain], **named)
        except (TypeError, ValueError, RuntimeError, IndexError) as error:
            raise Unproved(f"the call can't be run again: {error}") from None
        return list(found) if op.several else [found]

    found = run(at)
    for y, v in zip(found, call.outputs, strict=False):
        kept = values[v].reading
        if kept is None or kept.data is None:
            continue
        if not np.allclose(np.asarray(kept.data, np.float64), y, 1e-3, 1e-5, equal_nan=True):
            raise Unproved(
                "run again, the call gives another result: it draws random numbers, or was overwritten"
            )
    return run, at


def _array(r: Reading | None, what: str) -> Any:
    if r is None or r.data is None:
        size = "" if r is None else f" ({r.count:,} elements)"
        raise Unproved(
            f'{what}{size} was not kept whole; capture with values="all" to keep larger ones'
        )
    return np.asarray(r.data)


def _parsed(name: str, text: str) -> Any:
    """A static argument from its text; nothing is evaluated but literals and slices."""
    try:
        return _literal(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError):
        raise Unproved(f"the argument {name} = {text} was not kept") from None


def _literal(node: ast.expr) -> Any:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "slice":
        return slice(*[_literal(a) for a in node.args])
    if isinstance(node, ast.Tuple):
        return tuple(_literal(e) for e in node.elts)
    if isinstance(node, ast.Name) and node.id in ("inf", "nan", "Ellipsis"):
        return {"inf": math.inf, "nan": math.nan, "Ellipsis": ...}[node.id]
    return ast.literal_eval(node)
