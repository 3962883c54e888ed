"""What the user's code calls a tensor: read from the bytecode after a call, and from local variables."""

from __future__ import annotations

import bisect
import dis
import os
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from types import CodeType, FrameType
from typing import Any

from autotn.core.node import line_of

#: Instructions that put the value on the stack into a variable.
_STORES = frozenset(
    ["STORE_FAST", "STORE_NAME", "STORE_GLOBAL", "STORE_DEREF", "STORE_FAST_LOAD_FAST"]
)


@lru_cache(maxsize=256)
def _instructions(code: CodeType) -> tuple[list[Any], list[int]]:
    listed = list(dis.get_instructions(code))
    return listed, [i.offset for i in listed]


@lru_cache(maxsize=4096)
def assigned_names(code: CodeType, lasti: int) -> tuple[str, ...]:
    """The variables that the result of the instruction at `lasti` is assigned to.

    One for ``h = f(x)``, several for ``h, c = f(x)``, none when the result is used otherwise.
    """
    listed, offsets = _instructions(code)
    k = bisect.bisect_right(offsets, lasti)  # a running call's place may be inside its cache
    if k >= len(listed):
        return ()
    after = listed[k]
    if after.opname in _STORES:
        return (_first(after.argval),)
    if after.opname != "UNPACK_SEQUENCE":
        return ()
    names: list[str] = []
    for i in listed[k + 1 :]:
        if i.opname in _STORES:
            names.append(_first(i.argval))
        elif i.opname == "STORE_FAST_STORE_FAST":
            names += i.argval
        else:
            break
        if len(names) >= after.arg:
            break
    return tuple(names) if len(names) == after.arg else ()


def _first(argval: Any) -> str:
    return argval[0] if isinstance(argval, tuple) else str(argval)


@lru_cache(maxsize=4096)
def place_of(code: CodeType, lasti: int) -> tuple[str, int, int, str]:
    """File, line, column and text of the instruction at `lasti`."""
    file, line, text = line_of((code, lasti)) or ("", 0, "")
    position = next(islice(code.co_positions(), lasti // 2, None), None)
    column = 0 if position is None else position[2] or 0
    return short_path(file), line, column, text


def short_path(file: str) -> str:
    """A file as seen from the current folder, or its bare name: a graph tells nothing about the machine."""
    folder = os.getcwd() + os.sep
    return file.removeprefix(folder) if file.startswith(folder) else os.path.basename(file)


def variables(frame: FrameType | None) -> Iterator[tuple[str, Any]]:
    """The variables of a frame, its own first, then what its module has."""
    if frame is None:
        return
    own = frame.f_locals
    yield from [(name, value) for name, value in own.items() if not name.startswith("_")]
    if frame.f_globals is not own:
        yield from [
            (name, value) for name, value in frame.f_globals.items() if not name.startswith("_")
        ]
