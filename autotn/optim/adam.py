"""Steps scaled by running averages of gradient and square: Adam, AdamW, Adamax, NAdam, RAdam."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np

from autotn.core.tensor import Tensor
from autotn.kernels.updates import add_multiple, add_quotient
from autotn.optim.lanes import Array, State
from autotn.optim.moments import average, average_square, decayed
from autotn.optim.optimizer import Optimizer, ParamsT
from autotn.optim.options import at_least_zero, check_betas, check_implementation, scalar_tensor

Betas = tuple[float | Tensor, float | Tensor]


class Adam(Optimizer):
    r"""Adam: :math:`p = p - \gamma \hat m / (\sqrt{\hat v} + \epsilon)`, arXiv:1412.6980.

    :math:`\hat m` and :math:`\hat v` are the running averages of gradient and square, divided by
    :math:`1 - \beta^t` because they start from zero.

    Parameters
    ----------
    weight_decay, decoupled_weight_decay
        Adds ``weight_decay * p`` to the gradient; decoupled, shrinks `p` directly, as `AdamW`.
    amsgrad
        Divides by the largest :math:`v` so far (https://openreview.net/forum?id=ryQu7f-RZ).

    >>> w = tn.tensor([1.0, -2.0], requires_grad=True)
    >>> opt = tn.optim.Adam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w.detach()
    tensor([ 0.9000, -1.9000])
    """

    elementwise = True

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        amsgrad: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
        decoupled_weight_decay: bool = False,
    ) -> None:
        who = type(self).__name__
        at_least_zero(who, lr=lr, eps=eps, weight_decay=weight_decay)
        check_betas(who, betas)
        if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
            raise ValueError(
                f"{who}: betas must be either both floats or both Tensors, got {betas}"
            )
        check_implementation(
            who, lr=lr, betas=betas, foreach=foreach, fused=fused, capturable=capturable
        )
        defaults = dict(
            lr=lr,
            betas=tuple(map(scalar_tensor, betas)),
            eps=eps,
            weight_decay=weight_decay,
            amsgrad=amsgrad,
            maximize=maximize,
            foreach=foreach,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=decoupled_weight_decay,
        )
        super().__init__(params, defaults)

    def init_state(self, p: Array, *, amsgrad: bool) -> State:  # type: ignore[override]
        state: State = {"step": 0.0, "exp_avg": np.zeros_like(p), "exp_avg_sq": np.zeros_like(p)}
        if amsgrad:
            state["max_exp_avg_sq"] = np.zeros_like(p)
        return state

    def update(  # type: ignore[override]
        self,
        p: Array,
        g: Array,
        state: State,
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
        amsgrad: bool,
        decoupled_weight_decay: bool,
    ) -> None:
        state["step"] += 1
        m, v, t = state["exp_avg"], state["exp_avg_sq"], state["step"]
        beta1, beta2 = betas
        work, decay = self.scratch(g, 2)
        kept = 1.0
        if decoupled_weight_decay and weight_decay:
            kept -= lr * weight_decay
        else:
            g = decayed(g, p, weight_decay, out=decay)
        average(m, g, beta1, work)
        average_square(v, g, beta2, work)
        if amsgrad:
            v = np.maximum(state["max_exp_avg_sq"], v, out=state["max_exp_avg_sq"])
        size, scale = -lr / (1 - beta1**t), 1 / (1 - beta2**t)
        add_quotient(p, size, m, v, work, eps=eps, scale=scale, b=kept)


class AdamW(Adam):
    r"""Adam with decoupled weight decay: first :math:`p = p - \gamma \lambda p`, arXiv:1711.05101.

    >>> w = tn.tensor([1.0, -2.0], requires_grad=True)
    >>> opt = tn.optim.AdamW([w], lr=0.1, weight_decay=0.5)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w.detach()
    tensor([ 0.8500, -1.8000])
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: Betas = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
        foreach: bool | None = None,
        capturable: bool = False,
        differentiable: bool = False,
        fused: bool | None = None,
    ) -> None:
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        # A checkpoint of Adam, or of an AdamW from before the option existed, decays as AdamW here.
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True


class Adamax(Optimizer):
    r"""Adam with the infinity norm: :math:`u = \max(\beta_2 u, |g| + \epsilon)`, arXiv:1412.6980.

    >>> w = tn.tensor([1.0, -2.0], requires_grad=True)
    >>> opt = tn.optim.Adamax([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w.detach()
    tensor([ 0.9000, -1.9000])
    """

    elementwise = True

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        foreach: bool | None = None,
        *,
        maximize: bool = False,
        differentiable: bool = False,
        capturable: bool = False,
    ) -> None:
        at_least_zero("Adamax", lr=lr, eps=eps, weight_decay=weight_decay)
        check_betas("Adamax", betas)
        check_implementation("Adamax", lr=lr, foreach=foreach, capturable=capturable)
        defaults = dict(
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            foreach=foreach,
            maximize=maximize,
            differentiable=differentiable,
            capturable=capturable,
        )
        super().__init__(params, defaults)

    def init_state(self, p: Array) -> State:
        return {"step": 0.0, "exp_avg": np.zeros_like(p), "exp_inf": np.zeros_like(p)}

    def update(  # type: ignore[override]
        self,
        p: Array,
        g: Array,
        state: State,
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
    ) -> None:
        state["step"] += 1
        m, u, t = state["exp_avg"], state["exp_inf"], state["step"]
        beta1, beta2 = betas
        work, decay = self.scratch(g, 2)
        g = decayed(g, p, weight_decay, out=decay)
        average(m, g, beta1, work)
        np.abs(g, out=work)
        work += eps
        u *= beta2
        np.maximum(u, work, out=u)
        np.divide(m, u, out=work)
        work *= lr / (1 - beta1**t)
        p -= work


class NAdam(Optimizer):
    r"""Adam with Nesterov momentum whose weight :math:`\mu_t = \beta_1 (1 - 0.96^{t\psi}/2)` grows.

    :math:`\psi` is `momentum_decay`; https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ.

    >>> w = tn.tensor([1.0], requires_grad=True)
    >>> opt = tn.optim.NAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()
    >>> w.item() < 1
    True
    """

    elementwise = True

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 2e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        momentum_decay: float = 4e-3,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        at_least_zero(
            "NAdam", lr=lr, eps=eps, weight_decay=weight_decay, momentum_decay=momentum_decay
        )
        check_betas("NAdam", betas)
        check_implementation("NAdam", lr=lr, foreach=foreach, capturable=capturable)
        defaults = dict(
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            momentum_decay=momentum_decay,
            decoupled_weight_decay=decoupled_weight_decay,
            maximize=maximize,
            foreach=foreach,
            capturable=capturable,
            differentiable=differentiable,
        )
        super().__init__(params, defaults)

    def init_state(self, p: Array) -> State:
        return {
            "step": 0.0,
            "mu_product": 1.0,
            "exp_avg": np.zeros_like(p),
            "exp_avg_sq": np.zeros_like(p),
        }

    def update(  # type: ignore[override]
        self,
        p: Array,
        g: Array,
        state: State,
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
        momentum_decay: float,
        decoupled_weight_decay: bool,
    ) -> None:
        state["step"] += 1
        m, v, t = state["exp_avg"], state["exp_avg_sq"], state["step"]
        beta1, beta2 = betas
        work, decay = self.scratch(g, 2)
        if decoupled_weight_decay and weight_decay:
            p *= 1 - lr * weight_decay
        else:
            g = decayed(g, p, weight_decay, out=decay)
        mu = beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
        mu_next = beta1 * (1 - 0.5 * 0.96 ** ((t + 1) * momentum_decay))
        product = state["mu_product"] = state["mu_product"] * mu
        average(m, g, beta1, work)
        average_square(v, g, beta2, work)
        # The step mixes today's gradient with the average, each corrected for its own past.
        step = np.multiply(g, lr * (1 - mu) / (1 - product), out=decay)
        step += np.multiply(m, lr * mu_next / (1 - product * mu_next), out=work)
        np.multiply(v, 1 / (1 - beta2**t), out=work)
        np.sqrt(work, out=work)
        work += eps
        step /= work
        p -= step


class RAdam(Optimizer):
    r"""Adam that divides by :math:`\sqrt v` once its variance is known, arXiv:1908.03265.

    >>> w = tn.tensor([1.0], requires_grad=True)
    >>> opt = tn.optim.RAdam([w], lr=0.1)
    >>> (w * w).sum().backward()
    >>> opt.step()  # the first steps are plain momentum
    >>> w.detach()
    tensor([0.8000])
    """

    elementwise = True

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0,
        decoupled_weight_decay: bool = False,
        *,
        foreach: bool | None = None,
        maximize: bool = False,
        capturable: bool = False,
        differentiable: bool = False,
    ) -> None:
        at_least_zero("RAdam", lr=lr, eps=eps, weight_decay=weight_decay)
        check_betas("RAdam", betas)
        check_implementation("RAdam", lr=lr, foreach=foreach, capturable=capturable)
        defaults = dict(
            lr=lr,
            betas=betas,
            eps=eps,
            weight_decay=weight_decay,
            maximize=maximize,
            foreach=foreach,
            capturable=capturable,
            decoupled_weight_decay=decoupled_weight_decay,
            differentiable=differentiable,
        )
        super().__init__(params, defaults)

    def init_state(self, p: Array) -> State:
        return {"step": 0.0, "exp_avg": np.zeros_like(p), "exp_avg_sq": np.zeros_like(p)}

    def update(  # type: ignore[override]
        self,
        p: Array,
        g: Array,
        state: State,
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
        decoupled_weight_decay: bool,
    ) -> None:
        state["step"] += 1
        m, v, t = state["exp_avg"], state["exp_avg_sq"], state["step"]
        beta1, beta2 = betas
        work, decay = self.scratch(g, 2)
        if decoupled_weight_decay and weight_decay:
            p *= 1 - lr * weight_decay
        else:
            g = decayed(g, p, weight_decay, out=decay)
        average(m, g, beta1, work)
        average_square(v, g, beta2, work)
        step_size = lr / (1 - beta1**t)
        # rho is the length of the simple moving average that v's weights amount to (section 3.3).
        rho_end = 2 / (1 - beta2) - 1
        rho = rho_end - 2 * t * beta2**t / (1 - beta2**t)
        if rho > 5:
            rectified = (rho - 4) * (rho - 2) * rho_end / ((rho_end - 4) * (rho_end - 2) * rho)
            size = -step_size * math.sqrt(rectified * (1 - beta2**t))
            add_quotient(p, size, m, v, work, eps=eps)
        else:
            add_multiple(p, -step_size, m, 1, work)


class SparseAdam(Optimizer):
    """Not supported: gradients here are dense, so use `Adam`."""

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
    ) -> NoReturn:
        raise NotImplementedError(
            "SparseAdam is made for sparse gradients, and autotn's are always dense: use Adam"
        )
