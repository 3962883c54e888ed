"""Pictures from a folder through the usual transforms, in NumPy: what scripts take from torchvision.

A folder with one subfolder per class is written, then read by a `Dataset` that opens pictures with PIL
and sends them through transforms. A small network is trained on few pictures twice, with and without
random crops and turns: what was never seen, shifted and turned, is read better with them.
"""

from __future__ import annotations

from pathlib import Path

import command_line
import numpy as np
import pictures
from PIL import Image
from sklearn.datasets import load_digits
from tqdm import tqdm
from transforms import (
    ImageFolder,
    compose,
    jitter,
    normalize,
    random_crop,
    random_rotation,
    resize,
    to_tensor,
)

import autotn as tn
from autotn import nn, optim
from autotn.nn import functional as F
from autotn.utils.data import DataLoader, Dataset


def write_folders(root: Path, count: int) -> None:
    """Digits as PNG files: the first `count` to train with, as many others, moved about, to test."""
    digits, rng = load_digits(), np.random.default_rng(0)
    moved = compose(random_rotation(25, rng), random_crop(16, 3, rng))
    for k, (image, label) in enumerate(zip(digits.images[: 2 * count], digits.target)):
        picture = resize(16, 16)((image * 15.9).astype(np.uint8))
        folder = root / ("train" if k < count else "test") / str(label)
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture if k < count else moved(picture)).save(folder / f"{k:04}.png")


def train(training: Dataset, testing: Dataset, epochs: int, name: str) -> list[float]:
    """The share of test pictures read right after each epoch."""
    model = nn.Sequential(
        *(nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(12, 24, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(24 * 4 * 4, 10)),
    )
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    right = []
    for _ in tqdm(range(epochs), name):
        for images, labels in DataLoader(training, batch_size=32, shuffle=True):
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()
        with tn.no_grad():
            images, labels = next(iter(DataLoader(testing, batch_size=len(testing))))
            right.append((model(images).argmax(1) == labels).float().mean().item())
    return right


def main(arguments: list[str] | None = None) -> None:
    options = command_line.parser(__doc__, "image_transforms").parse_args(arguments)
    tn.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    count, epochs = (60, 2) if options.quick else (400, 25)
    root = options.out / "pictures"
    if not root.exists():
        write_folders(root, count)
    tail = compose(to_tensor, normalize([0.3], [0.35]))
    changed = compose(random_rotation(25, rng), random_crop(16, 3, rng), jitter(0.1, 0.3, rng))
    plain, varied = (ImageFolder(root / "train", f) for f in (tail, compose(changed, tail)))
    testing = ImageFolder(root / "test", tail)
    lines = {}
    for name, training in (("as they are", plain), ("cropped, turned, jittered", varied)):
        tn.manual_seed(options.seed)
        right = train(training, testing, epochs, name)
        lines[name] = (list(range(1, epochs + 1)), right)
        print(f"Trained on pictures {name}: {right[-1]:.0%} of the test pictures are read right.")
    title = "Digits moved about, read by networks trained on few"
    pictures.line_plot(lines, options.out / "accuracy.png", title, "epoch", "read right")
    sheet = np.stack([varied[k][0][0].numpy() for k in (0, 7, 21, 33) for _ in range(8)])
    file = options.out / "transforms.png"
    pictures.contact_sheet(sheet, file, "The same four pictures, eight times each", columns=8)
    command_line.show_files(options.out)


if __name__ == "__main__":
    main()
