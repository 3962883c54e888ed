"""nn.TransformerEncoder with sinusoidal positions in a buffer and a key padding mask."""

import math

import torch
from same_start import fill, numbers
from torch import nn


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.0, max_len=50):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        pe = torch.zeros(max_len, d_model)
        position = torch.arange(0, max_len, dtype=torch.float).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2).float() * (-math.log(10000.0) / d_model))
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe.unsqueeze(0).transpose(0, 1))

    def forward(self, x):
        return self.dropout(x + self.pe[: x.size(0), :])


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(12, 16)
        self.pos = PositionalEncoding(16)
        layer = nn.TransformerEncoderLayer(
            16, 4, dim_feedforward=32, dropout=0.0, activation="gelu"
        )
        self.encoder = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 2)

    def forward(self, tokens):
        mask = (tokens == 0).transpose(0, 1)
        h = self.encoder(self.pos(self.embed(tokens) * math.sqrt(16)), src_key_padding_mask=mask)
        return self.head(h.mean(dim=0))


model = fill(Model())
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 10))
losses = []
for step in range(20):
    tokens = torch.from_numpy(numbers.integers(1, 12, size=(8, 16)))
    tokens[6:, ::2] = 0
    labels = (tokens == 3).any(dim=0).long()
    loss = nn.CrossEntropyLoss(label_smoothing=0.05)(model(tokens), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    losses.append(loss.item())
result = {"trajectory": [*losses, scheduler.get_last_lr()[0]]}
