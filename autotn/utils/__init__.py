"""PyTorch's ``utils``: data loading and checkpoints."""

from __future__ import annotations

from autotn.utils import checkpointing, data
