"""Modules spread over devices and processes, of which there is one."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from autotn.layers.module import Module


class DataParallel(Module):
    """A module spread over accelerators; there are none, so it is called as it is.

    It is here because scripts and checkpoints have it: its names begin with ``module.``.

    >>> list(nn.DataParallel(nn.Linear(1, 1)).state_dict())
    ['module.weight', 'module.bias']
    """

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, dim: int = 0
    ) -> None:
        super().__init__()
        self.module = module
        self.device_ids: list[int] = []
        self.dim = dim

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the module gives."""
        return self.module(*inputs, **kwargs)


class DistributedDataParallel(Module):
    """A module trained by several processes; there is one, so it is called as it is.

    >>> list(nn.parallel.DistributedDataParallel(nn.Linear(1, 1)).state_dict())
    ['module.weight', 'module.bias']
    """

    def __init__(
        self, module: Module, device_ids: Any = None, output_device: Any = None, **kwargs: Any
    ) -> None:
        super().__init__()
        if device_ids and any(k is not None and str(k) != "cpu" for k in device_ids):
            raise RuntimeError(
                f"DistributedDataParallel: device_ids={device_ids!r}, but there are no GPUs; "
                "leave device_ids out"
            )
        self.module = module
        self.device_ids: Any = None

    @contextlib.contextmanager
    def no_sync(self) -> Iterator[None]:
        """Nothing, as a context: there is nobody to agree with."""
        yield

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the module gives."""
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Any = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: Any = None,
) -> Any:
    """What `module` gives for `inputs` (one, or a tuple of them)."""
    arguments = inputs if isinstance(inputs, tuple) else (inputs,)
    return module(*arguments, **(module_kwargs or {}))
