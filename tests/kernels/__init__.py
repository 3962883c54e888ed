"""The kernels: NumPy in, NumPy out, against PyTorch and against finite differences."""

from __future__ import annotations
