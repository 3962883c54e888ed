"""Pooling to a given size: adaptive maxima and means, and fractional maxima."""

from __future__ import annotations

from typing import Any

from autotn.core.dtypes import as_numpy
from autotn.core.op import Arr, Fixed, acts, composite, op
from autotn.kernels import pool_adaptive as kernel
from autotn.kernels.window import spatial
from autotn.ops.pool import from_winners, over_batch, winners
from autotn.ops.stochastic import uniform_array

__all__ = ["adaptive_avg_pool1d", "adaptive_max_pool1d"]

FUNCTIONAL = (
    "adaptive_avg_pool2d",
    "adaptive_avg_pool3d",
    "adaptive_max_pool2d",
    "adaptive_max_pool3d",
    "fractional_max_pool2d",
    "fractional_max_pool3d",
)

# -- means -----------------------------------------------------------------------------------------


@op()
def _adaptive_avg_pool(input: Arr, output_size: Any) -> Arr:
    """The means of as many windows as asked for.

    >>> F.adaptive_avg_pool1d(tn.tensor([[1.0, 2.0, 6.0]]), 2)
    tensor([[1.5000, 4.0000]])
    """
    return kernel.adaptive_avg_pool(input, output_size)


@op()
def _adaptive_avg_pool_spread(input: Arr, shape: tuple[int, ...]) -> Arr:
    """The gradient of adaptive average pooling.

    >>> x = tn.ones(1, 3, requires_grad=True)
    >>> F.adaptive_avg_pool1d(x, 2).sum().backward(); x.grad
    tensor([[0.5000, 1.0000, 0.5000]])
    """
    return kernel.adaptive_avg_pool_gradient(input, shape)


_adaptive_avg_pool.grad(
    input=lambda g, input_shape: _adaptive_avg_pool_spread(g, tuple(input_shape))
)
_adaptive_avg_pool_spread.grad(
    input=lambda g, input_shape: _adaptive_avg_pool(g, tuple(input_shape[2:]))
)


@composite()
def adaptive_avg_pool1d(input: Any, output_size: Any) -> Any:
    """The means of `output_size` windows that share out a sequence, ``(N, C, L)`` or ``(C, L)``.

    Window `i` of `m` goes from ``floor(i L / m)`` up to ``ceil((i + 1) L / m)``.

    >>> tn.adaptive_avg_pool1d(tn.tensor([[1.0, 2.0, 6.0]]), 2)
    tensor([[1.5000, 4.0000]])
    """
    return over_batch("adaptive_avg_pool1d", input, lambda x: _adaptive_avg_pool(x, output_size))


@composite()
def adaptive_avg_pool2d(input: Any, output_size: Any) -> Any:
    """The means of windows that share out an image; see `adaptive_avg_pool1d`.

    `output_size` is one number for a square, or two; None keeps the input's.

    >>> F.adaptive_avg_pool2d(tn.arange(8.0).reshape(1, 2, 4), (None, 2))
    tensor([[[0.5000, 2.5000],
             [4.5000, 6.5000]]])
    """
    return over_batch("adaptive_avg_pool2d", input, lambda x: _adaptive_avg_pool(x, output_size))


@composite()
def adaptive_avg_pool3d(input: Any, output_size: Any) -> Any:
    """The means of windows that share out a volume; see `adaptive_avg_pool2d`.

    >>> F.adaptive_avg_pool3d(tn.arange(8.0).reshape(1, 2, 2, 2), 1)
    tensor([[[[3.5000]]]])
    """
    return over_batch("adaptive_avg_pool3d", input, lambda x: _adaptive_avg_pool(x, output_size))


# -- maxima ----------------------------------------------------------------------------------------


@op()
def _adaptive_max_pool(input: Arr, output_size: Any) -> tuple[Arr, Arr]:
    """The maxima of as many windows as asked for, and their places in the plane.

    >>> F.adaptive_max_pool1d(tn.tensor([[1.0, 2.0, 6.0]]), 2, return_indices=True)[1]
    tensor([[1, 2]])
    """
    return kernel.adaptive_max_pool(input, output_size)


_adaptive_max_pool.grad(input=from_winners)
_adaptive_max_pool.tangent(input=winners)


def _maxima(name: str, input: Any, output_size: Any, return_indices: bool) -> Any:
    found = over_batch(name, input, lambda x: tuple(_adaptive_max_pool(x, output_size)))
    return found if return_indices else found[0]


@composite()
def adaptive_max_pool1d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of `output_size` windows that share out a sequence; see `adaptive_avg_pool1d`.

    >>> tn.adaptive_max_pool1d(tn.tensor([[1.0, 2.0, 6.0]]), 2, return_indices=True)[0]
    tensor([[2., 6.]])
    """
    return _maxima("adaptive_max_pool1d", input, output_size, return_indices)


@composite()
def adaptive_max_pool2d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of windows that share out an image; see `adaptive_avg_pool2d`.

    >>> F.adaptive_max_pool2d(tn.arange(8.0).reshape(1, 2, 4), (None, 2))
    tensor([[[1., 3.],
             [5., 7.]]])
    """
    return _maxima("adaptive_max_pool2d", input, output_size, return_indices)


@composite()
def adaptive_max_pool3d(input: Any, output_size: Any, return_indices: bool = False) -> Any:
    """The maxima of windows that share out a volume; see `adaptive_avg_pool2d`.

    >>> F.adaptive_max_pool3d(tn.arange(8.0).reshape(1, 2, 2, 2), 1)
    tensor([[[[7.]]]])
    """
    return _maxima("adaptive_max_pool3d", input, output_size, return_indices)


# -- windows at random -----------------------------------------------------------------------------


@op(promote="free")
def _fractional_max_pool(
    input: Arr, samples: Fixed, kernel_size: Any, output_size: Any
) -> tuple[Arr, Arr]:
    """The maxima of windows placed at random, and their places in the plane.

    >>> F.fractional_max_pool2d(tn.ones(1, 4, 4), 2, output_size=3, return_indices=True)[1].shape
    tn.Size([1, 3, 3])
    """
    return kernel.fractional_max_pool(input, kernel_size, output_size, samples)


_fractional_max_pool.grad(input=from_winners)
_fractional_max_pool.tangent(input=winners)


def _fractional(
    name: str, input: Any, kernel_size: Any, output_size: Any, output_ratio: Any,
    return_indices: bool, samples: Any,
) -> Any:  # fmt: skip
    dims = int(name[-2])
    if (output_size is None) == (output_ratio is None):
        raise ValueError(f"{name}: give either output_size or output_ratio")
    kernel_size = spatial(kernel_size, dims, f"{name}: kernel_size", least=1)
    if output_size is None:
        ratios = output_ratio if isinstance(output_ratio, (tuple, list)) else (output_ratio,) * dims
        if len(ratios) != dims or not all(0 < ratio < 1 for ratio in ratios):
            raise ValueError(
                f"{name}: output_ratio must be {dims} numbers between 0 and 1, got {output_ratio}"
            )
        output_size = [int(n * ratio) for n, ratio in zip(input.shape[-dims:], ratios)]
    output_size = spatial(output_size, dims, f"{name}: output_size", least=1)

    def pooled(x: Any) -> Any:
        drawn = samples
        if drawn is None:
            drawn = uniform_array((*x.shape[:2], dims), as_numpy(x.dtype), None)
        return tuple(_fractional_max_pool(x, drawn, kernel_size, output_size))

    found = over_batch(name, input, pooled)
    return found if return_indices else found[0]


@composite()
def fractional_max_pool2d(
    input: Any, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Any = None,
) -> Any:  # fmt: skip
    """The maxima of windows placed at random over an image, about evenly and overlapping.

    Graham, "Fractional Max-Pooling", 2014.

    Parameters
    ----------
    output_size, output_ratio : int or float, one or one per axis
        How many windows, or how many for each cell of the input: one of the two.

    >>> F.fractional_max_pool2d(tn.ones(1, 10, 10), 3, output_ratio=0.5).shape
    tn.Size([1, 5, 5])
    """
    options = (kernel_size, output_size, output_ratio, return_indices, _random_samples)
    return _fractional("fractional_max_pool2d", input, *options)


@composite()
def fractional_max_pool3d(
    input: Any, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
    return_indices: bool = False, _random_samples: Any = None,
) -> Any:  # fmt: skip
    """The maxima of windows placed at random in a volume; see `fractional_max_pool2d`.

    >>> F.fractional_max_pool3d(tn.ones(1, 6, 6, 6), 2, output_size=(2, 3, 4)).shape
    tn.Size([1, 2, 3, 4])
    """
    options = (kernel_size, output_size, output_ratio, return_indices, _random_samples)
    return _fractional("fractional_max_pool3d", input, *options)


_adaptive_avg_pool.takes("bif")
_adaptive_max_pool.takes("f")
_fractional_max_pool.takes("f", promoted=False)

acts("linear", _adaptive_avg_pool, _adaptive_avg_pool_spread)
