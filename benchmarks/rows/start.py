"""How long a fresh interpreter takes until the library is there."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from benchmarks.row import Case, row


@row("import in a fresh interpreter", beside=("numpy",))
def import_time(library: Any) -> Case:
    command = [sys.executable, "-c", f"import {library.__name__}"]
    return Case(lambda: subprocess.run(command, check=True), check=list)
