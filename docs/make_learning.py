"""Write the chapter on learning: ``python docs/make_learning.py [FILE]``.

Every formula in it is derived by `tn.derive` from the code beside it, and every number is computed, so the
chapter cannot say anything the library does not do.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import autotn as tn

PAGE = Path(__file__).parent / "learning.md"


def figure(x: tn.Tensor) -> str:
    """A number or a short array, in three digits."""
    values = x.detach().numpy()
    if values.ndim == 0:
        return f"{values.item():.3g}"
    return "[" + ", ".join(f"{v:.3g}" for v in values.ravel()) + "]"


def display(formula: str) -> str:
    return f"$$\n{formula}\n$$"


def one_neuron() -> Iterator[str]:
    yield """# Learning

How does a network learn? By the chain rule, applied from the last operation to the first. This chapter
follows one neuron, then two layers of them. Its formulas are not typed in: `tn.derive` reads them off the
code that ran, and the numbers beside them are what `backward` computed. `python docs/make_learning.py`
writes the chapter anew.

## One neuron

A neuron weighs its inputs $x$, adds a bias and bends the sum $z$ by an activation. How far its answer $y$
is from the truth is the error $E$, here the square of the difference:

```py
z = w @ x + b
y = tn.sigmoid(z)
E = (y - y_true) ** 2
```
"""
    x, y_true = tn.tensor([1.0, 2.0]), tn.tensor(1.0)
    w = tn.tensor([0.5, -0.75], requires_grad=True)
    b = tn.tensor(0.25, requires_grad=True)
    z = w @ x + b
    y = tn.sigmoid(z)
    E = (y - y_true) ** 2
    d = tn.derive(E)
    for t in (z, y):
        t.retain_grad()
    E.backward()
    yield display(d.blocks()[0])
    yield f"""
With $w$ = {figure(w)}, $b$ = {figure(b)} and the input $x$ = {figure(x)} it answers $y$ = {figure(y)}, where
{figure(y_true)} would be right: an error of {figure(E)}.

What should change? The derivative of $E$ by a quantity says how $E$ answers to a small push of it. By the
answer itself that is easy to see:
"""
    yield display(d.block("y"))
    yield f"""
which is {figure(y.grad)} here: negative, so a larger answer makes the error smaller. But the answer can't
be pushed, only what it is made of. The chain rule goes one operation back: the derivative that is known
already (the *upstream* gradient) times the operation's own (the *local* derivative). The sigmoid's local
derivative is $y (1 - y)$, told from its result alone:
"""
    yield display(d.block("z"))
    yield """
One step further are the quantities that can be changed. The sum's derivative by a weight is that weight's
input; by the bias it is one:
"""
    yield display(d.block("w"))
    yield display(d.block("b"))
    yield f"""
In numbers, $\\partial E / \\partial z$ = {figure(z.grad)}, $\\partial E / \\partial w$ = {figure(w.grad)},
$\\partial E / \\partial b$ = {figure(b.grad)}. The second input is twice as large, and so is the blame its
weight gets.

These were all the steps. Nothing in them depended on what comes before $x$ or after $E$: each operation
needs the gradient that arrives and the values it worked with, and passes one on to each input. That is
*back-propagation*.

## A step downhill

Every parameter moves a little against its gradient, $\\epsilon$ being the learning rate:

$$
w' = w - \\epsilon \\frac{{\\partial E}}{{\\partial w}}, \\qquad b' = b - \\epsilon \\frac{{\\partial
E}}{{\\partial b}} $$
"""
    rows = []
    for step in range(51):
        y = tn.sigmoid(w @ x + b)
        E = (y - y_true) ** 2
        if step % 10 == 0:
            rows.append(f"| {step} | {figure(y)} | {figure(E)} | {figure(w)} | {figure(b)} |")
        w.grad = b.grad = None
        E.backward()
        with tn.no_grad():
            w -= 1.0 * w.grad
            b -= 1.0 * b.grad
    yield "Again and again, with $\\epsilon = 1$:\n"
    yield "\n".join(
        ["| step | answer | error | $w$ | $b$ |", "| ---: | ---: | ---: | --- | ---: |", *rows]
    )


def used_twice() -> Iterator[str]:
    yield """
## What is used twice

A result may go into several operations. Each of them sends a gradient back, and they add up, because a
push of the result reaches the error by every path at once. Here $h$ goes into a product twice, and into a sum:

```py
h = tn.tanh(a)
E = h * h + h
```
"""
    a = tn.tensor(0.5, requires_grad=True)
    h = tn.tanh(a)
    E = h * h + h
    d = tn.derive(E)
    h.retain_grad()
    E.backward()
    yield display(d.block("h"))
    yield display(d.block("a"))
    yield f"""
With $a$ = {figure(a)}: $h$ = {figure(h)}, $\\partial E / \\partial h$ = {figure(h.grad)},
$\\partial E / \\partial a$ = {figure(a.grad)}. This is also how a neuron inside a network gets its
gradient: it is the sum of what all neurons that read its answer send back.
"""


def two_layers() -> Iterator[str]:
    yield """## Layers are matrices

The neurons of a layer read the same inputs, each with weights of its own: the rows of inputs times a
matrix. Two layers, and the mean error over a batch of four examples:

```py
H = tn.tanh(X @ W1 + b1)
Y = H @ W2 + b2
E = ((Y - T) ** 2).mean()
```
"""
    tn.manual_seed(0)
    double = tn.float64
    X = tn.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], dtype=double)
    T = tn.tensor([[0.0], [1.0], [1.0], [0.0]], dtype=double)
    W1 = tn.randn(2, 3, dtype=double, requires_grad=True)
    W2 = tn.randn(3, 1, dtype=double, requires_grad=True)
    b1 = tn.zeros(3, dtype=double, requires_grad=True)
    b2 = tn.zeros(1, dtype=double, requires_grad=True)

    def network(
        X: tn.Tensor, T: tn.Tensor, W1: tn.Tensor, b1: tn.Tensor, W2: tn.Tensor, b2: tn.Tensor
    ) -> tn.Tensor:
        H = tn.tanh(X @ W1 + b1)
        Y = H @ W2 + b2
        E = ((Y - T) ** 2).mean()
        return E  # noqa: RET504 - the name stands in the formulas

    d = tn.derive(network, X, T, W1, b1, W2, b2)
    yield display(d.blocks()[0])
    yield """
The steps are those of the single neuron. A product of matrices sends back two products of matrices: to the
weights, the inputs that met them, times the gradient; to the inputs, the gradient through the same
weights. A bias was added to every row, so it gets the sum of the rows.
"""
    for name in ("Y", "W2", "b2", "H", "W1", "b1"):
        yield display(d.block(name))
    parameters = [W1, b1, W2, b2]
    rows = []
    for step in range(101):
        E = network(X, T, *parameters)
        if step % 20 == 0:
            rows.append(f"| {step} | {figure(E)} |")
        for p in parameters:
            p.grad = None
        E.backward()
        with tn.no_grad():
            for p in parameters:
                p -= 0.3 * p.grad
    with tn.no_grad():
        Y = tn.tanh(X @ W1 + b1) @ W2 + b2
    yield """
$\\odot$ multiplies element by element. The task is *exclusive or*, which no single neuron can do: the
answer is to be one where exactly one input is. After some steps downhill two layers can:
"""
    yield "\n".join(["| step | error |", "| ---: | ---: |", *rows])
    answers = ", ".join(f"{abs(v):.2f}" for v in Y.numpy().ravel())
    yield f"""
The answers to the four examples, whose truths are 0, 1, 1, 0, are now {answers}.

To watch every one of these steps with its numbers, save a training step as a film and open it in a browser:

```py
def step(X, T):
    network(X, T, W1, b1, W2, b2).backward()

tn.graph(step, X, T).save("step.html")
```
"""


def main() -> None:
    page = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    parts = [*one_neuron(), *used_twice(), *two_layers()]
    text = "\n".join(part.strip("\n") + "\n" for part in parts)
    page.write_text(text, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
