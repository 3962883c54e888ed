"""`derive`: the formulas of a small graph and of its gradients, in the user's names, step by step.

Values that have a name stand in the formulas under it; the others are written out where they are used. The
gradient of a named value is the sum over its uses of upstream gradient times local derivative; the chain then puts in
what is known of the upstream gradients, until only values of the forward pass are left.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from autotn.core.tensor import Tensor
from autotn.ir.capture import capture, read_tape
from autotn.ir.formulas import Expression, latex_name
from autotn.ir.graph import Call, Graph, Value
from autotn.viz.algebra import ONE, ONES, filled, plus, rows, scalar_product, sum_over, times

#: Graphs of more calls make no formulas that people read.
MOST = 60
#: Longer formulas are not written out in full.
READABLE = 240

_OPERATORS: dict[str, type[ast.operator]] = {
    "add": ast.Add,
    "sub": ast.Sub,
    "mul": ast.Mult,
    "div": ast.Div,
    "matmul": ast.MatMult,
}


#: Ops that only move elements: what they make and what they send back, short enough to stand inside a formula.
_MOVES = {
    "reshape": (Expression("reshape($input)", "$input"), Expression("reshape($g)", "$g")),
    "transpose": (Expression("$input.T", r"$input^\top"), Expression("$g.T", r"$g^\top")),
    "permute": (
        Expression("permute($input)", r"$input^\pi"),
        Expression("permute($g)", r"$g^{\pi^{-1}}"),
    ),
    "getitem": (
        Expression("$input[index]", r"$input_i"),
        Expression("put($g, index)", r"$g \cdot \mathbf 1_i"),
    ),
}


@dataclass
class Gradient:
    """How the gradient by one value comes about."""

    name: str
    #: ``∂L/∂name`` itself.
    symbol: Expression
    #: First in terms of the gradients downstream, then with those put in.
    steps: list[Expression] = field(default_factory=list)


@dataclass
class Derivation:
    """The formulas of a graph: ``print`` shows text, notebooks the typeset form, ``latex`` is LaTeX."""

    loss: str
    #: One formula per named result, in the order of the run.
    forward: list[tuple[str, Expression, Expression]]
    #: The loss in terms of inputs and parameters, when that is readable.
    whole: Expression | None
    #: By name, nearest to the loss first.
    gradients: dict[str, Gradient]

    @property
    def latex(self) -> str:
        r"""All formulas as LaTeX, one display after another, fit for a page between ``$$``."""
        return "\n".join(f"$$\n{block}\n$$" for block in self.blocks())

    def blocks(self) -> list[str]:
        """The displays: the forward pass, then one per gradient."""
        rows = [rf"{symbol.latex} &= {right.latex}" for _, symbol, right in self.forward]
        if self.whole is not None and len(self.forward) > 1:
            rows.append(rf"{self.forward[-1][1].latex} &= {self.whole.latex}")
        return [_aligned(rows), *(self.block(name) for name in self.gradients)]

    def block(self, name: str) -> str:
        """The display of one gradient."""
        gradient = self.gradients[name]
        first = f"{gradient.symbol.latex} &= {gradient.steps[0].latex}"
        return _aligned([first, *(f"&= {step.latex}" for step in gradient.steps[1:])])

    def _repr_latex_(self) -> str:
        return self.latex

    def __str__(self) -> str:
        lines = ["forward"]
        lines += [f"  {symbol.text} = {right.text}" for _, symbol, right in self.forward]
        if self.whole is not None and len(self.forward) > 1:
            lines.append(f"  {self.forward[-1][1].text} = {self.whole.text}")
        lines.append("backward")
        for gradient in self.gradients.values():
            left = gradient.symbol.text
            for step in gradient.steps:
                lines.append(f"  {left} = {step.text}")
                left = " " * len(left)
        return "\n".join(lines)


def _aligned(rows: list[str]) -> str:
    inside = " \\\\\n".join(rows)
    return f"\\begin{{aligned}}\n{inside}\n\\end{{aligned}}"


def derive(target: Any, *args: Any, **kwargs: Any) -> Derivation:
    r"""The formula of a loss and of its gradients by everything that led to it, with the chain of steps.

    Parameters
    ----------
    target : Tensor, function or Graph
        A result that still has its history; or a function, run on the other arguments. The history keeps only
        what backward needs, so constants that it does not need are named after the line of code.

    Raises
    ------
    ValueError
        For a graph that is too large to be read as formulas, or that returns no single loss.

    Examples
    --------
    >>> w, b = tn.tensor(0.5, requires_grad=True), tn.tensor(0.1, requires_grad=True)
    >>> print(tn.derive(lambda w, b, x: tn.tanh(w * x + b), w, b, tn.tensor(2.0)))
    forward
      L = tanh(w * x + b)
    backward
      ∂L/∂w = (1 - L**2) * x
      ∂L/∂b = 1 - L**2
    """
    if isinstance(target, Graph):
        graph = target
    elif isinstance(target, Tensor):
        graph = read_tape(target)
    elif callable(target):
        graph = capture(target, *args, **kwargs)
    else:
        raise TypeError(
            f"derive: expected a Tensor, a function or a Graph, got {type(target).__name__}"
        )
    return _Writer(graph).derivation()


class _Writer:
    """Writes the formulas of one graph."""

    def __init__(self, graph: Graph) -> None:
        calls = [c for c in graph.calls if c.phase == "forward" and c.outputs]
        if graph.failure:
            raise ValueError(f"derive: the run failed: {graph.failure}")
        if len(calls) > MOST:
            raise ValueError(
                f"derive: the graph has {len(calls)} calls; more than {MOST} make no formulas that can be read"
            )
        ends = graph.outputs
        if len(ends) != 1:
            raise ValueError(f"derive: expected one loss, the run returned {len(ends)} tensors")
        self.graph = graph
        self.values = {v.id: v for v in graph.values}
        self.loss = ends[0]
        self.producers = {v: c for c in calls for v in c.outputs}
        self.calls = self._leading_to_the_loss(calls)
        self.uses: dict[int, list[tuple[Call, int]]] = {}
        for call in self.calls:
            for place, v in enumerate(call.inputs):
                self.uses.setdefault(v, []).append((call, place))
        self.symbols = self._names()
        self._written: dict[int, Expression] = {}
        self._full: dict[int, Expression] = {}
        self._sent: dict[int, Expression | None] = {}

    def _leading_to_the_loss(self, calls: list[Call]) -> list[Call]:
        wanted, found = {self.loss.id}, []
        for call in reversed(calls):
            if wanted.intersection(call.outputs):
                wanted.update(call.inputs)
                found.append(call)
        return found[::-1]

    # -- names ------------------------------------------------------------------------------------

    def _names(self) -> dict[int, Expression]:
        """A symbol for each value that has one: what the user calls it, or a letter where it needs one."""
        found: dict[int, Expression] = {}
        taken: set[str] = set()

        ends = [v.name.rpartition(".")[2] for v in self.values.values()]

        def give(value: Value, name: str) -> None:
            end = name.rpartition(".")[2]
            short = end if ends.count(end) == 1 else name
            while short in taken:
                short += "'"
            taken.add(short)
            found[value.id] = Expression(short, _latex_symbol(short))

        order = [v for c in self.calls for v in (*c.inputs, *c.outputs)]
        for v in dict.fromkeys([*order, self.loss.id]):
            value = self.values[v]
            if value.kind == "constant" and value.count == 1 and not value.name:
                found[v] = _number(value)
            elif value.name:
                give(value, value.name)
        letters = iter([*"abcdfhkmpqrsuv", *(f"u{k}" for k in range(1, 200))])
        for v in dict.fromkeys([*order, self.loss.id]):
            value = self.values[v]
            once = len(self.uses.get(v, ())) <= 1 and v in self.producers and v != self.loss.id
            if v not in found and not once:
                name = "L" if v == self.loss.id else "x" if value.kind == "input" else None
                give(value, name or next(one for one in letters if one not in taken))
        return found

    # -- forward ----------------------------------------------------------------------------------

    def value(self, v: int) -> Expression:
        """A value as it stands in formulas: its symbol, or what it is."""
        return self.symbols[v] if v in self.symbols else self.written(v)

    def written(self, v: int) -> Expression:
        """The formula that makes a result, out of values as they stand in formulas."""
        if v not in self._written:
            call = self.producers[v]
            self._written[v] = filled(self._template(call), self._operands(call, self.value))
        return self._written[v]

    def whole(self, v: int) -> Expression:
        """The formula of a result in terms of what is no result itself."""
        if v not in self.producers:
            return self.value(v)
        if v not in self._full:
            call = self.producers[v]
            self._full[v] = filled(self._template(call), self._operands(call, self.whole))
        return self._full[v]

    def _operands(self, call: Call, of: Callable[[int], Expression]) -> dict[str, Expression]:
        operands = {name: Expression(text, text) for name, text in call.static.items()}
        operands |= {role: of(v) for role, v in zip(call.roles, call.inputs, strict=False)}
        for role in _placeholders(self._template(call)):
            if role not in operands:
                operands[role] = _from_the_line(call, role, self)
        return operands

    def _template(self, call: Call) -> Expression:
        value = _MOVES[call.op][0] if call.op in _MOVES else call.formula.value
        shapes = self._shapes(call)
        if call.op == "linear":
            vector = len(shapes[0]) == 1
            text, latex = (
                "$input @ $weight.T",
                r"$weight\,$input" if vector else r"$input\,$weight^\top",
            )
            if "bias" in call.roles:
                text, latex = text + " + $bias", latex + " + $bias"
            value = Expression(text, latex)
        elif call.op == "matmul" and len(shapes) > 1 and len(shapes[0]) == len(shapes[1]) == 1:
            value = Expression(value.text, r"$input \cdot $other")
        elif call.op == "mean" and not call.static.get("dim"):
            value = Expression(value.text, rf"\frac{{1}}{{{self._count(call)}}} \sum $input")
        return scalar_product(value) if self._is_scalar(call) else value

    def _shapes(self, call: Call) -> list[tuple[int, ...]]:
        return [self.values[v].shape or () for v in call.inputs]

    def _count(self, call: Call) -> int:
        return self.values[call.inputs[0]].count

    def _is_scalar(self, call: Call) -> bool:
        return all(self.values[v].count == 1 for v in (*call.inputs, *call.outputs))

    # -- backward ---------------------------------------------------------------------------------

    def symbol(self, v: int) -> Expression:
        """``∂L/∂v``."""
        loss, name = self.symbols[self.loss.id], self.symbols[v]
        return Expression(
            f"∂{loss.text}/∂{name.text}",
            rf"\frac{{\partial {loss.latex}}}{{\partial {name.latex}}}",
        )

    def sent(self, v: int, upstream: Callable[[int], Expression | None]) -> Expression | None:
        """The gradient of a value in terms of `upstream`, that of the results it went into."""
        total = None
        for call, place in self.uses.get(v, ()):
            g = upstream(call.outputs[0])
            if g is None:
                continue
            part = self._pulled(call, place, g)
            total = part if total is None else plus(total, part)
        return total

    def _pulled(self, call: Call, place: int, g: Expression) -> Expression:
        """What a call sends to one of its inputs."""
        role = call.roles[place]
        value, out = self.values[call.inputs[place]], self.values[call.outputs[0]]
        operands = self._operands(call, self.value)
        operands["out"] = self.value(out.id)
        formula = call.formula
        if role in formula.derivatives:
            local = formula.derivatives[role]
            local = scalar_product(local) if self._is_scalar(call) else local
            part = times(g, filled(local, operands), self._is_scalar(call))
            return sum_over(part, value.shape, out.shape)
        if call.op == "linear" and role == "bias" and len(out.shape or ()) > 1:
            return rows(g)
        return filled(self._pull_template(call, role), {**operands, "g": g})

    def _pull_template(self, call: Call, role: str) -> Expression:
        shapes = self._shapes(call)
        if call.op == "matmul" and len(shapes) > 1 and len(shapes[0]) == len(shapes[1]) == 1:
            other = "other" if role == "input" else "input"
            return Expression(f"$g * ${other}", rf"$g\,${other}")
        if call.op == "linear" and len(shapes[0]) == 1:
            return {
                "input": Expression("$g @ $weight", r"$weight^\top $g"),
                "weight": Expression("outer($g, $input)", r"$g\,$input^\top"),
                "bias": Expression("$g", "$g"),
            }[role]
        if call.op == "mean" and not call.static.get("dim"):
            n = self._count(call)
            return Expression(f"$g / {n}{ONES.text}", rf"\frac{{$g}}{{{n}}}{ONES.latex}")
        if call.op == "sum":
            return Expression(f"$g{ONES.text}", f"$g{ONES.latex}")
        if call.op in _MOVES:
            return _MOVES[call.op][1]
        pulls = call.formula.pulls
        if role in pulls:
            return pulls[role]
        return Expression("$g", "$g")

    def _in_symbols(self, v: int) -> Expression | None:
        """The upstream gradient as a symbol where the value has one, else written out."""
        if v == self.loss.id:
            return ONE
        if v in self.symbols:
            return self.symbol(v) if self._reaches(v) else None
        return self.sent(v, self._in_symbols)

    def _put_in(self, v: int) -> Expression | None:
        """The upstream gradient with everything known put in."""
        if v == self.loss.id:
            return ONE
        if v not in self._sent:
            self._sent[v] = self.sent(v, self._put_in)
        return self._sent[v]

    def _reaches(self, v: int) -> bool:
        return v == self.loss.id or any(
            self._reaches(c.outputs[0]) for c, _ in self.uses.get(v, ())
        )

    # -- all --------------------------------------------------------------------------------------

    def derivation(self) -> Derivation:
        """Every formula."""
        forward = [
            (self.symbols[v].text, self.symbols[v], self.written(v))
            for call in self.calls
            for v in call.outputs
            if v in self.symbols and v in self.producers
        ]
        gradients: dict[str, Gradient] = {}
        made = [v for call in reversed(self.calls) for v in reversed(call.outputs)]
        given = [v for call in self.calls for v in call.inputs]
        for v in dict.fromkeys([*made, *given]):
            value = self.values[v]
            if v == self.loss.id or v not in self.symbols or not value.requires_grad:
                continue
            first = self.sent(v, self._in_symbols)
            if first is None:
                continue
            steps = [first]
            last = self._put_in(v)
            if last is not None and last != first and len(last.text) <= READABLE:
                steps.append(last)
            gradients[self.symbols[v].text] = Gradient(self.symbols[v].text, self.symbol(v), steps)
        whole = self.whole(self.loss.id) if self.loss.id in self.producers else None
        if whole is not None and len(whole.text) > READABLE:
            whole = None
        return Derivation(self.symbols[self.loss.id].text, forward, whole, gradients)


def _placeholders(template: Expression) -> list[str]:
    return re.findall(r"\$(\w+)", template.text)


def _number(value: Value) -> Expression:
    data = None if value.reading is None else value.reading.data
    while isinstance(data, list):
        data = data[0]
    text = "c" if data is None else f"{data:g}" if isinstance(data, float) else str(data)
    return Expression(text, text)


def _latex_symbol(name: str) -> str:
    r"""A name as LaTeX: primes outside, an index behind a single letter."""
    plain = name.rstrip("'")
    primes = name[len(plain) :]
    indexed = re.fullmatch(r"([A-Za-z])_([A-Za-z]\w*)", plain)
    if indexed:
        escaped = indexed[2].replace("_", r"\_")
        return rf"{indexed[1]}_{{\mathrm{{{escaped}}}}}{primes}"
    return latex_name(plain) + primes


def _from_the_line(call: Call, role: str, writer: _Writer) -> Expression:
    """The name of an operand that the history did not keep, from the line of code that called."""
    unknown = Expression("c", "c")
    operator = _OPERATORS.get(call.op)
    try:
        tree = ast.parse(call.text.strip())
    except SyntaxError:
        return unknown
    if operator is None:
        return unknown
    places = [n for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, operator)]
    known = [writer.symbols[v].text for v in call.inputs if v in writer.symbols]
    for node in places:
        mine, other = (node.right, node.left) if role == "other" else (node.left, node.right)
        if len(places) == 1 or ast.unparse(other) in known:
            text = ast.unparse(mine)
            if len(text) <= 24:
                name = text if text.isidentifier() else ""
                return Expression(text, _latex_symbol(name) if name else rf"\mathrm{{{text}}}")
    return unknown


__all__ = ["Derivation", "Gradient", "derive"]
