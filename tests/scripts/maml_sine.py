"""Model-agnostic meta-learning: inner steps by autograd.grad, outer gradients through them."""

import torch
import torch.nn.functional as F
from same_start import noise, numbers

params = [
    (noise(20, 1) * 0.5).requires_grad_(),
    torch.zeros(20, requires_grad=True),
    (noise(1, 20) * 0.2).requires_grad_(),
    torch.zeros(1, requires_grad=True),
]
meta_optimizer = torch.optim.Adam(params, lr=5e-3)


def net(x, weights):
    w1, b1, w2, b2 = weights
    return F.linear(torch.tanh(F.linear(x, w1, b1)), w2, b2)


losses = []
for iteration in range(12):
    meta_loss = 0.0
    for task in range(3):
        amplitude, phase = numbers.uniform(0.5, 2), numbers.uniform(0, 3)
        x = torch.from_numpy(numbers.uniform(-3, 3, size=(20, 1)).astype("float32"))
        y = amplitude * torch.sin(x + phase)
        fast = params
        for _ in range(2):
            loss = F.mse_loss(net(x[:10], fast), y[:10])
            grads = torch.autograd.grad(loss, fast, create_graph=True)
            fast = [w - 0.05 * g for w, g in zip(fast, grads)]
        meta_loss = meta_loss + F.mse_loss(net(x[10:], fast), y[10:])
    meta_optimizer.zero_grad()
    meta_loss.backward()
    meta_optimizer.step()
    losses.append(meta_loss.item())
result = {"trajectory": losses}
