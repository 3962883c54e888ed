"""A physics-informed network for u'' = -u, u(0) = 0, u'(0) = 1: derivatives of derivatives."""

import torch
import torch.nn as nn
from same_start import fill

net = fill(
    nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1))
)
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
t = torch.linspace(0, 2, 30).view(-1, 1)


def gradients(outputs, inputs):
    return torch.autograd.grad(
        outputs, inputs, grad_outputs=torch.ones_like(outputs), create_graph=True
    )[0]


losses = []
for step in range(60):
    optimizer.zero_grad()
    points = t.clone().requires_grad_(True)
    u = net(points)
    du = gradients(u, points)
    ddu = gradients(du, points)
    residual = torch.mean((ddu + u) ** 2)
    boundary = u[0].pow(2).sum() + (du[0] - 1).pow(2).sum()
    loss = residual + boundary
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
result = {"trajectory": losses}
