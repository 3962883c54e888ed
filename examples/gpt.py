"""A small GPT learns, letter by letter, to write like Python's own manual.

The text is `pydoc_data.topics`, which every Python brings along for its ``help()``. The model is
a decoder-only transformer: embeddings, blocks of causal self-attention and a feed-forward net
(normalised before, as in GPT-2), and the letters' embedding again as the output layer.
"""

from __future__ import annotations

import math
from pydoc_data import topics

import command_line
import numpy as np
import pictures
from tqdm import tqdm

import autotn as tn
from autotn import nn, optim
from autotn.nn import functional as F
from autotn.utils.checkpointing import Checkpointer


class Attention(nn.Module):
    """Self-attention in which a letter sees itself and those before it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: tn.Tensor) -> tn.Tensor:
        batch, length, width = x.shape
        shape = (batch, length, self.heads, width // self.heads)
        q, k, v = (part.view(shape).transpose(1, 2) for part in self.qkv(x).chunk(3, dim=-1))
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.out(seen.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    """Attention, then a feed-forward net, each added to what came in."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.net = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def forward(self, x: tn.Tensor) -> tn.Tensor:
        x = x + self.attention(self.norm1(x))
        return x + self.net(self.norm2(x))


class GPT(nn.Module):
    """Scores of the next letter after each letter of ``(batch, length)`` indices."""

    def __init__(self, letters: int, length: int, width: int, heads: int, depth: int) -> None:
        super().__init__()
        self.length = length
        self.letter = nn.Embedding(letters, width)
        self.place = nn.Embedding(length, width)
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width)
        # One matrix reads and writes letters; small, so that the first scores are near zero.
        nn.init.normal_(self.letter.weight, std=0.02)
        nn.init.normal_(self.place.weight, std=0.02)

    def forward(self, text: tn.Tensor) -> tn.Tensor:
        x = self.letter(text) + self.place(tn.arange(text.shape[1]))
        return F.linear(self.norm(self.blocks(x)), self.letter.weight)

    @tn.no_grad()
    def write(self, start: tn.Tensor, count: int, temperature: float = 0.8) -> tn.Tensor:
        """`count` more letters after ``(1, n)`` letters, each drawn from the model's scores."""
        for _ in range(count):
            scores = self(start[:, -self.length :])[:, -1] / temperature
            start = tn.cat([start, tn.multinomial(F.softmax(scores, dim=-1), 1)], dim=1)
        return start


def main(arguments: list[str] | None = None) -> None:
    parser = command_line.parser(__doc__, "gpt")
    parser.add_argument("--resume", action="store_true", help="go on from the last checkpoint")
    options = parser.parse_args(arguments)
    tn.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    text = "\n".join(topics.topics[name] for name in sorted(topics.topics))
    text = "".join(letter for letter in text if letter.isascii())
    letters = sorted(set(text))
    data = np.array([letters.index(letter) for letter in text])
    split = int(0.95 * len(data))

    sizes = (16, 1, 16, 4, 10) if options.quick else (96, 3, 64, 24, 900)
    width, depth, length, batch, steps = sizes
    model = GPT(len(letters), length, width, heads=4, depth=depth)
    count = sum(parameter.numel() for parameter in model.parameters())
    print(f"{len(text):,} letters, {len(letters)} different; {count:,} parameters.")
    optimizer = optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.1, betas=(0.9, 0.95))

    def loss_on(part: np.ndarray) -> tn.Tensor:
        """Mean loss over a random batch of pieces of `part`."""
        starts = rng.integers(len(part) - length - 1, size=batch)
        pieces = tn.tensor(np.stack([part[i : i + length + 1] for i in starts]))
        scores = model(pieces[:, :-1])
        return F.cross_entropy(scores.reshape(-1, len(letters)), pieces[:, 1:].reshape(-1))

    checkpoints = Checkpointer(options.out / "checkpoints", keep=2)
    parts = {"model": model, "optimizer": optimizer, "generator": rng}
    kept = (checkpoints.restore(parts) if options.resume else None) or {"step": 0}
    seen, losses, test_seen, test_losses = curves = kept.get("curves", ([], [], [], []))
    for step in (bar := tqdm(range(kept["step"], steps), "steps", steps, initial=kept["step"])):
        warmup = min(1.0, (step + 1) / 50)
        rate = 2e-3 * warmup * (0.55 + 0.45 * math.cos(math.pi * step / steps))
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        loss = loss_on(data[:split])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        seen.append(step + 1)
        losses.append(loss.item())
        if (step + 1) % max(1, steps // 20) == 0:
            with tn.no_grad():
                test_losses.append(sum(loss_on(data[split:]).item() for _ in range(8)) / 8)
            test_seen.append(step + 1)
            bar.set_postfix_str(f"{test_losses[-1] / math.log(2):.2f} bits a letter")
            checkpoints.save(parts | {"curves": curves}, step + 1)

    start = tn.tensor([[letters.index("\n")]])
    written = model.write(start, 40 if options.quick else 500)[0].tolist()
    sample = "".join(letters[index] for index in written)
    print(sample)
    (options.out / "sample.txt").write_text(sample, encoding="utf-8")
    lines = {"training": (seen, losses), "unseen text": (test_seen, test_losses)}
    title = "A GPT reads Python's manual"
    pictures.line_plot(lines, options.out / "loss.png", title, "step", "loss per letter (nats)")
    shown = model.place.weight.detach().numpy()
    near = F.cosine_similarity(tn.tensor(shown[:, None]), tn.tensor(shown[None]), dim=-1).numpy()
    title = "Likeness of the places' embeddings"
    pictures.heat_map(near, options.out / "places.png", title, "place", "place", "cosine", -1, 1)
    command_line.show_files(options.out)


if __name__ == "__main__":
    main()
