"""Derived formulas are worked out with NumPy, as they are printed, and give what backward gives."""

from __future__ import annotations

import re

import numpy as np
import pytest

import autotn as tn
from autotn import nn

WORDS = {
    **{f: getattr(np, f) for f in ("exp", "log", "tanh", "sin", "cos", "sqrt", "sign", "abs")},
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "max": np.maximum,
    "sum": np.sum,
    "mean": np.mean,
    "outer": np.outer,
    "ones": 1.0,
}


def neuron(x, w, b, t):
    z = w @ x + b
    y = z.sigmoid()
    E = (y - t) ** 2
    return E  # noqa: RET504 - the name stands in the formulas


def network(X, W1, b1, W2, b2, T):
    H = (X @ W1 + b1).tanh()
    Y = H @ W2 + b2
    E = ((Y - T) ** 2).mean()
    return E  # noqa: RET504 - the name stands in the formulas


def tangle(a, c):
    q = a * c + a**3 - c / a
    r = q.sqrt() * a.sin() - (-q).exp()
    L = q * r.exp() - r.log() / q
    return L  # noqa: RET504 - the name stands in the formulas


def rectified(x, w, b):
    h = nn.functional.relu(w * x + b)
    s = (h * h).sum()
    return s  # noqa: RET504 - the name stands in the formulas


def layers(x, weight, bias):
    y = nn.functional.linear(x, weight, bias)
    E = y.square().sum()
    return E  # noqa: RET504 - the name stands in the formulas


def tensors(seed, **shapes):
    rng = np.random.default_rng(seed)
    return {k: tn.tensor(rng.uniform(0.5, 1.5, s), requires_grad=True) for k, s in shapes.items()}


CASES = {
    "neuron": (neuron, dict(x=2, w=2, b=(), t=())),
    "network": (network, dict(X=(5, 3), W1=(3, 4), b1=4, W2=(4, 2), b2=2, T=(5, 2))),
    "tangle": (tangle, dict(a=(), c=())),
    "broadcast": (rectified, dict(x=(4, 3), w=(1, 3), b=(4, 1))),
    "linear": (layers, dict(x=(4, 3), weight=(2, 3), bias=2)),
    "linear, one example": (layers, dict(x=3, weight=(2, 3), bias=2)),
}


@pytest.mark.parametrize("case", CASES)
def test_every_line_of_the_chain_is_the_gradient(case) -> None:
    function, shapes = CASES[case]
    given = tensors(0, **shapes)
    d = tn.derive(function, *given.values())
    known = {name: t.detach().numpy() for name, t in given.items()} | WORDS
    for name, _, right in d.forward:
        known[name] = eval(right.text, {}, known)
    loss = function(**given)
    assert known[d.loss] == pytest.approx(loss.item())
    loss.backward()
    symbols: dict[str, str] = {}
    for k, gradient in enumerate(d.gradients.values()):
        for step in gradient.steps:
            text = step.text
            for symbol, stand_in in symbols.items():
                text = re.sub(re.escape(symbol) + r"(?!\w)", stand_in, text)
            found = np.asarray(eval(text, {}, known))
            if gradient.name in given:
                np.testing.assert_allclose(found, given[gradient.name].grad.numpy(), 1e-6)
        symbols[gradient.symbol.text] = f"d{k}"
        known[f"d{k}"] = found
    assert set(given) <= set(d.gradients)


def test_the_neuron_of_the_article() -> None:
    given = tensors(1, x=2, w=2, b=())
    x, w, b = given["x"].detach(), given["w"], given["b"]
    y_true = tn.tensor(1.0, dtype=tn.float64)
    z = w @ x + b
    y = tn.sigmoid(z)
    E = (y - y_true) ** 2
    assert str(tn.derive(E)).splitlines() == [
        "forward",
        "  z = w @ x + b",
        "  y = sigmoid(z)",
        "  E = (y - y_true)**2",
        "  E = (sigmoid(w @ x + b) - y_true)**2",
        "backward",
        "  ∂E/∂y = 2 * (y - y_true)",
        "  ∂E/∂z = ∂E/∂y * y * (1 - y)",
        "        = 2 * (y - y_true) * y * (1 - y)",
        "  ∂E/∂w = ∂E/∂z * x",
        "        = 2 * (y - y_true) * y * (1 - y) * x",
        "  ∂E/∂b = ∂E/∂z",
        "        = 2 * (y - y_true) * y * (1 - y)",
    ]


def test_latex_of_matrices() -> None:
    given = tensors(2, X=(5, 3), W1=(3, 4), b1=4, W2=(4, 2), b2=2, T=(5, 2))
    d = tn.derive(network, *given.values())
    assert d.block("W1").splitlines()[1:-1] == [
        r"\frac{\partial E}{\partial W_{1}} &= X^\top \left(\frac{\partial E}{\partial H} \odot "
        r"\left(1 - H^2\right)\right) \\",
        r"&= X^\top \left(\frac{1}{5}\,\left(Y - T\right)\,W_{2}^\top \odot \left(1 - H^2\right)\right)",
    ]
    assert d.latex.count("$$") == 2 * len(d.blocks())
    assert d._repr_latex_() == d.latex
    for block in d.blocks():
        assert block.count("{") == block.count("}")
        assert block.count(r"\left") == block.count(r"\right")


def test_modules_are_read_too() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    d = tn.derive(lambda x: model(x).square().sum(), tn.ones(4, 2))
    assert set(d.gradients) == {"0.weight", "0.bias", "2.weight", "2.bias"}


def test_what_makes_no_formula_is_refused() -> None:
    x = tn.ones(2, requires_grad=True)
    y = x
    for _ in range(100):
        y = y * x
    with pytest.raises(ValueError, match="101 calls"):
        tn.derive(y.sum())
    with pytest.raises(ValueError, match="2 tensors"):
        tn.derive(lambda x: (x * 2, x * 3), x)
    with pytest.raises(ValueError, match="failed"):
        tn.derive(lambda x: x * tn.ones(3), x)
    with pytest.raises(TypeError, match="int"):
        tn.derive(3)
