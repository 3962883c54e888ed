"""NumPy's float64 data in a float32 model."""

import numpy as np

import autotn as tn
from autotn import nn

rows = np.random.default_rng(0).normal(size=(16, 4))
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 1))
model(tn.from_numpy(rows))
