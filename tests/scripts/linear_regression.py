"""Linear regression, the first script of every course."""

import torch
import torch.nn as nn
from same_start import fill, noise

x = noise(64, 3)
y = x @ torch.tensor([[1.0], [-2.0], [0.5]]) + 0.3 + 0.01 * noise(64, 1)

model = fill(nn.Linear(3, 1))
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)

losses = []
for epoch in range(60):
    outputs = model(x)
    loss = criterion(outputs, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    if (epoch + 1) % 20 == 0:
        print(f"Epoch [{epoch + 1}/60], Loss: {loss.item():.4f}")

predicted = model(x).detach().numpy()
result = {"trajectory": [*losses, float(predicted.mean())]}
