"""Pictures between 0 and 255."""

import autotn as tn
from autotn import nn

model = nn.Sequential(nn.Flatten(), nn.Linear(64, 3))
pictures = tn.randint(0, 256, (32, 8, 8)).float()
tn.check(model, (pictures, tn.arange(32) % 3), nn.CrossEntropyLoss(), steps=0).raise_if_any()
