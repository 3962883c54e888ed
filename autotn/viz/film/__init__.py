"""The film: a graph as an interactive page that steps forward and backward."""

from __future__ import annotations

from autotn.viz.film.page import to_frame, to_html

__all__ = ["to_frame", "to_html"]
