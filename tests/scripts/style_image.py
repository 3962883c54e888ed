"""Optimising an image itself: fixed features, Gram matrices, clamped data."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import digits, fill

images, _ = digits(2)
content, style = (
    F.interpolate(i.view(1, 1, 8, 8), scale_factor=2, mode="bilinear") for i in images
)
features = fill(
    nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 8, 3, padding=1))
)
for param in features.parameters():
    param.requires_grad_(False)


def gram_matrix(input):
    a, b, c, d = input.size()
    flat = input.view(a * b, c * d)
    return torch.mm(flat, flat.t()).div(a * b * c * d)


target_content = features(content).detach()
target_style = gram_matrix(features(style)).detach()
image = content.clone().requires_grad_(True)
optimizer = torch.optim.Adam([image], lr=0.05)
losses = []
for step in range(25):
    with torch.no_grad():
        image.clamp_(0, 1)
    optimizer.zero_grad()
    out = features(image)
    style_loss = F.mse_loss(gram_matrix(out), target_style)
    loss = F.mse_loss(out, target_content) + 1e3 * style_loss
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
image.data.clamp_(0, 1)
result = {"trajectory": [*losses, image.mean().item()]}
