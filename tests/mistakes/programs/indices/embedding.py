"""A word number beyond the vocabulary."""

import autotn as tn
from autotn import nn

embedding = nn.Embedding(1000, 16)
sentences = tn.tensor([[5, 17, 999], [12, 1000, 3]])
embedding(sentences)
