"""The photographs in the pages are taken by running code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def test_screenshots_are_taken_by_running_code(browser: Any, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "docs" / "make_screenshots.py"), str(tmp_path / "new")]
    subprocess.check_output(command, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)})
    kept = {path.name for path in (ROOT / "docs" / "screenshots").iterdir()}
    assert {path.name for path in (tmp_path / "new").iterdir()} == kept
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in (tmp_path / "new").iterdir())
