"""Parametrized weights: what they compute, what is saved, how they come and go."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.nn.utils import parametrizations, parametrize


class Symmetric(nn.Module):
    """The upper triangle, mirrored."""

    def forward(self, x: Any) -> Any:
        return x.triu() + x.triu(1).transpose(0, 1)

    def right_inverse(self, value: Any) -> Any:
        return value.triu()


class Doubled(nn.Module):
    """Twice the original."""

    def forward(self, x: Any) -> Any:
        return x * 2

    def right_inverse(self, value: Any) -> Any:
        return value / 2


class Product(nn.Module):
    """A product of two originals."""

    def forward(self, a: Any, b: Any) -> Any:
        return a * b

    def right_inverse(self, value: Any) -> Any:
        return value * 2, value * 0 + 0.5


def test_a_parametrized_weight_is_computed_and_its_original_trained() -> None:
    layer = nn.Linear(3, 3)
    before = layer.weight.detach().clone()
    parametrize.register_parametrization(layer, "weight", Symmetric())
    assert type(layer).__name__ == "ParametrizedLinear"
    assert isinstance(layer, nn.Linear)
    assert parametrize.type_before_parametrizations(layer) is nn.Linear
    assert parametrize.is_parametrized(layer)
    assert parametrize.is_parametrized(layer, "weight")
    assert not parametrize.is_parametrized(layer, "bias")
    weight = layer.weight
    assert weight.tolist() == weight.transpose(0, 1).tolist()
    assert weight.triu().tolist() == before.triu().tolist()
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original"]
    layer(tn.ones(1, 3)).sum().backward()
    original = layer.parametrizations.weight.original
    assert original.grad[2, 0] == 0
    assert original.grad[0, 2] == 2


def test_several_parametrizations_follow_each_other() -> None:
    layer = nn.Linear(2, 2)
    before = layer.weight.tolist()
    parametrize.register_parametrization(layer, "weight", Doubled())
    parametrize.register_parametrization(layer, "weight", Symmetric())
    assert len(layer.parametrizations.weight) == 2
    assert layer.weight.tolist()[0] == before[0]
    layer.weight = tn.tensor([[1.0, 2.0], [2.0, 3.0]])  # type: ignore[assignment]
    assert layer.weight.tolist() == [[1.0, 2.0], [2.0, 3.0]]
    assert layer.parametrizations.weight.original.tolist() == [[0.5, 1.0], [0.0, 1.5]]


def test_several_originals() -> None:
    layer = nn.Linear(2, 1)
    before = layer.weight.tolist()
    parametrize.register_parametrization(layer, "weight", Product())
    assert list(layer.state_dict()) == [
        "bias", "parametrizations.weight.original0", "parametrizations.weight.original1",
    ]  # fmt: skip
    np.testing.assert_allclose(layer.weight.tolist(), before)
    with pytest.raises(ValueError, match="has several"):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is nn.Linear
    assert type(layer.weight) is nn.Parameter
    np.testing.assert_allclose(layer.weight.tolist(), before)


@pytest.mark.parametrize("leave", [True, False])
def test_removal_keeps_the_parameter_object(leave: bool) -> None:
    layer = nn.Linear(2, 2)
    parameter = layer.weight
    parametrize.register_parametrization(layer, "weight", Symmetric())
    value, original = layer.weight.tolist(), parameter.tolist()
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=leave)
    assert layer.weight is parameter
    assert layer.weight.tolist() == (value if leave else original)
    assert list(layer.state_dict()) == ["bias", "weight"]
    with pytest.raises(ValueError, match="does not have a parametrization on weight"):
        parametrize.remove_parametrizations(layer, "weight")


def test_buffers_can_be_parametrized() -> None:
    module = nn.Module()
    module.register_buffer("b", tn.ones(2))
    parametrize.register_parametrization(module, "b", Doubled())
    assert module.b.tolist() == [1.0, 1.0]
    assert list(module.parameters()) == []
    parametrize.remove_parametrizations(module, "b")
    assert "b" in module._buffers


def test_the_cache_lasts_as_long_as_its_context() -> None:
    layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Symmetric())
    assert layer.weight is not layer.weight
    with parametrize.cached():
        with parametrize.cached():
            first = layer.weight
        assert layer.weight is first
    assert layer.weight is not first


def test_copies_are_independent_and_pickles_refused() -> None:
    layer = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Symmetric())
    twin = copy.deepcopy(layer)
    assert twin.weight.tolist() == layer.weight.tolist()
    parametrize.remove_parametrizations(layer, "weight")
    assert twin.weight.tolist() == layer.weight.tolist()
    assert parametrize.is_parametrized(twin)
    twin.weight = tn.zeros(2, 2)
    assert layer.weight.tolist() != [[0.0, 0.0], [0.0, 0.0]]
    with pytest.raises(RuntimeError, match="only supported through state_dict"):
        pickle.dumps(twin)


def test_states_and_conversions() -> None:
    one = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Symmetric())
    two = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Symmetric())
    two.load_state_dict(one.state_dict())
    assert two.weight.tolist() == one.weight.tolist()
    assert two.double().weight.dtype == tn.float64
    assert not two.eval().parametrizations.weight[0].training


def test_parametrizations_are_transferred() -> None:
    one = parametrize.register_parametrization(nn.Linear(2, 2), "weight", Symmetric())
    two = parametrize.transfer_parametrizations_and_params(one, nn.Linear(2, 2))
    assert two.weight.tolist() == one.weight.tolist()
    assert two.parametrizations.weight.original is one.parametrizations.weight.original
    plain = nn.Linear(1, 1)
    assert parametrize.transfer_parametrizations_and_params(plain, two) is two


class Shrinking(nn.Module):
    def forward(self, x: Any) -> Any:
        return x[:1]


class Widening(nn.Module):
    def forward(self, x: Any) -> Any:
        return x.double()


class Textual(nn.Module):
    def forward(self, x: Any) -> Any:
        return "text"


@pytest.mark.parametrize(
    ("name", "parametrization", "match"),
    [
        ("nothing", Symmetric(), "no parameter, buffer or parametrized tensor named 'nothing'"),
        ("weight", Shrinking(), "may not change the shape"),
        ("weight", Widening(), "may not change the dtype"),
        ("weight", Textual(), "must return a tensor"),
    ],
)
def test_impossible_parametrizations_are_refused(
    name: str, parametrization: Any, match: str
) -> None:
    layer = nn.Linear(2, 2)
    with pytest.raises(ValueError, match=match):
        parametrize.register_parametrization(layer, name, parametrization)
    assert type(layer) is nn.Linear
    assert "weight" in layer._parameters
    parametrize.register_parametrization(layer, "weight", Doubled())
    with pytest.raises(ValueError, match=r"may not change|must return|no parameter"):
        parametrize.register_parametrization(layer, name, parametrization)
    assert len(layer.parametrizations.weight) == 1


def test_unsafe_parametrizations_may_change_the_shape() -> None:
    layer = parametrize.register_parametrization(
        nn.Linear(2, 2), "weight", Shrinking(), unsafe=True
    )
    assert layer.weight.shape == (1, 2)
    with pytest.raises(RuntimeError, match="has no right_inverse"):
        layer.weight = tn.ones(1, 2)


# --------------------------------------------------------------------- ready-made ones


def both(torch: Any, ours: Any, theirs: Any, tolerance: float = 1e-5) -> None:
    """Load PyTorch's state; weights, outputs and gradients are equal, in training and after."""
    ours.load_state_dict(theirs.state_dict())
    x = np.random.default_rng(1).standard_normal((4, 3)).astype(np.float32)
    for mode in (True, False):
        ours.train(mode)
        theirs.train(mode)
        out, expected = ours(tn.tensor(x)), theirs(torch.tensor(x))
        np.testing.assert_allclose(out.tolist(), expected.tolist(), rtol=tolerance, atol=tolerance)
        (out * out).sum().backward()
        (expected * expected).sum().backward()
    named = dict(ours.named_parameters())
    for name, parameter in theirs.named_parameters():
        np.testing.assert_allclose(
            named[name].grad.tolist(), parameter.grad.tolist(), rtol=1e-3, atol=1e-4, err_msg=name
        )
    buffers = dict(ours.named_buffers())
    for name, buffer in theirs.named_buffers():
        np.testing.assert_allclose(buffers[name].tolist(), buffer.tolist(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm(torch: Any, dim: Any) -> None:
    ours = parametrizations.weight_norm(nn.Linear(3, 2), dim=dim)
    theirs = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 2), dim=dim)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    both(torch, ours, theirs)


def test_weight_norm_loads_what_the_former_one_saved(torch: Any) -> None:
    with pytest.warns(FutureWarning):
        old = torch.nn.utils.weight_norm(torch.nn.Linear(3, 2))
    ours = parametrizations.weight_norm(nn.Linear(3, 2))
    ours.load_state_dict(old.state_dict())
    np.testing.assert_allclose(ours.weight.tolist(), old.weight.tolist(), rtol=1e-6)


def test_the_former_weight_norm(torch: Any) -> None:
    with pytest.warns(FutureWarning):
        ours, theirs = (
            nn.utils.weight_norm(nn.Linear(3, 2)),
            torch.nn.utils.weight_norm(torch.nn.Linear(3, 2)),
        )
    assert list(ours.state_dict()) == list(theirs.state_dict())
    both(torch, ours, theirs)
    weight = ours.weight.tolist()
    with pytest.warns(FutureWarning), pytest.raises(RuntimeError, match="two weight_norm hooks"):
        nn.utils.weight_norm(ours)
    nn.utils.remove_weight_norm(ours)
    assert list(ours.state_dict()) == ["bias", "weight"]
    np.testing.assert_allclose(ours.weight.tolist(), weight, rtol=1e-6)
    with pytest.raises(ValueError, match="not found"):
        nn.utils.remove_weight_norm(ours)


@pytest.mark.parametrize("steps", [1, 3])
def test_spectral_norm(torch: Any, steps: int) -> None:
    ours = parametrizations.spectral_norm(nn.Linear(3, 2), n_power_iterations=steps)
    theirs = torch.nn.utils.parametrizations.spectral_norm(
        torch.nn.Linear(3, 2), n_power_iterations=steps
    )
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert np.linalg.norm(ours.eval().weight.detach().numpy(), 2) == pytest.approx(1, abs=0.02)
    both(torch, ours, theirs)


def test_spectral_norm_of_a_vector(torch: Any) -> None:
    modules = []
    for library in (tn, torch):
        module = library.nn.Module()
        module.weight = library.nn.Parameter(library.tensor([3.0, 4.0]))
        library.nn.utils.parametrizations.spectral_norm(module)
        modules.append(module.weight.tolist())
    np.testing.assert_allclose(modules[0], [0.6, 0.8], rtol=1e-6)
    np.testing.assert_allclose(modules[0], modules[1], rtol=1e-6)


def test_the_former_spectral_norm(torch: Any) -> None:
    ours = nn.utils.spectral_norm(nn.Linear(3, 2))
    theirs = torch.nn.utils.spectral_norm(torch.nn.Linear(3, 2))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert ours.state_dict()._metadata == theirs.state_dict()._metadata
    both(torch, ours, theirs)
    with pytest.raises(RuntimeError, match="two spectral_norm hooks"):
        nn.utils.spectral_norm(ours)
    nn.utils.remove_spectral_norm(ours)
    assert list(ours.state_dict()) == ["bias", "weight"]
    assert not ours._state_hooks
    with pytest.raises(ValueError, match="not found"):
        nn.utils.remove_spectral_norm(ours)


@pytest.mark.parametrize("shape", [(3, 3), (3, 2), (3, 5)])
@pytest.mark.parametrize("kind", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("trivialized", [True, False])
def test_orthogonal(torch: Any, shape: Any, kind: str, trivialized: bool) -> None:
    def build(library: Any) -> Any:
        layer = library.nn.Linear(*shape)
        return library.nn.utils.parametrizations.orthogonal(
            layer, orthogonal_map=kind, use_trivialization=trivialized
        )

    ours, theirs = build(tn), build(torch)
    assert repr(ours) == repr(theirs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    weight = ours.weight.detach().numpy()
    product = weight @ weight.T if weight.shape[0] <= weight.shape[1] else weight.T @ weight
    np.testing.assert_allclose(product, np.eye(len(product)), atol=1e-5)
    both(torch, ours, theirs, 1e-4)
    if trivialized or kind == "householder":
        target = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
        target = target[: weight.shape[0], : weight.shape[1]]
        target = np.linalg.qr(target if target.shape[0] >= target.shape[1] else target.T)[0]
        target = target if target.shape == weight.shape else target.T
        ours.weight = tn.tensor(target.astype(np.float32))
        np.testing.assert_allclose(ours.weight.detach().numpy(), target, atol=1e-5)
    else:
        with pytest.raises(NotImplementedError, match="use_trivialization=False"):
            ours.weight = tn.zeros(*weight.shape)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: parametrizations.orthogonal(nn.Linear(2, 2), "nothing"), ValueError, "nothing"),
        (lambda: parametrizations.orthogonal(nn.Linear(2, 2), "bias"), ValueError, "1 dimensions"),
        (
            lambda: parametrizations.orthogonal(nn.Linear(2, 2), orthogonal_map="qr"),
            ValueError,
            "Got: qr",
        ),
        (lambda: parametrizations.spectral_norm(nn.Linear(2, 2), "no"), ValueError, "'no'"),
        (lambda: parametrizations.spectral_norm(nn.Linear(2, 2), dim=5), IndexError, "but got 5"),
        (
            lambda: parametrizations.spectral_norm(nn.Linear(2, 2), n_power_iterations=0),
            ValueError,
            "to be positive",
        ),
        (
            lambda: nn.utils.spectral_norm(nn.Linear(2, 2), n_power_iterations=0),
            ValueError,
            "to be positive",
        ),
    ],
)
def test_impossible_arguments_are_refused(make: Any, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        make()


def test_values_that_will_be_loaded_need_no_start() -> None:
    layer = nn.utils.skip_init(nn.Linear, 2, 3, bias=False)
    assert type(layer) is nn.Linear
    assert layer.weight.shape == (3, 2)
    with pytest.raises(RuntimeError, match="Expected a Module"):
        nn.utils.skip_init(dict)
    assert repr(nn.utils.skip_init(nn.Identity)) == "Identity()"
