r"""What ops compute, and their derivatives, as text and as LaTeX.

A name with a dollar sign (``$input``, ``$out``) stands for an input, the output or a static parameter, so that a
reader can put in what the user calls them: see `Formula.filled`. Ops without an entry in the table show their
rule's own source.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from dataclasses import dataclass, field, replace
from functools import lru_cache
from string import Template
from typing import Any

from autotn.core.op import REGISTRY
from autotn.ir.formula_table import EACH_ELEMENT, WHOLE_ARRAYS


@dataclass(frozen=True)
class Expression:
    """One formula in two spellings."""

    text: str
    latex: str

    def filled(self, names: dict[str, str], latex_names: dict[str, str]) -> Expression:
        """The formula with names put in for the words with a dollar sign."""
        return Expression(
            Template(self.text).safe_substitute(names),
            Template(self.latex).safe_substitute(latex_names),
        )


@dataclass(frozen=True)
class Formula:
    """What an op computes.

    ``derivatives`` has, by input, the local derivative where the op acts on each element alone;
    ``pulls`` the gradient that is sent to each input, with ``$g`` for the gradient of the output.
    """

    value: Expression
    derivatives: dict[str, Expression] = field(default_factory=dict)
    pulls: dict[str, Expression] = field(default_factory=dict)

    def filled(self, names: dict[str, str], latex_names: dict[str, str] | None = None) -> Formula:
        """The formula in the user's words.

        >>> from autotn.ir.formulas import formula_of
        >>> formula_of("mul").filled({"input": "x", "other": "w"}).value.text
        'x * w'
        """
        latex = {k: latex_name(v) for k, v in names.items()} | (latex_names or {})
        return replace(
            self,
            value=self.value.filled(names, latex),
            derivatives={k: e.filled(names, latex) for k, e in self.derivatives.items()},
            pulls={k: e.filled(names, latex) for k, e in self.pulls.items()},
        )


def latex_name(name: str) -> str:
    r"""A name as LaTeX shows it: one letter as it is, longer ones upright.

    >>> from autotn.ir.formulas import latex_name
    >>> latex_name("w"), latex_name("w1"), latex_name("fc.bias")
    ('w', 'w_{1}', '\\mathrm{fc.bias}')
    """
    indexed = re.fullmatch(r"([A-Za-z])_?(\d+)", name)
    if indexed:
        return f"{indexed[1]}_{{{indexed[2]}}}"
    if len(name) <= 1:
        return name
    return r"\mathrm{" + name.replace("_", r"\_") + "}"


def acts_on_each_element(op: str) -> bool:
    """True when each element of the output depends on its own element of the inputs alone."""
    declared = REGISTRY.get(op)
    return op in EACH_ELEMENT or (declared is not None and declared.broadcasts)


@lru_cache(maxsize=1024)
def formula_of(op: str, roles: tuple[str, ...] = ()) -> Formula:
    """The formula of an op, by its name and what it calls its inputs.

    >>> from autotn.ir.formulas import formula_of
    >>> formula_of("tanh").pulls["input"].text
    '$g * (1 - $out**2)'
    """
    if op in EACH_ELEMENT:
        text, latex, derivatives = EACH_ELEMENT[op]
        local = {role: Expression(*pair) for role, pair in derivatives.items()}
        pulls = {role: _times(e) for role, e in local.items()}
        return Formula(Expression(text, latex), local, pulls)
    if op in WHOLE_ARRAYS:
        text, latex, sent = WHOLE_ARRAYS[op]
        return Formula(
            Expression(text, latex), {}, {role: Expression(*pair) for role, pair in sent.items()}
        )
    return _from_rules(op, roles)


def _times(local: Expression) -> Expression:
    """The gradient that goes on: what comes in, times the local derivative."""
    if local.text == "1":
        return Expression("$g", "$g")
    if local.text == "-1":
        return Expression("-$g", "-$g")
    alone = re.fullmatch(r"\$?\w+|\w+\([^()]*\)|\(.*\)", local.text)
    text = local.text if alone else f"({local.text})"
    many = " + " in local.latex or " - " in local.latex
    latex = rf"\left({local.latex}\right)" if many else local.latex
    return Expression(f"$g * {text}", rf"$g \odot {latex}")


def _from_rules(op: str, roles: tuple[str, ...]) -> Formula:
    """For an op that is not in the table: its name, and the source of its rules."""
    declared = REGISTRY.get(op)
    names = [i.name for i in declared.inputs] if declared is not None else list(roles)
    given = roles or tuple(names)
    value = Expression(
        f"{op}({', '.join(_dollar(r) for r in given)})",
        rf"\operatorname{{{_escaped(op)}}}\left({', '.join(_dollar(r) for r in given)}\right)",
    )
    pulls = {}
    for name in names:
        rule = declared.rules.get(name) if declared is not None else None
        source = None if rule is None else rule_source(rule.function, name, rule.names)
        if source is not None:
            pulls[name] = Expression(source, rf"\texttt{{{_escaped(source)}}}")
        else:
            pulls[name] = Expression(
                f"$g · ∂{op}/∂{_dollar(name)}",
                rf"$g \cdot \frac{{\partial\,\mathrm{{{_escaped(op)}}}}}{{\partial {_dollar(name)}}}",
            )
    return Formula(value, {}, pulls)


def _dollar(role: str) -> str:
    return f"${role}" if role.isidentifier() else role


def _escaped(text: str) -> str:
    return re.sub(r"([_%&#{}])", r"\\\1", text)


def rule_source(function: Any, target: str, names: tuple[str, ...]) -> str | None:
    """The expression of a rule written as a lambda, with dollar signs before what it names."""
    if function.__name__ != "<lambda>":
        return None
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return None
    parameters = inspect.getfullargspec(function).args
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.keyword)
            and node.arg == target
            and _is_rule(node.value, parameters)
        ):
            return _with_dollars(node.value.body, (parameters[0], *names))  # type: ignore[attr-defined]
    return None


def _is_rule(node: ast.expr, parameters: list[str]) -> bool:
    return isinstance(node, ast.Lambda) and [a.arg for a in node.args.args] == parameters


def _with_dollars(body: ast.expr, names: tuple[str, ...]) -> str:
    text = " ".join(ast.unparse(body).split())
    for name in dict.fromkeys(names):
        text = re.sub(rf"(?<![\w.$]){name}(?!\w)(?!\s*=[^=])", f"${name}", text)
    return text if len(text) <= 120 else text[:119] + "…"


__all__ = ["Expression", "Formula", "acts_on_each_element", "formula_of", "latex_name"]
