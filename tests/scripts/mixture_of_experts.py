"""Tokens sent to the best two of several experts: top-k routing, capacity, balance, results gathered by index_add_."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import fill, noise


class Expert(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.up, self.down = nn.Linear(dim, 2 * dim), nn.Linear(dim, dim)

    def forward(self, x):
        a, b = self.up(x).chunk(2, dim=-1)
        return self.down(F.silu(a) * b)


class MoE(nn.Module):
    def __init__(self, dim=8, experts=4, k=2):
        super().__init__()
        self.k, self.count = k, experts
        self.gate = nn.Linear(dim, experts, bias=False)
        self.experts = nn.ModuleList([Expert(dim) for _ in range(experts)])
        self.register_buffer("load", torch.zeros(experts, dtype=torch.long))

    def forward(self, hidden):
        shape = hidden.shape
        x = hidden.reshape(-1, shape[-1])
        logits = self.gate(x)
        weights = F.softmax(logits, dim=1, dtype=torch.float)
        weights, chosen = torch.topk(weights, self.k, dim=-1)
        weights /= weights.sum(dim=-1, keepdim=True)
        weights = weights.to(x.dtype)
        final = torch.zeros_like(x)
        mask = F.one_hot(chosen, num_classes=self.count).permute(2, 1, 0)
        for e in range(self.count):
            place, token = torch.where(mask[e])
            if token.shape[0] == 0:
                continue
            current = self.experts[e](x[None, token].reshape(-1, shape[-1]))
            final.index_add_(0, token, current * weights[token, place, None])
        self.load += mask.sum(dim=(1, 2))
        tokens_per_expert = F.one_hot(chosen, self.count).float().mean(0)
        router = F.softmax(logits, dim=-1).mean(dim=0)
        balance = self.count * torch.sum(tokens_per_expert * router.unsqueeze(0))
        z_loss = torch.logsumexp(logits, dim=-1).square().mean()
        return final.view(shape), balance + 1e-2 * z_loss


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = nn.Linear(4, 8)
        self.layers = nn.ModuleDict({f"moe{i}": MoE() for i in range(2)})
        self.norms = nn.ParameterList([nn.Parameter(torch.ones(8)) for _ in range(2)])
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        x, extra = self.inp(x), 0.0
        for scale, layer in zip(self.norms, self.layers.values()):
            y, aux = layer(F.rms_norm(x, (8,)) * scale)
            x, extra = x + y, extra + aux
        return self.head(x.mean(dim=1)), extra


x = noise(32, 5, 4)
y = (x.mean(1) @ torch.tensor([[1.0, -1, 0], [0, 1, -1], [1, 0, 1], [-1, 1, 0]])).argmax(1)
model = fill(Net())
optimizer = torch.optim.Adamax(model.parameters(), lr=2e-2)
schedule = torch.optim.lr_scheduler.SequentialLR(
    optimizer,
    [
        torch.optim.lr_scheduler.LinearLR(optimizer, 0.2, total_iters=4),
        torch.optim.lr_scheduler.PolynomialLR(optimizer, total_iters=16, power=2.0),
    ],
    milestones=[4],
)
losses = []
for _ in range(18):
    logits, extra = model(x)
    loss = F.cross_entropy(logits, y, weight=torch.tensor([1.0, 0.5, 2.0])) + 0.01 * extra
    optimizer.zero_grad()
    loss.backward()
    losses += [
        loss.item(),
        nn.utils.clip_grad_norm_(model.parameters(), 2.0, norm_type=float("inf")).item(),
    ]
    optimizer.step()
    schedule.step()
loads = torch.stack([m.load for m in model.layers.values()])
assert loads.sum().item() == 18 * 2 * 2 * 32 * 5
result = {"trajectory": [*losses, *schedule.get_last_lr()]}
