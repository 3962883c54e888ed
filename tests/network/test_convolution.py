"""Convolutions: kernels of any rank, tensors as outputs, padding, strides."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import autotn as tn
from tests.network.slopes import assert_right_gradients, network, place


def by_loops(x: Any, net: Any, kernel: Any, stride: Any, pads: Any, out_shape: Any) -> Any:
    """Window by window, as the definition has it."""
    dims = len(kernel)
    x = np.pad(x, [*pads, *[(0, 0)] * (x.ndim - dims)])
    counts = [(n - k) // s + 1 for n, k, s in zip(x.shape, kernel, stride)]
    result = np.zeros((*counts, *out_shape), x.dtype)
    for at in itertools.product(*map(range, counts)):
        window = x[tuple(slice(p * s, p * s + k) for p, s, k in zip(at, stride, kernel))]
        result[at] = np.tanh(net.weights @ window.ravel() + net.biases).reshape(out_shape)
    return result


CASES = [
    ((4, 4, 4), (2, 3, 2), (2, 3), (1, 1, 2), False, [(0, 0)] * 3),
    ((4, 4, 3), (2, 2), (5,), None, False, [(0, 0)] * 2),
    ((6, 3), (3,), (), (2,), False, [(0, 0)]),
    ((5, 4, 2), (3, 3), (2,), None, True, [(1, 1)] * 2),
    ((5, 4, 2), (2, 3), (2,), None, "same", [(0, 1), (1, 1)]),
    ((7, 7), (3, 3), (), (2, 2), "same", [(1, 1)] * 2),
    ((5, 4), (2, 2), (3,), None, 1, [(1, 1)] * 2),
    ((5, 4), (2, 2), (3,), None, [(0, 2), 1], [(0, 2), (1, 1)]),
    ((3, 3, 3, 3), (2, 2, 2, 2), (), None, False, [(0, 0)] * 4),
]


@pytest.mark.parametrize(("in_shape", "kernel", "out_shape", "stride", "pad", "pads"), CASES)
def test_conv_is_its_definition(
    in_shape: Any, kernel: Any, out_shape: Any, stride: Any, pad: Any, pads: Any
) -> None:
    out = tn.Conv(kernel, out_shape, stride, pad, tn.Tanh())(place(*in_shape))
    net = out.module.double()
    x = np.random.default_rng(0).normal(size=in_shape)
    expected = by_loops(x, net, kernel, stride or (1,) * len(kernel), pads, out_shape)
    assert out.output_shapes == [expected.shape]
    assert np.allclose(net.activate(x), expected)
    if len(in_shape) < 4:
        assert_right_gradients(net, in_shape)


def test_conv_shapes_of_the_original() -> None:
    out = tn.Conv((2, 2), (5,))(place(4, 4, 3))
    assert out.output_shapes == [(3, 3, 5)]
    assert out.module.weights.shape == (5, 12)
    assert isinstance(out.module.activation, tn.ReLU)
    letters = tn.Conv((5, 5), (5,), kernel_stride=(1, 1), pad=True)(place(32, 32))
    assert letters.output_shapes == [(32, 32, 5)]
    assert tn.Conv((2, 14), (8,))(place(24, 16, 3)).output_shapes == [(23, 3, 8)]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (dict(kernel_shape=(2, 2), kernel_stride=(1,)), "kernel_stride must be 2 positive numbers"),
        (dict(kernel_shape=(2, 2), kernel_stride=(0, 1)), "kernel_stride must be"),
        (dict(kernel_shape=(2, 2), pad="full"), "pad must be"),
        (dict(kernel_shape=(2, 2), pad=(1, 1, 1)), "pad must be"),
        (dict(kernel_shape=()), "at least one axis"),
    ],
)
def test_conv_refuses_at_once(arguments: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        tn.Conv(**arguments)


def test_conv_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"kernel of shape \(5,\) does not fit into .* \(4,\)"):
        tn.Conv((5,))(place(4))
    with pytest.raises(ValueError, match="needs more axes"):
        tn.Conv((2, 2))(place(4))


@pytest.mark.parametrize(("out_shape", "stride"), [((), None), ((5,), (2, 2)), ((2, 3), (1, 3))])
def test_conv2d_is_same_size_flipped_then_every_stride(out_shape: Any, stride: Any) -> None:
    from scipy import ndimage

    out = tn.Conv2D((3, 2), out_shape, stride, tn.Linear())(place(7, 8, 2))
    module = out.module.double()
    net = module.net
    x = np.random.default_rng(0).normal(size=(7, 8, 2))
    kernels = net.weights.reshape(-1, 3, 2, 2)
    images = [
        sum(ndimage.convolve(x[..., c], k[..., c], mode="constant") for c in range(2))
        for k in kernels
    ]
    down, across = stride or (1, 1)
    expected = np.stack(images, -1)[::down, ::across]
    expected = expected.reshape(*expected.shape[:2], *out_shape)
    with tn.no_grad():
        assert np.allclose(module(tn.from_numpy(x[None]))[0].numpy(), expected)
    assert_right_gradients(module, (7, 8, 2))


def test_conv2d_is_for_images() -> None:
    with pytest.raises(ValueError, match="two axes"):
        tn.Conv2D((3,))
    with pytest.raises(ValueError, match="at least two axes"):
        tn.Conv2D((3, 3))(place(5))


@pytest.mark.parametrize("spec", [1, (1, 2), ((1, 2), (0, 3))])
def test_unpad_undoes_pad(spec: Any) -> None:
    x = np.arange(6.0).reshape(2, 3)
    assert (tn.unpad(np.pad(x, spec), spec) == x).all()
    assert (tn.unpad(tn.from_numpy(np.pad(x, spec)), spec).numpy() == x).all()
    with pytest.raises(ValueError, match="does not fit"):
        tn.unpad(x, 4)


def test_the_network_of_the_convolution_notebook_learns() -> None:
    layers = [tn.Conv((5, 5), (5,), kernel_stride=(1, 1), pad=True) for _ in range(3)]
    system = network(*layers, tn.Dense((26,), activation=tn.Sigmoid()), shape=(12, 12))
    image, truth = np.random.default_rng(0).random((12, 12)), np.eye(26)[3]
    losses = []
    for _ in range(30):
        _, state = system.guess([image], return_state=True)
        system.learn(state, [truth], method="adam", scale=1e-3)
        losses.append(state.loss)
    assert losses[-1] < 0.1 * losses[0]
