"""The rows, one file per topic. A new file is found by itself; see :func:`benchmarks.row.row`."""

from __future__ import annotations
