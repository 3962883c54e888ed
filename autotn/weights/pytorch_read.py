"""PyTorch's weight files, read without PyTorch and without running what they contain.

Two layouts exist. Since PyTorch 1.6 a file is a zip archive: ``data.pkl`` describes the objects,
``data/0``, ``data/1`` … are the storages, ``byteorder`` and ``version`` say how to read them.
Before that it was a row of pickles (magic number, protocol, system, the objects, the storage keys),
followed by each storage's length and bytes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.weights.archive import Archive
from autotn.weights.pickle_machine import PickleMachine
from autotn.weights.source import Bytes, Source
from autotn.weights.vocabulary import Makers, Storage, StorageType, make_vocabulary

_MAGIC = 0x1950A86A20F9469CFC6C
_LEGACY_PROTOCOL = 1001


class ZipReader:
    """The records of one archive, as the storages a pickle asks for.

    Parameters
    ----------
    mapped : bool
        Map the storages into memory instead of reading them: instant, loaded page by page when
        used, private (writing to the tensors does not change the file), checksums not compared.
    """

    def __init__(self, source: Source, archive: Archive, mapped: bool = False) -> None:
        self.source = source
        self.archive = archive
        names = [n for n in archive.records if n.count("/") == 1 and n.endswith("/data.pkl")]
        if len(names) != 1:
            raise source.bad("the zip archive has no data.pkl: it is no PyTorch file")
        self.folder = names[0].removesuffix("data.pkl")
        if f"{self.folder}constants.pkl" in archive:
            raise source.bad("this is a TorchScript program, not a file of weights")
        self.little = self._byte_order()
        self.memory = source.map() if mapped else None
        self._storages: dict[str, Storage] = {}

    def _byte_order(self) -> bool:
        name = f"{self.folder}byteorder"
        if name not in self.archive:  # files before PyTorch 2.1: little-endian machines only
            return True
        order = self.archive.read(name).tobytes()
        if order not in (b"little", b"big"):
            raise self.source.bad(f"the byte order {order[:20]!r} is not known")
        return order == b"little"

    def pickle(self) -> bytes:
        """The pickle that describes the saved object."""
        version = f"{self.folder}version"
        if version in self.archive:
            text = self.archive.read(version).tobytes().strip()
            if not text.isdigit() or int(text[:9]) > 10:
                raise self.source.bad(f"version {text[:20]!r} of PyTorch's format is not known")
        return self.archive.read(f"{self.folder}data.pkl").tobytes()

    def storage(self, key: Any) -> Storage:
        """The storage that a persistent id ``("storage", type, key, device, count)`` means."""
        kind, name, count = _storage_key(key, 5)
        size = count * (kind.element.itemsize if kind.element else 1)
        known = self._storages.get(name)
        if known is None:
            known = Storage(self._bytes(f"{self.folder}data/{name}"), self.little, kind.element)
            self._storages[name] = known
        spare = len(known.raw) - size
        if not 0 <= spare < (kind.element.itemsize if kind.element else 1):
            raise ValueError(f"storage {name!r} of {len(known.raw)} bytes should have {size} bytes")
        return known if kind.element is known.element else known.of_type(kind.element)

    def _bytes(self, name: str) -> Bytes:
        if self.memory is None:
            return self.archive.read(name)
        record = self.archive.find(name)
        if record.method:
            raise self.source.bad(f"record {name!r} is compressed and cannot be mapped")
        return self.memory[record.start : record.start + record.size]


def _storage_key(key: Any, length: int) -> tuple[StorageType, str, int]:
    """Check the parts of a persistent id that both layouts share."""
    if not isinstance(key, tuple) or len(key) < length or not isinstance(key[0], str):
        raise ValueError("a persistent id that is no description of a storage")
    tag, kind, name, device, count = key[:5]
    if tag != "storage" or not isinstance(kind, StorageType) or not isinstance(device, str):
        raise ValueError("a persistent id that is no description of a storage")
    if not isinstance(name, str) or type(count) is not int or count < 0:
        raise ValueError("a storage without a proper name or size")
    return kind, name, count


def read_zip(source: Source, archive: Archive, makers: Makers, mapped: bool = False) -> Any:
    """The object in a PyTorch zip file."""
    reader = ZipReader(source, archive, mapped)
    data = reader.pickle()
    machine = PickleMachine(data, make_vocabulary(makers), reader.storage, source.name)
    value = machine.run()
    if machine.position != len(data):
        raise source.bad("there are bytes after the end of the pickle")
    return value


class _LegacyReader:
    """Storages of the old layout: described first, their bytes come at the end of the file."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.storages: dict[str, Storage] = {}
        self.reserved = 0

    def storage(self, key: Any) -> Storage:
        """The storage (or a view into one), of zeros until `fill` has read the bytes."""
        kind, name, count = _storage_key(key, 6)
        if kind.element is None:
            raise ValueError("an untyped storage")
        size = count * kind.element.itemsize
        known = self.storages.get(name)
        if known is None:
            self.reserved += size
            self.source.check(0, self.reserved, "the storages")
            known = Storage(np.zeros(size, np.uint8), True, kind.element)
            self.storages[name] = known
        elif len(known.raw) != size or known.element is not kind.element:
            raise ValueError(f"storage {name!r} is described in two ways")
        return known if key[5] is None else self._part(known, kind, key[5])

    def _part(self, whole: Storage, kind: StorageType, part: Any) -> Storage:
        """Very old files name views of storages: (key, first element, number of elements)."""
        if not isinstance(part, tuple) or len(part) != 3 or kind.element is None:
            raise ValueError("a view of a storage that is not described by three values")
        name, first, count = part
        if not isinstance(name, str) or type(first) is not int or type(count) is not int:
            raise ValueError("a view of a storage without a proper name and range")
        width = kind.element.itemsize
        if first < 0 or count < 0 or (first + count) * width > len(whole.raw):
            raise ValueError("a view that leaves its storage")
        return Storage(whole.raw[first * width : (first + count) * width], True, kind.element)

    def fill(self, position: int, keys: Any) -> int:
        """Read the storages in the order of `keys`, from `position`; returns where they end."""
        names = keys if isinstance(keys, list) else []
        if len(set(map(str, names))) != len(names) or set(map(str, names)) != set(self.storages):
            raise self.source.bad("the list of storages does not match the objects in the file")
        for name in names:
            storage = self.storages[name]
            element = storage.element
            size = len(storage.raw)
            count = int.from_bytes(self.source.read(position, 8, f"storage {name!r}"), "little")
            if element is None or count * element.itemsize != size:
                raise self.source.bad(f"storage {name!r} has {count} elements, not as described")
            raw = self.source.read_array(position + 8, size, f"storage {name!r}")
            self.storages[name] = Storage(raw, True, element)
            position += 8 + size
        return position


def read_legacy(source: Source, makers: Makers) -> Any:
    """The object in a file of the time before zip archives; leaves the file at its end."""
    data = source.read(0, source.size, "the file")
    reader = _LegacyReader(source)
    words = make_vocabulary(makers)
    machine = PickleMachine(data, words, reader.storage, source.name)
    if _same_int(machine.run(), _MAGIC):
        if not _same_int(machine.run(), _LEGACY_PROTOCOL):
            raise source.bad("this version of PyTorch's old format is not known")
    else:
        raise source.bad("a pickle that was not written by torch.save or tn.save")
    system = machine.run()
    if not isinstance(system, dict) or system.get("little_endian") is not True:
        raise source.bad("the file was written on a big-endian machine in PyTorch's old format")
    # The objects come before the bytes of their storages: the first run finds out which storages
    # there are (filled with zeros), the second one makes the tensors.
    start = machine.position
    machine.run()
    keys = machine.run()
    end = reader.fill(machine.position, keys)
    machine.position = start
    value = machine.run()
    source.file.seek(source.start + end)
    return value


def _same_int(value: Any, expected: int) -> bool:
    return type(value) is int and value == expected
