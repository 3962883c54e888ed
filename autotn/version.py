"""``version``: nothing is built for a GPU."""

from __future__ import annotations

cuda: str | None = None
hip: str | None = None
xpu: str | None = None
debug = False
git_version: str | None = None
