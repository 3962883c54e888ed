"""One function written once for both libraries: what is compared with ``torch.func``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import autotn as tn
from autotn import func
from autotn.nn import functional
from autotn.transforms import trees


class Library(NamedTuple):
    """The names a test needs of a library."""

    m: Any
    F: Any
    func: Any
    of: Callable[[Any], Any]


def both(torch: Any) -> tuple[Library, Library]:
    """This library and PyTorch, each with a way to make tensors of arrays."""
    ours = Library(tn, functional, func, tn.tensor)
    return ours, Library(torch, torch.nn.functional, torch.func, torch.tensor)


def arrays(*shapes: tuple[int, ...], seed: int = 0) -> list[np.ndarray[Any, Any]]:
    """Normal numbers in double precision."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape) for shape in shapes]


def same(ours: Any, theirs: Any, tol: float = 1e-9) -> None:
    """Equal nesting, shapes, dtypes, values, and whether a gradient may be asked."""
    mine, _ = trees.flatten(ours)
    others, _ = trees.flatten(theirs)
    assert len(mine) == len(others)
    for a, b in zip(mine, others, strict=True):
        assert tuple(a.shape) == tuple(b.shape)
        assert str(a.dtype).partition(".")[2] == str(b.dtype).partition(".")[2]
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=tol, atol=tol)
        assert a.requires_grad == b.requires_grad


def compare(torch: Any, program: Callable[..., Any], *given: Any, tol: float = 1e-9) -> None:
    """Run a program with each library, on the same arrays, and compare what it gives."""
    results = []
    for library in both(torch):
        tensors = [library.of(a) if isinstance(a, np.ndarray) else a for a in given]
        results.append(program(library, *tensors))
    same(*results, tol=tol)
