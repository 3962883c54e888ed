"""The flags of PyTorch's GPU kernels: kept as they are set, and without effect."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

matmul = SimpleNamespace(
    allow_tf32=False,
    allow_fp16_reduced_precision_reduction=True,
    allow_bf16_reduced_precision_reduction=True,
    allow_fp16_accumulation=False,
    fp32_precision="none",
)
cufft_plan_cache = SimpleNamespace(size=0, max_size=0, clear=lambda: None)

_ATTENTION = {"flash": True, "math": True, "mem_efficient": True, "cudnn": True}


def is_built() -> bool:
    """False.

    >>> tn.backends.cuda.is_built()
    False
    """
    return False


def enable_flash_sdp(enabled: bool) -> None:
    """Keep a wish; attention has one way of computing here."""
    _ATTENTION["flash"] = enabled


def enable_math_sdp(enabled: bool) -> None:
    """Keep a wish; attention has one way of computing here."""
    _ATTENTION["math"] = enabled


def enable_mem_efficient_sdp(enabled: bool) -> None:
    """Keep a wish; attention has one way of computing here."""
    _ATTENTION["mem_efficient"] = enabled


def enable_cudnn_sdp(enabled: bool) -> None:
    """Keep a wish; attention has one way of computing here."""
    _ATTENTION["cudnn"] = enabled


def flash_sdp_enabled() -> bool:
    """What was wished for."""
    return _ATTENTION["flash"]


def math_sdp_enabled() -> bool:
    """What was wished for."""
    return _ATTENTION["math"]


def mem_efficient_sdp_enabled() -> bool:
    """What was wished for."""
    return _ATTENTION["mem_efficient"]


def cudnn_sdp_enabled() -> bool:
    """What was wished for."""
    return _ATTENTION["cudnn"]


@contextlib.contextmanager
def sdp_kernel(
    enable_flash: bool = True,
    enable_math: bool = True,
    enable_mem_efficient: bool = True,
    enable_cudnn: bool = True,
) -> Iterator[Any]:
    """Wishes inside a context; attention has one way of computing here."""
    before = dict(_ATTENTION)
    _ATTENTION.update(
        flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient, cudnn=enable_cudnn
    )
    try:
        yield {}
    finally:
        _ATTENTION.update(before)


def preferred_linalg_library(backend: Any = None) -> str:
    """The default one, whatever is preferred."""
    return "default"


preferred_blas_library = preferred_linalg_library
