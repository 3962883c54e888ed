"""A mixture density network through torch.distributions, and its negative log likelihood by hand."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import fill, noise
from torch.distributions import Categorical, MixtureSameFamily, Normal

y = torch.linspace(-1, 1, 60).unsqueeze(1)
x = y + 0.6 * torch.sin(4 * y) + 0.02 * noise(60, 1)


class MDN(nn.Module):
    def __init__(self, n_hidden=16, n_gaussians=3):
        super().__init__()
        self.z_h = nn.Sequential(nn.Linear(1, n_hidden), nn.Tanh())
        self.z_pi = nn.Linear(n_hidden, n_gaussians)
        self.z_mu = nn.Linear(n_hidden, n_gaussians)
        self.z_sigma = nn.Linear(n_hidden, n_gaussians)

    def forward(self, x):
        z_h = self.z_h(x)
        return self.z_pi(z_h), self.z_mu(z_h), F.softplus(self.z_sigma(z_h)) + 1e-3


model = fill(MDN())
optimizer = torch.optim.NAdam(model.parameters(), lr=0.02)
losses = []
for step in range(40):
    logits, mu, sigma = model(x)
    mixture = MixtureSameFamily(Categorical(logits=logits), Normal(mu, sigma))
    loss = -mixture.log_prob(y.squeeze(1)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
with torch.no_grad():
    logits, mu, sigma = model(x)
    log_density = -0.5 * ((y - mu) / sigma) ** 2 - sigma.log() - 0.5 * math.log(2 * math.pi)
    by_hand = -torch.logsumexp(F.log_softmax(logits, dim=1) + log_density, dim=1).mean()
    draws = MixtureSameFamily(Categorical(logits=logits), Normal(mu, sigma)).sample((5,))
assert draws.shape == (5, 60)
result = {"trajectory": [*losses, by_hand.item()]}
