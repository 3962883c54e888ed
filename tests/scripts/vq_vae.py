"""A vector-quantised autoencoder: straight-through codes, a codebook kept as moving averages in buffers."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import digits, fill, noise


class VectorQuantizerEMA(nn.Module):
    def __init__(self, codes, dim, commitment=0.25, decay=0.9, eps=1e-5):
        super().__init__()
        self.codes, self.dim, self.commitment = codes, dim, commitment
        self.decay, self.eps = decay, eps
        self.embedding = nn.Embedding(codes, dim)
        self.embedding.weight.requires_grad_(False)
        self.register_buffer("cluster_size", torch.ones(codes))
        self.register_buffer("ema_w", torch.zeros(codes, dim))

    def forward(self, inputs):
        inputs = inputs.permute(0, 2, 3, 1).contiguous()
        flat = inputs.view(-1, self.dim)
        distances = (
            torch.sum(flat**2, dim=1, keepdim=True)
            + torch.sum(self.embedding.weight**2, dim=1)
            - 2 * torch.matmul(flat, self.embedding.weight.t())
        )
        chosen = torch.argmin(distances, dim=1).unsqueeze(1)
        encodings = torch.zeros(chosen.shape[0], self.codes)
        encodings.scatter_(1, chosen, 1)
        quantized = torch.matmul(encodings, self.embedding.weight).view(inputs.shape)
        if self.training:
            self.cluster_size.data.mul_(self.decay).add_((1 - self.decay) * encodings.sum(0))
            n = torch.sum(self.cluster_size.data)
            self.cluster_size = (self.cluster_size + self.eps) / (n + self.codes * self.eps) * n
            dw = torch.matmul(encodings.t(), flat)
            self.ema_w = self.ema_w * self.decay + (1 - self.decay) * dw.detach()
            self.embedding.weight = nn.Parameter(
                self.ema_w / self.cluster_size.unsqueeze(1), requires_grad=False
            )
        loss = self.commitment * F.mse_loss(quantized.detach(), inputs)
        quantized = inputs + (quantized - inputs).detach()
        avg = encodings.mean(0)
        perplexity = torch.exp(-torch.sum(avg * torch.log(avg + 1e-10)))
        return loss, quantized.permute(0, 3, 1, 2).contiguous(), perplexity, chosen


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self._block = nn.Sequential(
            nn.ReLU(True), nn.Conv2d(channels, 4, 3, 1, 1, bias=False), nn.GroupNorm(2, 4),
            nn.ReLU(True), nn.Conv2d(4, channels, 1, bias=False),
        )  # fmt: skip

    def forward(self, x):
        return x.clone() + self._block(x * 1)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 4, 2, 1), nn.SiLU(), Residual(8), nn.Conv2d(8, 4, 1)
        )
        self.quantizer = VectorQuantizerEMA(6, 4)
        self.decoder = nn.Sequential(
            nn.Conv2d(4, 8, 3, padding=1), Residual(8), nn.Upsample(scale_factor=2, mode="bilinear"),
            nn.ConvTranspose2d(8, 1, 3, 1, 1), nn.Sigmoid(),
        )  # fmt: skip

    def forward(self, x):
        loss, quantized, perplexity, _ = self.quantizer(self.encoder(x))
        return loss, self.decoder(quantized), perplexity


images, _ = digits(48)
images = images.unsqueeze(1)
model = fill(Model())
model.quantizer.embedding.weight.data.copy_(noise(6, 4))
model.quantizer.ema_w.copy_(model.quantizer.embedding.weight)
optimizer = torch.optim.Adam(
    [p for p in model.parameters() if p.requires_grad], lr=1e-2, amsgrad=True
)
losses = []
for step in range(18):
    batch = images[step % 3 :: 3]
    optimizer.zero_grad()
    vq_loss, reconstruction, perplexity = model(batch)
    loss = F.mse_loss(reconstruction, batch) / batch.var() + vq_loss
    loss.backward()
    optimizer.step()
    losses += [loss.item(), perplexity.item()]
model.eval()
with torch.no_grad():
    _, _, _, codes = model.quantizer(model.encoder(images))
    counts = torch.bincount(codes.flatten(), minlength=6)
    assert counts.sum() == codes.numel()
    losses.append(model(images)[1].mean().item())
result = {"trajectory": losses}
