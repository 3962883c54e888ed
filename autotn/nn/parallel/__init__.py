"""``nn.parallel``: modules spread over devices and processes, of which there is one."""

from __future__ import annotations

from autotn.layers.parallel import DataParallel, DistributedDataParallel, data_parallel

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]
