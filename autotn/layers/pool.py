"""Pooling: one number for each window of a signal, an image or a volume; and the way back."""

from __future__ import annotations

from typing import Any, ClassVar

from autotn.layers.axes import per_axis
from autotn.layers.module import Module
from autotn.ops.pool import (
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    lp_pool1d,
    lp_pool2d,
    lp_pool3d,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    max_unpool1d,
    max_unpool2d,
    max_unpool3d,
)
from autotn.ops.pool_adaptive import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
    fractional_max_pool2d,
    fractional_max_pool3d,
)

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveAvgPool3d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AdaptiveMaxPool3d",
    "AvgPool1d",
    "AvgPool2d",
    "AvgPool3d",
    "FractionalMaxPool2d",
    "FractionalMaxPool3d",
    "LPPool1d",
    "LPPool2d",
    "LPPool3d",
    "MaxPool1d",
    "MaxPool2d",
    "MaxPool3d",
    "MaxUnpool1d",
    "MaxUnpool2d",
    "MaxUnpool3d",
]


class _Pool(Module):
    """Settings, shown by name, and the op they go to."""

    #: The op.
    function: ClassVar[Any]
    #: What `extra_repr` shows.
    shown: ClassVar[tuple[str, ...]]

    def extra_repr(self) -> str:
        """The settings."""
        return ", ".join(f"{name}={getattr(self, name)}" for name in self.shown)


# -- maxima ------------------------------------------------------------------------------------


class _MaxPool(_Pool):
    shown = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        return_indices: bool = False,
        ceil_mode: bool = False,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.dilation = dilation
        self.return_indices = return_indices
        self.ceil_mode = ceil_mode

    def forward(self, input: Any) -> Any:
        """The maxima, and with `return_indices` where they stand."""
        return self.function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.dilation,
            self.ceil_mode,
            self.return_indices,
        )


class MaxPool1d(_MaxPool):
    """The maximum of each window of a signal.

    Parameters
    ----------
    stride : int, optional
        By default windows lie side by side.
    return_indices : bool
        Also give where each maximum stands, for `MaxUnpool1d`.
    ceil_mode : bool
        Count a last window that is only partly there.

    >>> nn.MaxPool1d(2)(tn.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[3., 2.]])
    """

    function = staticmethod(max_pool1d)


class MaxPool2d(_MaxPool):
    """The maximum of each window of an image; see `MaxPool1d`.

    >>> nn.MaxPool2d(2)(tn.rand(2, 3, 8, 8)).shape
    tn.Size([2, 3, 4, 4])
    """

    function = staticmethod(max_pool2d)


class MaxPool3d(_MaxPool):
    """The maximum of each window of a volume; see `MaxPool1d`.

    >>> nn.MaxPool3d(2)(tn.rand(2, 3, 4, 4, 4)).shape
    tn.Size([2, 3, 2, 2, 2])
    """

    function = staticmethod(max_pool3d)


class _MaxUnpool(_Pool):
    shown = ("kernel_size", "stride", "padding")
    rank: ClassVar[int]

    def __init__(self, kernel_size: Any, stride: Any = None, padding: Any = 0) -> None:
        super().__init__()
        self.kernel_size = per_axis(kernel_size, self.rank)
        self.stride = per_axis(kernel_size if stride is None else stride, self.rank)
        self.padding = per_axis(padding, self.rank)

    def forward(self, input: Any, indices: Any, output_size: Any = None) -> Any:
        """The maxima at the places they came from, zeros elsewhere."""
        return self.function(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool1d(_MaxUnpool):
    """Put the maxima of `MaxPool1d` back at their places, among zeros.

    >>> maxima, indices = nn.MaxPool1d(2, return_indices=True)(tn.tensor([[1.0, 3.0, 2.0, 0.0]]))
    >>> nn.MaxUnpool1d(2)(maxima, indices)
    tensor([[0., 3., 2., 0.]])
    """

    rank = 1
    function = staticmethod(max_unpool1d)


class MaxUnpool2d(_MaxUnpool):
    """Put the maxima of `MaxPool2d` back at their places, among zeros.

    >>> maxima, indices = nn.MaxPool2d(2, return_indices=True)(tn.rand(1, 1, 4, 4))
    >>> nn.MaxUnpool2d(2)(maxima, indices).shape
    tn.Size([1, 1, 4, 4])
    """

    rank = 2
    function = staticmethod(max_unpool2d)


class MaxUnpool3d(_MaxUnpool):
    """Put the maxima of `MaxPool3d` back at their places, among zeros.

    >>> maxima, indices = nn.MaxPool3d(2, return_indices=True)(tn.rand(1, 1, 4, 4, 4))
    >>> nn.MaxUnpool3d(2)(maxima, indices).shape
    tn.Size([1, 1, 4, 4, 4])
    """

    rank = 3
    function = staticmethod(max_unpool3d)


# -- means -------------------------------------------------------------------------------------


class AvgPool1d(_Pool):
    """The mean of each window of a signal.

    Parameters
    ----------
    count_include_pad : bool
        Padding counts among the numbers of a window.

    >>> nn.AvgPool1d(2)(tn.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[2., 1.]])
    """

    shown = ("kernel_size", "stride", "padding")

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
    ) -> None:
        super().__init__()
        self.kernel_size = per_axis(kernel_size, 1)
        self.stride = per_axis(kernel_size if stride is None else stride, 1)
        self.padding = per_axis(padding, 1)
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad

    def forward(self, input: Any) -> Any:
        """The means."""
        return avg_pool1d(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
        )


class _AvgPool(_Pool):
    shown = ("kernel_size", "stride", "padding")

    def __init__(
        self,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        divisor_override: int | None = None,
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = kernel_size if stride is None else stride
        self.padding = padding
        self.ceil_mode = ceil_mode
        self.count_include_pad = count_include_pad
        self.divisor_override = divisor_override

    def forward(self, input: Any) -> Any:
        """The means."""
        return self.function(
            input,
            self.kernel_size,
            self.stride,
            self.padding,
            self.ceil_mode,
            self.count_include_pad,
            self.divisor_override,
        )


class AvgPool2d(_AvgPool):
    """The mean of each window of an image; `divisor_override` divides the sums instead.

    >>> nn.AvgPool2d(2)(tn.rand(2, 3, 8, 8)).shape
    tn.Size([2, 3, 4, 4])
    """

    function = staticmethod(avg_pool2d)


class AvgPool3d(_AvgPool):
    """The mean of each window of a volume; `divisor_override` divides the sums instead.

    >>> nn.AvgPool3d(2)(tn.rand(2, 3, 4, 4, 4)).shape
    tn.Size([2, 3, 2, 2, 2])
    """

    function = staticmethod(avg_pool3d)


class _LPPool(_Pool):
    shown = ("norm_type", "kernel_size", "stride", "ceil_mode")

    def __init__(
        self, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
    ) -> None:
        super().__init__()
        self.norm_type = norm_type
        self.kernel_size = kernel_size
        self.stride = stride
        self.ceil_mode = ceil_mode

    def forward(self, input: Any) -> Any:
        """The roots of the sums of powers."""
        return self.function(
            input, float(self.norm_type), self.kernel_size, self.stride, self.ceil_mode
        )


class LPPool1d(_LPPool):
    r"""The p-norm of each window of a signal: :math:`\sqrt[p]{\sum x^p}`.

    >>> nn.LPPool1d(2, 2)(tn.tensor([[3.0, 4.0, 0.0, 2.0]]))
    tensor([[5., 2.]])
    """

    function = staticmethod(lp_pool1d)


class LPPool2d(_LPPool):
    """The p-norm of each window of an image.

    >>> nn.LPPool2d(2, 2)(tn.rand(2, 3, 8, 8)).shape
    tn.Size([2, 3, 4, 4])
    """

    function = staticmethod(lp_pool2d)


class LPPool3d(_LPPool):
    """The p-norm of each window of a volume.

    >>> nn.LPPool3d(2, 2)(tn.rand(2, 3, 4, 4, 4)).shape
    tn.Size([2, 3, 2, 2, 2])
    """

    function = staticmethod(lp_pool3d)


# -- to a given size ---------------------------------------------------------------------------


class _AdaptiveAvgPool(_Pool):
    shown = ("output_size",)

    def __init__(self, output_size: Any) -> None:
        super().__init__()
        self.output_size = output_size

    def forward(self, input: Any) -> Any:
        """The means."""
        return self.function(input, self.output_size)


class AdaptiveAvgPool1d(_AdaptiveAvgPool):
    """The means of `output_size` windows that divide a signal evenly.

    >>> nn.AdaptiveAvgPool1d(2)(tn.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[2., 1.]])
    """

    function = staticmethod(adaptive_avg_pool1d)


class AdaptiveAvgPool2d(_AdaptiveAvgPool):
    """The means of windows that divide an image evenly; None keeps an axis.

    >>> nn.AdaptiveAvgPool2d((5, None))(tn.rand(2, 3, 8, 9)).shape
    tn.Size([2, 3, 5, 9])
    """

    function = staticmethod(adaptive_avg_pool2d)


class AdaptiveAvgPool3d(_AdaptiveAvgPool):
    """The means of windows that divide a volume evenly; None keeps an axis.

    >>> nn.AdaptiveAvgPool3d(2)(tn.rand(2, 3, 4, 5, 6)).shape
    tn.Size([2, 3, 2, 2, 2])
    """

    function = staticmethod(adaptive_avg_pool3d)


class _AdaptiveMaxPool(_Pool):
    shown = ("output_size",)

    def __init__(self, output_size: Any, return_indices: bool = False) -> None:
        super().__init__()
        self.output_size = output_size
        self.return_indices = return_indices

    def forward(self, input: Any) -> Any:
        """The maxima, and with `return_indices` where they stand."""
        return self.function(input, self.output_size, self.return_indices)


class AdaptiveMaxPool1d(_AdaptiveMaxPool):
    """The maxima of `output_size` windows that divide a signal evenly.

    >>> nn.AdaptiveMaxPool1d(2)(tn.tensor([[1.0, 3.0, 2.0, 0.0]]))
    tensor([[3., 2.]])
    """

    function = staticmethod(adaptive_max_pool1d)


class AdaptiveMaxPool2d(_AdaptiveMaxPool):
    """The maxima of windows that divide an image evenly; None keeps an axis.

    >>> nn.AdaptiveMaxPool2d((5, None))(tn.rand(2, 3, 8, 9)).shape
    tn.Size([2, 3, 5, 9])
    """

    function = staticmethod(adaptive_max_pool2d)


class AdaptiveMaxPool3d(_AdaptiveMaxPool):
    """The maxima of windows that divide a volume evenly; None keeps an axis.

    >>> nn.AdaptiveMaxPool3d(2)(tn.rand(2, 3, 4, 5, 6)).shape
    tn.Size([2, 3, 2, 2, 2])
    """

    function = staticmethod(adaptive_max_pool3d)


# -- at random places --------------------------------------------------------------------------


class _FractionalMaxPool(_Pool):
    shown = ()
    rank: ClassVar[int]

    def __init__(
        self,
        kernel_size: Any,
        output_size: Any = None,
        output_ratio: Any = None,
        return_indices: bool = False,
        _random_samples: Any = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        if (output_size is None) == (output_ratio is None):
            raise ValueError(
                f"{name}: requires specifying either an output size, or a pooling ratio: "
                "only one of output_size and output_ratio may be specified"
            )
        self.kernel_size = per_axis(kernel_size, self.rank)
        self.return_indices = return_indices
        self.register_buffer("_random_samples", _random_samples)
        self.output_size = None if output_size is None else per_axis(output_size, self.rank)
        self.output_ratio = None if output_ratio is None else per_axis(output_ratio, self.rank)
        if self.output_ratio is not None and any(not 0 < r < 1 for r in self.output_ratio):
            raise ValueError(f"{name}: output_ratio must be between 0 and 1 (got {output_ratio})")

    def forward(self, input: Any) -> Any:
        """The maxima, and with `return_indices` where they stand."""
        return self.function(
            input,
            self.kernel_size,
            self.output_size,
            self.output_ratio,
            self.return_indices,
            self._random_samples,
        )


class FractionalMaxPool2d(_FractionalMaxPool):
    """The maxima of windows placed at random over an image, about evenly.

    Graham, "Fractional Max-Pooling", 2014. Either `output_size` or `output_ratio` is given.

    >>> nn.FractionalMaxPool2d(3, output_ratio=0.5)(tn.rand(2, 3, 8, 8)).shape
    tn.Size([2, 3, 4, 4])
    """

    rank = 2
    function = staticmethod(fractional_max_pool2d)


class FractionalMaxPool3d(_FractionalMaxPool):
    """The maxima of windows placed at random in a volume, about evenly.

    >>> nn.FractionalMaxPool3d(2, output_size=3)(tn.rand(2, 3, 8, 8, 8)).shape
    tn.Size([2, 3, 3, 3, 3])
    """

    rank = 3
    function = staticmethod(fractional_max_pool3d)
