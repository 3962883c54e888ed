"""Running averages of the gradient and its square, in place, shared by the adaptive optimizers."""

from __future__ import annotations

from autotn.kernels.updates import add_multiple, add_square, weighted_sum
from autotn.optim.lanes import Array


def decayed(g: Array, p: Array, weight_decay: float, out: Array) -> Array:
    """The gradient of the loss plus ``weight_decay / 2 * p**2``; `g` itself when nothing decays."""
    if weight_decay == 0:
        return g
    weighted_sum(weight_decay, p, g, out)
    return out


def average(m: Array, g: Array, beta: float, work: Array) -> None:
    """``m = beta * m + (1 - beta) * g``; ``beta=0`` gives `g` exactly."""
    add_multiple(m, 1 - beta, g, beta, work)


def average_square(v: Array, g: Array, beta: float, work: Array) -> None:
    """``v = beta * v + (1 - beta) * g**2``."""
    add_square(v, 1 - beta, g, beta, work)
