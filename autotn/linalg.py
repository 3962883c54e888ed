"""``tn.linalg``: linear algebra by PyTorch's names, without the prefix its ops carry."""

from __future__ import annotations

from typing import Any as _Any

from autotn.absent import no_attribute as _no_attribute
from autotn.errors import LinAlgError
from autotn.ops import decompose, eigen, elimination, householder, matrix, solve
from autotn.ops.matmul import matmul

__all__ = ["LinAlgError", "matmul"]

for _topic in (solve, decompose, eigen, elimination, householder, matrix):
    for _name in _topic.__all__:
        if _name.startswith("linalg_"):
            globals()[_name.removeprefix("linalg_")] = getattr(_topic, _name)
            __all__.append(_name.removeprefix("linalg_"))


def __getattr__(name: str) -> _Any:
    raise _no_attribute(__name__, name)
