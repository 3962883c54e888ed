r"""Complex numbers: their parts, conjugates, angles, and the ways to make them.

Gradients follow PyTorch's convention: of a real loss :math:`2\,\partial L / \partial \bar z`, the
direction of steepest ascent. Rules in that convention are declared by ``wirtinger``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.methods import TensorMethods
from autotn.core.op import Arr, acts, composite, op, to_arrays
from autotn.core.tensor import Tensor
from autotn.errors import DTypeError, ShapeError
from autotn.ops.arithmetic import zeros_of

__all__ = [
    "angle", "complex", "conj", "conj_physical", "imag", "is_conj", "is_neg", "polar", "real",
    "resolve_conj", "resolve_neg", "view_as_complex", "view_as_real",
]  # fmt: skip


def _kind(name: str, input: Any) -> str:
    if not isinstance(input, (Tensor, np.ndarray, np.generic)):
        raise TypeError(f"{name}: argument 'input' must be a Tensor, got {type(input).__name__}")
    return to_arrays(input).dtype.kind


# -- parts -----------------------------------------------------------------------------------------


@op(view=True)
def _real(input: Arr) -> Arr:
    """The real part, a view.

    >>> tn.real(tn.tensor([1.0 + 2.0j]))
    tensor([1.])
    """
    return input.real


@op(view=True)
def _imag(input: Arr) -> Arr:
    """The imaginary part, a view.

    >>> tn.imag(tn.tensor([1.0 + 2.0j]))
    tensor([2.])
    """
    return input.imag


_real.wirtinger(input=lambda g: g * (1 + 0j))
_imag.wirtinger(input=lambda g: g * 1j)


@composite(numpy=np.real)
def real(input: Any) -> Any:
    """The real part, sharing memory; of a real tensor the tensor itself.

    >>> tn.real(tn.tensor([1.0 + 2.0j]))
    tensor([1.])
    """
    return _real(input) if _kind("real", input) == "c" else input


@composite(numpy=np.imag)
def imag(input: Any) -> Any:
    """The imaginary part, sharing memory.

    >>> tn.imag(tn.tensor([1.0 + 2.0j]))
    tensor([2.])
    """
    if _kind("imag", input) != "c":
        raise RuntimeError("imag is not implemented for tensors with non-complex dtypes.")
    return _imag(input)


def _set_part(read: Any) -> Any:
    def write(self: Tensor, value: Any) -> None:
        part = read(self)
        if isinstance(value, Tensor):
            part.copy_(value)
        else:
            part.fill_(value)

    return property(read, write, doc=read.__doc__)


setattr(TensorMethods, "real", _set_part(real))  # noqa: B010 - the class is an empty shelf
setattr(TensorMethods, "imag", _set_part(imag))  # noqa: B010


@op(method="angle", out=True, numpy=np.angle, promote="float")
def angle(input: Arr) -> Arr:
    r"""The angle of a complex number; of a real one 0 or :math:`\pi`.

    >>> tn.angle(tn.tensor([1.0 + 1.0j, -1.0]))
    tensor([0.7854, 3.1416])
    """
    if input.dtype.kind == "c":
        return np.angle(input)
    flat = np.where(input < 0, math.pi, 0).astype(input.dtype)
    return np.where(np.isnan(input), input, flat)


def _angle_rule(g: Any, input: Any) -> Any:
    size = (input * np.conj(input)).real
    zero = to_arrays(size) == 0
    return input * 1j * (g / np.where(zero, 1, size))


angle.grad(input=zeros_of)
angle.wirtinger(input=_angle_rule)


# -- conjugates ------------------------------------------------------------------------------------


@op()
def _conj(input: Arr) -> Arr:
    """The complex conjugate.

    >>> tn.conj(tn.tensor([1.0 + 2.0j]))
    tensor([1.-2.j])
    """
    return np.conjugate(input)


_conj.grad(input=lambda g: g)
_conj.wirtinger(input=lambda g: np.conj(g))


@composite(method="conj", numpy=np.conjugate)
def conj(input: Any) -> Any:
    r"""The complex conjugate :math:`\bar z`; of a real tensor the tensor itself.

    >>> tn.conj(tn.tensor([1.0 + 2.0j]))
    tensor([1.-2.j])
    """
    return _conj(input) if _kind("conj", input) == "c" else input


@composite(method="conj_physical", inplace=True, out=True)
def conj_physical(input: Any) -> Any:
    r"""The complex conjugate :math:`\bar z`, computed at once (as `conj` is here, too).

    >>> tn.conj_physical(tn.tensor([1.0 + 2.0j]))
    tensor([1.-2.j])
    """
    return conj(input)


@composite(method="resolve_conj")
def resolve_conj(input: Any) -> Any:
    """The tensor itself: conjugates are computed at once.

    >>> tn.resolve_conj(tn.tensor([1.0 + 2.0j]))
    tensor([1.+2.j])
    """
    return input


@composite(method="resolve_neg")
def resolve_neg(input: Any) -> Any:
    """The tensor itself: signs are computed at once.

    >>> tn.resolve_neg(tn.tensor([-1.0]))
    tensor([-1.])
    """
    return input


@composite(method="is_conj")
def is_conj(input: Any) -> bool:
    """False: no conjugate waits to be computed.

    >>> tn.is_conj(tn.tensor([1.0 + 2.0j]).conj())
    False
    """
    return False


@composite(method="is_neg")
def is_neg(input: Any) -> bool:
    """False: no sign waits to be computed.

    >>> tn.is_neg(tn.tensor([1.0]))
    False
    """
    return False


# -- making them -----------------------------------------------------------------------------------


@op(out=True, broadcasts=True, promote="same")
def complex(real: Arr, imag: Arr) -> Arr:
    r"""Complex numbers from their parts: :math:`a + ib`.

    >>> tn.complex(tn.tensor([1.0]), tn.tensor([2.0]))
    tensor([1.+2.j])
    """
    if real.dtype not in (np.float32, np.float64):
        raise DTypeError(
            f"complex: expected both inputs to be float32 or float64 tensors, got {real.dtype}"
        )
    wide = np.complex64 if real.dtype == np.float32 else np.complex128
    result = np.empty(np.broadcast_shapes(real.shape, imag.shape), wide)
    result.real, result.imag = real, imag
    return result


# Real inputs, so these need no conjugation and serve as both kinds of rule.
complex.grad(real=lambda g: g.real, imag=lambda g: g.imag)
complex.wirtinger(real=lambda g: g.real, imag=lambda g: g.imag)


@composite(out=True)
def polar(abs: Any, angle: Any) -> Any:
    r"""Complex numbers from size and angle: :math:`r\, e^{i\varphi}`.

    >>> tn.polar(tn.tensor([2.0]), tn.tensor([0.0]))
    tensor([2.+0.j])
    """
    kinds = {getattr(to_arrays(x), "dtype", type(x)) for x in (abs, angle)}
    if len(kinds) > 1 or not kinds <= {np.dtype(np.float32), np.dtype(np.float64)}:
        raise DTypeError(
            "polar: expected both inputs to be float32 or both float64 tensors, got "
            + " and ".join(map(str, kinds))
        )
    return complex(abs * np.cos(angle), abs * np.sin(angle))


@op(view=True)
def view_as_real(input: Arr) -> Arr:
    """A view with one more dimension, of size 2: real and imaginary part.

    >>> tn.view_as_real(tn.tensor([1.0 + 2.0j]))
    tensor([[1., 2.]])
    """
    return input[..., None].view(input.real.dtype)


@op(view=True)
def view_as_complex(input: Arr) -> Arr:
    """The view back: the last dimension, of size 2, holds real and imaginary part.

    >>> tn.view_as_complex(tn.tensor([[1.0, 2.0]]))
    tensor([1.+2.j])
    """
    if not input.ndim or input.shape[-1] != 2:
        raise ShapeError(
            f"view_as_complex: Tensor must have a last dimension of size 2, got {input.shape}"
        )
    if input.itemsize == 2:
        raise DTypeError(f"view_as_complex: there is no complex dtype of two {input.dtype}")
    wide = np.dtype(np.complex64 if input.dtype == np.float32 else np.complex128)
    if not input.size:
        return np.empty(input.shape[:-1], wide)
    if input.strides[-1] != input.itemsize:
        raise RuntimeError("view_as_complex: Tensor must have a last dimension with stride 1")
    return input.view(wide)[..., 0]


view_as_real.wirtinger(input=lambda g: view_as_complex(_packed(g)))
view_as_complex.grad(input=lambda g: view_as_real(g))
view_as_complex.wirtinger(input=lambda g: view_as_real(g))
view_as_real.takes("c")
view_as_complex.takes("f")


def _packed(g: Any) -> Any:
    """`g` with its last dimension contiguous, as a view of complex numbers needs it."""
    return np.ascontiguousarray(g) if isinstance(g, np.ndarray) else g.contiguous()


acts("elementwise", angle)
acts("linear", _real, _imag, _conj, view_as_real, view_as_complex)
