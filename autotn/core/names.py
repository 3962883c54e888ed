"""What the user calls things: modules, tensors and lines, read off the stack when an error is explained.

Nothing here runs before something has gone wrong.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

from autotn.core.node import INTERNAL, describe_line
from autotn.core.tensor import Tensor

#: Functions that run a module's forward, and their name for the module: their frames on the stack say which
#: modules are running.
MODULE_CALLS: dict[CodeType, str] = {}

#: Two attributes that say what a module makes of its input's size.
_FROM_TO = (
    ("in_features", "out_features"),
    ("in_channels", "out_channels"),
    ("num_embeddings", "embedding_dim"),
    ("input_size", "hidden_size"),
)
_LONGEST = 60
_PYTHONS_OWN = (os.path.dirname(os.__file__) + os.sep, "<frozen")


def is_module(value: Any) -> bool:
    """True for what has modules and parameters by name."""
    return hasattr(type(value), "named_modules") and hasattr(value, "_modules")


class Surroundings:
    """The frames around an error, innermost first, and the names in them.

    Only the user's frames and the calls of modules are kept. Frames of this library are not, for
    one of them holds this very object: the two would keep each other, and the user's tensors, alive.
    """

    def __init__(self, error: BaseException | None = None, running: Any = None) -> None:
        found: list[tuple[FrameType, int]] = []
        trace = None if error is None else error.__traceback__
        while trace is not None:
            found.insert(0, (trace.tb_frame, trace.tb_lasti))
            trace = trace.tb_next
        #: True when it was the call of a module's forward itself that failed, not something in it.
        self.is_call = bool(found) and found[0][0].f_code in MODULE_CALLS
        known = {id(frame) for frame, _ in found}
        frame: FrameType | None = sys._getframe(1)
        while frame is not None:
            if id(frame) not in known:
                found.append((frame, frame.f_lasti))
            frame = frame.f_back
        self.places = [
            (f, n)
            for f, n in found
            if f.f_code in MODULE_CALLS or not INTERNAL[f.f_globals.get("__package__")]
        ]
        # The frame that caught the error holds it, and to look at its variables would keep a copy of them.
        caught = (
            None if error is None or error.__traceback__ is None else error.__traceback__.tb_frame
        )
        calls = [
            f for f, _ in reversed(self.places) if f.f_code in MODULE_CALLS and f is not caught
        ]
        #: The modules that are running, outermost first; `running` is the innermost where it is known.
        modules = [f.f_locals[MODULE_CALLS[f.f_code]] for f in calls]
        if running is not None:
            modules.append(running)
        # One that is called by another of these functions is seen twice.
        self.modules = [m for k, m in enumerate(modules) if k == 0 or m is not modules[k - 1]]

    def of_the_user(self) -> Iterator[tuple[FrameType, int]]:
        """The frames that are neither of this library nor of Python's own."""
        return (
            (f, n)
            for f, n in self.places
            if not INTERNAL[f.f_globals.get("__package__")]
            and not f.f_code.co_filename.startswith(_PYTHONS_OWN)
        )

    def line(self) -> str:
        """The user's own line, innermost, outside of installed packages."""
        places = list(self.of_the_user())
        own = [(f, n) for f, n in places if "site-packages" not in f.f_code.co_filename]
        for frame, instruction in own or places:
            return describe_line((frame.f_code, instruction))
        return ""

    def _variables(self) -> Iterator[tuple[str, Any]]:
        """What the user's frames see, attributes of ``self`` included."""
        for frame, _ in self.of_the_user():
            yield from list(frame.f_locals.items())
            holder = frame.f_locals.get("self")
            if holder is not None and not is_module(holder):
                owned = getattr(holder, "__dict__", {})
                yield from [(f"self.{name}", value) for name, value in owned.items()]
            if frame.f_globals is not frame.f_locals:
                yield from list(frame.f_globals.items())

    def variable(self, tensor: Tensor) -> str:
        """What the user calls `tensor`: a parameter by its path, else a variable, else nothing."""
        owner = self.owner(tensor)
        if owner is not None:
            own = next(n for n, p in owner._parameters.items() if p is tensor)
            return f"{self.path(owner)}.{own}"
        named = (name for name, value in self._variables() if value is tensor)
        return next((name for name in named if not name.startswith("_")), "")

    def _roots(self) -> Iterator[tuple[str, Any]]:
        """Modules that hold others, with their names: the running one first."""
        named = [(n, v) for n, v in self._variables() if is_module(v) and n != "self"]
        for running in self.modules[:1]:
            name = next((n for n, v in named if v is running), type(running).__name__)
            yield name, running
        yield from named

    def path(self, module: Any) -> str:
        """`module` as the user would write it, ``model.layers[2].fc``, or its class."""
        for name, root in self._roots():
            for path, found in root.named_modules():
                if found is module:
                    return name + "".join(_attribute(part) for part in path.split(".") if part)
        return type(module).__name__

    def owner(self, parameter: Tensor) -> Any:
        """The module that `parameter` belongs to, or None."""
        for _, root in self._roots():
            for module in root.modules():
                if any(p is parameter for p in module._parameters.values()):
                    return module
        return None

    def module(self, module: Any) -> str:
        """A module by path and class, ``model.fc1: Linear(784 → 128)``."""
        path, described = self.path(module), describe_module(module)
        return described if path == type(module).__name__ else f"{path}: {described}"

    def siblings(self) -> list[Any]:
        """All modules below the outermost one that is running."""
        return list(self.modules[0].modules()) if self.modules else []


def _attribute(part: str) -> str:
    return f"[{part}]" if part.isdigit() else f".{part}"


def describe_module(module: Any) -> str:
    """A module in a few words: its class and what it makes of its input's size."""
    name = type(module).__name__
    for before, after in _FROM_TO:
        if hasattr(module, before) and hasattr(module, after):
            return f"{name}({getattr(module, before)} → {getattr(module, after)})"
    extra = module.extra_repr().split("\n")[0]
    return f"{name}({extra if len(extra) <= _LONGEST else extra[: _LONGEST - 1] + '…'})"


def output_size(module: Any) -> int | None:
    """The size of what a module gives, where it says so."""
    for _, after in _FROM_TO:
        if hasattr(module, after):
            return int(getattr(module, after))
    return None
