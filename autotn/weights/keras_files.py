"""Keras' weights in HDF5 (``.weights.h5``, and ``.h5`` before Keras 3), through h5py; read only.

Keras stores a layer's variables by number, matrices as (inputs, outputs), and kernels of convolutions
with the channels last: `numpy.transpose` brings them into PyTorch's order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from autotn.weights.elements import Array
from autotn.weights.source import Source

#: A dataset may not hold this many times more bytes than the whole file.
_MOST_UNPACKED = 100


def read_keras(source: Source) -> dict[str, Array]:
    """The variables by the path of their group: ``layers.dense.0``, ``layers.dense.1``."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError(
            "reading HDF5 files needs the package h5py: pip install 'autotn[h5]'"
        ) from error
    source.file.seek(source.start)
    try:
        with h5py.File(source.file, "r") as file:
            return {name: _array(source, data) for name, data in _datasets(h5py, source, file, ())}
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise source.bad(f"the HDF5 file cannot be read: {error}") from error


def _datasets(
    h5py: Any, source: Source, group: Any, path: tuple[str, ...]
) -> Iterator[tuple[str, Any]]:
    """Every dataset below a group; links that lead elsewhere are not followed."""
    if len(path) > 64:
        raise ValueError("groups are nested more than 64 deep")
    for name in group:
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise ValueError(f"{'/'.join((*path, name))} is a link to somewhere else")
        member = group[name]
        here = path if name == "vars" else (*path, name.partition(":")[0])
        if isinstance(member, h5py.Group):
            yield from _datasets(h5py, source, member, here)
        else:
            yield ".".join(here), member


def _array(source: Source, data: Any) -> Array:
    if data.external or data.is_virtual:
        raise ValueError(f"{data.name} lies in another file")
    if data.dtype.kind not in "biuf":
        raise ValueError(f"{data.name} holds {data.dtype}, no numbers")
    if data.nbytes > _MOST_UNPACKED * source.size:
        raise ValueError(f"{data.name} unpacks to {data.nbytes} bytes, far more than the file has")
    return np.asarray(data[()])
