"""An LSTM given a hidden state and no cell state."""

import autotn as tn
from autotn import nn

lstm = nn.LSTM(5, 6)
lstm(tn.randn(3, 4, 5), tn.zeros(1, 4, 6))
