"""Writing PyTorch's zip format: what ``torch.load(weights_only=True)`` accepts.

The pickle refers to tensors as PyTorch does ("rebuild this view of storage 3"). Tensors whose
memory overlaps share one storage in the file, so views and tied weights stay tied. Only the part of
memory that the saved tensors look at is written: a slice of a large array does not drag the
whole array into the file.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from autotn.weights.archive import ArchiveWriter
from autotn.weights.elements import ELEMENTS, STORAGE_OF, Array, Element, element_of, raw_bytes

_FOLDER = "archive"


class Global:
    """A name to be written into the pickle as it stands; it need not exist here."""

    __slots__ = ("module", "name")

    def __init__(self, module: str, name: str) -> None:
        self.module = module
        self.name = name

    def __call__(self) -> None:
        """Nothing: pickle wants what it writes as a function to be callable."""


class TensorValue(NamedTuple):
    """A tensor, as it is to be written."""

    array: Array
    requires_grad: bool


class Call(NamedTuple):
    """An object that is written as the call of a function PyTorch knows."""

    function: Global
    arguments: tuple[Any, ...]


#: Says how an object of the caller's framework is written; None leaves it to pickle.
Describe = Callable[[Any], "TensorValue | Call | Global | None"]

_REBUILD = Global("torch._utils", "_rebuild_tensor_v2")
_REBUILD_UNTYPED = Global("torch._utils", "_rebuild_tensor_v3")
REBUILD_PARAMETER = Global("torch._utils", "_rebuild_parameter")
SIZE = Global("torch", "Size")
DEVICE = Global("torch", "device")
_UNTYPED = Global("torch.storage", "UntypedStorage")
_STORAGE_CLASSES = {name: Global("torch", storage) for name, storage in STORAGE_OF.items()}
_DTYPES: dict[str, Global] = {}


def torch_dtype(name: str) -> Global:
    """The dtype of this name, as PyTorch's pickles refer to it."""
    return _DTYPES.setdefault(name, Global("torch", name))


class Stored:
    """One storage of the file: a stretch of memory seen as one element type."""

    __slots__ = ("count", "element", "key", "memory", "start")

    def __init__(self, key: str, element: Element, start: int, memory: Array) -> None:
        self.key = key
        self.element = element
        self.start = start  # its address
        self.memory = memory  # flat; the array it is a part of is kept alive by its base
        self.count = memory.size

    def reference(self) -> tuple[Any, ...]:
        """The persistent id that stands for it in the pickle."""
        kind = _STORAGE_CLASSES.get(self.element.name)
        if kind is None:
            return ("storage", _UNTYPED, self.key, "cpu", self.count * self.element.itemsize)
        return ("storage", kind, self.key, "cpu", self.count)


class _Reference:
    """Stands in the object graph where pickle must write a persistent id."""

    __slots__ = ("stored",)

    def __init__(self, stored: Stored) -> None:
        self.stored = stored


def _span(array: Array) -> tuple[int, int]:
    return np.lib.array_utils.byte_bounds(array)


def _is_plain_view(array: Array) -> bool:
    """True when PyTorch can describe the array as a view: native, aligned, no negative steps."""
    steps = all(s >= 0 and s % array.itemsize == 0 for s in array.strides)
    return steps and array.dtype.isnative and array.size > 0


class Memory:
    """Assigns storages to arrays: those that overlap and have one dtype get the same."""

    def __init__(self, arrays: list[Array]) -> None:
        self.storages: list[Stored] = []
        self._by_array: dict[int, Stored] = {}
        self._kept: list[Array] = []  # an id means something only while its object lives
        spans = sorted(
            ((*_span(array), i) for i, array in enumerate(arrays) if _is_plain_view(array)),
        )
        group: list[Array] = []
        end = 0
        for low, high, i in spans:
            if group and low >= end:
                self._place(group)
                group = []
            group.append(arrays[i])
            end = max(end, high)
        if group:
            self._place(group)

    def _place(self, group: list[Array]) -> None:
        """Give the arrays of one stretch of memory a storage for each dtype and alignment."""
        kinds: dict[Any, list[Array]] = {}
        for array in group:
            address = array.__array_interface__["data"][0]
            kinds.setdefault((array.dtype, address % array.itemsize), []).append(array)
        for (dtype, _), members in kinds.items():
            spans = [_span(array) for array in members]
            low, high = min(s[0] for s in spans), max(s[1] for s in spans)
            stored = self._new(_stretch(low, high, dtype, members), low)
            for array in members:
                self._by_array[id(array)] = stored
                self._kept.append(array)

    def _new(self, memory: Array, start: int) -> Stored:
        element = element_of(memory.dtype)
        if element is None:
            raise TypeError(f"tn.save: PyTorch's format has no element type for {memory.dtype}")
        stored = Stored(str(len(self.storages)), element, start, memory)
        self.storages.append(stored)
        return stored

    def view(self, array: Array) -> tuple[Stored, int, tuple[int, ...], tuple[int, ...]]:
        """Storage, offset, shape and strides, in elements, that describe `array`."""
        stored = self._by_array.get(id(array))
        if stored is None:
            dense = np.ascontiguousarray(array).astype(array.dtype.newbyteorder("="), copy=False)
            dense = dense.reshape(array.shape)
            stored = self._new(dense.reshape(-1), _span(dense)[0])
            self._by_array[id(array)] = stored
            self._kept.append(array)
            steps = dense.strides if dense.size else _dense_strides(dense.shape, dense.itemsize)
            return stored, 0, dense.shape, tuple(s // dense.itemsize for s in steps)
        if not _is_plain_view(array):  # seen before, and copied then
            steps = _dense_strides(array.shape, array.itemsize)
            return stored, 0, array.shape, tuple(s // array.itemsize for s in steps)
        offset = (array.__array_interface__["data"][0] - stored.start) // array.itemsize
        return stored, offset, array.shape, tuple(s // array.itemsize for s in array.strides)


def _dense_strides(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    steps, step = [], itemsize
    for size in reversed(shape):
        steps.append(step)
        step *= max(size, 1)
    return tuple(reversed(steps))


class _Raw:
    """Memory between two addresses, for NumPy to look at; `keep` holds it."""

    def __init__(self, low: int, size: int, keep: Any) -> None:
        self.keep = keep
        self.__array_interface__ = {
            "version": 3, "shape": (size,), "typestr": "|u1", "data": (low, True),
        }  # fmt: skip


def _stretch(low: int, high: int, dtype: np.dtype[Any], members: list[Array]) -> Array:
    """The memory from `low` to `high` as a flat array; every byte belongs to a member's base."""
    raw: Array = np.asarray(_Raw(low, high - low, members))
    return raw.view(dtype)


class _Pickler(pickle._Pickler):
    """Python's pickler, which asks `describe` how tensors, dtypes and the like are written.

    It is the pure Python one because it must write names (``torch._utils …``) that do not
    exist here, and the C one insists on importing them.
    """

    def __init__(
        self, file: Any, describe: Describe, view: Callable[[Array], tuple[Any, ...]], protocol: int
    ) -> None:
        super().__init__(file, protocol=protocol)
        self._describe = describe
        self._view = view

    def persistent_id(self, obj: Any) -> Any:
        return obj.stored.reference() if type(obj) is _Reference else None

    def save_global(self, obj: Any, name: str | None = None) -> None:
        if type(obj) is Global:
            self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())  # type: ignore[attr-defined]
            self.memoize(obj)  # type: ignore[attr-defined]
        else:
            super().save_global(obj, name)  # type: ignore[misc]

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        described = self._describe(obj)
        known = described if type(described) is Global else obj
        super().save(known, save_persistent_id)  # type: ignore[misc]

    def reducer_override(self, obj: Any) -> Any:
        if type(obj) is Global:
            return "a name"  # a string tells pickle to call save_global
        described = self._describe(obj)
        if isinstance(described, TensorValue):
            return self._tensor(described.array, described.requires_grad)
        if isinstance(described, Call):
            return described.function, described.arguments
        return NotImplemented

    def _tensor(self, array: Array, requires_grad: bool) -> Any:
        stored, offset, size, stride = self._view(array)
        hooks: OrderedDict[Any, Any] = OrderedDict()
        place = (_Reference(stored), offset, size, stride, requires_grad, hooks)
        if stored.element.name in _STORAGE_CLASSES:
            return _REBUILD, place
        return _REBUILD_UNTYPED, (*place, torch_dtype(stored.element.name))


class _Nowhere:
    """A file that forgets what is written."""

    def write(self, data: Any) -> None:
        """Forget it."""


def _pickle(obj: Any, describe: Describe, protocol: int) -> tuple[bytes, list[Stored]]:
    """The pickle of `obj` and the storages it refers to.

    Pickling twice is the price of sharing: which tensors overlap is known only after all of them
    have been seen.
    """
    arrays: dict[int, Array] = {}
    nothing = Stored("", ELEMENTS["float32"], 0, np.empty(0, np.float32))

    def collect(array: Array) -> tuple[Any, ...]:
        arrays[id(array)] = array
        return nothing, 0, (), ()

    _Pickler(_Nowhere(), describe, collect, protocol).dump(obj)
    memory = Memory(list(arrays.values()))
    file = io.BytesIO()
    _Pickler(file, describe, memory.view, protocol).dump(obj)
    return file.getvalue(), memory.storages


def write_zip(file: BinaryIO, obj: Any, describe: Describe, protocol: int = 2) -> None:
    """Write `obj` as PyTorch's zip file.

    Parameters
    ----------
    describe : callable
        Says how tensors, parameters, dtypes … are written; None for what pickle knows by itself.
    """
    try:
        data, storages = _pickle(obj, describe, protocol)
    except RecursionError:
        raise ValueError("tn.save: the object is nested too deeply to be pickled") from None
    archive = ArchiveWriter(file)
    archive.add(f"{_FOLDER}/data.pkl", data)
    archive.add(f"{_FOLDER}/.format_version", b"1")
    archive.add(f"{_FOLDER}/.storage_alignment", b"64")
    archive.add(f"{_FOLDER}/byteorder", b"little")
    for stored in storages:
        archive.add(f"{_FOLDER}/data/{stored.key}", raw_bytes(stored.memory))
    archive.add(f"{_FOLDER}/version", b"3\n")
    archive.close()
