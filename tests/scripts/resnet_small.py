"""Residual blocks on small pictures: BatchNorm, Nesterov momentum, MultiStepLR, flips and crops."""

import torch
import torch.nn as nn
from same_start import digits, fill
from torch.optim import SGD
from torch.optim.lr_scheduler import MultiStepLR


class BasicBlock(nn.Module):
    def __init__(self, in_planes, planes, stride=1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_planes, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Sequential()
        if stride != 1 or in_planes != planes:
            self.shortcut = nn.Sequential(
                nn.Conv2d(in_planes, planes, kernel_size=1, stride=stride, bias=False),
                nn.BatchNorm2d(planes),
            )

    def forward(self, x):
        out = self.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        out += self.shortcut(x)
        return self.relu(out)


class ResNet(nn.Module):
    def __init__(self, block, num_blocks, num_classes=10):
        super().__init__()
        self.in_planes = 8
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.layer1 = self._make_layer(block, 8, num_blocks[0], stride=1)
        self.layer2 = self._make_layer(block, 16, num_blocks[1], stride=2)
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(16, num_classes)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
            elif isinstance(m, (nn.BatchNorm2d, nn.GroupNorm)):
                nn.init.constant_(m.weight, 1)
                nn.init.constant_(m.bias, 0)

    def _make_layer(self, block, planes, num_blocks, stride):
        layers = []
        for s in [stride] + [1] * (num_blocks - 1):
            layers.append(block(self.in_planes, planes, s))
            self.in_planes = planes
        return nn.Sequential(*layers)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        x = self.avgpool(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(x, 1))


images, targets = digits(96)
mean, std = images.mean(), images.std()
x = ((images - mean) / std)[:, None]
x = torch.cat([x, torch.flip(x, dims=(3,)), torch.roll(x, shifts=1, dims=2)])
targets = targets.repeat(3)
model = ResNet(BasicBlock, [1, 1])
fill(nn.ModuleList([m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]))
optimizer = SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=5e-4, nesterov=True)
scheduler = MultiStepLR(optimizer, milestones=[2, 3], gamma=0.1)
criterion = nn.CrossEntropyLoss().to("cpu")
losses = []
for epoch in range(4):
    model.train()
    order = torch.arange(len(x)).view(3, -1).t().reshape(-1)
    for index in order.chunk(6):
        outputs = model(x[index])
        loss = criterion(outputs, targets[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    scheduler.step()
model.eval()
with torch.no_grad():
    _, predicted = model(x).max(1)
accuracy = predicted.eq(targets).float().mean().item()
result = {"trajectory": [*losses, accuracy]}
