"""Run a broken program with either library and take down what it is told.

A program is a file of `programs/`: its first line says what is wrong, the rest is what a user might write.
For PyTorch the same text is run with the names of the libraries exchanged.
"""

from __future__ import annotations

import linecache
import random
import re
import traceback
import types
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from autotn.core import numeric_warnings

PROGRAMS = Path(__file__).parent / "programs"

#: What a program is told that nobody stops.
NOTHING = "nothing: the program runs to its end"


class Program:
    """One broken program."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.topic, self.name = path.parent.name, path.stem
        text = path.read_text()
        first, self.source = text.split("\n\n", 1)
        self.title = first.strip('"')

    def __repr__(self) -> str:
        return f"{self.topic}/{self.name}"

    def run(self, library: str = "autotn") -> str:
        """What the program is told: its warnings, its error with all notes, or `NOTHING`."""
        source = self.source
        if library == "torch":
            source = re.sub(r"\bautotn\b", "torch", source)
            source = re.sub(r"\btn\.(check|debug)\b", r"_\1", source)
        # A name of its own, so that lines can be read and nothing of this project is on the stack.
        name = f"{self.name}.py"
        linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
        module = types.ModuleType(self.name)
        if library == "torch":
            import torch

            # What comes nearest to debug; nothing comes near check.
            vars(module).update(_debug=torch.autograd.detect_anomaly, _check=_no_check)
        said: list[str] = []
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            numeric_warnings.silence()  # as in a program of its own
            try:
                _seed(library)
                exec(compile(source, name, "exec"), module.__dict__)
            except Exception as error:  # noqa: BLE001 - any error is what we are here for
                places = [
                    p for p in traceback.extract_tb(error.__traceback__) if p.filename == name
                ]
                where = [f'  File "{name}", line {p.lineno}\n    {p.line}\n' for p in places[-1:]]
                said = [*where, *traceback.format_exception_only(error)]
            finally:
                del linecache.cache[name]
        for warning in heard:
            place = re.sub(r".*/", "", warning.filename)
            at = f" ({place}:{warning.lineno})" if place == name else ""
            text = str(warning.message)
            if (
                "Traceback of forward call" in text
            ):  # of which the program's own lines are of interest
                first, *rest = text.splitlines()
                own = [n for n, line in enumerate(rest) if f'"{name}"' in line]
                text = "\n".join([first, *(line for n in own for line in rest[n : n + 2])])
            said.insert(0, f"{warning.category.__name__}: {text}{at}\n")
        return "".join(said).rstrip() or NOTHING


class _no_check:
    def __init__(self, *args: Any, **options: Any) -> None: ...

    def raise_if_any(self) -> None: ...


def _seed(library: str) -> None:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 - programs may draw from it
    module: Any = __import__(library)
    module.manual_seed(0)


def programs() -> Iterator[Program]:
    """All programs, by topic and name."""
    return (Program(path) for path in sorted(PROGRAMS.rglob("*.py")))
