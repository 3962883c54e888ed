"""Products of matrices: matmul and linear, the work horses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.op import Arr, acts, op
from autotn.errors import ShapeError, blaming
from autotn.kernels.onednn import gemm as onednn

__all__ = ["linear", "matmul"]


def swap(x: Any) -> Any:
    """The last two dimensions swapped; an array or a Tensor."""
    from autotn.ops.shape import transpose

    return x.swapaxes(-1, -2) if isinstance(x, np.ndarray) else transpose(x, -1, -2)


@op(method="matmul __matmul__ __rmatmul__", out=True, numpy=np.matmul)
def matmul(input: Arr, other: Arr) -> Arr:
    """Matrix product; leading dimensions are batches and broadcast.

    >>> tn.matmul(tn.tensor([[1.0, 2.0]]), tn.tensor([[3.0], [4.0]]))
    tensor([[11.]])
    """
    try:
        if input.ndim != 2 or other.ndim != 2:
            return np.matmul(input, other)
        return input.dot(other) if input.size < onednn.LEAST else onednn.product(input, other)
    except ValueError:
        raise _misfit(input, other) from None


def _misfit(input: Any, other: Any) -> Exception:
    """Why two arrays have no product."""
    given = f"{input.shape} and {other.shape}"
    if not input.ndim or not other.ndim:
        return ShapeError(f"matmul: both inputs need at least one dimension, got {given}")
    inner, rows = input.shape[-1], other.shape[-2 if other.ndim > 1 else -1]
    if inner == rows:
        return ShapeError(f"matmul: the batch dimensions of {given} do not broadcast")
    advice = "; .mT transposes the second" if other.ndim > 1 and other.shape[-1] == inner else ""
    error = ShapeError(
        f"matmul: shapes {given} cannot be multiplied: the last size of the first, {inner}, must be "
        f"the {'last but one' if other.ndim > 1 else 'size'} of the second, {rows}{advice}"
    )
    return blaming(error, (input, -1))


def _for_input(g: Any, other: Any, input_shape: tuple[int, ...]) -> Any:
    if len(input_shape) == 2 and other.ndim == 2:
        if g.__class__ is not np.ndarray:
            return matmul(g, swap(other))
        return g.dot(other.T) if g.size < onednn.LEAST else onednn.product(g, other.T)
    from autotn.core.call import sum_to

    if len(input_shape) == 1:
        if other.ndim == 1:
            return g * other
        g = g.reshape((*g.shape[:-1], 1, g.shape[-1]))
        found = matmul(g, swap(other)).reshape((*other.shape[:-2], input_shape[0]))
        return sum_to(found, input_shape)
    if other.ndim == 1:
        return g.reshape((*g.shape, 1)) * other
    return sum_to(matmul(g, swap(other)), input_shape)


def _for_other(g: Any, input: Any, other_shape: tuple[int, ...]) -> Any:
    if len(other_shape) == 2 and input.ndim == 2:
        if g.__class__ is not np.ndarray:
            return matmul(swap(input), g)
        return input.T.dot(g) if input.size < onednn.LEAST else onednn.product(input.T, g)
    from autotn.core.call import sum_to

    if len(other_shape) == 1:
        if input.ndim == 1:
            return g * input
        found = matmul(swap(input), g.reshape((*g.shape, 1)))
        return sum_to(found.reshape(found.shape[:-1]), other_shape)
    if input.ndim == 1:
        row = g.reshape((*g.shape[:-1], 1, g.shape[-1]))
        return sum_to(input.reshape((input.shape[0], 1)) * row, other_shape)
    return sum_to(matmul(swap(input), g), other_shape)


matmul.grad(input=_for_input, other=_for_other)


def _wrong_features(given: Any, weight: Any, input: Any) -> Exception:
    """Why an input has no product with a layer's weight."""
    if not given or not weight:
        return ShapeError(f"linear: expected inputs with dimensions, got {given} and {weight}")
    wanted = weight[-1]
    advice = f"; in_features={given[-1]} would fit"
    if len(given) > 2 and math.prod(given[1:]) == wanted:
        advice = f"; flatten(1) would make it ({given[0]}, {wanted})"
    elif wanted in given[:-1]:
        advice = (
            f"; dimension {given.index(wanted)} has {wanted}: is the order of dimensions right?"
        )
    error = ShapeError(
        f"linear: expected {wanted} features in the last dimension of 'input' (the weight is "
        f"{weight}), got {given[-1]}: {given}{advice}"
    )
    return blaming(error, (input, -1))


@op()
def linear(input: Arr, weight: Arr, bias: Arr | None = None) -> Arr:
    r"""Affine map: :math:`x W^\top + b`.

    >>> F.linear(tn.ones(1, 2), tn.tensor([[1.0, 2.0]]), tn.tensor([10.0]))
    tensor([[13.]])
    """
    if input.size >= onednn.LEAST and weight.ndim == 2 <= input.ndim:
        found = onednn.affine(input, weight, bias)
        if found is not None:
            return found
    if weight.ndim == 2 == input.ndim:
        try:
            result = _features(input, weight)
        except ValueError:
            raise _wrong_features(input.shape, weight.shape, input) from None
    elif input.shape[-1:] != weight.shape[-1:]:
        raise _wrong_features(input.shape, weight.shape, input)
    elif weight.ndim == 1:
        result = input.dot(weight)
        return result if bias is None else result + bias
    else:
        flat = input.reshape(-1, input.shape[-1])
        result = onednn.product(flat, weight.T).reshape((*input.shape[:-1], weight.shape[0]))
    if bias is None:
        return result
    if len(result) == 1 == bias.ndim and result.ndim == 2:
        row = result[0]  # two rows of one shape are added in half the time
        row += bias
    else:
        result += bias
    return result


def _features(input: Any, weight: Any) -> Any:
    """``input.dot(weight.T)``."""
    rows = len(input)
    if rows == 1 and weight.size >= onednn.ROW_WORK:
        found = onednn.of_one_row(input, weight)
        if found is not None:
            return found
    if input.size >= onednn.LEAST:
        found = onednn.by_onednn(input, weight.T)
        if found is not None:
            return found
    if (
        8 < rows <= 64 and weight.itemsize == 4
    ):  # OpenBLAS likes the tall one first, the copy included
        return np.ascontiguousarray(weight.dot(input.T).T)
    return input.dot(weight.T)


def _linear_input(g: Any, weight: Any) -> Any:
    if weight.ndim == 1:
        return g.reshape((*g.shape, 1)) * weight
    if g.ndim == 2:
        if g.__class__ is not np.ndarray:
            return matmul(g, weight)
        return g.dot(weight) if g.size < onednn.LEAST else onednn.product(g, weight)
    rows, features = weight.shape
    return _linear_input(g.reshape((-1, rows)), weight).reshape((*g.shape[:-1], features))


#: From so many products on BLAS is slower than a plain loop, up to twice for sizes that are powers of two.
_LARGE = 1 << 17


def _linear_weight(g: Any, input: Any) -> Any:
    if g.ndim == 2 == input.ndim:
        if g.__class__ is not np.ndarray:
            return matmul(swap(g), input)
        if len(g) == 1 and g.size * input.size >= _LARGE:
            return onednn.outer(g, input)
        return g.T.dot(input) if input.size < onednn.LEAST else onednn.product(g.T, input)
    flat = input.reshape((-1, input.shape[-1]))
    if g.ndim < input.ndim:  # the weight is a vector
        return matmul(g.reshape((1, -1)), flat).reshape(input.shape[-1:])
    return _linear_weight(g.reshape((-1, g.shape[-1])), flat)


def _linear_bias(g: Any, bias_shape: tuple[int, ...]) -> Any:
    if len(bias_shape) != 1:
        from autotn.core.call import sum_to

        return sum_to(g, bias_shape)
    flat = g if g.ndim == 2 else g.reshape((-1, bias_shape[0]))
    if flat.__class__ is np.ndarray:
        if flat.shape[0] == 1:
            return flat[0]
        # A product with ones: for gradients, where its rounding is good enough, three times quicker.
        return _ones(flat.shape[0], flat.dtype).dot(flat)
    return flat.sum(0)


_ONES: dict[Any, np.ndarray[Any, Any]] = {}


def _ones(count: int, dtype: Any) -> np.ndarray[Any, Any]:
    """A row of ones; the usual sizes are kept."""
    found = _ONES.get((count, dtype.char))
    if found is None:
        found = np.ones(count, dtype)
        if count <= 1024 and len(_ONES) < 256:
            _ONES[count, dtype.char] = found
    return found


linear.grad(input=_linear_input, weight=_linear_weight, bias=_linear_bias)


for _product in (matmul, linear):
    _product.takes("ifc", "Bools are not multiplied; use .int()")

acts("multilinear", matmul, linear)
