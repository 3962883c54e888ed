"""The pair a recurrent layer gives, passed on as it is."""

import autotn as tn
from autotn import nn


class Tagger(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(16, 32, batch_first=True)
        self.head = nn.Linear(32, 5)

    def forward(self, x):
        return self.head(self.lstm(x))


model = Tagger()
model(tn.rand(4, 12, 16))
