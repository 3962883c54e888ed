"""Arithmetic on large arrays in oneDNN's terms: a formula is one pass over memory, on all threads.

A formula is a chain that begins with the first array; each step is an operation and its other
operand, the place of an array among those given or a number, or it is a function of one variable.

`max` gives its second operand where one is NaN, which is how NaN gets through where the library
would lose it.
"""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np

from autotn.kernels.blocks import in_blocks, number_or_array
from autotn.kernels.onednn.chain import (
    ABS,
    ADD,
    DIVIDE,
    EXP,
    GREATER,
    MAXIMUM,
    MULTIPLY,
    SQRT,
    SUBTRACT,
    TANH,
    By,
    Chain,
    Function,
)
from autotn.kernels.onednn.primitive import Maker
from autotn.kernels.onednn.switch import FLOAT, SWITCH, takes
from autotn.kernels.window import Array

#: Elements below which NumPy's passes cost less than a call.
LEAST = 1 << 16

Formula: TypeAlias = tuple[tuple[int, int | float] | int, ...]

FORMULAS: dict[str, Formula] = {
    "sum": ((ADD, 1),),
    "difference": ((SUBTRACT, 1),),
    "product": ((MULTIPLY, 1),),
    "twice the product": ((MULTIPLY, 1), (MULTIPLY, 2.0)),
    "quotient": ((DIVIDE, 1),),
    "half the quotient": ((DIVIDE, 1), (MULTIPLY, 0.5)),
    "slope by the divisor": ((DIVIDE, 1), (DIVIDE, 1), (MULTIPLY, 2), (MULTIPLY, -1.0)),
    "negative": ((MULTIPLY, -1.0),),
    "absolute": ((MULTIPLY, 1.0), ABS),
    "root": ((MULTIPLY, 1.0), SQRT),
    "exponential": ((MULTIPLY, 1.0), EXP, (MAXIMUM, 0)),
    "hyperbolic tangent": ((MULTIPLY, 1.0), TANH),
    "rectified": ((GREATER, math.inf), (MAXIMUM, 0)),
}

#: Which of the given arrays are handed over next to the first, in order.
OPERANDS = {
    name: tuple([s[1] for s in formula if not isinstance(s, int) and isinstance(s[1], int)])
    for name, formula in FORMULAS.items()
}


def computed(name: str, *arrays: Any, out: Array | None = None) -> Array | None:
    """A formula of arrays of one shape, or 0-d ones; None where NumPy has to, or does better.

    `out` may be the first array.
    """
    shape = arrays[0].shape
    if not takes(LEAST, *arrays):
        if arrays[0].dtype != FLOAT or not SWITCH.ready():
            return None
        first, *others = map(number_or_array, arrays)
        arrays = (first if first.shape == shape else np.full(shape, first), *others)
        if not takes(LEAST, *arrays):
            return None
    first = arrays[0]
    size, single = first.size, tuple([x.ndim == 0 for x in arrays[1:]])
    for x, is_number in zip(arrays[1:], single):
        if not is_number and x.shape != shape:
            return None
    call = SWITCH.the_session().find(
        (name, size, single), lambda maker: formula_call(maker, name, size, single)
    )
    if call is None:
        return None
    # The result has its own memory, no base: so the engine may keep it as it is.
    result = np.empty(shape, np.float32) if out is None else out
    call.on(first, *[arrays[k] for k in OPERANDS[name]], result)
    return result


def formula_call(maker: Maker, name: str, size: int, single: tuple[bool, ...]) -> Chain:
    """The call of a formula on arrays of one size, and of single numbers."""
    steps: list[By | Function] = []
    for step in FORMULAS[name]:
        if isinstance(step, int):
            steps.append(Function(step))
        elif isinstance(step[1], float):
            steps.append(By(step[0], (1,), fixed=np.full(1, step[1], np.float32)))
        elif step[1] and single[step[1] - 1]:
            steps.append(By(step[0], (), dims=(1,)))
        else:
            steps.append(By(step[0], (size,)))
    return Chain(maker, (size,), steps)


def add(x: Any, y: Any) -> Any:
    """``x + y``."""
    found = computed("sum", x, y)
    return np.add(x, y) if found is None else found


def add_to(x: Any, y: Any) -> Any:
    """``x += y``."""
    found = computed("sum", x, y, out=x)
    return np.add(x, y, out=x) if found is None else found


def subtract(x: Any, y: Any) -> Any:
    """``x - y``."""
    found = computed("difference", x, y)
    return np.subtract(x, y) if found is None else found


def multiply(x: Any, y: Any) -> Any:
    """``x * y``."""
    found = computed("product", x, y)
    return np.multiply(x, y) if found is None else found


def multiply_twice(x: Any, y: Any) -> Any:
    """``2 * x * y``."""
    found = computed("twice the product", x, y)
    return in_blocks(_twice, x, y) if found is None else found


def _twice(x: Array, y: Array, out: Array, work: Array) -> None:
    np.multiply(x, y, out)
    np.add(out, out, out)


def divide(x: Any, y: Any) -> Any:
    """``x / y``."""
    found = computed("quotient", x, y)
    return np.divide(x, y) if found is None else found


def divide_half(x: Any, y: Any) -> Any:
    """``x / (2 * y)``."""
    found = computed("half the quotient", x, y)
    return in_blocks(_half, x, y) if found is None else found


def _half(x: Array, y: Array, out: Array, work: Array) -> None:
    np.add(y, y, work)
    np.divide(x, work, out)


def slope_by_divisor(g: Any, x: Any, y: Any) -> Any:
    """``-g * x / y**2``, without the square."""
    found = computed("slope by the divisor", x, y, g)
    return in_blocks(_slope, g, x, y) if found is None else found


def _slope(g: Array, x: Array, y: Array, out: Array, work: Array) -> None:
    np.divide(x, y, out)
    np.divide(out, y, out)
    np.multiply(out, g, out)
    np.negative(out, out)


def negative(x: Any) -> Any:
    """``-x``."""
    found = computed("negative", x)
    return np.negative(x) if found is None else found


def absolute(x: Any) -> Any:
    """``|x|``."""
    found = computed("absolute", x)
    return np.absolute(x) if found is None else found


def sqrt(x: Any) -> Any:
    """The square root."""
    found = computed("root", x)
    return np.sqrt(x) if found is None else found


def exp(x: Any) -> Any:
    """The exponential."""
    found = computed("exponential", x)
    return np.exp(x) if found is None else found


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    found = computed("hyperbolic tangent", x)
    return np.tanh(x) if found is None else found
