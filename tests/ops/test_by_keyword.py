"""Every argument may be given by its name in PyTorch, also those that are usually given one by one."""

from __future__ import annotations

from typing import Any

import pytest

import autotn as tn

CALLS = [
    "T.zeros(size=(2, 3))",
    "T.ones(size=[2])",
    "T.empty(size=(2,)) * 0",
    "T.rand(size=(2, 3)) * 0",
    "T.randn(size=(2, 3)) * 0",
    "T.randint(low=0, high=1, size=(2,))",
    "T.full(size=(2,), fill_value=2)",
    "x.new_zeros(size=(2,))",
    "x.new_ones(size=(2,))",
    "x.new_empty(size=(2,)) * 0",
    "x.new_full(size=(2,), fill_value=3)",
    "x.view(size=(3,))",
    "x.view(dtype=T.int32)",
    "x.reshape(shape=(3,))",
    "x.permute(dims=(1, 0))",
    "x.expand(size=(2, 3))",
    "x.repeat(repeats=(2, 1))",
    "x.flip(dims=(1,))",
    "x.tile(dims=(2,))",
    "x.broadcast_to(size=(2, 3))",
    "x.broadcast_to(2, 3)",
    "x.sum_to_size(size=(1, 1))",
    "x.split(split_size=2, dim=1)[1]",
    "T.split(x, split_size_or_sections=2, dim=1)[1]",
    "T.broadcast_to(x, size=(2, 3))",
    "T.expand_copy(x, size=(2, 3))",
    "T.permute(x, dims=(1, 0))",
    "T.flip(x, dims=(1,))",
    "T.tile(x, dims=(2, 1))",
]


@pytest.mark.parametrize("call", CALLS)
def test_by_keyword(torch: Any, call: str) -> None:
    def made_by(T: Any) -> Any:
        return eval(call, {"T": T, "x": T.arange(3.0).reshape(1, 3)})

    found, expected = made_by(tn), made_by(torch)
    assert found.shape == tuple(expected.shape)
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize(
    "call",
    [
        "T.full((2,), -1, dtype=T.uint8)",
        "T.full_like(u, -1)",
        "u.new_full((2,), -2)",
        "T.tensor(-1, dtype=T.uint8)",
        "u.fill_(-1)",
        "u.copy_(2)",
        "T.full((2,), 1.7, dtype=T.int64)",
        "u.__setitem__(0, -3) or u",
        "T.full((2,), 300, dtype=T.uint8)",
        "u.__setitem__(0, 260) or u",
        "T.zeros(2, dtype=T.int64).fill_(float('nan'))",
    ],
)
def test_numbers_in_a_dtype_that_is_too_small(torch: Any, call: str) -> None:
    """Negative numbers wrap round in uint8; what is too large is refused."""

    def made_by(T: Any) -> Any:
        try:
            return eval(call, {"T": T, "u": T.zeros(2, dtype=T.uint8)}).tolist()
        except RuntimeError:
            return "refused"

    assert made_by(tn) == made_by(torch)
