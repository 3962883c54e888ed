"""Two ops of one's own: a wavy activation declared with `tn.op`, and a sign that can be trained.

`snake` (Ziyin, Hartwig and Ueda, 2020) is declared by its formula and its rule; derivatives of any
order, broadcasting, methods and `check_op`'s questions come with the declaration. Networks with it
go on with a wave where those with tanh stop. `Sign` is written as a `Function`, PyTorch's form: its
backward pass pretends to be another function, so that weights of +1 and -1 can be learned.
"""

from __future__ import annotations

from argparse import Namespace

import command_line
import numpy as np
import pictures
from sklearn.datasets import load_digits
from tqdm import tqdm

import autotn as tn
from autotn import nn, optim
from autotn.nn import functional as F
from autotn.testing import Sample, check_op, make_array


@tn.op()
def snake(input: tn.Arr, frequency: float = 1.0) -> tn.Arr:
    """A slope with waves on it: ``x + sin(f x)^2 / f``."""
    return input + np.sin(frequency * input) ** 2 / frequency


snake.grad(input=lambda g, input, frequency: g * (1 + np.sin(2 * frequency * input)))


class Sign(tn.autograd.Function):
    """+1 or -1 forward; backward, the identity between -1 and 1 (the straight-through estimate)."""

    @staticmethod
    def forward(ctx, x: tn.Tensor) -> tn.Tensor:
        ctx.save_for_backward(x)
        return tn.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx, g: tn.Tensor) -> tn.Tensor:
        (x,) = ctx.saved_tensors
        return g * (x.abs() <= 1)


class Snake(nn.Module):
    """`snake` as a layer."""

    def forward(self, input: tn.Tensor) -> tn.Tensor:
        return snake(input, frequency=2.0)


class BinaryLinear(nn.Linear):
    """A linear layer that computes with the signs of its weights, and one size for each output."""

    def __init__(self, in_features: int, out_features: int) -> None:
        super().__init__(in_features, out_features)
        self.size = nn.Parameter(tn.full((out_features,), in_features**-0.5))

    def forward(self, input: tn.Tensor) -> tn.Tensor:
        return F.linear(input, Sign.apply(self.weight)) * self.size + self.bias


def fit(model: nn.Sequential, x: tn.Tensor, y: tn.Tensor, steps: int) -> list[float]:
    """Train on a wave; the loss after every step."""
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in tqdm(range(steps), type(model[1]).__name__):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def continue_a_wave(options: Namespace) -> None:
    """Fit a sine between -5 and 5 with tanh and with snake, and look farther out."""
    x = tn.linspace(-5, 5, 200).unsqueeze(1)
    far = tn.linspace(-10, 10, 400).unsqueeze(1)
    truth = 0.3 * far + tn.sin(2 * far)
    lines = {"truth": (far[:, 0].tolist(), truth[:, 0].tolist())}
    for activation in (Snake(), nn.Tanh()):
        layers = [nn.Linear(1, 64), activation, nn.Linear(64, 1)]
        model = nn.Sequential(*layers)
        fit(model, x, 0.3 * x + tn.sin(2 * x), 10 if options.quick else 1500)
        with tn.no_grad():
            lines[type(activation).__name__] = (far[:, 0].tolist(), model(far)[:, 0].tolist())
    title = "Trained between -5 and 5, continued on both sides"
    pictures.line_plot(lines, options.out / "continued.png", title, "x", "y")


def learn_signs(options: Namespace) -> None:
    """Read digits with weights of +1 and -1 only."""
    digits = load_digits()
    images, labels = tn.tensor(digits.data / 16, dtype=tn.float32), tn.tensor(digits.target)
    model = nn.Sequential(BinaryLinear(64, 128), nn.ReLU(), BinaryLinear(128, 10))
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    losses, right = [], []
    for _ in tqdm(range(5 if options.quick else 200), "weights of +1 and -1"):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images[:1437]), labels[:1437])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        with tn.no_grad():
            guess = model(images[1437:]).argmax(1)
        right.append(float((guess == labels[1437:]).numpy().mean()))
    print(f"With weights of +1 and -1, {right[-1]:.1%} of 360 test digits are read right.")
    step = list(range(1, len(losses) + 1))
    file, title = options.out / "straight_through.png", "Digits read with weights of +1 and -1"
    pictures.curves({"loss": (step, losses)}, {"test": (step, right)}, file, title, "step")


def main(arguments: list[str] | None = None) -> None:
    options = command_line.parser(__doc__, "custom_op").parse_args(arguments)
    tn.manual_seed(options.seed)
    asked = check_op(snake, [Sample(make_array(3, 4)), Sample(make_array(2, 1), frequency=3.0)])
    print(f"snake answered {asked} questions: gradients, second derivatives, dtypes, strides ...")

    x = tn.linspace(-4, 4, 201, requires_grad=True)
    y = snake(x)
    (slope,) = tn.autograd.grad(y.sum(), x, create_graph=True)
    (bend,) = tn.autograd.grad(slope.sum(), x)
    named = {"snake": y, "first derivative": slope, "second derivative": bend}
    lines = {name: (x.tolist(), values.tolist()) for name, values in named.items()}
    title = "An op of one's own, and its derivatives from the tape"
    pictures.line_plot(lines, options.out / "activation.png", title, "x", "value")
    continue_a_wave(options)
    learn_signs(options)
    command_line.show_files(options.out)


if __name__ == "__main__":
    main()
