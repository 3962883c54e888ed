"""Random programs of ops, views and in-place writes mean here what they mean in PyTorch."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import autotn as tn
from tests.core import fuzz


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_a_hundred_programs_agree_with_pytorch(torch: Any, first: int) -> None:
    """The long run is a command: ``python -m tests.core.fuzz --n 20000``."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        verdicts = [fuzz.run_program(seed) for seed in range(first, first + 100)]
    assert verdicts.count("agree") > 50


def run_programs(count: int) -> None:
    warnings.simplefilter("ignore")
    for seed in range(count):
        fuzz.run_program(seed)


@pytest.fixture
def tanh_without_derivative() -> Iterator[None]:
    op = tn.tanh.op
    right = op.rules["input"]
    op.rules["input"] = type(right)(lambda g: g * 1.0, op, "'input'")
    op.settle()
    yield
    op.rules["input"] = right
    op.settle()


@pytest.mark.usefixtures("tanh_without_derivative")
def test_the_comparison_notices_a_wrong_gradient(torch: Any) -> None:
    """Were `tanh` to lose its derivative, some of the programs would disagree."""
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        pytest.raises(fuzz.Disagreement, match=r"gradient \d"),
    ):
        run_programs(400)
