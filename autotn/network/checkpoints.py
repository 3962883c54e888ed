"""Named checkpoints of a network, several of them in one file."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autotn.core.modes import no_grad
from autotn.core.tensor import wrap
from autotn.errors import FileFormatError, ShapeError
from autotn.network.structure import weights_by_key
from autotn.weights.atomic import atomic_write
from autotn.weights.safetensors_files import CHECKSUM, SafetensorsFile, write_safetensors
from autotn.weights.source import Source

if TYPE_CHECKING:
    from autotn.network.system import System

#: Suffixes of the original package's format.
HDF5 = (".h5", ".hdf5", ".hdf")
#: Under which word of a file's metadata the networks are described.
PARTS = "autotn.parts"
DEFAULT = "default"

Arrays = dict[str, np.ndarray[Any, Any]]


def _path(who: str, fname: Any) -> Path:
    if not isinstance(fname, str | os.PathLike):
        raise TypeError(f"{who}: fname must be a path, got {type(fname).__name__}")
    return Path(fname)


def _name(who: str, checkpoint: Any) -> str:
    if checkpoint is None:
        return DEFAULT
    if not isinstance(checkpoint, str) or not checkpoint:
        raise TypeError(f"{who}: checkpoint must be a name, got {checkpoint!r}")
    return checkpoint


def save(system: System, fname: Any, checkpoint: str | None) -> None:
    """Write one checkpoint; the others of the file stay."""
    path, name = _path("save_weights", fname), _name("save_weights", checkpoint)
    if path.suffix.lower() in HDF5:
        _save_hdf5(system, path, name)
        return
    arrays, notes = _read(path) if path.exists() else ({}, {})
    arrays = {key: a for key, a in arrays.items() if key.rpartition("/")[0] != name}
    arrays |= {f"{name}/{key}": value._data for key, value in system.state_dict().items()}
    described = json.loads(notes.get(PARTS, "{}"))
    described[name] = [str(part) for part in system.parts]
    notes[PARTS] = json.dumps(described)
    with atomic_write(path) as file:
        write_safetensors(file.name, arrays, notes)


def load(system: System, fname: Any, checkpoint: str | None) -> None:
    """Read one checkpoint into the network."""
    path, name = _path("load_weights", fname), _name("load_weights", checkpoint)
    if path.suffix.lower() in HDF5:
        _load_hdf5(system, path, name)
        return
    arrays, notes = _read(path)
    names = {key.rpartition("/")[0] for key in arrays}
    if name not in names:
        raise _missing(path, name, names)
    state = {k[len(name) + 1 :]: wrap(a) for k, a in arrays.items() if k.rpartition("/")[0] == name}
    try:
        system.load_state_dict(state)
    except RuntimeError as error:
        saved = json.loads(notes.get(PARTS, "{}")).get(name)
        error.add_note(f"The checkpoint {name!r} of {path} was saved from {saved}")
        raise


def _missing(path: Path, name: str, names: Any) -> KeyError:
    there = ", ".join(map(repr, sorted(names))) or "none"
    return KeyError(f"load_weights: {path} has no checkpoint {name!r}; there is {there}")


def _read(path: Path) -> tuple[Arrays, dict[str, str]]:
    """All arrays of a file, and its metadata."""
    with open(path, "rb") as opened:
        file = SafetensorsFile(Source(opened, str(path)))
        file.verify()
        arrays = dict(file)
    return arrays, {key: note for key, note in file.metadata.items() if key != CHECKSUM}


# -- the original package's format: a group per checkpoint, in it "{index}_{name}", "neuron0_w" ----


def _hdf5() -> Any:
    try:
        import h5py  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        raise ImportError(
            "reading and writing .h5 files needs the package h5py: pip install h5py"
        ) from None
    return h5py


def _places(system: System) -> Iterator[tuple[int, Any]]:
    """The parts with weights, and their numbers; shared weights appear once."""
    seen = set()
    for k, part in enumerate(system.parts):
        if weights_by_key(part.module) and id(part.module) not in seen:
            seen.add(id(part.module))
            yield k, part


def _save_hdf5(system: System, path: Path, name: str) -> None:
    h5py = _hdf5()
    with atomic_write(path) as file, h5py.File(file.name, "w") as new:
        if path.exists():
            with h5py.File(path, "r") as old:
                for other in old:
                    if other != name:
                        old.copy(other, new)
        group = new.create_group(name)
        for k, part in _places(system):
            part.save_weights(group.create_group(f"{k}_{part.name}"))


def _load_hdf5(system: System, path: Path, name: str) -> None:
    h5py = _hdf5()
    if not path.exists():
        raise FileNotFoundError(f"load_weights: there is no file {path}")
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise FileFormatError(f"load_weights: {path} is no HDF5 file: {error}") from None
    with file:
        if name not in file:
            raise _missing(path, name, file)
        saved = _groups(file[name])
    own = [(f"{k}_{part.name}", weights_by_key(part.module)) for k, part in _places(system)]
    pairs = _match(path, own, saved)
    with no_grad():
        for parameter, values in pairs:
            parameter.copy_(wrap(values))


def _groups(checkpoint: Any) -> list[tuple[str, Arrays]]:
    """The weights of a checkpoint in the order of their parts.

    The original package wrote shared weights once per use, and empty arrays for parts without.
    """
    groups: list[tuple[str, Arrays]] = []

    def number(name: str) -> int:
        digits = name.partition("_")[0]
        return int(digits) if digits.isdigit() else -1

    for name in sorted(checkpoint, key=number):
        arrays = {key: np.asarray(checkpoint[name][key]) for key in checkpoint[name]}
        arrays = {key: a for key, a in arrays.items() if a.size}
        kind = name.partition("_")[2]
        known = (a for n, a in groups if n.partition("_")[2] == kind)
        shared = kind.startswith("Clone(") and any(_equal(arrays, a) for a in known)
        if arrays and not shared:
            groups.append((name, arrays))
    return groups


def _equal(one: Arrays, other: Arrays) -> bool:
    return one.keys() == other.keys() and all(np.array_equal(one[k], other[k]) for k in one)


def _match(path: Path, own: Any, saved: list[tuple[str, Arrays]]) -> list[tuple[Any, Any]]:
    """Each parameter with its values: by names, or one after the other where the parts differ.

    A part here may be several in a file of the original package, where recurrence was spelled out.
    """
    if [keys.keys() for _, keys in own] == [arrays.keys() for _, arrays in saved]:
        pairs = [
            (f"{group}/{key}", parameter, arrays[key])
            for (group, keys), (_, arrays) in zip(own, saved)
            for key, parameter in keys.items()
        ]
    else:
        ours = [(f"{group}/{key}", p) for group, keys in own for key, p in keys.items()]
        theirs = [arrays[key] for _, arrays in saved for key in sorted(arrays, key=_in_order)]
        if len(ours) != len(theirs):
            raise ShapeError(
                f"load_weights: {path} has {len(theirs)} arrays of weights, "
                f"this network {len(ours)}"
            )
        pairs = [(name, p, values) for (name, p), values in zip(ours, theirs)]
    for name, parameter, values in pairs:
        if parameter.shape != values.shape:
            raise ShapeError(
                f"load_weights: {name} has shape {values.shape} in {path}, "
                f"expected {tuple(parameter.shape)}"
            )
    return [(parameter, values) for _, parameter, values in pairs]


def _in_order(key: str) -> tuple[int, bool]:
    """Sort ``neuron0_w`` before ``neuron0_b``, and both before ``neuron1_w``."""
    digits = "".join(filter(str.isdigit, key))
    return (int(digits) if digits else 0, key.endswith("_b"))
