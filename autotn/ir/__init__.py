"""The captured run: one Graph that pictures, export and replay read."""

from __future__ import annotations

from autotn.ir.capture import Recording, capture, read_tape
from autotn.ir.formulas import Expression, Formula, formula_of
from autotn.ir.graph import Call, Flow, Gradient, Graph, Part, Saved, Step, Update, Value
from autotn.ir.readings import Reading, measure

__all__ = [
    *("Call", "Expression", "Flow", "Formula", "Gradient", "Graph", "Part", "Reading", "Recording"),
    *("Saved", "Step", "Update", "Value", "capture", "formula_of", "measure", "read_tape"),
]
