"""Gradients against finite differences, first and second order.

The numerical derivative is the central difference ``(f(x + h) - f(x - h)) / 2h``, whose error is
O(h²); in float64 with h = 1e-6 that leaves about nine right digits. For complex inputs the
real and the imaginary direction are both probed, as PyTorch's convention has it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotn.core import engine, modes
from autotn.core.tensor import Tensor, is_differentiable, wrap

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


class GradcheckError(RuntimeError):
    """A gradient that finite differences contradict."""


def _outputs(func: Callable[..., Any], inputs: Sequence[Any]) -> tuple[Tensor, ...]:
    result = func(*inputs)
    listed = result if isinstance(result, (tuple, list)) else (result,)
    return tuple(t for t in listed if isinstance(t, Tensor) and is_differentiable(t))


def _checked_inputs(name: str, inputs: Any) -> tuple[list[Any], list[int]]:
    listed = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
    places = [k for k, t in enumerate(listed) if isinstance(t, Tensor) and t.requires_grad]
    if not places:
        raise ValueError(f"{name} expects at least one input tensor to require gradient")
    for k in places:
        if listed[k]._data.dtype.itemsize < (16 if listed[k].is_complex() else 8):
            raise ValueError(
                f"{name}: input {k} is {listed[k].dtype}: finite differences need double precision "
                "(float64 or complex128)"
            )
    return listed, places


def _numerical(
    func: Callable[..., Any],
    inputs: list[Any],
    place: int,
    weights: list[np.ndarray[Any, Any]],
    eps: float,
) -> np.ndarray[Any, Any]:
    """The gradient of ``Re Σ conj(w) · f`` with respect to one input, by central differences."""
    source = inputs[place]
    data = source._data.copy()
    gradient = np.zeros_like(data)

    def value(k: int, step: complex) -> float:
        moved = data.copy()
        moved.reshape(-1)[k] += step
        given = list(inputs)
        t = wrap(moved).requires_grad_()
        given[place] = t
        with modes.no_grad():
            outs = _outputs(func, given)
        total = 0.0
        for o, w in zip(outs, weights, strict=True):
            total += float(np.real(np.sum(np.conj(w) * o._data)))
        return total

    flat = gradient.reshape(-1)
    for k in range(data.size):
        flat[k] = (value(k, eps) - value(k, -eps)) / (2 * eps)
        if data.dtype.kind == "c":
            flat[k] += 1j * (value(k, 1j * eps) - value(k, -1j * eps)) / (2 * eps)
    return gradient


def gradcheck(
    func: Callable[..., Any],
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Check the gradients of `func` at `inputs` against finite differences, in double precision.

    Every output is weighted at random and every input element is moved, so a wrong entry anywhere in
    the Jacobian shows.

    Raises
    ------
    GradcheckError
        Naming the input, the element, and both values (unless ``raise_exception=False``).

    >>> x = tn.tensor([0.5, 1.0], dtype=tn.float64, requires_grad=True)
    >>> tn.autograd.gradcheck(lambda x: x * x, (x,))
    True
    """
    listed, places = _checked_inputs("gradcheck", inputs)
    try:
        _compare(func, listed, places, eps, atol, rtol, nondet_tol)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def _compare(
    func: Callable[..., Any],
    inputs: list[Any],
    places: list[int],
    eps: float,
    atol: float,
    rtol: float,
    nondet_tol: float,
) -> None:
    with modes.enable_grad():
        outs = _outputs(func, inputs)
    rng = np.random.default_rng(0)
    weights = []
    for o in outs:
        w = rng.uniform(0.5, 1.5, o._data.shape) * rng.choice([-1.0, 1.0], o._data.shape)
        if o.is_complex():
            w = w + 1j * rng.uniform(-1, 1, o._data.shape)
        weights.append(np.asarray(w).astype(o._data.dtype))
    live = [(o, wrap(w)) for o, w in zip(outs, weights, strict=True) if o.requires_grad]
    analytic: Sequence[Any] = [None] * len(places)
    if live:
        wanted = [inputs[k] for k in places]
        seeds = [w for _, w in live]
        analytic = engine.grad([o for o, _ in live], wanted, seeds, True, allow_unused=True)
        again = engine.grad([o for o, _ in live], wanted, seeds, True, allow_unused=True)
        for a, b in zip(analytic, again, strict=True):
            if a is not None and np.abs(a._data - b._data).max(initial=0.0) > nondet_tol:
                raise GradcheckError("Backward is not reentrant, i.e., running backward with same input "
                                     "and grad_output multiple times gives different values")  # fmt: skip
    for k, found in zip(places, analytic, strict=True):
        expected = _numerical(func, inputs, k, weights, eps)
        got = np.zeros_like(expected) if found is None else found._data
        if got.shape != expected.shape:
            raise GradcheckError(
                f"gradient of input {k} has shape {got.shape}, not {expected.shape}"
            )
        close = np.isclose(got, expected, rtol=rtol, atol=atol, equal_nan=True)
        if not close.all():
            where = tuple(int(n) for n in np.argwhere(~close)[0])
            raise GradcheckError(
                f"Jacobian mismatch for input {k} at {where}: numerical {expected[where]!r}, "
                f"analytical {got[where]!r} ({int((~close).sum())} of {close.size} elements differ)"
            )


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """Check the gradients of the gradients of `func` at `inputs`.

    >>> x = tn.tensor([0.5, 1.0], dtype=tn.float64, requires_grad=True)
    >>> tn.autograd.gradgradcheck(lambda x: x * x * x, (x,))
    True
    """
    listed, places = _checked_inputs("gradgradcheck", inputs)
    with modes.enable_grad():
        outs = _outputs(func, listed)
    if grad_outputs is None:
        rng = np.random.default_rng(1)
        seeds = []
        for o in outs:
            w = rng.uniform(-1, 1, o._data.shape)
            if o.is_complex():
                w = w + 1j * rng.uniform(-1, 1, o._data.shape)
            seeds.append(wrap(np.asarray(w).astype(o._data.dtype)).requires_grad_())
    else:
        given = grad_outputs if isinstance(grad_outputs, (tuple, list)) else (grad_outputs,)
        seeds = list(given)
    count = len(listed)

    def first_gradients(*everything: Any) -> tuple[Tensor, ...]:
        ins = list(everything[:count])
        vs = everything[count:]
        recorded = modes.is_grad_enabled()  # finite differences need the values alone
        with modes.enable_grad():
            for k in places:
                if not ins[k].requires_grad:
                    ins[k] = ins[k].detach().requires_grad_()
            results = _outputs(func, ins)
            pairs = [(o, v) for o, v in zip(results, vs, strict=True) if o.requires_grad]
            if not pairs:
                return ()
            found = engine.grad(
                [o for o, _ in pairs],
                [ins[k] for k in places],
                [v for _, v in pairs],
                create_graph=recorded,
                allow_unused=True,
            )
        return tuple(
            wrap(np.zeros_like(ins[k]._data)) if g is None else g
            for g, k in zip(found, places, strict=True)
        )

    return gradcheck(
        first_gradients,
        [*listed, *seeds],
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
    )
