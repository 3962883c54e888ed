"""Small trainings of every kind, each of which ends in a fingerprint of all it computed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import autotn as tn
from autotn import nn, optim
from autotn.nn import functional as F


def _fit(
    model: Any, optimizer: Any, batch: Callable[[], tuple[Any, Any]], loss: Any, steps: int
) -> str:
    """Train, and take the fingerprint of losses, weights and buffers."""
    print_of = hashlib.sha256()
    for _ in range(steps):
        inputs, targets = batch()
        optimizer.zero_grad()
        value = loss(model(inputs), targets)
        value.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        print_of.update(value.detach().numpy().tobytes())
    for tensor in model.state_dict().values():
        print_of.update(tensor.numpy().tobytes())
    return print_of.hexdigest()


def convolutional(seed: int, steps: int) -> str:
    """Convolutions, batch norm and dropout under SGD."""
    tn.manual_seed(seed)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Dropout(0.2), nn.Flatten(),
        nn.Linear(36, 3),
    )  # fmt: skip
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    return _fit(
        model,
        optimizer,
        lambda: (tn.rand(6, 1, 8, 8), tn.randint(0, 3, (6,))),
        F.cross_entropy,
        steps,
    )


class _Reader(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(11, 6)
        self.lstm = nn.LSTM(6, 8, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, words: Any) -> Any:
        return self.head(self.lstm(self.embed(words))[0][:, -1])


def recurrent(seed: int, steps: int) -> str:
    """An LSTM on embeddings under Adam."""
    tn.manual_seed(seed)
    model = _Reader()
    return _fit(
        model, optim.Adam(model.parameters(), lr=1e-2),
        lambda: (tn.randint(0, 11, (5, 7)), tn.randint(0, 3, (5,))), F.cross_entropy, steps,
    )  # fmt: skip


def attending(seed: int, steps: int) -> str:
    """A transformer layer under AdamW."""
    tn.manual_seed(seed)
    model = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    optimizer = optim.AdamW(model.parameters(), lr=1e-3)
    return _fit(model, optimizer, lambda: (tn.rand(3, 5, 8), tn.rand(3, 5, 8)), F.mse_loss, steps)


def by_hand(seed: int, steps: int) -> str:
    """Views, in-place writes, hooks, second derivatives and errors, without modules."""
    tn.manual_seed(seed)
    w = tn.rand(6, 4, requires_grad=True)
    print_of = hashlib.sha256()
    for _ in range(steps):
        x = tn.rand(5, 6)
        y = (x @ w).tanh()
        y = y * 1
        y[1:3].mul_(2)
        y[:, 0] = y[:, 1].detach()
        heard: list[Any] = []
        handle = y.register_hook(heard.append)
        (g,) = tn.autograd.grad((y * y).sum(), w, create_graph=True)
        (g * g).sum().backward()
        handle.remove()
        try:
            x @ x
        except RuntimeError as error:
            print_of.update(str(error).encode())
        with tn.no_grad():
            w -= 1e-3 * w.grad
        w.grad = None
        print_of.update(w.detach().numpy().tobytes())
        print_of.update(heard[0].detach().numpy().tobytes())
    return print_of.hexdigest()


def watched(seed: int, steps: int) -> str:
    """The convolutional job, with debug looking on."""
    with tn.debug(inf=False, nan=False, when=lambda event: None):
        return convolutional(seed, steps)


def evaluated(seed: int, steps: int) -> str:
    """A network that is only read, without recording."""
    tn.manual_seed(seed)
    model = nn.Sequential(nn.Linear(6, 12), nn.GELU(), nn.Linear(12, 2)).eval()
    print_of = hashlib.sha256()
    for _ in range(steps):
        with tn.inference_mode():
            print_of.update(model(tn.rand(4, 6)).numpy().tobytes())
    return print_of.hexdigest()


JOBS = [convolutional, recurrent, attending, by_hand, watched, evaluated]


def fingerprints(seed: int, steps: int) -> list[str]:
    """Every job, one after the other."""
    return [job(seed, steps) for job in JOBS]
