"""``nn``: the layers, under PyTorch's names."""

from __future__ import annotations

import importlib

from autotn.layers import *
from autotn.nn import init

for _file in ("functional", "utils"):
    try:
        globals()[_file] = importlib.import_module(f"autotn.nn.{_file}")
    except ImportError:  # its ops are being written
        continue
