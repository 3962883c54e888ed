"""A neural ordinary differential equation, integrated by Runge-Kutta steps and fitted to a spiral."""

import torch
import torch.nn as nn
from same_start import fill

A = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])
times = torch.linspace(0.0, 1.0, 11)


def odeint(func, y0, t):
    solution = [y0]
    for t0, t1 in zip(t[:-1], t[1:]):
        h, y = t1 - t0, solution[-1]
        k1 = func(t0, y)
        k2 = func(t0 + h / 2, y + h * k1 / 2)
        k3 = func(t0 + h / 2, y + h * k2 / 2)
        k4 = func(t1, y + h * k3)
        solution.append(y + h * (k1 + 2 * k2 + 2 * k3 + k4) / 6)
    return torch.stack(solution, dim=0)


class ODEFunc(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
        for m in self.net.modules():
            if isinstance(m, nn.Linear):
                nn.init.constant_(m.bias, val=0)

    def forward(self, t, y):
        return self.net(y)


start = torch.tensor([[2.0, 0.0]])
with torch.no_grad():
    truth = odeint(lambda t, y: torch.mm(y, A.t()), start, times)
func = fill(ODEFunc())
optimizer = torch.optim.RMSprop(func.parameters(), lr=1e-2)
losses = []
for itr in range(20):
    optimizer.zero_grad()
    loss = torch.mean(torch.abs(odeint(func, start, times) - truth))
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
result = {"trajectory": losses}
