"""How long a fresh interpreter takes until the library is there."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from typing import Any

from benchmarks.row import Case, row


@row("import in a fresh interpreter", beside=("numpy",))
def import_time(library: Any) -> Case:
    """Import with every module compiled before, as an installed package is."""
    compiled = tempfile.mkdtemp(prefix="autotn-import-")
    atexit.register(shutil.rmtree, compiled, ignore_errors=True)
    command = [sys.executable, "-c", f"import {library.__name__}"]

    def step() -> None:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        subprocess.run(command, check=True, env=environment)

    return Case(step, check=list, prepare=step)
