"""Updates of optimizers, each in one pass on all threads: multiples, squares and quotients added.

What is added to stays where it is from step to step, as do the averages that are added: so each such
array has calls of its own, and what they were told of an array holds until another one comes.
Numbers that change from step to step (a learning rate, a correction) lie in memory that the chain
reads: no new kernel is made for them.
"""

from __future__ import annotations

import weakref
from typing import Any

import numpy as np

from autotn.kernels.onednn.chain import (
    ADD,
    LINEAR,
    MULTIPLY,
    POWER,
    SQRT,
    By,
    Chain,
    Function,
    PlusOld,
)
from autotn.kernels.onednn.primitive import Maker, address_of
from autotn.kernels.onednn.switch import FLOAT, SWITCH, takes
from autotn.kernels.window import Array

#: Elements from which a call costs less than NumPy's passes.
LEAST = 1 << 15

#: Name of the chain, a constant that is compiled in, and whether all is multiplied at the end.
Kind = tuple[str, float, bool]


def add_multiple(y: Array, a: float, x: Array, b: float) -> bool:
    """``y = a * x + b * y``; False where nothing was done: NumPy has to, or does better."""
    return added(y, "multiple", 0.0, (x,), (a,), b)


def add_square(y: Array, a: float, x: Array, b: float) -> bool:
    """``y = a * x**2 + b * y``."""
    return added(y, "square", 0.0, (x, x), (a,), b)


def add_quotient(
    y: Array, a: float, x: Array, square: Array, scale: float, eps: float, b: float
) -> bool:
    """``y = a * x / (sqrt(scale * square) + eps) + b * y``."""
    return added(y, "quotient", eps, (square, x), (scale, a), b)


def weighted_sum(a: float, x: Array, y: Array, out: Array) -> bool:
    """``out = a * x + y``."""
    if not takes(LEAST, out):
        return False
    kind, size = ("sum", 0.0, False), out.size
    update: Any = SWITCH.the_session().find((kind, size), lambda maker: Update(maker, kind, size))
    return update is not None and update.made((x, y, out), (a,))


def added(
    y: Array,
    name: str,
    eps: float,
    operands: tuple[Array, ...],
    numbers: tuple[float, ...],
    b: float,
) -> bool:
    """Add what is made of the operands to `b` times `y`; the last number is the factor before it."""
    if b == 0 or not takes(LEAST, y):
        return False
    if b == 1:
        kind = name, eps, False
    else:  # a / b * addend + y, and then all of it times b
        kind, numbers = (name, eps, True), (*numbers[:-1], numbers[-1] / b, b)
    update: Any = SWITCH.the_session().find_own(kind, y, lambda maker: Update(maker, kind, y.size))
    return update is not None and update.made((*operands, y), numbers)


def steps(kind: Kind, size: int) -> list[By | Function | PlusOld]:
    """What makes the result from the arrays and numbers of an update, in their order."""
    name, eps, scaled = kind
    by_array, number = By(MULTIPLY, (size,)), By(MULTIPLY, (1,), fixed=np.ones(1, np.float32))
    if name == "sum":
        return [number, By(ADD, (size,))]
    addend: dict[str, list[By | Function | PlusOld]] = {
        "multiple": [number],
        "square": [by_array, number],
        "quotient": [
            *(number, Function(SQRT), Function(LINEAR, 1.0, eps), Function(POWER, 1.0, -1.0)),
            *(by_array, number),
        ],
    }
    return [*addend[name], PlusOld(), *([number] if scaled else [])]


class Update(Chain):
    """The call of an update of arrays of one size, and the arrays it was told of last."""

    def __init__(self, maker: Maker, kind: Kind, size: int) -> None:
        chain = []
        self.numbers: list[Array] = []
        for step in steps(kind, size):
            if isinstance(step, By) and step.fixed is not None:
                self.numbers.append(np.empty(1, np.float32))  # read when it runs
                step = step._replace(fixed=self.numbers[-1])
            chain.append(step)
        super().__init__(maker, (size,), chain)
        self.size_of_each = size
        self.seen: list[Any] = [_nothing] * len(self.bound)

    def made(self, arrays: tuple[Array, ...], numbers: tuple[float, ...]) -> bool:
        """Update the last array by the others; False where they are not for the library."""
        seen = self.seen
        for place, array in enumerate(arrays):
            if seen[place]() is not array and not self._see(place, array):
                return False
        for memory, number in zip(self.numbers, numbers):
            memory[0] = number
        self.run()
        return True

    def _see(self, place: int, array: Array) -> bool:
        """Look at an array, and tell the library where it lies."""
        flags = array.flags
        if array.dtype != FLOAT or array.size != self.size_of_each or not flags.c_contiguous:
            return False
        if place == len(self.seen) - 1 and not flags.writeable:
            return False
        self.library.set_data_handle(self.bound[place][0], address_of(array))
        self.seen[place] = weakref.ref(array)
        return True


def _nothing() -> None:
    """What a reference to no array answers."""
