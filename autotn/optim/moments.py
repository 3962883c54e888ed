"""Running averages of the gradient and its square, in place, shared by the adaptive optimizers."""

from __future__ import annotations

import numpy as np

from autotn.optim.lanes import Array


def decayed(g: Array, p: Array, weight_decay: float, out: Array) -> Array:
    """The gradient of the loss plus ``weight_decay / 2 * p**2``; `g` itself when nothing decays."""
    if weight_decay == 0:
        return g
    np.multiply(p, weight_decay, out=out)
    out += g
    return out


def average(m: Array, g: Array, beta: float, work: Array) -> None:
    """``m = beta * m + (1 - beta) * g``, from the nearer end: ``beta=0`` gives `g` exactly."""
    np.subtract(g, m, out=work)
    if beta > 0.5:
        work *= 1 - beta
        m += work
    else:
        work *= beta
        np.subtract(g, work, out=m)


def average_square(v: Array, g: Array, beta: float, work: Array) -> None:
    """``v = beta * v + (1 - beta) * g**2``."""
    v *= beta
    np.multiply(g, g, out=work)
    work *= 1 - beta
    v += work
