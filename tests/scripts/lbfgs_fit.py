"""LBFGS with a closure, in float64 by default dtype."""

import torch
import torch.nn as nn
from same_start import fill, noise

x = torch.linspace(-1, 1, 40, dtype=torch.double).unsqueeze(1)
y = torch.sin(3 * x) + 0.05 * noise(40, 1).double()
model = fill(nn.Sequential(nn.Linear(1, 12), nn.Tanh(), nn.Linear(12, 1))).double()
criterion = nn.MSELoss()
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.8, max_iter=5, line_search_fn="strong_wolfe")

losses = []
for step in range(6):

    def closure():
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        return loss

    losses.append(optimizer.step(closure).item())
result = {"trajectory": losses[:3], "final": losses[-1], "good": 0.02}
