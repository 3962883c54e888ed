"""Hot loops on plain NumPy arrays: no tensors, no gradients recorded, nothing above NumPy."""

from __future__ import annotations
