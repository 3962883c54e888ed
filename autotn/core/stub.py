"""Writes ``methods.pyi``: the methods of Tensor, for editors and type checkers.

``python -m autotn.core.stub`` writes the file anew; a test fails when it is stale.
"""

from __future__ import annotations

import inspect
import pathlib
from typing import Any

_HEAD = '''\
"""Generated from the declarations by ``python -m autotn.core.stub``; do not edit."""

from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F")

NUMPY: dict[Any, Any]

def stand_for(numpy_function: Any, function: Any) -> None: ...
def attach(made: Any, names: list[str], inplace: bool) -> tuple[str, ...]: ...
def attach_method(name: str) -> Callable[[F], F]: ...

class TensorMethods:
'''


def render() -> str:
    """The text of the stub, from the methods that stand on Tensor now."""
    import autotn  # noqa: F401 - all declarations
    from autotn.core.methods import TensorMethods

    lines = []
    for name, member in sorted(vars(TensorMethods).items()):
        if name in ("__module__", "__doc__", "__slots__", "__dict__", "__weakref__"):
            continue
        if isinstance(member, property):
            lines.append(f"    @property\n    def {name}(self) -> Any: ...")
            if member.fset is not None:
                lines.append(f"    @{name}.setter\n    def {name}(self, value: Any) -> None: ...")
        elif callable(member):
            lines.append(_method(name, member))
    return _HEAD + "\n".join(lines) + "\n"


def _method(name: str, member: Any) -> str:
    parts, star = ["self"], False
    for k, p in enumerate(inspect.signature(member).parameters.values()):
        if k == 0:
            continue
        if p.kind is p.VAR_POSITIONAL:
            parts.append(f"*{p.name}: Any")
            star = True
            continue
        if p.kind is p.VAR_KEYWORD:
            parts.append(f"**{p.name}: Any")
            continue
        if p.kind is p.KEYWORD_ONLY and not star:
            parts.append("*")
            star = True
        parts.append(f"{p.name}: Any" + ("" if p.default is p.empty else " = ..."))
    result = {"__len__": "int", "__contains__": "bool", "__setitem__": "None", "backward": "None"}
    where = getattr(member, "__module__", "") or ""
    comment = f"  # {where}" if where.startswith("autotn.") else ""
    return f"    def {name}({', '.join(parts)}) -> {result.get(name, 'Any')}: ...{comment}"


if __name__ == "__main__":
    pathlib.Path(__file__).with_name("methods.pyi").write_text(render())
