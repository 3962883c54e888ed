"""The captured run: one Graph that pictures, export and replay read."""

from __future__ import annotations

from autotn.ir.capture import capture
from autotn.ir.graph import Call, Graph, Value

__all__ = ["Call", "Graph", "Value", "capture"]
