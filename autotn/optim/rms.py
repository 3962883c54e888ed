"""Steps divided by a root of squared gradients: RMSprop, Adagrad, Adadelta."""

from __future__ import annotations

import numpy as np

from autotn.core.tensor import Tensor
from autotn.kernels.updates import add_multiple, add_quotient, add_square
from autotn.optim.lanes import Array, State
from autotn.optim.moments import average, average_square, decayed
from autotn.optim.optimizer import Optimizer, ParamsT
from autotn.optim.options import at_least_zero, check_implementation


class RMSprop(Optimizer):
    r"""Divide by a running root mean square: :math:`p = p - \gamma g / (\sqrt v + \epsilon)`.

    Parameters
    ----------
    alpha
        Weight of the past in :math:`v = \alpha v + (1 - \alpha) g^2`.
    centered
        Uses the variance :math:`v - \bar g^2` instead (arXiv:1308.0850).

    >>> w = tn.tensor([1.0, -2.0], requires_grad=True)
    >>> opt = tn.optim.RMSprop([w], lr=0.01)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w.detach()
    tensor([ 0.9000, -1.9000])
    """

    elementwise = True

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum: float = 0,
        centered: bool = False,
        capturable: bool = False,
        foreach: bool | None = None,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        at_least_zero(
            "RMSprop", lr=lr, eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha
        )
        check_implementation("RMSprop", lr=lr, foreach=foreach, capturable=capturable)
        defaults = dict(
            lr=lr,
            momentum=momentum,
            alpha=alpha,
            eps=eps,
            centered=centered,
            weight_decay=weight_decay,
            capturable=capturable,
            foreach=foreach,
            maximize=maximize,
            differentiable=differentiable,
        )
        super().__init__(params, defaults)

    def init_state(self, p: Array, *, momentum: float, centered: bool) -> State:  # type: ignore[override]
        state: State = {"step": 0.0, "square_avg": np.zeros_like(p)}
        if momentum > 0:
            state["momentum_buffer"] = np.zeros_like(p)
        if centered:
            state["grad_avg"] = np.zeros_like(p)
        return state

    def update(  # type: ignore[override]
        self,
        p: Array,
        g: Array,
        state: State,
        *,
        lr: float,
        alpha: float,
        eps: float,
        weight_decay: float,
        momentum: float,
        centered: bool,
    ) -> None:
        state["step"] += 1
        v = state["square_avg"]
        work, decay, variance = self.scratch(g, 3)
        g = decayed(g, p, weight_decay, out=decay)
        average_square(v, g, alpha, work)
        if centered:
            mean = state["grad_avg"]
            average(mean, g, alpha, work)
            np.multiply(mean, mean, out=work)
            v = np.subtract(v, work, out=variance)
        if momentum > 0:
            b = state["momentum_buffer"]
            add_quotient(b, 1, g, v, work, eps=eps, b=momentum)
            add_multiple(p, -lr, b, 1, work)
        else:
            add_quotient(p, -lr, g, v, work, eps=eps)


class Adagrad(Optimizer):
    r"""Divide by the root of all squares so far: :math:`p = p - \gamma_t g / (\sqrt s + \epsilon)`.

    :math:`\gamma_t = \gamma / (1 + (t - 1)\,\text{lr\_decay})`;
    http://jmlr.org/papers/v12/duchi11a.html.

    >>> w = tn.tensor([1.0, -2.0], requires_grad=True)
    >>> opt = tn.optim.Adagrad([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w.detach()
    tensor([ 0.9000, -1.9000])
    """

    elementwise = True

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-2,
        lr_decay: float = 0,
        weight_decay: float = 0,
        initial_accumulator_value: float = 0,
        eps: float = 1e-10,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        at_least_zero(
            "Adagrad",
            lr=lr,
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )
        check_implementation("Adagrad", foreach=foreach, fused=fused)
        defaults = dict(
            lr=lr,
            lr_decay=lr_decay,
            eps=eps,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            foreach=foreach,
            maximize=maximize,
            differentiable=differentiable,
            fused=fused,
        )
        super().__init__(params, defaults)
        # Its state is there from the start, so that a state dict taken before any step has it.
        for group in self.param_groups:
            self.make_state(group)

    def init_state(self, p: Array, *, initial_accumulator_value: float) -> State:  # type: ignore[override]
        return {"step": 0.0, "sum": np.full_like(p, initial_accumulator_value)}

    def share_memory(self) -> None:
        """Do nothing: for PyTorch, which moves the sums to memory shared between processes here."""

    def update(  # type: ignore[override]
        self,
        p: Array,
        g: Array,
        state: State,
        *,
        lr: float,
        lr_decay: float,
        weight_decay: float,
        eps: float,
    ) -> None:
        state["step"] += 1
        s = state["sum"]
        work, decay = self.scratch(g, 2)
        g = decayed(g, p, weight_decay, out=decay)
        add_square(s, 1, g, 1, work)
        add_quotient(p, -lr / (1 + (state["step"] - 1) * lr_decay), g, s, work, eps=eps)


class Adadelta(Optimizer):
    r"""Steps in the parameters' units: :math:`\Delta = g \sqrt{u+\epsilon} / \sqrt{v+\epsilon}`.

    `u` and `v` are running averages (weight `rho`) of squared steps and gradients, arXiv:1212.5701.

    >>> w = tn.tensor([1.0], requires_grad=True)
    >>> opt = tn.optim.Adadelta([w])
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w.item() < 1
    True
    """

    elementwise = True

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1.0,
        rho: float = 0.9,
        eps: float = 1e-6,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        capturable: bool = False,
        maximize: bool = False,
        differentiable: bool = False,
    ) -> None:
        at_least_zero("Adadelta", lr=lr, eps=eps, weight_decay=weight_decay)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho} (Adadelta wants 0 <= rho <= 1)")
        check_implementation("Adadelta", lr=lr, foreach=foreach, capturable=capturable)
        defaults = dict(
            lr=lr,
            rho=rho,
            eps=eps,
            weight_decay=weight_decay,
            maximize=maximize,
            capturable=capturable,
            foreach=foreach,
            differentiable=differentiable,
        )
        super().__init__(params, defaults)

    def init_state(self, p: Array) -> State:
        return {"step": 0.0, "square_avg": np.zeros_like(p), "acc_delta": np.zeros_like(p)}

    def update(  # type: ignore[override]
        self,
        p: Array,
        g: Array,
        state: State,
        *,
        lr: float,
        rho: float,
        eps: float,
        weight_decay: float,
    ) -> None:
        state["step"] += 1
        v, u = state["square_avg"], state["acc_delta"]
        work, delta = self.scratch(g, 2)
        g = decayed(g, p, weight_decay, out=delta)
        average_square(v, g, rho, work)
        np.add(u, eps, out=work)
        work /= v + eps
        np.sqrt(work, out=work)
        np.multiply(work, g, out=delta)
        average_square(u, delta, rho, work)
        p -= np.multiply(delta, lr, out=work)
