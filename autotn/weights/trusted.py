"""Reading a pickle the ordinary way, code and all: for whole models.

With ``tn.load(..., weights_only=False)`` the pickle may name anything; importing and calling what a file
names is running its code. Inside `tn.serialization.safe_globals` it may name what is listed there.
PyTorch's own layers, by their names in a file, are ours.
"""

from __future__ import annotations

import importlib
import io
import pickle
from collections.abc import Callable, Collection
from typing import Any

from autotn.weights.archive import Archive
from autotn.weights.pickle_machine import PYTHON2, RefusedGlobal, Word
from autotn.weights.pytorch_read import ZipReader
from autotn.weights.source import Source
from autotn.weights.vocabulary import Makers, make_vocabulary


class _Unpickler(pickle.Unpickler):
    """Python's unpickler, with our own meaning of PyTorch's names."""

    def __init__(
        self, data: bytes, reader: ZipReader, makers: Makers, allowed: Collection[Any] | None
    ) -> None:
        super().__init__(io.BytesIO(data))
        self.reader = reader
        self.vocabulary = make_vocabulary(makers)
        self.allowed = allowed

    def persistent_load(self, key: Any) -> Any:
        return self.reader.storage(key)

    def find_class(self, module: str, name: str) -> Any:
        module = PYTHON2.get(module, module)
        package, _, path = module.partition(".")
        if package == "torch" or self.allowed is not None:
            meaning = self.vocabulary.get(f"{module} {name}")
            if isinstance(meaning, Word):
                return _as_function(meaning)
            if meaning is not None:
                return meaning
        if package == "torch":
            found = getattr(importlib.import_module(f"autotn.{path}".rstrip(".")), name)
        elif self.allowed is None:
            return super().find_class(module, name)
        else:
            found = next((one for one in self.allowed if _full_name(one) == (module, name)), None)
        if self.allowed is not None and not any(found is one for one in self.allowed):
            raise RefusedGlobal(
                f"refused: the pickle asks for {module}.{name}, which is not among the safe globals; "
                "if you trust it, list it in tn.serialization.safe_globals([...])"
            )
        return found


def _full_name(one: Any) -> tuple[str, str]:
    return getattr(one, "__module__", ""), getattr(one, "__qualname__", "")


def _as_function(word: Word) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        if word.call is None:
            raise ValueError(f"{word.name} cannot be made from a file")
        return word.call(arguments)

    return call


def read_trusted(
    source: Source,
    archive: Archive,
    makers: Makers,
    mapped: bool = False,
    allowed: Collection[Any] | None = None,
) -> Any:
    """The object in a PyTorch zip file, made by running the file's pickle.

    Parameters
    ----------
    allowed : collection
        The only functions and classes, beside those of weights, that the file may name.
    """
    reader = ZipReader(source, archive, mapped)
    try:
        return _Unpickler(reader.pickle(), reader, makers, allowed).load()
    except RefusedGlobal as error:
        raise source.bad(str(error)) from None
    except (AttributeError, ImportError) as error:
        raise source.bad(f"the classes of the saved object are not here: {error}") from error
    except (pickle.UnpicklingError, EOFError, ValueError, TypeError, IndexError, KeyError) as error:
        raise source.bad(f"the pickle cannot be read: {error}") from error
