"""A batch norm folded into the layer before it: same outputs, PyTorch's weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.testing.sample import make_tensor


def trained(bn: Any) -> Any:
    """A batch norm whose statistics and weights are not the first ones."""
    with tn.no_grad():
        for k, values in enumerate((bn.running_mean, bn.running_var, bn.weight, bn.bias)):
            values.copy_(make_tensor(*values.shape, seed=k, low=0.5, high=2.0))
    return bn.eval()


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("transpose", [True, False])
def test_a_convolution_does_the_norm_as_well(bias: bool, transpose: bool) -> None:
    kind = nn.ConvTranspose2d if transpose else nn.Conv2d
    conv, bn = kind(2, 3, 2, bias=bias).eval(), trained(nn.BatchNorm2d(3))
    x = make_tensor(2, 2, 4, 4)
    fused = nn.utils.fuse_conv_bn_eval(conv, bn, transpose)
    np.testing.assert_allclose(fused(x).detach(), bn(conv(x)).detach(), rtol=1e-4, atol=1e-5)
    assert (conv.bias is None) is not bias


def test_a_linear_layer_too() -> None:
    linear, bn = nn.Linear(4, 3).eval(), trained(nn.BatchNorm1d(3))
    x = make_tensor(5, 4)
    fused = nn.utils.fuse_linear_bn_eval(linear, bn)
    np.testing.assert_allclose(fused(x).detach(), bn(linear(x)).detach(), rtol=1e-4, atol=1e-5)


def test_weights_are_pytorchs(torch: Any) -> None:
    args = [make_tensor(3, 2, 2, 2)] + [make_tensor(3, seed=k, low=0.5) for k in range(1, 6)]
    w, b, mean, var, scale, shift = args
    ours = nn.utils.fuse_conv_bn_weights(w, b, mean, var, 1e-5, scale, shift)
    w, b, mean, var, scale, shift = (torch.from_numpy(a.numpy()) for a in args)
    theirs = torch.nn.utils.fuse_conv_bn_weights(w, b, mean, var, 1e-5, scale, shift)
    for mine, one in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(mine.detach(), one.detach(), rtol=1e-5)


def test_training_layers_are_refused() -> None:
    with pytest.raises(AssertionError, match="eval"):
        nn.utils.fuse_conv_bn_eval(nn.Conv2d(1, 1, 1), nn.BatchNorm2d(1).eval())
    with pytest.raises(AssertionError, match="running statistics"):
        nn.utils.fuse_linear_bn_eval(
            nn.Linear(1, 1).eval(), nn.BatchNorm1d(1, track_running_stats=False).eval()
        )
    with pytest.raises(AssertionError, match="do not fit"):
        nn.utils.fuse_linear_bn_eval(nn.Linear(1, 3).eval(), nn.BatchNorm1d(2).eval())


def test_weights_have_one_layout() -> None:
    conv = nn.Conv2d(1, 1, 1)
    assert nn.utils.convert_conv2d_weight_memory_format(conv, tn.channels_last) is conv
