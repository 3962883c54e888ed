"""Convolutional networks: whole training steps, and single layers forward and backward."""

from __future__ import annotations

from typing import Any

from benchmarks.row import Case, array, fill, row
from benchmarks.rows.mlp import classes, training

#: Why a convolution in NumPy takes its time.
WINDOWS = (
    "without the extra, windows are copied so that a product of matrices does the work, in which "
    "OpenBLAS reaches half the speed of a compiled convolution"
)


def pictures(torch: Any, batch: int, *shape: int) -> list[tuple[Any, Any]]:
    """Noise with one of ten labels."""
    return [(x.reshape(batch, *shape), y) for x, y in classes(torch, batch, _size(shape), 10)]


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


@row("LeNet-size CNN 28×28, batch 64", goal=1.5, goal_fast=1.0, training=True, slow_because=WINDOWS)
def cnn_lenet(torch: Any) -> Case:
    nn = torch.nn
    model = nn.Sequential(
        nn.Conv2d(1, 16, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 128),
        nn.ReLU(),
        nn.Linear(128, 10),
    )
    return training(
        torch, fill(torch, model), nn.CrossEntropyLoss(), pictures(torch, 64, 1, 28, 28)
    )


@row(
    "VGG-size CNN + BatchNorm 32×32, batch 8",
    goal=1.3,
    goal_fast=0.95,
    training=True,
    tolerance=1e-3,
    slow_because=WINDOWS,
)
def cnn_vgg(torch: Any) -> Case:
    nn = torch.nn
    layers: list[Any] = []
    channels = 3
    for width in (64, None, 128, None, 256, 256, None, 512, 512, None):
        if width is None:
            layers.append(nn.MaxPool2d(2))
        else:
            layers += [
                nn.Conv2d(channels, width, 3, padding=1, bias=False),
                nn.BatchNorm2d(width),
                nn.ReLU(),
            ]
            channels = width
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(512 * 2 * 2, 10))
    return training(torch, fill(torch, model), nn.CrossEntropyLoss(), pictures(torch, 8, 3, 32, 32))


@row(
    "residual block, 64 channels 32×32, batch 16",
    goal=1.3,
    goal_fast=0.95,
    training=True,
    tolerance=1e-3,
    slow_because=f"{WINDOWS}; with the extra, three quarters of the time are the same convolutions as PyTorch's, and "
    "of the rest only the sums of BatchNorm are NumPy's, on one core",
)
def cnn_residual(torch: Any) -> Case:
    nn = torch.nn
    Module: Any = nn.Module

    class Block(Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(64, 64, 3, padding=1, bias=False)
            self.bn1 = nn.BatchNorm2d(64)
            self.conv2 = nn.Conv2d(64, 64, 3, padding=1, bias=False)
            self.bn2 = nn.BatchNorm2d(64)
            self.relu = nn.ReLU()

        def forward(self, x: Any) -> Any:
            y = self.relu(self.bn1(self.conv1(x)))
            return self.relu(x + self.bn2(self.conv2(y)))

    x, y = array(2, 16, 64, 32, 32, seed=1), array(2, 16, 64, 32, 32, seed=2)
    batches = [(torch.from_numpy(a), torch.from_numpy(b)) for a, b in zip(x, y)]
    return training(torch, fill(torch, Block()), nn.MSELoss(), batches)


def layer(torch: Any, module: Any, *shape: int) -> Case:
    """One layer forward and backward, to its input as well."""
    fill(torch, module)
    x = torch.from_numpy(array(*shape)).requires_grad_()
    parameters = list(module.parameters())

    def step() -> Any:
        x.grad = None
        for p in parameters:
            p.grad = None
        loss = module(x).square().mean()
        loss.backward()
        return loss

    def check() -> list[float]:
        loss = step().item()
        return [loss, *(p.grad.abs().mean().item() for p in [x, *parameters])]

    return Case(step, check=check)


@row("Conv1d 64→64 k5, length 256, batch 16", goal=1.3, goal_fast=1.0, slow_because=WINDOWS)
def conv_1d(torch: Any) -> Case:
    return layer(torch, torch.nn.Conv1d(64, 64, 5, padding=2), 16, 64, 256)


@row("Conv2d 3×3 stride 2, 64→128 32×32, batch 16", goal=1.3, goal_fast=1.0, slow_because=WINDOWS)
def conv_strided(torch: Any) -> Case:
    return layer(torch, torch.nn.Conv2d(64, 128, 3, stride=2, padding=1), 16, 64, 32, 32)


@row("Conv2d 1×1, 128→128 16×16, batch 16", goal=1.3, goal_fast=1.0)
def conv_pointwise(torch: Any) -> Case:
    return layer(torch, torch.nn.Conv2d(128, 128, 1), 16, 128, 16, 16)


@row(
    "depthwise Conv2d 3×3, 64 channels 32×32, batch 16",
    goal_fast=1.0,
    slow_because="without the extra, each of the nine weights of a filter is a pass over memory of its own",
)
def conv_depthwise(torch: Any) -> Case:
    return layer(torch, torch.nn.Conv2d(64, 64, 3, padding=1, groups=64), 16, 64, 32, 32)


@row("Conv3d 3×3×3, 16→16 16×16×16, batch 4", goal_fast=1.0, slow_because=WINDOWS)
def conv_3d(torch: Any) -> Case:
    return layer(torch, torch.nn.Conv3d(16, 16, 3, padding=1), 4, 16, 16, 16, 16)


@row("ConvTranspose2d k4 stride 2, 64→32 16×16, batch 16", goal_fast=1.0, slow_because=WINDOWS)
def conv_transposed(torch: Any) -> Case:
    module = torch.nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1)
    return layer(torch, module, 16, 64, 16, 16)
