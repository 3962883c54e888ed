"""`tn.save` and `tn.load`: weights in PyTorch's, safetensors' and NumPy's formats.

Saving chooses the format by the file's suffix, loading by its content. A file appears whole or not
at all, carries checksums, and loading one never runs code that it contains, unless that is asked
for.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

from autotn.core.device import check_device, device
from autotn.weights import tensors
from autotn.weights.archive import Archive
from autotn.weights.atomic import atomic_write
from autotn.weights.matching import compare as compare, rename as rename
from autotn.weights.pickle_machine import RefusedGlobal
from autotn.weights.source import Source
from autotn.weights.trusted import read_trusted

#: What files may name beside the things weights are made of.
_safe: list[Any] = []

File = str | os.PathLike[str] | BinaryIO


def save(
    obj: Any,
    f: File,
    pickle_module: Any = None,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
    *,
    metadata: Mapping[str, str] | None = None,
) -> None:
    """Write `obj` to the file `f`; a file that was there is replaced only when all is written.

    ``.safetensors`` and ``.npz`` hold a dictionary of named tensors. Any other suffix (``.pt``,
    ``.pth``, ``.bin``) means PyTorch's zip format, for whatever pickle can hold;
    ``torch.load(weights_only=True)`` reads it when it consists of tensors and plain containers.

    Parameters
    ----------
    metadata : mapping of str to str
        Notes for the header of a ``.safetensors`` file.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tn.save({"weight": tn.ones(2)}, f"{folder}/model.pt")
    ...     tn.load(f"{folder}/model.pt")
    {'weight': tensor([1., 1.])}
    """
    if not isinstance(pickle_protocol, int) or not 2 <= pickle_protocol <= 5:
        raise ValueError(f"save: pickle_protocol must be from 2 to 5, got {pickle_protocol!r}")
    to_file = hasattr(f, "write")
    suffix = "" if to_file else Path(_path("save", f)).suffix.lower()
    if metadata is not None and suffix != ".safetensors":
        raise ValueError("save: metadata belongs into a .safetensors file")
    if to_file:
        tensors.write_pytorch(cast(BinaryIO, f), obj, pickle_protocol)
        return
    with atomic_write(_path("save", f)) as file:
        if suffix == ".safetensors":
            tensors.write_safetensors(file.name, obj, metadata)
        elif suffix == ".npz":
            tensors.write_npz(file, obj)
        else:
            tensors.write_pytorch(file, obj, pickle_protocol)


def load(
    f: File,
    map_location: Any = None,
    pickle_module: Any = None,
    *,
    weights_only: bool = True,
    mmap: bool | None = None,
    **pickle_load_args: Any,
) -> Any:
    """Read what `save`, ``torch.save``, safetensors or `numpy.savez` wrote; it comes to the CPU.

    Nothing the file contains is run: tensors, parameters, plain containers, numbers and strings are
    read, anything else is refused by name with a `FileFormatError`, as is a damaged file.

    Parameters
    ----------
    weights_only : bool
        False reads whole objects too (a model, say), by running what the file names. Only for files
        whose origin you trust.
    mmap : bool
        Map the values instead of reading them: a large file opens at once, its pages come when they
        are used. Checksums are not compared then.

    >>> import io
    >>> file = io.BytesIO(); tn.save([tn.arange(3), "note"], file); _ = file.seek(0)
    >>> tn.load(file)
    [tensor([0, 1, 2]), 'note']
    """
    _check_map_location(map_location)
    if hasattr(f, "read"):
        name = str(getattr(f, "name", "") or "the file object")
        return _load(Source(cast(BinaryIO, f), name), weights_only, bool(mmap))
    path = _path("load", f)
    with open(path, "rb") as file:
        return _load(Source(file, path), weights_only, bool(mmap))


def _load(source: Source, weights_only: bool, mapped: bool) -> Any:
    try:
        return tensors.read_any(source, mapped)
    except RefusedGlobal:
        if weights_only and not _safe:
            raise
    if source.read(0, 2, "the start of the file") != b"PK":
        raise source.bad("whole objects in PyTorch's format of before 2020 are not read")
    if weights_only:
        return read_trusted(source, Archive(source), tensors.MAKERS, mapped, tuple(_safe))
    warnings.warn(
        f"{source.name}: weights_only=False runs code named in the file; "
        "do this only with files you trust",
        stacklevel=3,
    )
    return read_trusted(source, Archive(source), tensors.MAKERS, mapped)


def add_safe_globals(safe_globals: Iterable[Any]) -> None:
    """Let `load` make these classes, and call these functions, when a file names them.

    A class is made by its own code, so list only what you trust with any arguments.
    """
    for one in safe_globals:
        if not hasattr(one, "__qualname__"):
            raise TypeError(f"add_safe_globals: expected classes and functions, got {one!r}")
        if not any(one is known for known in _safe):
            _safe.append(one)


def get_safe_globals() -> list[Any]:
    """What `add_safe_globals` was given."""
    return list(_safe)


def clear_safe_globals() -> None:
    """Forget what `add_safe_globals` was given."""
    _safe.clear()


class safe_globals:
    """A context in which `load` makes these classes, and calls these functions.

    >>> import io
    >>> file = io.BytesIO(); tn.save(nn.Linear(1, 1), file); _ = file.seek(0)
    >>> with tn.serialization.safe_globals([nn.Linear]):
    ...     tn.load(file)
    Linear(in_features=1, out_features=1, bias=True)
    """

    def __init__(self, safe_globals: Iterable[Any]) -> None:
        self.listed = list(safe_globals)

    def __enter__(self) -> None:
        self._before = get_safe_globals()
        add_safe_globals(self.listed)

    def __exit__(self, *exception: Any) -> None:
        _safe[:] = self._before


def _path(name: str, f: Any) -> str:
    if not isinstance(f, str | os.PathLike):
        raise TypeError(f"{name}: f must be a path or a file object, got {type(f).__name__}")
    return os.fspath(f)


def _check_map_location(where: Any) -> None:
    """Everything comes to the CPU: a function or dictionary of places has nothing to decide."""
    if isinstance(where, str | device):
        check_device(where)
    elif isinstance(where, Mapping):
        for target in where.values():
            check_device(target)
    elif where is not None and not callable(where):
        raise TypeError(f"load: map_location of type {type(where).__name__}")
