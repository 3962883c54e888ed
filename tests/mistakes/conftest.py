"""The broken programs are run by the tests, not imported by pytest."""

from __future__ import annotations

collect_ignore_glob = ["programs/*"]
