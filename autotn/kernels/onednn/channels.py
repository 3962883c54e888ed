"""Chains of elementwise arithmetic with a number per channel."""

from __future__ import annotations

import numpy as np

from autotn.kernels.onednn.chain import By, Chain
from autotn.kernels.onednn.primitive import Ints, Maker
from autotn.kernels.onednn.switch import SWITCH, takes
from autotn.kernels.window import Array

#: Elements below which NumPy's several passes cost less than a call.
LEAST = 1 << 14


def chained(x: Array, *steps: tuple[int, Array]) -> Array | None:
    """Operations on ``(N, C, places)``, each with an array like it or one number per channel."""
    # With a single place per channel the library cannot tell channels from places.
    if x.shape[2] == 1 or not takes(LEAST, x, *(a for _, a in steps)):
        return None
    kinds = tuple((operation, a.ndim == 3) for operation, a in steps)
    call = SWITCH.the_session().find(
        ("chain", x.shape, kinds), lambda maker: chain(maker, x.shape, kinds)
    )
    if call is None:
        return None
    out = np.empty_like(x)
    call(x, *(a for _, a in steps), out)
    return out


def chain(maker: Maker, shape: Ints, kinds: tuple[tuple[int, bool], ...]) -> Chain:
    """The call of these operations, of each whether its array is as large as the input."""
    per_channel = (1, shape[1], 1)
    steps = [By(kind, shape) if full else By(kind, shape[1:2], per_channel) for kind, full in kinds]
    return Chain(maker, shape, steps)
