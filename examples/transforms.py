"""The usual transforms of pictures, in NumPy, and a `Dataset` of pictures in folders.

A transform takes a picture as an array (height, width, channels) of bytes, as PIL gives it; the last two
make a tensor of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

import autotn as tn
from autotn.utils.data import Dataset


def compose(*steps: Callable) -> Callable:
    """All steps, one after another."""

    def run(x):
        for step in steps:
            x = step(x)
        return x

    return run


def resize(height: int, width: int) -> Callable:
    """Another size, by PIL's bilinear filter."""
    return lambda x: np.asarray(Image.fromarray(x).resize((width, height), Image.BILINEAR))


def center_crop(size: int) -> Callable:
    """The middle of the picture."""

    def crop(x: np.ndarray) -> np.ndarray:
        top, left = (x.shape[0] - size) // 2, (x.shape[1] - size) // 2
        return x[top : top + size, left : left + size]

    return crop


def random_crop(size: int, padding: int, rng: np.random.Generator) -> Callable:
    """Any part of the picture, with a border of zeros around it."""

    def crop(x: np.ndarray) -> np.ndarray:
        x = np.pad(x, [(padding, padding), (padding, padding), *[(0, 0)] * (x.ndim - 2)])
        top, left = rng.integers(x.shape[0] - size + 1), rng.integers(x.shape[1] - size + 1)
        return x[top : top + size, left : left + size]

    return crop


def random_flip(rng: np.random.Generator) -> Callable:
    """Left and right exchanged half the time (not for digits)."""
    return lambda x: x[:, ::-1] if rng.random() < 0.5 else x


def random_rotation(degrees: float, rng: np.random.Generator) -> Callable:
    """Turned by up to so many degrees."""

    def turn(x: np.ndarray) -> np.ndarray:
        angle = rng.uniform(-degrees, degrees)
        return np.asarray(Image.fromarray(x).rotate(angle, Image.BILINEAR))

    return turn


def jitter(brightness: float, contrast: float, rng: np.random.Generator) -> Callable:
    """Brighter or darker, with more or less contrast."""

    def change(x: np.ndarray) -> np.ndarray:
        scale, shift = (
            rng.uniform(1 - contrast, 1 + contrast),
            rng.uniform(-1, 1) * brightness * 255,
        )
        return np.clip((x - x.mean()) * scale + x.mean() + shift, 0, 255).astype(np.uint8)

    return change


def to_tensor(x: np.ndarray) -> tn.Tensor:
    """Channels first, floats from 0 to 1."""
    x = x[:, :, None] if x.ndim == 2 else x
    return tn.from_numpy(np.ascontiguousarray(x.transpose(2, 0, 1)) / np.float32(255))


def normalize(mean: Sequence[float], std: Sequence[float]) -> Callable:
    """Mean 0 and deviation 1 for each channel."""
    m, s = (tn.tensor(values).reshape(-1, 1, 1) for values in (mean, std))
    return lambda x: (x - m) / s


class ImageFolder(Dataset):
    """Pictures in subfolders, whose names are the classes."""

    def __init__(self, root: Path, transform: Callable) -> None:
        self.classes = sorted(path.name for path in root.iterdir())
        files = [
            (path, k) for k, name in enumerate(self.classes) for path in (root / name).iterdir()
        ]
        self.samples = sorted(files)
        self.transform = transform

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[tn.Tensor, int]:
        path, label = self.samples[index]
        with Image.open(path) as picture:
            return self.transform(np.asarray(picture)), label
