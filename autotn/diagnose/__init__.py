"""Mistakes that are found: `debug` stops at the first bad number, `check` looks a model over."""

from __future__ import annotations

from autotn.diagnose.check import check
from autotn.diagnose.debug import debug
from autotn.diagnose.report import Finding, Report
from autotn.diagnose.watch import Event

__all__ = ["Event", "Finding", "Report", "check", "debug"]
