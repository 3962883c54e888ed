"""From a run to a file: `graph` captures, `render` lays out, `save` writes, by the suffix of the name."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sysconfig
import tempfile
from typing import Any

import numpy as np

from autotn.core.tensor import Tensor, wrap
from autotn.ir.capture import capture, read_tape
from autotn.ir.graph import Graph
from autotn.network.structure import floating_dtype
from autotn.network.system import System
from autotn.viz.dot import to_dot
from autotn.viz.film import to_html
from autotn.viz.mermaid import to_mermaid

_TEXT = {".dot": to_dot, ".gv": to_dot, ".mmd": to_mermaid}
_DRAWN = (".svg", ".png", ".pdf")


def graph(target: Any, *args: Any, values: str = "small", **kwargs: Any) -> Graph:
    """The graph of a run, of a Tensor's history or of a System, ready to be saved.

    Parameters
    ----------
    target : Module, function, Tensor, list of Tensors or System
        A module or function is run on the other arguments; what it does is recorded, ``backward`` and optimizer steps
        too. The history of a Tensor is read from its tape. A System alone is run on an example of zeros.
    values : {"small", "all", "none"}
        Keep the elements of small tensors and figures of the others, all elements of all, or nothing.

    >>> g = tn.graph(nn.Linear(3, 2), tn.ones(1, 3))
    >>> [c.op for c in g.calls]
    ['linear']
    """
    if isinstance(target, Tensor) or (
        isinstance(target, (list, tuple)) and target and all(isinstance(t, Tensor) for t in target)
    ):
        if args or kwargs:
            raise TypeError("graph: the history of a Tensor takes no further arguments")
        return read_tape(target, values)
    if not callable(target):
        raise TypeError(
            "graph: expected a module, a function, a Tensor or a list of Tensors, "
            f"got {type(target).__name__}"
        )
    if isinstance(target, System) and not args:
        return _of_system(target, values)
    return capture(target, *args, values=values, **kwargs)


def _of_system(system: System, values: str) -> Graph:
    """A System's run on one example of zeros, in eval mode."""
    dtype = floating_dtype(system)
    shapes = [system.parts[k].output_shapes[0] for k in system.input_indexes]
    examples = [wrap(np.zeros((1, *shape), dtype)) for shape in shapes]
    modes = [(m, m.training) for m in system.modules()]
    system.eval()
    try:
        return capture(system, *examples, values=values)
    finally:
        for module, mode in modes:
            module.training = mode


def _layout_program() -> list[str]:
    """The system's ``dot``, or the pure-Python Graphviz where that is installed."""
    found = shutil.which("dot")
    if found:
        return [found]
    scripts = pathlib.Path(sysconfig.get_path("scripts"))
    for place in (shutil.which("graphviz-pure"), str(scripts / "graphviz-pure")):
        if place and os.path.exists(place):
            return [place]
    raise RuntimeError(
        "drawing a graph needs Graphviz: install the system's package (it brings the command dot), or "
        "pip install graphviz-pure; .dot, .mmd, .json and .txt files need neither"
    )


def render(graph: Graph, format: str = "svg", level: str = "op") -> bytes:
    """The drawn graph as the bytes of an SVG, PNG or PDF file."""
    command = [*_layout_program(), f"-T{format}"]
    done = subprocess.run(
        command, input=to_dot(graph, level).encode(), capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def save(graph: Graph, path: Any, level: str = "op") -> pathlib.Path:
    """Write a graph; the suffix says how: .svg .png .pdf .html .dot .gv .mmd .json .txt.

    The file appears whole or not at all.

    Raises
    ------
    ValueError
        For a suffix that is none of these.
    """
    target = pathlib.Path(path)
    suffix = target.suffix.lower()
    if suffix in _DRAWN:
        data = render(graph, suffix[1:], level)
    elif suffix in _TEXT:
        data = _TEXT[suffix](graph, level).encode()
    elif suffix in (".html", ".htm"):
        data = to_html(graph).encode()
    elif suffix == ".json":
        data = graph.to_json().encode()
    elif suffix == ".txt":
        data = (str(graph) + "\n").encode()
    else:
        known = ", ".join([*_DRAWN, *_TEXT, ".html", ".json", ".txt"])
        raise ValueError(f"save: can't write a graph as {target.name!r}; the suffixes are {known}")
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
