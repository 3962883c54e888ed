"""``nn.modules``: the layers by the file they stand in, as PyTorch has them."""

from __future__ import annotations

from autotn.layers import *
from autotn.layers import (
    activation,
    adaptive,
    container,
    distance,
    dropout,
    lazy,
    linear,
    loss,
    padding,
    reshape as flatten,
)
from autotn.nn.modules import module as module
