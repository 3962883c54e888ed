"""Tensors in files: how each format's content becomes Tensors, and Tensors its content."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np

from autotn.core import dtypes
from autotn.core.device import device
from autotn.core.tensor import Size, Tensor, canonical, wrap
from autotn.layers.parameter import Parameter, is_lazy
from autotn.weights import npz, pytorch_read, pytorch_write, safetensors_files
from autotn.weights.archive import Archive
from autotn.weights.elements import Array
from autotn.weights.keras_files import read_keras
from autotn.weights.pytorch_write import Call, Global, TensorValue
from autotn.weights.source import Source
from autotn.weights.vocabulary import Makers

HDF5 = b"\x89HDF\r\n\x1a\n"


def _make_tensor(array: Array, requires_grad: bool) -> Tensor:
    made = wrap(canonical(array))
    return made.requires_grad_() if requires_grad else made


def _make_parameter(data: Any, requires_grad: bool) -> Parameter:
    if not isinstance(data, Tensor):
        raise ValueError("a parameter that is no tensor")
    if requires_grad and data._data.dtype.kind in "biu":
        raise ValueError("a parameter of whole numbers cannot have a gradient")
    made: Parameter = Parameter(data, requires_grad)
    return made


def _make_dtype(name: str) -> dtypes.dtype:
    if name == "bfloat16":
        try:
            return dtypes.bfloat16()
        except ImportError:  # as its tensors: float32 holds all its values
            return dtypes.float32
    return dtypes.as_dtype(name)


def _make_device(name: str, *index: int) -> device:
    try:
        return device(name, *index)
    except RuntimeError as error:
        raise ValueError(str(error)) from None


MAKERS = Makers(_make_tensor, _make_parameter, _make_dtype, _make_device, Size)


def describe(obj: Any) -> TensorValue | Call | Global | None:
    """How an object of ours is written into a PyTorch file; None leaves it to pickle."""
    if isinstance(obj, Tensor):
        if is_lazy(obj):
            return None
        if isinstance(obj, Parameter):
            hooks: OrderedDict[Any, Any] = OrderedDict()
            return Call(
                pytorch_write.REBUILD_PARAMETER, (wrap(obj._data), obj.requires_grad, hooks)
            )
        return TensorValue(obj._data, obj.requires_grad)
    if type(obj) is dtypes.dtype:
        return pytorch_write.torch_dtype(obj.name)
    if type(obj) is Size:
        return Call(pytorch_write.SIZE, (tuple(obj),))
    if type(obj) is device:
        where = (obj.type,) if obj.index is None else (obj.type, obj.index)
        return Call(pytorch_write.DEVICE, where)
    return None


def flat_arrays(obj: Any, suffix: str) -> dict[str, Array]:
    """The arrays of a dictionary from names to tensors, for formats that hold nothing else."""
    if not isinstance(obj, Mapping):
        raise TypeError(
            f"tn.save: a {suffix} file holds named tensors, such as model.state_dict(); "
            f"got {type(obj).__name__}"
        )
    arrays = {}
    for name, value in obj.items():
        if not isinstance(name, str):
            raise TypeError(f"tn.save: a {suffix} file needs names that are strings, got {name!r}")
        if isinstance(value, Tensor):
            arrays[name] = value._data
        elif isinstance(value, np.ndarray | np.generic):
            arrays[name] = np.asarray(value)
        else:
            raise TypeError(
                f"tn.save: a {suffix} file holds tensors only, but {name!r} is a "
                f"{type(value).__name__}; save to a .pt file, or leave it out"
            )
    return arrays


def write_pytorch(file: BinaryIO, obj: Any, protocol: int = 2) -> None:
    """Write a PyTorch zip file."""
    pytorch_write.write_zip(file, obj, describe, protocol)


def write_npz(file: BinaryIO, obj: Any) -> None:
    """Write named tensors as an ``.npz``."""
    arrays = flat_arrays(obj, ".npz")
    npz.write_npz(file, {name: npz.as_array(name, array) for name, array in arrays.items()})


def write_safetensors(
    path: str | os.PathLike[str], obj: Any, metadata: Mapping[str, str] | None = None
) -> None:
    """Write named tensors as safetensors."""
    arrays = flat_arrays(obj, ".safetensors")
    safetensors_files.write_safetensors(path, arrays, metadata)


def read_any(source: Source, mapped: bool = False) -> Any:
    """The content of a file in any of the formats, told apart by their first bytes."""
    start = source.read(0, min(source.size, 10), "the start of the file")
    if start.startswith(b"PK"):
        archive = Archive(source)
        if archive.records and npz.is_npz(archive):
            return _tensors(npz.read_npz(source, archive))
        return pytorch_read.read_zip(source, archive, MAKERS, mapped)
    if start.startswith(b"\x80"):
        return pytorch_read.read_legacy(source, MAKERS)
    if start.startswith(b"\x93NUMPY"):
        return _as_value(npz.read_npy(source))
    if source.size > 512 and source.read(257, 5, "the start of the file") == b"ustar":
        raise source.bad("a tar archive, as PyTorch wrote before 2017: this format is not read")
    if start.startswith(HDF5):
        return _tensors(read_keras(source))
    if len(start) > 8 and start[8:9] == b"{":
        file = safetensors_files.SafetensorsFile(source, mapped)
        if not mapped:
            file.verify()
        return _tensors(file)
    raise source.bad(
        "neither a PyTorch, a safetensors nor a NumPy file"
        + (" (it is empty)" if not source.size else f": it starts with {start!r}")
    )


def _as_value(array: Array) -> Any:
    """A tensor; text arrays, which no tensor can hold, stay NumPy's."""
    return array if array.dtype.kind in "SU" else wrap(canonical(array))


def _tensors(arrays: Mapping[str, Array]) -> dict[str, Any]:
    return {name: _as_value(array) for name, array in arrays.items()}
