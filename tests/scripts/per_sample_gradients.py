"""Private training: a gradient for each example by vmap of grad, clipped one by one; and an ensemble in one call."""

import copy
import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import fill, noise
from torch.func import functional_call, grad, hessian, jacrev, jvp, stack_module_state, vjp, vmap

warnings.filterwarnings("ignore", category=DeprecationWarning)
x = noise(24, 5)
y = (x[:, 0] * x[:, 1] > 0).long()
model = fill(nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.LayerNorm(8), nn.Linear(8, 2)))
params = {k: v.detach() for k, v in model.named_parameters()}
buffers = {k: v.detach() for k, v in model.named_buffers()}


def compute_loss(params, buffers, sample, target):
    predictions = functional_call(model, (params, buffers), (sample.unsqueeze(0),))
    return F.cross_entropy(predictions, target.unsqueeze(0))


per_sample = vmap(grad(compute_loss), in_dims=(None, None, 0, 0))
losses = []
for _ in range(15):
    gradients = per_sample(params, buffers, x, y)
    norms = torch.stack([g.flatten(1).norm(dim=1) for g in gradients.values()], 1).norm(dim=1)
    factor = (0.5 / (norms + 1e-6)).clamp(max=1.0)
    for name, g in gradients.items():
        clipped = torch.einsum("b,b...->...", factor, g) / len(x)
        params[name] = params[name] - 0.5 * clipped
    losses.append(vmap(compute_loss, (None, None, 0, 0))(params, buffers, x, y).mean().item())
    losses.append(norms.max().item())

summed = {k: g.sum(0) for k, g in per_sample(params, buffers, x, y).items()}
model.load_state_dict(params)
F.cross_entropy(model(x), y, reduction="sum").backward()
for name, p in model.named_parameters():
    assert torch.allclose(summed[name], p.grad, atol=1e-5), name

models = [fill(nn.Sequential(nn.Linear(5, 6), nn.ReLU(), nn.Linear(6, 2))) for _ in range(3)]
for k, m in enumerate(models):
    with torch.no_grad():
        m[0].weight.mul_(1 + 0.2 * k)
stacked, held = stack_module_state(models)
base = copy.deepcopy(models[0])
ensemble = vmap(lambda p, b, x: functional_call(base, (p, b), (x,)), in_dims=(0, 0, None))
predictions = ensemble(stacked, held, x)
assert torch.allclose(predictions, torch.stack([m(x) for m in models]), atol=1e-6)
optimizer = torch.optim.Adam(stacked.values(), lr=0.02)
for _ in range(10):
    optimizer.zero_grad()
    loss = sum(F.cross_entropy(p, y) for p in ensemble(stacked, held, x))
    loss.backward()
    optimizer.step()
    losses.append(loss.item())


def energy(w):
    return (torch.tanh(x[:4] @ w) ** 2).sum() + w.prod()


w = noise(5)
value, slope = jvp(energy, (w,), (torch.ones(5),))
_, pull = vjp(energy, w)
assert torch.allclose(pull(torch.ones(()))[0].sum(), slope, atol=1e-4)
curvature = hessian(energy)(w)
assert torch.allclose(curvature, jacrev(jacrev(energy))(w), atol=1e-4)
result = {"trajectory": [*losses, value.item(), slope.item(), *curvature.diagonal().tolist()]}
