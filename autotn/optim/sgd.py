"""Steps along the gradient: SGD, ASGD, Rprop."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.tensor import Tensor
from autotn.kernels.updates import add_multiple
from autotn.optim.lanes import Array, State
from autotn.optim.moments import decayed
from autotn.optim.optimizer import Optimizer, ParamsT
from autotn.optim.options import at_least_zero, check_implementation


class SGD(Optimizer):
    r"""Stochastic gradient descent: :math:`b = \mu b + (1 - \tau) g,\ p = p - \gamma b`.

    Parameters
    ----------
    momentum, dampening
        :math:`\mu` and :math:`\tau`; the first :math:`b` is `g` itself.
    weight_decay
        Adds this times `p` to the gradient.
    nesterov
        Steps along :math:`g + \mu b` instead.

    >>> w = tn.tensor([1.0, 2.0], requires_grad=True)
    >>> opt = tn.optim.SGD([w], lr=0.25)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w.detach()
    tensor([0.5000, 1.0000])
    """

    elementwise = True

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        momentum: float = 0,
        dampening: float = 0,
        weight_decay: float | Tensor = 0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        at_least_zero("SGD", lr=lr, momentum=momentum, weight_decay=weight_decay)
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError(
                "SGD: Nesterov momentum requires a momentum and zero dampening, "
                f"got momentum={momentum}, dampening={dampening}"
            )
        check_implementation("SGD", foreach=foreach, fused=fused)
        defaults = dict(
            lr=lr,
            momentum=momentum,
            dampening=dampening,
            weight_decay=weight_decay,
            nesterov=nesterov,
            maximize=maximize,
            foreach=foreach,
            differentiable=differentiable,
            fused=fused,
        )
        super().__init__(params, defaults)

    def init_state(self, p: Array, *, momentum: float) -> State:  # type: ignore[override]
        return {"momentum_buffer": np.zeros_like(p)} if momentum else {}

    def update(  # type: ignore[override]
        self,
        p: Array,
        g: Array,
        state: State,
        *,
        lr: float,
        momentum: float,
        dampening: float,
        weight_decay: float,
        nesterov: bool,
        fresh: bool,
    ) -> None:
        work, step = self.scratch(g, 2)
        g = decayed(g, p, weight_decay, out=work)
        if momentum:
            b = state["momentum_buffer"]
            if fresh:
                b[...] = g
            else:
                add_multiple(b, 1 - dampening, g, momentum, step)
            if nesterov:
                np.multiply(b, momentum, out=step)
                step += g
                g = step
            else:
                g = b
        add_multiple(p, -lr, g, 1, step)


class ASGD(Optimizer):
    r"""Averaged SGD: steps that shrink, and in ``state[p]["ax"]`` the average of where they led.

    :math:`\eta_t = \gamma / (1 + \lambda \gamma t)^\alpha`; averaging starts after `t0` steps.

    >>> w = tn.tensor([4.0], requires_grad=True)
    >>> opt = tn.optim.ASGD([w], lr=0.5, lambd=0.0)
    >>> (w * w / 2).sum().backward()
    >>> opt.step()
    >>> w.detach(), opt.state[w]["ax"]
    (tensor([2.]), tensor([2.]))
    """

    elementwise = True

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lambd: float = 1e-4,
        alpha: float = 0.75,
        t0: float = 1e6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        at_least_zero("ASGD", lr=lr, weight_decay=weight_decay)
        check_implementation("ASGD", lr=lr, foreach=foreach, capturable=capturable)
        defaults = dict(
            lr=lr,
            lambd=lambd,
            alpha=alpha,
            t0=t0,
            weight_decay=weight_decay,
            foreach=foreach,
            maximize=maximize,
            differentiable=differentiable,
            capturable=capturable,
        )
        super().__init__(params, defaults)

    def init_state(self, p: Array, *, lr: float) -> State:  # type: ignore[override]
        return {"step": 0.0, "eta": lr, "mu": 1.0, "ax": np.zeros_like(p)}

    def update(  # type: ignore[override]
        self,
        p: Array,
        g: Array,
        state: State,
        *,
        lr: float,
        lambd: float,
        alpha: float,
        t0: float,
        weight_decay: float,
    ) -> None:
        state["step"] += 1
        eta, mu, t, ax = state["eta"], state["mu"], state["step"], state["ax"]
        (work,) = self.scratch(g, 1)
        g = decayed(g, p, weight_decay, out=work)
        np.multiply(g, eta, out=work)
        p *= 1 - lambd * eta
        p -= work
        if mu == 1:
            ax[...] = p
        else:
            np.subtract(p, ax, out=work)
            work *= mu
            ax += work
        state["eta"] = lr / (1 + lambd * lr * t) ** alpha
        state["mu"] = 1 / max(1, t - t0)


class Rprop(Optimizer):
    """Resilient backpropagation: only the sign of the gradient counts.

    Each element has a step size, which grows by ``etas[1]`` while the sign stays and shrinks by
    ``etas[0]`` when it turns (the element then waits one step). Meant for full batches. `lr` is the
    first step size.

    >>> w = tn.tensor([3.0, -3.0], requires_grad=True)
    >>> opt = tn.optim.Rprop([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w.detach()
    tensor([ 2.5000, -2.5000])
    """

    elementwise = True

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        etas: tuple[float, float] = (0.5, 1.2),
        step_sizes: tuple[float, float] = (1e-6, 50),
        *,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        at_least_zero("Rprop", lr=lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(
                f"Invalid eta values: {etas[0]}, {etas[1]} (Rprop wants 0 < etas[0] < 1 < etas[1])"
            )
        check_implementation("Rprop", lr=lr, foreach=foreach, capturable=capturable)
        defaults: dict[str, Any] = dict(
            lr=lr,
            etas=etas,
            step_sizes=step_sizes,
            foreach=foreach,
            maximize=maximize,
            differentiable=differentiable,
            capturable=capturable,
        )
        super().__init__(params, defaults)

    def init_state(self, p: Array, *, lr: float) -> State:  # type: ignore[override]
        return {"step": 0.0, "prev": np.zeros_like(p), "step_size": np.full_like(p, lr)}

    def update(  # type: ignore[override]
        self,
        p: Array,
        g: Array,
        state: State,
        *,
        etas: tuple[float, float],
        step_sizes: tuple[float, float],
    ) -> None:
        state["step"] += 1
        prev, size = state["prev"], state["step_size"]
        (factor,) = self.scratch(g, 1)
        np.multiply(g, prev, out=factor)
        turned = factor < 0
        kept = factor > 0
        factor.fill(1)
        factor[kept] = etas[1]
        factor[turned] = etas[0]
        size *= factor
        np.clip(size, *step_sizes, out=size)
        prev[...] = g
        prev[turned] = 0
        np.sign(prev, out=factor)
        factor *= size
        p -= factor
