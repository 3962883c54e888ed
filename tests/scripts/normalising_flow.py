"""A flow of affine coupling layers: MultivariateNormal, log determinants, inversion."""

import torch
import torch.nn as nn
from same_start import fill, noise
from torch.distributions import MultivariateNormal


class Coupling(nn.Module):
    def __init__(self, flip):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(1, 12), nn.Tanh(), nn.Linear(12, 2))

    def parts(self, x):
        a, b = x.chunk(2, dim=1)
        return (b, a) if self.flip else (a, b)

    def join(self, a, b):
        return torch.cat((b, a) if self.flip else (a, b), dim=1)

    def forward(self, x):
        a, b = self.parts(x)
        log_scale, shift = self.net(a).split(1, dim=-1)
        log_scale = torch.tanh(log_scale)
        return self.join(a, b * log_scale.exp() + shift), log_scale.sum(dim=1)

    def inverse(self, z):
        a, b = self.parts(z)
        log_scale, shift = self.net(a).split(1, dim=-1)
        return self.join(a, (b - shift) * torch.exp(-torch.tanh(log_scale)))


class Flow(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList(Coupling(flip=bool(k % 2)) for k in range(layers))
        self.register_buffer("mean", torch.zeros(2))

    def log_prob(self, x):
        total = torch.zeros(x.shape[0])
        for layer in self.layers:
            x, log_det = layer(x)
            total = total + log_det
        return MultivariateNormal(self.mean, torch.eye(2)).log_prob(x) + total


base = noise(128, 2)
data = torch.stack([base[:, 0], 0.3 * base[:, 1] + base[:, 0] ** 2 - 1], dim=1)
flow = fill(Flow(4))
optimizer = torch.optim.Adam(flow.parameters(), lr=0.01)
losses = []
for step in range(30):
    loss = -flow.log_prob(data).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
with torch.no_grad():
    z = data
    for layer in flow.layers:
        z, _ = layer(z)
    back = z
    for layer in reversed(flow.layers):
        back = layer.inverse(back)
assert torch.allclose(back, data, atol=1e-4)
result = {"trajectory": losses}
