"""Finite differences along a random direction: what a gradient must agree with, PyTorch or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def assert_slope(
    function: Callable[[Mapping[str, Array]], Array],
    inputs: Mapping[str, Array],
    gradients: Mapping[str, Array],
    g: Array,
    *,
    step: float = 1e-6,
    rtol: float = 1e-6,
) -> None:
    """Check ``gradients`` of ``sum(g * function(inputs))``, one random direction per input."""
    rng = np.random.default_rng(1)
    for name, gradient in gradients.items():
        value = inputs[name]
        assert gradient.shape == value.shape, name
        assert gradient.dtype == value.dtype, name
        direction = rng.standard_normal(value.shape)
        up = function({**inputs, name: value + step * direction})
        down = function({**inputs, name: value - step * direction})
        slope = float((g * (up - down)).sum()) / (2 * step)
        np.testing.assert_allclose(
            float((gradient * direction).sum()), slope, rtol=rtol, atol=1e-7, err_msg=name
        )
