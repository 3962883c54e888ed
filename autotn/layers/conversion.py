"""What ``module.to(...)`` and its relatives do to the tensors of a module."""

from __future__ import annotations

import mmap
from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.device import check_device, device as device_type
from autotn.core.modes import no_grad
from autotn.core.tensor import Tensor, wrap
from autotn.layers.parameter import UninitializedTensorMixin, is_lazy

Convert = Callable[[Tensor], Tensor]


def convert_members(module: Any, fn: Convert) -> None:
    """Apply `fn` to the parameters, their gradients and the buffers of one module (no child's)."""
    for _, parameter in module._own_parameters():
        if parameter is None:
            continue
        if is_lazy(parameter):
            _convert_lazy(parameter, fn)
            continue
        with no_grad():
            gradient = parameter.grad
            converted = fn(parameter)
            if converted is parameter:
                continue
            # The parameter stays the same object, so that optimizers and shared uses keep it.
            parameter.grad = None
            parameter.data = converted
            if gradient is not None:
                parameter.grad = fn(gradient).detach()
    for name, buffer in module._buffers.items():
        if buffer is None:
            continue
        if is_lazy(buffer):
            _convert_lazy(buffer, fn)
        else:
            with no_grad():
                module._buffers[name] = fn(buffer)


def _convert_lazy(tensor: UninitializedTensorMixin, fn: Convert) -> None:
    """A tensor without values only changes its dtype."""
    tensor._kind = fn(wrap(np.empty(0, tensor._kind.dtype))).dtype


def floating_to(dtype: Any) -> Convert:
    """Convert floating-point and complex tensors; leave the others alone."""
    wanted = dtypes.as_dtype(dtype)

    def convert(tensor: Tensor) -> Tensor:
        kind = tensor.dtype
        return tensor.to(wanted) if kind.is_floating_point or kind.is_complex else tensor

    return convert


def to_function(*args: Any, **kwargs: Any) -> Convert:
    """What ``module.to`` was asked for: (device, dtype, …), (dtype, …) or (tensor, …)."""
    names = ("device", "dtype", "non_blocking", "copy", "memory_format")
    unknown = [name for name in kwargs if name not in (*names, "tensor")]
    if unknown:
        raise TypeError(
            f"Module.to: unknown keyword {unknown[0]!r}; expected one of {', '.join(names)}"
        )
    first = args[0] if args else kwargs.get("tensor")
    if isinstance(first, Tensor):
        return floating_to(_floating(first.dtype))
    if args and not isinstance(first, (str, int, device_type, type(None))):
        return floating_to(_floating(dtypes.as_dtype(first)))
    device = first if args else kwargs.get("device")
    dtype = args[1] if len(args) > 1 else kwargs.get("dtype")
    check_device(device)
    return floating_to(_floating(dtypes.as_dtype(dtype))) if dtype is not None else _unchanged


def _floating(dtype: dtypes.dtype) -> dtypes.dtype:
    if not (dtype.is_floating_point or dtype.is_complex):
        raise TypeError(
            f"Module.to only accepts floating point or complex dtypes, but got {dtype}: parameters "
            "are trained, and integers can't be"
        )
    return dtype


def _unchanged(tensor: Tensor) -> Tensor:
    return tensor


def emptied(tensor: Tensor) -> Tensor:
    """Fresh memory of the same shape and dtype."""
    return wrap(np.empty_like(tensor._data))


def shared(tensor: Tensor) -> Tensor:
    """The values in memory that a forked process shares instead of copying."""
    array = tensor._data
    owner: Any = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(getattr(owner, "obj", owner), mmap.mmap):
        return tensor
    memory = mmap.mmap(-1, max(array.nbytes, 1))
    copy = np.frombuffer(memory, array.dtype, array.size).reshape(array.shape)
    copy[...] = array
    return wrap(copy)
