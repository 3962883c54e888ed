"""Two tasks on one trunk: ModuleDict, learned loss weights, hooks that watch activations."""

import torch
import torch.nn.functional as F
from same_start import digits, fill
from torch import nn


class MultiTask(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(64, 24), nn.ELU(), nn.LayerNorm(24))
        self.heads = nn.ModuleDict({"digit": nn.Linear(24, 10), "even": nn.Linear(24, 1)})
        self.log_vars = nn.ParameterList([nn.Parameter(torch.zeros(())) for _ in range(2)])

    def forward(self, x):
        h = self.trunk(x)
        return {name: head(h) for name, head in self.heads.items()}


images, targets = digits(128)
x, even = images.view(128, -1), (targets % 2 == 0).float()
model = fill(MultiTask())
seen = []
handle = model.trunk[0].register_forward_hook(lambda m, i, o: seen.append(o.detach().mean().item()))
grads = []
model.heads["even"].weight.register_hook(lambda g: grads.append(g.norm().item()))
optimizer = torch.optim.Adam(
    [
        {"params": model.trunk.parameters(), "lr": 5e-3},
        {"params": [*model.heads.parameters(), *model.log_vars.parameters()]},
    ],
    lr=1e-2,
)
losses = []
for step in range(25):
    out = model(x)
    tasks = [
        F.cross_entropy(out["digit"], targets),
        F.binary_cross_entropy_with_logits(out["even"].squeeze(-1), even),
    ]
    loss = sum(torch.exp(-s) * t + s for s, t in zip(model.log_vars, tasks))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    for group in optimizer.param_groups:
        group["lr"] *= 0.98
handle.remove()
result = {"trajectory": [*losses, *seen[-3:], *grads[-3:]]}
