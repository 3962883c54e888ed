"""Write docs/errors.md: every broken program, with what PyTorch says of it and what autotn says.

``python -m tests.mistakes.page`` runs all programs with both libraries. The page is the golden text that
the tests compare with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from tests.mistakes.run import Program, programs

PAGE = Path(__file__).resolve().parents[2] / "docs" / "errors.md"

HEAD = """\
# Errors, side by side

What a broken program is told, by PyTorch {version} and by autotn. Each program stands in
[tests/mistakes/programs](../tests/mistakes/programs); this page is made by `python -m tests.mistakes.page`,
and the tests run every program and compare with it. Of the traceback only the program's last line is shown.

An error inside a module's `forward` keeps its type and says in its notes which module it was, on which line,
what the module was given, and where a size that does not fit came from. This is worked out only when
something went wrong, from the tape and the stack: a program that is right pays nothing for it.
"""

TITLES = {
    "shapes": "Shapes",
    "dtypes": "Dtypes",
    "indices": "Indices",
    "losses": "Losses",
    "keywords": "Keywords",
    "gradients": "Gradients",
    "training": "Models, optimizers, data",
    "numbers": "Numbers that are no longer finite: `tn.debug`",
    "silent": "Mistakes nobody mentions: `tn.check`",
}


def section(program: Program, theirs: str, ours: str) -> str:
    """The part of the page about one program."""
    source = program.source.strip("\n")
    return (
        f"### {program.title.rstrip('.')}\n\n`{program}.py`\n\n```py\n{source}\n```\n\n"
        f"PyTorch:\n\n```text\n{theirs}\n```\n\nautotn:\n\n```text\n{ours}\n```\n"
    )


def page(version: str, theirs: dict[str, str], ours: dict[str, str]) -> str:
    """The whole page, with given words of both libraries by program."""
    parts = [HEAD.format(version=version)]
    order = list(TITLES)
    ordered = sorted(programs(), key=lambda p: (order.index(p.topic), p.name))
    for topic, members in groupby(ordered, key=lambda p: p.topic):
        parts.append(f"## {TITLES[topic]}\n")
        parts += [section(p, theirs.get(str(p), ""), ours[str(p)]) for p in members]
    return "\n".join(parts)


def messages(text: str, library: str) -> Iterator[tuple[str, str]]:
    """Program and message of one library, for every program on a page."""
    pattern = rf"`(\w+/\w+)\.py`\n\n```py\n.*?\n```\n.*?{library}:\n\n```text\n(.*?)\n```\n"
    return ((m[1], m[2]) for m in re.finditer(pattern, text, re.DOTALL))


def version_on(text: str) -> str:
    """The version of PyTorch a page was made with."""
    found = re.search(r"by PyTorch (\S+) and", text)
    return "" if found is None else found[1]


def main() -> None:
    """Run everything and write the page."""
    import torch

    theirs = {str(p): p.run("torch") for p in programs()}
    ours = {str(p): p.run() for p in programs()}
    PAGE.write_text(page(torch.__version__.partition("+")[0], theirs, ours))


if __name__ == "__main__":
    main()
