"""What the questions have in common: making the call of a sample, its gradients, and comparing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core import engine
from autotn.core.tensor import Tensor, is_differentiable, wrap
from autotn.testing.sample import Case, Sample


def mapped(value: Any, turn: Callable[[np.ndarray[Any, Any]], Any]) -> Any:
    """`value` with every array turned into something else, inside lists and tuples too."""
    if isinstance(value, np.ndarray):
        return turn(value)
    if isinstance(value, (list, tuple)) and not isinstance(value, np.generic):
        return type(value)(mapped(v, turn) for v in value)
    return value


def argument_values(sample: Sample, turn: Callable[[np.ndarray[Any, Any]], Any]) -> Any:
    """Positional and keyword arguments, with every array turned into something else."""
    args = [mapped(a, turn) for a in sample.args]
    return args, {k: mapped(v, turn) for k, v in sample.kwargs.items()}


def arrays_in(sample: Sample) -> list[np.ndarray[Any, Any]]:
    """All arrays among the arguments, in order."""
    found: list[np.ndarray[Any, Any]] = []
    for value in (*sample.args, *sample.kwargs.values()):
        mapped(value, found.append)
    return found


def flat_results(value: Any) -> list[Any]:
    """The results of a call as a flat list."""
    if isinstance(value, (tuple, list)):
        return [x for v in value for x in flat_results(v)]
    return [value]


def leaf(array: np.ndarray[Any, Any], made: list[Tensor]) -> Tensor:
    """A tensor of `array`; one that can be differentiated is, and is noted."""
    t = wrap(array)
    if is_differentiable(t):
        t.requires_grad_()
        made.append(t)
    return t


def is_differentiable_case(case: Case) -> bool:
    """True when a result requires grad if all inputs do."""
    made: list[Tensor] = []
    args, kwargs = argument_values(case.sample, lambda a: leaf(a.copy(), made))
    outs = flat_results(case.function(*args, **kwargs))
    return any(isinstance(o, Tensor) and o.requires_grad for o in outs)


def gradients(outs: list[Any], leaves: list[Tensor], create_graph: bool = False) -> list[Any]:
    """The gradients of a fixed weighted sum of all differentiable outputs."""
    live = [o for o in outs if isinstance(o, Tensor) and o.requires_grad]
    seeds = [wrap(weights(o._data)) for o in live]
    if not live or not leaves:
        return []
    return list(
        engine.grad(
            live, leaves, seeds, retain_graph=True, create_graph=create_graph, allow_unused=True
        )
    )


def weights(like: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Fixed numbers for a weighted sum of what is like this array."""
    rng = np.random.default_rng(like.size)
    w = rng.uniform(0.5, 1.5, like.shape) * rng.choice([-1.0, 1.0], like.shape)
    if like.dtype.kind == "c":
        w = w + 1j * rng.uniform(-1, 1, like.shape)
    return np.asarray(w).astype(like.dtype)


def assert_close(got: Any, expected: Any, what: str, tol: float = 1.0) -> None:
    """Equal up to the rounding of the coarser dtype, times `tol`."""
    got, expected = np.asarray(got), np.asarray(expected)
    assert got.shape == expected.shape, f"{what}: shape {got.shape}, expected {expected.shape}"
    if got.dtype.kind in "biu" and expected.dtype.kind in "biu":
        np.testing.assert_array_equal(got, expected, err_msg=what)
        return
    kinds = {got.dtype, expected.dtype}
    low = any(d in kinds for d in (np.dtype(np.float32), np.dtype(np.complex64)))
    rtol, atol = (1e-4, 1e-5) if low else (1e-7, 1e-9)
    if np.dtype(np.float16) in kinds:
        rtol, atol = 1e-2, 1e-3
    np.testing.assert_allclose(got, expected, rtol=rtol * tol, atol=atol * tol, err_msg=what)
