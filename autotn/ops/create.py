"""Tensors from nothing and from data."""

from __future__ import annotations

from typing import Any, Never

import numpy as np

from autotn.core import dtypes
from autotn.core.device import check_device
from autotn.core.keywords import unknown_keyword
from autotn.core.methods import attach_method
from autotn.core.tensor import Tensor, canonical, wrap

__all__ = [
    "arange", "as_tensor", "asarray", "empty", "empty_like", "eye", "from_numpy", "full", "full_like",
    "linspace", "logspace", "ones", "ones_like", "range", "scalar_tensor", "tensor", "zeros", "zeros_like",
]  # fmt: skip


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
    **_unknown: Never,
) -> Tensor:
    """A tensor that holds a copy of `data`.

    Python floats take the default dtype, ints int64, arrays keep theirs.

    >>> tn.tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    if _unknown:
        raise unknown_keyword(tensor, _unknown)
    check_device(device)
    return _finish(to_array(data, dtype, copy=True), requires_grad)


def to_array(data: Any, dtype: Any = None, *, copy: bool = False, name: str = "tensor") -> Any:
    """`data` as an array with PyTorch's dtype for it."""
    wanted = None if dtype is None else dtypes.as_numpy(dtype)
    if isinstance(data, Tensor):
        data = data._data
    elif not isinstance(data, (np.ndarray, np.generic)) and _is_array_like(data):
        data = np.asarray(data)
        copy = copy or not data.flags.writeable
    if not isinstance(data, (np.ndarray, np.generic)):
        plain, found = _plain(data, name)
        wanted = found.dtype if wanted is None else wanted
        try:
            if isinstance(plain, (int, float)):
                return dtypes.number(plain, wanted)
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


def _is_array_like(one: Any) -> bool:
    """True for what NumPy takes as an array: columns of pandas and polars, pictures of PIL."""
    return hasattr(one, "__array__") or hasattr(type(one), "__array_interface__")


def _walk(one: Any, seen: list[dtypes.dtype], name: str) -> Any:
    """`one` without tensors in it; the dtypes of what was an array go to `seen`."""
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
    if _is_array_like(one):
        array = np.asarray(one)
        seen.append(dtypes.of_numpy(array.dtype))
        return array
    if hasattr(one, "__len__") and hasattr(one, "__getitem__"):
        return [_walk(x, seen, name) for x in one]
    raise RuntimeError(f"{name}: Could not infer dtype of {type(one).__name__}")


def _plain(data: Any, name: str) -> tuple[Any, dtypes.dtype]:
    """Nested sequences without tensors in them, and the dtype PyTorch infers for them."""
    seen: list[dtypes.dtype] = []
    plain = _walk(data, seen, name)
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


def as_tensor(data: Any, dtype: Any = None, device: Any = None, **_unknown: Never) -> Tensor:
    """`data` as a tensor, sharing memory where it can.

    >>> a = np.array([1.0]); t = tn.as_tensor(a); a[0] = 5; t
    tensor([5.], dtype=tn.float64)
    """
    if _unknown:
        raise unknown_keyword(as_tensor, _unknown)
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


def _size(size: tuple[Any, ...], name: str, by_keyword: Any = None) -> tuple[int, ...]:
    size = size if by_keyword is None else (*size, by_keyword)
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


def _kind(dtype: Any) -> Any:
    return dtypes.as_numpy(dtypes.get_default_dtype() if dtype is None else dtype)


def _made(
    name: str, array: np.ndarray[Any, Any], out: Any, device: Any, requires_grad: bool
) -> Tensor:
    """Finish a creation function: device, ``out=``, ``requires_grad=``."""
    check_device(device)
    if out is not None:
        from autotn.core.inplace import write_out

        return write_out(name, out, wrap(array), ())
    return _finish(array, requires_grad)


def zeros(
    *sizes: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """A tensor of zeros.

    >>> tn.zeros(2, 3)
    tensor([[0., 0., 0.],
            [0., 0., 0.]])
    """
    if _unknown:
        raise unknown_keyword(zeros, _unknown)
    kind = _kind(dtype) if out is None or dtype is not None else out._data.dtype
    return _made("zeros", np.zeros(_size(sizes, "zeros", size), kind), out, device, requires_grad)


def ones(
    *sizes: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """A tensor of ones.

    >>> tn.ones(2)
    tensor([1., 1.])
    """
    if _unknown:
        raise unknown_keyword(ones, _unknown)
    kind = _kind(dtype) if out is None or dtype is not None else out._data.dtype
    return _made("ones", np.ones(_size(sizes, "ones", size), kind), out, device, requires_grad)


def empty(
    *sizes: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False, memory_format: Any = None, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """A tensor whose values are whatever its memory holds.

    >>> tn.empty(2, 3).shape
    tn.Size([2, 3])
    """
    if _unknown:
        raise unknown_keyword(empty, _unknown)
    return _made(
        "empty", np.empty(_size(sizes, "empty", size), _kind(dtype)), out, device, requires_grad
    )


def full(
    size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, pin_memory: bool = False, requires_grad: bool = False, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """A tensor filled with one value, of the dtype that value has.

    >>> tn.full((2,), 7)
    tensor([7, 7])
    """
    if _unknown:
        raise unknown_keyword(full, _unknown)
    if isinstance(fill_value, Tensor):
        kind = fill_value.dtype if dtype is None else dtypes.as_dtype(dtype)
        fill_value = fill_value.item()
    else:
        kind = dtypes.of_scalar(fill_value) if dtype is None else dtypes.as_dtype(dtype)
    value = dtypes.number(fill_value, kind.dtype)
    return _made("full", np.full(_size((size,), "full"), value), out, device, requires_grad)


def _like(name: str, input: Any, dtype: Any) -> tuple[tuple[int, ...], Any]:
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}: argument 'input' must be a Tensor, got {type(input).__name__}")
    return input._data.shape, input._data.dtype if dtype is None else dtypes.as_numpy(dtype)


def zeros_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """Zeros in the shape and dtype of another tensor.

    >>> tn.zeros_like(tn.tensor([1, 2]))
    tensor([0, 0])
    """
    if _unknown:
        raise unknown_keyword(zeros_like, _unknown)
    return _made(
        "zeros_like", np.zeros(*_like("zeros_like", input, dtype)), None, device, requires_grad
    )


def ones_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """Ones in the shape and dtype of another tensor.

    >>> tn.ones_like(tn.tensor([1, 2]))
    tensor([1, 1])
    """
    if _unknown:
        raise unknown_keyword(ones_like, _unknown)
    return _made(
        "ones_like", np.ones(*_like("ones_like", input, dtype)), None, device, requires_grad
    )


def empty_like(
    input: Tensor, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """Uninitialised memory in the shape and dtype of another tensor.

    >>> tn.empty_like(tn.tensor([1, 2])).dtype
    tn.int64
    """
    if _unknown:
        raise unknown_keyword(empty_like, _unknown)
    return _made(
        "empty_like", np.empty(*_like("empty_like", input, dtype)), None, device, requires_grad
    )


def full_like(
    input: Tensor, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """One value in the shape and dtype of another tensor.

    >>> tn.full_like(tn.tensor([1.0, 2.0]), 5)
    tensor([5., 5.])
    """
    if _unknown:
        raise unknown_keyword(full_like, _unknown)
    shape, kind = _like("full_like", input, dtype)
    value = dtypes.number(_number(fill_value), kind)
    return _made("full_like", np.full(shape, value), None, device, requires_grad)


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, Tensor) else value


def arange(
    *bounds: Any, start: Any = None, end: Any = None, step: Any = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, pin_memory: bool = False, requires_grad: bool = False, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """Numbers from `start` (0) up to, not including, `end`, by `step` (1).

    >>> tn.arange(1, 4), tn.arange(0, 1, 0.5)
    (tensor([1, 2, 3]), tensor([0.0000, 0.5000]))
    """
    if _unknown:
        raise unknown_keyword(arange, _unknown)
    given = [_number(b) for b in bounds]
    if len(given) == 1 and end is None:
        given = [start if start is not None else 0, *given]
    first = _number(given[0] if given else start if start is not None else 0)
    last = _number(given[1] if len(given) > 1 else end)
    stride = _number(given[2] if len(given) > 2 else step if step is not None else 1)
    if last is None:
        raise TypeError("arange: missing argument 'end'")
    if stride == 0:
        raise RuntimeError("arange: step must be nonzero")
    if (stride > 0) != (last >= first) and last != first:
        raise RuntimeError("arange: upper bound and lower bound inconsistent with step sign")
    whole = all(isinstance(v, (int, np.integer)) for v in (first, last, stride))
    if dtype is None:
        kind = (
            out._data.dtype if out is not None else (np.dtype(np.int64) if whole else _kind(None))
        )
    else:
        kind = dtypes.as_numpy(dtype)
    count = max(0, int(np.ceil((last - first) / stride)))
    steps = np.arange(count)
    values = first + steps * stride if whole else first + steps.astype(np.float64) * stride
    return _made("arange", np.asarray(values).astype(kind), out, device, requires_grad)


def range(
    start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """Numbers from `start` to `end`, both included; `arange` is the usual choice.

    >>> tn.range(1, 3)
    tensor([1., 2., 3.])
    """
    if _unknown:
        raise unknown_keyword(range, _unknown)
    if end is None:
        start, end = 0, start
    count = max(0, int(np.floor((end - start) / step)) + 1)
    values = start + np.arange(count) * step
    return _made("range", values.astype(_kind(dtype)), out, device, requires_grad)


def linspace(
    start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """`steps` numbers evenly spaced from `start` to `end`, both included.

    >>> tn.linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """
    if _unknown:
        raise unknown_keyword(linspace, _unknown)
    first, last = _number(start), _number(end)
    if steps < 0:
        raise RuntimeError("linspace: number of steps must be non-negative")
    if dtype is None and (isinstance(first, complex) or isinstance(last, complex)):
        dtype = dtypes.default_complex()
    kind = _kind(dtype)
    if kind.kind in "iu":
        values = first + np.arange(steps) * ((last - first) / max(steps - 1, 1))
        return _made("linspace", np.trunc(values).astype(kind), out, device, requires_grad)
    return _made(
        "linspace", np.linspace(first, last, steps).astype(kind), out, device, requires_grad
    )


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """`steps` numbers from ``base**start`` to ``base**end``, evenly spaced in the exponent.

    >>> tn.logspace(0, 2, 3)
    tensor([  1.,  10., 100.])
    """
    if _unknown:
        raise unknown_keyword(logspace, _unknown)
    values = np.power(float(base), np.linspace(_number(start), _number(end), steps))
    return _made("logspace", values.astype(_kind(dtype)), out, device, requires_grad)


def eye(
    n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """Ones on the diagonal, zeros elsewhere.

    >>> tn.eye(2)
    tensor([[1., 0.],
            [0., 1.]])
    """
    if _unknown:
        raise unknown_keyword(eye, _unknown)
    if n < 0 or (m is not None and m < 0):
        raise RuntimeError(f"eye: n and m must be greater or equal to 0, got {n} and {m}")
    return _made("eye", np.eye(n, m, dtype=_kind(dtype)), out, device, requires_grad)


def scalar_tensor(
    s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A 0-d tensor in the default dtype.

    >>> tn.scalar_tensor(2)
    tensor(2.)
    """
    return _made("scalar_tensor", np.asarray(_number(s), _kind(dtype)), None, device, requires_grad)


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """Anything array-like as a tensor, sharing memory unless a copy is needed or asked for.

    >>> tn.asarray([1, 2])
    tensor([1, 2])
    """
    check_device(device)
    if isinstance(obj, Tensor) and not copy:
        found = obj if dtype is None else obj.to(dtype)
        return found.detach().requires_grad_() if requires_grad and found.is_leaf else found
    return _finish(to_array(obj, dtype, copy=bool(copy), name="asarray"), requires_grad)


# -- on Tensor: new tensors like this one ----------------------------------------------------------------


def _new(name: str, make: Any) -> None:
    def method(
        self: Tensor, *sizes: Any, size: Any = None, dtype: Any = None, layout: Any = None, device: Any = None,
        pin_memory: bool = False, requires_grad: bool = False, **_unknown: Never,
    ) -> Tensor:  # fmt: skip
        if _unknown:
            raise unknown_keyword(method, _unknown)
        kind = self._data.dtype if dtype is None else dtypes.as_numpy(dtype)
        return _made(name, make(_size(sizes, name, size), kind), None, device, requires_grad)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"A tensor of this one's dtype: see `{name.removeprefix('new_')}`."
    attach_method(name)(method)


_new("new_zeros", np.zeros)
_new("new_ones", np.ones)
_new("new_empty", np.empty)


@attach_method("new_full")
def new_full(
    self: Tensor, size: Any, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False, **_unknown: Never,
) -> Tensor:  # fmt: skip
    """A tensor of this one's dtype filled with one value."""
    if _unknown:
        raise unknown_keyword(new_full, _unknown)
    kind = self._data.dtype if dtype is None else dtypes.as_numpy(dtype)
    value = dtypes.number(_number(fill_value), kind)
    return _made(
        "new_full", np.full(_size((size,), "new_full"), value), None, device, requires_grad
    )


@attach_method("new_tensor")
def new_tensor(
    self: Tensor,
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    **_unknown: Never,
) -> Tensor:
    """`data` as a new tensor, of this one's dtype unless told otherwise."""
    if _unknown:
        raise unknown_keyword(new_tensor, _unknown)
    return tensor(
        data,
        dtype=self.dtype if dtype is None else dtype,
        device=device,
        requires_grad=requires_grad,
    )


@attach_method("new")
def new(self: Tensor, *args: Any) -> Tensor:
    """PyTorch's old constructor, of this tensor's dtype."""
    from autotn.core.tensor import legacy_tensor

    return legacy_tensor(Tensor, args, self.dtype)
