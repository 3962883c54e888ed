"""A denoising diffusion model of points in the plane: schedules, sinusoidal embedding, sampling."""

import math

import torch
import torch.nn as nn
from same_start import fill, noise, numbers

T = 50
betas = torch.linspace(1e-4, 0.1, T)
alphas = 1.0 - betas
alphas_cumprod = torch.cumprod(alphas, dim=0)


def extract(values, t, shape):
    return values.gather(-1, t).reshape(t.shape[0], *((1,) * (len(shape) - 1)))


class TimeEmbedding(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, time):
        half = self.dim // 2
        freqs = torch.exp(torch.arange(half) * -(math.log(10000) / (half - 1)))
        args = time[:, None].float() * freqs[None, :]
        return torch.cat((args.sin(), args.cos()), dim=-1)


class Denoiser(nn.Module):
    def __init__(self):
        super().__init__()
        self.time = nn.Sequential(TimeEmbedding(8), nn.Linear(8, 16), nn.SiLU())
        self.inp = nn.Linear(2, 16)
        self.net = nn.Sequential(nn.SiLU(), nn.Linear(16, 16), nn.SiLU(), nn.Linear(16, 2))

    def forward(self, x, t):
        return self.net(self.inp(x) + self.time(t))


model = fill(Denoiser())
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
losses = []
for step in range(40):
    angle = torch.from_numpy(numbers.uniform(0, 2 * math.pi, size=64).astype("float32"))
    x0 = torch.stack([angle.cos(), angle.sin()], dim=1)
    t = torch.from_numpy(numbers.integers(0, T, size=64))
    eps = noise(64, 2)
    signal = extract(alphas_cumprod, t, x0.shape)
    x_t = signal.sqrt() * x0 + (1 - signal).sqrt() * eps
    loss = nn.functional.smooth_l1_loss(model(x_t, t), eps)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())


@torch.inference_mode()
def sample(n):
    x = noise(n, 2)
    for i in reversed(range(T)):
        t = torch.full((n,), i, dtype=torch.long)
        mean = (x - betas[i] / (1 - alphas_cumprod[i]).sqrt() * model(x, t)) / alphas[i].sqrt()
        x = mean + betas[i].sqrt() * noise(n, 2) if i > 0 else mean
    return x


result = {"trajectory": [*losses, sample(64).norm(dim=1).mean().item()]}
