"""A small U-Net that finds blobs: skip connections by cat, transposed convolutions, Dice loss."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import fill, noise, numbers


class DoubleConv(nn.Module):
    def __init__(self, in_ch, out_ch):
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv2d(in_ch, out_ch, kernel_size=3, padding=1),
            nn.BatchNorm2d(out_ch),
            nn.ReLU(inplace=True),
            nn.Conv2d(out_ch, out_ch, kernel_size=3, padding=1),
            nn.GroupNorm(2, out_ch),
            nn.ReLU(inplace=True),
        )

    def forward(self, x):
        return self.double_conv(x)


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.inc = DoubleConv(1, 4)
        self.down = nn.Sequential(nn.MaxPool2d(2), DoubleConv(4, 8))
        self.up = nn.ConvTranspose2d(8, 4, kernel_size=2, stride=2)
        self.conv = DoubleConv(8, 4)
        self.outc = nn.Conv2d(4, 1, kernel_size=1)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.up(self.down(x1))
        diffY, diffX = x1.size()[2] - x2.size()[2], x1.size()[3] - x2.size()[3]
        x2 = F.pad(x2, [diffX // 2, diffX - diffX // 2, diffY // 2, diffY - diffY // 2])
        return self.outc(self.conv(torch.cat([x1, x2], dim=1)))


def dice_loss(pred, target, smooth=1.0):
    intersection = (pred * target).sum(dim=(2, 3))
    union = pred.sum(dim=2).sum(dim=2) + target.sum(dim=2).sum(dim=2)
    return (1 - (2.0 * intersection + smooth) / (union + smooth)).mean()


masks = torch.zeros(8, 1, 13, 13)
for mask in masks:
    top, left = numbers.integers(0, 8, size=2)
    mask[0, top : top + 4, left : left + 4] = 1.0
images = masks + 0.3 * noise(8, 1, 13, 13)
model = fill(UNet())
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
losses = []
for step in range(15):
    logits = model(images)
    bce = F.binary_cross_entropy_with_logits(logits, masks, pos_weight=torch.tensor([3.0]))
    loss = 0.5 * bce + 0.5 * dice_loss(torch.sigmoid(logits), masks)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
inside = (torch.sigmoid(logits) > 0.5).float()
iou = ((inside * masks).sum() / torch.clamp((inside + masks), max=1).sum()).item()
result = {"trajectory": [*losses, iou]}
