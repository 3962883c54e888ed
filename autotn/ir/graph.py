"""Graph, Call, Value: plain objects, numbered in order of appearance, with a versioned JSON form."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

#: Raised when the JSON form changes so that older readers would misread it.
VERSION = 1


@dataclass
class Value:
    """One tensor of the run.

    ``kind`` is ``"input"``, ``"parameter"``, ``"buffer"``, ``"constant"`` or ``"result"``; ``name`` the name the
    user knows it by, if any.
    """

    id: int
    kind: str
    shape: tuple[int, ...]
    dtype: str
    name: str = ""
    requires_grad: bool = False
    is_output: bool = False

    @property
    def count(self) -> int:
        """The number of elements."""
        product = 1
        for n in self.shape:
            product *= n
        return product


@dataclass
class Call:
    """One op that ran: what went in and came out, where in the modules and in the user's code."""

    id: int
    op: str
    inputs: list[int]
    outputs: list[int]
    static: dict[str, str] = field(default_factory=dict)
    scope: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    file: str = ""
    line: int = 0
    text: str = ""

    @property
    def path(self) -> str:
        """The module that called, as ``encoder.0.fc``."""
        return ".".join(s for s in self.scope if s)


@dataclass
class Graph:
    """Values and calls of one run, in order."""

    values: list[Value] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    title: str = ""
    #: What stopped the run, if it did not come to its end.
    failure: str = ""

    def producers(self) -> dict[int, Call]:
        """For each result, the call that made it."""
        return {v: c for c in self.calls for v in c.outputs}

    def of_kind(self, *kinds: str) -> Iterable[Value]:
        """The values of given kinds."""
        return (v for v in self.values if v.kind in kinds)

    @property
    def outputs(self) -> list[Value]:
        """The values the run returned."""
        return [v for v in self.values if v.is_output]

    def to_json(self) -> str:
        """The graph as text that `from_json` reads."""
        body = {"autotn_graph": VERSION, **asdict(self)}
        return json.dumps(body, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Graph:
        """The graph that `to_json` wrote.

        Raises
        ------
        ValueError
            When the text is no graph, or of another version.
        """
        try:
            body: Any = json.loads(text)
            version = body.pop("autotn_graph")
        except (json.JSONDecodeError, KeyError, AttributeError, TypeError):
            raise ValueError("from_json: this is not the JSON form of a graph") from None
        if version != VERSION:
            raise ValueError(
                f"from_json: the graph has version {version}, this library reads {VERSION}"
            )
        values = [Value(**{**v, "shape": tuple(v["shape"])}) for v in body.pop("values")]
        calls = [Call(**c) for c in body.pop("calls")]
        return cls(values=values, calls=calls, **body)

    def __str__(self) -> str:
        lines = [self.title or "graph"]
        by_id = {v.id: v for v in self.values}
        for v in self.of_kind("input", "parameter", "buffer"):
            lines.append(f"  %{v.id} {v.kind} {v.name} {list(v.shape)} {v.dtype}")
        for c in self.calls:
            given = ", ".join(f"%{k}" for k in c.inputs)
            made = ", ".join(f"%{k} {list(by_id[k].shape)}" for k in c.outputs)
            static = ", ".join(f"{k}={t}" for k, t in c.static.items())
            where = f"  in {c.path}" if c.path else ""
            lines.append(f"  {made} = {c.op}({given}{'; ' + static if static else ''}){where}")
        if self.failure:
            lines.append(f"  stopped by {self.failure}")
        lines.append("  returns " + ", ".join(f"%{v.id}" for v in self.outputs))
        return "\n".join(lines)
