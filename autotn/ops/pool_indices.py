"""Max-pooling that always tells where the maxima stand: ``max_pool2d_with_indices`` and its like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autotn.ops import pool, pool_adaptive

__all__ = ["max_pool1d_with_indices"]
FUNCTIONAL = (
    "adaptive_max_pool1d_with_indices", "adaptive_max_pool2d_with_indices",
    "adaptive_max_pool3d_with_indices", "fractional_max_pool2d_with_indices",
    "fractional_max_pool3d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices",
)  # fmt: skip


def _with_indices(pooling: Callable[..., Any]) -> Any:
    def pooled(input: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs["return_indices"] = True
        return pooling(input, *args, **kwargs)

    pooled.__name__ = pooled.__qualname__ = f"{pooling.__name__}_with_indices"
    pooled.__doc__ = f"`{pooling.__name__}` and where its maxima stand."
    return pooled


max_pool1d_with_indices = _with_indices(pool.max_pool1d)
max_pool2d_with_indices = _with_indices(pool.max_pool2d)
max_pool3d_with_indices = _with_indices(pool.max_pool3d)
adaptive_max_pool1d_with_indices = _with_indices(pool_adaptive.adaptive_max_pool1d)
adaptive_max_pool2d_with_indices = _with_indices(pool_adaptive.adaptive_max_pool2d)
adaptive_max_pool3d_with_indices = _with_indices(pool_adaptive.adaptive_max_pool3d)
fractional_max_pool2d_with_indices = _with_indices(pool_adaptive.fractional_max_pool2d)
fractional_max_pool3d_with_indices = _with_indices(pool_adaptive.fractional_max_pool3d)
