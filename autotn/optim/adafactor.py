"""Adafactor: second moments kept as one row and one column instead of a matrix."""

from __future__ import annotations

import math

import numpy as np

from autotn.core.dtypes import finfo
from autotn.core.tensor import Tensor
from autotn.optim.lanes import Array, State
from autotn.optim.moments import average
from autotn.optim.optimizer import Optimizer, ParamsT
from autotn.optim.options import at_least_zero, plain


def rms(x: Array) -> float:
    """The root mean square of all elements; 0 when there are none."""
    return float(np.linalg.norm(x)) / math.sqrt(x.size) if x.size else 0.0


class Adafactor(Optimizer):
    r"""Adaptive steps in little memory, arXiv:1804.04235.

    For matrices, :math:`v \approx r c / \bar r` from running averages `r` over rows and `c` over
    columns of :math:`g^2`, with :math:`\beta_2 = 1 - t^\tau`. The step is relative to the root mean
    square of the parameter: at most `lr` and at most :math:`1/\sqrt t` of it.

    Parameters
    ----------
    beta2_decay
        :math:`\tau`, at most 0.
    eps
        Least square root of `v` (None: the dtype's epsilon), and least root mean square assumed.
    d
        Root mean square of the update above which it is scaled down.

    >>> w = tn.ones(2, 2, requires_grad=True)
    >>> opt = tn.optim.Adafactor([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w.detach()
    tensor([[0.9000, 0.9000],
            [0.9000, 0.9000]])
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        beta2_decay: float = -0.8,
        eps: tuple[float | None, float] = (None, 1e-3),
        d: float = 1.0,
        weight_decay: float = 0.0,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
    ) -> None:
        at_least_zero("Adafactor", lr=lr, weight_decay=weight_decay, epsilon2=eps[1])
        if eps[0] is not None:
            at_least_zero("Adafactor", epsilon1=eps[0])
        if not plain(beta2_decay) <= 0.0:
            raise ValueError(f"Adafactor: beta2_decay should be <= 0 but is: {beta2_decay}")
        if not plain(d) >= 1.0:
            raise ValueError(f"Adafactor: clipping threshold d should be >= 1 but is: {d}")
        defaults = dict(
            lr=lr,
            beta2_decay=beta2_decay,
            eps=eps,
            d=d,
            weight_decay=weight_decay,
            foreach=foreach,
            maximize=maximize,
        )
        super().__init__(params, defaults)

    def init_state(self, p: Array) -> State:
        if p.dtype.kind == "c":
            raise RuntimeError("Adafactor does not support complex parameters")
        if p.ndim < 2:
            return {"step": 0.0, "variance": np.zeros_like(p)}
        *batch, rows, columns = p.shape
        return {
            "step": 0.0,
            "row_var": np.zeros((*batch, rows, 1), p.dtype),
            "col_var": np.zeros((*batch, 1, columns), p.dtype),
        }

    def update(  # type: ignore[override]
        self,
        p: Array,
        g: Array,
        state: State,
        *,
        lr: float,
        beta2_decay: float,
        eps: tuple[float | None, float],
        d: float,
        weight_decay: float,
    ) -> None:
        state["step"] += 1
        t = state["step"]
        beta2 = 1 - t**beta2_decay
        least = float(finfo(p.dtype).eps) if eps[0] is None else eps[0]
        step_size = max(eps[1], rms(p)) * min(lr, 1 / math.sqrt(t))
        p *= 1 - lr * weight_decay
        squares = np.multiply(g, g, out=np.empty_like(g))
        if p.ndim > 1:
            r, c = state["row_var"], state["col_var"]
            for v, axis in ((r, -1), (c, -2)):
                average(v, squares.mean(axis, keepdims=True), beta2, np.empty_like(v))
            v = np.matmul(r, c, out=squares)
            v /= np.maximum(r.mean(-2, keepdims=True), least)
        else:
            average(state["variance"], squares, beta2, np.empty_like(squares))
            v = squares
            v[...] = state["variance"]
        np.maximum(v, least * least, out=v)
        np.sqrt(v, out=v)
        step = np.divide(g, v, out=v)
        step *= step_size / max(1.0, rms(step) / d)
        p -= step
