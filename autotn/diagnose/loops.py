"""Questions to the source around the call of `check`: training loops that forget a step."""

from __future__ import annotations

import ast
import linecache
import os
from collections.abc import Iterator
from typing import Any

from autotn.core.names import Surroundings
from autotn.diagnose.report import Finding
from autotn.diagnose.trial import Subject


def loops(subject: Subject) -> Iterator[Finding]:
    """Loops with backward and step but without zero_grad, evaluation without eval."""
    seen = set()
    for frame, _ in Surroundings().of_the_user():
        file = frame.f_code.co_filename
        if file in seen:
            continue
        seen.add(file)
        try:
            tree = ast.parse("".join(linecache.getlines(file)))
        except SyntaxError:
            continue
        yield from _forgotten(subject, tree, os.path.basename(file))


def _forgotten(subject: Subject, tree: ast.AST, file: str) -> Iterator[Finding]:
    everywhere = _methods(tree)
    trains = False
    for node in ast.walk(tree):
        if not isinstance(node, (ast.For, ast.While)):
            continue
        if not {"backward", "step"} <= _methods(node):
            continue
        trains = True
        if not {"zero_grad", "grad ="} & everywhere:
            yield Finding(
                "zero_grad",
                f"the loop at {file}:{node.lineno} calls backward() and step() but never zero_grad(): "
                "each gradient is added to all that came before",
                "call optimizer.zero_grad() before backward()",
            )
            break
    depends = any(
        type(m).__name__.startswith(("Dropout", "BatchNorm")) for m in subject.model.modules()
    )
    if trains and depends and "eval" in everywhere and "train" not in everywhere:
        yield Finding(
            "mode",
            f"{file} calls eval() but never train(): what is trained after an evaluation is trained in eval "
            "mode",
            "call model.train() at the beginning of every epoch",
        )
    for node in ast.walk(tree):
        unrecorded = isinstance(node, ast.With) and any(
            _name(item.context_expr) in ("no_grad", "inference_mode") for item in node.items
        )
        if unrecorded and depends and "eval" not in everywhere and _calls_a_model(node):
            assert isinstance(node, ast.With)
            yield Finding(
                "mode",
                f"{file}:{node.lineno} evaluates under no_grad, but eval() is never called: dropout still "
                "drops and batch norm still measures",
                "call model.eval() before, model.train() after",
            )
            break


def _name(expression: ast.expr) -> str:
    function = expression.func if isinstance(expression, ast.Call) else expression
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _methods(tree: ast.AST) -> set[str]:
    """Names of the methods that are called, and ``grad =`` where a gradient is assigned."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            found.add(node.func.attr)
        if isinstance(node, ast.Assign):
            targets: list[Any] = node.targets
            if any(isinstance(t, ast.Attribute) and t.attr == "grad" for t in targets):
                found.add("grad =")
    return found


def _calls_a_model(tree: ast.AST) -> bool:
    names = [
        n.func.id
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    ]
    return any("model" in name or "net" in name for name in names)
