"""Reading a pickle the ordinary way, code and all: only for `tn.load(..., weights_only=False)`.

This is how whole models come back that were saved with ``tn.save(model, path)``: the pickle names
their classes, and importing and calling what a file names is running its code.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from typing import Any

from autotn.weights.archive import Archive
from autotn.weights.pickle_machine import Word
from autotn.weights.pytorch_read import ZipReader
from autotn.weights.source import Source
from autotn.weights.vocabulary import Makers, make_vocabulary


class _Unpickler(pickle.Unpickler):
    """Python's unpickler, with our own meaning of PyTorch's names for tensors and storages."""

    def __init__(self, data: bytes, reader: ZipReader, makers: Makers) -> None:
        super().__init__(io.BytesIO(data))
        self.reader = reader
        self.vocabulary = make_vocabulary(makers)

    def persistent_load(self, key: Any) -> Any:
        return self.reader.storage(key)

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] == "torch":
            meaning = self.vocabulary.get(f"{module} {name}")
            if isinstance(meaning, Word):
                return _as_function(meaning)
            if meaning is not None:
                return meaning
        return super().find_class(module, name)


def _as_function(word: Word) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        if word.call is None:
            raise ValueError(f"{word.name} cannot be made from a file")
        return word.call(arguments)

    return call


def read_trusted(source: Source, archive: Archive, makers: Makers, mapped: bool = False) -> Any:
    """The object in a PyTorch zip file, made by running the file's pickle."""
    reader = ZipReader(source, archive, mapped)
    try:
        return _Unpickler(reader.pickle(), reader, makers).load()
    except (AttributeError, ImportError) as error:
        raise source.bad(f"the classes of the saved object are not here: {error}") from error
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, IndexError, KeyError) as error:
        raise source.bad(f"the pickle cannot be read: {error}") from error
