"""Logistic regression with a hand-written model class and numpy data."""

import numpy as np
import torch
import torch.nn.functional as F
from same_start import fill, numbers
from torch import nn, optim

points = numbers.normal(size=(100, 2)).astype("float32")
labels = (points.sum(axis=1) > 0.2).astype("float32")


class LogisticRegression(nn.Module):
    def __init__(self, inputs):
        super(LogisticRegression, self).__init__()
        self.linear = nn.Linear(inputs, 1)

    def forward(self, x):
        return torch.sigmoid(self.linear(x))


model = fill(LogisticRegression(2))
optimizer = optim.Adam(model.parameters(), lr=0.1, weight_decay=1e-4)
losses = []
for epoch in range(50):
    inputs, targets = torch.from_numpy(points), torch.tensor(labels).view(-1, 1)
    optimizer.zero_grad()
    loss = F.binary_cross_entropy(model(inputs), targets)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

with torch.no_grad():
    predictions = model(torch.from_numpy(points)).numpy().round().ravel()
accuracy = np.mean(predictions == labels)
print("accuracy", accuracy)
result = {"trajectory": [*losses, accuracy]}
