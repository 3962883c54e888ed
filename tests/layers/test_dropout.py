"""Dropout leaves out the promised part, whole channels where it should, in training alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from tests.layers.against import compare, normal

FAMILY = {
    "Dropout": (40, 50),
    "Dropout1d": (40, 50, 3),
    "Dropout2d": (40, 50, 2, 2),
    "Dropout3d": (40, 50, 2, 1, 2),
    "AlphaDropout": (40, 50),
    "FeatureAlphaDropout": (40, 50, 3),
}


@pytest.mark.parametrize("name", FAMILY)
def test_evaluation_changes_nothing(torch: Any, name: str) -> None:
    inputs = [normal(*(2 for _ in FAMILY[name]))]
    compare(torch, name, (0.3,), {}, inputs=inputs, modes=[False])
    compare(torch, name, (), {"p": 0.0}, inputs=inputs, modes=[True, False])


@pytest.mark.parametrize("name", ["Dropout", "Dropout1d", "Dropout2d", "Dropout3d"])
def test_the_rest_is_scaled_and_gradients_follow(name: str) -> None:
    x = tn.ones(*FAMILY[name], requires_grad=True)
    out = getattr(nn, name)(0.25)(x)
    values = out.detach().numpy()
    assert set(np.unique(values.round(4))) == {0.0, np.float32(1.3333)}
    assert (values == 0).mean() == pytest.approx(0.25, abs=0.04)
    out.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), values)  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"])
def test_whole_channels_go(name: str) -> None:
    values = getattr(nn, name)(0.5)(tn.ones(*FAMILY[name])).numpy()
    flat = values.reshape(*values.shape[:2], -1)
    assert (flat == flat[:, :, :1]).all()
    assert 0.4 < (flat[:, :, 0] == flat.min()).mean() < 0.6


@pytest.mark.parametrize("name", ["AlphaDropout", "FeatureAlphaDropout"])
def test_alpha_dropout_keeps_mean_and_variance(name: str) -> None:
    x = tn.tensor(np.random.default_rng(0).standard_normal((300, 100, 1)).astype(np.float32))
    values = getattr(nn, name)(0.3)(x).numpy()
    assert values.mean() == pytest.approx(0.0, abs=0.02)
    assert values.std() == pytest.approx(1.0, abs=0.02)


def test_all_or_nothing() -> None:
    x = tn.ones(5, requires_grad=True)
    out = nn.Dropout(1.0)(x)
    assert out.tolist() == [0.0] * 5
    out.sum().backward()
    assert x.grad.tolist() == [0.0] * 5  # type: ignore[union-attr]


def test_in_place() -> None:
    x = tn.ones(1000)
    assert nn.Dropout(0.5, inplace=True)(x) is x
    assert 0.4 < float((x.numpy() == 0).mean()) < 0.6


def test_the_seed_decides() -> None:
    x = tn.ones(100)
    tn.manual_seed(3)
    first = nn.Dropout()(x).tolist()
    tn.manual_seed(3)
    assert nn.Dropout()(x).tolist() == first
    assert nn.Dropout()(x).tolist() != first


@pytest.mark.parametrize("p", [-0.1, 1.5])
def test_impossible_probabilities_are_refused(p: float) -> None:
    with pytest.raises(ValueError, match=f"between 0 and 1, but got {p}"):
        nn.Dropout(p)
