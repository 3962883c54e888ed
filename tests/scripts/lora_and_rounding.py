"""A trained network changed: low-rank adapters on frozen weights, pruning, rounding straight through."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import fill, noise
from torch.nn.utils import parametrize, prune


class LoRALinear(nn.Module):
    def __init__(self, base, rank=2, alpha=4.0):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad, p.grad = False, None
        self.lora_A = nn.Parameter(noise(rank, base.in_features) * 0.3)
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank))
        self.scaling = alpha / rank
        self.merged = False

    def forward(self, x):
        y = self.base(x)
        if self.merged:
            return y
        return y + (x @ self.lora_A.T @ self.lora_B.T) * self.scaling

    @torch.no_grad()
    def merge(self):
        self.base.weight += self.scaling * self.lora_B @ self.lora_A
        self.merged = True


class FakeQuantize(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale, low, high):
        q = torch.round(x / scale)
        inside = (q >= low) & (q <= high)
        ctx.save_for_backward(inside)
        return q.clamp(low, high) * scale

    @staticmethod
    def backward(ctx, grad_output):
        (inside,) = ctx.saved_tensors
        return grad_output * inside, None, None, None


class Rounded(nn.Module):
    def __init__(self, bits=4):
        super().__init__()
        self.low, self.high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def forward(self, w):
        scale = w.detach().abs().max() / self.high
        return FakeQuantize.apply(w, scale, self.low, self.high)


def train(model, parameters, x, y, steps, lr):
    optimizer, losses = torch.optim.RAdam(parameters, lr=lr), []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


x = noise(48, 6)
y = torch.stack([x[:, 0] * x[:, 1], x[:, 2].abs()], dim=1)
model = fill(
    nn.Sequential(nn.Linear(6, 16), nn.GELU(), nn.Linear(16, 16), nn.GELU(), nn.Linear(16, 2))
)
trajectory = train(model, model.parameters(), x, y, 15, 2e-2)

for name, child in list(model.named_children()):
    if isinstance(child, nn.Linear):
        setattr(model, name, LoRALinear(child))
trainable = [p for p in model.parameters() if p.requires_grad]
assert len(trainable) == 6
trajectory += train(model, trainable, x, y.flip(1), 15, 3e-2)
assert all(p.grad is None for n, p in model.named_parameters() if "base" in n)
before = model(x)
for m in model.modules():
    if isinstance(m, LoRALinear):
        m.merge()
assert torch.allclose(before, model(x), atol=1e-5)
model = nn.Sequential(*(m.base if isinstance(m, LoRALinear) else m for m in model)).requires_grad_(
    True
)

to_prune = [(m, "weight") for m in model if isinstance(m, nn.Linear)]
prune.global_unstructured(to_prune, pruning_method=prune.L1Unstructured, amount=0.3)
zeros = sum(int((m.weight == 0).sum()) for m, _ in to_prune)
assert zeros == round(0.3 * sum(m.weight.numel() for m, _ in to_prune))
trajectory += train(model, model.parameters(), x, y.flip(1), 10, 1e-2)
for m, name in to_prune:
    prune.remove(m, name)
assert sum(int((m.weight == 0).sum()) for m, _ in to_prune) >= zeros

for m, _ in to_prune:
    parametrize.register_parametrization(m, "weight", Rounded())
trajectory += train(model, model.parameters(), x, y.flip(1), 10, 1e-2)
with parametrize.cached():
    levels = [model[0].weight.unique().numel(), model[2].weight.unique().numel()]
assert max(levels) <= 16
for m, _ in to_prune:
    parametrize.remove_parametrizations(m, "weight", leave_parametrized=True)
with torch.no_grad():
    trajectory.append(F.mse_loss(model(x), y.flip(1)).item())
result = {"trajectory": trajectory}
