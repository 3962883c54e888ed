"""Bounded reading: nothing is read, and no memory reserved, beyond the end of a file."""

from __future__ import annotations

import io
import mmap
import os
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from autotn.errors import FileFormatError

Bytes = NDArray[np.uint8]


class Source:
    """Random access to the bytes of a file, from where it stands to its end.

    Parameters
    ----------
    file : binary file object
        Something that cannot seek (a pipe, a socket) is read into memory first.
    name : str
        What error messages call it.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        if not _can_seek(file):
            file = io.BytesIO(file.read())
        self.file = file
        self.name = name
        self.start = file.tell()
        self.size = file.seek(0, os.SEEK_END) - self.start
        file.seek(self.start)

    def bad(self, what: str) -> FileFormatError:
        """The error to raise: it names the file and what is wrong with it."""
        return FileFormatError(f"{self.name}: {what}")

    def check(self, offset: int, size: int, what: str) -> None:
        """Raise unless the bytes ``offset .. offset + size`` exist."""
        if offset < 0 or size < 0 or offset + size > self.size:
            raise self.bad(
                f"{what} should be at byte {offset} and {size} bytes long, but the file has only "
                f"{self.size} bytes: it is truncated or damaged"
            )

    def read(self, offset: int, size: int, what: str) -> bytes:
        """The bytes ``offset .. offset + size``."""
        self.check(offset, size, what)
        self.file.seek(self.start + offset)
        data = self.file.read(size)
        if len(data) != size:
            raise self.bad(f"{what} ended after {len(data)} of {size} bytes: the file is truncated")
        return data

    def read_array(self, offset: int, size: int, what: str) -> Bytes:
        """The same bytes as a writable array of uint8 that owns its memory."""
        self.check(offset, size, what)
        array = np.empty(size, np.uint8)
        view = array.data
        self.file.seek(self.start + offset)
        done = 0
        while done < size:
            count = _read_into(self.file, view[done:])
            if not count:
                raise self.bad(f"{what} ended after {done} of {size} bytes: the file is truncated")
            done += count
        return array

    def map(self) -> Bytes | None:
        """The whole source as private (copy-on-write) mapped memory, when it is a real file."""
        try:
            descriptor = self.file.fileno()
        except (AttributeError, OSError):
            return None
        if self.size == 0:
            return np.empty(0, np.uint8)
        mapped = mmap.mmap(descriptor, self.start + self.size, access=mmap.ACCESS_COPY)
        return np.frombuffer(mapped, np.uint8)[self.start :]


def _can_seek(file: Any) -> bool:
    seekable = getattr(file, "seekable", None)
    return bool(seekable()) if seekable is not None else hasattr(file, "seek")


def _read_into(file: Any, view: memoryview) -> int:
    readinto = getattr(file, "readinto", None)
    if readinto is not None:
        return readinto(view) or 0
    data = file.read(len(view))
    view[: len(data)] = data
    return len(data)
