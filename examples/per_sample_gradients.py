"""The gradient of every sample by itself finds digits with a wrong label.

`backward` adds up the gradients of a batch. Four ways to have them one by one: a loop over the
samples; `vmap` of `grad`, which writes that loop as a function of one sample and runs it once for all;
one backward pass in which every sample uses its own copy of the weights; and, for a linear layer,
the product of what came in and what came back. All agree, and the length of a sample's gradient
tells how much it disagrees with the rest: the mislabelled ones stand out.
"""

from __future__ import annotations

import time

import command_line
import numpy as np
import pictures
from sklearn.datasets import load_digits
from tqdm import tqdm

import autotn as tn
from autotn import nn, optim
from autotn.func import functional_call, grad, vmap
from autotn.nn import functional as F


class Net(nn.Module):
    """64 pixels, a hidden layer of 32, 10 digits."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(64, 32), nn.Linear(32, 10)

    def forward(self, images: tn.Tensor) -> tn.Tensor:
        return self.second(self.first(images).tanh())


def by_loop(net: Net, images: tn.Tensor, labels: tn.Tensor) -> list[tn.Tensor]:
    """One forward and backward pass for each sample."""
    rows = []
    for image, label in zip(images.split(1), labels.split(1), strict=True):
        loss = F.cross_entropy(net(image), label)
        rows.append(tn.autograd.grad(loss, list(net.parameters())))
    return [tn.stack(column) for column in zip(*rows, strict=True)]


def by_vmap(net: Net, images: tn.Tensor, labels: tn.Tensor) -> list[tn.Tensor]:
    """The gradient of the loss of one sample, mapped over all: weights are shared, samples are not."""

    def loss(weights: dict[str, tn.Tensor], image: tn.Tensor, label: tn.Tensor) -> tn.Tensor:
        return F.cross_entropy(functional_call(net, weights, (image,)), label)

    weights = {name: p.detach() for name, p in net.named_parameters()}
    return list(vmap(grad(loss), in_dims=(None, 0, 0))(weights, images, labels).values())


def by_copies(net: Net, images: tn.Tensor, labels: tn.Tensor) -> list[tn.Tensor]:
    """One pass for all, with a copy of the weights per sample: their gradients do not mix."""
    n = len(images)
    copies = [p.detach().repeat(n, *[1] * p.ndim).requires_grad_() for p in net.parameters()]
    w1, b1, w2, b2 = copies
    hidden = (tn.einsum("ni,nhi->nh", images, w1) + b1).tanh()
    loss = F.cross_entropy(tn.einsum("nh,noh->no", hidden, w2) + b2, labels, reduction="sum")
    return list(tn.autograd.grad(loss, copies))


def by_products(net: Net, images: tn.Tensor, labels: tn.Tensor) -> list[tn.Tensor]:
    """A linear layer's gradient is an outer product per sample; hooks see both factors."""
    went_in: dict[nn.Module, tn.Tensor] = {}
    came_back: dict[nn.Module, tn.Tensor] = {}

    def keep(layer: nn.Module, inputs: tuple[tn.Tensor, ...], output: tn.Tensor) -> None:
        went_in[layer] = inputs[0].detach()
        output.register_hook(lambda gradient: came_back.update({layer: gradient}))

    layers = (net.first, net.second)
    handles = [layer.register_forward_hook(keep) for layer in layers]
    F.cross_entropy(net(images), labels, reduction="sum").backward()
    net.zero_grad()
    for handle in handles:
        handle.remove()
    gradients = []
    for layer in layers:
        back = came_back[layer]
        gradients += [back.unsqueeze(2) * went_in[layer].unsqueeze(1), back]
    return gradients


def main(arguments: list[str] | None = None) -> None:
    options = command_line.parser(__doc__, "per_sample_gradients").parse_args(arguments)
    tn.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    digits = load_digits()
    n = 200 if options.quick else 1500
    images = tn.tensor(digits.data[:n] / 16, dtype=tn.float32)
    truth = digits.target[:n]
    wrong = rng.random(n) < 0.03
    given = np.where(wrong, (truth + rng.integers(1, 10, n)) % 10, truth)
    labels = tn.tensor(given)

    net = Net()
    optimizer = optim.Adam(net.parameters(), lr=1e-2)
    for _ in tqdm(range(5 if options.quick else 60), "training on wrong labels, too"):
        optimizer.zero_grad()
        F.cross_entropy(net(images), labels).backward()
        optimizer.step()

    answers = []
    for method in (by_loop, by_vmap, by_copies, by_products):
        start = time.perf_counter()
        answers.append(method(net, images, labels))
        print(f"{method.__name__:12} {time.perf_counter() - start:6.3f} s for {n} samples")
    for other in answers[1:]:
        for ours, theirs in zip(answers[0], other, strict=True):
            np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-3, atol=1e-5)
    print("All four agree.")

    length = np.sqrt(sum(g.flatten(1).square().sum(1).numpy() for g in answers[0]))
    order = np.argsort(-length)
    found = wrong[order[: wrong.sum()]].mean()
    print(f"{wrong.sum()} labels are wrong; of as many longest gradients {found:.0%} are theirs.")
    groups = {"right label": length[~wrong], "wrong label": length[wrong]}
    file, title = options.out / "lengths.png", "Length of each sample's gradient"
    pictures.histogram(groups, file, title, "length", "samples")
    first = order[:39]
    captions = [f"{given[i]} ({truth[i]})" if wrong[i] else str(given[i]) for i in first]
    title = "Longest gradients first: label given (true label)"
    sheet = digits.images[first]
    file = options.out / "suspects.png"
    pictures.contact_sheet(sheet, file, title, captions, wrong=list(wrong[first]))
    command_line.show_files(options.out)


if __name__ == "__main__":
    main()
