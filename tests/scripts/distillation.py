"""A small network taught by a larger one: temperatures, KLDivLoss, frozen teacher."""

import torch
import torch.nn.functional as F
from same_start import digits, fill
from torch import nn

images, targets = digits(128)
x = images.flatten(start_dim=1)
teacher = fill(nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10)))
student = fill(nn.Sequential(nn.Linear(64, 8), nn.Hardswish(), nn.Linear(8, 10)))
losses = []


def fit(parameters, loss_function, steps, lr):
    optimizer = torch.optim.RAdam(parameters, lr=lr)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_function()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())


fit(teacher.parameters(), lambda: F.cross_entropy(teacher(x), targets), 20, 0.02)
teacher.eval().requires_grad_(False)
T, alpha = 3.0, 0.7
criterion = nn.KLDivLoss(reduction="batchmean")


def distillation_loss():
    logits = student(x)
    soft = criterion(F.log_softmax(logits / T, dim=1), F.softmax(teacher(x) / T, dim=1)) * (T * T)
    return alpha * soft + (1.0 - alpha) * F.cross_entropy(logits, targets)


fit(student.parameters(), distillation_loss, 20, 0.02)
assert all(p.grad is not None for p in student.parameters())
result = {"trajectory": losses}
