"""Functions that ``torch`` and ``torch.nn.functional`` call otherwise: ``tn.`` follows the former."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.testing.sample import make_array

X, W, M, V = (make_array(*s, seed=k, low=0.5) for k, s in enumerate([(4, 3), (3,), (3,), (3,)]))
SERIES, IMAGE = make_array(4, 3, 5, seed=4), make_array(1, 2, 4, 4, seed=5)
TABLE, INDICES = make_array(6, 2, seed=6), np.array([1, 5, 0, 5])
P, Q = make_array(4, seed=7, low=0.1), make_array(4, seed=8, low=0.1)
SIGN = np.array([1.0, -1.0, 1.0, -1.0])

CALLS: list[tuple[str, tuple[Any, ...]]] = [
    ("batch_norm", (X, W, M, V, W, True, 0.1, 1e-5, False)),
    ("batch_norm", (X, None, None, M, V, False, 0.1, 1e-5, False)),
    ("instance_norm", (SERIES, W, M, None, None, True, 0.1, 1e-5, False)),
    ("native_layer_norm", (SERIES, [3, 5], None, None, 1e-5)),
    ("native_group_norm", (SERIES, W, M, 4, 3, 5, 3, 1e-5)),
    ("native_batch_norm", (X, W, M, None, None, True, 0.1, 1e-5)),
    ("native_batch_norm", (X, W, M, V, W, False, 0.1, 1e-5)),
    ("dropout", (X, 0.5, False)),
    ("feature_dropout", (X, 0.0, True)),
    ("native_dropout", (X, 0.0, True)),
    ("embedding", (TABLE, INDICES)),
    ("embedding", (TABLE, INDICES, 5)),
    ("convolution", (SERIES, make_array(2, 3, 2), None, [1], [1], [1], False, [0], 1)),
    ("convolution", (IMAGE, make_array(2, 3, 2, 2), W, [2], [0], [1], True, [1], 1)),
    ("grid_sampler", (IMAGE, make_array(1, 3, 3, 2), 0, 1, True)),
    ("grid_sampler_2d", (IMAGE, make_array(1, 3, 3, 2), 1, 0, False)),
    ("affine_grid_generator", (make_array(1, 2, 3), [1, 1, 2, 3], True)),
    ("binary_cross_entropy_with_logits", (P, Q, None, None, 0)),
    ("kl_div", (P, Q, 2)),
    ("poisson_nll_loss", (P, Q, True, False, 1e-8, 1)),
    ("hinge_embedding_loss", (P, SIGN, 0.5, 2)),
    ("margin_ranking_loss", (P, Q, SIGN, 0.5, 0)),
    ("cosine_embedding_loss", (X, X[::-1], SIGN, 0.1, 0)),
    ("triplet_margin_loss", (X, X[::-1], X + 1, 1.0, 2.0, 1e-6, False, 2)),
]


@pytest.mark.parametrize(("name", "args"), CALLS, ids=lambda v: v if isinstance(v, str) else "")
def test_they_take_what_pytorch_takes(torch: Any, name: str, args: tuple[Any, ...]) -> None:
    def turned(make: Any) -> list[Any]:
        return [make(a.copy()) if isinstance(a, np.ndarray) else a for a in args]

    found = getattr(tn, name)(*turned(tn.tensor))
    expected = getattr(torch, name)(*turned(torch.tensor))
    several = isinstance(expected, tuple)
    for ours, theirs in zip(found, expected, strict=True) if several else [(found, expected)]:
        assert tuple(ours.shape) == tuple(theirs.shape)
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("mode", [0, 1, 2])
def test_bags_begin_with_the_table(torch: Any, mode: int) -> None:
    offsets = np.array([0, 1])
    ours = tn.embedding_bag(*(tn.tensor(a) for a in (TABLE, INDICES, offsets)), mode=mode)
    theirs = torch.embedding_bag(*(torch.tensor(a) for a in (TABLE, INDICES, offsets)), mode=mode)
    assert len(ours) == len(theirs)
    np.testing.assert_allclose(ours[0], theirs[0])


def test_rows_are_shortened_in_place(torch: Any) -> None:
    ours, theirs = tn.tensor(TABLE), torch.tensor(TABLE)
    assert tn.embedding_renorm_(ours, tn.tensor(INDICES), 0.5, 2.0) is ours
    torch.embedding_renorm_(theirs, torch.tensor(INDICES), 0.5, 2.0)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize("name", ["dropout_", "alpha_dropout_", "feature_dropout_"])
def test_dropout_in_place(name: str) -> None:
    x = tn.ones(50, 4)
    assert getattr(tn, name)(x, 0.5, True) is x
    assert (x != 1).any()


def test_a_mask_comes_with_dropout() -> None:
    values, mask = tn.native_dropout(tn.ones(100), 0.5, True)
    assert mask.dtype == tn.bool
    np.testing.assert_array_equal(values, mask.float() * 2)


def test_training_must_be_said() -> None:
    with pytest.raises(TypeError, match="train"):
        tn.dropout(tn.ones(2), 0.5)
    with pytest.raises(RuntimeError, match="3 to 5 dimensions"):
        tn.convolution(tn.ones(1, 2), tn.ones(1, 2), None, [1], [0], [1], False, [0], 1)
    with pytest.raises(TypeError, match="at most 3 arguments"):
        tn.kl_div(tn.ones(1), tn.ones(1), 1, 2)
