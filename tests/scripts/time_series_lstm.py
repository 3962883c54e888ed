"""Predicting waves with LSTMCells in float64, fed back on themselves."""

import numpy as np
import torch
import torch.nn as nn
from same_start import fill

waves = np.sin((np.arange(40)[None, :] + np.array([[0], [5], [11]])) / 3.0).astype("float64")
data = torch.from_numpy(waves)


class Sequence(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm1 = nn.LSTMCell(1, 12)
        self.lstm2 = nn.LSTMCell(12, 12)
        self.linear = nn.Linear(12, 1)

    def forward(self, input, future=0):
        outputs = []
        h_t = torch.zeros(input.size(0), 12, dtype=torch.double)
        c_t = torch.zeros(input.size(0), 12, dtype=torch.double)
        h_t2, c_t2 = torch.zeros_like(h_t), torch.zeros_like(c_t)
        for input_t in input.split(1, dim=1):
            h_t, c_t = self.lstm1(input_t, (h_t, c_t))
            h_t2, c_t2 = self.lstm2(h_t, (h_t2, c_t2))
            output = self.linear(h_t2)
            outputs += [output]
        for _ in range(future):
            h_t, c_t = self.lstm1(output, (h_t, c_t))
            h_t2, c_t2 = self.lstm2(h_t, (h_t2, c_t2))
            output = self.linear(h_t2)
            outputs += [output]
        return torch.cat(outputs, dim=1)


seq = fill(Sequence().double())
optimizer = torch.optim.Adam(seq.parameters(), lr=0.02)
losses = []
for step in range(12):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(seq(data[:, :-1]), data[:, 1:])
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
with torch.no_grad():
    pred = seq(data[:, :-1], future=10)
assert pred.shape == (3, 49)
result = {"trajectory": [*losses, pred[:, -10:].mean().item()]}
