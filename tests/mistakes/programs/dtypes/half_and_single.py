"""Half of the model was converted."""

import autotn as tn
from autotn import nn

model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
model[0].double()
model(tn.rand(3, 4, dtype=tn.float64))
