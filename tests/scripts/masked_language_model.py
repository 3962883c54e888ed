"""Masked words by a transformer encoder: padding, rows that see nothing, ignored targets, checkpointing."""

import warnings

import torch
import torch.nn as nn
import torch.nn.functional as F
from same_start import fill, numbers
from torch.utils.checkpoint import checkpoint

warnings.filterwarnings("ignore")  # an empty line's softmax is nan
PAD, MASK, VOCAB, LENGTH = 0, 1, 24, 10


class Embeddings(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.word = nn.Embedding(VOCAB, dim, padding_idx=PAD)
        self.position = nn.Embedding(LENGTH, dim)
        self.register_buffer("position_ids", torch.arange(LENGTH).expand((1, -1)))
        self.norm = nn.LayerNorm(dim, eps=1e-12)

    def forward(self, ids):
        return self.norm(self.word(ids) + self.position(self.position_ids[:, : ids.size(1)]))


class SelfAttention(nn.Module):
    """Written out: a row of padding alone becomes nan, and must not spoil the others."""

    def __init__(self, dim, heads):
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)

    def forward(self, x, hidden):
        b, t, d = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        scores = (q @ k.transpose(-2, -1)) / q.size(-1) ** 0.5
        scores = scores.masked_fill(hidden[:, None, None, :], float("-inf"))
        weights = scores.softmax(-1).masked_fill(hidden[:, None, :, None], 0.0)
        return self.out((weights @ v).transpose(1, 2).reshape(b, t, d))


class Bert(nn.Module):
    def __init__(self, dim=16):
        super().__init__()
        self.embeddings = Embeddings(dim)
        self.attention, self.norm = SelfAttention(dim, 2), nn.LayerNorm(dim)
        layer = nn.TransformerEncoderLayer(
            dim, 4, 32, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.decoder = nn.Linear(dim, VOCAB, bias=False)
        self.decoder.weight = self.embeddings.word.weight
        self.bias = nn.Parameter(torch.zeros(VOCAB))

    def forward(self, ids):
        hidden = ids == PAD
        x = self.embeddings(ids)
        x = self.norm(x + checkpoint(self.attention, x, hidden, use_reentrant=False))
        seen = ~hidden.all(1)
        x = x.clone()
        x[seen] = self.encoder(x[seen], src_key_padding_mask=hidden[seen])
        return self.decoder(x) + self.bias


def masked(ids):
    labels = ids.clone()
    chosen = torch.from_numpy(numbers.random(tuple(ids.shape)) < 0.25) & (ids > MASK)
    labels[~chosen] = -100
    inputs = ids.clone()
    inputs[chosen] = MASK
    return inputs, labels


start = numbers.integers(2, VOCAB, size=(24, 1))
step = numbers.integers(1, 3, size=(24, 1))
ids = torch.from_numpy(
    (start + step * numbers.integers(0, 1, (24, 1)) + step * range(LENGTH) - 2) % 22 + 2
)
lengths = torch.from_numpy(numbers.integers(4, LENGTH + 1, size=24))
lengths[5] = 0  # an empty line
ids = ids.masked_fill(torch.arange(LENGTH).expand(24, -1) >= lengths.unsqueeze(1), PAD)

model = fill(Bert())
with torch.no_grad():
    model.embeddings.word.weight[PAD].zero_()
no_decay = ("bias", "norm")
groups = [
    {"params": [p for n, p in model.named_parameters() if not any(k in n for k in no_decay)], "weight_decay": 0.01},
    {"params": [p for n, p in model.named_parameters() if any(k in n for k in no_decay)], "weight_decay": 0.0},
]  # fmt: skip
optimizer = torch.optim.AdamW(groups, lr=5e-3, eps=1e-6)
schedule = torch.optim.lr_scheduler.OneCycleLR(
    optimizer, max_lr=1e-2, total_steps=12, pct_start=0.3
)
losses = []
for _ in range(12):
    for part in ids.split(8):
        inputs, labels = masked(part)
        logits = model(inputs)
        loss = F.cross_entropy(logits.view(-1, VOCAB), labels.view(-1), label_smoothing=0.05)
        (loss / 3).backward()
        losses.append(loss.item())
    losses.append(nn.utils.clip_grad_norm_(model.parameters(), 1.0).item())
    optimizer.step()
    schedule.step()
    optimizer.zero_grad()
assert all(p.isfinite().all() for p in model.parameters())
result = {"trajectory": losses}
