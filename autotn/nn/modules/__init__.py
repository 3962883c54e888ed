"""``nn.modules``: the layers under the paths PyTorch has for them, the names meant for subclassing included.

PyTorch has a file per kind of layer (``nn.modules.conv``); all these paths lead here.
"""

from __future__ import annotations

import sys as _sys

from autotn.layers import *
from autotn.layers.attention import NonDynamicallyQuantizableLinear
from autotn.layers.axes import (
    ntuple as _ntuple,
    pair as _pair,
    quadruple as _quadruple,
    reverse_repeat as _reverse_repeat_tuple,
    single as _single,
    triple as _triple,
)
from autotn.layers.conv import _Conv as _ConvNd
from autotn.layers.dropout import _Dropout as _DropoutNd
from autotn.layers.loss import Loss as _Loss, WeightedLoss as _WeightedLoss
from autotn.layers.norm import _BatchNorm, _ChannelNorm as _NormBase, _InstanceNorm
from autotn.nn.modules import module as module

activation = adaptive = batchnorm = channelshuffle = container = conv = distance = dropout = (
    flatten
) = fold = instancenorm = lazy = linear = loss = normalization = padding = pixelshuffle = (
    pooling
) = rnn = sparse = transformer = upsampling = utils = _sys.modules[__name__]
