"""The film as one HTML file: nothing is fetched, everything it needs is inside."""

from __future__ import annotations

import html
import json
from importlib.resources import files

from autotn.ir.graph import Graph
from autotn.viz.film.scene import scene_of

_SCRIPTS = ("model.js", "why.js", "layout.js", "canvas.js", "panel.js", "film.js")


def _part(name: str) -> str:
    return files("autotn.viz.film").joinpath(name).read_text(encoding="utf-8")


def to_html(graph: Graph, color: str | None = None) -> str:
    """The film of a graph: a page that opens from disk and needs no network.

    Forward, then backward, step by step, with upstream gradient, local derivative, product and running sum
    at each; the same graph gives the same text.

    Parameters
    ----------
    color : str, optional
        The overlay it begins with, as for `save`; the page can change it.

    >>> page = tn.viz.to_html(tn.graph(lambda x: (x * x).sum(), tn.ones(3)))
    >>> page.splitlines()[0]
    '<!DOCTYPE html>'
    """
    scene = json.dumps(scene_of(graph, color), ensure_ascii=False, separators=(",", ":"))
    scene = scene.replace("<", "\\u003c")  # nothing in it can end the script
    scripts = "\n".join(_part(name) for name in _SCRIPTS)
    script = f"(() => {{\n'use strict';\n{scripts}\n}})();"
    page = _part("page.html")
    for mark, text in (
        ("TITLE", html.escape(graph.title or "graph")),
        ("STYLE", _part("film.css")),
        ("SCRIPT", script),
        ("SCENE", scene),
    ):
        page = page.replace(f"<!--{mark}-->", text, 1)
    return page


def to_frame(graph: Graph, height: int = 640) -> str:
    """The film for a notebook's cell: the page in a sandboxed frame of its own."""
    page = html.escape(to_html(graph), quote=True)
    title = html.escape(graph.title or "graph", quote=True)
    return (
        f'<iframe title="{title}" sandbox="allow-scripts" srcdoc="{page}" '
        f'style="width:100%;height:{height}px;border:1px solid #bbb;border-radius:6px"></iframe>'
    )
