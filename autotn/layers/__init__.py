"""Layers: modules that own parameters and call ops."""

from __future__ import annotations

import importlib

from autotn.layers.module import Module
from autotn.layers.parameter import (
    Buffer,
    Parameter,
    UninitializedBuffer,
    UninitializedParameter,
)

for _file in (
    "container",
    "linear",
    "lazy",
    "activation",
    "dropout",
    "padding",
    "distance",
    "loss",
    "margin",
    "ctc",
    "adaptive",
    "reshape",
    "vision",
    "conv",
    "pool",
    "norm",
    "embedding",
    "recurrent",
    "attention",
    "transformer",
):
    try:
        _module = importlib.import_module(f"autotn.layers.{_file}")
    except ImportError:  # its ops are being written
        continue
    globals().update({name: getattr(_module, name) for name in _module.__all__})
