"""Devices: there is one, the CPU; the names of others are understood and refused."""

from __future__ import annotations

from typing import Any


class device:
    """Where a tensor lives: the CPU.

    Other devices can be named, as scripts do before they ask whether one is there, but nothing can
    be put on them.

    >>> tn.device("cpu")
    device(type='cpu')
    """

    __slots__ = ("index", "type")

    _KNOWN = ("cpu", "cuda", "mps", "xpu", "meta", "hpu", "xla")

    type: str
    index: int | None

    def __init__(self, type: Any = "cpu", index: int | None = None) -> None:
        given: Any = type
        if isinstance(given, device):
            given, index = given.type, given.index
        if isinstance(given, int):
            given, index = "cuda", given
        name, _, number = str(given).partition(":")
        if name not in self._KNOWN:
            raise RuntimeError(
                f"Expected one of {', '.join(self._KNOWN)} device type at start of device string: {given}"
            )
        self.type = name
        self.index = int(number) if number else index

    def __repr__(self) -> str:
        tail = "" if self.index is None else f", index={self.index}"
        return f"device(type={self.type!r}{tail})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __enter__(self) -> device:
        check_device(self)
        return self

    def __exit__(self, *exception: Any) -> None:
        return None


CPU = device("cpu")


def check_device(where: Any) -> None:
    """Refuse every device but the CPU, clearly."""
    if where is None:
        return
    chosen = where if isinstance(where, device) else device(where)
    if chosen.type != "cpu":
        raise RuntimeError(
            f"device {str(chosen)!r} is not there: autotn computes on the CPU only; "
            "use device='cpu', or ask tn.cuda.is_available() first (it answers False)"
        )
