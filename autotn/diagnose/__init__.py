"""Mistakes that are found: `debug` stops at the first bad number, `check` looks a model over."""

from __future__ import annotations

from autotn.diagnose.debug import debug
from autotn.diagnose.watch import Event

__all__ = ["Event", "check", "debug"]
