"""``nn.functional``: the ops under PyTorch's functional names."""

from __future__ import annotations

from typing import Any as _Any

from autotn.absent import no_attribute as _no_attribute
from autotn.ops import (
    adaptive_avg_pool1d,
    adaptive_max_pool1d,
    alpha_dropout,
    avg_pool1d,
    batch_norm,
    bilinear,
    binary_cross_entropy_with_logits,
    celu,
    celu_,
    channel_shuffle,
    conv1d,
    conv2d,
    conv3d,
    conv_tbc,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
    cosine_embedding_loss,
    cosine_similarity,
    ctc_loss,
    dropout,
    elu,
    embedding,
    embedding_bag,
    feature_alpha_dropout,
    group_norm,
    hardshrink,
    hinge_embedding_loss,
    instance_norm,
    kl_div,
    layer_norm,
    linear,
    log_softmax,
    margin_ranking_loss,
    max_pool1d,
    max_pool1d_with_indices,
    max_pool2d,
    max_pool3d,
    native_channel_shuffle,
    pairwise_distance,
    pdist,
    pixel_shuffle,
    pixel_unshuffle,
    poisson_nll_loss,
    prelu,
    relu,
    relu_,
    rms_norm,
    rrelu,
    rrelu_,
    selu,
    selu_,
    sigmoid,
    softmax,
    tanh,
    threshold,
    threshold_,
    triplet_margin_loss,
)
from autotn.ops.activation import (
    elu_,
    glu,
    hardsigmoid,
    hardswish,
    hardtanh,
    hardtanh_,
    leaky_relu,
    leaky_relu_,
    logsigmoid,
    mish,
    relu6,
    silu,
    softmin,
    softplus,
    softshrink,
    softsign,
    tanhshrink,
)
from autotn.ops.attention import multi_head_attention_forward, scaled_dot_product_attention
from autotn.ops.classify import cross_entropy, nll_loss
from autotn.ops.dropout import dropout1d, dropout2d, dropout3d
from autotn.ops.embedding import one_hot
from autotn.ops.gelu import gelu
from autotn.ops.gumbel import gumbel_softmax
from autotn.ops.linear_cross_entropy import linear_cross_entropy
from autotn.ops.loss import (
    binary_cross_entropy,
    gaussian_nll_loss,
    huber_loss,
    l1_loss,
    mse_loss,
    smooth_l1_loss,
    soft_margin_loss,
)
from autotn.ops.margin import (
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    triplet_margin_with_distance_loss,
)
from autotn.ops.norm import local_response_norm, normalize
from autotn.ops.pad import pad
from autotn.ops.pool import (
    avg_pool2d,
    avg_pool3d,
    lp_pool1d,
    lp_pool2d,
    lp_pool3d,
    max_unpool1d,
    max_unpool2d,
    max_unpool3d,
)
from autotn.ops.pool_adaptive import (
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
    fractional_max_pool2d,
    fractional_max_pool3d,
)
from autotn.ops.pool_indices import (
    adaptive_max_pool1d_with_indices,
    adaptive_max_pool2d_with_indices,
    adaptive_max_pool3d_with_indices,
    fractional_max_pool2d_with_indices,
    fractional_max_pool3d_with_indices,
    max_pool2d_with_indices,
    max_pool3d_with_indices,
)
from autotn.ops.vision import (
    affine_grid,
    fold,
    grid_sample,
    interpolate,
    unfold,
    upsample,
    upsample_bilinear,
    upsample_nearest,
)


def __getattr__(name: str) -> _Any:
    raise _no_attribute(__name__, name)
