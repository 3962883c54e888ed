"""Products of two large matrices by oneDNN, which has the edge over OpenBLAS from some size on."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.kernels.onednn.library import Refused
from autotn.kernels.onednn.primitive import Afterwards, Call, Given, Maker, address_of, place_of
from autotn.kernels.onednn.switch import FLOAT, SWITCH, takes
from autotn.kernels.window import Array, Ints

SRC, DST, WEIGHTS, BIAS = 1, 17, 33, 41
LINEAR = 0x26

#: Whether a matrix is stored as it is or transposed, where, and elements from one row there to the next.
Stored = tuple[bytes, int, int]

#: Elements of the first factor from which callers ask.
LEAST = 1 << 12
#: Multiplications from which the library is the quicker one: in a plain product, in one with a weight
#: laid out as layers have it, and in a stack of small ones.
WORK, AFFINE_WORK, STACKED_WORK = 1 << 21, 1 << 19, 1 << 20
#: Elements of a weight from which its product with one row is the library's. Alone that product gains from
#: four times as many on, but in training each core finds the half it has just updated in its own cache.
ROW_WORK = 3 << 16


def product(a: Any, b: Any) -> Any:
    """``a.dot(b)``; shapes that do not fit are NumPy's to refuse.

    Callers look whether the first factor is as large as `LEAST`, so that small ones pay nothing.
    """
    found = by_onednn(a, b)
    return a.dot(b) if found is None else found


def by_onednn(a: Any, b: Any) -> Array | None:
    """The product of large float32 matrices in C or Fortran order; else None."""
    if a.ndim != 2 or b.ndim != 2:
        return None
    (rows, inner), (depth, columns) = a.shape, b.shape
    if a.dtype != FLOAT or b.dtype != FLOAT:
        SWITCH.work_elsewhere(rows * inner * columns)
        return None
    if inner != depth or (rows * inner * columns < WORK and SWITCH.choosy) or not a.size:
        return None
    first, second = stored(a), stored(b)
    if first is None or second is None or not columns or not SWITCH.ready():
        return None
    return multiplied(first, second, rows, inner, columns)


def of_one_row(x: Array, weight: Array) -> Array | None:
    """``x.dot(weight.T)`` for an `x` of one row; None where NumPy has to, or does better."""
    columns, inner = weight.shape
    if x.size != inner or not takes(1, x, weight):
        return None
    first, second = (b"N", address_of(weight), inner), (b"T", address_of(x), inner)
    return multiplied(first, second, columns, inner, 1).reshape(1, columns)


def outer(x: Array, y: Array) -> Array:
    """``x.T.dot(y)`` of two matrices of one row each."""
    if not takes(1, x, y):
        return np.einsum("i,j->ij", x[0], y[0])
    first, second = (b"T", address_of(x), x.size), (b"N", address_of(y), y.size)
    return multiplied(first, second, x.size, 1, y.size)


def multiplied(first: Stored, second: Stored, rows: int, inner: int, columns: int) -> Array:
    """The product, by a library that is ready, of two matrices as `stored` tells them."""
    out = np.empty((rows, columns), np.float32)
    library = SWITCH.library
    assert library is not None
    library.threads()
    status = library.sgemm(
        *(first[0], second[0], rows, columns, inner, 1.0, first[1], first[2]),
        *(second[1], second[2], 0.0, address_of(out), columns),
    )
    if status:
        raise Refused(f"oneDNN: sgemm answered {status}")
    return out


def stored(a: Array) -> Stored | None:
    """How a matrix lies in memory."""
    rows, columns = a.shape
    flags = a.flags
    if flags.c_contiguous:
        return b"N", address_of(a), columns
    if flags.f_contiguous:
        return b"T", address_of(a.T), rows
    return None


def affine(x: Array, weight: Array, bias: Array | None) -> Array | None:
    """``x.dot(weight.T) + bias`` for an `x` of two or more dimensions; None where NumPy has to, or does better."""
    shape = x.shape
    columns, inner = weight.shape
    size = x.size
    if x.dtype is not FLOAT or weight.dtype is not FLOAT or shape[-1] != inner:
        return None
    if (size * columns < AFFINE_WORK or size == inner) and (SWITCH.choosy or not size * columns):
        return None
    if bias is not None and not fits(bias, columns):
        return None
    if not (x.flags.c_contiguous and weight.flags.c_contiguous and SWITCH.ready()):
        return None
    rows, biased = size // inner, bias is not None
    call = SWITCH.the_session().find(
        ("affine", rows, inner, columns, biased),
        lambda maker: affine_call(maker, rows, inner, columns, biased),
    )
    if call is None:
        return None
    out = np.empty((*shape[:-1], columns), np.float32)
    if bias is None:
        call.on(x, weight, out)
    else:
        call.on(x, weight, bias, out)
    return out


def fits(bias: Array, columns: int) -> bool:
    """Whether it is a row of so many numbers that the library can read."""
    return bias.dtype is FLOAT and bias.shape == (columns,) and bias.flags.c_contiguous


def affine_call(maker: Maker, rows: int, inner: int, columns: int, biased: bool) -> Call:
    """Input, weight, bias if there is one, and the result."""
    transposed: tuple[Ints, Ints] = ((inner, columns), (1, inner))
    descriptor = maker.descriptor(
        *("matmul", maker.plain((rows, inner)), maker.plain(*transposed)),
        *(maker.plain((1, columns)) if biased else None, maker.plain((rows, columns))),
    )
    bias = [Given(BIAS, (columns,), dims=(1, columns))] if biased else []
    weight = Given(WEIGHTS, (columns, inner), dims=transposed[0], strides=transposed[1])
    given = [Given(SRC, (rows, inner)), weight, *bias, Given(DST, (rows, columns), True)]
    return Call(maker, descriptor, given)


def stacked(a: Any, b: Any, out: Any = None, scale: float = 1.0) -> Any:
    """``np.matmul(a, b, out=out) * scale`` of two stacks of matrices, in any layout."""
    found = by_stacks(a, b, out, scale)
    if found is None:
        found = np.matmul(a, b, out=out)
        if scale != 1:
            found *= scale
    return found


def by_stacks(a: Array, b: Array, out: Array | None = None, scale: float = 1.0) -> Array | None:
    """The products of two stacks of equal leading dimensions; None where NumPy has to, or does better."""
    if a.ndim < 3 or a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-2]:
        return None
    work = a.size * b.shape[-1]
    if a.dtype != FLOAT or b.dtype != FLOAT:
        SWITCH.work_elsewhere(work)
        return None
    if (work < STACKED_WORK and SWITCH.choosy) or not work or not SWITCH.ready():
        return None
    if out is None:
        out = np.empty((*a.shape[:-1], b.shape[-1]), np.float32)
    layouts = tuple([(x.shape, x.strides) for x in (a, b, out)])
    call: Any = SWITCH.the_session().find(
        ("stacks", layouts, scale), lambda maker: stacks_call(maker, layouts, scale)
    )
    if call is None:
        return None
    call.multiply(a, b, out)
    return out


def stacks_call(maker: Maker, layouts: tuple[tuple[Ints, Ints], ...], scale: float) -> Stacks:
    """The call for arrays of these shapes and strides in bytes: the two factors and the result."""
    given = []
    for name, (shape, strides) in zip((SRC, WEIGHTS, DST), layouts):
        if 4 not in strides[-2:] or any(s <= 0 or s % 4 for s in strides):
            raise Refused("oneDNN: an array expanded, reversed, or without a row of neighbours")
        given.append(Given(name, shape, name == DST, strides=tuple(s // 4 for s in strides)))
    a, b, out = (maker.plain(one.shape, one.strides) for one in given)
    scaled = [] if scale == 1 else [Afterwards("eltwise", LINEAR, scale)]
    attributes = maker.attributes_with(*scaled)
    descriptor = maker.descriptor("matmul", a, b, None, out, attributes=attributes)
    return Stacks(maker, descriptor, given)


class Stacks(Call):
    """A call whose arrays have gaps, so that they are looked at before it is looked for."""

    def multiply(self, *arrays: Array) -> None:
        """Run on arrays of the layouts it was made for."""
        addresses = self.addresses
        for place, (memory, _) in enumerate(self.bound):
            address = place_of(arrays[place])
            if addresses[place] != address:
                self.library.set_data_handle(memory, address)
                addresses[place] = address
        self.run()
