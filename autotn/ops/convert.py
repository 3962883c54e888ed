"""The same values as another tensor: other dtype, own memory, other device's name."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.device import check_device, device as device_class
from autotn.core.legacy import dtype_of_type, type_name
from autotn.core.methods import attach_method
from autotn.core.op import Arr, acts, composite, op
from autotn.core.tensor import Tensor

__all__ = ["clone"]


@op()
def _cast(input: Arr, dtype: Any, before: Any) -> Arr:
    """The values in another dtype; the gradient comes back in the one `before`.

    >>> tn.tensor([1.5]).to(tn.float64)
    tensor([1.5000], dtype=tn.float64)
    """
    if input.dtype.kind == "c" and dtype.kind != "c":
        input = input.real
    return input.astype(dtype)


_cast.grad(input=lambda g, dtype, before: _cast(g, before, dtype))


def cast(input: Any, dtype: Any) -> Any:
    """`input` in the NumPy dtype `dtype`, differentiably."""
    return _cast(input, dtype, (input._data if isinstance(input, Tensor) else input).dtype)


@composite(method="clone", numpy=np.copy)
def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy with memory of its own; gradients flow through.

    >>> x = tn.tensor([1.0]); y = x.clone(); y += 1; x
    tensor([1.])
    """
    return _clone(input)


@op()
def _clone(input: Arr) -> Arr:
    """A copy with memory of its own.

    >>> tn.clone(tn.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """
    # The order of what `expand` repeats would be no order PyTorch knows.
    return np.array(input, order="C" if 0 in input.strides else "K")


_clone.grad(input=lambda g: g)


@op(promote="free")
def _copy(input: Arr, src: Arr, before: Any) -> Arr:
    """`src` (of dtype `before`) in the shape and dtype of `input`: what ``input.copy_(src)`` leaves.

    >>> tn.zeros(2).copy_(tn.tensor([1, 2]))
    tensor([1., 2.])
    """
    if src.dtype.kind == "c" and input.dtype.kind != "c":
        src = src.real
    return np.broadcast_to(src, input.shape).astype(input.dtype)


def _copy_source(g: Any, src_shape: tuple[int, ...], before: Any) -> Any:
    from autotn.core.call import sum_to

    return cast(sum_to(g, src_shape), before)


def _nothing(g: Any) -> Any:
    return np.zeros_like(g) if isinstance(g, np.ndarray) else g.new_zeros(g.shape)


_copy.grad(input=_nothing, src=_copy_source)


@attach_method("copy_")
def copy_(self: Tensor, other: Any, non_blocking: bool = False) -> Tensor:
    """Write the values of `other`, broadcast and converted, into this tensor.

    >>> tn.zeros(2).copy_(tn.tensor([1, 2]))
    tensor([1., 2.])
    """
    from autotn.core import inplace

    if other is not self or self._data.flags.writeable:
        inplace.check_writable("copy_", self)
    if isinstance(other, (bool, int, float, complex)):
        return fill_(self, other)
    if not isinstance(other, Tensor):
        raise TypeError(f"copy_: argument 'other' must be a Tensor, got {type(other).__name__}")
    if other is self:
        inplace.mark_written(self)
        return self
    old = self.detach()
    old._node = self._node  # what is overwritten goes on requiring grad; its gradient is zero
    inplace.write("copy_", self, _copy(old, other, other._data.dtype))
    return self


@attach_method("to")
def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """This tensor with another dtype: ``x.to(tn.float64)``, ``x.to(other)``, ``x.to("cpu")``.

    >>> tn.tensor([1, 2]).to(tn.float32)
    tensor([1., 2.])
    """
    target = kwargs.pop("dtype", None)
    where = kwargs.pop("device", None)
    copy = kwargs.pop("copy", False)
    kwargs.pop("non_blocking", None)
    kwargs.pop("memory_format", None)
    if kwargs:
        raise TypeError(f"to: got unexpected keyword argument {next(iter(kwargs))!r}")
    for k, a in enumerate(args):
        if isinstance(a, Tensor):
            target = a.dtype
        elif isinstance(a, bool):
            copy = a if k == len(args) - 1 and k >= 2 else copy
        elif isinstance(a, (device_class, int)) or (isinstance(a, str) and not _names_dtype(a)):
            where = a
        elif a is not None:
            target = a
    check_device(where)
    if target is None or dtypes.as_numpy(target) == self._data.dtype:
        return clone(self) if copy else self
    return cast(self, dtypes.as_numpy(target))


def _names_dtype(text: str) -> bool:
    return text.rpartition(".")[2] in {d.name for d in dtypes.ALL} | {"bfloat16"}


def _shorthand(name: str, kind: str) -> None:
    def method(self: Tensor, memory_format: Any = None) -> Tensor:
        return to(self, dtypes.as_dtype(kind))

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"This tensor as {kind}."
    attach_method(name)(method)


for _name, _kind in {
    "float": "float32", "double": "float64", "half": "float16", "long": "int64", "int": "int32",
    "short": "int16", "char": "int8", "byte": "uint8", "bool": "bool", "bfloat16": "bfloat16",
    "cfloat": "complex64", "cdouble": "complex128",
}.items():  # fmt: skip
    _shorthand(_name, _kind)


@attach_method("type")
def type_(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The name of the tensor's old type, or the tensor in another dtype."""
    if dtype is None:
        return type_name(self.dtype)
    return to(self, dtype_of_type(dtype))


@attach_method("type_as")
def type_as(self: Tensor, other: Tensor) -> Tensor:
    """This tensor in the dtype of `other`."""
    return to(self, other.dtype)


@attach_method("cpu")
def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """This tensor: it is on the CPU already."""
    return self


@attach_method("cuda")
def cuda(
    self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None
) -> Tensor:
    """Refused: there is no GPU here."""
    check_device("cuda")
    return self


@attach_method("pin_memory")
def pin_memory(self: Tensor, device: Any = None) -> Tensor:
    """This tensor: no copy to a GPU needs its memory to stay in place."""
    return self


@attach_method("is_pinned")
def is_pinned(self: Tensor, device: Any = None) -> bool:
    """False: see `pin_memory`."""
    return False


@attach_method("to_dense")
def to_dense(self: Tensor, dtype: Any = None, *, masked_grad: bool = True) -> Tensor:
    """This tensor: all are dense."""
    return self if dtype is None else to(self, dtype)


@attach_method("contiguous")
def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    """This tensor with its elements in order in memory."""
    return self if self._data.flags.c_contiguous else _in_order(self)


@op()
def _in_order(input: Arr) -> Arr:
    """A copy whose elements lie in order.

    >>> tn.ones(2, 3).T.contiguous().stride()
    (2, 1)
    """
    return np.array(input, order="C")


_in_order.grad(input=lambda g: g)


@attach_method("fill_")
def fill_(input: Tensor, value: Any) -> Tensor:
    """Set every element to one value."""
    from autotn.core.tensor import wrap

    if isinstance(value, (bool, int, float, complex)):
        value = wrap(dtypes.number(value, input._data.dtype))
    elif not isinstance(value, Tensor):
        value = wrap(np.asarray(value).astype(input._data.dtype))
    return copy_(input, value)


@attach_method("zero_")
def zero_(input: Tensor) -> Tensor:
    """Set every element to 0."""
    return fill_(input, 0)


acts("linear", _cast, _clone, _copy, _in_order)
