"""Updates of optimizers, each in one pass on all threads: multiples, squares and quotients added.

The library's `binary` primitive applies a chain of operations to its result. Numbers that change
from step to step (a learning rate, a correction) lie in memory it reads: no new kernel is made for
them.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autotn.kernels.onednn.primitive import AFTERWARDS, Afterwards, Call, Given, Maker
from autotn.kernels.onednn.switch import SWITCH, takes
from autotn.kernels.window import Array

ADD, MULTIPLY = 0x1FFF0, 0x1FFF1
SQRT, LINEAR, POWER = 0x25, 0x26, 0x30
SRC, OTHER, DST = 1, 2, 17

#: Elements from which a call costs less than NumPy's passes; a mere sum of multiples is one of BLAS.
LEAST = 1 << 15


#: Name of the chain, a constant that is compiled in, and whether all is multiplied at the end.
Kind = tuple[str, float, bool]


class Step(NamedTuple):
    """One operation on the result so far, if with another operand then an array or a number."""

    name: str
    kind: int = 0
    alpha: float = 0.0
    beta: float = 0.0
    by_array: bool = False


BY_NUMBER = Step("binary", MULTIPLY)
BY_ARRAY = Step("binary", MULTIPLY, by_array=True)
PLUS_ARRAY = Step("binary", ADD, by_array=True)
ADD_TO_RESULT = Step("sum", alpha=1.0)


def add_multiple(y: Array, a: float, x: Array, b: float) -> bool:
    """``y = a * x + b * y``; False where nothing was done: NumPy has to, or does better."""
    if b == 0 or not takes(2 * LEAST, y, x):
        return False
    return added(y, "multiple", 0.0, (x,), (a / b, b))


def add_square(y: Array, a: float, x: Array, b: float) -> bool:
    """``y = a * x**2 + b * y``."""
    if b == 0 or not takes(LEAST, y, x):
        return False
    return added(y, "square", 0.0, (x, x), (a / b, b))


def add_quotient(
    y: Array, a: float, x: Array, square: Array, scale: float, eps: float, b: float
) -> bool:
    """``y = a * x / (sqrt(scale * square) + eps) + b * y``."""
    if b == 0 or not takes(LEAST, y, x, square):
        return False
    return added(y, "quotient", eps, (square, x), (scale, a / b, b))


def weighted_sum(a: float, x: Array, y: Array, out: Array) -> bool:
    """``out = a * x + y``."""
    if not takes(LEAST, out, x, y):
        return False
    return written(out, ("sum", 0.0, False), (x, y), (a,))


def chain(name: str, eps: float) -> list[Step]:
    """What makes the addend from the arrays and numbers of an update, in their order."""
    if name == "sum":
        return [BY_NUMBER, PLUS_ARRAY]
    if name == "multiple":
        return [BY_NUMBER]
    if name == "square":
        return [BY_ARRAY, BY_NUMBER]
    root, inverse = Step("eltwise", SQRT), Step("eltwise", POWER, 1.0, -1.0)
    return [BY_NUMBER, root, Step("eltwise", LINEAR, 1.0, eps), inverse, BY_ARRAY, BY_NUMBER]


def added(
    y: Array, name: str, eps: float, operands: tuple[Array, ...], numbers: tuple[float, ...]
) -> bool:
    """Add to `y`, then multiply by the last number: ``(a / b * addend + y) * b``."""
    if numbers[-1] == 1:
        return written(y, (name, eps, False), operands, numbers[:-1])
    return written(y, (name, eps, True), operands, numbers)


def written(y: Array, kind: Kind, operands: tuple[Array, ...], numbers: tuple[float, ...]) -> bool:
    """Run an update of this kind; False where it cannot be."""
    size = y.size
    if not y.flags.writeable or any(x.size != size for x in operands):
        return False
    update: Any = SWITCH.the_session().find((kind, size), lambda maker: Update(maker, kind, size))
    if update is None:
        return False
    update.numbers[:] = numbers
    update(*(x.reshape(-1) for x in operands), y.reshape(-1))
    return True


class Update(Call):
    """The call of a chain of steps on arrays of one size; `numbers` are read when it runs."""

    def __init__(self, maker: Maker, kind: Kind, size: int) -> None:
        name, eps, scaled = kind
        steps = chain(name, eps)
        if name != "sum":
            steps.append(ADD_TO_RESULT)
        if scaled:
            steps.append(BY_NUMBER)
        self.numbers = np.empty(steps.count(BY_NUMBER), np.float32)
        pieces = iter(np.split(self.numbers, self.numbers.size))
        full, one = maker.plain((size,)), maker.plain((1,))
        given, after = [Given(SRC, (size,))], []
        for place, step in enumerate(steps):
            layout = full if step.by_array else one
            if step.name == "binary":
                fixed = None if step.by_array else next(pieces)
                shape = (size,) if step.by_array else (1,)
                given.append(Given(AFTERWARDS * place | OTHER, shape, fixed=fixed))
            after.append(Afterwards(step.name, step.kind, step.alpha, step.beta, layout))
        first, *rest = after
        attributes = maker.attributes_with(*rest)
        descriptor = maker.descriptor(
            "binary", first.kind, full, first.layout, full, attributes=attributes
        )
        super().__init__(maker, descriptor, [*given, Given(DST, (size,), True)])
