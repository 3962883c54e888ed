"""Word numbers that became floats."""

import autotn as tn
from autotn import nn

embedding = nn.Embedding(100, 16)
embedding(tn.tensor([1.0, 5.0]))
