"""What every example begins with: its options, and one thread for NumPy's matrix products.

Import it before NumPy. Two threads help little with products of this size, and where other
programs keep the processors busy the threads wait for each other: ten times slower was seen.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")


def parser(doc: str | None, name: str) -> argparse.ArgumentParser:
    """A parser for the example `name`, described by the first line of its `doc`."""
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tiny run, to see that it works")
    parser.add_argument("--seed", type=int, default=0, help="fixes every random number")
    out = Path("out", name)
    parser.add_argument("--out", type=Path, default=out, help=f"folder to write to ({out})")
    return parser


def show_files(folder: Path) -> None:
    """Say what stands in `folder` now."""
    for path in sorted(folder.iterdir()):
        print(f"  {path}")
