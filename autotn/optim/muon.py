"""Muon: momentum made orthogonal, for the matrices of hidden layers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.tensor import Tensor
from autotn.optim.lanes import Array, State
from autotn.optim.moments import average
from autotn.optim.optimizer import Optimizer, ParamsT
from autotn.optim.options import at_least_zero


def to_bfloat16(x: Any) -> Array:
    """A float32 copy of `x` with every number rounded to the nearest bfloat16, ties to even."""
    rounded = np.array(x, np.float32, order="C", ndmin=1)
    bits = rounded.view(np.uint32)
    bits += 0x7FFF + ((bits >> 16) & 1)
    bits &= 0xFFFF0000
    return rounded


def orthogonalized(
    matrix: Array, coefficients: tuple[float, float, float], steps: int, eps: float
) -> Array:
    """Roughly ``U @ V.T`` of the singular value decomposition, by Newton-Schulz iteration.

    The default coefficients bring small singular values near 1 fast, at the price of leaving them
    between about 0.7 and 1.2 (https://kellerjordan.github.io/posts/muon/). That is coarse, so
    PyTorch computes in bfloat16; the same roundings here give the same steps.
    """
    if steps >= 100:
        raise ValueError(f"Muon: ns_steps must be less than 100, got {steps}")
    if len(coefficients) != 3:
        raise ValueError(f"Muon: ns_coefficients must be three numbers, got {coefficients}")
    a, b, c = map(float, coefficients)
    tall = matrix.shape[0] > matrix.shape[1]
    x = to_bfloat16(matrix.T if tall else matrix)
    x = to_bfloat16(x / to_bfloat16(max(np.linalg.norm(x), eps)))  # no singular value exceeds 1
    for _ in range(steps):
        gram = to_bfloat16(x @ x.T)
        x = to_bfloat16(a * x + to_bfloat16(b * gram + c * (gram @ gram)) @ x)
    return x.T if tall else x


class Muon(Optimizer):
    r"""Steps along the orthogonalised momentum of a matrix, arXiv:2502.16982.

    Only for 2-D parameters; leave biases and embeddings to another optimizer.

    Parameters
    ----------
    weight_decay
        Decoupled: shrinks the parameter by ``lr * weight_decay``.
    adjust_lr_fn
        ``"original"`` (as None) multiplies `lr` by :math:`\sqrt{\max(1, rows / columns)}`,
        ``"match_rms_adamw"`` by :math:`0.2 \sqrt{\max(rows, columns)}`.

    >>> w = tn.zeros(2, 2, requires_grad=True)
    >>> opt = tn.optim.Muon([w], lr=0.1)
    >>> (w @ tn.eye(2)).trace().backward()
    >>> opt.step()
    >>> w[0, 0].item() < -0.05
    True
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1e-3,
        weight_decay: float = 0.1,
        momentum: float = 0.95,
        nesterov: bool = True,
        ns_coefficients: tuple[float, float, float] = (3.4445, -4.775, 2.0315),
        eps: float = 1e-7,
        ns_steps: int = 5,
        adjust_lr_fn: str | None = None,
    ) -> None:
        at_least_zero("Muon", lr=lr, momentum=momentum, weight_decay=weight_decay)
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(
                f"Muon: adjust_lr_fn {adjust_lr_fn!r} is not supported; "
                "it can be 'original' or 'match_rms_adamw'"
            )
        defaults = dict(
            lr=lr,
            weight_decay=weight_decay,
            momentum=momentum,
            nesterov=nesterov,
            ns_coefficients=ns_coefficients,
            eps=eps,
            ns_steps=ns_steps,
            adjust_lr_fn=adjust_lr_fn,
        )
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                if p.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters, got one of shape {tuple(p.shape)}"
                    )

    def init_state(self, p: Array) -> State:
        if p.dtype.kind == "c":
            raise RuntimeError("Muon does not support complex parameters")
        return {"momentum_buffer": np.zeros_like(p)}

    def update(  # type: ignore[override]
        self,
        p: Array,
        g: Array,
        state: State,
        *,
        lr: float,
        weight_decay: float,
        momentum: float,
        nesterov: bool,
        ns_coefficients: tuple[float, float, float],
        eps: float,
        ns_steps: int,
        adjust_lr_fn: str | None,
    ) -> None:
        work, mixed = self.scratch(g, 2)
        step = state["momentum_buffer"]
        average(step, g, momentum, work)
        if nesterov:
            mixed[...] = step
            average(mixed, g, momentum, work)
            step = mixed
        step = orthogonalized(step, ns_coefficients, ns_steps, eps)
        rows, columns = p.shape
        if adjust_lr_fn == "match_rms_adamw":
            ratio = 0.2 * math.sqrt(max(rows, columns))
        else:
            ratio = math.sqrt(max(1, rows / columns))
        p *= 1 - lr * weight_decay
        p -= np.multiply(step, lr * ratio, out=work)
