"""A generative adversarial network: two optimizers, detach, labels of ones and zeros."""

import torch
import torch.nn as nn
from same_start import fill, noise

G = fill(nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2)))
D = fill(nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1), nn.Sigmoid()))
adversarial_loss = nn.BCELoss()
optimizer_G = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.999))
optimizer_D = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))

valid = torch.ones(32, 1, requires_grad=False)
fake = torch.zeros(32, 1)
losses = []
for step in range(60):
    real = noise(32, 2) * 0.5 + torch.tensor([2.0, -1.0])

    optimizer_G.zero_grad()
    generated = G(noise(32, 4))
    g_loss = adversarial_loss(D(generated), valid)
    g_loss.backward()
    optimizer_G.step()

    optimizer_D.zero_grad()
    d_loss = (adversarial_loss(D(real), valid) + adversarial_loss(D(generated.detach()), fake)) / 2
    d_loss.backward()
    optimizer_D.step()
    losses += [g_loss.item(), d_loss.item()]
result = {"trajectory": losses}
