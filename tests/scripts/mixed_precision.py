"""The idioms of mixed precision, switched off where there is no GPU, and the scaler on the CPU."""

import contextlib
import warnings

import torch
import torch.nn as nn
from same_start import fill, noise

device = "cuda" if torch.cuda.is_available() else "cpu"
use_amp = device == "cuda"
context = (
    torch.autocast(device_type="cuda", dtype=torch.float16) if use_amp else contextlib.nullcontext()
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    disabled = torch.cuda.amp.GradScaler(enabled=use_amp)
scaler = torch.amp.GradScaler("cpu", init_scale=1024.0, growth_interval=8)
torch.set_float32_matmul_precision("high")

x = noise(64, 4)
y = (x * torch.tensor([1.0, -1.0, 0.5, 2.0])).sum(1, keepdim=True)
model = fill(nn.Sequential(nn.Linear(4, 16), nn.SiLU(), nn.Linear(16, 1)))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
losses, accumulation = [], 2
for step in range(40):
    with context, torch.autocast("cpu", enabled=False):
        loss = nn.functional.huber_loss(model(x), y) / accumulation
    disabled.scale(scaler.scale(loss)).backward()
    if (step + 1) % accumulation == 0:
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=True)
    losses.append(loss.item())
result = {"trajectory": [*losses, scaler.get_scale()]}
