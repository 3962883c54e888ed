"""What the pages show is true: Python prints what stands below it, links lead somewhere.

A block fenced as ``python`` is run, the blocks of a page one after another; a block fenced as
``text`` right after it is what it prints. Sketches that are not to be run are fenced as ``py``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/index.md",
    "docs/differences.md",
    "docs/learning.md",
    "docs/performance.md",
]
PAGES += sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "guide").glob("*.md"))

CODE = re.compile(
    r"^```python\n(?P<code>.*?)^```$(?:\n+^```text\n(?P<printed>.*?)^```$)?", re.M | re.S
)
LINK = re.compile(r"""(?:\]\(|src=")(?!https?:|#)([^)#\s"]+)""")


def run(folder: Path, *arguments: str) -> str:
    """What a fresh interpreter prints: a page may declare ops without leaving them to the tests."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, *arguments]
    return subprocess.check_output(command, cwd=folder, env=environment, encoding="utf-8")


@pytest.mark.parametrize("page", PAGES)
def test_code_on_pages_prints_what_it_says(page: str, tmp_path: Path) -> None:
    blocks = list(CODE.finditer((ROOT / page).read_text(encoding="utf-8")))
    end_of_block = "-- end of block --"
    code = f"print({end_of_block!r})\n".join(block["code"] for block in blocks)
    printed = run(tmp_path, "-c", code).split(f"{end_of_block}\n") if blocks else []
    assert printed == [block["printed"] or "" for block in blocks]


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    path = ROOT / page
    targets = LINK.findall(path.read_text(encoding="utf-8"))
    missing = [target for target in targets if not (path.parent / target).exists()]
    assert not missing


def test_pictures_are_made_by_running_code(tmp_path: Path) -> None:
    run(tmp_path, str(ROOT / "docs" / "make_images.py"), str(tmp_path / "images"))
    kept = {path.name for path in (ROOT / "docs" / "images").iterdir()}
    assert {path.name for path in (tmp_path / "images").iterdir()} == kept


def test_the_chapter_on_learning_is_what_the_code_derives(tmp_path: Path) -> None:
    page = tmp_path / "learning.md"
    run(tmp_path, str(ROOT / "docs" / "make_learning.py"), str(page))
    kept = (ROOT / "docs" / "learning.md").read_text(encoding="utf-8")
    assert page.read_text(encoding="utf-8") == kept, "write it anew: python docs/make_learning.py"
