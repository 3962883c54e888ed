"""A small Llama: RMSNorm, rotary positions as complex numbers, grouped heads, SwiGLU, cached keys and values."""

import math

import torch
import torch.nn.functional as F
from same_start import fill
from torch import nn


class RMSNorm(nn.Module):
    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def _norm(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps)

    def forward(self, x):
        return self._norm(x.float()).type_as(x) * self.weight


def precompute_freqs_cis(dim, end, theta=10000.0):
    freqs = 1.0 / (theta ** (torch.arange(0, dim, 2)[: (dim // 2)].float() / dim))
    freqs = torch.outer(torch.arange(end), freqs)
    return torch.polar(torch.ones_like(freqs), freqs)


def apply_rotary_emb(xq, xk, freqs_cis):
    xq_ = torch.view_as_complex(xq.float().reshape(*xq.shape[:-1], -1, 2))
    xk_ = torch.view_as_complex(xk.float().reshape(*xk.shape[:-1], -1, 2))
    shape = [d if i in (1, xq_.ndim - 1) else 1 for i, d in enumerate(xq_.shape)]
    freqs_cis = freqs_cis.view(*shape)
    xq_out = torch.view_as_real(xq_ * freqs_cis).flatten(3)
    xk_out = torch.view_as_real(xk_ * freqs_cis).flatten(3)
    return xq_out.type_as(xq), xk_out.type_as(xk)


def repeat_kv(x, n_rep):
    bs, slen, n_kv_heads, head_dim = x.shape
    return (
        x[:, :, :, None, :]
        .expand(bs, slen, n_kv_heads, n_rep, head_dim)
        .reshape(bs, slen, n_kv_heads * n_rep, head_dim)
    )


class Attention(nn.Module):
    def __init__(self, dim, n_heads, n_kv_heads, max_len, batch):
        super().__init__()
        self.n_heads, self.n_kv, self.hd = n_heads, n_kv_heads, dim // n_heads
        self.wq = nn.Linear(dim, n_heads * self.hd, bias=False)
        self.wk = nn.Linear(dim, n_kv_heads * self.hd, bias=False)
        self.wv = nn.Linear(dim, n_kv_heads * self.hd, bias=False)
        self.wo = nn.Linear(n_heads * self.hd, dim, bias=False)
        cache = torch.zeros(batch, max_len, n_kv_heads, self.hd)
        self.register_buffer("cache_k", cache.clone(), persistent=False)
        self.register_buffer("cache_v", cache.clone(), persistent=False)

    def forward(self, x, start_pos, freqs_cis, mask, use_cache):
        b, t, _ = x.shape
        xq = self.wq(x).view(b, t, self.n_heads, self.hd)
        xk = self.wk(x).view(b, t, self.n_kv, self.hd)
        xv = self.wv(x).view(b, t, self.n_kv, self.hd)
        xq, xk = apply_rotary_emb(xq, xk, freqs_cis)
        if use_cache:
            self.cache_k[:b, start_pos : start_pos + t] = xk
            self.cache_v[:b, start_pos : start_pos + t] = xv
            xk, xv = self.cache_k[:b, : start_pos + t], self.cache_v[:b, : start_pos + t]
        keys = repeat_kv(xk, self.n_heads // self.n_kv).transpose(1, 2)
        values = repeat_kv(xv, self.n_heads // self.n_kv).transpose(1, 2)
        scores = torch.matmul(xq.transpose(1, 2), keys.transpose(2, 3)) / math.sqrt(self.hd)
        if mask is not None:
            scores = scores + mask
        scores = F.softmax(scores, dim=-1, dtype=torch.float32).type_as(xq)
        return self.wo(torch.matmul(scores, values).transpose(1, 2).contiguous().view(b, t, -1))


class Block(nn.Module):
    def __init__(self, dim, *args):
        super().__init__()
        self.attention, self.attention_norm = Attention(dim, *args), RMSNorm(dim)
        self.ffn_norm = RMSNorm(dim)
        self.w1, self.w3 = nn.Linear(dim, 24, bias=False), nn.Linear(dim, 24, bias=False)
        self.w2 = nn.Linear(24, dim, bias=False)

    def forward(self, x, *args):
        h = x + self.attention(self.attention_norm(x), *args)
        y = self.ffn_norm(h)
        return h + self.w2(F.silu(self.w1(y)) * self.w3(y))


class Transformer(nn.Module):
    def __init__(self, vocab, dim=16, n_layers=2, max_len=24):
        super().__init__()
        self.tok_embeddings = nn.Embedding(vocab, dim)
        self.layers = nn.ModuleList(Block(dim, 4, 2, max_len, 4) for _ in range(n_layers))
        self.norm = RMSNorm(dim)
        self.output = nn.Linear(dim, vocab, bias=False)
        self.freqs_cis = precompute_freqs_cis(dim // 4, max_len)

    def forward(self, tokens, start_pos=0, use_cache=False):
        t = tokens.shape[1]
        h = self.tok_embeddings(tokens)
        mask = None
        if t > 1:
            mask = torch.triu(torch.full((t, t), float("-inf")), diagonal=1)
            mask = torch.hstack([torch.zeros((t, start_pos)), mask]).type_as(h)
        freqs = self.freqs_cis[start_pos : start_pos + t]
        for layer in self.layers:
            h = layer(h, start_pos, freqs, mask, use_cache)
        return self.output(self.norm(h)).float()


text = "in the beginning there was a tensor and the tensor was without form "
chars = sorted(set(text))
data = torch.tensor([chars.index(c) for c in text * 3])
model = fill(Transformer(len(chars)))
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2, weight_decay=0.1, betas=(0.9, 0.95))
warmup = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: min(1.0, (k + 1) / 5))
losses = []
for step in range(25):
    starts = torch.arange(4) * 13 + step
    batch = torch.stack([data[s : s + 17] for s in starts.tolist()])
    logits = model(batch[:, :-1])
    loss = F.cross_entropy(logits.reshape(-1, logits.size(-1)), batch[:, 1:].reshape(-1))
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    warmup.step()
    losses.append(loss.item())

model.eval()
with torch.inference_mode():
    prompt = data[:6].unsqueeze(0)
    cached = [model(prompt, 0, use_cache=True)[:, -1]]
    tokens = prompt
    for position in range(6, 14):
        following = cached[-1].argmax(-1, keepdim=True)
        tokens = torch.cat([tokens, following], dim=1)
        cached.append(model(following, position, use_cache=True)[:, -1])
    whole = model(tokens)[:, 5:]
assert torch.allclose(torch.stack(cached, 1), whole, atol=1e-4)
result = {"trajectory": [*losses, *tokens[0].tolist()]}
