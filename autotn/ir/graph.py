"""Graph, Value, Call, Step: plain objects, numbered in order of appearance.

The design, and what every field means for a picture, is in ``docs/design/graph.md``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from autotn.core.late import upstairs
from autotn.ir.readings import Reading

if TYPE_CHECKING:
    import pathlib

    from autotn.ir.formulas import Formula


#: The most lines that are printed of a graph.
PRINTED = 300


@dataclass
class Gradient:
    """The gradient of a value, and why there is none if there is none.

    ``state`` is one of

    - ``"not needed"``: the value does not require one;
    - ``"not computed"``: no backward came here, yet or at all;
    - ``"computed"``: backward came here, the reading says what it brought;
    - ``"zero"``: computed, and every element is zero;
    - ``"freed"``: backward came here before anybody watched, and the gradient was let go.
    """

    state: str = "not needed"
    reading: Reading | None = None


@dataclass
class Update:
    """What one optimizer step did to a parameter."""

    optimizer: str
    lr: float | None
    norm_before: float
    norm_after: float
    #: The norm of the difference, and its share of ``norm_before``.
    change: float
    ratio: float | None


@dataclass
class Value:
    """One tensor of the run."""

    id: int
    #: ``"input"``, ``"parameter"``, ``"buffer"``, ``"constant"`` or ``"result"``.
    kind: str
    #: None where the tape alone can't tell.
    shape: tuple[int, ...] | None
    dtype: str
    #: The path of a parameter, or what the user's code calls it.
    name: str = ""
    bytes: int = 0
    requires_grad: bool = False
    is_leaf: bool = True
    is_output: bool = False
    #: The value whose memory it is a view of.
    view_of: int | None = None
    reading: Reading | None = None
    gradient: Gradient = field(default_factory=Gradient)
    update: Update | None = None

    @property
    def count(self) -> int:
        """The number of elements; 0 when the shape is not known."""
        return 0 if self.shape is None else math.prod(self.shape)


@dataclass
class Saved:
    """Something a call keeps for backward."""

    #: An input, ``out``, ``<input>_shape``, or a private name of the rule.
    name: str
    bytes: int = 0
    #: The value it is, when it is one: its bytes are not the call's own.
    value: int | None = None
    freed: bool = False


@dataclass
class Call:
    """One op that ran: what went in and came out, where in the modules and in the user's code."""

    id: int
    op: str
    inputs: list[int]
    outputs: list[int]
    #: What the op calls each input: ``["input", "weight", "bias"]``.
    roles: list[str] = field(default_factory=list)
    static: dict[str, str] = field(default_factory=dict)
    scope: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    #: Which call of each module of the scope it is part of, counted through the run.
    visits: list[int] = field(default_factory=list)
    file: str = ""
    line: int = 0
    #: Where on the line the call stands, from 0; two calls on one line differ in it.
    column: int = 0
    text: str = ""
    #: ``"forward"``, or ``"backward"`` for what ``create_graph`` recorded.
    phase: str = "forward"
    #: Places among the inputs where history was cut off (``detach``, ``no_grad``).
    detached: list[int] = field(default_factory=list)
    saved: list[Saved] = field(default_factory=list)
    #: Floating-point operations, a multiply-add counted as two.
    flops: int = 0
    #: Bytes of the outputs that are no views, and of private values kept.
    bytes: int = 0
    #: True for the call that raised.
    failed: bool = False
    seconds: float = field(default=0.0, compare=False)
    backward_seconds: float = field(default=0.0, compare=False)

    @property
    def path(self) -> str:
        """The module that called, as ``encoder.0.fc``."""
        return ".".join(s for s in self.scope if s)

    @property
    def formula(self) -> Formula:
        """What the op computes, and its derivative by each input, as text and LaTeX."""
        from autotn.ir.formulas import formula_of

        return formula_of(self.op, tuple(self.roles))


@dataclass
class Flow:
    """What a call in backward sent to one of its inputs: a summand of that value's gradient."""

    value: int
    #: The place among the call's inputs.
    place: int
    product: Reading | None
    #: The sum of what had arrived there, None when this is the first, and with this summand.
    before: Reading | None
    after: Reading | None
    #: The derivative by this input where it acts on each element alone.
    local: Reading | None = None


@dataclass
class Step:
    """One step of backward.

    ``kind`` is ``"seed"`` (a backward begins: `value` gets `upstream`), ``"pull"`` (`call` turns the
    gradients `upstream` of its outputs into `flows` to its inputs) or ``"store"`` (`upstream` arrived
    at the leaf `value`, whose ``.grad`` was `before` and became `after`).
    """

    id: int
    kind: str
    #: Which backward of the run, from 0.
    run: int
    #: How many calls had run before it.
    calls: int | None = None
    call: int | None = None
    value: int | None = None
    upstream: list[Reading | None] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    before: Reading | None = None
    after: Reading | None = None
    seconds: float = field(default=0.0, compare=False)


@dataclass
class Part:
    """A module of the model that ran, whether it was reached or not."""

    path: str
    cls: str
    #: What it owns itself, without the modules inside.
    parameters: int = 0
    trainable: int = 0
    #: How many of its own parameters an earlier module owns too.
    shared: int = 0
    #: How often it was called.
    visits: int = 0
    #: What distinguishes it, as ``in_features=3, out_features=2, bias=True``.
    detail: str = ""


@dataclass(repr=False)
class Graph:
    """Values, calls and steps of backward of one run, in order."""

    values: list[Value] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    title: str = ""
    #: ``"run"`` when a function was listened to, ``"tape"`` when a Tensor's history was read.
    source: str = "run"
    #: What stopped the run, if it did not come to its end.
    failure: str = ""
    #: What the reader should know: that values were left unmeasured, for instance.
    notes: list[str] = field(default_factory=list)

    def producers(self) -> dict[int, Call]:
        """For each result, the call that made it."""
        return {v: c for c in self.calls for v in c.outputs}

    def consumers(self) -> dict[int, list[Call]]:
        """For each value, the calls that read it, once for each time."""
        found: dict[int, list[Call]] = {}
        for c in self.calls:
            for v in c.inputs:
                found.setdefault(v, []).append(c)
        return found

    def of_kind(self, *kinds: str) -> Iterable[Value]:
        """The values of given kinds."""
        return (v for v in self.values if v.kind in kinds)

    def named(self, name: str) -> Value:
        """The last value the user calls `name`.

        Raises
        ------
        KeyError
            When there is none; the message lists the names.
        """
        found = [v for v in self.values if v.name == name]
        if not found:
            known = sorted({v.name for v in self.values if v.name})
            raise KeyError(f"no value is called {name!r}; the names are {', '.join(known)}")
        return found[-1]

    @property
    def outputs(self) -> list[Value]:
        """The values the run returned."""
        return [v for v in self.values if v.is_output]

    def unreached(self) -> list[Part]:
        """The innermost modules that a run that failed did not come to."""
        if not self.failure:
            return []
        paths = [p.path for p in self.parts]
        inner = [
            p
            for p in self.parts
            if not any(q.startswith(f"{p.path}." if p.path else "") for q in paths if q != p.path)
        ]
        return [p for p in inner if p.visits == 0]

    # -- forms ------------------------------------------------------------------------------------

    def to_json(self, times: bool = False) -> str:
        """The graph as text that `from_json` reads; the same run gives the same text.

        Parameters
        ----------
        times : bool
            Write measured times too, which differ from run to run.
        """
        from autotn.ir.json_form import to_json

        return to_json(self, times)

    @classmethod
    def from_json(cls, text: str) -> Graph:
        """The graph that `to_json` wrote.

        Raises
        ------
        ValueError
            When the text is no graph, or of another version.
        """
        from autotn.ir.json_form import from_json

        return from_json(text)

    def save(self, path: Any, level: str | None = None, **options: Any) -> pathlib.Path:
        """Draw the graph into a file; the suffix says how. See `autotn.viz.save`."""
        return upstairs("viz", "save")(self, path, level=level, **options)  # type: ignore[no-any-return]

    def to_dot(self, level: str | None = None, **options: Any) -> str:
        """The graph in Graphviz's language. See `autotn.viz.to_dot`."""
        return str(upstairs("viz", "to_dot")(self, level=level, **options))

    def to_graphviz(self, level: str | None = None, **options: Any) -> Any:
        """An object of the package ``graphviz`` (`graphviz.Source`), which draws itself in notebooks."""
        return upstairs("viz", "to_graphviz")(self, level=level, **options)

    def to_mermaid(self, level: str | None = None, **options: Any) -> str:
        """The graph in Mermaid's language, which READMEs draw. See `autotn.viz.to_mermaid`."""
        return str(upstairs("viz", "to_mermaid")(self, level=level, **options))

    def compared_with(self, other: Graph, rtol: float = 0.0) -> Any:
        """What is different in `other`: ``tn.diff(self, other)``. See `autotn.viz.diff`."""
        return upstairs("viz", "diff")(self, other, rtol)

    def _repr_html_(self) -> str | None:
        # A notebook keeps what it shows: of long runs the picture must do, which is small.
        return str(upstairs("viz", "to_frame")(self)) if len(self.calls) <= 1_000 else None

    def _repr_svg_(self) -> str | None:
        return upstairs("viz", "picture")(self)  # type: ignore[no-any-return]

    def __str__(self) -> str:
        return str(upstairs("viz", "to_text")(self, PRINTED))

    def __repr__(self) -> str:
        steps = f", {len(self.steps):,} steps of backward" if self.steps else ""
        return f"<{self.title}: {len(self.calls):,} calls, {len(self.values):,} values{steps}>"
