"""The notebooks are what their scripts make: same cells, executed, with the results they promise."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.examples.conftest import EXAMPLES

FOLDER = EXAMPLES / "notebooks"
SCRIPTS = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "make")


def cells(name: str) -> list[dict[str, Any]]:
    found = json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    for cell in found:
        cell["text"] = "".join(cell["source"])
    return found


def printed(name: str) -> str:
    outputs = [o for cell in cells(name) for o in cell.get("outputs", [])]
    return "".join("".join(o.get("text", "")) for o in outputs if o.get("name") == "stdout")


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(FOLDER))
    import make

    yield make
    del sys.modules["make"]


def test_every_script_is_a_notebook_and_the_other_way_round() -> None:
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == {*SCRIPTS}


@pytest.mark.parametrize("name", SCRIPTS)
def test_cells_are_those_of_the_script(name: str, make: Any) -> None:
    """Run ``python examples/notebooks/make.py`` after changing a script."""
    written = [(cell["cell_type"], cell["text"]) for cell in cells(name)]
    assert written == make.cells(FOLDER / f"{name}.py")


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_cell_was_run_in_order_and_shows_its_picture(name: str) -> None:
    code = [cell for cell in cells(name) if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    for cell in code:
        assert all(output["output_type"] != "error" for output in cell["outputs"])
        shown = any("image/png" in output.get("data", {}) for output in cell["outputs"])
        assert shown == ("plt.show()" in cell["text"])


@pytest.mark.parametrize("name", sorted({*SCRIPTS} - {"lines"}))
def test_letters_are_read(name: str) -> None:
    share, count = re.search(r"([\d.]+)% of (\d+) unseen letters", printed(name)).groups()  # type: ignore[union-attr]
    assert float(share) >= 99
    assert int(count) == 2600


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_tiny_run(name: str, tmp_path: Path) -> None:
    root = EXAMPLES.parent
    environment = {**os.environ, "QUICK": "1", "MPLBACKEND": "agg", "PYTHONPATH": str(root)}
    command = [sys.executable, "-W", "ignore", f"{name}.py"]
    done = subprocess.run(
        command, cwd=FOLDER, env=environment, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
