"""``tn.linalg``: linear algebra by PyTorch's names, without the prefix its ops carry."""

from __future__ import annotations

from autotn.ops import decompose
from autotn.errors import LinAlgError
from autotn.ops.matmul import matmul

__all__ = ["LinAlgError", "matmul"]

for _name in decompose.__all__:
    if _name.startswith("linalg_"):
        globals()[_name.removeprefix("linalg_")] = getattr(decompose, _name)
        __all__.append(_name.removeprefix("linalg_"))
