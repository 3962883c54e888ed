"""What stands for the array of a tensor that a function transform (vmap, forward mode) looks after.

Under a transform a Tensor's ``_data`` is a `Traced`. It tells the shape and dtype of *one* value, as the user's
function sees it, while the values themselves (a whole batch, or a number and its tangent) are Tensors one
level below, in ``parts``. So shape logic written for arrays works unchanged, and every op call is
handed to the transform, which knows what the values mean.

Code written for arrays may meet one: it says it is an ndarray, NumPy's functions called with it become ops
(without derivatives: such code means constants), and whoever asks for the values gets them, or `Unreadable`
where there is not one value but a batch.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from autotn.core.methods import NUMPY
from autotn.core.modes import state


class Unreadable(RuntimeError):
    """Someone asked for values where there is not one value but a whole batch."""


class _Answering(threading.local):
    """NumPy's functions that ops are answering now: one that comes back needs the values."""

    def __init__(self) -> None:
        self.functions: list[Any] = []


_answering = _Answering()

#: NumPy's functions that look at shapes and dtypes alone.
SHAPE_ONLY = {
    np.zeros_like, np.ones_like, np.empty_like, np.full_like, np.shape, np.ndim, np.size, np.result_type,
    np.can_cast, np.iscomplexobj, np.isrealobj,
}  # fmt: skip


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """One value as a transform shows it: shape and dtype; the rest is with `transform`, in `parts`."""

    __slots__ = ("__weakref__", "dtype", "parts", "shape", "transform")

    #: For ``isinstance``: code that takes arrays takes this.
    __class__ = property(lambda self: np.ndarray)
    base = None
    flags = np.empty(1).flags

    def __init__(
        self, shape: tuple[int, ...], dtype: np.dtype[Any], transform: Any, parts: tuple[Any, ...]
    ) -> None:
        self.shape, self.dtype, self.transform, self.parts = shape, dtype, transform, parts

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements of one value."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of one value."""
        return self.size * self.dtype.itemsize

    @property
    def strides(self) -> tuple[int, ...]:
        """As if the elements lay in order."""
        return self.outline().strides

    def __len__(self) -> int:
        return self.shape[0]

    def values(self) -> np.ndarray[Any, Any]:
        """The plain values, where there is one of each; else `Unreadable`."""
        return self.transform.values(self)  # type: ignore[no-any-return]

    def outline(self) -> np.ndarray[Any, Any]:
        """An array of this shape and dtype with any values."""
        return np.empty(self.shape, self.dtype)

    # -- NumPy's functions ----------------------------------------------------------------------------

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
        values = self.values()
        return values if dtype is None else values.astype(dtype)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from autotn.core.tensor import Tensor

        if any(isinstance(x, Tensor) for x in inputs):
            return NotImplemented
        given = _constants(inputs)
        if not any(type(x) is Traced for x in given):
            return getattr(ufunc, method)(*given, **_plain_values(kwargs))
        if method == "reduce" and ufunc is np.add and type(given[0]) is Traced:
            return given[0].sum(*given[1:], **kwargs)
        function = NUMPY.get(ufunc)
        if function is not None and method == "__call__" and not kwargs and self._is_active():
            return _arrays_of(function(*_tensors_of(given)))
        return getattr(ufunc, method)(*_plain(given), **_plain_values(kwargs))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if function in (np.may_share_memory, np.shares_memory):
            return _may_share(*args[:2])
        if function in SHAPE_ONLY:
            return function(*_outlines(args), **kwargs)
        if function is np.copyto and type(args[0]) is Traced and self._is_active():
            state.transforms[-1].write(*(_tensors_of(a) for a in args[:2]))
            return None
        args = _constants(args)
        ours = NUMPY.get(function) if _any_traced(args) else None
        if ours is not None and self._is_active() and function not in _answering.functions:
            from autotn.core.numpy_protocol import renamed

            _answering.functions.append(function)
            try:
                return _arrays_of(ours(*_tensors_of(args), **renamed(kwargs)))
            except TypeError:
                pass  # a keyword that only NumPy knows
            finally:
                _answering.functions.pop()
        return function(*_plain(args), **_plain_values(kwargs))

    def _is_active(self) -> bool:
        return self.transform in state.transforms

    # -- methods of arrays, by the ops ----------------------------------------------------------------

    def copy(self, order: Any = "C") -> Any:
        """A copy of what is looked after."""
        return self._as_tensor().clone()._data

    def astype(self, dtype: Any, **options: Any) -> Any:
        """Another dtype."""
        return self._as_tensor().to(dtype)._data

    def reshape(self, *shape: Any, **options: Any) -> Any:
        """Another shape."""
        return self._as_tensor().reshape(*shape)._data

    def view(self, *args: Any) -> Any:
        """The same again."""
        return self if not args else self.values().view(*args)

    def swapaxes(self, axis1: int, axis2: int) -> Any:
        """Two axes exchanged."""
        return self._as_tensor().transpose(axis1, axis2)._data

    @property
    def T(self) -> Any:
        """The axes reversed."""
        return self._as_tensor().T._data

    @property
    def real(self) -> Any:
        """The real parts."""
        return self._as_tensor().real._data if self.dtype.kind == "c" else self

    @property
    def imag(self) -> Any:
        """The imaginary parts."""
        return self._as_tensor().imag._data

    def conj(self) -> Any:
        """The complex conjugate."""
        return self._as_tensor().conj()._data

    def sum(self, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
        """The sum."""
        return self._as_tensor().sum(axis, keepdims, dtype=dtype)._data

    def any(self, axis: Any = None, keepdims: bool = False) -> Any:
        """Along an axis by the op; in all, over a whole batch: the question that guards a special case."""
        return self._along("any", axis, keepdims)

    def all(self, axis: Any = None, keepdims: bool = False) -> Any:
        """As `any`."""
        return self._along("all", axis, keepdims)

    def max(self, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
        """As `any`: an index is in bounds if the largest of the batch is."""
        found = self._along("max", axis, keepdims)
        return found if initial is None else np.maximum(found, initial)

    def min(self, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
        """As `max`."""
        found = self._along("min", axis, keepdims)
        return found if initial is None else np.minimum(found, initial)

    def _along(self, name: str, axis: Any, keepdims: bool) -> Any:
        if axis is None and not keepdims:
            return self.transform.in_all(self, name)
        function = {"max": np.amax, "min": np.amin}.get(name) or getattr(np, name)
        return function(self, axis, keepdims=keepdims)

    def __getitem__(self, index: Any) -> Any:
        return self._as_tensor()[index]._data

    def _as_tensor(self) -> Any:
        from autotn.core.tensor import wrap

        return wrap(self.transform.constant(self) if self._is_active() else self.values())

    # -- methods that need the values -----------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or not hasattr(np.ndarray, name):
            raise AttributeError(f"'ndarray' object has no attribute {name!r}")
        return getattr(self.values(), name)

    def __bool__(self) -> bool:
        return bool(self.values())

    def __int__(self) -> int:
        return int(self.values())

    def __float__(self) -> float:
        return float(self.values())

    def __complex__(self) -> complex:
        return complex(self.values())

    def __index__(self) -> int:
        return self.values().__index__()

    def __iter__(self) -> Any:
        return iter(self.values())

    def __contains__(self, value: Any) -> bool:
        return value in self.values()

    def __setitem__(self, index: Any, value: Any) -> None:
        self.values()[index] = value

    def __repr__(self) -> str:
        return f"<{type(self.transform).__name__} of {self.shape} {self.dtype}>"


def _plain(values: Any) -> Any:
    """The arguments with every Traced array replaced by its values."""
    if type(values) is Traced:
        return values.values()
    if isinstance(values, (tuple, list)):
        return type(values)(_plain(v) for v in values)
    return values


def _constants(values: Any) -> Any:
    """The arguments with Traced arrays as they are without derivatives: plain ones, where they can be."""
    if type(values) is Traced:
        return values.transform.constant(values)
    if isinstance(values, (tuple, list)):
        return type(values)(_constants(v) for v in values)
    return values


def _any_traced(values: Any) -> bool:
    if isinstance(values, (tuple, list)):
        return any(_any_traced(v) for v in values)
    return type(values) is Traced


def _plain_values(named: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in named.items()}


def _outlines(values: Any) -> Any:
    return tuple(v.outline() if type(v) is Traced else v for v in values)


def _tensors_of(values: Any) -> Any:
    """The arguments with arrays as tensors."""
    from autotn.core.tensor import wrap

    if isinstance(values, np.ndarray):
        return wrap(values)
    if isinstance(values, (tuple, list)):
        return type(values)(_tensors_of(v) for v in values)
    return values


def _arrays_of(result: Any) -> Any:
    """A result, or each of several, as arrays again."""
    if isinstance(result, (tuple, list)):
        parts = [_arrays_of(r) for r in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    return getattr(result, "_data", result)


def _may_share(a: Any, b: Any) -> bool:
    """True when the values behind two arrays may share memory."""
    if type(a) is Traced:
        return type(b) is Traced and _may_share(a.parts[0]._data, b.parts[0]._data)
    return type(b) is not Traced and np.may_share_memory(a, b)


def find_traced(value: Any, transform: Any) -> bool:
    """True when `transform` looks after something in an argument, however nested."""
    data = getattr(value, "_data", value)
    if type(data) is Traced:
        return data.transform is transform
    if isinstance(data, (tuple, list)):
        return any(find_traced(v, transform) for v in data)
    return False


def is_traced(array: Any) -> bool:
    """True for what stands for an array (``isinstance`` says it is one)."""
    return type(array) is Traced


def watched(tensor: Any) -> bool:
    """True when a derivative may be asked of a tensor: it is on the tape, or a transform looks after it."""
    return tensor._node is not None or type(tensor._data) is Traced


def readable(array: Any) -> np.ndarray[Any, Any]:
    """The plain array for reading out: as it is, or a Traced one's values."""
    return array.values() if type(array) is Traced else array
