"""Tensors from nothing and from data."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.device import check_device
from autotn.core.methods import attach_method
from autotn.core.tensor import Tensor, canonical, wrap

__all__ = ["as_tensor", "from_numpy", "full", "ones", "tensor", "zeros"]


def _finish(array: np.ndarray[Any, Any], requires_grad: bool) -> Tensor:
    t = wrap(array)
    return t.requires_grad_() if requires_grad else t


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor that holds a copy of `data`.

    Python floats take the default dtype, ints int64, arrays keep theirs.

    >>> tn.tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    check_device(device)
    return _finish(to_array(data, dtype, copy=True), requires_grad)


def to_array(data: Any, dtype: Any = None, *, copy: bool = False, name: str = "tensor") -> Any:
    """`data` as an array with PyTorch's dtype for it."""
    wanted = None if dtype is None else dtypes.as_numpy(dtype)
    if isinstance(data, Tensor):
        data = data._data
    if not isinstance(data, (np.ndarray, np.generic)):
        plain, found = _plain(data, name)
        wanted = found.dtype if wanted is None else wanted
        try:
            return np.array(plain, dtype=wanted)
        except OverflowError as error:
            raise RuntimeError(f"{name}: {error}") from None
        except ValueError as error:
            raise ValueError(
                f"{name}: the nested sequences have unequal lengths ({error})"
            ) from None
    array = np.asarray(data)
    if array.dtype.kind not in "biufcV":
        raise TypeError(
            f"can't convert np.ndarray of type {array.dtype}. The supported types are: "
            + ", ".join(d.name for d in dtypes.ALL)
        )
    if wanted is not None:
        return (
            array.astype(wanted, copy=copy) if copy or array.dtype != wanted else canonical(array)
        )
    array = canonical(array)
    return array.copy() if copy else array


def _plain(data: Any, name: str) -> tuple[Any, dtypes.dtype]:
    """Nested sequences without tensors in them, and the dtype PyTorch infers for them."""
    seen: list[dtypes.dtype] = []

    def walk(one: Any) -> Any:
        if isinstance(one, Tensor):
            seen.append(one.dtype)
            return one._data
        if isinstance(one, (np.ndarray, np.generic)):
            seen.append(dtypes.of_numpy(one.dtype))
            return one
        if isinstance(one, (bool, int, float, complex)):
            return one
        if isinstance(one, (str, bytes)):
            raise TypeError(f"{name}: new(): invalid data type 'str'")
        if hasattr(one, "__array__"):
            array = np.asarray(one)
            seen.append(dtypes.of_numpy(array.dtype))
            return array
        if hasattr(one, "__len__") and hasattr(one, "__getitem__"):
            return [walk(x) for x in one]
        raise RuntimeError(f"{name}: Could not infer dtype of {type(one).__name__}")

    plain = walk(data)
    if seen:
        result = seen[0]
        for d in seen[1:]:
            result = dtypes.promote_types(result, d)
        return plain, result
    kinds = np.array(plain).dtype.kind if _rectangular(plain) else "f"
    return plain, {
        "b": dtypes.bool_, "i": dtypes.int64, "u": dtypes.int64, "c": dtypes.default_complex(),
    }.get(kinds, dtypes.get_default_dtype())  # fmt: skip


def _rectangular(plain: Any) -> bool:
    try:
        return np.array(plain).dtype.kind in "biufc" and np.array(plain).size > 0
    except (ValueError, OverflowError):
        return False


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a tensor, sharing memory where it can.

    >>> a = np.array([1.0]); t = tn.as_tensor(a); a[0] = 5; t
    tensor([5.], dtype=tn.float64)
    """
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    return wrap(to_array(data, dtype, name="as_tensor"))


def from_numpy(ndarray: np.ndarray[Any, Any]) -> Tensor:
    """A tensor on an array's own memory.

    >>> tn.from_numpy(np.arange(3))
    tensor([0, 1, 2])
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    return wrap(to_array(ndarray, name="from_numpy"))


def _size(size: tuple[Any, ...], name: str) -> tuple[int, ...]:
    if len(size) == 1 and not isinstance(size[0], (int, np.integer)):
        inner = size[0]
        size = (
            tuple(inner.tolist())
            if isinstance(inner, Tensor) and inner._data.ndim
            else tuple(inner if isinstance(inner, (tuple, list)) else (inner,))
        )
    numbers = tuple(int(n) for n in size)
    if any(n < 0 for n in numbers):
        raise RuntimeError(
            f"{name}: Trying to create tensor with negative dimension in {list(numbers)}"
        )
    return numbers


def zeros(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of zeros.

    >>> tn.zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    check_device(device)
    return _finish(
        np.zeros(_size(size, "zeros"), dtypes.as_numpy(dtype or dtypes.get_default_dtype())),
        requires_grad,
    )


def ones(
    *size: Any, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of ones.

    >>> tn.ones(2)
    tensor([1., 1.])
    """
    check_device(device)
    return _finish(
        np.ones(_size(size, "ones"), dtypes.as_numpy(dtype or dtypes.get_default_dtype())),
        requires_grad,
    )


def full(
    size: Any,
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor filled with one value.

    >>> tn.full((2,), 7)
    tensor([7, 7])
    """
    check_device(device)
    kind = dtypes.of_scalar(fill_value) if dtype is None else dtypes.as_dtype(dtype)
    return _finish(np.full(size, fill_value, kind.dtype), requires_grad)


@attach_method("new_zeros")
def new_zeros(
    self: Tensor, *size: Any, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A tensor of zeros of this one's dtype.

    >>> tn.ones(1).new_zeros(2)
    tensor([0., 0.])
    """
    check_device(device)
    return _finish(
        np.zeros(_size(size, "new_zeros"), dtypes.as_numpy(dtype or self.dtype)), requires_grad
    )
