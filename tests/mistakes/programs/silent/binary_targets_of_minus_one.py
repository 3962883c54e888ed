"""Binary targets -1 and 1."""

import autotn as tn
from autotn import nn

model = nn.Linear(4, 1)
batch = tn.rand(32, 4), (tn.arange(32) % 2 * 2 - 1).float().unsqueeze(1)
tn.check(model, batch, nn.BCEWithLogitsLoss(), steps=0).raise_if_any()
