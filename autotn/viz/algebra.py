"""Putting expressions into each other, with the brackets they need, as text and as LaTeX at once.

How strongly an expression holds together decides whether it needs brackets where it is put: sums least, then
products of elements (``*``, ⊙), then matrix products (``@``, side by side), then names, numbers and calls.
"""

from __future__ import annotations

import math
import re

from autotn.ir.formulas import Expression

ONE = Expression("1", "1")
#: An array of ones behind a number, which a product with each element does not need.
ONES = Expression(" * ones", r" \cdot \mathbf 1")

_SUM, _EACH, _MATRIX, _ATOM = 0, 1, 2, 3


def filled(template: Expression, operands: dict[str, Expression]) -> Expression:
    """A template with operands in the places with a dollar sign, bracketed where they must be."""
    text = _put(template.text, {k: e.text for k, e in operands.items()}, latex=False)
    latex = _put(template.latex, {k: e.latex for k, e in operands.items()}, latex=True)
    return Expression(_tidy(text), _tidy(latex))


def _put(template: str, operands: dict[str, str], latex: bool) -> str:
    made, end = "", 0
    for place in re.finditer(r"\$(\w+)", template):
        operand = operands.get(place[1], place[1])
        before, after = template[: place.start()].rstrip(), template[place.end() :].lstrip()
        need = _needed_latex(before, after) if latex else _needed_text(before, after)
        has = _strength(operand, latex)
        if not latex and before.endswith("*") and not before.endswith("**") and has == _MATRIX:
            has = _SUM  # Python reads a * b @ c from the left
        if has < need:
            operand = rf"\left({operand}\right)" if latex else f"({operand})"
        made += template[end : place.start()] + operand
        end = place.end()
    return made + template[end:]


def _alone(before: str, after: str) -> bool:
    """True where only brackets, commas, comparisons or a plus stand on both sides."""
    opened = not before or before.endswith(("(", "{", ",", "[", "=", "+"))
    return opened and (not after or after.startswith((")", "}", ",", "]", r"\right", *"><+-")))


def _needed_text(before: str, after: str) -> int:
    """How strongly an operand must hold together between two pieces of a formula."""
    if after.startswith(("**", ".T", "[")) or before.endswith(("**", "/")):
        return _ATOM
    if _alone(before, after):
        return _SUM
    return _MATRIX if before.endswith("@") or after.startswith("@") else _EACH


def _needed_latex(before: str, after: str) -> int:
    before, after = before.replace(r"\,", "~"), after.replace(r"\,", "~")
    if after.startswith(("^", "_", "'")):
        return _ATOM
    if _alone(before, after):
        return _SUM
    products = before.endswith((r"\odot", r"\cdot", "-", "+", "{", "(")) or not before
    return (
        _EACH
        if products and (not after or after.startswith((r"\odot", r"\cdot", *"+-)}")))
        else _MATRIX
    )


def _outside(formula: str) -> str:
    """A formula without what stands in brackets of any kind."""
    formula = formula.replace(r"\left", "").replace(r"\right", "").replace(r"\,", " ")
    depth, made = 0, ""
    for letter in formula:
        depth -= letter in ")}]"
        if depth == 0 and letter not in ")}]":
            made += letter if letter not in "({[" else "()"
        depth += letter in "({["
    return made


def _strength(formula: str, latex: bool) -> int:
    outside = _outside(formula)
    if re.search(r" ([+<>-]|[<>]=) |^-|,", outside):
        return _SUM
    if latex:
        if r"\odot" in outside or r"\cdot" in outside:
            return _EACH
        atom = r"\\?[A-Za-z]+(\(\))?'*([_^](\(\)|\\?\w+))*|[0-9.]+|\(\)(\^(\(\)|\w))?"
        return _ATOM if re.fullmatch(atom, outside) else _MATRIX
    if re.search(r"(?<!\*)\*(?!\*)| / ", outside):
        return _EACH
    return (
        _MATRIX
        if "@" in outside
        else _ATOM
        if " " not in outside and "**" not in outside
        else _EACH
    )


def times(g: Expression, local: Expression, scalar: bool) -> Expression:
    """Upstream gradient times local derivative, element by element."""
    if g.text.startswith("-") and _strength(g.text[1:], latex=False) > _SUM:
        return negative(times(Expression(g.text[1:].strip(), g.latex[1:].strip()), local, scalar))
    if local.text.startswith("-") and _strength(local.text[1:], latex=False) > _SUM:
        return negative(
            times(g, Expression(local.text[1:].strip(), local.latex[1:].strip()), scalar)
        )
    if local.text == "1":
        return g
    ones = g.latex.endswith(ONES.latex)
    if ones:
        g = Expression(g.text.removesuffix(ONES.text), g.latex.removesuffix(ONES.latex))
    if g.text == "1":
        return local
    both = {"a": g, "b": local}
    share = re.fullmatch(r"\\frac\{1\}\{(.*)\}", local.latex)
    if share and local.text.startswith("1 / ") and local.latex.count(r"\frac") == 1:
        below = Expression(local.text[4:], share[1])
        return filled(Expression("$a / $b", r"\frac{$a}{$b}"), {"a": g, "b": below})
    sign = r"\," if scalar or ones else r" \odot "
    return filled(Expression("$a * $b", f"$a{sign}$b"), both)


def negative(e: Expression) -> Expression:
    """With the other sign."""
    if e.text.startswith("-") and _strength(e.text[1:], latex=False) > _SUM:
        return Expression(e.text[1:].strip(), e.latex[1:].strip())
    return filled(Expression("-$a", "-$a"), {"a": e})


def plus(a: Expression, b: Expression) -> Expression:
    """A sum of two."""
    if b.text.startswith("-") and b.latex.startswith("-"):
        return Expression(f"{a.text} - {b.text[1:]}", f"{a.latex} - {b.latex[1:]}")
    return Expression(f"{a.text} + {b.text}", f"{a.latex} + {b.latex}")


def sum_over(
    part: Expression, small: tuple[int, ...] | None, large: tuple[int, ...] | None
) -> Expression:
    """Summed back from the shape it was broadcast to."""
    if small is None or large is None or small == large:
        return part
    lead = len(large) - len(small)
    axes = [k for k, n in enumerate(large) if k < lead or (small[k - lead] == 1 and n != 1)]
    if not axes:
        return part
    if len(axes) == len(large):
        return filled(Expression("sum($a)", r"\sum \left($a\right)"), {"a": part})
    which = str(axes[0] if len(axes) == 1 else tuple(axes))
    if any(k >= lead for k in axes):
        which += ", keepdims=True"
    elif axes == [0]:
        return rows(part)
    below = r"\text{axes }" + ", ".join(map(str, axes))
    return filled(
        Expression(f"sum($a, {which})", rf"\sum_{{{below}}} \left($a\right)"), {"a": part}
    )


def rows(part: Expression) -> Expression:
    """Summed over the batch, which lies along the rows."""
    simple = _strength(part.latex, latex=True) >= _MATRIX
    latex = r"\sum_{\text{rows}} $a" if simple else r"\sum_{\text{rows}} \left($a\right)"
    return filled(Expression("sum($a, 0)", latex), {"a": part})


def scalar_product(e: Expression) -> Expression:
    """Between numbers a product needs no sign of its own."""
    return Expression(e.text, e.latex.replace(r" \odot ", r"\,"))


def _tidy(formula: str) -> str:
    """Exponents worked out, numbers multiplied, ones left out."""
    formula = re.sub(r"\*\*\((\d+) - 1\)", lambda m: _power(int(m[1]) - 1, "**"), formula)
    formula = re.sub(r"\^\{(\d+) - 1\}", lambda m: _power(int(m[1]) - 1, "^"), formula)
    formula = re.sub(
        r"\\frac\{1\}\{(\d+)\}\\,(\d+)(?=\\,)", lambda m: _share(m, r"\frac{%d}{%d}"), formula
    )
    formula = re.sub(
        r"(?<![\w.)*] )(?<![\w.)*])1 / (\d+) \* (\d+)(?= \*)",
        lambda m: _share(m, "%d / %d"),
        formula,
    )
    formula = re.sub(r"\^\{(\d)\}", r"^\1", formula)
    formula = re.sub(r"(?<![\w.)}\]/*^])(?<![/*] )1 (?:\*|·|\\cdot) ", "", formula)
    return formula.replace(" ** ", "**")


def _power(exponent: int, sign: str) -> str:
    return "" if exponent == 1 else f"{sign}{exponent}"


def _share(found: re.Match[str], form: str) -> str:
    """A whole number over another, reduced."""
    below, above = int(found[1]), int(found[2])
    common = math.gcd(below, above)
    below, above = below // common, above // common
    return str(above) if below == 1 else form % (above, below)
