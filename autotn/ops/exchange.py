"""Tensors on memory that others made, and empty ones with chosen strides."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.device import check_device
from autotn.core.methods import attach_method
from autotn.core.tensor import Tensor
from autotn.errors import ShapeError
from autotn.ops.create import _finish, _kind, from_numpy
from autotn.ops.shape import ints

__all__ = ["empty_permuted", "empty_strided", "from_dlpack", "frombuffer", "to_dlpack"]


class _Capsule:
    """The bare capsule that PyTorch's `to_dlpack` gives, in today's protocol: memory of the CPU."""

    def __init__(self, capsule: Any) -> None:
        self.capsule = capsule

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return 1, 0


def from_dlpack(ext_tensor: Any, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor on the memory of another library's, by the DLPack protocol.

    >>> tn.from_dlpack(np.arange(3))
    tensor([0, 1, 2])
    """
    check_device(device)
    if type(ext_tensor).__name__ == "PyCapsule":
        ext_tensor = _Capsule(ext_tensor)
    array = np.from_dlpack(ext_tensor)
    return from_numpy(array.copy() if copy else array)


def to_dlpack(tensor: Tensor) -> Any:
    """A tensor's memory for another library, as a DLPack capsule."""
    return tensor.__dlpack__()


def frombuffer(
    buffer: Any, *, dtype: Any, count: int = -1, offset: int = 0, requires_grad: bool = False
) -> Tensor:
    """A 1-d tensor on the memory of an object with Python's buffer interface.

    >>> tn.frombuffer(bytearray([1, 2]), dtype=tn.uint8)
    tensor([1, 2], dtype=tn.uint8)
    """
    kind = _kind(dtype)
    size = memoryview(buffer).nbytes
    if not size or not count:
        raise ValueError("frombuffer: both buffer length and count must not be 0")
    if not 0 <= offset < size:
        raise ValueError(
            f"frombuffer: offset ({offset} bytes) must be non-negative and no greater than buffer length "
            f"({size} bytes) minus 1"
        )
    if count < 0 and (size - offset) % kind.itemsize:
        raise ValueError(
            f"frombuffer: buffer length ({size - offset} bytes) after offset ({offset} bytes) must be a "
            f"multiple of element size ({kind.itemsize})"
        )
    if count > 0 and offset + count * kind.itemsize > size:
        raise ValueError(
            f"frombuffer: requested buffer length ({count} * {kind.itemsize} bytes) after offset ({offset} "
            f"bytes) must not be greater than actual buffer length ({size} bytes)"
        )
    return _finish(np.frombuffer(buffer, kind, count, offset), requires_grad)


def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Uninitialised memory of a shape, with given steps between neighbours.

    >>> tn.empty_strided((2, 3), (1, 2)).stride()
    (1, 2)
    """
    check_device(device)
    shape, steps = ints("empty_strided", (size,)), ints("empty_strided", (stride,))
    if len(shape) != len(steps):
        raise ShapeError(
            f"empty_strided: dimensionality of sizes ({len(shape)}) must match dimensionality of strides "
            f"({len(steps)})"
        )
    if any(n < 0 for n in (*shape, *steps)):
        raise RuntimeError(
            f"empty_strided: sizes and strides must not be negative, got {shape}, {steps}"
        )
    kind = _kind(dtype)
    last = sum((n - 1) * s for n, s in zip(shape, steps, strict=True)) if math.prod(shape) else -1
    memory = np.empty(last + 1, kind)
    lengths = tuple(s * kind.itemsize for s in steps)
    return _finish(np.lib.stride_tricks.as_strided(memory, shape, lengths), requires_grad)


def empty_permuted(
    size: Any, physical_layout: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Uninitialised memory of a shape whose dimensions lie in memory in a given order.

    >>> tn.empty_permuted((2, 3), (1, 0)).stride()
    (1, 2)
    """
    check_device(device)
    shape, order = ints("empty_permuted", (size,)), ints("empty_permuted", (physical_layout,))
    if sorted(order) != list(range(len(shape))):
        raise RuntimeError(
            f"empty_permuted: physical_layout must name each of {len(shape)} dimensions once, got "
            f"{tuple(order)}"
        )
    memory = np.empty([shape[k] for k in order], _kind(dtype))
    return _finish(memory.transpose(np.argsort(order)), requires_grad)


@attach_method("new_empty_strided")
def new_empty_strided(
    self: Tensor, size: Any, stride: Any, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`empty_strided` of this tensor's dtype."""
    return empty_strided(
        size, stride, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad
    )
