"""A tensor prints as PyTorch's does, to the letter but for the package's name (``tn.float64``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autotn as tn

nan, inf = float("nan"), float("inf")

VALUES: dict[str, Any] = {
    "a float": 1.5, "a whole float": 2.0, "an int": 3, "a bool": True, "a complex": 1 + 2j,
    "no elements": [], "no rows": np.zeros((0, 3), np.float32), "no columns": np.zeros((2, 0), np.float32),
    "whole floats": [1.0, 2.0, 30.0], "floats": [1.0, 2.5, -3.25], "long fractions": [1 / 3, 2 / 3],
    "tiny": [1e-8, 1.0], "huge": [1e10, 1.0], "all tiny": [1e-8, 2e-9], "wide range": [1e-5, 1e5],
    "nan and inf": [nan, inf, -inf, 1.0], "only nan": [nan, nan], "whole and nan": [1.0, nan],
    "negative zero": [-0.0, 0.0], "ints": [1, -20, 300], "bools": [[True, False], [False, True]],
    "matrix": [[1.0, 2.0], [3.0, 4.5]], "cube": np.arange(8.0, dtype=np.float32).reshape(2, 2, 2),
    "four dimensions": np.arange(16.0, dtype=np.float32).reshape(2, 2, 2, 2),
    "long vector": np.arange(40.0, dtype=np.float32), "long ints": np.arange(60),
    "summarised vector": np.arange(2000.0, dtype=np.float32),
    "summarised matrix": np.arange(10_000.0, dtype=np.float32).reshape(100, 100),
    "summarised cube": np.arange(8000).reshape(20, 20, 20), "wide matrix": np.arange(64).reshape(2, 32) * 1000,
    "double": np.array([1.5, 2.25]), "half": np.array([1.5], np.float16), "bytes": np.array([1, 2], np.uint8),
    "int32": np.array([1, 2], np.int32), "complexes": [1 + 2j, -0.5j], "rows of one": [[1.0], [22.5]],
    "large whole": [123456.0, 1.0], "large": [123456.789, 1.0],
}  # fmt: skip


def in_our_words(text: str) -> str:
    return text.replace("torch.", "tn.")


@pytest.fixture(autouse=True)
def default_options(torch: Any) -> Iterator[None]:
    yield
    for T in (tn, torch):
        T.set_printoptions(profile="default")
        T.set_printoptions(sci_mode=None)


@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_values(torch: Any, value: Any) -> None:
    assert repr(tn.tensor(value)) == in_our_words(repr(torch.tensor(value)))


@pytest.mark.parametrize(
    "options",
    [
        {"precision": 2}, {"precision": 7}, {"threshold": 5}, {"edgeitems": 1, "threshold": 5},
        {"linewidth": 30}, {"sci_mode": True}, {"sci_mode": False}, {"profile": "short"}, {"profile": "full"},
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("name", ["floats", "wide range", "cube", "long vector", "ints", "matrix"])
def test_options(torch: Any, options: dict[str, Any], name: str) -> None:
    printed = []
    for T in (tn, torch):
        T.set_printoptions(**options)
        printed.append(repr(T.tensor(VALUES[name])))
    assert printed[0] == printed[1]


def test_history_is_shown(torch: Any) -> None:
    for make in (
        lambda T: T.tensor([1.0], requires_grad=True),
        lambda T: T.tensor([1.0], requires_grad=True) * 2,
        lambda T: (T.tensor([[1.0, 2.0]], requires_grad=True) * 2).sum(),
        lambda T: T.nn.Parameter(T.tensor([1.0, 2.0])),
        lambda T: T.tensor([1.0], dtype=T.float64, requires_grad=True),
    ):
        assert repr(make(tn)) == in_our_words(repr(make(torch)))


def test_numbers_can_be_formatted(torch: Any) -> None:
    for T in (tn, torch):
        x = T.tensor(3.14159)
        assert f"{x:.2f}" == "3.14"
    assert f"{tn.tensor([1.0])}" == f"{torch.tensor([1.0])}"
    assert str(tn.ones(2).shape) == "tn.Size([2])"
