"""From a graph to a file: `render` lays out, `save` writes, by the suffix of the name."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sysconfig
import tempfile
from collections.abc import Callable
from typing import Any

from autotn.ir.graph import Graph
from autotn.viz.dot import to_dot
from autotn.viz.film import to_html
from autotn.viz.graphml import to_graphml
from autotn.viz.mermaid import to_mermaid
from autotn.viz.text import to_text

_TEXT = {".dot": to_dot, ".gv": to_dot, ".mmd": to_mermaid, ".graphml": to_graphml}
_DRAWN = (".svg", ".png", ".pdf")
#: What holds all of a graph, whatever is to be looked at.
_WHOLE: dict[str, Callable[[Graph], str]] = {
    ".html": to_html,
    ".htm": to_html,
    ".json": Graph.to_json,
    ".txt": lambda graph: f"{to_text(graph)}\n",
}


def _layout_program() -> list[str] | None:
    """The system's ``dot``, or the pure-Python Graphviz where that is installed, or None."""
    found = shutil.which("dot")
    if found:
        return [found]
    scripts = pathlib.Path(sysconfig.get_path("scripts"))
    for place in (shutil.which("graphviz-pure"), str(scripts / "graphviz-pure")):
        if place and os.path.exists(place):
            return [place]
    return None


def picture(graph: Graph) -> str | None:
    """The graph as SVG for a notebook; None, and so no picture, where nothing can lay it out."""
    return None if _layout_program() is None else render(graph, "svg").decode()


def render(graph: Graph, format: str = "svg", level: str | None = None, **options: Any) -> bytes:
    """The drawn graph as the bytes of an SVG, PNG or PDF file.

    Parameters
    ----------
    format : {"svg", "png", "pdf"}
        The kind of picture.
    level, **options
        What to show; see `save`.
    """
    if f".{format}" not in _DRAWN:
        raise ValueError(f"render: format={format!r}; expected 'svg', 'png' or 'pdf'")
    program = _layout_program()
    if program is None:
        raise RuntimeError(
            "drawing a graph needs Graphviz: install the system's package (it brings the command dot), "
            "or pip install graphviz-pure; .html, .dot, .mmd, .json and .txt files need neither"
        )
    if format == "pdf" and "graphviz-pure" in program[0]:
        raise RuntimeError(
            "drawing a PDF needs the system's Graphviz; graphviz-pure draws SVG and PNG"
        )
    command = [*program, f"-T{format}"]
    text = to_dot(graph, level, **options)
    done = subprocess.run(command, input=text.encode(), capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def save(graph: Graph, path: Any, level: str | None = None, **options: Any) -> pathlib.Path:
    """Write a graph; the suffix says how: .svg .png .pdf .html .dot .gv .mmd .graphml .json .txt.

    The file appears whole or not at all.

    Parameters
    ----------
    level : str, optional
        ``"op"``, ``"module"``, ``"system"``, ``"backward"``, ``"both"`` or ``"scalar"``; by default ``"op"`` for small
        graphs, else ``"module"``.
    color : str, optional
        Colour the boxes by ``"grad_norm"``, ``"value_std"``, ``"zeros"``, ``"time"``, ``"flops"``, ``"memory"``,
        ``"update_ratio"`` or ``"dtype"``.
    depth : int, optional
        Close modules at this depth.
    unroll : bool
        Draw all repetitions of blocks and loops instead of the first.
    plumbing : bool
        Show ops that only move elements, small (the default), or leave them out.
    max_nodes : int
        Close modules and leave calls out until there are no more boxes than this (300).

    Raises
    ------
    ValueError
        For a suffix that is none of these, or an option that is not known.
    """
    target = pathlib.Path(path)
    suffix = target.suffix.lower()
    if suffix in _DRAWN:
        data = render(graph, suffix[1:], level, **options)
    elif suffix in _TEXT:
        data = _TEXT[suffix](graph, level, **options).encode()
    elif suffix not in _WHOLE:
        known = ", ".join([*_DRAWN, *_TEXT, *_WHOLE])
        raise ValueError(f"save: can't write a graph as {target.name!r}; the suffixes are {known}")
    elif suffix in (".html", ".htm") and level is None and options.keys() <= {"color"}:
        data = to_html(graph, **options).encode()
    elif level is not None or options:
        raise ValueError(
            f"save: {suffix} holds the whole graph; level and other options are for pictures"
        )
    else:
        data = _WHOLE[suffix](graph).encode()
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise
    return target
