"""``nn.parallel``: modules spread over devices and processes, of which there is one."""

from __future__ import annotations

from typing import Any as _Any

from autotn.absent import attribute_of as _attribute_of
from autotn.layers.parallel import DataParallel, DistributedDataParallel, data_parallel

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]


def __getattr__(name: str) -> _Any:
    return _attribute_of(__name__, name)
