"""A GAN whose critic has spectral and weight norm: hinge loss, two optimizers, averaged generator, sampled latents."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import digits, fill, noise
from torch.nn.utils import parametrize
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

real, _ = digits(48)
real = real.unsqueeze(1) * 2 - 1


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.project = nn.Linear(6, 4 * 2 * 2)
        self.main = nn.Sequential(
            nn.BatchNorm2d(4), nn.LeakyReLU(0.2),
            nn.ConvTranspose2d(4, 6, 4, 2, 1, bias=False), nn.BatchNorm2d(6), nn.GLU(dim=1),
            nn.Upsample(scale_factor=2), nn.ReflectionPad2d(1), nn.Conv2d(3, 1, 3), nn.Tanh(),
        )  # fmt: skip

    def forward(self, z):
        return self.main(self.project(z).view(-1, 4, 2, 2))


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = fill(nn.Conv2d(1, 6, 3, stride=2, padding=1))
        self.second = fill(nn.Conv2d(6, 8, 3, stride=2, padding=1))
        self.out = fill(nn.Linear(8, 1))
        for layer in (self.first, self.second):
            rows = layer.weight.shape[0]
            spectral_norm(layer, n_power_iterations=2)
            norm = layer.parametrizations.weight[0]
            columns = layer.weight[0].numel()
            with torch.no_grad():  # the vectors begin at random
                norm._u.copy_(F.normalize(torch.arange(1.0, rows + 1), dim=0))
                norm._v.copy_(F.normalize(torch.arange(1.0, columns + 1), dim=0))
        weight_norm(self.out)

    def forward(self, x, wanted=None):
        h = F.leaky_relu(self.first(x), 0.1)
        h = F.leaky_relu(self.second(h), 0.1)
        return self.out(h.sum(dim=(2, 3))).squeeze(1)


generator, critic = fill(Generator()), Critic()
assert parametrize.is_parametrized(critic.first, "weight")
averaged = copy.deepcopy(generator).eval().requires_grad_(False)
g_opt = torch.optim.Adam(generator.parameters(), lr=4e-3, betas=(0.0, 0.9))
d_opt = torch.optim.RMSprop(critic.parameters(), lr=2e-3, alpha=0.9)
losses = []
for step in range(12):
    critic.train()
    for _ in range(2):
        batch = real[(step * 16) % 48 :][:16]
        with torch.no_grad():
            fake = generator(noise(16, 6))
        d_opt.zero_grad()
        d_real, d_fake = critic(batch), critic(fake)
        d_loss = F.relu(1.0 - d_real).mean() + F.relu(1.0 + d_fake).mean()
        x = batch.clone().requires_grad_(True)
        (slope,) = torch.autograd.grad(critic(x).sum(), x, create_graph=True)
        (d_loss + 0.5 * slope.pow(2).flatten(1).sum(1).mean()).backward()
        d_opt.step()
    for p in critic.parameters():
        p.requires_grad_(False)
    g_opt.zero_grad()
    g_loss = -critic(generator(noise(16, 6))).mean()
    g_loss.backward()
    g_opt.step()
    for p in critic.parameters():
        p.requires_grad_(True)
    with torch.no_grad():
        for a, b in zip(averaged.parameters(), generator.parameters()):
            a.lerp_(b, 0.1)
        for a, b in zip(averaged.buffers(), generator.buffers()):
            a.copy_(b)
    losses += [d_loss.item(), g_loss.item()]
critic.eval()
parametrize.remove_parametrizations(critic.out, "weight")
with torch.no_grad():
    pictures = averaged(noise(4, 6))
    losses += [pictures.std().item(), critic(pictures).mean().item()]
assert sorted(n for n, _ in critic.named_parameters())[0] == "first.bias"
result = {"trajectory": losses}
