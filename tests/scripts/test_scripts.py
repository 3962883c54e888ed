"""Ordinary training scripts learn under autotn what they learn under PyTorch, without a changed line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NOT_SCRIPTS = {"__init__", "conftest", "gridworld", "run_all", "same_start", "test_scripts"}
NAMES = sorted(path.stem for path in HERE.glob("*.py") if path.stem not in NOT_SCRIPTS)


def run_all(folder: Path, *command: str) -> dict[str, Any]:
    output = folder / "results.json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    subprocess.run(
        [sys.executable, *command, str(HERE / "run_all.py"), str(output)],
        env=environment,
        cwd=folder,
        check=True,
    )
    return json.loads(output.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return run_all(tmp_path_factory.mktemp("ours"), "-m", "autotn.run")


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory, torch: Any) -> dict[str, Any]:
    return run_all(tmp_path_factory.mktemp("theirs"))


@pytest.mark.parametrize("name", NAMES)
def test_a_script_runs_and_learns(name: str, ours: dict[str, Any]) -> None:
    result = ours[name]
    assert "error" not in result, result["error"]
    assert result.get("final", 0) <= result.get("good", 0)
    assert np.isfinite(result.get("trajectory", [])).all()


@pytest.mark.parametrize("name", NAMES)
def test_it_learns_what_it_learns_under_pytorch(
    name: str, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    """Equal weights give equal losses to the last step; where draws differ, both arrive."""
    result, expected = ours[name], theirs[name]
    assert "error" not in expected, expected["error"]
    assert expected.get("final", 0) <= expected.get("good", 0)
    assert set(result) == set(expected)
    np.testing.assert_allclose(
        result.get("trajectory", []), expected.get("trajectory", []), rtol=1e-3, atol=1e-5
    )
