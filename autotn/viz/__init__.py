"""Pictures of graphs: `graph` captures a run, `save` draws it, the suffix says how."""

from __future__ import annotations

from autotn.viz.capturing import graph
from autotn.viz.cards import module_card, tensor_card
from autotn.viz.comparing import Difference, diff
from autotn.viz.derivation import derive
from autotn.viz.dot import to_dot, to_graphviz
from autotn.viz.draw import picture, render, save
from autotn.viz.film import to_frame, to_html
from autotn.viz.graphml import to_graphml
from autotn.viz.mermaid import to_mermaid
from autotn.viz.module_table import Summary, summary
from autotn.viz.text import to_text

__all__ = [
    *(
        "Difference",
        "Summary",
        "derive",
        "diff",
        "graph",
        "module_card",
        "picture",
        "render",
        "save",
    ),
    *("summary", "tensor_card", "to_dot", "to_frame", "to_graphml", "to_graphviz", "to_html"),
    *("to_mermaid", "to_text"),
]
