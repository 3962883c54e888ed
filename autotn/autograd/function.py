"""PyTorch's path to custom functions: ``from autotn.autograd.function import Function, once_differentiable``."""

from __future__ import annotations

from autotn.core.function import Function, FunctionCtx, once_differentiable

__all__ = ["Function", "FunctionCtx", "once_differentiable"]
