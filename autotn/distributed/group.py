"""The group of processes: one of size one, or none."""

from __future__ import annotations

import os
from typing import Any


class Backend(str):
    """The name of a way to communicate."""

    GLOO, NCCL, MPI, UNDEFINED = "gloo", "nccl", "mpi", "undefined"


class ProcessGroup:
    """The processes that work together: this one alone."""

    def rank(self) -> int:
        """The number of this process: 0."""
        return 0

    def size(self) -> int:
        """The number of processes: 1."""
        return 1


class group:
    """The group that is meant where none is named."""

    WORLD: ProcessGroup | None = None


class _Started:
    backend: str | None = None


_started = _Started()


def is_available() -> bool:
    """True: a group of one can be had.

    >>> tn.distributed.is_available(), tn.distributed.is_initialized()
    (True, False)
    """
    return True


def is_initialized() -> bool:
    """True between `init_process_group` and `destroy_process_group`."""
    return _started.backend is not None


def is_gloo_available() -> bool:
    """True: the group of one takes this name."""
    return True


def is_nccl_available() -> bool:
    """False."""
    return False


def is_mpi_available() -> bool:
    """False."""
    return False


def is_torchelastic_launched() -> bool:
    """False."""
    return False


def init_process_group(
    backend: str | None = None,
    init_method: str | None = None,
    timeout: Any = None,
    world_size: int = -1,
    rank: int = -1,
    store: Any = None,
    group_name: str = "",
    pg_options: Any = None,
    device_id: Any = None,
) -> None:
    """Start the group of one process.

    Raises
    ------
    RuntimeError
        For more than one process (`world_size`, or ``WORLD_SIZE`` in the environment).
    """
    size = world_size if world_size > 0 else int(os.environ.get("WORLD_SIZE", 1))
    if size != 1:
        raise RuntimeError(
            f"distributed: a group of one process can be had, not one of {size}; "
            "run the script with world_size=1"
        )
    if is_initialized():
        raise ValueError("trying to initialize the default process group twice!")
    _started.backend = (backend or "gloo").lower()
    group.WORLD = ProcessGroup()


def destroy_process_group(group: Any = None) -> None:
    """End the group."""
    _started.backend = None
    globals()["group"].WORLD = None


def new_group(ranks: Any = None, *args: Any, **kwargs: Any) -> ProcessGroup:
    """A group of this process."""
    check_started()
    return ProcessGroup()


def check_started() -> None:
    """Refuse what needs a group, before there is one."""
    if not is_initialized():
        raise ValueError(
            "Default process group has not been initialized, please make sure to call "
            "init_process_group."
        )


def get_rank(group: Any = None) -> int:
    """0, in the group of one."""
    check_started()
    return 0


def get_world_size(group: Any = None) -> int:
    """1, in the group of one."""
    check_started()
    return 1


def get_backend(group: Any = None) -> str | None:
    """The name `init_process_group` was given."""
    check_started()
    return _started.backend
