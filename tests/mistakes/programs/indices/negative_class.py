"""A label of -1 for what is unknown."""

import autotn as tn
from autotn import nn

scores = tn.rand(4, 3)
labels = tn.tensor([1, 0, -1, 2])
nn.CrossEntropyLoss()(scores, labels)
