"""``python -m autotn.run script.py args…``: run a script written for PyTorch, unchanged.

``python -m autotn.run -m package.module args…`` runs a module. The script sees its own ``sys.argv``,
``__main__`` and folder, as under plain ``python``.
"""

from __future__ import annotations

import importlib.machinery
import io
import os
import runpy
import sys
from collections.abc import Callable
from types import ModuleType, TracebackType
from typing import Any

from autotn.standin import as_torch

#: Tells processes that the script starts which one it is.
_SCRIPT = "AUTOTN_SCRIPT"
_USAGE = "usage: python -m autotn.run script.py args…\n       python -m autotn.run -m module args…"


def run_script(path: str, arguments: list[str]) -> None:
    """Run the file `path` as ``__main__``."""
    with io.open_code(path) as file:
        code = compile(file.read(), path, "exec")
    main = ModuleType("__main__")
    loader = importlib.machinery.SourceFileLoader("__main__", path)
    # The spec makes processes that multiprocessing spawns start here too: see the last lines.
    main.__dict__.update(__file__=path, __loader__=loader, __builtins__=__builtins__)
    main.__spec__ = sys.modules["__main__"].__spec__
    main.__dict__["__package__"] = None
    sys.modules["__main__"] = main
    os.environ[_SCRIPT] = os.path.abspath(path)
    sys.argv[:] = [path, *arguments]
    sys.path[0] = os.path.dirname(os.path.abspath(path))
    _guard(lambda: exec(code, main.__dict__))


def run_module(name: str, arguments: list[str]) -> None:
    """Run the module `name` as ``__main__``."""
    sys.argv[:] = [name, *arguments]
    _guard(lambda: runpy.run_module(name, run_name="__main__", alter_sys=True))


def _guard(start: Callable[[], Any]) -> None:
    """Run it; a traceback begins where the script does."""
    try:
        start()
    except Exception as error:  # noqa: BLE001 it is shown, as Python itself would show it
        error.__traceback__ = _users_part(error.__traceback__)
        sys.excepthook(type(error), error, error.__traceback__)
        sys.stderr.flush()
        sys.exit(1)


def _users_part(trace: TracebackType | None) -> TracebackType | None:
    """A traceback without the frames of this file and of runpy at its top."""
    ours = {__file__, runpy.__file__, "<frozen runpy>"}
    while trace is not None and trace.tb_frame.f_code.co_filename in ours:
        trace = trace.tb_next
    return trace


def main() -> None:
    """Read the command line."""
    arguments = sys.argv[1:]
    if not arguments or arguments[0] in ("-h", "--help"):
        (sys.stdout if arguments else sys.stderr).write(f"{_USAGE}\n")
        sys.exit(0 if arguments else 2)
    as_torch()
    if arguments[0] == "-m":
        if len(arguments) < 2:
            sys.exit(_USAGE)
        run_module(arguments[1], arguments[2:])
    else:
        if not os.path.isfile(arguments[0]):
            sys.exit(f"autotn.run: can't open file {arguments[0]!r}")
        run_script(arguments[0], arguments[1:])


if __name__ == "__main__":
    main()
elif (
    __name__ == "__mp_main__"
):  # a process that multiprocessing spawned: it needs the script's names
    as_torch()
    globals().update(runpy.run_path(os.environ[_SCRIPT], run_name="__mp_main__"))
