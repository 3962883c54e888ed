"""PyTorch's ``utils.tensorboard``: runs written for TensorBoard, through the package tensorboardX."""

from __future__ import annotations

from autotn.utils.tensorboard.writer import SummaryWriter

__all__ = ["SummaryWriter"]
