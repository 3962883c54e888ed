"""Normalisation layers: over the batch, the features, groups of channels, or neighbours."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any, ClassVar

from autotn.core.dtypes import int64
from autotn.core.modes import no_grad
from autotn.layers import init
from autotn.layers.lazy import LazyModuleMixin
from autotn.layers.module import Module
from autotn.layers.parameter import Parameter, UninitializedBuffer, UninitializedParameter
from autotn.ops import batch_norm, empty, group_norm, instance_norm, layer_norm, rms_norm, tensor
from autotn.ops.norm import cross_map_response_norm, local_response_norm

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "CrossMapLRN2d",
    "GroupNorm",
    "InstanceNorm1d",
    "InstanceNorm2d",
    "InstanceNorm3d",
    "LayerNorm",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "LazyInstanceNorm1d",
    "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
    "LocalResponseNorm",
    "RMSNorm",
    "SyncBatchNorm",
]


def _scale_and_shift(
    module: Module, shape: Any, scale: bool, shift: bool, device: Any, dtype: Any
) -> None:
    """Give a module its ``weight`` and ``bias``, or register that it has none."""
    for name, wanted in (("weight", scale), ("bias", shift)):
        if wanted:
            setattr(module, name, Parameter(empty(shape, device=device, dtype=dtype)))
        else:
            module.register_parameter(name, None)


class _Affine(Module):
    """Has a weight that starts at one and a bias that starts at zero, each of which may be None."""

    weight: Parameter | None
    bias: Parameter | None

    def reset_parameters(self) -> None:
        """Start again from no scaling and no shift."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)


class _ChannelNorm(_Affine):
    """What batch and instance normalisation share: scale, shift and running statistics."""

    _version = 2
    #: How many dimensions the input may have.
    ranks: ClassVar[tuple[int, ...]]

    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats
        _scale_and_shift(self, num_features, affine, affine and bias, device, dtype)
        if track_running_stats:
            self.register_buffer("running_mean", empty(num_features, device=device, dtype=dtype))
            self.register_buffer("running_var", empty(num_features, device=device, dtype=dtype))
            self.register_buffer("num_batches_tracked", tensor(0, dtype=int64))
        else:
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                self.register_buffer(name, None)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget the statistics: mean 0, variance 1, no batch seen."""
        if self.track_running_stats:
            with no_grad():
                self.running_mean.zero_()
                self.running_var.fill_(1)
                self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Start again: no scaling, no shift, no statistics."""
        self.reset_running_stats()
        super().reset_parameters()

    def _check_input_dim(self, input: Any) -> None:
        if input.ndim not in self.ranks:
            allowed = " or ".join(f"{rank}D" for rank in self.ranks)
            one = input.ndim == min(self.ranks) - 1
            raise ValueError(
                f"{type(self).__name__}: expected {allowed} input (got {input.ndim}D input): shape "
                f"{tuple(input.shape)}"
                + ("; input.unsqueeze(0) adds the batch axis to one example" if one else "")
            )

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: dict[str, Any], *rest: Any
    ) -> None:
        # States written before the count of batches existed have none: keep ours.
        key = prefix + "num_batches_tracked"
        old = (local_metadata.get("version") or 0) < 2
        if old and self.track_running_stats and key not in state_dict:
            state_dict[key] = self.num_batches_tracked
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )


class _BatchNorm(_ChannelNorm):
    """Normalise each channel over the batch and all positions."""

    def forward(self, input: Any) -> Any:
        """The normalised input; in training the running statistics move."""
        self._check_input_dim(input)
        share = 0.0 if self.momentum is None else self.momentum
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:  # the plain mean of all batches
                share = 1.0 / self.num_batches_tracked.item()
        measure = self.training or (self.running_mean is None and self.running_var is None)
        known = not self.training or self.track_running_stats
        return batch_norm(
            input,
            self.running_mean if known else None,
            self.running_var if known else None,
            self.weight,
            self.bias,
            measure,
            share,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    r"""Normalise each channel: :math:`\frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} w + b`.

    In training mean and variance are the batch's, and running statistics follow them by the share
    `momentum` (None: their plain mean); in evaluation they are the running ones.
    Ioffe & Szegedy, "Batch Normalization", 2015.

    >>> nn.BatchNorm1d(1)(tn.tensor([[1.0], [3.0]])).detach().flatten()
    tensor([-1.0000,  1.0000])
    """

    ranks = (2, 3)


class BatchNorm2d(_BatchNorm):
    """`BatchNorm1d` for images of shape (batch, channels, height, width).

    >>> nn.BatchNorm2d(3)(tn.rand(2, 3, 4, 4)).shape
    tn.Size([2, 3, 4, 4])
    """

    ranks = (4,)


class BatchNorm3d(_BatchNorm):
    """`BatchNorm1d` for volumes of shape (batch, channels, depth, height, width).

    >>> nn.BatchNorm3d(3)(tn.rand(2, 3, 4, 4, 4)).shape
    tn.Size([2, 3, 4, 4, 4])
    """

    ranks = (5,)


class SyncBatchNorm(_BatchNorm):
    """`BatchNorm1d` for any rank, whose statistics are those of this process.

    >>> nn.SyncBatchNorm(3)(tn.rand(2, 3, 4)).shape
    tn.Size([2, 3, 4])
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        self.process_group = process_group

    def _check_input_dim(self, input: Any) -> None:
        if input.ndim < 2:
            raise ValueError(f"SyncBatchNorm: expected at least 2D input (got {input.ndim}D input)")

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:
        """The same network with every batch normalisation turned into this class.

        >>> nn.SyncBatchNorm.convert_sync_batchnorm(nn.Sequential(nn.BatchNorm1d(2)))[0].affine
        True
        """
        made = module
        if isinstance(module, _BatchNorm):
            made = cls(
                module.num_features,
                module.eps,
                module.momentum,
                module.affine,
                module.track_running_stats,
                process_group,
                bias=module.bias is not None,
            )
            made.training = module.training
            for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
                setattr(made, name, getattr(module, name))
        for name, child in module.named_children():
            made.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return made


class _InstanceNorm(_ChannelNorm):
    """Normalise each channel of each sample over its positions; a single sample needs no batch."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )

    def forward(self, input: Any) -> Any:
        """The normalised input."""
        self._check_input_dim(input)
        single = input.ndim == self.ranks[0]
        channels = input.shape[0 if single else 1]
        if channels != self.num_features:
            place = -(self.ranks[0])
            text = f"input's size at dim={place + input.ndim} to match num_features"
            if self.affine:
                raise ValueError(
                    f"{type(self).__name__}: expected {text} ({self.num_features}), "
                    f"but got: {channels}."
                )
            warnings.warn(
                f"{type(self).__name__}: expected {text} ({self.num_features}), but got "
                f"{channels}; it is not used because affine=False",
                stacklevel=2,
            )
        found = instance_norm(
            input.unsqueeze(0) if single else input,
            self.running_mean,
            self.running_var,
            self.weight,
            self.bias,
            self.training or not self.track_running_stats,
            0.0 if self.momentum is None else self.momentum,
            self.eps,
        )
        return found.squeeze(0) if single else found


class InstanceNorm1d(_InstanceNorm):
    """Normalise each channel of each signal over its positions.

    Ulyanov et al., "Instance Normalization", 2016.

    >>> nn.InstanceNorm1d(1)(tn.tensor([[[1.0, 3.0]]]))
    tensor([[[-1.0000,  1.0000]]])
    """

    ranks = (2, 3)


class InstanceNorm2d(_InstanceNorm):
    """`InstanceNorm1d` for images.

    >>> nn.InstanceNorm2d(3)(tn.rand(2, 3, 4, 4)).shape
    tn.Size([2, 3, 4, 4])
    """

    ranks = (3, 4)


class InstanceNorm3d(_InstanceNorm):
    """`InstanceNorm1d` for volumes.

    >>> nn.InstanceNorm3d(3)(tn.rand(2, 3, 4, 4, 4)).shape
    tn.Size([2, 3, 4, 4, 4])
    """

    ranks = (4, 5)


class _Lazy(LazyModuleMixin):
    """Beside batch or instance normalisation: learns ``num_features`` from the first input."""

    def __init__(
        self: Any,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            if bias:
                self.bias = UninitializedParameter(device=device, dtype=dtype)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = tensor(0, dtype=int64)

    def reset_parameters(self: Any) -> None:
        """Start again, once there are parameters."""
        if self.num_features != 0 and not self.has_uninitialized_params():
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self: Any, input: Any) -> None:
        """Make parameters and statistics fit this input."""
        if self.has_uninitialized_params():
            self.num_features = input.shape[1]
            for name in ("weight", "bias", "running_mean", "running_var"):
                one = getattr(self, name)
                if one is not None:
                    one.materialize((self.num_features,))
            self.reset_parameters()
        if self.num_features == 0:
            self.num_features = input.shape[1]


class LazyBatchNorm1d(_Lazy, _BatchNorm):
    """A `BatchNorm1d` that learns ``num_features`` from the first input it sees.

    >>> layer = nn.LazyBatchNorm1d()
    >>> layer(tn.rand(2, 3)).shape, layer.num_features
    (tn.Size([2, 3]), 3)
    """

    cls_to_become = BatchNorm1d
    ranks = BatchNorm1d.ranks


class LazyBatchNorm2d(_Lazy, _BatchNorm):
    """A `BatchNorm2d` that learns ``num_features`` from the first input it sees.

    >>> nn.LazyBatchNorm2d()(tn.rand(2, 3, 4, 4)).shape
    tn.Size([2, 3, 4, 4])
    """

    cls_to_become = BatchNorm2d
    ranks = BatchNorm2d.ranks


class LazyBatchNorm3d(_Lazy, _BatchNorm):
    """A `BatchNorm3d` that learns ``num_features`` from the first input it sees.

    >>> nn.LazyBatchNorm3d()(tn.rand(2, 3, 4, 4, 4)).shape
    tn.Size([2, 3, 4, 4, 4])
    """

    cls_to_become = BatchNorm3d
    ranks = BatchNorm3d.ranks


class LazyInstanceNorm1d(_Lazy, _InstanceNorm):
    """An `InstanceNorm1d` that learns ``num_features`` from the first input it sees.

    >>> nn.LazyInstanceNorm1d()(tn.rand(2, 3, 4)).shape
    tn.Size([2, 3, 4])
    """

    cls_to_become = InstanceNorm1d
    ranks = InstanceNorm1d.ranks


class LazyInstanceNorm2d(_Lazy, _InstanceNorm):
    """An `InstanceNorm2d` that learns ``num_features`` from the first input it sees.

    >>> nn.LazyInstanceNorm2d()(tn.rand(2, 3, 4, 4)).shape
    tn.Size([2, 3, 4, 4])
    """

    cls_to_become = InstanceNorm2d
    ranks = InstanceNorm2d.ranks


class LazyInstanceNorm3d(_Lazy, _InstanceNorm):
    """An `InstanceNorm3d` that learns ``num_features`` from the first input it sees.

    >>> nn.LazyInstanceNorm3d()(tn.rand(2, 3, 4, 4, 4)).shape
    tn.Size([2, 3, 4, 4, 4])
    """

    cls_to_become = InstanceNorm3d
    ranks = InstanceNorm3d.ranks


def _as_shape(normalized_shape: Any) -> tuple[int, ...]:
    if isinstance(normalized_shape, Iterable):
        return tuple(normalized_shape)
    return (normalized_shape,)


class LayerNorm(_Affine):
    r"""Normalise each sample over its last dimensions, those of `normalized_shape`.

    Ba et al., "Layer Normalization", 2016.

    >>> nn.LayerNorm(2)(tn.tensor([[1.0, 3.0]])).detach()
    tensor([[-1.0000,  1.0000]])
    """

    def __init__(
        self,
        normalized_shape: Any,
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        shift = elementwise_affine and bias
        _scale_and_shift(self, self.normalized_shape, elementwise_affine, shift, device, dtype)
        self.reset_parameters()

    def forward(self, input: Any) -> Any:
        """The normalised input."""
        return layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, "
            f"elementwise_affine={self.elementwise_affine}, bias={self.bias is not None}"
        )


class GroupNorm(_Affine):
    """Normalise each group of channels of each sample (Wu & He, "Group Normalization", 2018).

    >>> nn.GroupNorm(2, 4)(tn.tensor([[1.0, 3.0, 5.0, 9.0]])).detach()
    tensor([[-1.0000,  1.0000, -1.0000,  1.0000]])
    """

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        if num_channels % num_groups != 0:
            raise ValueError(
                f"GroupNorm: num_channels ({num_channels}) must be divisible by "
                f"num_groups ({num_groups}); {num_channels} channels make "
                f"{', '.join(str(k) for k in range(1, num_channels + 1) if num_channels % k == 0)} groups"
            )
        self.num_groups = num_groups
        self.num_channels = num_channels
        self.eps = eps
        self.affine = affine
        _scale_and_shift(self, num_channels, affine, affine and bias, device, dtype)
        self.reset_parameters()

    def forward(self, input: Any) -> Any:
        """The normalised input."""
        return group_norm(input, self.num_groups, self.weight, self.bias, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.num_groups}, {self.num_channels}, eps={self.eps}, "
            f"affine={self.affine}, bias={self.bias is not None}"
        )


class RMSNorm(Module):
    r"""Divide each sample by its root mean square over the last dimensions.

    Zhang & Sennrich, "Root Mean Square Layer Normalization", 2019. `eps` None stands for the
    smallest step of the input's dtype.

    >>> nn.RMSNorm(2)(tn.tensor([[3.0, 4.0]])).detach()
    tensor([[0.8485, 1.1314]])
    """

    weight: Parameter | None

    def __init__(
        self,
        normalized_shape: Any,
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.normalized_shape = _as_shape(normalized_shape)
        self.eps = eps
        self.elementwise_affine = elementwise_affine
        if elementwise_affine:
            self.weight = Parameter(empty(self.normalized_shape, device=device, dtype=dtype))
        else:
            self.register_parameter("weight", None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Start again from no scaling."""
        if self.weight is not None:
            init.ones_(self.weight)

    def forward(self, x: Any) -> Any:
        """The scaled input."""
        return rms_norm(x, self.normalized_shape, self.weight, self.eps)

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.normalized_shape}, eps={self.eps}, elementwise_affine={self.elementwise_affine}"
        )


class LocalResponseNorm(Module):
    r"""Divide by a power of the mean square over `size` neighbouring channels.

    :math:`b_c = a_c \left(k + \frac{\alpha}{n} \sum_{c'} a_{c'}^2\right)^{-\beta}`;
    Krizhevsky et al., "ImageNet Classification with Deep Convolutional Neural Networks", 2012.

    >>> nn.LocalResponseNorm(2)(tn.ones(1, 2, 4)).shape
    tn.Size([1, 2, 4])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0) -> None:
        super().__init__()
        self.size = size
        self.alpha = alpha
        self.beta = beta
        self.k = k

    def forward(self, input: Any) -> Any:
        """The normalised input."""
        return local_response_norm(input, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        """The settings."""
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"


class CrossMapLRN2d(LocalResponseNorm):
    """`LocalResponseNorm` of images, over ``(size - 1) // 2`` channels on either side.

    >>> nn.CrossMapLRN2d(3)(tn.ones(1, 2, 4, 4)).shape
    tn.Size([1, 2, 4, 4])
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1) -> None:
        super().__init__(size, alpha, beta, k)

    def forward(self, input: Any) -> Any:
        """The normalised input."""
        return cross_map_response_norm(input, self.size, self.alpha, self.beta, self.k)
