"""What a row is, how it is declared, and what rows share: data and weights made by NumPy."""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """A row made ready in one library.

    ``step`` does the work once and returns its loss, if it has one. ``units`` says how many ops
    or nodes one step has: times are given per unit. ``check`` returns the numbers both libraries
    must agree on; without it they are the losses of the first three steps. ``prepare`` is called
    once before steps are timed.
    """

    step: Callable[[], Any]
    units: int = 1
    check: Callable[[], list[float]] | None = None
    prepare: Callable[[], Any] = lambda: None

    def numbers(self) -> list[float]:
        if self.check is not None:
            return self.check()
        return [self.step().item() for _ in range(3)]


@dataclass(frozen=True)
class Row:
    """One line of the table: how to build its case, and what it is expected to show."""

    key: str
    title: str
    build: Callable[[Any], Case]
    goal: float | None
    training: bool
    beside: tuple[str, ...]
    tolerance: float
    goal_fast: float | None = None
    slow_because: str | None = None

    def goal_of(self, library: str) -> float | None:
        """The goal of plain autotn, or of autotn with the extra ``fast``."""
        return self.goal_fast if library.endswith("[fast]") and self.goal_fast else self.goal


ROWS: dict[str, Row] = {}

#: Why large products of matrices take their time.
OPENBLAS = "OpenBLAS, which comes with NumPy, reaches some eight tenths of the speed of MKL"


def row(
    title: str,
    *,
    goal: float | None = None,
    goal_fast: float | None = None,
    training: bool = False,
    beside: tuple[str, ...] = (),
    tolerance: float = 1e-4,
    slow_because: str | None = None,
) -> Callable[[Callable[[Any], Case]], Callable[[Any], Case]]:
    """Declare a row: the decorated function gets the namespace and returns a :class:`Case`.

    Parameters
    ----------
    goal : float, optional
        The ratio to PyTorch's time that the project wants to stay under.
    goal_fast : float, optional
        The same with the extra ``fast``, where that makes a difference.
    training : bool
        Whether it is a whole training step; those enter the geometric mean.
    beside : tuple of str
        Further modules whose absolute time is shown, for comparison only.
    tolerance : float
        Largest relative difference of the numbers both libraries must agree on.
    slow_because : str, optional
        What keeps autotn behind; shown where it is.
    """

    def declare(build: Callable[[Any], Case]) -> Callable[[Any], Case]:
        key = build.__name__.replace("_", "-")
        if key in ROWS:
            raise ValueError(f"two rows are called {key!r}")
        ROWS[key] = Row(
            key, title, build, goal, training, beside, tolerance, goal_fast, slow_because
        )
        return build

    return declare


@cache
def all_rows() -> dict[str, Row]:
    """Every row of ``benchmarks/rows/``, in the order of its files' names and lines."""
    from benchmarks import rows

    for module in pkgutil.iter_modules(rows.__path__):
        importlib.import_module(f"{rows.__name__}.{module.name}")
    return ROWS


def array(*shape: int, seed: int = 0) -> np.ndarray:
    """Normally distributed float32 numbers, the same in every process."""
    return np.random.default_rng([seed, *shape]).standard_normal(shape, dtype=np.float32)


def fill(torch: Any, model: Any, seed: int = 0) -> Any:
    """Give ``model`` weights that depend on their names' order and shapes only; return it."""
    state = {}
    for index, (name, parameter) in enumerate(model.named_parameters()):
        shape = tuple(parameter.shape)
        fan_in = math.prod(shape[1:]) if len(shape) > 1 else shape[0]
        weight = array(*shape, seed=seed + index) / math.sqrt(fan_in)
        state[name] = torch.from_numpy(weight.astype(np.float32))
    model.load_state_dict(state, strict=False)
    return model
