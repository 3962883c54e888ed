"""Convolution and its transpose, over signals, images and volumes."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from autotn.layers import init
from autotn.layers.axes import per_axis
from autotn.layers.lazy import LazyModuleMixin
from autotn.layers.module import Module
from autotn.layers.parameter import Parameter, UninitializedParameter
from autotn.ops import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
    empty,
)
from autotn.ops.pad import pad

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
]

PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


class _Conv(Module):
    """A kernel for groups of channels, a bias, and how the kernel moves."""

    #: How many axes the kernel moves along.
    rank: ClassVar[int]
    #: Whether this is the transpose.
    transposed_kind: ClassVar[bool] = False

    weight: Parameter
    bias: Parameter | None
    in_channels: int
    out_channels: int
    kernel_size: tuple[int, ...]

    def _set_up(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any,
        padding: Any,
        dilation: Any,
        output_padding: Any,
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any,
        dtype: Any,
    ) -> None:
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = per_axis(kernel_size, self.rank)
        self.stride = per_axis(stride, self.rank)
        self.padding = padding if isinstance(padding, str) else per_axis(padding, self.rank)
        self.dilation = per_axis(dilation, self.rank)
        self.transposed = self.transposed_kind
        self.output_padding = per_axis(output_padding, self.rank)
        self.groups = groups
        self.padding_mode = padding_mode
        self._check_settings()
        self.weight = Parameter(empty(self._weight_shape(), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _possible_groups(self) -> str:
        both = math.gcd(self.in_channels, self.out_channels)
        return ", ".join(str(n) for n in range(1, both + 1) if both % n == 0)

    def _check_settings(self) -> None:
        name, groups = type(self).__name__, self.groups
        if groups <= 0:
            raise ValueError(f"{name}: groups must be a positive integer, got {groups}")
        for what in ("in_channels", "out_channels"):
            if getattr(self, what) % groups:
                raise ValueError(
                    f"{name}: {what} must be divisible by groups, got {getattr(self, what)} "
                    f"and {groups}; in_channels={self.in_channels} and out_channels="
                    f"{self.out_channels} can both be shared by {self._possible_groups()} groups"
                )
        if isinstance(self.padding, str):
            if self.padding not in ("valid", "same"):
                raise ValueError(
                    f"{name}: Invalid padding string {self.padding!r}, should be one of "
                    "'valid', 'same'"
                )
            if self.padding == "same" and any(s != 1 for s in self.stride):
                raise ValueError(
                    f"{name}: padding='same' is not supported for strided convolutions, "
                    f"got stride {self.stride}"
                )
        if self.padding_mode not in PADDING_MODES:
            raise ValueError(
                f"{name}: padding_mode must be one of {', '.join(PADDING_MODES)}, but got "
                f"padding_mode={self.padding_mode!r}"
            )

    def _weight_shape(self) -> tuple[int, ...]:
        ends = [self.out_channels, self.in_channels]
        if self.transposed:
            ends.reverse()
        return (ends[0], ends[1] // self.groups, *self.kernel_size)

    def reset_parameters(self) -> None:
        """Draw fresh initial values."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in = math.prod(self.weight.shape[1:])
            if fan_in:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        """The sizes, and settings that are not the usual ones."""
        shown = [
            str(self.in_channels),
            str(self.out_channels),
            f"kernel_size={self.kernel_size}",
            f"stride={self.stride}",
        ]
        rank = self.rank
        usual: dict[str, Any] = {
            "padding": (0,) * rank,
            "dilation": (1,) * rank,
            "output_padding": (0,) * rank,
            "groups": 1,
        }
        shown += [f"{k}={getattr(self, k)}" for k, v in usual.items() if getattr(self, k) != v]
        if self.bias is None:
            shown.append("bias=False")
        if self.padding_mode != "zeros":
            shown.append(f"padding_mode={self.padding_mode}")
        return ", ".join(shown)


class _Plain(_Conv):
    """Convolution."""

    #: The op.
    function: ClassVar[Any]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self._set_up(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            0,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Any) -> Any:
        """The convolution."""
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input = pad(input, self._widths(), self.padding_mode)
            padding = 0
        return self.function(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )

    def _widths(self) -> list[int]:
        """The padding at both ends of each axis, the last axis first."""
        widths: list[int] = []
        for k in reversed(range(self.rank)):
            if isinstance(self.padding, str):
                same = self.padding == "same"
                total = self.dilation[k] * (self.kernel_size[k] - 1) if same else 0
                widths += [total // 2, total - total // 2]
            else:
                widths += [self.padding[k]] * 2
        return widths


class _Transposed(_Conv):
    """Transposed convolution."""

    transposed_kind = True
    #: The op.
    function: ClassVar[Any]

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(
                f'{type(self).__name__}: Only "zeros" padding mode is supported, '
                f"got {padding_mode!r}"
            )
        super().__init__()
        self._set_up(
            in_channels,
            out_channels,
            kernel_size,
            stride,
            padding,
            dilation,
            output_padding,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def forward(self, input: Any, output_size: Any = None) -> Any:
        """The transposed convolution; `output_size` chooses among the sizes that are possible."""
        extra = self.output_padding
        if output_size is not None:
            extra = self._extra(tuple(input.shape[-self.rank :]), output_size, input.ndim)
        return self.function(
            input,
            self.weight,
            self.bias,
            self.stride,
            self.padding,
            extra,
            self.groups,
            self.dilation,
        )

    def _extra(self, given: tuple[int, ...], output_size: Any, ndim: int) -> tuple[int, ...]:
        """The output padding that gives a size."""
        size = tuple(output_size)
        if len(size) == ndim:
            size = size[-self.rank :]
        if len(size) != self.rank:
            raise ValueError(
                f"{type(self).__name__}: output_size must have {self.rank} or {ndim} elements "
                f"(got {len(output_size)})"
            )
        least = tuple(
            (n - 1) * s - 2 * p + d * (k - 1) + 1
            for n, s, p, d, k in zip(
                given, self.stride, self.padding, self.dilation, self.kernel_size
            )
        )
        most = tuple(n + s - 1 for n, s in zip(least, self.stride))
        if any(not a <= n <= b for n, a, b in zip(size, least, most)):
            raise ValueError(
                f"{type(self).__name__}: requested an output size of {size}, but valid sizes range "
                f"from {least} to {most} (for an input of {given})"
            )
        return tuple(n - a for n, a in zip(size, least))


class Conv1d(_Plain):
    """Slide a learned kernel along signals of shape (batch, channels, length).

    Parameters
    ----------
    padding : int, tuple, "valid" or "same"
        How much to add at both ends.
    groups : int
        Groups of channels that don't mix.
    padding_mode : str
        What is added: "zeros", "reflect", "replicate" or "circular".

    >>> nn.Conv1d(16, 33, 3, stride=2)(tn.ones(20, 16, 50)).shape
    tn.Size([20, 33, 24])
    """

    rank = 1
    function = staticmethod(conv1d)


class Conv2d(_Plain):
    """`Conv1d` for images of shape (batch, channels, height, width).

    >>> nn.Conv2d(3, 6, (3, 5), padding="same")(tn.ones(2, 3, 8, 8)).shape
    tn.Size([2, 6, 8, 8])
    """

    rank = 2
    function = staticmethod(conv2d)


class Conv3d(_Plain):
    """`Conv1d` for volumes of shape (batch, channels, depth, height, width).

    >>> nn.Conv3d(3, 6, 3)(tn.ones(2, 3, 4, 4, 4)).shape
    tn.Size([2, 6, 2, 2, 2])
    """

    rank = 3
    function = staticmethod(conv3d)


class ConvTranspose1d(_Transposed):
    """Lay down a learned kernel at every place of a signal, and add: the way back of `Conv1d`.

    Parameters
    ----------
    output_padding : int or tuple
        How much longer the output is than the shortest that is possible.

    >>> nn.ConvTranspose1d(16, 33, 3, stride=2)(tn.ones(20, 16, 50)).shape
    tn.Size([20, 33, 101])
    """

    rank = 1
    function = staticmethod(conv_transpose1d)


class ConvTranspose2d(_Transposed):
    """`ConvTranspose1d` for images.

    >>> up = nn.ConvTranspose2d(6, 3, 3, stride=2, padding=1)
    >>> up(tn.ones(1, 6, 6, 6), output_size=(12, 12)).shape
    tn.Size([1, 3, 12, 12])
    """

    rank = 2
    function = staticmethod(conv_transpose2d)


class ConvTranspose3d(_Transposed):
    """`ConvTranspose1d` for volumes.

    >>> nn.ConvTranspose3d(6, 3, 2, stride=2)(tn.ones(1, 6, 2, 2, 2)).shape
    tn.Size([1, 3, 4, 4, 4])
    """

    rank = 3
    function = staticmethod(conv_transpose3d)


class _Lazy(LazyModuleMixin):
    """Beside a convolution: learns ``in_channels`` from the first input."""

    def _forget_sizes(self: Any, out_channels: int, bias: bool, device: Any, dtype: Any) -> None:
        """Parameters whose shapes come later, instead of those of no channels."""
        self.out_channels = out_channels
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def reset_parameters(self: Any) -> None:
        """Draw fresh initial values, once there are parameters."""
        if self.in_channels != 0 and not self.has_uninitialized_params():
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self: Any, input: Any, *args: Any, **kwargs: Any) -> None:
        """Make the parameters fit this input."""
        if not self.has_uninitialized_params():
            return
        if input.ndim not in (self.rank + 1, self.rank + 2):
            raise RuntimeError(
                f"{type(self).__name__}: expected {self.rank + 1}D (unbatched) or "
                f"{self.rank + 2}D (batched) input, but got input of size {list(input.shape)}"
            )
        self.in_channels = input.shape[-self.rank - 1]
        if self.in_channels % self.groups:
            raise ValueError(
                f"{type(self).__name__}: in_channels must be divisible by groups, got "
                f"{self.in_channels} and {self.groups}"
            )
        self.weight.materialize(self._weight_shape())
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()


class _LazyPlain(_Lazy):
    """Convolution that learns ``in_channels``."""

    def __init__(
        self: Any,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(0, 0, kernel_size, stride, padding, dilation, groups, False, padding_mode)
        self._forget_sizes(out_channels, bias, device, dtype)


class _LazyTransposed(_Lazy):
    """Transposed convolution that learns ``in_channels``."""

    def __init__(
        self: Any,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            0,
            0,
            kernel_size,
            stride,
            padding,
            output_padding,
            groups,
            False,
            dilation,
            padding_mode,
        )
        self._forget_sizes(out_channels, bias, device, dtype)


class LazyConv1d(_LazyPlain, Conv1d):
    """A `Conv1d` that learns ``in_channels`` from the first input it sees.

    >>> nn.LazyConv1d(4, 3)(tn.ones(2, 5, 8)).shape
    tn.Size([2, 4, 6])
    """

    cls_to_become = Conv1d


class LazyConv2d(_LazyPlain, Conv2d):
    """A `Conv2d` that learns ``in_channels`` from the first input it sees.

    >>> nn.LazyConv2d(4, 3)(tn.ones(2, 5, 8, 8)).shape
    tn.Size([2, 4, 6, 6])
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyPlain, Conv3d):
    """A `Conv3d` that learns ``in_channels`` from the first input it sees.

    >>> nn.LazyConv3d(4, 3)(tn.ones(2, 5, 4, 4, 4)).shape
    tn.Size([2, 4, 2, 2, 2])
    """

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyTransposed, ConvTranspose1d):
    """A `ConvTranspose1d` that learns ``in_channels`` from the first input it sees.

    >>> nn.LazyConvTranspose1d(4, 3)(tn.ones(2, 5, 8)).shape
    tn.Size([2, 4, 10])
    """

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyTransposed, ConvTranspose2d):
    """A `ConvTranspose2d` that learns ``in_channels`` from the first input it sees.

    >>> nn.LazyConvTranspose2d(4, 3)(tn.ones(2, 5, 8, 8)).shape
    tn.Size([2, 4, 10, 10])
    """

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyTransposed, ConvTranspose3d):
    """A `ConvTranspose3d` that learns ``in_channels`` from the first input it sees.

    >>> nn.LazyConvTranspose3d(4, 3)(tn.ones(2, 5, 2, 2, 2)).shape
    tn.Size([2, 4, 4, 4, 4])
    """

    cls_to_become = ConvTranspose3d
