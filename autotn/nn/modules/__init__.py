"""``nn.modules``: the layers by the file they stand in, as PyTorch has them."""

from __future__ import annotations

from autotn.layers import *
from autotn.layers import (
    activation,
    adaptive,
    container,
    conv,
    distance,
    dropout,
    embedding as sparse,
    lazy,
    linear,
    loss,
    norm as batchnorm,
    norm as instancenorm,
    norm as normalization,
    padding,
    pool as pooling,
    recurrent as rnn,
    reshape as flatten,
    transformer,
)
from autotn.nn.modules import module as module
