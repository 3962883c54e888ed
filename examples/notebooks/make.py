"""Turn the scripts beside this file into notebooks and run them.

    pip install -e '.[examples,notebooks]'
    python examples/notebooks/make.py               # all of them
    python examples/notebooks/make.py dense lstm    # only some

A script is plain Python in cells: ``# %%`` begins one of code, ``# %% [markdown]`` one of words. Each
runs by itself as well, from this folder; ``QUICK=1 python dense.py`` is a tiny run.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
CELL = re.compile(r"^# %%(?P<words> \[markdown\])?\n(?P<body>.*?)(?=^# %%|\Z)", re.M | re.S)


def scripts() -> list[Path]:
    """Every script that is a notebook."""
    return sorted(path for path in FOLDER.glob("*.py") if path != Path(__file__).resolve())


def cells(script: Path) -> list[tuple[str, str]]:
    """The kind of each cell and its text."""
    found = []
    for cell in CELL.finditer(script.read_text(encoding="utf-8")):
        body = cell["body"].strip("\n")
        if cell["words"]:
            body = "\n".join(line.removeprefix("#").removeprefix(" ") for line in body.split("\n"))
        found.append(("markdown" if cell["words"] else "code", body))
    return found


def notebook(script: Path) -> Any:
    """The script as a notebook that has not run yet."""
    import nbformat.v4 as nb

    made = nb.new_notebook()
    for number, (kind, body) in enumerate(cells(script)):
        make = nb.new_markdown_cell if kind == "markdown" else nb.new_code_cell
        made.cells.append(make(body, id=f"cell-{number}"))
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return made


def main() -> None:
    import nbformat
    from nbclient import NotebookClient

    names = [path.stem for path in scripts()]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help=f"some of {', '.join(names)}")
    chosen = parser.parse_args().names or names
    for name in chosen:
        made = notebook(FOLDER / f"{name}.py")
        NotebookClient(made, timeout=900, resources={"metadata": {"path": str(FOLDER)}}).execute()
        for cell in made.cells:  # when a cell ran says nothing to a reader
            cell.metadata.pop("execution", None)
        made.metadata.pop("language_info", None)
        nbformat.write(made, FOLDER / f"{name}.ipynb")
        print(FOLDER / f"{name}.ipynb")


if __name__ == "__main__":
    main()
