"""The bricks: neuron nets alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn


class Steep(tn.ReLU):
    """A subclass counts as what it descends from."""


@pytest.mark.parametrize(
    ("init", "activation", "variance"),
    [
        (None, tn.ReLU(), 2 / 400),
        (None, Steep(), 2 / 400),
        (None, tn.Tanh(), 2 / (400 + 200)),
        ("he", tn.Tanh(), 2 / 400),
        ("xavier", tn.ReLU(), 2 / (400 + 200)),
        ("lecun", tn.Tanh(), 1 / 400),
        ("none", tn.Tanh(), 0.0),
    ],
)
def test_initial_weights(init: Any, activation: Any, variance: float) -> None:
    net = tn.NeuronNet(400, 200, activation, init=init)
    assert net.weights.shape == (200, 400)
    assert net.weights.var() == pytest.approx(variance, rel=0.05)
    assert not net.biases.any()


def test_initial_weights_as_a_pair() -> None:
    net = tn.NeuronNet(2, 1, tn.Linear(), init=(np.array([[3.0, 4.0]]), np.array([5.0])))
    assert net.weights.tolist() == [[3.0, 4.0]]
    assert net.activate([1, 1]).tolist() == [12.0]
    with pytest.raises(ValueError, match=r"init of shape \(1, 3\), expected \(1, 2\)"):
        tn.NeuronNet(2, 1, tn.Linear(), init=(np.ones((1, 3)), np.ones(1)))


def test_unknown_init_lists_the_known_ones() -> None:
    with pytest.raises(ValueError, match="he, xavier, lecun, none"):
        tn.NeuronNet(2, 1, tn.Linear(), init="glorot")


def test_calculate_grad_adds_to_the_errors_of_the_inputs() -> None:
    net = tn.NeuronNet(3, 2, tn.Tanh()).double()
    x, error, errors = np.array([0.1, -0.2, 0.3]), np.array([1.0, -2.0]), np.ones(3)
    a = net.activate(x)
    found = net.calculate_grad(x, errors, a, error)
    slope = error * (1 - a * a)
    assert np.allclose(errors, 1 + net.weights.T @ slope)
    assert np.allclose(found["weight"], np.outer(slope, x))
    assert np.allclose(found["bias"], slope)


@pytest.mark.parametrize("method", [None, "sgd", "rmsprop", "adam"])
def test_apply_grad(method: str | None) -> None:
    net = tn.NeuronNet(3, 2, tn.Tanh())
    before, x = net.weights.copy(), np.ones(3)
    found = net.calculate_grad(x, np.zeros(3), net.activate(x), np.ones(2))
    net.apply_grad(x, found, scale=0.1, method=method)
    assert (np.sign(before - net.weights) == np.sign(found["weight"])).all()
    if method in (None, "sgd"):
        assert np.allclose(before - net.weights, 0.1 * found["weight"])


def test_apply_grad_of_other_shapes_changes_nothing() -> None:
    net = tn.NeuronNet(3, 2, tn.Tanh())
    before = net.weights.copy()
    with pytest.raises(ValueError, match=r"gradient of weight has shape \(1,\), expected \(2, 3\)"):
        net.apply_grad(None, {"weight": np.ones(1), "bias": np.ones(2)})
    assert (net.weights == before).all()


def test_constant_net_is_never_changed() -> None:
    net = tn.ConstantNet([1.0, 2.0])
    assert isinstance(net, tn.NeuronNet)
    assert net.activate().tolist() == [1.0, 2.0]
    assert net.calculate_grad(None, None, None, np.ones(2)) == {}
    net.apply_grad(None, {})
    assert net.activate(np.ones(7)).tolist() == [1.0, 2.0]
    assert not list(net.parameters())


def test_activation_net_has_no_weights_and_passes_the_gradient() -> None:
    net, errors = tn.ActivationNet(2, 2, activation=tn.Tanh()), np.zeros(2)
    x = np.array([0.5, -1.0])
    assert net.weights.shape == net.biases.shape == (0,)
    assert net.calculate_grad(x, errors, net.activate(x), np.ones(2)) == {}
    assert np.allclose(errors, 1 - np.tanh(x) ** 2)


@pytest.mark.parametrize("kernel", [(3, 3), (2, 3), (4, 5), (1, 2)])
def test_conv2d_net_is_scipys_convolution(kernel: tuple[int, int]) -> None:
    from scipy import ndimage

    net = tn.Conv2DNet(kernel, 1, 1, tn.Linear()).double()
    image = np.random.default_rng(0).normal(size=(6, 7))
    expected = ndimage.convolve(image, net.weights.reshape(kernel), mode="constant")
    assert np.allclose(net.activate(image[..., None])[..., 0], expected)


def test_weights_may_be_assigned() -> None:
    net = tn.NeuronNet(3, 2, tn.Tanh())
    memory = net.weights
    given = np.arange(6.0).reshape(2, 3)
    net.weights = given
    net.biases -= 1
    assert net.weights is memory
    assert (net.weight.detach().numpy() == given).all()
    assert (net.bias == -1).all()
    with pytest.raises(ValueError, match=r"weights of shape \(3,\), expected \(2, 3\)"):
        net.weights = np.ones(3)
