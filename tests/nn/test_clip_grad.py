"""Clipping of gradients, and parameters as one vector, against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn

GRADS = [np.array([[3.0, -4.0]], np.float32), np.array([0.5, 12.0, -1.0], np.float32)]


def parameters(library: Any, scale: float = 1.0) -> list[Any]:
    made = []
    for values in GRADS:
        p = library.nn.Parameter(library.zeros(*values.shape))
        p.grad = library.tensor(values * np.float32(scale))
        made.append(p)
    return [*made, library.nn.Parameter(library.zeros(3))]


@pytest.mark.parametrize("norm_type", [2.0, 1.0, 3.0, 0.5, float("inf"), -float("inf"), "inf"])
@pytest.mark.parametrize("max_norm", [0.7, 100.0])
def test_clip_grad_norm(torch: Any, norm_type: Any, max_norm: float) -> None:
    results = []
    for library in (tn, torch):
        ps = parameters(library)
        total = library.nn.utils.clip_grad_norm_(ps, max_norm, norm_type)
        results.append([total.numpy(), *(p.grad.numpy() for p in ps[:2])])
        assert ps[2].grad is None
    for ours, theirs in zip(*results):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_total_norm_and_its_use(torch: Any) -> None:
    ours, theirs = parameters(tn), parameters(torch)
    total = nn.utils.get_total_norm([p.grad for p in ours[:2]])
    expected = torch.nn.utils.get_total_norm([p.grad for p in theirs[:2]])
    assert float(total) == pytest.approx(float(expected))
    nn.utils.clip_grads_with_norm_(ours, 1.0, total)
    torch.nn.utils.clip_grads_with_norm_(theirs, 1.0, expected)
    np.testing.assert_allclose(ours[1].grad.numpy(), theirs[1].grad.numpy(), rtol=1e-6)
    assert float(nn.utils.clip_grad_norm_([], 1.0)) == 0.0
    assert float(nn.utils.clip_grad_norm_(ours[0], 1e9)) > 0  # one tensor alone


def test_norms_that_are_not_finite() -> None:
    for bad in (np.nan, np.inf):
        ps = parameters(tn, bad)
        assert not np.isfinite(float(nn.utils.clip_grad_norm_(ps, 1.0)))
        with pytest.raises(RuntimeError, match="non-finite"):
            nn.utils.clip_grad_norm_(parameters(tn, bad), 1.0, error_if_nonfinite=True)


def test_half_precision_gradients_do_not_overflow() -> None:
    p = nn.Parameter(tn.zeros(100, dtype=tn.float16))
    p.grad = tn.full((100,), 300.0, dtype=tn.float16)
    total = nn.utils.clip_grad_norm_([p], 1.0)
    assert total.dtype == tn.float16
    assert float(total) == 3000.0
    assert float(p.grad[0]) == pytest.approx(0.1, rel=1e-2)


def test_clip_grad_value(torch: Any) -> None:
    ours, theirs = parameters(tn), parameters(torch)
    nn.utils.clip_grad_value_(ours, 1.0)
    torch.nn.utils.clip_grad_value_(theirs, 1.0)
    for a, b in zip(ours[:2], theirs):
        assert a.grad.tolist() == b.grad.tolist()


def test_clipping_is_a_write_that_is_noticed() -> None:
    p = parameters(tn)[0]
    saved = p.grad.requires_grad_()
    result = saved * saved
    nn.utils.clip_grad_norm_([p], 0.1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation: mul"):
        result.sum().backward()


def test_the_old_name_warns() -> None:
    with pytest.warns(FutureWarning, match="clip_grad_norm_"):
        nn.utils.clip_grad_norm(parameters(tn), 1.0)


def test_parameters_as_a_vector(torch: Any) -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
    vector = nn.utils.parameters_to_vector(net.parameters())
    assert vector.shape == (13,)
    vector.sum().backward()
    assert net[0].weight.grad.tolist() == [[1.0, 1.0]] * 3
    new = tn.arange(13.0)
    nn.utils.vector_to_parameters(new, net.parameters())
    assert net[0].weight.tolist() == [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]]
    assert net[1].bias.tolist() == [12.0]
    assert type(net[0].weight) is nn.Parameter
    with pytest.raises(ValueError, match="13 elements"):
        nn.utils.vector_to_parameters(tn.zeros(5), net.parameters())
    with pytest.raises(TypeError, match="expected a Tensor"):
        nn.utils.vector_to_parameters([1.0], net.parameters())  # type: ignore[arg-type]
