"""Checkpoints of a training run that survive crashes, full disks and killed processes."""

from __future__ import annotations

import json
import math
import os
import random
import re
import secrets
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from autotn.core.random import Generator, default_generator
from autotn.core.tensor import wrap
from autotn.errors import FileFormatError
from autotn.weights import tensors
from autotn.weights.archive import Archive
from autotn.weights.atomic import atomic_write
from autotn.weights.source import Source

_NAME = re.compile(r"checkpoint-(\d+)\.pt")
_LEFT_OVER = re.compile(r"\.(checkpoint-\d+|best)\.pt\.[0-9a-f]{12}\.tmp")
_FORMAT = "autotn checkpoint 1"


class Checkpointer:
    """Saves and restores the state of a training run: models, optimizers, loaders, random numbers.

    Each checkpoint is one PyTorch file, written whole or not at all and read back for comparison of
    checksums. A run restored from it goes on bit for bit as if it had not stopped.

    Parameters
    ----------
    folder : path
        Made if it is not there.
    keep : int
        How many of the last checkpoints to keep.
    best : {"min", "max"}, optional
        Also keep the checkpoint with the smallest, or largest, `metric`, as ``best.pt``.

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> checkpoints = tn.utils.checkpointing.Checkpointer(folder.name, keep=2)
    >>> generator = tn.Generator()
    >>> for step in range(4):
    ...     path = checkpoints.save({"generator": generator, "loss": 1 / (step + 1)}, step)
    >>> checkpoints.restore({"generator": generator})["loss"]
    0.25
    >>> folder.cleanup()
    """

    def __init__(
        self, folder: str | os.PathLike[str], keep: int = 3, best: str | None = None
    ) -> None:
        if keep < 1:
            raise ValueError(f"Checkpointer: keep must be at least 1, got {keep}")
        if best not in (None, "min", "max"):
            raise ValueError(f"Checkpointer: best must be 'min', 'max' or None, got {best!r}")
        self.folder = Path(folder)
        self.keep = keep
        self.mode = best
        self._best_metric: float | None = None
        self.folder.mkdir(parents=True, exist_ok=True)

    # Saving

    def save(self, objects: Mapping[str, Any], step: int, metric: float | None = None) -> Path:
        """Write a checkpoint and remove those that are no longer to be kept.

        Parameters
        ----------
        objects : mapping
            By name: anything with ``state_dict`` (modules, optimizers, schedulers, loaders),
            generators (NumPy's and Python's too), and plain values. The default generators are
            always saved.
        step : int
            Number of the checkpoint: later ones have larger numbers.
        metric : float
            How good it is, for `best`.
        """
        if self.mode is not None and metric is None:
            raise ValueError(f"Checkpointer.save: best={self.mode!r} needs a metric")
        number = None if metric is None else float(metric)
        content = {
            "format": _FORMAT,
            "step": int(step),
            "metric": number,
            "random": _random_state(),
            "objects": {name: _state_of(value) for name, value in objects.items()},
        }
        self._remove_left_overs()
        path = self.folder / f"checkpoint-{int(step):08d}.pt"
        with atomic_write(path) as file:
            tensors.write_pytorch(file, content)
            file.flush()
            _read(Path(file.name))  # before it replaces anything: is it sound, and can it be read?
        if number is not None and self._is_best(number):
            self._keep_as_best(path)
            self._best_metric = number
        for old in self._numbered()[self.keep :]:
            if old != path:  # which has a small number when a folder is used again
                old.unlink(missing_ok=True)
        return path

    def _is_best(self, metric: float) -> bool:
        if self.mode is None or math.isnan(metric):
            return False
        if self._best_metric is None:
            path = self.best()
            self._best_metric = None if path is None else _read(path)["metric"]
        if self._best_metric is None:
            return True
        return metric < self._best_metric if self.mode == "min" else metric > self._best_metric

    def _keep_as_best(self, path: Path) -> None:
        """Give the file a second name, which stays when the first one is removed."""
        second = self.folder / f".best.pt.{secrets.token_hex(6)}.tmp"
        try:
            os.link(path, second)
        except OSError:  # a file system without links
            shutil.copyfile(path, second)
        os.replace(second, self.folder / "best.pt")

    def _remove_left_overs(self) -> None:
        """What a killed process left half written."""
        for entry in self.folder.iterdir():
            if _LEFT_OVER.fullmatch(entry.name):
                entry.unlink(missing_ok=True)

    # Finding

    def _numbered(self) -> list[Path]:
        """All checkpoints, the newest first."""
        found = [
            (int(match[1]), path)
            for path in self.folder.iterdir()
            if (match := _NAME.fullmatch(path.name))
        ]
        return [path for _, path in sorted(found, reverse=True)]

    def latest(self) -> Path | None:
        """The newest checkpoint that is sound; damaged ones are passed over with a warning."""
        return next((path for path in self._numbered() if _is_sound(path)), None)

    def best(self) -> Path | None:
        """The checkpoint with the best metric, if there is a sound one."""
        path = self.folder / "best.pt"
        return path if path.exists() and _is_sound(path) else None

    # Restoring

    def load(self, path: str | os.PathLike[str] | None = None) -> dict[str, Any] | None:
        """The content of a checkpoint, by default of the latest; None if there is none.

        A dictionary of ``step``, ``metric``, ``objects`` (states by name) and ``random``.
        """
        chosen = self.latest() if path is None else Path(path)
        return None if chosen is None else _read(chosen, mapped=False)

    def restore(
        self, objects: Mapping[str, Any], path: str | os.PathLike[str] | None = None
    ) -> dict[str, Any] | None:
        """Bring objects to the state of a checkpoint, by default the latest; None if there is none.

        Returns the saved values that are no objects with a state, and ``step``.
        """
        content = self.load(path)
        if content is None:
            return None
        states = content["objects"]
        unknown = [name for name in objects if name not in states]
        if unknown:
            raise KeyError(
                f"Checkpointer.restore: the checkpoint has no {', '.join(unknown)}; it has "
                f"{', '.join(states)}"
            )
        for name, value in objects.items():
            _set_state(value, states[name])
        _set_random_state(content["random"])
        stateful = {name for name, value in objects.items() if _has_state(value)}
        plain = {name: value for name, value in states.items() if name not in stateful}
        return {"step": content["step"], **plain}


def _has_state(value: Any) -> bool:
    generators = (Generator, np.random.Generator, random.Random)
    return isinstance(value, generators) or hasattr(value, "load_state_dict")


def _state_of(value: Any) -> Any:
    """The state of an object as values that a file can hold; plain values are their own."""
    if isinstance(value, Generator):
        return value.get_state()
    if isinstance(value, np.random.Generator):
        # Text, for its integers have 128 bits.
        return json.dumps(value.bit_generator.state, default=lambda array: array.tolist())
    if isinstance(value, random.Random):
        return _pythons(value.getstate())
    return value.state_dict() if hasattr(value, "state_dict") else value


def _set_state(value: Any, state: Any) -> None:
    if isinstance(value, Generator):
        value.set_state(state)
    elif isinstance(value, np.random.Generator):
        value.bit_generator.state = json.loads(state)
    elif isinstance(value, random.Random):
        value.setstate(_pythons_again(state))
    elif hasattr(value, "load_state_dict"):
        value.load_state_dict(state)


def _pythons(state: tuple[Any, ...]) -> list[Any]:
    version, words, gauss = state
    return [version, wrap(np.array(words, np.uint64)), gauss]


def _pythons_again(state: list[Any]) -> tuple[Any, ...]:
    version, words, gauss = state
    return version, tuple(words.tolist()), gauss


def _random_state() -> dict[str, Any]:
    """The default generators: ours, NumPy's old global one and Python's."""
    kind, keys, place, has_gauss, cached = np.random.get_state()  # noqa: NPY002 - users draw from it
    return {
        "autotn": default_generator().get_state(),
        "python": _pythons(random.getstate()),
        "numpy": [kind, wrap(np.asarray(keys)), place, has_gauss, cached],
    }


def _set_random_state(state: dict[str, Any]) -> None:
    default_generator().set_state(state["autotn"])
    random.setstate(_pythons_again(state["python"]))
    kind, keys, *rest = state["numpy"]
    np.random.set_state((kind, keys._data, *rest))  # noqa: NPY002 - users draw from it


def _read(path: Path, mapped: bool = True) -> dict[str, Any]:
    """The content of a checkpoint whose checksums hold; FileFormatError otherwise."""
    with open(path, "rb") as file:
        source = Source(file, str(path))
        Archive(source).verify()
        content = tensors.read_any(source, mapped)
    if not isinstance(content, dict) or content.get("format") != _FORMAT:
        raise FileFormatError(f"{path}: no checkpoint of a Checkpointer")
    return content


def _is_sound(path: Path) -> bool:
    try:
        _read(path)
    except (FileFormatError, OSError) as error:
        warnings.warn(f"passing over a damaged checkpoint: {error}", stacklevel=4)
        return False
    return True
