"""PyTorch's ``utils``: data loading, checkpoints and TensorBoard."""

from __future__ import annotations

from typing import Any as _Any

from autotn.absent import attribute_of as _attribute_of
from autotn.ops import exchange as dlpack
from autotn.utils import benchmark, checkpoint, checkpointing, data, tensorboard


def __getattr__(name: str) -> _Any:
    return _attribute_of(__name__, name)
