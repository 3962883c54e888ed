"""Pictures as they come from a file: bytes."""

import autotn as tn
from autotn import nn

pictures = tn.zeros(4, 3, 32, 32, dtype=tn.uint8)
model = nn.Sequential(nn.Conv2d(3, 8, 3))
model(pictures)
