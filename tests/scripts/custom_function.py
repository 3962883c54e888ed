"""A custom autograd.Function in a network, checked by gradcheck."""

import torch
from same_start import fill, noise
from torch import nn
from torch.autograd import Function, gradcheck


class LegendrePolynomial3(Function):
    @staticmethod
    def forward(ctx, input):
        ctx.save_for_backward(input)
        return 0.5 * (5 * input**3 - 3 * input)

    @staticmethod
    def backward(ctx, grad_output):
        (input,) = ctx.saved_tensors
        return grad_output * 1.5 * (5 * input**2 - 1)


class Quantise(Function):
    """Rounds forwards, passes gradients straight through backwards."""

    @staticmethod
    def forward(ctx, x, steps):
        ctx.steps = steps
        return torch.round(x * steps) / steps

    @staticmethod
    def backward(ctx, grad):
        return grad.clone(), None


assert gradcheck(
    LegendrePolynomial3.apply, (torch.randn(4, dtype=torch.double, requires_grad=True),)
)
x = noise(64, 2)
y = (x[:, :1] - x[:, 1:]).tanh()
model = fill(nn.Linear(2, 4))
readout = torch.full((4, 1), 0.1, requires_grad=True)
losses = []
for step in range(40):
    hidden = Quantise.apply(LegendrePolynomial3.apply(model(x).tanh()), 16)
    loss = (hidden @ readout - y).pow(2).mean()
    loss.backward()
    with torch.no_grad():
        for p in [*model.parameters(), readout]:
            p -= 0.05 * p.grad
            p.grad = None
    losses.append(loss.item())
result = {"trajectory": losses}
