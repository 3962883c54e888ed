"""Functions that are called otherwise in ``torch`` than in ``torch.nn.functional``.

Under ``torch`` PyTorch shows the functions of its C++ library: `batch_norm` takes the weight before the running
statistics, `embedding` the table before the indices, losses the number of their reduction. ``tn.`` shows those
below, ``tn.nn.functional`` the ones from the topic files.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from autotn.core.tensor import wrap
from autotn.errors import ShapeError
from autotn.ops import conv, loss, margin, vision
from autotn.ops.dropout import (
    alpha_dropout as _alpha_dropout,
    dropout as _dropout,
    feature_alpha_dropout as _feature_alpha_dropout,
    feature_dropout as _feature_dropout,
    keep_mask,
    masked_scale,
)
from autotn.ops.embedding import embedding as _embedding, embedding_bag as _embedding_bag
from autotn.ops.norm import (
    batch_norm as _batch_norm,
    group_norm,
    instance_norm as _instance_norm,
    layer_norm,
)
from autotn.ops.products import mm

__all__ = [
    "affine_grid_generator", "alpha_dropout", "alpha_dropout_", "batch_norm",
    "binary_cross_entropy_with_logits", "convolution", "cosine_embedding_loss", "ctc_loss", "dropout",
    "dropout_", "dsmm", "embedding", "embedding_bag", "embedding_renorm_", "feature_alpha_dropout",
    "feature_alpha_dropout_", "feature_dropout", "feature_dropout_", "get_device", "grid_sampler", "grid_sampler_2d",
    "grid_sampler_3d", "hinge_embedding_loss", "instance_norm", "kl_div", "margin_ranking_loss",
    "native_batch_norm", "native_dropout", "native_group_norm", "native_layer_norm", "poisson_nll_loss",
    "spmm", "triplet_margin_loss",
]  # fmt: skip

# -- normalisation -------------------------------------------------------------------------------------


def batch_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool,
    momentum: float, eps: float, cudnn_enabled: bool = False,
) -> Any:  # fmt: skip
    """``nn.functional.batch_norm``, with the weight before the running statistics.

    >>> x = tn.tensor([[1.0], [3.0]])
    >>> tn.batch_norm(x, None, None, None, None, True, 0.1, 0.0)
    tensor([[-1.],
            [ 1.]])
    """
    return _batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


def instance_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, use_input_stats: bool,
    momentum: float, eps: float, cudnn_enabled: bool = False,
) -> Any:  # fmt: skip
    """``nn.functional.instance_norm``, with the weight before the running statistics.

    >>> tn.instance_norm(tn.tensor([[[1.0, 3.0]]]), None, None, None, None, True, 0.1, 0.0)
    tensor([[[-1.,  1.]]])
    """
    return _instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


def _statistics(x: Any, dims: tuple[int, ...], eps: float, keepdim: bool) -> tuple[Any, Any]:
    """Mean, and one over the deviation, over some dimensions."""
    return x.mean(dims, keepdim), (x.var(dims, correction=0, keepdim=keepdim) + eps).rsqrt()


def native_layer_norm(
    input: Any, normalized_shape: Any, weight: Any, bias: Any, eps: float
) -> tuple[Any, Any, Any]:
    """``layer_norm``, and the mean and one over the deviation it has divided by.

    >>> tn.native_layer_norm(tn.tensor([[1.0, 3.0]]), [2], None, None, 0.0)
    (tensor([[-1.,  1.]]), tensor([[2.]]), tensor([[1.]]))
    """
    found = layer_norm(input, normalized_shape, weight, bias, eps)
    dims = tuple(range(-len(tuple(normalized_shape)), 0))
    return found, *_statistics(input.detach(), dims, eps, keepdim=True)


def native_group_norm(
    input: Any, weight: Any, bias: Any, N: int, C: int, HxW: int, group: int, eps: float
) -> tuple[Any, Any, Any]:
    """``group_norm``, and the mean and one over the deviation of each group.

    >>> tn.native_group_norm(tn.tensor([[1.0, 3.0]]), None, None, 1, 2, 1, 1, 0.0)[1]
    tensor([[2.]])
    """
    found = group_norm(input, group, weight, bias, eps)
    grouped = input.detach().reshape(N, group, -1)
    return found, *_statistics(grouped, (-1,), eps, keepdim=False)


def native_batch_norm(
    input: Any, weight: Any, bias: Any, running_mean: Any, running_var: Any, training: bool,
    momentum: float, eps: float,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """``batch_norm``, and in training the mean and one over the deviation of each channel.

    >>> x = tn.tensor([[1.0], [3.0]])
    >>> tn.native_batch_norm(x, None, None, None, None, True, 0.1, 0.0)[1]
    tensor([2.])
    """
    found = _batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)
    if not training:
        return found, input.new_empty((0,)), input.new_empty((0,))
    dims = (0, *range(2, input.ndim))
    return found, *_statistics(input.detach(), dims, eps, keepdim=False)


# -- dropout -------------------------------------------------------------------------------------------


def _dropping(function: Any, place: str = "") -> Callable[[Any, float, bool], Any]:
    name = function.__name__
    inplace = place == "_"

    def form(input: Any, p: float, train: bool) -> Any:
        return function(input, p, train, inplace)

    form.__name__ = form.__qualname__ = name + place
    form.__doc__ = f"""``nn.functional.{name}``, which `train` switches on{", in place" * inplace}.

    >>> tn.{name}{place}(tn.ones(1, 1), 0.5, False)
    tensor([[1.]])
    """
    return form


dropout = _dropping(_dropout)
dropout_ = _dropping(_dropout, "_")
alpha_dropout = _dropping(_alpha_dropout)
alpha_dropout_ = _dropping(_alpha_dropout, "_")
feature_dropout = _dropping(_feature_dropout)
feature_dropout_ = _dropping(_feature_dropout, "_")
feature_alpha_dropout = _dropping(_feature_alpha_dropout)
feature_alpha_dropout_ = _dropping(_feature_alpha_dropout, "_")


def native_dropout(input: Any, p: float, train: bool | None) -> tuple[Any, Any]:
    """``dropout``, and where it has kept the input.

    >>> tn.native_dropout(tn.ones(2), 0.0, True)
    (tensor([1., 1.]), tensor([True, True]))
    """
    from autotn.ops.create import ones

    shape = tuple(input.shape)
    if train is False or p == 0:
        return input.clone(), ones(shape, dtype=bool)
    mask = keep_mask(shape, p, None)
    scale = 0.0 if p == 1 else 1 / (1 - p)
    return masked_scale(input, mask, scale), wrap(mask)


# -- tables --------------------------------------------------------------------------------------------


def embedding(
    weight: Any, indices: Any, padding_idx: int = -1, scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Any:  # fmt: skip
    """``nn.functional.embedding``, with the table before the indices; a `padding_idx` of -1 is none.

    >>> tn.embedding(tn.tensor([[1.0], [2.0]]), tn.tensor([1]))
    tensor([[2.]])
    """
    padding = None if padding_idx < 0 else padding_idx
    return _embedding(
        indices, weight, padding, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse
    )


def embedding_bag(
    weight: Any, indices: Any, offsets: Any, scale_grad_by_freq: bool = False, mode: Any = 0,
    sparse: bool = False, per_sample_weights: Any = None, include_last_offset: bool = False,
    padding_idx: Any = None,
) -> tuple[Any, Any, Any, Any]:  # fmt: skip
    """``nn.functional.embedding_bag``, with the table first and 0 (sum), 1 (mean) or 2 (max) as `mode`.

    Three further results say which bag each index is in, how many there are in each bag, and for max which
    index each number came from; PyTorch leaves some of them empty.

    >>> tn.embedding_bag(tn.tensor([[1.0], [2.0]]), tn.tensor([0, 1]), tn.tensor([0]))[0]
    tensor([[3.]])
    """
    import numpy as np

    name = mode if isinstance(mode, str) else ("sum", "mean", "max")[mode]
    found = _embedding_bag(
        indices, weight, offsets, mode=name, sparse=sparse, padding_idx=padding_idx,
        scale_grad_by_freq=scale_grad_by_freq, per_sample_weights=per_sample_weights,
        include_last_offset=include_last_offset,
    )  # fmt: skip
    starts = offsets._data[: len(offsets) - 1] if include_last_offset else offsets._data
    bags = np.searchsorted(starts, np.arange(len(indices)), side="right") - 1
    sizes = np.bincount(bags, minlength=len(starts))
    empty = wrap(np.zeros(0, np.int64))
    return found, wrap(bags), wrap(sizes), empty


def embedding_renorm_(input: Any, indices: Any, max_norm: float, norm_type: float) -> Any:
    """Shorten, in place, the rows of a table that are named and longer than `max_norm`.

    >>> tn.embedding_renorm_(tn.tensor([[3.0, 4.0]]), tn.tensor([0]), 1.0, 2.0)
    tensor([[0.6000, 0.8000]])
    """
    from autotn.core.modes import no_grad

    with no_grad():
        _embedding(indices, input, max_norm=max_norm, norm_type=norm_type)
    return input


# -- convolution and grids -----------------------------------------------------------------------------


def convolution(
    input: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, transposed: bool,
    output_padding: Any, groups: int,
) -> Any:  # fmt: skip
    """``conv1d`` to ``conv3d`` or their transposes, by the dimensions of the weight.

    >>> tn.convolution(tn.ones(1, 1, 3), tn.ones(1, 1, 2), None, [1], [0], [1], False, [0], 1)
    tensor([[[2., 2.]]])
    """
    dims = weight.ndim - 2
    if dims not in (1, 2, 3):
        raise ShapeError(f"convolution: weight must have 3 to 5 dimensions, got {weight.ndim}")
    stride, padding, dilation, output_padding = (
        tuple(v) if len(v) == dims else tuple(v) * dims
        for v in (stride, padding, dilation, output_padding)
    )
    if transposed:
        back = (conv.conv_transpose1d, conv.conv_transpose2d, conv.conv_transpose3d)[dims - 1]
        return back(input, weight, bias, stride, padding, output_padding, groups, dilation)
    forth = (conv.conv1d, conv.conv2d, conv.conv3d)[dims - 1]
    return forth(input, weight, bias, stride, padding, dilation, groups)


def affine_grid_generator(theta: Any, size: Any, align_corners: bool) -> Any:
    """``nn.functional.affine_grid``.

    >>> tn.affine_grid_generator(tn.ones(1, 2, 3), [1, 1, 2, 2], False).shape
    tn.Size([1, 2, 2, 2])
    """
    return vision.affine_grid(theta, size, align_corners)


def grid_sampler(
    input: Any, grid: Any, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Any:
    """``nn.functional.grid_sample``, with numbers for its modes.

    >>> tn.grid_sampler(tn.ones(1, 1, 2, 2), tn.zeros(1, 1, 1, 2), 0, 0, False)
    tensor([[[[1.]]]])
    """
    mode = ("bilinear", "nearest", "bicubic")[interpolation_mode]
    outside = ("zeros", "border", "reflection")[padding_mode]
    return vision.grid_sample(input, grid, mode, outside, align_corners)


grid_sampler_2d = grid_sampler_3d = grid_sampler


def get_device(input: Any) -> int:
    """-1, as for every tensor on a CPU.

    >>> tn.get_device(tn.ones(1))
    -1
    """
    return int(input.get_device())


#: PyTorch's products with a sparse matrix take dense ones too.
spmm = dsmm = mm

# -- losses --------------------------------------------------------------------------------------------

#: The numbers PyTorch's C++ library has for reductions.
REDUCTIONS = ("none", "mean", "sum")


def _numbered(function: Any, order: str) -> Any:
    """A loss of ``nn.functional`` with the order of arguments of ``torch``, and a number as reduction."""
    names = order.split()

    @functools.wraps(function)
    def form(*args: Any, **kwargs: Any) -> Any:
        if len(args) > len(names):
            raise TypeError(
                f"{function.__name__}: expected at most {len(names)} arguments, got {len(args)}"
            )
        kwargs |= dict(zip(names, args))
        if isinstance(kwargs.get("reduction"), int):
            kwargs["reduction"] = REDUCTIONS[kwargs["reduction"]]
        return function(**kwargs)

    return form


binary_cross_entropy_with_logits = _numbered(
    loss.binary_cross_entropy_with_logits, "input target weight pos_weight reduction"
)
cosine_embedding_loss = _numbered(
    margin.cosine_embedding_loss, "input1 input2 target margin reduction"
)
ctc_loss = _numbered(
    margin.ctc_loss, "log_probs targets input_lengths target_lengths blank reduction zero_infinity"
)
hinge_embedding_loss = _numbered(margin.hinge_embedding_loss, "input target margin reduction")
kl_div = _numbered(loss.kl_div, "input target reduction")
margin_ranking_loss = _numbered(margin.margin_ranking_loss, "input1 input2 target margin reduction")
poisson_nll_loss = _numbered(loss.poisson_nll_loss, "input target log_input full eps reduction")
triplet_margin_loss = _numbered(
    margin.triplet_margin_loss, "anchor positive negative margin p eps swap reduction"
)
