"""``nn.utils``: gradients, vectors of parameters, packed sequences, parametrizations, pruning."""

from __future__ import annotations

from typing import Any as _Any

from autotn.absent import no_attribute as _no_attribute
from autotn.nn.utils import (
    clip_grad,
    convert_parameters,
    fusion,
    init,
    memory_format,
    parametrizations,
    parametrize,
    prune,
    rnn,
    stateless,
)
from autotn.nn.utils.clip_grad import (
    clip_grad_norm,
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
)
from autotn.nn.utils.convert_parameters import parameters_to_vector, vector_to_parameters
from autotn.nn.utils.fusion import (
    fuse_conv_bn_eval,
    fuse_conv_bn_weights,
    fuse_linear_bn_eval,
    fuse_linear_bn_weights,
)
from autotn.nn.utils.init import skip_init
from autotn.nn.utils.memory_format import (
    convert_conv2d_weight_memory_format,
    convert_conv3d_weight_memory_format,
)
from autotn.nn.utils.spectral_norm import remove_spectral_norm, spectral_norm
from autotn.nn.utils.weight_norm import remove_weight_norm, weight_norm


def __getattr__(name: str) -> _Any:
    raise _no_attribute(__name__, name)
