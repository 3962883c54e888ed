"""Runs the scripts of this folder in one process and writes what each of them left in ``result``.

``python run_all.py OUTPUT [NAME…]`` under PyTorch, ``python -m autotn.run run_all.py OUTPUT [NAME…]``
under autotn.
"""

import contextlib
import io
import json
import runpy
import sys
import traceback
import warnings
from pathlib import Path

import torch

FOLDER = Path(__file__).resolve().parent
NOT_SCRIPTS = {"__init__", "conftest", "gridworld", "run_all", "same_start", "test_scripts"}


def names():
    return sorted(p.stem for p in FOLDER.glob("*.py") if p.stem not in NOT_SCRIPTS)


def run(name):
    """The script's result, or the traceback of its error; every script starts afresh."""
    sys.modules.pop("same_start", None)
    torch.manual_seed(0)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return runpy.run_path(str(FOLDER / f"{name}.py"), run_name="__main__")["result"]
    except Exception:  # noqa: BLE001 it is reported with the script it belongs to
        return {"error": traceback.format_exc()}


if __name__ == "__main__":
    sys.path.insert(0, str(FOLDER))
    torch.set_num_threads(1)
    warnings.simplefilter("error")
    output, chosen = sys.argv[1], sys.argv[2:] or names()
    results = {name: run(name) for name in chosen}
    Path(output).write_text(json.dumps(results), encoding="utf-8")
