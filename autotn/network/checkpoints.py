"""Named checkpoints of a network, several of them in one file."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from autotn.core.modes import no_grad
from autotn.core.tensor import wrap
from autotn.errors import FileFormatError, ShapeError
from autotn.network.structure import Instance, weights_by_key
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
    described[name] = [str(part) for part in system._wiring.parts]
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


# -- the original package's format: for every part a group "{index}_{name}" with "neuron0_w" … ----


def _hdf5() -> Any:
    try:
        import h5py  # type: ignore[import-untyped, import-not-found, unused-ignore]
    except ImportError:
        raise ImportError(
            "reading and writing .h5 files needs the package h5py: pip install h5py"
        ) from None
    return h5py


def _groups(system: System) -> list[tuple[str, Instance, dict[str, Any]]]:
    """Every part: the name of its group, itself, and its weights by key.

    The weights of a layer of many parts are theirs, but for what none of them has.
    """
    inside = {
        id(parameter)
        for part in system.parts
        if part.module is not None and part.spelled is part.parents
        for parameter in part.module.parameters()
    }
    groups = []
    for k, part in enumerate(system.parts):
        weights = {key: p for key, p in weights_by_key(part.module).items() if p._data.size}
        if part.spelled is not part.parents:
            weights = {key: p for key, p in weights.items() if id(p) not in inside}
        groups.append((f"{k}_{_kind(part)}", part, weights))
    return groups


def _kind(part: Instance) -> str:
    """A part's name there: a recurrent layer ended in a Combine of its outputs."""
    if part.spelled is part.parents:
        return part.name
    return part.name.replace("RNN", "Combine").replace("LSTM", "Combine")


def _save_hdf5(system: System, path: Path, name: str) -> None:
    h5py = _hdf5()
    with atomic_write(path) as file, h5py.File(file.name, "w") as new:
        if path.exists():
            with h5py.File(path, "r") as old:
                for other in old:
                    if other != name:
                        old.copy(other, new)
        checkpoint = new.create_group(name)
        written: dict[int, Any] = {}
        for group_name, part, weights in _groups(system):
            if weights and id(part.module) in written:  # shared: once in the file, by many names
                checkpoint[group_name] = written[id(part.module)]
                continue
            group = checkpoint.create_group(group_name)
            if weights:
                found: dict[str, Any] = {}
                part.save_weights(found)
                for key in found if part.spelled is part.parents else weights:
                    group[key] = found[key]
                written[id(part.module)] = group
            elif hasattr(part.structure, "activation"):  # an activation alone has empty weights
                group["neuron0_w"] = group["neuron0_b"] = np.zeros(0)


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
        saved = _read_groups(file[name])
    own = {group: weights for group, _, weights in _groups(system) if weights}
    if own.keys() != saved.keys():
        raise ShapeError(
            f"load_weights: {path} is of another network: it lacks {_some(own, saved)} "
            f"and has {_some(saved, own)} besides"
        )
    found: dict[int, tuple[Any, str, Any]] = {}
    for group, keys in own.items():
        for key, parameter in keys.items():
            values, place = saved[group].get(key), f"{group}/{key}"
            if values is None or values.shape != parameter.shape:
                shape = "is missing" if values is None else f"has shape {values.shape}"
                raise ShapeError(
                    f"load_weights: {place} {shape} in {path}, expected {tuple(parameter.shape)}"
                )
            _, first, same = found.setdefault(id(parameter), (parameter, place, values))
            if not np.array_equal(same, values):
                raise ValueError(
                    f"load_weights: {first} and {place} are shared here, but differ in {path}"
                )
    with no_grad():
        for parameter, _, values in found.values():
            parameter.copy_(wrap(values))


def _read_groups(checkpoint: Any) -> dict[str, Arrays]:
    """The weights of all parts that have some."""
    groups = {g: {key: np.asarray(checkpoint[g][key]) for key in checkpoint[g]} for g in checkpoint}
    return {g: found for g, arrays in groups.items() if (found := _not_empty(arrays))}


def _some(names: Any, without: Any) -> str:
    """The first names of one that are not in the other."""
    left = [name for name in names if name not in without]
    return (", ".join(left[:3]) + f" and {len(left) - 3} more" * (len(left) > 3)) or "nothing"


def _not_empty(arrays: Arrays) -> Arrays:
    return {key: array for key, array in arrays.items() if array.size}
