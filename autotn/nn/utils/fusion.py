"""A batch norm in evaluation is a scale and a shift: both go into the weights of the layer before it."""

from __future__ import annotations

import copy
from typing import Any

from autotn.layers.parameter import Parameter
from autotn.ops import ones_like, zeros_like

__all__ = [
    "fuse_conv_bn_eval",
    "fuse_conv_bn_weights",
    "fuse_linear_bn_eval",
    "fuse_linear_bn_weights",
]


def _fused(
    weight: Any, bias: Any, mean: Any, var: Any, eps: float, scale: Any, shift: Any, axis: int
) -> tuple[Parameter, Parameter]:
    bias = zeros_like(mean) if bias is None else bias
    scale = ones_like(mean) if scale is None else scale
    shift = zeros_like(mean) if shift is None else shift
    factor = scale * (var + eps).rsqrt()
    shape = [1] * weight.ndim
    shape[axis] = -1
    new = (weight * factor.reshape(shape)).to(weight.dtype)
    return (
        Parameter(new.detach(), weight.requires_grad),
        Parameter(((bias - mean) * factor + shift).detach().to(bias.dtype), bias.requires_grad),
    )


def fuse_conv_bn_weights(
    conv_w: Any, conv_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any,
    transpose: bool = False,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Weight and bias of a convolution with the batch norm after it in them."""
    return _fused(conv_w, conv_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 1 if transpose else 0)


def fuse_linear_bn_weights(
    linear_w: Any, linear_b: Any, bn_rm: Any, bn_rv: Any, bn_eps: float, bn_w: Any, bn_b: Any
) -> tuple[Parameter, Parameter]:
    """Weight and bias of a linear layer with the batch norm after it in them."""
    return _fused(linear_w, linear_b, bn_rm, bn_rv, bn_eps, bn_w, bn_b, 0)


def _in_evaluation(name: str, layer: Any, bn: Any) -> Any:
    if layer.training or bn.training:
        raise AssertionError(f"{name}: fusion is for evaluation: call .eval() of both layers first")
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError(f"{name}: the batch norm must track running statistics")
    return copy.deepcopy(layer)


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A copy of a convolution that does the batch norm after it as well.

    >>> conv, bn = nn.Conv2d(1, 2, 1).eval(), nn.BatchNorm2d(2).eval()
    >>> x = tn.ones(1, 1, 2, 2)
    >>> bool(tn.allclose(nn.utils.fuse_conv_bn_eval(conv, bn)(x), bn(conv(x))))
    True
    """
    fused = _in_evaluation("fuse_conv_bn_eval", conv, bn)
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias, transpose
    )  # fmt: skip
    return fused


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """A copy of a linear layer that does the batch norm after it as well.

    >>> linear, bn = nn.Linear(3, 2).eval(), nn.BatchNorm1d(2).eval()
    >>> bool(tn.allclose(nn.utils.fuse_linear_bn_eval(linear, bn)(tn.ones(1, 3)), bn(linear(tn.ones(1, 3)))))
    True
    """
    fused = _in_evaluation("fuse_linear_bn_eval", linear, bn)
    if linear.out_features != bn.num_features and bn.num_features != 1:
        raise AssertionError(
            f"fuse_linear_bn_eval: {linear.out_features} features do not fit a batch norm of {bn.num_features}"
        )
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused
