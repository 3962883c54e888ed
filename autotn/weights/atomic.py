"""Files that appear whole or not at all.

A file is written under a temporary name in the folder of its destination, flushed to the disk and
then renamed, so a crash, a full disk or a killed process leaves the old file (or none), never half
of the new one.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


def _sync_folder(folder: Path) -> None:
    """Ask the disk to remember the rename itself (POSIX only: Windows cannot open folders)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _existing_mode(path: Path) -> int | None:
    try:
        return path.stat().st_mode
    except FileNotFoundError:
        return None


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary file that takes its name only when the block ends without an error.

    ``file.name`` is the temporary name, for writers that want a path. The permissions of a file
    that is replaced are kept, a symbolic link stays a link, and things that are no regular files
    (``/dev/null``, a pipe) are written directly.
    """
    target = Path(os.path.realpath(path))
    mode = _existing_mode(target)
    if mode is not None and not stat.S_ISREG(mode):
        with open(target, "wb") as device:
            yield device
        return
    temporary = target.with_name(f".{target.name[:100]}.{secrets.token_hex(6)}.tmp")
    try:
        with open(temporary, "xb") as file:
            if mode is None:
                mode = os.fstat(file.fileno()).st_mode
            yield file
        # By name, not by handle: a writer that was given the name may have put a new file there.
        with open(temporary, "r+b") as written:
            os.fsync(written.fileno())
        os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise
    _sync_folder(target.parent)
