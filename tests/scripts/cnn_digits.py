"""A convolutional network with argparse, F.max_pool2d and NLL loss."""

import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from same_start import digits, fill
from torch.optim.lr_scheduler import StepLR

parser = argparse.ArgumentParser(description="digits")
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--lr", type=float, default=0.5)
parser.add_argument("--no-cuda", action="store_true", default=False)
args = parser.parse_args([])
use_cuda = not args.no_cuda and torch.cuda.is_available()
torch.manual_seed(1)
if use_cuda:
    torch.cuda.manual_seed(1)
torch.backends.cudnn.deterministic = True
torch.backends.cudnn.benchmark = False


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 3, padding=1)
        self.conv2 = nn.Conv2d(6, 12, kernel_size=3, stride=1, bias=False)
        self.bn2 = nn.BatchNorm2d(12)
        self.fc1 = nn.Linear(12, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.relu(self.bn2(self.conv2(x)), inplace=True)
        x = F.avg_pool2d(x, 2)
        x = x.view(x.size(0), -1)
        return F.log_softmax(self.fc1(x), dim=1)


images, targets = digits(192)
model = fill(Net())
optimizer = optim.Adadelta(model.parameters(), lr=args.lr)
scheduler = StepLR(optimizer, step_size=1, gamma=0.7)
losses = []
for epoch in range(args.epochs):
    model.train()
    for k in range(0, len(images), 64):
        data, target = images[k : k + 64].unsqueeze(1), targets[k : k + 64]
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    scheduler.step()

model.eval()
with torch.no_grad():
    test_loss = F.nll_loss(model(images.unsqueeze(1)), targets, reduction="sum").item()
result = {"trajectory": [*losses, test_loss / len(images), optimizer.param_groups[0]["lr"]]}
