"""A keyword that one's own model does not take."""

from autotn import nn


class Net(nn.Module):
    def __init__(self, inputs, hidden=8):
        super().__init__()
        self.fc = nn.Linear(inputs, hidden)


Net(4, hiden=16)
