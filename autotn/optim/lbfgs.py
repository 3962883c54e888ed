"""L-BFGS: quasi-Newton steps from the last few changes of position and gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core.modes import enable_grad
from autotn.core.storage import mark_written_many
from autotn.core.tensor import Tensor, wrap
from autotn.optim.lanes import Array, flat_real
from autotn.optim.line_search import Trial, strong_wolfe
from autotn.optim.optimizer import Optimizer, ParamsT
from autotn.optim.options import at_least_zero, plain


class LBFGS(Optimizer):
    """L-BFGS, with up to `max_iter` iterations in one ``step(closure)``.

    One group of parameters only. The algorithm is 7.4 and 7.5 of Nocedal & Wright, Numerical
    Optimization (2006).

    Parameters
    ----------
    max_eval
        Most evaluations of the closure per step (default: 1.25 times `max_iter`).
    tolerance_grad, tolerance_change
        A step ends when the largest gradient element, or the change of loss or position, is below.
    history_size
        How many changes are remembered.
    line_search_fn
        None (steps of length `lr`) or ``"strong_wolfe"``.

    >>> w = tn.tensor([3.0, -4.0], requires_grad=True)
    >>> opt = tn.optim.LBFGS([w], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     opt.zero_grad()
    ...     loss = (w * w).sum()
    ...     loss.backward()
    ...     return loss
    >>> float(opt.step(closure)), float(closure()) < 1e-10
    (25.0, True)
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        at_least_zero("LBFGS", lr=lr)
        defaults = dict(
            lr=lr,
            max_iter=max_iter,
            max_eval=max_iter * 5 // 4 if max_eval is None else max_eval,
            tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change,
            history_size=history_size,
            line_search_fn=line_search_fn,
        )
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError(
                "LBFGS doesn't support per-parameter options (parameter groups), "
                f"got {len(self.param_groups)} groups"
            )

    # -- all parameters as one vector --------------------------------------------------------------

    @property
    def _params(self) -> list[Tensor]:
        return self.param_groups[0]["params"]  # type: ignore[no-any-return]

    def _gradient(self) -> Array:
        return np.concatenate(
            [
                flat_real(np.zeros_like(p._data) if p.grad is None else p.grad._data)
                for p in self._params
            ]
        )

    def _move(self, t: float, direction: Array) -> None:
        """Add ``t * direction`` to the parameters."""
        start = 0
        for p in self._params:
            flat = flat_real(p._data)
            flat = flat + t * direction[start : start + flat.size]
            p._data[...] = _as_kind(flat, p._data.dtype).reshape(p._data.shape)
            start += flat.size
        mark_written_many(self._params)

    def _restore(self, saved: list[Array]) -> None:
        for p, data in zip(self._params, saved):
            p._data[...] = data
        mark_written_many(self._params)

    # -- the step ----------------------------------------------------------------------------------

    def step(self, closure: Callable[[], Any]) -> Any:
        """Minimise from here, with `closure` giving loss and gradients; return the first loss."""
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS: exactly one parameter group is supported")
        with np.errstate(all="ignore"):
            return self._minimize(enable_grad()(closure))

    def _minimize(self, closure: Callable[[], Any]) -> Any:
        group = {name: plain(v) for name, v in self.param_groups[0].items() if name != "params"}
        lr, change = group["lr"], group["tolerance_change"]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError(
                f"LBFGS: only 'strong_wolfe' is supported, got {group['line_search_fn']!r}"
            )
        # One state for all parameters; it lives with the first, as loading casts it to a dtype.
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        first_loss = closure()
        loss = float(first_loss)
        evaluations = 1
        state["func_evals"] += 1
        g = self._gradient()
        if _largest(g) <= group["tolerance_grad"]:
            return first_loss

        memory = _Memory(state, group["history_size"])
        for n in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            d = memory.direction(g)
            previous = loss
            t = lr if memory.seen > 1 else min(1.0, 1.0 / float(np.abs(g).sum())) * lr
            slope = float(g.dot(d))
            memory.went(g, d, t, loss)
            if slope > -change:
                break
            used = 0
            if group["line_search_fn"] is not None:
                start = Trial(0.0, loss, g, slope)
                found, used = self._search(closure, start, t, d, group, evaluations)
                t, loss, g = found.t, found.value, found.gradient
                memory.t = t
                self._move(t, d)
            else:
                self._move(t, d)
                if n < group["max_iter"]:  # nobody would look at the last one
                    loss = float(closure())
                    g = self._gradient()
                    used = 1
            evaluations += used
            state["func_evals"] += used
            if (
                evaluations >= group["max_eval"]
                or _largest(g) <= group["tolerance_grad"]
                or _largest(d) * abs(t) <= change
                or abs(loss - previous) < change
            ):
                break
        memory.save(state)
        return first_loss

    def _search(
        self,
        closure: Callable[[], Any],
        start: Trial,
        t: float,
        d: Array,
        group: dict[str, Any],
        evaluations: int,
    ) -> tuple[Trial, int]:
        """A line search along `d` that leaves the parameters where they were."""
        saved = [p._data.copy() for p in self._params]

        def evaluate(t: float) -> Trial:
            self._move(t, d)
            value = float(closure())
            g = self._gradient()
            self._restore(saved)
            return Trial(t, value, g, float(g.dot(d)))

        return strong_wolfe(
            evaluate,
            start,
            t,
            max_iter=group["max_eval"] - evaluations,
            direction_max=_largest(d),
            tolerance_change=group["tolerance_change"],
        )


def _as_kind(flat: Array, dtype: np.dtype[Any]) -> Array:
    """Real numbers as `dtype`; pairs of them where it is complex."""
    if dtype.kind != "c":
        return flat.astype(dtype, copy=False)
    return flat.astype(np.empty(0, dtype).real.dtype, copy=False).view(dtype)


def _largest(x: Array) -> float:
    return float(np.abs(x).max())


class _Memory:
    """The remembered changes: steps `s`, changes of the gradient `y`, and 1 / (s·y)."""

    def __init__(self, state: dict[str, Any], size: int) -> None:
        self.size = size
        self.seen = state["n_iter"]
        self.ys = [y._data for y in state.get("old_dirs") or ()]
        self.ss = [s._data for s in state.get("old_stps") or ()]
        self.rho = [float(r) for r in state.get("ro") or ()]
        self.scale = float(state.get("H_diag") or 1)
        self.t = float(state.get("t") or 0)
        self.d = state["d"]._data if state.get("d") is not None else None
        self.g = state["prev_flat_grad"]._data if self.d is not None else None
        self.loss = state.get("prev_loss")

    def direction(self, g: Array) -> Array:
        """The step that the changes so far suggest for gradient `g`."""
        self.seen += 1
        if self.seen == 1 or self.d is None or self.g is None:
            return -g
        self._remember(self.d * self.t, g - self.g)
        q = -g
        weights = []
        for s, y, rho in zip(reversed(self.ss), reversed(self.ys), reversed(self.rho)):
            weights.append(float(s.dot(q)) * rho)
            q -= weights[-1] * y
        q *= self.scale
        for s, y, rho, weight in zip(self.ss, self.ys, self.rho, reversed(weights)):
            q += (weight - float(y.dot(q)) * rho) * s
        return q

    def _remember(self, s: Array, y: Array) -> None:
        curvature = float(y.dot(s))
        if curvature <= 1e-10:
            return
        if len(self.ys) == self.size:
            del self.ys[0], self.ss[0], self.rho[0]
        self.ys.append(y)
        self.ss.append(s)
        self.rho.append(1.0 / curvature)
        self.scale = curvature / float(y.dot(y))

    def went(self, g: Array, d: Array, t: float, loss: float) -> None:
        """Note the point and the step that starts from it."""
        self.g, self.d, self.t, self.loss = g, d, t, loss

    def save(self, state: dict[str, Any]) -> None:
        """Put everything into the users' state, under PyTorch's names."""
        if self.d is None or self.g is None:  # no iteration was allowed
            return
        state.update(
            d=wrap(self.d),
            t=self.t,
            old_dirs=[wrap(y) for y in self.ys],
            old_stps=[wrap(s) for s in self.ss],
            ro=self.rho,
            H_diag=self.scale,
            prev_flat_grad=wrap(self.g),
            prev_loss=self.loss,
        )
