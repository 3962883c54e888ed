"""Where a gradient's path was cut: read in the user's source, only when backward found no path.

The tape remembers nothing of what was not recorded, so we look at the text instead: from the
expression that was differentiated back through the assignments that led to it, for words that cut.
What is found is a reading of the source, and is said as such.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import os
from collections import ChainMap
from collections.abc import Iterator, Mapping
from types import CodeType
from typing import Any

from autotn.core.names import Surroundings, is_module
from autotn.core.node import INTERNAL

#: Methods whose result has no history, and what is to be said of them.
_METHODS = {
    "detach": "detach() cuts the history off",
    "detach_": "detach_() cuts the history off",
    "data": ".data has no history",
    "item": "item() gives a Python number",
    "tolist": "tolist() gives Python numbers",
    "numpy": "numpy() leaves the tape",
    **{
        name: f"{name}() has no gradient: it gives integers or booleans"
        for name in (
            "argmax",
            "argmin",
            "argsort",
            "long",
            "int",
            "bool",
            "nonzero",
            "eq",
            "gt",
            "lt",
        )
    },
}
_MAKERS = {"tensor", "as_tensor", "from_numpy", "asarray", "array", "float", "int"}
_MODES = {"no_grad", "inference_mode"}
_DEPTH = 12

Finding = tuple[str, int, str, str]  # file, line, text, what it does
Scope = Mapping[str, Any]


class _Source:
    """A function's (or a file's) statements, found by its code."""

    def __init__(self, code: CodeType) -> None:
        self.file = code.co_filename
        text = "".join(linecache.getlines(self.file))
        self.body: ast.AST = ast.parse(text)
        if code.co_name != "<module>":
            wanted = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
            for node in ast.walk(self.body):
                if isinstance(node, wanted) and _first_line(node) == code.co_firstlineno:
                    self.body = node
        self.unrecorded = _unrecorded_lines(self.body)

    def before(self, line: int) -> list[ast.stmt]:
        """Assignments on earlier lines, the latest first."""
        kinds = (ast.Assign, ast.AugAssign, ast.AnnAssign)
        found = [n for n in ast.walk(self.body) if isinstance(n, kinds) and n.lineno < line]
        return sorted(found, key=lambda n: -n.lineno)

    def text(self, line: int) -> str:
        """A line of the file."""
        return linecache.getline(self.file, line).strip()

    def unrecorded_at(self, line: int) -> Iterator[Finding]:
        """What switches recording off for a line, if anything does."""
        head = self.unrecorded.get(line)
        if head is not None:
            yield self.file, line, self.text(line), f"recording is off from line {head}"


def _first_line(node: Any) -> int:
    decorators = getattr(node, "decorator_list", [])
    return int(min([node.lineno, *(d.lineno for d in decorators)]))


def _is_mode(expression: ast.expr) -> bool:
    call = expression.func if isinstance(expression, ast.Call) else expression
    name = call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "")
    return name in _MODES


def _unrecorded_lines(body: ast.AST) -> dict[int, int]:
    """Lines that run without recording, with the line that says so."""
    lines: dict[int, int] = {}
    for node in ast.walk(body):
        heads: list[ast.expr] = []
        if isinstance(node, ast.With):
            heads = [i.context_expr for i in node.items]
        elif isinstance(node, ast.FunctionDef):
            heads = node.decorator_list
        for head in heads:
            if _is_mode(head):
                assert isinstance(node, (ast.With, ast.FunctionDef))
                inside = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                lines |= dict.fromkeys(inside, head.lineno)
    return lines


class _Search:
    """A walk from an expression back through what it was made of."""

    def __init__(self) -> None:
        self.seen: set[tuple[str, int]] = set()
        self.functions: set[CodeType] = set()

    def expression(
        self, source: _Source, node: ast.AST, line: int, scope: Scope, depth: int = 0
    ) -> Iterator[Finding]:
        """Cuts in an expression, then in the assignments of the names in it."""
        if depth > _DEPTH:
            return
        names: list[str] = []
        for part in ast.walk(node):
            what = _cut(part)
            at = getattr(part, "lineno", line)
            if what:
                yield source.file, at, source.text(at), what
            if isinstance(part, ast.Name):
                names.append(part.id)
            if isinstance(part, ast.Call):
                yield from self.called(*_found(part.func, scope), depth)
        for name in names:
            yield from self.assigned(source, name, line, scope, depth)

    def assigned(
        self, source: _Source, name: str, line: int, scope: Scope, depth: int
    ) -> Iterator[Finding]:
        """Cuts in what was assigned to a name before a line."""
        for statement in source.before(line):
            targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
            written = {n.id for t in targets if t for n in ast.walk(t) if isinstance(n, ast.Name)}
            value = getattr(statement, "value", None)
            if name not in written or value is None:
                continue
            key = (source.file, statement.lineno)
            if key not in self.seen:
                self.seen.add(key)
                yield from source.unrecorded_at(statement.lineno)
                yield from self.expression(source, value, statement.lineno, scope, depth + 1)
            if isinstance(statement, ast.Assign):
                return

    def called(self, function: Any, owner: Any, depth: int) -> Iterator[Finding]:
        """Cuts inside a function of the user's, or inside the forwards of a module's parts."""
        if is_module(function):
            for module in function.modules():
                yield from self.called(type(module).forward, module, depth)
            return
        function = getattr(function, "__func__", function)
        function = getattr(function, "__wrapped__", function)
        code = getattr(function, "__code__", None)
        if not isinstance(code, CodeType) or INTERNAL[function.__globals__.get("__package__")]:
            return
        if code in self.functions:
            return
        self.functions.add(code)
        source = _Source(code)
        scope: Scope = ChainMap({"self": owner} if owner is not None else {}, function.__globals__)
        if isinstance(source.body, ast.Lambda):
            body = source.body.body
            yield from self.expression(source, body, body.lineno, scope, depth + 1)
        for statement in ast.walk(source.body):
            if isinstance(statement, ast.Return) and statement.value is not None:
                yield from source.unrecorded_at(statement.lineno)
                line = statement.lineno
                yield from self.expression(source, statement.value, line, scope, depth + 1)


def _found(node: ast.AST, scope: Scope) -> tuple[Any, Any]:
    """What a dotted name stands for, without running anything, and what it is an attribute of."""
    if isinstance(node, ast.Name):
        return scope.get(node.id), None
    if isinstance(node, ast.Attribute):
        owner, _ = _found(node.value, scope)
        if owner is not None:
            return inspect.getattr_static(owner, node.attr, None), owner
    return None, None


def _cut(node: ast.AST) -> str:
    """What `node` does to a gradient's path, if it cuts it."""
    if isinstance(node, ast.Compare):
        return "a comparison has no gradient: it gives booleans"
    if isinstance(node, ast.Attribute):
        return _METHODS.get(node.attr, "")
    if isinstance(node, ast.Call) and node.args:
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name in _MAKERS and not isinstance(node.args[0], (ast.Constant, ast.List, ast.Tuple)):
            return f"{name}() makes something new, without history"
    return ""


def tell_cut(around: Surroundings) -> list[str]:
    """Sentences about where the path from the parameters to a loss may have been cut."""
    places = list(around.of_the_user())
    if not places:
        return []
    frame, _ = places[0]
    sentences = [
        f"{name}: all of its parameters are frozen (requires_grad=False); "
        f"{name}.requires_grad_() lets them learn"
        for name, value in frame.f_locals.items()
        if is_module(value) and _is_frozen(value)
    ]
    try:
        source = _Source(frame.f_code)
    except (SyntaxError, ValueError):
        return sentences
    line = frame.f_lineno
    search = _Search()
    scope: Scope = ChainMap(frame.f_locals, frame.f_globals)
    found: list[Finding] = []
    for node in ast.walk(source.body):
        if isinstance(node, ast.Call) and node.lineno <= line <= (node.end_lineno or line):
            differentiated = _differentiated(node)
            if differentiated is not None:
                found += search.expression(source, differentiated, line, scope)
    told = dict.fromkeys(
        f"{os.path.basename(file)}:{number}: {text}: {what}" for file, number, text, what in found
    )
    return sentences + [f"the path may be cut at {sentence}" for sentence in list(told)[:3]]


def _is_frozen(module: Any) -> bool:
    parameters = list(module.parameters())
    return bool(parameters) and not any(p.requires_grad for p in parameters)


def _differentiated(call: ast.Call) -> ast.expr | None:
    """What a call of ``x.backward()``, ``backward(x)`` or ``grad(x, …)`` differentiates."""
    function = call.func
    if isinstance(function, ast.Attribute) and function.attr == "backward" and not call.args:
        return function.value
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    return call.args[0] if name in ("grad", "backward") and call.args else None
