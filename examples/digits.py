"""A convolutional network reads scikit-learn's handwritten digits.

1,797 real digits of 8x8 pixels; the last 20 % are kept for testing. Written as one would for
PyTorch: `DataLoader`, `BatchNorm2d`, `Dropout`, `AdamW`, a one-cycle learning rate.
"""

from __future__ import annotations

import command_line
import numpy as np
import pictures
from sklearn.datasets import load_digits
from tqdm import tqdm

import autotn as tn
from autotn import nn, optim
from autotn.nn import functional as F
from autotn.utils.data import DataLoader, TensorDataset


class Reader(nn.Module):
    """Two convolutions, a pooling after each, then a small classifier."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1, bias=False),
            nn.BatchNorm2d(32),
            nn.ReLU(),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(32 * 2 * 2, 10))

    def forward(self, images: tn.Tensor) -> tn.Tensor:
        return self.classifier(self.features(images))


def load() -> tuple[TensorDataset, TensorDataset]:
    """Training and test digits, ``(n, 1, 8, 8)`` between 0 and 1."""
    digits = load_digits()
    images = tn.tensor(digits.images[:, None] / 16, dtype=tn.float32)
    labels = tn.tensor(digits.target)
    split = int(0.8 * len(images))
    return TensorDataset(images[:split], labels[:split]), TensorDataset(
        images[split:], labels[split:]
    )


def test(model: nn.Module, data: TensorDataset) -> tuple[float, np.ndarray]:
    """Loss, and the digit read for every image."""
    images, labels = data.tensors
    model.eval()
    with tn.no_grad():
        scores = model(images)
        loss = F.cross_entropy(scores, labels).item()
    model.train()
    return loss, scores.argmax(1).numpy()


def main(arguments: list[str] | None = None) -> None:
    options = command_line.parser(__doc__, "digits").parse_args(arguments)
    tn.manual_seed(options.seed)
    training, testing = load()
    epochs = 1 if options.quick else 15
    loader = DataLoader(training, batch_size=32, shuffle=True)
    model = Reader()
    optimizer = optim.AdamW(model.parameters(), lr=3e-3)
    scheduler = optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=1e-2, total_steps=epochs * len(loader)
    )

    truth = testing.tensors[1].numpy()
    losses, test_losses, accuracy = [], [], []
    for _ in (bar := tqdm(range(epochs), "epochs")):
        total = 0.0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            scheduler.step()
            total += loss.item() * len(images)
        losses.append(total / len(training))
        test_loss, guess = test(model, testing)
        test_losses.append(test_loss)
        accuracy.append(float((guess == truth).mean()))
        bar.set_postfix_str(f"{accuracy[-1]:.1%} right")

    _, guess = test(model, testing)
    print(f"{(guess == truth).mean():.1%} of {len(truth)} test digits are read right.")
    x = list(range(1, epochs + 1))
    loss_lines = {"training": (x, losses), "test": (x, test_losses)}
    file = options.out / "curves.png"
    pictures.curves(loss_lines, {"test": (x, accuracy)}, file, "Digits read by a CNN")
    names = [str(digit) for digit in range(10)]
    pictures.confusion(truth, guess, names, options.out / "confusion.png", "Test digits")
    wrong = np.flatnonzero(guess != truth)[:26]
    images = testing.tensors[0].numpy()[wrong, 0]
    file = options.out / "mistakes.png"
    pictures.readings(images, truth[wrong], guess[wrong], names, file, "Every mistake")
    kernels = model.features[0].weight.detach().numpy()[:, 0]
    pictures.weight_grid(kernels, options.out / "kernels.png", "The first layer's 16 kernels")
    command_line.show_files(options.out)


if __name__ == "__main__":
    main()
