"""The first linear layer does not fit the flattened feature maps."""

import autotn as tn
from autotn import nn


class LeNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(256, 120)

    def forward(self, x):
        x = self.conv1(x).relu()
        x = self.conv2(x).relu()
        return self.fc1(x.flatten(1))


model = LeNet()
model(tn.rand(4, 3, 16, 20))
