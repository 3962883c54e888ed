"""Questions about tensors: of what kind they are, how many elements, in what dtype two meet."""

from __future__ import annotations

from typing import Any

from autotn.core import dtypes
from autotn.core.methods import attach_method
from autotn.core.tensor import Tensor

__all__ = [
    "is_complex", "is_floating_point", "is_inference", "is_same_size", "is_signed", "is_tensor",
    "numel", "result_type",
]  # fmt: skip


def _tensor(name: str, input: Any) -> Tensor:
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}: argument 'input' must be a Tensor, got {type(input).__name__}")
    return input


def is_tensor(obj: Any) -> bool:
    """True for a Tensor.

    >>> tn.is_tensor(tn.ones(2)), tn.is_tensor([1.0, 1.0])
    (True, False)
    """
    return isinstance(obj, Tensor)


def is_floating_point(input: Any) -> bool:
    """True for float16, float32, float64 and bfloat16.

    >>> tn.is_floating_point(tn.ones(2))
    True
    """
    return _tensor("is_floating_point", input).is_floating_point()


def is_complex(input: Any) -> bool:
    """True for complex64 and complex128.

    >>> tn.is_complex(tn.tensor([1j]))
    True
    """
    return _tensor("is_complex", input).is_complex()


def is_signed(input: Any) -> bool:
    """True when the dtype has negative numbers.

    >>> tn.is_signed(tn.ones(2, dtype=tn.uint8))
    False
    """
    return _tensor("is_signed", input).is_signed()


def is_inference(input: Any) -> bool:
    """False: tensors made under `inference_mode` are ordinary ones here.

    >>> tn.is_inference(tn.ones(2))
    False
    """
    return _tensor("is_inference", input).is_inference()


@attach_method("is_same_size")
def is_same_size(input: Any, other: Any) -> bool:
    """True when the shapes are equal.

    >>> tn.is_same_size(tn.ones(2), tn.zeros(2))
    True
    """
    return _tensor("is_same_size", input).shape == _tensor("is_same_size", other).shape


def numel(input: Any) -> int:
    """The number of elements.

    >>> tn.numel(tn.ones(2, 3))
    6
    """
    return _tensor("numel", input).numel()


def result_type(tensor: Any, other: Any) -> dtypes.dtype:
    """The dtype in which two, Tensors or numbers, would be added.

    >>> tn.result_type(tn.ones(2, dtype=tn.int64), 1.5)
    tn.float32
    """
    given = [tensor, other]
    tensors = [t for t in given if isinstance(t, Tensor)]
    numbers = [n for n in given if isinstance(n, (bool, int, float, complex))]
    if len(tensors) + len(numbers) < 2:
        kinds = " and ".join(type(x).__name__ for x in given)
        raise TypeError(f"result_type: expected Tensors or numbers, got {kinds}")
    wide = [t.dtype for t in tensors if t.ndim]
    zero = [t.dtype for t in tensors if not t.ndim]
    return dtypes.result_dtype(wide, zero, numbers)
