"""Mixed precision on GPUs: switched off where there is none, as in PyTorch."""

from __future__ import annotations

from typing import Any, Any as _Any

from autotn.absent import attribute_of as _attribute_of
from autotn.amp.autocast_mode import (
    autocast as _autocast,
    custom_bwd as _custom_bwd,
    custom_fwd as _custom_fwd,
)
from autotn.amp.grad_scaler import GradScaler as _GradScaler
from autotn.core.dtypes import float16


class autocast(_autocast):
    """Mixed precision on a GPU: nothing here.

    >>> with tn.cuda.amp.autocast(enabled=False):
    ...     tn.ones(1, 2).matmul(tn.ones(2, 1)).dtype
    tn.float32
    """

    def __init__(
        self, enabled: bool = True, dtype: Any = float16, cache_enabled: bool = True
    ) -> None:
        super().__init__("cuda", dtype, enabled, cache_enabled)


class GradScaler(_GradScaler):
    """A scaler of losses on a GPU: passes everything through here."""

    def __init__(
        self,
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        super().__init__(
            "cuda", init_scale, growth_factor, backoff_factor, growth_interval, enabled
        )


def custom_fwd(fwd: Any = None, *, cast_inputs: Any = None) -> Any:
    """Decorate the ``forward`` of a `Function`: it stays as it is."""
    return _custom_fwd(fwd, device_type="cuda", cast_inputs=cast_inputs)


def custom_bwd(bwd: Any = None) -> Any:
    """Decorate the ``backward`` of a `Function`: it stays as it is."""
    return _custom_bwd(bwd, device_type="cuda")


def __getattr__(name: str) -> _Any:
    return _attribute_of(__name__, name)
