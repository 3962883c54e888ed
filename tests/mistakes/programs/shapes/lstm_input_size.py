"""A recurrent layer fed another number of features."""

import autotn as tn
from autotn import nn

embedding = nn.Embedding(1000, 100)
lstm = nn.LSTM(128, 256, batch_first=True)
lstm(embedding(tn.zeros(4, 12, dtype=tn.int64)))
