"""Where the time and the memory of a run go: `profile`."""

from __future__ import annotations

from autotn.viz.profiler.profile import Profile, profile

__all__ = ["Profile", "profile"]
