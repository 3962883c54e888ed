"""Chains of elementwise arithmetic with a number per channel, in one pass over memory."""

from __future__ import annotations

import numpy as np

from autotn.kernels.onednn.primitive import AFTERWARDS, Afterwards, Call, Given, Ints, Maker
from autotn.kernels.onednn.switch import SWITCH, takes
from autotn.kernels.window import Array

ADD, MULTIPLY, SUBTRACT = 0x1FFF0, 0x1FFF1, 0x1FFF5

SRC, OTHER, DST = 1, 2, 17

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


def chain(maker: Maker, shape: Ints, kinds: tuple[tuple[int, bool], ...]) -> Call:
    """The call of these operations, of each whether its array is as large as the input."""
    per_channel = (1, shape[1], 1)
    (operation, _), *rest = kinds
    attributes = maker.attributes_with(
        *(
            Afterwards("binary", after, layout=maker.plain(shape if full else per_channel))
            for after, full in rest
        )
    )
    full = maker.plain(shape)
    descriptor = maker.descriptor(
        *("binary", operation, full, maker.plain(per_channel), full), attributes=attributes
    )
    names = [OTHER, *(AFTERWARDS * place | OTHER for place in range(1, len(kinds)))]
    others = [
        Given(name, shape if full else shape[1:2], dims=shape if full else per_channel)
        for name, (_, full) in zip(names, kinds)
    ]
    return Call(maker, descriptor, [Given(SRC, shape), *others, Given(DST, shape, True)])
