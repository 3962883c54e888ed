"""SciPy's minimisers on Tensors: gradients and Hessian products come from the tape."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from autotn.core.engine import grad
from autotn.core.modes import enable_grad, no_grad
from autotn.core.storage import mark_written_many
from autotn.core.tensor import Tensor, wrap
from autotn.optim.lanes import Array

#: SciPy's methods that ask for no gradient, for Hessian products, and for whole Hessians.
_WITHOUT_GRADIENT = frozenset(("nelder-mead", "powell", "cobyla", "cobyqa"))
_WITH_PRODUCTS = frozenset(("newton-cg", "trust-ncg", "trust-krylov", "trust-constr"))
_WITH_HESSIAN = frozenset(("dogleg", "trust-exact"))


def minimize(
    fn: Callable[[], Any],
    params: Tensor | Iterable[Tensor],
    method: str = "L-BFGS-B",
    *,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    **options: Any,
) -> Any:
    """Change `params` so that ``fn()`` is least, by ``scipy.optimize.minimize``.

    Parameters
    ----------
    fn
        Computes the loss from `params`; it neither clears gradients nor calls ``backward``.
    method
        Any of SciPy's; those that want Hessians or products with them are given exact ones.
    bounds
        ``(low, high)`` for all parameters, or such a pair (of numbers or arrays) for each.
    constraints, tol, callback, options
        SciPy's. Numbers and vectors stand for all parameters flat, one after the other.

    Returns
    -------
    OptimizeResult
        SciPy's report: ``fun``, ``nit``, ``message`` …

    >>> w = tn.tensor([1.0, 1.0], requires_grad=True)
    >>> report = tn.optim.minimize(lambda: ((w - 3) ** 2).sum(), w)
    >>> [round(x, 3) for x in w.tolist()], report.success
    ([3.0, 3.0], True)
    """
    from scipy import optimize

    problem = _Problem(fn, [params] if isinstance(params, Tensor) else list(params))
    kind = method.lower()
    derivatives: dict[str, Any] = {}
    if kind not in _WITHOUT_GRADIENT:
        derivatives["jac"] = True
    if kind in _WITH_PRODUCTS:
        derivatives["hessp"] = problem.hessian_product
    elif kind in _WITH_HESSIAN:
        derivatives["hess"] = problem.hessian
    if bounds is not None:
        derivatives["bounds"] = problem.flat_bounds(bounds)
    start = problem.read()
    try:
        report = optimize.minimize(
            problem.value_and_gradient if "jac" in derivatives else problem.value,
            start,
            method=method,
            constraints=constraints,
            tol=tol,
            callback=callback,
            options=options,
            **derivatives,
        )
    except BaseException:
        problem.write(start)
        raise
    problem.write(report.x)
    return report


class _Problem:
    """A loss of some Tensors, as functions of one float64 vector."""

    def __init__(self, fn: Callable[[], Any], params: list[Tensor]) -> None:
        if not params:
            raise ValueError("minimize: got no parameters")
        for i, p in enumerate(params):
            if not isinstance(p, Tensor) or p._data.dtype.kind != "f":
                given = p.dtype if isinstance(p, Tensor) else type(p).__name__
                raise TypeError(f"minimize: parameter {i} must be a real Tensor, got {given}")
            if not (p.is_leaf and p.requires_grad):
                raise ValueError(
                    f"minimize: parameter {i} of shape {tuple(p.shape)} must be a leaf that "
                    "requires grad"
                )
        self.fn = fn
        self.params = params
        self._cuts = np.cumsum([p._data.size for p in params])[:-1]
        # The gradients where the parameters are, with their graph: solvers ask for many products.
        self._point: Array | None = None
        self._grads: Sequence[Tensor] = ()

    def read(self) -> Array:
        return np.concatenate([p._data.reshape(-1) for p in self.params]).astype(np.float64)

    def write(self, x: Array) -> None:
        self._point = None  # the graph kept values that are overwritten now
        for p, piece in zip(self.params, np.split(x, self._cuts)):
            p._data[...] = piece.reshape(p._data.shape)
        mark_written_many(self.params)

    def _flat(self, tensors: Sequence[Tensor | None]) -> Array:
        """One vector from a Tensor per parameter; zeros where the loss does not depend on it."""
        pieces = [
            np.zeros(p._data.size) if t is None else t._data.reshape(-1)
            for t, p in zip(tensors, self.params)
        ]
        return np.concatenate(pieces).astype(np.float64)

    def _loss(self) -> Tensor:
        loss = self.fn()
        if not isinstance(loss, Tensor) or loss._data.size != 1:
            given = (
                f"shape {tuple(loss.shape)}" if isinstance(loss, Tensor) else type(loss).__name__
            )
            raise TypeError(f"minimize: fn must return a Tensor with one element, got {given}")
        return loss

    def value(self, x: Array) -> float:
        self.write(x)
        with no_grad():
            return float(self._loss()._data.item())

    def value_and_gradient(self, x: Array) -> tuple[float, Array]:
        self.write(x)
        with enable_grad():
            loss = self._loss()
            grads = grad(loss, self.params, allow_unused=True)
        return float(loss._data.item()), self._flat(grads)

    def hessian_product(self, x: Array, v: Array) -> Array:
        """The Hessian at `x` times `v`: the gradient of the gradient's product with `v`."""
        if self._point is None or not np.array_equal(self._point, x):
            self.write(x)
            with enable_grad():
                self._grads = grad(self._loss(), self.params, create_graph=True, allow_unused=True)
            self._point = x.copy()
        # A gradient that depends on no parameter has rows of zeros.
        rows = [
            (g, wrap(piece.reshape(g._data.shape).astype(g._data.dtype)))
            for g, piece in zip(self._grads, np.split(v, self._cuts))
            if g is not None and g.requires_grad
        ]
        if not rows:
            return np.zeros_like(v)
        outputs, weights = zip(*rows)
        products = grad(outputs, self.params, weights, retain_graph=True, allow_unused=True)
        return self._flat(products)

    def hessian(self, x: Array) -> Array:
        return np.stack([self.hessian_product(x, e) for e in np.eye(x.size)])

    def flat_bounds(self, bounds: Any) -> list[tuple[float, float]]:
        """SciPy's list of pairs, one for each element."""
        listed = list(bounds)
        if len(listed) == 2 and not any(isinstance(b, (tuple, list)) for b in listed):
            listed = [tuple(listed)] * len(self.params)
        if len(listed) != len(self.params):
            raise ValueError(
                f"minimize: bounds must be one pair, or one for each of the {len(self.params)} "
                f"parameters, got {len(listed)}"
            )
        pairs: list[tuple[float, float]] = []
        for p, (low, high) in zip(self.params, listed):
            ends = (-np.inf if low is None else low, np.inf if high is None else high)
            lows, highs = (np.broadcast_to(_array(end), p._data.shape).ravel() for end in ends)
            pairs += zip(lows.tolist(), highs.tolist())
        return pairs


def _array(value: Any) -> Array:
    return value._data if isinstance(value, Tensor) else np.asarray(value, dtype=np.float64)
