"""Distances between vectors and between rows of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core import dtypes
from autotn.core.op import Arr, composite, op
from autotn.core.tensor import Tensor
from autotn.errors import DTypeError, ShapeError
from autotn.ops.matmul import matmul
from autotn.ops.products import norm

__all__ = ["cdist", "cosine_similarity", "dist", "pairwise_distance", "pdist"]


@composite(method="dist")
def dist(input: Any, other: Any, p: float = 2) -> Any:
    """The p-norm of the difference.

    >>> tn.dist(tn.tensor([3.0, 4.0]), tn.zeros(2))
    tensor(5.)
    """
    return norm(input - other, p)


@composite()
def pairwise_distance(
    x1: Any, x2: Any, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False
) -> Any:
    """The p-norm of the difference of each pair of rows.

    >>> tn.pairwise_distance(tn.tensor([[3.0, 4.0]]), tn.zeros(1, 2))
    tensor([5.0000])
    """
    return norm(x1 - x2 + eps, p, -1, keepdim)


@composite()
def cosine_similarity(x1: Any, x2: Any, dim: int = 1, eps: float = 1e-8) -> Any:
    r"""Cosine of the angle between vectors along `dim`: :math:`x \cdot y / (\lVert x \rVert \lVert y \rVert)`.

    >>> tn.cosine_similarity(tn.tensor([[1.0, 0.0]]), tn.tensor([[1.0, 1.0]]))
    tensor([0.7071])
    """
    from autotn.ops.compare import clamp_min
    from autotn.ops.convert import cast
    from autotn.ops.shape import broadcast_to

    if x1.dtype != x2.dtype:
        kind = dtypes.promote_types(x1.dtype, x2.dtype)
        x1, x2 = cast(x1, kind.dtype), cast(x2, kind.dtype)
    _need_real("cosine_similarity", x1)
    products = x1 * x2
    shape = tuple(products.shape)
    one, two = (x if tuple(x.shape) == shape else broadcast_to(x, shape) for x in (x1, x2))
    sizes = clamp_min(norm(one, 2, dim), eps) * clamp_min(norm(two, 2, dim), eps)
    return products.sum(dim) / sizes


def _need_real(name: str, *inputs: Any) -> None:
    for x in inputs:
        kind = (x._data if isinstance(x, Tensor) else x).dtype.kind
        if kind not in "fV":
            raise DTypeError(f"{name} only supports floating-point dtypes, got {x.dtype}")


@op()
def _euclidean(x1: Arr, x2: Arr) -> Arr:
    """Distances by one matrix product: ``|x|² + |y|² - 2 x·y`` under the root.

    >>> tn.cdist(tn.zeros(30, 2), tn.tensor([[3.0, 4.0]]))[0]
    tensor([5.])
    """
    one, two = (np.einsum("...i,...i->...", x, x) for x in (x1, x2))
    squares = np.matmul(x1 * -2, x2.swapaxes(-1, -2))
    squares += one[..., :, None]
    squares += two[..., None, :]
    return np.sqrt(np.maximum(squares, 0, out=squares), out=squares)


@_euclidean.grad
def _(g: Any, x1: Any, x2: Any, out: Any, x1_shape: Any, x2_shape: Any) -> Any:
    from autotn.core.call import sum_to

    apart = (
        (out != 0).astype(out.dtype) if isinstance(out, np.ndarray) else (out != 0).to(out.dtype)
    )
    share = g * apart / (out + (1 - apart))  # no slope where two points are one
    turned = share.swapaxes(-1, -2)
    one = x1 * share.sum(-1).reshape((*share.shape[:-1], 1)) - matmul(share, x2)
    two = x2 * turned.sum(-1).reshape((*turned.shape[:-1], 1)) - matmul(turned, x1)
    return sum_to(one, tuple(x1_shape)), sum_to(two, tuple(x2_shape))


@composite()
def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: Any = None) -> Any:
    """The p-norm of the difference of every row of `x1` and every row of `x2`.

    >>> tn.cdist(tn.tensor([[0.0, 0.0]]), tn.tensor([[3.0, 4.0], [0.0, 1.0]]))
    tensor([[5., 1.]])
    """
    from autotn.ops.shape import unsqueeze

    if x1.ndim < 2 or x2.ndim < 2:
        raise RuntimeError("cdist only supports at least 2D tensors")
    if x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(
            f"cdist: X1 and X2 must have the same number of columns, got {x1.shape[-1]} and {x2.shape[-1]}"
        )
    _need_real("cdist", x1, x2)
    if p < 0:
        raise RuntimeError(f"cdist only supports non-negative p values, got {p}")
    many = compute_mode is None and (x1.shape[-2] > 25 or x2.shape[-2] > 25)
    if (
        p == 2
        and x1.dtype == x2.dtype
        and (
            many
            or compute_mode in ("use_mm_for_euclid_dist", "use_mm_for_euclid_dist_if_necessary")
        )
    ):
        return _euclidean(x1, x2)
    return norm(unsqueeze(x1, -2) - unsqueeze(x2, -3), p, -1)


@composite()
def pdist(input: Any, p: float = 2.0) -> Any:
    """The distances between all pairs of rows.

    >>> tn.pdist(tn.tensor([[0.0, 0.0], [3.0, 4.0]]))
    tensor([5.])
    """
    if input.ndim != 2:
        raise ShapeError(f"pdist only supports 2D tensors, got shape {tuple(input.shape)}")
    _need_real("pdist", input)
    if p < 0:
        raise RuntimeError(f"pdist only supports non-negative p values, got {p}")
    first, second = np.triu_indices(input.shape[0], 1)
    return norm(input[first] - input[second], p, -1)
