"""Saving, resuming, early stopping with the best weights, and three schedules in a row."""

import copy
import os
import tempfile

import torch
import torch.nn as nn
from same_start import fill, noise
from torch.optim.lr_scheduler import OneCycleLR, ReduceLROnPlateau, StepLR

x = noise(48, 3)
y = x.prod(dim=1, keepdim=True)
folder = tempfile.mkdtemp()
path = os.path.join(folder, "checkpoint.pth")


def build():
    model = fill(nn.Sequential(nn.Linear(3, 16), nn.Tanh(), nn.Linear(16, 1)))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02, amsgrad=True)
    return model, optimizer, StepLR(optimizer, step_size=5, gamma=0.5)


def train(model, optimizer, scheduler, steps):
    losses = []
    for _ in range(steps):
        loss = nn.MSELoss()(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    return losses


model, optimizer, scheduler = build()
first = train(model, optimizer, scheduler, 8)
torch.save(
    {
        "epoch": 8,
        "model_state_dict": model.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "loss": first[-1],
    },
    path,
)
went_on = train(model, optimizer, scheduler, 6)

model, optimizer, scheduler = build()
checkpoint = torch.load(path, map_location=torch.device("cpu"), weights_only=True)
model.load_state_dict(checkpoint["model_state_dict"])
optimizer.load_state_dict(checkpoint["optimizer_state_dict"])
scheduler.load_state_dict(checkpoint["scheduler"])
resumed = train(model, optimizer, scheduler, 6)
assert max(abs(a - b) for a, b in zip(went_on, resumed)) < 1e-6

plateau = ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=1, min_lr=1e-4)
best, best_state, patience = float("inf"), None, 0
for epoch in range(15):
    val_loss = train(model, optimizer, StepLR(optimizer, 100), 1)[0]
    plateau.step(val_loss if epoch % 4 else 1.0)
    if val_loss < best:
        best, best_state, patience = val_loss, copy.deepcopy(model.state_dict()), 0
    else:
        patience += 1
        if patience >= 3:
            break
model.load_state_dict(best_state, strict=True)

cycle_optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
cycle = OneCycleLR(cycle_optimizer, max_lr=0.1, total_steps=10)
rates = []
for _ in range(10):
    cycle_optimizer.step()
    rates.append(cycle.get_last_lr()[0])
    if len(rates) < 10:
        cycle.step()
os.remove(path)
os.rmdir(folder)
result = {"trajectory": [*first, *resumed, best, *rates, optimizer.param_groups[0]["lr"]]}
