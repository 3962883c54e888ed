"""Questions about GPUs, and what needs one."""

from __future__ import annotations

from types import TracebackType
from typing import Any, NoReturn

from autotn.core.device import device as _device


class OutOfMemoryError(RuntimeError):
    """A GPU without room: scripts catch it; nothing here raises it."""


def refuse(what: str) -> NoReturn:
    """Say that `what` needs a GPU."""
    raise RuntimeError(
        f"cuda.{what} needs a GPU, and autotn computes on the CPU only; "
        "guard it with tn.cuda.is_available(), which answers False"
    )


def is_available() -> bool:
    """False: there is no GPU.

    >>> tn.cuda.is_available()
    False
    """
    return False


def is_initialized() -> bool:
    """False."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """False."""
    return False


def device_count() -> int:
    """The number of GPUs: 0.

    >>> tn.cuda.device_count()
    0
    """
    return 0


def get_arch_list() -> list[str]:
    """No GPU architectures."""
    return []


def init() -> NoReturn:
    """Refused."""
    refuse("init()")


def current_device() -> NoReturn:
    """Refused."""
    refuse("current_device()")


def get_device_name(device: Any = None) -> NoReturn:
    """Refused."""
    refuse("get_device_name()")


def get_device_capability(device: Any = None) -> NoReturn:
    """Refused."""
    refuse("get_device_capability()")


def get_device_properties(device: Any = None) -> NoReturn:
    """Refused."""
    refuse("get_device_properties()")


def can_device_access_peer(device: Any, peer_device: Any) -> NoReturn:
    """Refused."""
    refuse("can_device_access_peer()")


def utilization(device: Any = None) -> NoReturn:
    """Refused."""
    refuse("utilization()")


def synchronize(device: Any = None) -> None:
    """Nothing: all work on the CPU is done when the call returns."""


def set_device(device: Any) -> None:
    """Refused, unless no device is named (a negative number)."""
    index = device.index if isinstance(device, _device) else device
    if not isinstance(index, int) or index >= 0:
        refuse(f"set_device({device!r})")


class device:
    """A context that selects a GPU; without one only "none" (a negative number) can be selected."""

    def __init__(self, device: Any) -> None:
        set_device(-1 if device is None else device)

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...


class device_of(device):
    """A context for the GPU of a tensor, which is none."""

    def __init__(self, obj: Any) -> None:
        super().__init__(-1)


class Stream:
    """A queue of GPU work: refused."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        refuse("Stream")


class Event:
    """A mark in a queue of GPU work: refused; ``time.perf_counter`` times what runs here."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        refuse("Event")


class StreamContext:
    """A context that selects a stream; only None can be selected."""

    def __init__(self, stream: Any) -> None:
        if stream is not None:
            refuse("stream()")

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...


def stream(stream: Any) -> StreamContext:
    """A context that selects a stream; only None can be selected."""
    return StreamContext(stream)


def set_stream(stream: Any) -> None:
    """Refused, unless `stream` is None."""
    StreamContext(stream)


def current_stream(device: Any = None) -> NoReturn:
    """Refused."""
    refuse("current_stream()")


def default_stream(device: Any = None) -> NoReturn:
    """Refused."""
    refuse("default_stream()")
