"""Reductions: many elements to one along dimensions. Extremes are in `extremes`, order in `order`."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from autotn.core import dtypes
from autotn.core.call import as_array
from autotn.core.methods import attach_method
from autotn.core.op import Arr, acts, composite, op
from autotn.core.tensor import Tensor, check_dim, wrap
from autotn.kernels import softmax as kernel
from autotn.ops.shape import _expand
from autotn.ops.sizes import stretched

__all__ = [
    "all", "any", "count_nonzero", "logsumexp", "mean", "nanmean", "nansum", "prod", "std", "std_mean", "sum",
    "var", "var_mean",
]  # fmt: skip

#: NumPy's reductions under types that know their options (its own stubs leave some out).
add_reduce: Any = np.add.reduce
multiply_reduce: Any = np.multiply.reduce
maximum_reduce: Any = np.maximum.reduce
minimum_reduce: Any = np.minimum.reduce
or_reduce: Any = np.logical_or.reduce
and_reduce: Any = np.logical_and.reduce


#: So few elements are copied sooner than NumPy makes a view that repeats them.
_SMALL = 4096


def axes_of(name: str, dim: Any, ndim: int) -> Any:
    """PyTorch's `dim` (None, an int, or a sequence of them) as NumPy's axes."""
    if dim is None:
        return None
    if dim.__class__ is int and -ndim <= dim < ndim:
        return (dim % ndim,)
    if isinstance(dim, (tuple, list)) and not dim:
        return None
    dims = dim if isinstance(dim, (tuple, list)) else (dim,)
    axes = tuple(check_dim(name, d, ndim) for d in dims)
    if len(set(axes)) != len(axes):
        raise RuntimeError(f"{name}: dim {dims} appears multiple times in the list of dims")
    return axes if ndim else ()


def count_of(shape: tuple[int, ...], axes: tuple[int, ...] | None) -> int:
    """How many elements are reduced to one."""
    return math.prod(shape if axes is None else [shape[k] for k in axes])


def kept(x: Any, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    """A reduced array or Tensor with its reduced dimensions back, of size 1."""
    if keepdim or not shape:
        return x
    axes = axes_of("reduce", dim, len(shape))
    if axes is None:
        return x.reshape((1,) * len(shape))
    return x.reshape(tuple(1 if k in axes else n for k, n in enumerate(shape)))


def spread(g: Any, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    """A reduced gradient stretched back over the dimensions that were reduced."""
    if dim is not None or g.ndim:
        g = kept(g, shape, dim, keepdim)
    if not isinstance(g, (np.ndarray, np.generic)):
        return _expand(g, shape)
    g = np.asarray(g)
    if not g.ndim or math.prod(shape) > _SMALL:
        return stretched(g, shape)
    full = np.empty(shape, g.dtype)
    full[...] = g
    return full


def _sum_dtype(input: Any, dtype: Any) -> Any:
    if dtype is not None:
        return dtypes.as_numpy(dtype)
    return dtypes.int64.dtype if input.dtype.kind in "biu" else None


@op(method="sum", out=True, numpy=np.sum)
def sum(input: Arr, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Arr:
    r"""Sum of the elements, of all of them or along `dim`: :math:`\sum_i x_i`.

    >>> tn.sum(tn.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=0)
    tensor([4., 6.])
    """
    axes = axes_of("sum", dim, input.ndim)
    return add_reduce(input, axes, dtype=_sum_dtype(input, dtype), keepdims=keepdim)


sum.grad(input=lambda g, input_shape, dim, keepdim: spread(g, input_shape, dim, keepdim))


@op(method="nansum", out=True, numpy=np.nansum)
def nansum(input: Arr, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Arr:
    """Sum of the elements that are not NaN.

    >>> tn.nansum(tn.tensor([1.0, float("nan")]))
    tensor(1.)
    """
    if input.dtype.kind in "fc":
        input = np.where(np.isnan(input), input.dtype.type(0), input)
    axes = axes_of("nansum", dim, input.ndim)
    return add_reduce(input, axes, dtype=_sum_dtype(input, dtype), keepdims=keepdim)


def _nansum_rule(g: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    values = input._data if isinstance(input, Tensor) else input
    return spread(g, values.shape, dim, keepdim) * (~np.isnan(values)).astype(values.dtype)


nansum.grad(input=_nansum_rule)
nansum.takes("bif", "Complex numbers are not taken")


def _floating(name: str, input: Any, dtype: Any) -> Any:
    """The array in `dtype`, which a mean needs to be a floating-point or complex one."""
    if dtype is not None:
        input = input.astype(dtypes.as_numpy(dtype))
    if input.dtype.kind in "biu":
        raise RuntimeError(
            f"{name}: could not infer output dtype. Input dtype must be either a floating point or complex "
            f"dtype. Got: {dtypes.of_numpy(input.dtype).name}; use .float() or dtype="
        )
    return input


@op(method="mean", out=True, numpy=np.mean)
def mean(input: Arr, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Arr:
    r"""Mean of the elements, of all of them or along `dim`: :math:`\frac1n \sum_i x_i`.

    >>> tn.mean(tn.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(2.5000)
    """
    input = _floating("mean", input, dtype)
    axes = axes_of("mean", dim, input.ndim)
    count = count_of(input.shape, axes)
    total = add_reduce(input, axes, keepdims=keepdim)
    return total / count if count else total * math.nan


def _mean_rule(g: Any, input_shape: tuple[int, ...], dim: Any, keepdim: bool) -> Any:
    count = count_of(input_shape, axes_of("mean", dim, len(input_shape)))
    if count:
        g = g / count
    return spread(g, input_shape, dim, keepdim)


mean.grad(input=_mean_rule)


@composite(method="nanmean", out=True, numpy=np.nanmean)
def nanmean(input: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    """Mean of the elements that are not NaN.

    >>> tn.nanmean(tn.tensor([1.0, 3.0, float("nan")]))
    tensor(2.)
    """
    values = input._data if isinstance(input, Tensor) else input
    if values.dtype.kind in "biu":
        raise RuntimeError("nanmean: expected input to have floating point or complex dtype")
    present = (~np.isnan(values)).astype(values.real.dtype)
    count = add_reduce(present, axes_of("nanmean", dim, values.ndim), keepdims=keepdim)
    return nansum(input, dim, keepdim, dtype=dtype) / (
        wrap(as_array(count)) if isinstance(input, Tensor) else count
    )


@op(method="prod", out=True, numpy=np.prod)
def prod(input: Arr, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Arr:
    r"""Product of the elements, of all of them or along `dim`: :math:`\prod_i x_i`.

    >>> tn.prod(tn.tensor([2.0, 3.0, 4.0]))
    tensor(24.)
    """
    axes = axes_of("prod", dim, input.ndim)
    return multiply_reduce(input, axes, dtype=_sum_dtype(input, dtype), keepdims=keepdim)


def _prod_rule(g: Any, input: Any, dim: Any, keepdim: bool) -> Any:
    """Each element's factor is the product of the others: of those before times of those after it.

    That is right where elements are zero, and made of differentiable ops.
    """
    from autotn.ops.scan import exclusive_products

    shape = tuple(input.shape)
    if not shape:
        return g
    g = kept(g, shape, dim, keepdim)
    axes = axes_of("prod", dim, len(shape))
    if axes is None or len(axes) > 1:
        others = exclusive_products(input.reshape((math.prod(shape),)), 0).reshape(shape)
    else:
        others = exclusive_products(input, axes[0])
    return g * others


prod.grad(input=_prod_rule)


@op(method="any", out=True, numpy=np.any)
def any(input: Arr, dim: Any = None, keepdim: bool = False) -> Arr:
    """True where any element (along `dim`) is not zero.

    >>> tn.any(tn.tensor([False, True]))
    tensor(True)
    """
    found = or_reduce(input, _dims_for_logic("any", dim, input), keepdims=keepdim)
    return found.astype(np.uint8) if input.dtype == np.uint8 else found


@op(method="all", out=True, numpy=np.all)
def all(input: Arr, dim: Any = None, keepdim: bool = False) -> Arr:
    """True where all elements (along `dim`) are not zero.

    >>> tn.all(tn.tensor([False, True]))
    tensor(False)
    """
    found = and_reduce(input, _dims_for_logic("all", dim, input), keepdims=keepdim)
    return found.astype(np.uint8) if input.dtype == np.uint8 else found


def _dims_for_logic(name: str, dim: Any, input: Any) -> Any:
    """`dim` as axes; unlike the sums, an empty tuple reduces nothing."""
    return () if isinstance(dim, tuple) and not dim else axes_of(name, dim, input.ndim)


@op(method="count_nonzero", numpy=np.count_nonzero)
def count_nonzero(input: Arr, dim: Any = None) -> Arr:
    """How many elements are not zero.

    >>> tn.count_nonzero(tn.tensor([0, 3, 4]))
    tensor(2)
    """
    axes = axes_of("count_nonzero", dim, input.ndim)
    return add_reduce(input != 0, axes, dtype=np.int64)


# -- spread about the mean -------------------------------------------------------------------------------


def _correction(unbiased: Any, correction: Any) -> float:
    if correction is not None:
        return float(correction)
    return 1.0 if unbiased is None or unbiased else 0.0


@op(aux=("centred",), promote="same")
def _var(input: Arr, dim: Any, correction: float, keepdim: bool) -> Arr:
    r"""Mean squared distance from the mean: :math:`\frac1{n-c} \sum_i (x_i - \bar x)^2`.

    >>> tn.var(tn.tensor([1.0, 2.0, 3.0]))
    tensor(1.)
    """
    input = _floating("var", input, None)
    axes = axes_of("var", dim, input.ndim)
    count = count_of(input.shape, axes)
    centre = add_reduce(input, axes, keepdims=True) / count if count else input.sum() * math.nan
    centred = np.asarray(input - centre)
    squares = centred * centred if centred.dtype.kind != "c" else (centred * centred.conj()).real
    total = np.asarray(add_reduce(squares, axes, keepdims=keepdim))
    return np.asarray(_spread(total, count, correction)).astype(total.dtype), (centred,)


def _spread(total: Any, count: int, correction: float) -> Any:
    """``total / (n - c)``; where that is no more than 0, infinity, or nan for 0."""
    return total / (count - correction) if count > correction else total * math.inf


def _var_rule(g: Any, input: Any, centred: Any, dim: Any, correction: float, keepdim: bool) -> Any:
    shape = tuple(input.shape)
    count = count_of(shape, axes_of("var", dim, len(shape)))
    factor = _spread(2.0, count, correction)
    g = kept(g, shape, dim, keepdim)
    if isinstance(g, np.ndarray):
        return (g * factor) * centred
    middle = mean(input, dim, True) if shape else input
    return (g * factor) * (input - middle)


_var.grad(input=_var_rule)
_var.wirtinger(input=_var_rule)


def _var_arguments(dim: Any, unbiased: Any) -> tuple[Any, Any]:
    """``var(x, False)`` means `unbiased`, ``var(x, 0)`` means `dim`."""
    return (None, dim) if isinstance(dim, bool) else (dim, unbiased)


@composite(method="var", out=True, numpy=np.var)
def var(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    r"""Variance: :math:`\frac1{n-c} \sum_i (x_i - \bar x)^2` with the correction :math:`c = 1`.

    >>> tn.var(tn.tensor([1.0, 2.0, 3.0]), correction=0)
    tensor(0.6667)
    """
    dim, unbiased = _var_arguments(dim, unbiased)
    return _var(input, dim, _correction(unbiased, correction), keepdim)


@composite(method="std", out=True, numpy=np.std)
def std(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    """Standard deviation: the root of `var`.

    >>> tn.std(tn.tensor([1.0, 2.0, 3.0]))
    tensor(1.)
    """
    return _root(var(input, dim, unbiased, keepdim, correction=correction))


@op()
def _root(input: Arr) -> Arr:
    """Square root with derivative 0 at 0, where the deviation of equal numbers has none.

    >>> tn.std(tn.tensor([2.0, 2.0]))
    tensor(0.)
    """
    return np.sqrt(input)


def _root_rule(g: Any, out: Any) -> Any:
    flat = out._data if isinstance(out, Tensor) else out
    zero = flat == 0
    return (g / (out + zero.astype(flat.dtype))) * (0.5 * (~zero)).astype(flat.dtype)


_root.grad(input=_root_rule)


class VarMean(NamedTuple):
    """The results of `var_mean`."""

    var: Any
    mean: Any


@composite(method="")
def var_mean(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    """Variance and mean.

    >>> tn.var_mean(tn.tensor([1.0, 3.0]))
    (tensor(2.), tensor(2.))
    """
    dim, unbiased = _var_arguments(dim, unbiased)
    return (var(input, dim, unbiased, keepdim, correction=correction), mean(input, dim, keepdim))


@composite(method="")
def std_mean(
    input: Any,
    dim: Any = None,
    unbiased: Any = None,
    keepdim: bool = False,
    *,
    correction: Any = None,
) -> Any:
    """Standard deviation and mean.

    >>> tn.std_mean(tn.tensor([1.0, 3.0]))
    (tensor(1.4142), tensor(2.))
    """
    dim, unbiased = _var_arguments(dim, unbiased)
    return (std(input, dim, unbiased, keepdim, correction=correction), mean(input, dim, keepdim))


@op(method="logsumexp", out=True, promote="float")
def logsumexp(input: Arr, dim: Any, keepdim: bool = False) -> Arr:
    r"""Logarithm of the sum of exponentials, without overflow: :math:`\log \sum_i e^{x_i}`.

    >>> tn.logsumexp(tn.tensor([1000.0, 1000.0]), dim=0)
    tensor(1000.6932)
    """
    axes = axes_of("logsumexp", dim, input.ndim)
    if not input.size:
        return np.log(add_reduce(input, axes, keepdims=keepdim))
    found = kernel.logsumexp(input, axes[0] if axes and len(axes) == 1 else axes)
    return found if keepdim else found.reshape(add_reduce(input, axes).shape)


def _logsumexp_rule(g: Any, input: Any, out: Any, dim: Any, keepdim: bool) -> Any:
    shape = tuple(input.shape)
    g, out = kept(g, shape, dim, keepdim), kept(out, shape, dim, keepdim)
    level = out._data if isinstance(out, Tensor) else out
    if level.dtype.kind == "f" and (level == -math.inf).any():
        # -inf less -inf is nan; where all elements are -inf, none has a share.
        from autotn.ops.compare import where

        out = where(level == -math.inf, np.zeros_like(level), out)
    return g * np.exp(input - out)


logsumexp.grad(input=_logsumexp_rule)


@attach_method("sum_to_size")
def sum_to_size(self: Tensor, *sizes: Any, size: Any = None) -> Tensor:
    """Sum over the dimensions along which `size` would have to be stretched to this shape."""
    from autotn.core.call import sum_to
    from autotn.ops.shape import ints

    return sum_to(self, ints("sum_to_size", sizes, size))


acts("elementwise", _root)
acts("reducing", nansum, prod, _var, logsumexp)
acts("linear", sum, mean)
