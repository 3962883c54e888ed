"""A small causal transformer, and its layers alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.row import OPENBLAS, Case, array, fill, row
from benchmarks.rows.convolution import layer
from benchmarks.rows.mlp import training

TOKENS, WIDTH, HEADS, LENGTH, BATCH = 96, 128, 4, 64, 8


def language_model(torch: Any) -> Any:
    nn, F = torch.nn, torch.nn.functional
    Module: Any = nn.Module

    class Attention(Module):
        def __init__(self) -> None:
            super().__init__()
            self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
            self.out = nn.Linear(WIDTH, WIDTH)

        def forward(self, x: Any) -> Any:
            batch, length, _ = x.shape
            parts = self.qkv(x).split(WIDTH, dim=-1)
            heads = [p.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2) for p in parts]
            y = F.scaled_dot_product_attention(*heads, is_causal=True)
            return self.out(y.transpose(1, 2).reshape(batch, length, WIDTH))

    class Block(Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.attention = nn.LayerNorm(WIDTH), Attention()
            self.norm2 = nn.LayerNorm(WIDTH)
            self.mlp = nn.Sequential(
                nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH)
            )

        def forward(self, x: Any) -> Any:
            x = x + self.attention(self.norm1(x))
            return x + self.mlp(self.norm2(x))

    class Model(Module):
        def __init__(self) -> None:
            super().__init__()
            self.token, self.place = nn.Embedding(TOKENS, WIDTH), nn.Embedding(LENGTH, WIDTH)
            self.blocks = nn.Sequential(Block(), Block())
            self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, TOKENS)

        def forward(self, tokens: Any) -> Any:
            x = self.token(tokens) + self.place(torch.arange(LENGTH))
            return self.head(self.norm(self.blocks(x))).flatten(0, 1)

    return fill(torch, Model())


@row(
    "causal transformer, 2 layers, d128, length 64, batch 8",
    goal=0.9,
    training=True,
    slow_because=f"{OPENBLAS}; the error function in GELU is some twenty calls of NumPy, each a pass over "
    "what the cache holds; with the extra, products are half of the time and as quick as PyTorch's, and a twentieth "
    "goes into eighty calls of small kernels from Python",
)
def transformer(torch: Any) -> Case:
    draw = np.random.default_rng(0).integers(0, TOKENS, size=(4, BATCH, LENGTH + 1))
    batches = [
        (torch.from_numpy(t[:, :-1].copy()), torch.from_numpy(t[:, 1:].reshape(-1))) for t in draw
    ]
    return training(torch, language_model(torch), torch.nn.CrossEntropyLoss(), batches)


@row(
    "LayerNorm 512×128",
    slow_because="NumPy reduces short rows slowly, and takes a pass over memory for each call",
)
def layer_norm(torch: Any) -> Case:
    return layer(torch, torch.nn.LayerNorm(128), 512, 128)


@row("Softmax 512×512", slow_because="NumPy takes a pass over memory for each call")
def softmax(torch: Any) -> Case:
    return layer(torch, torch.nn.Softmax(dim=-1), 512, 512)


@row(
    "GELU 512×512",
    slow_because="the error function is some twenty calls of NumPy, each a pass over what the cache holds",
)
def gelu(torch: Any) -> Case:
    return layer(torch, torch.nn.GELU(), 512, 512)


@row(
    "attention 8×4×64×32, causal",
    slow_because="NumPy multiplies a batch of small matrices one by one, and masks in a pass of its own; with the "
    "extra the scores are still written and read, which PyTorch's kernel keeps in the cache",
)
def attention(torch: Any) -> Case:
    parts = [torch.from_numpy(array(8, 4, 64, 32, seed=s)).requires_grad_() for s in range(3)]

    def step() -> Any:
        for x in parts:
            x.grad = None
        attend = torch.nn.functional.scaled_dot_product_attention
        loss = attend(*parts, is_causal=True).square().mean()
        loss.backward()
        return loss

    return Case(step)
