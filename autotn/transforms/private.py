"""Stand-ins for the private values of a kernel, which a transform does not see."""

from __future__ import annotations

from typing import Any

from autotn.core.op import Op
from autotn.core.traced import Unreadable


class Missing:
    """A private value that is not known here: using it raises `Unreadable`."""

    def _refuse(self, *args: Any, **kwargs: Any) -> Any:
        raise Unreadable("a private value of a kernel is not known under a transform")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse()

    __array_ufunc__ = None
    __getitem__ = __len__ = __iter__ = __bool__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = (
        _refuse
    )
    __pow__ = __rpow__ = __matmul__ = __rmatmul__ = __neg__ = __abs__ = _refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __hash__ = object.__hash__


MISSING = Missing()


def private_values(op: Op, outputs: list[Any]) -> tuple[Any, ...]:
    """What stands for each of ``op.aux``; indices that are also an output are known."""
    return tuple(
        outputs[1] if name == "indices" and len(outputs) > 1 else MISSING for name in op.aux
    )
