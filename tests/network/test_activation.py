"""Activations: values, slopes, and one's own by its forward alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from tests.network.slopes import learned, network, place

Z = np.linspace(-3, 3, 13)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        (tn.Linear(), Z),
        (tn.Sigmoid(), 1 / (1 + np.exp(-Z))),
        (tn.Tanh(), np.tanh(Z)),
        (tn.ReLU(), np.where(Z > 0, Z, 0.01 * Z)),
        (tn.ReLU(alpha=0), np.maximum(Z, 0)),
        (tn.ReLU(alpha=-0.5), np.where(Z > 0, Z, -0.5 * Z)),
    ],
    ids=str,
)
def test_values_of_arrays_and_of_tensors(activation: Any, expected: Any) -> None:
    assert np.allclose(activation.a(Z), expected)
    assert isinstance(activation.a(Z), np.ndarray)
    assert np.allclose(activation(tn.from_numpy(Z)).numpy(), expected)


@pytest.mark.parametrize("activation", [tn.Linear(), tn.Sigmoid(), tn.Tanh(), tn.ReLU()], ids=str)
def test_slope_from_the_output_is_the_slope_from_the_argument(activation: Any) -> None:
    z = Z[Z != 0]
    assert np.allclose(activation.da_dz(activation.a(z)), activation.da_dz(z=z))


def test_the_base_says_what_to_write() -> None:
    with pytest.raises(NotImplementedError, match=r"must define a\(self, z\)"):
        tn.Activation().a(Z)
    with pytest.raises(NotImplementedError, match="give z="):
        tn.Activation().da_dz(Z)
    with pytest.raises(TypeError, match="either the output a or z="):
        tn.Tanh().da_dz()


def test_relu_is_leaky_by_default() -> None:
    assert tn.ReLU().alpha == 0.01
    assert repr(tn.ReLU()) == "ReLU(alpha=0.01)"


def test_the_function_sigmoid_is_there() -> None:
    assert tn.sigmoid(tn.tensor([0.0])).item() == 0.5


class Bump(tn.Activation):
    def a(self, z: Any) -> Any:
        return np.exp(-z * z)


@pytest.mark.parametrize(
    "activation", [Bump(), nn.GELU(), tn.tanh], ids=["own", "module", "function"]
)
def test_any_activation_trains(activation: Any) -> None:
    system = network(tn.Dense((4,), activation), tn.Dense((2,)), shape=(3,))
    assert learned(system, [np.ones(3)], [np.ones(2)]) == {n for n, _ in system.named_parameters()}


def test_an_activation_with_weights_is_copied_for_each_place() -> None:
    dense = tn.Dense((4,), nn.PReLU())
    first, second = dense(place(3)), dense(place(3))
    assert first.module.activation is not second.module.activation


@pytest.mark.parametrize("wrong", [tn.Tanh, "tanh", 3])
def test_a_class_or_a_name_is_no_activation(wrong: Any) -> None:
    with pytest.raises(TypeError, match="Dense: activation must be"):
        tn.Dense((4,), activation=wrong)
