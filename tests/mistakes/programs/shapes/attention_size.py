"""Attention given vectors of another size."""

import autotn as tn
from autotn import nn

attention = nn.MultiheadAttention(64, 8, batch_first=True)
x = tn.rand(2, 10, 32)
attention(x, x, x)
