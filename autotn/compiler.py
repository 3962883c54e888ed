"""``compile``: accepted, and computed eagerly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def compile(
    model: Any = None,
    *,
    fullgraph: bool = False,
    dynamic: bool | None = None,
    backend: Any = "inductor",
    mode: str | None = None,
    options: Any = None,
    disable: bool = False,
) -> Any:
    """`model` (a function or a Module) as it is; without one, a decorator.

    >>> tn.compile(tn.sin) is tn.sin
    True
    """
    if model is None:
        return lambda function: function
    if not callable(model):
        raise TypeError(f"compile: expected a callable, got {type(model).__name__}")
    return model


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """Keep a function out of compilation: as it is; without one, a decorator."""
    return (lambda function: function) if fn is None else fn


def allow_in_graph(fn: Any) -> Any:
    """As it is."""
    return fn


assume_constant_result = allow_in_graph


def is_compiling() -> bool:
    """False.

    >>> tn.compiler.is_compiling()
    False
    """
    return False


is_dynamo_compiling = is_exporting = is_compiling


def reset() -> None:
    """Nothing: there are no caches."""


def cudagraph_mark_step_begin() -> None:
    """Nothing."""


def list_backends(exclude_tags: Any = ()) -> list[str]:
    """The one way there is: eager."""
    return ["eager"]


def set_stance(stance: str = "default", **kwargs: Any) -> Callable[[Any], Any]:
    """A decorator that leaves a function as it is."""
    return lambda function: function
