"""Telling several models of one run apart: by the variables that hold them.

Names begin inside the outermost module (``0.weight``), which is enough while there is one. When modules with
parameters of their own run side by side, as a generator and a discriminator do, each takes the name of the
user's variable: ``discriminator.0.weight``.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from autotn.core.node import INTERNAL

if TYPE_CHECKING:
    from autotn.ir.recorder import Recorder


class Outermost:
    """The modules around which no other was running."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, str]] = {}
        self._of_call: dict[int, int] = {}

    def meet(self, module: Any, call: int) -> None:
        """A call is made somewhere inside `module`."""
        if id(module) not in self._known:
            self._known[id(module)] = module, _variable(module)
        self._of_call[call] = id(module)

    def give_names(self, recorder: Recorder) -> None:
        """Put the variables' names before those of modules and parameters, when there are several models."""
        models = {
            key: (module, name)
            for key, (module, name) in self._known.items()
            if name and next(module.parameters(), None) is not None
        }
        if len(models) < 2:
            return
        graph = recorder.graph
        for call in graph.calls:
            key = self._of_call.get(call.id, 0)
            if key in models and call.scope and not call.scope[0]:
                call.scope[0] = models[key][1]
        named: set[int] = set()
        inside: dict[int, str] = {}
        for module, name in models.values():
            for path, tensor in (*module.named_parameters(), *module.named_buffers()):
                known = recorder.arrays.get(id(tensor._data))
                number = None if known is None or known[0]() is not tensor._data else known[2]
                if number is not None and number not in named:
                    named.add(number)
                    graph.values[number].name = f"{name}.{path}"
            for inner in module.modules():
                inside.setdefault(id(inner), name)
        for part, key in zip(graph.parts, recorder.modules, strict=True):
            if key in inside:
                part.path = f"{inside[key]}.{part.path}".strip(".")


def _variable(module: Any) -> str:
    """What the user's code around the running call names a module; "" when no variable holds it."""
    frame = sys._getframe(1)
    frames = []
    while frame is not None:
        if not INTERNAL[frame.f_globals.get("__package__")]:
            frames.append(frame)
        frame = frame.f_back  # type: ignore[assignment]
    for variables in (*(f.f_locals for f in frames), *(f.f_globals for f in frames)):
        for name, value in list(variables.items()):
            if value is module and name != "self" and not name.startswith("_"):
                return name
    return ""
