"""The scripts are run by test_scripts.py in processes of their own, not imported."""

from __future__ import annotations

from pathlib import Path

collect_ignore = [
    path.name for path in Path(__file__).parent.glob("*.py") if path.name != "test_scripts.py"
]
