"""Parameters and buffers: a door to `autotn.layers.parameter`."""

from __future__ import annotations

from autotn.layers.parameter import (
    Buffer,
    Parameter,
    UninitializedBuffer,
    UninitializedParameter,
    is_lazy,
)
