"""A loss that went through NumPy."""

import numpy as np

import autotn as tn
from autotn import nn

model = nn.Linear(4, 1)
prediction = model(tn.rand(8, 4)).detach().numpy()
loss = tn.tensor(np.square(prediction - 1).mean())
loss.backward()
