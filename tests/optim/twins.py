"""The same parameters, twice: here and in PyTorch, given the same gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.tensor import Tensor, wrap
from autotn.optim.lanes import CHUNK, SMALL

Array = np.ndarray[Any, Any]

#: Small ones that are joined, an empty one, a number, and a large one that is updated in pieces.
SHAPES = [(3, 4), (4,), (), (2, 3, 2), (0, 3), (CHUNK + SMALL,)]
SMALL_SHAPES = SHAPES[:-1]


def draw(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any) -> Array:
    """Normal numbers; complex ones where the dtype is."""
    x: Array = np.asarray(rng.standard_normal(shape))
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.standard_normal(shape)
    return np.asarray(x, dtype)


def leaf(array: Array) -> Tensor:
    """A leaf of its own memory."""
    return wrap(np.array(array)).requires_grad_()


class Twins:
    """Parameters in both libraries, and one optimizer for each."""

    def __init__(self, torch: Any, shapes: Any = SMALL_SHAPES, dtype: Any = np.float64) -> None:
        self.torch = torch
        self.rng = np.random.default_rng(0)
        start = [draw(self.rng, shape, dtype) for shape in shapes]
        self.ours = [leaf(x) for x in start]
        self.theirs = [torch.tensor(x, requires_grad=True) for x in start]

    def optimizers(self, ours: Any, name: str, **options: Any) -> tuple[Any, Any]:
        """The optimizer `name` of both libraries on these parameters."""
        theirs = self.torch.optim
        return (
            getattr(ours, name)(self.ours, **options),
            getattr(theirs, name)(self.theirs, **options),
        )

    def set_grads(self, without: tuple[int, ...] = ()) -> None:
        """Give both the same gradients: those of a noisy bowl; None to the parameters `without`."""
        for i, (p, q) in enumerate(zip(self.ours, self.theirs)):
            if i in without:
                p.grad = q.grad = None
                continue
            x = q.detach().numpy()
            g = np.asarray(0.5 * x + draw(self.rng, x.shape, x.dtype), x.dtype)
            p.grad = wrap(g.copy())
            q.grad = self.torch.tensor(g)

    def assert_equal(self, tolerance: float) -> None:
        """Parameters agree up to `tolerance`, relative to their size."""
        theirs = [q.detach().numpy() for q in self.theirs]
        assert [p._data.dtype for p in self.ours] == [q.dtype for q in theirs]
        assert [p._data.shape for p in self.ours] == [q.shape for q in theirs]
        # Compared as one: fifty steps of hundreds of walks, most of them on a few numbers.
        ours, theirs = (
            np.concatenate([x.ravel() for x in one])
            for one in ([p._data for p in self.ours], theirs)
        )
        np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)

    def assert_equal_states(self, ours: Any, theirs: Any, tolerance: float) -> None:
        """So does what the optimizers remember, under the same names, shapes and dtypes."""
        for p, q in zip(self.ours, self.theirs):
            mine, other = ours.state.get(p, {}), theirs.state.get(q, {})
            assert set(mine) == set(other)
            for name, value in other.items():
                assert mine[name]._data.dtype == value.numpy().dtype, name
                np.testing.assert_allclose(
                    mine[name]._data, value.numpy(), rtol=tolerance, atol=tolerance, err_msg=name
                )
