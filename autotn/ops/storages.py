"""The memory behind tensors, under PyTorch's names: `UntypedStorage` by bytes, `TypedStorage` by elements."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.device import CPU
from autotn.core.inplace import mark_written
from autotn.core.methods import attach_method
from autotn.core.node import here
from autotn.core.tensor import Tensor, memory_of, wrap

__all__ = ["TypedStorage", "UntypedStorage", "is_storage"]


class _Storage:
    """A piece of memory as a row of numbers, and the tensor it was asked of."""

    is_cuda = False

    def __init__(self, elements: np.ndarray[Any, Any], tensor: Tensor | None = None) -> None:
        self._elements = elements
        self._tensor = tensor

    @property
    def device(self) -> Any:
        """The CPU."""
        return CPU

    def data_ptr(self) -> int:
        """The address of the first byte: equal for tensors that share memory."""
        return self._elements.ctypes.data

    def nbytes(self) -> int:
        """Bytes of all of it."""
        return self._elements.nbytes

    def element_size(self) -> int:
        """Bytes of an element."""
        return self._elements.itemsize

    def size(self) -> int:
        """The number of elements."""
        return len(self._elements)

    def tolist(self) -> list[Any]:
        """The elements as Python numbers."""
        return wrap(self._elements).tolist()

    def is_shared(self) -> bool:
        """False: memory belongs to this process."""
        return False

    def cpu(self) -> Any:
        """Itself."""
        return self

    def fill_(self, value: Any) -> Any:
        """Set every element."""
        self[:] = value
        return self

    def copy_(self, source: Any, non_blocking: bool = False) -> Any:
        """Take the elements of another storage."""
        if len(source) != len(self):
            raise RuntimeError(f"copy_: expected a storage of size {len(self)}, got {len(source)}")
        self[:] = source._elements
        return self

    def clone(self) -> Any:
        """A storage of its own with the same elements."""
        return type(self)._of(self._elements.copy())

    @classmethod
    def _of(cls, elements: np.ndarray[Any, Any], tensor: Tensor | None = None) -> Any:
        made = cls.__new__(cls)
        _Storage.__init__(made, elements, tensor)
        return made

    def __getitem__(self, index: Any) -> Any:
        found = self._elements[index]
        if isinstance(index, slice):
            return type(self)._of(found, self._tensor)
        return wrap(np.asarray(found)).item()

    def __setitem__(self, index: Any, value: Any) -> None:
        # No gradient flows through memory, but what backward kept of it is no longer what it was.
        if self._tensor is not None:
            mark_written(self._tensor, here())
        self._elements[index] = value

    def __len__(self) -> int:
        return len(self._elements)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.tolist())

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._same() == other._same()

    def __hash__(self) -> int:
        return hash(self._same())

    def _same(self) -> tuple[Any, ...]:
        return self.data_ptr(), self.nbytes()

    def __repr__(self) -> str:
        rows = [f" {number}\n" for number in self.tolist()]
        name = f"autotn.{type(self).__name__}"
        return f"{''.join(rows)}[{name}({self._about()}device=cpu) of size {len(self)}]"

    def _about(self) -> str:
        return ""


class UntypedStorage(_Storage):
    """Memory by bytes, as ``tensor.untyped_storage()`` gives it; views share one.

    >>> x = tn.zeros(4)
    >>> x[1:].untyped_storage().nbytes(), x[1:].storage_offset()
    (16, 1)
    >>> x.untyped_storage().data_ptr() == x[1:].untyped_storage().data_ptr()
    True
    """

    def __init__(self, size: int = 0) -> None:
        super().__init__(np.zeros(size, np.uint8))

    def untyped(self) -> UntypedStorage:
        """Itself."""
        return self

    def resize_(self, size: int) -> UntypedStorage:
        """Refused, but for the size it has: NumPy's arrays keep their memory."""
        if size != len(self):
            raise RuntimeError(
                f"resize_: a storage of {len(self)} bytes can't be made one of {size}: NumPy's "
                "arrays keep their memory; drop the tensor, or make a new one"
            )
        return self


class TypedStorage(_Storage):
    """Memory by elements, as ``tensor.storage()`` gives it.

    >>> tn.tensor([[1.0, 2.0], [3.0, 4.0]]).T.storage().tolist()
    [1.0, 2.0, 3.0, 4.0]
    """

    def __init__(self, size: int = 0, *, dtype: Any = None) -> None:
        kind = dtypes.as_numpy(dtypes.get_default_dtype() if dtype is None else dtype)
        super().__init__(np.zeros(size, kind))

    @property
    def dtype(self) -> dtypes.dtype:
        """The element type."""
        return dtypes.of_numpy(self._elements.dtype)

    def untyped(self) -> UntypedStorage:
        """The same memory by bytes."""
        found: UntypedStorage = UntypedStorage._of(self._elements.view(np.uint8), self._tensor)
        return found

    def _same(self) -> tuple[Any, ...]:
        return (*super()._same(), self._elements.dtype)

    def _about(self) -> str:
        return f"dtype={self.dtype!r}, "


def _bytes_of(tensor: Tensor) -> np.ndarray[Any, Any]:
    memory = memory_of(tensor._data)
    if not memory.flags.forc:
        raise RuntimeError("storage: the memory that this tensor was made on has gaps; clone() it")
    return memory.reshape(-1, order="A").view(np.uint8)


@attach_method("untyped_storage")
def untyped_storage(self: Tensor) -> UntypedStorage:
    """All the memory that the tensor is a window onto, by bytes."""
    found: UntypedStorage = UntypedStorage._of(_bytes_of(self), self)
    return found


@attach_method("storage")
def storage(self: Tensor) -> TypedStorage:
    """All the memory that the tensor is a window onto, by elements."""
    found: TypedStorage = TypedStorage._of(_bytes_of(self).view(self._data.dtype), self)
    return found


@attach_method("storage_type")
def storage_type(self: Tensor) -> type[TypedStorage]:
    """The class of ``storage()``."""
    return TypedStorage


def is_storage(obj: Any) -> bool:
    """True for an `UntypedStorage` or a `TypedStorage`.

    >>> tn.is_storage(tn.zeros(2).storage())
    True
    """
    return isinstance(obj, _Storage)
