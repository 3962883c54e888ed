"""The hidden state of one layer for a network of two."""

import autotn as tn
from autotn import nn

lstm = nn.LSTM(5, 6, num_layers=2, batch_first=True)
state = (tn.zeros(1, 4, 6), tn.zeros(1, 4, 6))
lstm(tn.randn(4, 3, 5), state)
