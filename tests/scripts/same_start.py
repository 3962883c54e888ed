"""Equal beginnings for PyTorch and autotn: data, weights and noise come from NumPy.

A script under this folder is an ordinary training script, written for PyTorch. It leaves what it
learned in ``result``: a ``trajectory`` that must be the same in both libraries, or a ``final`` loss
that must be ``good`` in both, where draws differ.
"""

from __future__ import annotations

import math

import numpy as np
import torch

numbers = np.random.default_rng(0)


def fill(model):
    """Give every parameter numbers that depend on its place and shape alone."""
    draws = np.random.default_rng(1)
    with torch.no_grad():
        for p in model.parameters():
            fan_in = math.prod(p.shape[1:]) if p.dim() > 1 else 1
            values = np.asarray(draws.normal(size=tuple(p.shape)) / math.sqrt(fan_in))
            if p.dim() < 2:
                values *= 0.1
            p.copy_(torch.from_numpy(values))
    return model


def noise(*shape):
    """Standard normal numbers, the same in both libraries."""
    return torch.from_numpy(numbers.normal(size=shape).astype(np.float32))


def digits(count=256):
    """Small pictures of digits (count, 8, 8) from 0 to 1, and what they show."""
    from sklearn.datasets import load_digits

    loaded = load_digits()
    images = (loaded.images[:count] / 16).astype(np.float32)
    return torch.from_numpy(images), torch.from_numpy(loaded.target[:count].astype(np.int64))
