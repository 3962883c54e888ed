"""Quantiles of a series by an encoder and a decoder: pinball loss, teacher forcing, workers, early stop, resume."""

import copy
import io

import numpy as np
import torch
import torch.nn as nn
from same_start import fill, numbers
from torch.utils.data import BatchSampler, DataLoader, Dataset, Sampler, Subset

LEVELS = torch.tensor([0.1, 0.5, 0.9])


class Windows(Dataset):
    def __init__(self, series, past=12, future=4):
        self.series, self.past, self.future = series, past, future

    def __len__(self):
        return len(self.series) - self.past - self.future + 1

    def __getitem__(self, i):
        part = self.series[i : i + self.past + self.future].astype(np.float32)
        return {"past": part[: self.past, None], "future": part[self.past :], "at": i}


class EveryOther(Sampler):
    def __init__(self, data):
        self.data = data

    def __iter__(self):
        yield from range(0, len(self.data), 2)
        yield from range(1, len(self.data), 2)

    def __len__(self):
        return len(self.data)


class Forecaster(nn.Module):
    def __init__(self, hidden=10):
        super().__init__()
        self.encoder = nn.GRU(1, hidden, num_layers=2, batch_first=True)
        self.cell = nn.GRUCell(1, hidden)
        self.out = nn.Linear(hidden, len(LEVELS))

    def forward(self, past, future=None, steps=4):
        _, h = self.encoder(past)
        h, value, made = h[-1], past[:, -1], []
        for k in range(steps):
            h = self.cell(value, h)
            made.append(self.out(h))
            value = future[:, k : k + 1] if future is not None else made[-1][:, 1:2].detach()
        return torch.stack(made, dim=1)


def pinball(prediction, target):
    error = target.unsqueeze(-1) - prediction
    return torch.maximum(LEVELS * error, (LEVELS - 1) * error).mean()


t = np.arange(90)
series = np.sin(t / 5) + 0.05 * numbers.normal(size=90)
data = Windows(series)
train, held_out = Subset(data, range(60)), Subset(data, range(60, len(data)))
loader = DataLoader(
    train, batch_sampler=BatchSampler(EveryOther(train), 16, drop_last=False), num_workers=2
)
check = DataLoader(held_out, batch_size=8, shuffle=False)
model = fill(Forecaster())
optimizer = torch.optim.NAdam(model.parameters(), lr=5e-3)
schedule = torch.optim.lr_scheduler.CyclicLR(
    optimizer, base_lr=2e-3, max_lr=1e-2, step_size_up=6, cycle_momentum=False
)
losses, best, patience, kept = [], float("inf"), 0, None
for epoch in range(8):
    model.train()
    for batch in loader:
        optimizer.zero_grad()
        future = batch["future"]
        loss = pinball(model(batch["past"], future if epoch % 2 == 0 else None), future)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        total = sum(pinball(model(b["past"]), b["future"]).item() * len(b["at"]) for b in check)
    losses.append(total / len(held_out))
    if losses[-1] < best:
        best, patience = losses[-1], 0
        kept = copy.deepcopy(model.state_dict())
    else:
        patience += 1
        if patience > 2:
            break
    if epoch == 3:
        saved = io.BytesIO()
        states = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
        torch.save({**states, "schedule": schedule.state_dict()}, saved)
        saved.seek(0)
        states = torch.load(saved, weights_only=False)
        model, before = Forecaster(), model
        optimizer = torch.optim.NAdam(model.parameters(), lr=1.0)
        schedule = torch.optim.lr_scheduler.CyclicLR(
            optimizer, base_lr=2e-3, max_lr=1e-2, step_size_up=6, cycle_momentum=False
        )
        model.load_state_dict(states["model"])
        optimizer.load_state_dict(states["optimizer"])
        schedule.load_state_dict(states["schedule"])
model.load_state_dict(kept)
with torch.no_grad():
    bands = torch.cat([model(b["past"]) for b in check])
    crossed = (bands.diff(dim=-1) < 0).float().mean().item()
result = {"trajectory": [*losses, best, crossed, *bands.mean((0, 1)).tolist()]}
