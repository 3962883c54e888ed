"""The options every example understands."""

from __future__ import annotations

import argparse
from pathlib import Path


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
