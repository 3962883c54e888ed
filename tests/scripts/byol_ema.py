"""Two views of a picture, a copied network that follows slowly, and averaged weights with their own statistics."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import digits, fill, noise
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn

images, labels = digits(64)
images = images.unsqueeze(1)


def loss_fn(p, z):
    p, z = F.normalize(p, dim=-1, p=2), F.normalize(z, dim=-1, p=2)
    return (2 - 2 * (p * z).sum(dim=-1)).mean()


class EMA:
    def __init__(self, beta):
        self.beta = beta

    @torch.no_grad()
    def update(self, online, target):
        for p, q in zip(online.parameters(), target.parameters()):
            q.data = q.data * self.beta + (1 - self.beta) * p.data
        for b, c in zip(online.buffers(), target.buffers()):
            c.copy_(b)


online = fill(
    nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2),
        nn.Conv2d(4, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.AdaptiveAvgPool2d(1),
        nn.Flatten(), nn.Linear(8, 8),
    )
)  # fmt: skip
online(images[:8]).sum().backward()  # a copy starts without these gradients
target = copy.deepcopy(online)
assert all(p.grad is None for p in target.parameters())
for p in target.parameters():
    p.requires_grad_(False)
predictor = fill(nn.Sequential(nn.Linear(8, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 8)))
optimizer = torch.optim.SGD(
    [{"params": online.parameters()}, {"params": predictor.parameters(), "lr": 0.1}],
    lr=0.05, momentum=0.9, weight_decay=1e-4, nesterov=True,
)  # fmt: skip
optimizer.zero_grad()
schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=4, T_mult=2)
follower, losses = EMA(0.95), []
for step in range(14):
    batch = images[(step % 4) * 16 : (step % 4 + 1) * 16]
    one = batch + 0.1 * noise(16, 1, 8, 8)
    two = batch.flip(-1) + 0.1 * noise(16, 1, 8, 8)
    with torch.no_grad():
        goal_one, goal_two = target(one).detach_(), target(two).detach_()
    loss = loss_fn(predictor(online(one)), goal_two) + loss_fn(predictor(online(two)), goal_one)
    (loss / 2).backward()
    if step % 2:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        follower.update(online, target)
    schedule.step()
    losses += [loss.item(), optimizer.param_groups[1]["lr"]]

head = fill(nn.Linear(8, 10))
probe = nn.Sequential(copy.deepcopy(online), head)
swa = AveragedModel(probe)
ema = AveragedModel(probe, multi_avg_fn=get_ema_multi_avg_fn(0.9))
optimizer = torch.optim.Adam(probe.parameters(), lr=0.01)
swa_schedule = SWALR(optimizer, swa_lr=0.005, anneal_epochs=4, anneal_strategy="linear")
for _ in range(8):
    loss = F.cross_entropy(probe(images), labels, label_smoothing=0.1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    swa.update_parameters(probe)
    ema.update_parameters(probe)
    swa_schedule.step()
    losses.append(loss.item())
update_bn([images[:32], images[32:]], swa)
swa.eval(), ema.eval()
with torch.no_grad():
    losses += [F.cross_entropy(m(images), labels).item() for m in (swa, ema)]
assert int(swa.n_averaged) == 8
result = {"trajectory": losses}
