"""Maps of whole vectors and matrices, and maps put together from others."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotn import ops
from autotn.core.dtypes import finfo
from autotn.core.tensor import Size, Tensor
from autotn.distributions import constraints
from autotn.distributions.transforms import Transform
from autotn.ops.activation import logsigmoid, softplus

__all__ = [
    "CatTransform", "CorrCholeskyTransform", "LowerCholeskyTransform", "PositiveDefiniteTransform", "ReshapeTransform",
    "SoftmaxTransform", "StackTransform", "StickBreakingTransform",
]  # fmt: skip


class SoftmaxTransform(Transform):
    """From any vector to parts of a whole: exponentials over their sum. Not one to one.

    >>> tn.distributions.SoftmaxTransform()(tn.zeros(4))
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """

    domain = constraints.real_vector
    codomain = constraints.simplex

    def _call(self, x: Tensor) -> Tensor:
        return ops.softmax(x, -1)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.log()


class StickBreakingTransform(Transform):
    """From a vector to one element more, the parts of a stick broken again and again; one to one.

    >>> tn.distributions.StickBreakingTransform()(tn.zeros(3))
    tensor([0.2500, 0.2500, 0.2500, 0.2500])
    """

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = True

    @staticmethod
    def _offset(count: int, like: Tensor) -> Tensor:
        """What lets zeros give equal parts."""
        return ops.arange(count, 0, -1, dtype=like.dtype).log()

    def _call(self, x: Tensor) -> Tensor:
        broken = ops.sigmoid(x - self._offset(x.shape[-1], x))
        left = (1 - broken).cumprod(-1)
        one = ops.ones_like(left[..., :1])
        return ops.cat([broken, one], -1) * ops.cat([one, left], -1)

    def _inverse(self, y: Tensor) -> Tensor:
        parts = y[..., :-1]
        left = 1 - parts.cumsum(-1)
        return parts.log() - left.log() + self._offset(parts.shape[-1], y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Each break stretches by the logistic slope times what was left of the stick."""
        shifted = x - self._offset(x.shape[-1], x)
        return (logsigmoid(shifted) - shifted + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        """One element more."""
        return Size((*shape[:-1], shape[-1] + 1))

    def inverse_shape(self, shape: Any) -> Any:
        """One element less."""
        return Size((*shape[:-1], shape[-1] - 1))


class LowerCholeskyTransform(Transform):
    """From a square matrix to a lower triangular one whose diagonal is positive.

    >>> tn.distributions.LowerCholeskyTransform()(tn.tensor([[0.0, 9.0], [2.0, 0.0]]))
    tensor([[1., 0.],
            [2., 1.]])
    """

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky

    def _call(self, x: Tensor) -> Tensor:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Tensor) -> Tensor:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class CorrCholeskyTransform(Transform):
    """From a vector of d (d - 1) / 2 numbers to the lower factor of a d by d matrix of correlations.

    Row by row, what is left of a row's length is broken in the parts that `tanh` of the numbers say
    (Lewandowski, Kurowicka & Joe 2009).

    >>> tn.distributions.CorrCholeskyTransform()(tn.zeros(1))
    tensor([[1., 0.],
            [0., 1.]])
    """

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky
    bijective = True

    def _call(self, x: Tensor) -> Tensor:
        size = _size_of_corner(x.shape[-1])
        rows, columns = np.tril_indices(size, -1)
        tiny = finfo(x.dtype).eps
        flat = ops.zeros((*x.shape[:-1], size * size), dtype=x.dtype)
        places = ops.tensor(rows * size + columns)
        shares = flat.index_copy(-1, places, ops.tanh(x).clamp(-1 + tiny, 1 - tiny))
        shares = shares.reshape((*x.shape[:-1], size, size))
        left = (1 - shares**2).sqrt().cumprod(-1)
        left = ops.cat([ops.ones_like(left[..., :1]), left[..., :-1]], -1)
        return (shares + ops.eye(size, dtype=x.dtype)) * left

    def _below(self, matrix: Tensor) -> Tensor:
        rows, columns = np.tril_indices(matrix.shape[-1], -1)
        return matrix[..., ops.tensor(rows), ops.tensor(columns)]

    def _left(self, y: Tensor) -> Tensor:
        """The square of what was left of each row's length before each element."""
        square = y**2
        return 1 - (square.cumsum(-1) - square)

    def _inverse(self, y: Tensor) -> Tensor:
        return ops.atanh(self._below(y) / self._below(self._left(y)).sqrt())

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Each element is stretched by what was left of its row and by the slope of `tanh`."""
        slope = -2 * (x + softplus(-2 * x) - math.log(2))
        return 0.5 * self._below(self._left(y)).log().sum(-1) + slope.sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        """A square matrix for the vector."""
        size = _size_of_corner(shape[-1])
        return Size((*shape[:-1], size, size))

    def inverse_shape(self, shape: Any) -> Any:
        """The elements below the diagonal."""
        return Size((*shape[:-2], shape[-1] * (shape[-1] - 1) // 2))


def _size_of_corner(count: int) -> int:
    """The size of a matrix with `count` elements below its diagonal."""
    size = (1 + math.isqrt(1 + 8 * count)) // 2
    if size * (size - 1) // 2 != count:
        raise ValueError(
            f"CorrCholeskyTransform: the last axis must have d (d - 1) / 2 elements for some d, got {count}"
        )
    return size


class PositiveDefiniteTransform(Transform):
    """From a square matrix to a positive definite one, by its Cholesky factor."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite

    def _call(self, x: Tensor) -> Tensor:
        factor = LowerCholeskyTransform()(x)
        return factor @ factor.mT

    def _inverse(self, y: Tensor) -> Tensor:
        return LowerCholeskyTransform().inv(ops.linalg_cholesky(y))


class ReshapeTransform(Transform):
    """The last axes in another shape.

    >>> tn.distributions.ReshapeTransform((4,), (2, 2))(tn.ones(3, 4)).shape
    tn.Size([3, 2, 2])
    """

    bijective = True

    def __init__(self, in_shape: Any, out_shape: Any, cache_size: int = 0) -> None:
        self.in_shape, self.out_shape = Size(in_shape), Size(out_shape)
        if math.prod(self.in_shape) != math.prod(self.out_shape):
            raise ValueError(
                f"ReshapeTransform: in_shape {tuple(in_shape)} and out_shape {tuple(out_shape)} have different "
                "numbers of elements"
            )
        self.domain = constraints.independent(constraints.real, len(self.in_shape))
        self.codomain = constraints.independent(constraints.real, len(self.out_shape))
        super().__init__(cache_size)

    def _batch(self, shape: Any, last: Any) -> Any:
        split = len(shape) - len(last)
        if split < 0 or tuple(shape[split:]) != tuple(last):
            raise ValueError(
                f"ReshapeTransform: expected a shape ending in {tuple(last)}, got {tuple(shape)}"
            )
        return shape[:split]

    def _call(self, x: Tensor) -> Tensor:
        return x.reshape(*self._batch(x.shape, self.in_shape), *self.out_shape)

    def _inverse(self, y: Tensor) -> Tensor:
        return y.reshape(*self._batch(y.shape, self.out_shape), *self.in_shape)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """0: nothing is stretched."""
        return ops.zeros(self._batch(x.shape, self.in_shape), dtype=x.dtype)

    def forward_shape(self, shape: Any) -> Any:
        """With the last axes replaced."""
        return Size((*self._batch(shape, self.in_shape), *self.out_shape))

    def inverse_shape(self, shape: Any) -> Any:
        """With the last axes put back."""
        return Size((*self._batch(shape, self.out_shape), *self.in_shape))

    def _settings(self) -> Any:
        return self.in_shape, self.out_shape


class _Parts(Transform):
    """One map for each part of an axis."""

    def __init__(self, transforms: Sequence[Transform], dim: int, cache_size: int) -> None:
        self.transforms = list(transforms)
        if not all(isinstance(t, Transform) for t in self.transforms):
            raise TypeError(
                f"{type(self).__name__}: expected a sequence of Transforms, got {transforms!r}"
            )
        self.dim = dim
        super().__init__(cache_size)

    @property
    def bijective(self) -> Any:
        """Whether every map is."""
        return all(t.bijective for t in self.transforms)

    def _split(self, x: Tensor) -> Sequence[Tensor]:
        raise NotImplementedError

    def _join(self, parts: Sequence[Tensor]) -> Tensor:
        raise NotImplementedError

    def _each(self, function: Callable[..., Tensor], *values: Tensor) -> Tensor:
        columns = zip(*(self._split(v) for v in values), strict=True)
        return self._join([function(t, *c) for t, c in zip(self.transforms, columns, strict=True)])

    def _call(self, x: Tensor) -> Tensor:
        return self._each(lambda t, part: t(part), x)

    def _inverse(self, y: Tensor) -> Tensor:
        return self._each(lambda t, part: t.inv(part), y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """Each part's own."""
        return self._each(lambda t, a, b: t.log_abs_det_jacobian(a, b), x, y)

    def _settings(self) -> Any:
        return self.transforms, self.dim


class StackTransform(_Parts):
    """One map for each place along `dim`.

    >>> D = tn.distributions
    >>> D.StackTransform([D.ExpTransform(), D.identity_transform])(tn.zeros(2))
    tensor([1., 0.])
    """

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        super().__init__(tseq, dim, cache_size)

    def _split(self, x: Tensor) -> Sequence[Tensor]:
        if x.shape[self.dim] != len(self.transforms):
            raise ValueError(
                f"StackTransform: {len(self.transforms)} maps for {x.shape[self.dim]} places along dim "
                f"{self.dim}"
            )
        return ops.unbind(x, self.dim)

    def _join(self, parts: Sequence[Tensor]) -> Tensor:
        return ops.stack(parts, self.dim)


class CatTransform(_Parts):
    """One map for each stretch along `dim`, of the given lengths.

    >>> D = tn.distributions
    >>> D.CatTransform([D.ExpTransform(), D.identity_transform], lengths=[2, 1])(tn.zeros(3))
    tensor([1., 1., 0.])
    """

    def __init__(
        self,
        tseq: Sequence[Transform],
        dim: int = 0,
        lengths: Sequence[int] | None = None,
        cache_size: int = 0,
    ) -> None:
        super().__init__(tseq, dim, cache_size)
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.transforms):
            raise ValueError(
                f"CatTransform: {len(self.lengths)} lengths for {len(self.transforms)} maps"
            )

    def _split(self, x: Tensor) -> Sequence[Tensor]:
        if x.shape[self.dim] != sum(self.lengths):
            raise ValueError(
                f"CatTransform: lengths {self.lengths} do not sum to the {x.shape[self.dim]} places along "
                f"dim {self.dim}"
            )
        return ops.split(x, self.lengths, self.dim)

    def _join(self, parts: Sequence[Tensor]) -> Tensor:
        return ops.cat(parts, self.dim)
