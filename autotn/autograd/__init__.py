"""The door to differentiation: backward, grad, Function, checks, functional derivatives."""

from __future__ import annotations

from typing import Any as _Any

from autotn.absent import attribute_of as _attribute_of
from autotn.autograd import batched_grad as _batched_grad, forward_ad, function, functional
from autotn.autograd.gradcheck import gradcheck, gradgradcheck
from autotn.core.engine import backward_of as backward, grad
from autotn.core.function import Function
from autotn.core.legacy import Variable
from autotn.core.modes import (
    detect_anomaly,
    enable_grad,
    inference_mode,
    is_anomaly_enabled,
    no_grad,
    set_detect_anomaly,
    set_grad_enabled,
)

__all__ = [
    "Function", "Variable", "backward", "detect_anomaly", "enable_grad", "forward_ad", "function", "functional",
    "grad", "gradcheck",
    "gradgradcheck", "inference_mode", "is_anomaly_enabled", "no_grad", "set_detect_anomaly",
    "set_grad_enabled",
]  # fmt: skip


def __getattr__(name: str) -> _Any:
    return _attribute_of(__name__, name)
