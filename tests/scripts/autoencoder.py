"""An autoencoder: encoder and decoder as Sequentials, weights tied by F.linear."""

import torch
import torch.nn.functional as F
from same_start import digits, fill
from torch import nn


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, 24), nn.Tanh(), nn.Linear(24, 6))
        self.bias = nn.Parameter(torch.zeros(24))
        self.decoder = nn.Sequential(nn.Tanh(), nn.Linear(24, 64), nn.Sigmoid())

    def forward(self, x):
        code = self.encoder(x)
        hidden = F.linear(code, self.encoder[2].weight.t(), self.bias)
        return code, self.decoder(hidden)


images, _ = digits(128)
x = images.flatten(1)
model = fill(AutoEncoder())
optimizer = torch.optim.RMSprop(model.parameters(), lr=0.005, momentum=0.5)
losses = []
for step in range(40):
    code, decoded = model(x)
    loss = F.mse_loss(decoded, x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
result = {"trajectory": [*losses, code.abs().mean().item()]}
