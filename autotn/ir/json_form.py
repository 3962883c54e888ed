"""The JSON form of a Graph: sorted keys, defaults left out, numbers that JSON does not have as words."""

from __future__ import annotations

import json
import math
from dataclasses import MISSING, asdict, fields, is_dataclass
from typing import Any

from autotn.ir.graph import Call, Flow, Gradient, Graph, Part, Saved, Step, Update, Value
from autotn.ir.readings import Reading

#: Raised when the JSON form changes so that older readers would misread it.
VERSION = 2

_TIMES = frozenset(["seconds", "backward_seconds"])
_WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def to_json(graph: Graph, times: bool = False) -> str:
    """The graph as text, one value, call or step on a line."""
    body = {"autotn_graph": VERSION, **_plain(graph, times)}
    body["formulas"] = _formulas(graph)
    lines = []
    for key in sorted(body):
        item = body[key]
        if isinstance(item, list) and item and isinstance(item[0], dict):
            rows = ",\n".join(f"  {_text(row)}" for row in item)
            lines.append(f" {json.dumps(key)}: [\n{rows}\n ]")
        else:
            lines.append(f" {json.dumps(key)}: {_text(item)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _text(item: Any) -> str:
    return json.dumps(item, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _plain(item: Any, times: bool) -> Any:
    if is_dataclass(item):
        found = {}
        for f in fields(item):
            value = getattr(item, f.name)
            if f.name in _TIMES and not times:
                continue
            if f.default is not MISSING and value == f.default and type(value) is type(f.default):
                continue
            if f.default_factory is not MISSING and value == f.default_factory():
                continue
            found[f.name] = _plain(value, times)
        return found
    if isinstance(item, dict):
        return {k: _plain(v, times) for k, v in item.items()}
    if isinstance(item, (list, tuple)):
        return [_plain(v, times) for v in item]
    if isinstance(item, float) and not math.isfinite(item):
        return "nan" if item != item else "inf" if item > 0 else "-inf"
    return item


def _formulas(graph: Graph) -> dict[str, Any]:
    """The formula of every op that occurs, for readers in other languages."""
    found = {}
    for call in graph.calls:
        if call.op not in found:
            found[call.op] = asdict(call.formula)
    return found


def from_json(text: str) -> Graph:
    """The graph that `to_json` wrote."""
    try:
        body: Any = json.loads(text)
        version = body.pop("autotn_graph")
    except (json.JSONDecodeError, KeyError, AttributeError, TypeError):
        raise ValueError("from_json: this is not the JSON form of a graph") from None
    if version != VERSION:
        raise ValueError(
            f"from_json: the graph has version {version}, this library reads {VERSION}"
        )
    body.pop("formulas", None)
    try:
        return Graph(
            values=[_value(v) for v in body.pop("values", [])],
            calls=[_call(c) for c in body.pop("calls", [])],
            steps=[_step(s) for s in body.pop("steps", [])],
            parts=[Part(**p) for p in body.pop("parts", [])],
            **body,
        )
    except (TypeError, AttributeError, KeyError) as error:
        raise ValueError(f"from_json: the graph is damaged: {error}") from None


def _reading(given: Any) -> Reading | None:
    if given is None:
        return None
    if "data" in given:
        given["data"] = _numbers(given["data"])
    return Reading(**given)


def _numbers(data: Any) -> Any:
    if isinstance(data, list):
        return [_numbers(d) for d in data]
    return _WORDS.get(data, data) if isinstance(data, str) else data


def _value(given: Any) -> Value:
    shape = given.pop("shape")
    gradient = given.pop("gradient", {})
    update = given.pop("update", None)
    return Value(
        **{**given, "reading": _reading(given.get("reading"))},
        shape=None if shape is None else tuple(shape),
        gradient=Gradient(**{**gradient, "reading": _reading(gradient.get("reading"))}),
        update=None if update is None else Update(**update),
    )


def _call(given: Any) -> Call:
    saved = [Saved(**s) for s in given.pop("saved", [])]
    return Call(**given, saved=saved)


def _step(given: Any) -> Step:
    flows = []
    for f in given.pop("flows", []):
        readings = {k: _reading(v) for k, v in f.items() if k not in ("value", "place")}
        flows.append(Flow(f["value"], f["place"], **readings))
    kind: dict[str, Any] = {k: _reading(given.pop(k)) for k in ("before", "after") if k in given}
    upstream = [_reading(r) for r in given.pop("upstream", [])]
    return Step(**given, **kind, upstream=upstream, flows=flows)
