"""PyTorch's old constructors: ``FloatTensor([1, 2])``, ``LongTensor(3)``, their CUDA twins, ``Variable(x)``."""

from __future__ import annotations

import warnings
from typing import Any, NoReturn

from autotn.core import dtypes
from autotn.core.device import check_device
from autotn.core.naming import SHOWN
from autotn.core.tensor import Tensor, legacy_tensor

#: The old word for a dtype, as in ``FloatTensor``.
WORDS = {
    "float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16", "int64": "Long",
    "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool",
    "complex64": "ComplexFloat", "complex128": "ComplexDouble",
}  # fmt: skip


class TensorType(type):
    """The class of the old constructors: each makes, and recognises, Tensors of one dtype."""

    dtype: dtypes.dtype
    is_cuda = False

    def __call__(cls, *data: Any, device: Any = None) -> Any:
        """Sizes make zeros, a sequence or an array is converted."""
        check_device(device)
        return legacy_tensor(Tensor, data, cls.dtype)

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor) and instance.dtype == cls.dtype

    def __repr__(cls) -> str:
        return f"<class '{SHOWN.name}.{cls.__name__}'>"


class CudaTensorType(TensorType):
    """The old constructors of GPU tensors: names, which nothing can be made with."""

    is_cuda = True

    def __call__(cls, *data: Any, device: Any = None) -> NoReturn:
        """Refuse: there is no GPU."""
        check_device("cuda")
        raise AssertionError("check_device refuses every GPU")

    def __instancecheck__(cls, instance: Any) -> bool:
        return False

    def __repr__(cls) -> str:
        return f"<class '{SHOWN.name}.cuda.{cls.__name__}'>"


def _made(kind: type[TensorType], name: str) -> TensorType:
    note = f"Old constructor of {name} tensors; `tn.tensor(..., dtype=tn.{name})` is today's."
    dtype = dtypes.as_dtype(name)
    return kind(f"{WORDS[name]}Tensor", (), {"dtype": dtype, "__doc__": note})


def typed_tensor(name: str, *, cuda: bool = False) -> TensorType:
    """The constructor of the old `name` (``"FloatTensor"``); always the same object.

    Raises
    ------
    AttributeError
        When there is no such name.
    """
    table = _CUDA if cuda else _CPU
    if name not in table:
        kind = next((k for k, word in WORDS.items() if f"{word}Tensor" == name), None)
        if kind is None:
            raise AttributeError(name)
        table[name] = _made(CudaTensorType if cuda else TensorType, kind)
    return table[name]


_CPU: dict[str, TensorType] = {}
_CUDA: dict[str, TensorType] = {}

#: Every old name.
NAMES = tuple(f"{word}Tensor" for word in WORDS.values())


def type_name(dtype: dtypes.dtype) -> str:
    """The old name of a dtype's tensors, as ``tensor.type()`` gives it."""
    return f"{SHOWN.name}.{WORDS.get(dtype.name, dtype.name)}Tensor"


def typename(obj: Any) -> str:
    """The old name of a tensor's type; of anything else, where its class is defined.

    >>> tn.typename(tn.zeros(1)), tn.typename(3)
    ('tn.FloatTensor', 'builtins.int')
    """
    if isinstance(obj, Tensor):
        return type_name(obj.dtype)
    kind = obj if hasattr(obj, "__qualname__") else type(obj)
    return f"{kind.__module__}.{kind.__qualname__}"


def dtype_of_type(kind: Any) -> Any:
    """The dtype meant by an old constructor or its name; anything else as it is."""
    if isinstance(kind, TensorType):
        check_device("cuda" if kind.is_cuda else None)
        return kind.dtype
    if isinstance(kind, str) and kind.endswith("Tensor"):
        place, _, name = kind.rpartition(".")
        check_device("cuda" if place.endswith("cuda") else None)
        return dtypes.get_default_dtype() if name == "Tensor" else typed_tensor(name).dtype
    return kind


def set_default_tensor_type(t: Any) -> None:
    """Set the default dtype by the old name of its tensors; `set_default_dtype` is today's.

    >>> tn.set_default_tensor_type("torch.DoubleTensor"); tn.zeros(1).dtype
    tn.float64
    >>> tn.set_default_tensor_type(tn.FloatTensor)
    """
    kind = dtypes.float32 if t is Tensor else dtype_of_type(t)
    if not isinstance(kind, dtypes.dtype):
        raise TypeError(f"set_default_tensor_type: invalid type object {t!r}")
    dtypes.set_default_dtype(kind)


class _VariableType(type):
    """Before PyTorch 0.4 a Variable was a Tensor that is recorded; since then every Tensor is."""

    def __call__(
        cls, data: Any = None, requires_grad: bool = False, volatile: bool | None = None
    ) -> Tensor:
        if volatile is not None:
            warnings.warn(
                "volatile was removed and now has no effect. Use `with tn.no_grad():` instead.",
                stacklevel=2,
            )
        if data is None:
            data = legacy_tensor(Tensor, (), dtypes.get_default_dtype())
        if not isinstance(data, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        made = data.detach()
        return made.requires_grad_() if requires_grad else made

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Tensor)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, Tensor)


class Variable(metaclass=_VariableType):
    """The old name of a recorded Tensor: ``Variable(x)`` is ``x.detach()``.

    >>> tn.autograd.Variable(tn.ones(2), requires_grad=True)
    tensor([1., 1.], requires_grad=True)
    """
