"""One picture, without its channel and batch axes."""

import autotn as tn
from autotn import nn

conv = nn.Conv2d(1, 4, 3)
conv(tn.rand(28, 28))
