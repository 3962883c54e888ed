"""``nn.grad``: the gradients of convolutions as functions."""

from __future__ import annotations

from autotn.ops.conv_gradients import *
