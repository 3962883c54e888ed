"""PyTorch's ``utils``: data loading, checkpoints and TensorBoard."""

from __future__ import annotations

from typing import Any as _Any

from autotn.absent import no_attribute as _no_attribute
from autotn.ops import exchange as dlpack
from autotn.utils import benchmark, checkpoint, checkpointing, data, tensorboard


def __getattr__(name: str) -> _Any:
    raise _no_attribute(__name__, name)
