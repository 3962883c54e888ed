"""Forward mode with dual numbers, as PyTorch's `torch.autograd.forward_ad` spells it.

`tn.func.jvp` is the same for functions, and nests.
"""

from __future__ import annotations

import threading
from typing import Any, NamedTuple

from autotn.core.modes import state, transforming
from autotn.core.tensor import Tensor
from autotn.transforms.forward import Forward

__all__ = [
    "UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual",
]  # fmt: skip


class UnpackedDualTensor(NamedTuple):
    """The parts of a dual tensor; `tangent` is None for a tensor that has none."""

    primal: Tensor
    tangent: Tensor | None


def _open_level() -> Forward | None:
    """The level that `enter_dual_level` opened in this thread."""
    return next((t for t in state.transforms if isinstance(t, Forward) and t.joint_tape), None)


class dual_level:
    """Inside, tensors made by `make_dual` carry tangents through every op.

    >>> from autotn.autograd import forward_ad
    >>> with forward_ad.dual_level():
    ...     x = forward_ad.make_dual(tn.tensor(2.0), tn.tensor(1.0))
    ...     forward_ad.unpack_dual(x**3).tangent
    tensor(12.)
    """

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *exception: Any) -> None:
        exit_dual_level()


class _Opened(threading.local):
    """The context that `enter_dual_level` opened in this thread."""

    context: transforming | None = None


_opened = _Opened()


def enter_dual_level() -> int:
    """Open a level, and return its number: 0, as levels of this kind do not nest."""
    if _open_level() is not None:
        raise RuntimeError(
            "Nested forward mode AD is not supported at the moment: use func.jvp, which nests"
        )
    context = transforming(Forward(joint_tape=True))
    context.__enter__()
    _opened.context = context
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Close the level: tangents are not carried on from here."""
    context = _opened.context
    if context is None:
        raise RuntimeError("Trying to exit a forward AD level that was not entered")
    _opened.context = None
    context.__exit__(None, None, None)


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Tensor:
    """`tensor` with a tangent of its shape and dtype, for the level that is open."""
    opened = _open_level()
    if opened is None:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to "
            "enter_dual_level() first."
        )
    for name, t in (("tensor", tensor), ("tangent", tangent)):
        if not isinstance(t, Tensor):
            raise TypeError(f"make_dual: {name} must be a Tensor, got {type(t).__name__}")
        if not (t.is_floating_point() or t.is_complex()):
            raise ValueError(f"Expected {name} to be floating point or complex, but got: {t.dtype}")
    if tensor.shape != tangent.shape or tensor.dtype != tangent.dtype:
        raise RuntimeError(
            f"make_dual: expected a tangent of shape {tuple(tensor.shape)} and {tensor.dtype} as the tensor "
            f"has, got {tuple(tangent.shape)} and {tangent.dtype}"
        )
    made = opened.dual(opened.primal(tensor), opened.primal(tangent))
    made._node = tensor._node
    return made


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The primal and the tangent; the tangent is None where there is none."""
    opened = _open_level()
    if opened is None:
        return UnpackedDualTensor(tensor, None)
    return UnpackedDualTensor(opened.primal(tensor), opened.tangent(tensor))
