"""A layer made before the module is ready."""

from autotn import nn


class Net(nn.Module):
    def __init__(self):
        self.fc = nn.Linear(4, 2)


Net()
