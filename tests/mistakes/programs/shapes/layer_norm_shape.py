"""Layer normalization over another size."""

import autotn as tn
from autotn import nn

model = nn.Sequential(nn.Linear(4, 64), nn.LayerNorm(128))
model(tn.rand(2, 4))
