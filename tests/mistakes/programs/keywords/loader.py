"""A keyword of a loader without its underscore."""

import autotn as tn
from autotn.utils.data import DataLoader, TensorDataset

DataLoader(TensorDataset(tn.rand(8, 4)), batchsize=2)
