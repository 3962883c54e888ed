"""Pictures with their channels last."""

import autotn as tn
from autotn import nn

pictures = tn.rand(8, 32, 32, 3)
conv = nn.Conv2d(3, 16, 3)
conv(pictures)
