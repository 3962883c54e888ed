"""What the names in a PyTorch pickle mean: the complete list of what can be built from a file.

Each entry checks its arguments and raises ValueError when they make no sense; the pickle machine
turns that into an error that names the file.
"""

from __future__ import annotations

import codecs
import warnings
from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from autotn.weights.elements import ELEMENTS, STORAGES, Element, array_dtype, decode
from autotn.weights.pickle_machine import Word, check_array, checked_count
from autotn.weights.source import Bytes


class Makers(NamedTuple):
    """How the values of the caller's framework are made; the weights package knows arrays only."""

    tensor: Callable[[np.ndarray[Any, Any], bool], Any]  # (array, requires_grad)
    parameter: Callable[[Any, bool], Any]  # (tensor, requires_grad)
    dtype: Callable[[str], Any]
    device: Callable[..., Any]  # ("cuda", 0)
    size: Callable[[tuple[int, ...]], Any]


class StorageType(NamedTuple):
    """The class of a storage, such as FloatStorage; None for one of untyped bytes."""

    name: str
    element: Element | None


class Storage:
    """The bytes several tensors may look at."""

    __slots__ = ("_arrays", "element", "little", "raw")

    def __init__(self, raw: Bytes, little: bool, element: Element | None) -> None:
        self.raw = raw
        self.little = little
        self.element = element
        self._arrays: dict[str, np.ndarray[Any, Any]] = {}

    def of_type(self, element: Element | None) -> Storage:
        """The same bytes, as a storage of another type."""
        return Storage(self.raw, self.little, element)

    def array(self, element: Element) -> np.ndarray[Any, Any]:
        """All of it as values of one type; asked twice, the same memory."""
        made = self._arrays.get(element.name)
        if made is None:
            count = len(self.raw) // element.itemsize
            stored = element.raw.newbyteorder("<" if self.little else ">")
            raw = self.raw[: count * element.itemsize].view(stored)
            if not stored.isnative or not raw.flags.aligned:
                raw = raw.astype(element.raw)
            made = self._arrays[element.name] = decode(raw.view(element.raw), element)
        return made

    def view(self, element: Element, offset: Any, size: Any, stride: Any) -> np.ndarray[Any, Any]:
        """The strided view PyTorch describes in elements; ValueError if it leaves the storage."""
        count = checked_count(size)
        if not isinstance(stride, tuple | list) or len(stride) != len(size):
            raise ValueError("a tensor whose strides do not match its shape")
        if any(type(n) is not int or n < 0 for n in (offset, *stride)):
            raise ValueError("a tensor with an offset or stride that is no natural number")
        dtype = array_dtype(element)
        if count == 0:
            return np.empty(tuple(size), dtype)
        last = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True))
        values = self.array(element)
        if last >= values.size:
            raise ValueError(
                f"a tensor of shape {tuple(size)} that needs {last + 1} elements of a storage "
                f"that has {values.size}"
            )
        # A dimension of size 1 is never stepped along: its stride in the file may be anything.
        steps = [s * dtype.itemsize if n > 1 else 0 for n, s in zip(size, stride, strict=True)]
        if values.flags.c_contiguous and _is_dense(size, stride):
            return values[offset : offset + count].reshape(tuple(size))
        return np.lib.stride_tricks.as_strided(values[offset:], tuple(size), steps)


def _is_dense(size: Sequence[int], stride: Sequence[int]) -> bool:
    expected = 1
    for n, s in zip(reversed(size), reversed(stride), strict=True):
        if n != 1 and s != expected:
            return False
        expected *= n
    return True


def make_vocabulary(makers: Makers) -> dict[str, Any]:
    """The list, for a framework whose values `makers` makes."""
    words: dict[str, Any] = {
        "collections OrderedDict": Word("OrderedDict", _ordered_dict),
        "collections Counter": Word("Counter", _counter),
        "collections defaultdict": Word("defaultdict", _default_dict),
        "builtins set": Word("set", lambda args: set(_plain_items(args))),
        "builtins frozenset": Word("frozenset", lambda args: frozenset(_plain_items(args))),
        "builtins list": Word("list", lambda args: list(_items(args))),
        "builtins dict": Word("dict", lambda args: dict(_pairs(args))),
        "builtins tuple": Word("tuple", lambda args: tuple(_items(args))),
        "builtins complex": Word("complex", _complex),
        "builtins bytearray": Word("bytearray", lambda args: bytearray(_bytes(args))),
        "builtins bytes": Word("bytes", lambda args: bytes(_bytes(args))),
        "builtins int": Word("int", None),
        "builtins float": Word("float", None),
        "_codecs encode": Word("bytes", _encoded),
        "numpy dtype": Word("numpy.dtype", _numpy_dtype),
        "numpy ndarray": Word("numpy.ndarray", None),
    }
    for core in ("numpy.core", "numpy._core"):
        words[f"{core}.multiarray _reconstruct"] = Word("numpy array", _numpy_array)
        words[f"{core}.multiarray scalar"] = Word("numpy scalar", _numpy_scalar)
        words[f"{core}.numeric _frombuffer"] = Word("numpy array", _numpy_from_buffer)
    words.update(_torch_words(makers))
    return words


# Plain containers


def _items(args: tuple[Any, ...]) -> Sequence[Any]:
    if len(args) > 1 or (args and type(args[0]) not in (list, tuple)):
        raise ValueError("a container made of something that is no list")
    return args[0] if args else ()


def _check_plain(keys: Any) -> None:
    """Only plain values may be hashed here (see PickleMachine.check_key)."""
    if any(type(key) not in (str, int, float, bool, bytes, type(None), complex) for key in keys):
        raise ValueError("a key or set element that is no plain value")


def _plain_items(args: tuple[Any, ...]) -> Sequence[Any]:
    items = _items(args)
    _check_plain(items)
    return items


def _pairs(args: tuple[Any, ...]) -> Sequence[Any]:
    if len(args) == 1 and type(args[0]) is dict:
        return list(args[0].items())
    pairs = _items(args)
    if any(type(pair) not in (list, tuple) or len(pair) != 2 for pair in pairs):
        raise ValueError("a dictionary made of something that is no list of pairs")
    _check_plain(key for key, _ in pairs)
    return pairs


def _ordered_dict(args: tuple[Any, ...]) -> OrderedDict[Any, Any]:
    return OrderedDict(_pairs(args))


def _counter(args: tuple[Any, ...]) -> Counter[Any]:
    return Counter(dict(_pairs(args)))


_FACTORIES: dict[str, Callable[[], Any]] = {
    "list": list, "dict": dict, "set": set, "int": int, "float": float,
}  # fmt: skip


def _default_dict(args: tuple[Any, ...]) -> defaultdict[Any, Any]:
    if not args or (len(args) == 1 and args[0] is None):
        return defaultdict()
    if len(args) != 1 or not isinstance(args[0], Word) or args[0].name not in _FACTORIES:
        raise ValueError("a defaultdict whose default is no list, dict, set, int or float")
    return defaultdict(_FACTORIES[args[0].name])


def _complex(args: tuple[Any, ...]) -> complex:
    if len(args) != 2 or any(type(part) not in (int, float) for part in args):
        raise ValueError("a complex number not made of two numbers")
    return complex(float(args[0]), float(args[1]))


def _encoded(args: tuple[Any, ...]) -> bytes:
    """Protocol 2 has no bytes: they are written as text, to be encoded when read."""
    text = len(args) == 2 and all(isinstance(arg, str) for arg in args)
    if not text or args[1] not in ("latin1", "latin-1"):
        raise ValueError("bytes written as something else than latin1 text")
    return codecs.encode(args[0], "latin-1")


def _bytes(args: tuple[Any, ...]) -> bytes | bytearray:
    if not args:
        return b""
    if len(args) == 1 and isinstance(args[0], bytes | bytearray):
        return args[0]
    return _encoded(args)


# NumPy


def _numpy_dtype(args: tuple[Any, ...]) -> np.dtype[Any]:
    code: Any = args[0] if args else None
    simple = isinstance(code, str) and len(code) <= 12 and code[:1] in tuple("biufcSU")
    flags = [int(flag) for flag in args[1:] if isinstance(flag, int)]
    if not simple or not code[1:].isdigit() or flags != [0, 1]:
        raise ValueError(f"the NumPy dtype {str(code)[:40]!r}")
    try:
        return np.dtype(code, False, True)  # a copy of its own: its byte order is set afterwards
    except TypeError:
        raise ValueError(f"the NumPy dtype {code!r}") from None


def _is_word(value: Any, name: str) -> bool:
    return isinstance(value, Word) and value.name == name


def _numpy_array(args: tuple[Any, ...]) -> np.ndarray[Any, Any]:
    if len(args) != 3 or not _is_word(args[0], "numpy.ndarray"):
        raise ValueError("an array of an unknown class")
    return np.empty(0, np.uint8)  # filled by the BUILD instruction that follows


def _numpy_scalar(args: tuple[Any, ...]) -> Any:
    if len(args) != 2:
        raise ValueError("unexpected arguments")
    dtype, data = args
    check_array((), dtype, data)
    return np.frombuffer(data, dtype, 1)[0] if dtype.itemsize else dtype.type()


def _numpy_from_buffer(args: tuple[Any, ...]) -> np.ndarray[Any, Any]:
    if len(args) != 4 or not isinstance(args[3], str) or args[3] not in ("C", "F"):
        raise ValueError("unexpected arguments")
    data, dtype, shape, order = args
    check_array(shape, dtype, data)
    return np.frombuffer(bytearray(data), dtype).reshape(shape, order=order)


# PyTorch


def _torch_words(makers: Makers) -> dict[str, Any]:
    rebuild = _Rebuild(makers)
    words: dict[str, Any] = {
        "torch._utils _rebuild_tensor": Word("a tensor", rebuild.tensor),
        "torch._utils _rebuild_tensor_v2": Word("a tensor", rebuild.tensor),
        "torch._utils _rebuild_tensor_v3": Word("a tensor", rebuild.tensor_v3),
        "torch._utils _rebuild_parameter": Word("a parameter", rebuild.parameter),
        "torch._utils _rebuild_parameter_with_state": Word("a parameter", rebuild.parameter),
        "torch._tensor _rebuild_from_type_v2": Word("a tensor", rebuild.from_type),
        "torch Tensor": Word("torch.Tensor", None),
        "torch.nn.parameter Parameter": Word("torch.nn.Parameter", None),
        "torch Size": Word("torch.Size", lambda args: makers.size(_size(args))),
        "torch device": Word("torch.device", lambda args: makers.device(*_device(args))),
        "torch.storage UntypedStorage": StorageType("UntypedStorage", None),
        "torch UntypedStorage": StorageType("UntypedStorage", None),
    }
    for storage, element in STORAGES.items():
        for module in ("torch", "torch.cuda"):
            words[f"{module} {storage}"] = StorageType(storage, ELEMENTS[element])
    for name in ELEMENTS:
        narrow = name.startswith("float8")  # no dtype of ours: known, but no value by itself
        words[f"torch {name}"] = Word(name) if narrow else makers.dtype(name)
    return words


def _size(args: tuple[Any, ...]) -> tuple[int, ...]:
    sizes = tuple(_items(args))
    if len(sizes) > 64 or any(type(size) is not int or size < 0 for size in sizes):
        raise ValueError("a size that is no tuple of natural numbers")
    return sizes


def _device(args: tuple[Any, ...]) -> tuple[Any, ...]:
    good = 1 <= len(args) <= 2 and isinstance(args[0], str) and args[0][:20].isidentifier()
    if not good or (len(args) == 2 and type(args[1]) is not int):
        raise ValueError("a device that is no name and number")
    return args


class _Rebuild:
    """The functions PyTorch's pickles call for tensors and parameters."""

    def __init__(self, makers: Makers) -> None:
        self.makers = makers

    def tensor(self, args: tuple[Any, ...]) -> Any:
        """(storage, offset, size, stride) and perhaps (requires_grad, hooks, metadata)."""
        if not 4 <= len(args) <= 7:
            raise ValueError(f"{len(args)} arguments")
        storage = args[0]
        if not isinstance(storage, Storage) or storage.element is None:
            raise ValueError("a tensor without a typed storage")
        return self._make(storage, storage.element, args[1:4], args[4:])

    def tensor_v3(self, args: tuple[Any, ...]) -> Any:
        """The same with an untyped storage and a dtype: types that have no storage class."""
        if not 7 <= len(args) <= 8 or not isinstance(args[0], Storage):
            raise ValueError("unexpected arguments")
        element = self._element(args[6])
        return self._make(args[0], element, args[1:4], (*args[4:6], *args[7:]))

    def _element(self, dtype: Any) -> Element:
        for name, element in ELEMENTS.items():
            if not name.startswith("float8") and dtype is self.makers.dtype(name):
                return element
        if isinstance(dtype, Word) and dtype.name in ELEMENTS:
            return ELEMENTS[dtype.name]
        raise ValueError("a dtype that is not known")

    def _make(
        self, storage: Storage, element: Element, place: tuple[Any, ...], rest: tuple[Any, ...]
    ) -> Any:
        array = storage.view(element, *place)
        requires_grad = rest[0] if rest else False
        if type(requires_grad) is not bool or (requires_grad and array.dtype.kind in "biu"):
            raise ValueError("requires_grad on a tensor that cannot have a gradient")
        metadata = rest[2] if len(rest) > 2 else None
        if metadata is not None:
            known = type(metadata) is dict and set(metadata) <= {"conj", "neg"}
            if not known or any(type(flag) is not bool for flag in metadata.values()):
                raise ValueError("a tensor with unknown metadata")
            array = np.conj(array) if metadata.get("conj") else array
            array = np.negative(array) if metadata.get("neg") else array
        return self.makers.tensor(array, requires_grad)

    def parameter(self, args: tuple[Any, ...]) -> Any:
        """(tensor, requires_grad, hooks) and perhaps a dictionary of attributes."""
        if not 2 <= len(args) <= 4 or type(args[1]) is not bool:
            raise ValueError("unexpected arguments")
        if len(args) == 4:
            _warn_of_attributes(args[3])
        return self.makers.parameter(args[0], args[1])

    def from_type(self, args: tuple[Any, ...]) -> Any:
        """(function, class, arguments, attributes): a tensor somebody put attributes on."""
        if len(args) != 4 or not isinstance(args[0], Word) or args[0].call is None:
            raise ValueError("unexpected arguments")
        if args[0].name not in ("a tensor", "a parameter") or type(args[2]) is not tuple:
            raise ValueError("unexpected arguments")
        if args[0].call == self.from_type:
            raise ValueError("a tensor rebuilt by itself")
        if not any(_is_word(args[1], name) for name in ("torch.Tensor", "torch.nn.Parameter")):
            raise ValueError("a tensor of an unknown class")
        _warn_of_attributes(args[3])
        return args[0].call(args[2])


def _warn_of_attributes(state: Any) -> None:
    if isinstance(state, dict) and not state:
        return
    names = ", ".join(map(str, state)) if isinstance(state, dict) else type(state).__name__
    warnings.warn(
        f"a tensor in the file carries Python attributes ({names[:200]}); they were not loaded",
        stacklevel=2,
    )
