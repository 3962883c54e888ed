"""Padding: more numbers around signals, images and volumes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from autotn.layers.module import Module
from autotn.ops.pad import pad

__all__ = [
    "ConstantPad1d",
    "ConstantPad2d",
    "ConstantPad3d",
    "ZeroPad1d",
    "ZeroPad2d",
    "ZeroPad3d",
    "ReflectionPad1d",
    "ReflectionPad2d",
    "ReflectionPad3d",
    "ReplicationPad1d",
    "ReplicationPad2d",
    "ReplicationPad3d",
    "CircularPad1d",
    "CircularPad2d",
    "CircularPad3d",
]


class _Pad(Module):
    """Widths, from the last dimension to the first: ``(left, right, top, bottom, front, back)``."""

    #: How many dimensions are padded.
    rank: ClassVar[int]
    #: What `pad` calls this way of padding.
    mode: ClassVar[str]

    def __init__(self, padding: Any) -> None:
        super().__init__()
        if isinstance(padding, Iterable):
            self.padding = tuple(padding)
        else:
            self.padding = (padding,) * (2 * self.rank)

    def forward(self, input: Any) -> Any:
        """The padded input."""
        return pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class _ConstantPad(_Pad):
    mode = "constant"

    def __init__(self, padding: Any, value: float) -> None:
        super().__init__(padding)
        self.value = value

    def forward(self, input: Any) -> Any:
        """The padded input."""
        return pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        """The widths and the value."""
        return f"padding={self.padding}, value={self.value}"


class _CircularPad(_Pad):
    mode = "circular"

    def forward(self, input: Any) -> Any:
        """The padded input."""
        if input.ndim not in (self.rank + 1, self.rank + 2):
            raise ValueError(
                f"{type(self).__name__}: expected {self.rank + 1}D or {self.rank + 2}D input "
                f"(got {input.ndim}D input)"
            )
        return pad(input, self.padding, "circular")


class ConstantPad1d(_ConstantPad):
    """Pad signals with one value.

    >>> nn.ConstantPad1d(1, 7.0)(tn.zeros(1, 2))
    tensor([[7., 0., 0., 7.]])
    """

    rank = 1


class ConstantPad2d(_ConstantPad):
    """Pad images with one value.

    >>> nn.ConstantPad2d((0, 1, 0, 0), 7.0)(tn.zeros(1, 1, 2))
    tensor([[[0., 0., 7.]]])
    """

    rank = 2


class ConstantPad3d(_ConstantPad):
    """Pad volumes with one value.

    >>> nn.ConstantPad3d(1, 7.0)(tn.zeros(1, 2, 2, 2)).shape
    tn.Size([1, 4, 4, 4])
    """

    rank = 3


class ZeroPad1d(ConstantPad1d):
    """Pad signals with zeros.

    >>> nn.ZeroPad1d(1)(tn.ones(1, 2))
    tensor([[0., 1., 1., 0.]])
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class ZeroPad2d(ConstantPad2d):
    """Pad images with zeros.

    >>> nn.ZeroPad2d((0, 1, 0, 0))(tn.ones(1, 1, 2))
    tensor([[[1., 1., 0.]]])
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class ZeroPad3d(ConstantPad3d):
    """Pad volumes with zeros.

    >>> nn.ZeroPad3d(1)(tn.ones(1, 2, 2, 2)).shape
    tn.Size([1, 4, 4, 4])
    """

    def __init__(self, padding: Any) -> None:
        super().__init__(padding, 0.0)

    def extra_repr(self) -> str:
        """The widths."""
        return f"{self.padding}"


class ReflectionPad1d(_Pad):
    """Pad signals with their mirror image, the edge not repeated.

    >>> nn.ReflectionPad1d(2)(tn.tensor([[0.0, 1.0, 2.0]]))
    tensor([[2., 1., 0., 1., 2., 1., 0.]])
    """

    rank = 1
    mode = "reflect"


class ReflectionPad2d(_Pad):
    """Pad images with their mirror image, the edge not repeated.

    >>> nn.ReflectionPad2d(1)(tn.ones(1, 2, 2)).shape
    tn.Size([1, 4, 4])
    """

    rank = 2
    mode = "reflect"


class ReflectionPad3d(_Pad):
    """Pad volumes with their mirror image, the edge not repeated.

    >>> nn.ReflectionPad3d(1)(tn.ones(1, 2, 2, 2)).shape
    tn.Size([1, 4, 4, 4])
    """

    rank = 3
    mode = "reflect"


class ReplicationPad1d(_Pad):
    """Pad signals with their outermost values.

    >>> nn.ReplicationPad1d(2)(tn.tensor([[0.0, 1.0]]))
    tensor([[0., 0., 0., 1., 1., 1.]])
    """

    rank = 1
    mode = "replicate"


class ReplicationPad2d(_Pad):
    """Pad images with their outermost values.

    >>> nn.ReplicationPad2d(1)(tn.ones(1, 2, 2)).shape
    tn.Size([1, 4, 4])
    """

    rank = 2
    mode = "replicate"


class ReplicationPad3d(_Pad):
    """Pad volumes with their outermost values.

    >>> nn.ReplicationPad3d(1)(tn.ones(1, 2, 2, 2)).shape
    tn.Size([1, 4, 4, 4])
    """

    rank = 3
    mode = "replicate"


class CircularPad1d(_CircularPad):
    """Pad signals with their other end, as on a ring.

    >>> nn.CircularPad1d(1)(tn.tensor([[0.0, 1.0, 2.0]]))
    tensor([[2., 0., 1., 2., 0.]])
    """

    rank = 1


class CircularPad2d(_CircularPad):
    """Pad images with their other end, as on a ring.

    >>> nn.CircularPad2d(1)(tn.ones(1, 2, 2)).shape
    tn.Size([1, 4, 4])
    """

    rank = 2


class CircularPad3d(_CircularPad):
    """Pad volumes with their other end, as on a ring.

    >>> nn.CircularPad3d(1)(tn.ones(1, 2, 2, 2)).shape
    tn.Size([1, 4, 4, 4])
    """

    rank = 3
