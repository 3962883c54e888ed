"""Recurrent networks, online (one sequence at a time) and in batches."""

from __future__ import annotations

from typing import Any

from benchmarks.row import Case, array, fill, row
from benchmarks.rows.mlp import training

#: Why a batch through an LSTM takes its time.
GATES = (
    "without the extra, the products of fifty steps, small ones for OpenBLAS, take four fifths of "
    "PyTorch's time, and the gates of each step are some NumPy calls; with the extra, eight tenths of the time are "
    "the library's sweep, the same as PyTorch's but for its version"
)


def last_step(torch: Any, kind: str, length: int, batch: int, inputs: int, hidden: int) -> Case:
    """Read a sequence, say one number at its end."""
    nn = torch.nn
    Module: Any = nn.Module

    class Reader(Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = getattr(nn, kind)(inputs, hidden)
            self.head = nn.Linear(hidden, 1)

        def forward(self, x: Any) -> Any:
            states, _ = self.rnn(x)
            return self.head(states[-1])

    x, y = array(4, length, batch, inputs, seed=1), array(4, batch, 1, seed=2)
    batches = [(torch.from_numpy(a), torch.from_numpy(b)) for a, b in zip(x, y)]
    return training(torch, fill(torch, Reader()), nn.MSELoss(), batches)


@row("LSTM, hidden 20, length 32, online", goal=0.6, training=True)
def lstm_online(torch: Any) -> Case:
    return last_step(torch, "LSTM", 32, 1, 8, 20)


@row("GRU, hidden 20, length 32, online", goal=0.6, training=True)
def gru_online(torch: Any) -> Case:
    return last_step(torch, "GRU", 32, 1, 8, 20)


@row("RNN, hidden 20, length 32, online", goal=0.6, training=True)
def rnn_online(torch: Any) -> Case:
    return last_step(torch, "RNN", 32, 1, 8, 20)


@row(
    "LSTM, hidden 128, length 50, batch 32",
    goal=1.4,
    goal_fast=0.95,
    training=True,
    slow_because=GATES,
)
def lstm_batch(torch: Any) -> Case:
    return last_step(torch, "LSTM", 50, 32, 64, 128)


@row(
    "GRU, hidden 128, length 50, batch 32",
    goal=1.4,
    goal_fast=0.95,
    training=True,
    slow_because=GATES,
)
def gru_batch(torch: Any) -> Case:
    return last_step(torch, "GRU", 50, 32, 64, 128)


@row("RNN, hidden 128, length 50, batch 32", goal=0.6, training=True)
def rnn_batch(torch: Any) -> Case:
    return last_step(torch, "RNN", 50, 32, 64, 128)
