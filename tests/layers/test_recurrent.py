"""Recurrent layers and cells against PyTorch's."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from tests.layers.against import compare, normal, run_both

pytestmark = pytest.mark.usefixtures("kernels")

# PyTorch says which of its implementations it takes.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")

KINDS = ["RNN", "LSTM", "GRU"]
OPTIONS = [
    {},
    {"bias": False},
    {"num_layers": 2},
    {"bidirectional": True},
    {"num_layers": 3, "bidirectional": True, "batch_first": True},
]


def pair(torch: Any, kind: str, *args: Any, **options: Any) -> tuple[Any, Any]:
    """The same layer twice."""
    ours, theirs = (getattr(library.nn, kind)(*args, **options) for library in (tn, torch))
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(5, 3, 2), (4, 2), (1, 1, 2), (3, 20, 2)])
def test_layers(torch: Any, kind: str, shape: Any, options: dict[str, Any]) -> None:
    compare(torch, kind, (2, 4), options, inputs=[normal(*shape)])


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("shape", [(5, 3, 2), (4, 2)])
def test_relu(torch: Any, shape: Any, options: dict[str, Any]) -> None:
    options = {"nonlinearity": "relu", **options}
    compare(torch, "RNN", (2, 4), options, inputs=[normal(*shape)])


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("shape", [(5, 3, 2), (4, 2)])
def test_projections(torch: Any, shape: Any, options: dict[str, Any]) -> None:
    options = {"proj_size": 3, **options}
    compare(torch, "LSTM", (2, 4), options, inputs=[normal(*shape)])


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("kind", ["RNN", "GRU"])
@pytest.mark.parametrize("single", [True, False])
def test_first_states(torch: Any, kind: str, single: bool, options: dict[str, Any]) -> None:
    rows = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))
    shape, state = ((5, 2), (rows, 4)) if single else ((5, 3, 2), (rows, 3, 4))
    if options.get("batch_first") and not single:
        shape = (3, 5, 2)
    inputs = [normal(*shape), normal(*state)]
    compare(torch, kind, (2, 4), options, inputs=inputs)


@pytest.mark.parametrize("proj_size", [0, 3])
@pytest.mark.parametrize("single", [True, False])
def test_first_states_of_an_lstm(torch: Any, single: bool, proj_size: int) -> None:
    options = {"num_layers": 2, "bidirectional": True, "proj_size": proj_size}
    ours, theirs = pair(torch, "LSTM", 2, 4, **options)
    shape, lead = ((5, 2), (4,)) if single else ((5, 3, 2), (4, 3))

    inputs = [normal(*shape), normal(*lead, proj_size or 4), normal(*lead, 4)]
    run_both(torch, Calls(ours), Calls(theirs), inputs)


class Calls:
    """A layer whose states arrive as two arguments."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.named_parameters = layer.named_parameters
        self.named_buffers = layer.named_buffers

    def __call__(self, input: Any, h: Any, c: Any) -> Any:
        return self.layer(input, (h, c))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("states", [True, False])
@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_packed(
    torch: Any, kind: str, ordered: bool, states: bool, options: dict[str, Any]
) -> None:
    ours, theirs = pair(torch, kind, 2, 4, **options)
    rows = options.get("num_layers", 1) * (1 + options.get("bidirectional", False))
    lengths = [5, 4, 4, 1] if ordered else [4, 1, 5, 4]
    rng = np.random.default_rng(0)
    padded = rng.standard_normal((5, 4, 2)).astype(np.float32)
    first = rng.standard_normal((2, rows, 4, 4)).astype(np.float32)
    weights = rng.standard_normal((5, 4, 8)).astype(np.float32)
    found = []
    for library, layer in ((tn, ours), (torch, theirs)):
        x = library.tensor(padded, requires_grad=True)
        h, c = (library.tensor(f, requires_grad=True) for f in first)
        packed = library.nn.utils.rnn.pack_padded_sequence(x, lengths, enforce_sorted=ordered)
        args = ((h, c) if kind == "LSTM" else h,) if states else ()
        output, last = layer(packed, *args)
        unpacked, _ = library.nn.utils.rnn.pad_packed_sequence(output)
        ends = last if kind == "LSTM" else (last,)
        total = (unpacked * library.tensor(weights[..., : unpacked.shape[-1]])).sum()
        for k, end in enumerate(ends):
            total = total + (end * (k + 1)).sum()
        total.backward()
        leaves = [x, *layer.parameters()]
        if states:
            leaves += [h, c] if kind == "LSTM" else [h]
        found.append([unpacked.detach(), *(e.detach() for e in ends), *(p.grad for p in leaves)])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=3e-5, atol=3e-5)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(), (3,), (1,)])
def test_cells(torch: Any, bias: bool, shape: Any) -> None:
    for kind, options in (("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu"}), ("GRUCell", {})):
        chosen = {"bias": bias, **options}
        for inputs in ([normal(*shape, 2)], [normal(*shape, 2), normal(*shape, 4)]):
            compare(torch, kind, (2, 4), chosen, inputs=inputs)
    compare(torch, "LSTMCell", (2, 4), {"bias": bias}, inputs=[normal(*shape, 2)])
    ours, theirs = pair(torch, "LSTMCell", 2, 4, bias=bias)
    inputs = [normal(*shape, n) for n in (2, 4, 4)]
    run_both(torch, Calls(ours), Calls(theirs), inputs)


@pytest.mark.parametrize("kind", KINDS)
def test_double_precision(torch: Any, kind: str) -> None:
    ours, theirs = pair(torch, kind, 2, 4, num_layers=2, bidirectional=True)
    x = np.random.default_rng(0).standard_normal((5, 3, 2))
    output = ours.double()(tn.tensor(x))[0]
    expected = theirs.double()(torch.tensor(x))[0]
    assert output.dtype == tn.float64
    np.testing.assert_allclose(output.detach().numpy(), expected.detach().numpy(), rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bidirectional", [True, False])
def test_second_derivatives(kind: str, bidirectional: bool) -> None:
    layer = getattr(nn, kind)(2, 3, 2, bidirectional=bidirectional, dtype=tn.float64)
    x = tn.randn(3, 2, 2, dtype=tn.float64, requires_grad=True)
    assert tn.autograd.gradcheck(lambda x: layer(x)[0], (x,))
    assert tn.autograd.gradgradcheck(lambda x: layer(x)[0], (x,))


def test_a_cell_step_by_step_is_the_layer() -> None:
    for kind in KINDS:
        layer, cell = getattr(nn, kind)(2, 3), getattr(nn, f"{kind}Cell")(2, 3)
        state = {name.removesuffix("_l0"): value for name, value in layer.state_dict().items()}
        cell.load_state_dict(state)
        x = tn.randn(4, 5, 2)
        hx = None
        for step in x:
            hx = cell(step, hx)
        last = hx[0] if kind == "LSTM" else hx
        assert tn.allclose(layer(x)[0][-1], last, atol=1e-6)


def test_dropout_acts_between_layers_in_training_only() -> None:
    layer = nn.LSTM(2, 50, 2, dropout=0.5)
    x = tn.randn(4, 3, 2)
    assert not tn.equal(layer(x)[0], layer(x)[0])
    layer.eval()
    assert tn.equal(layer(x)[0], layer(x)[0])
    everything = nn.GRU(2, 5, 2, dropout=1.0)
    nothing = nn.GRU(2, 5, 2)
    nothing.load_state_dict(everything.state_dict())
    with tn.no_grad():
        nothing.weight_ih_l1.zero_()
    assert tn.allclose(everything(x)[0], nothing(x)[0], atol=1e-6)
    with pytest.warns(UserWarning, match="between layers"):
        nn.LSTM(2, 3, dropout=0.5)


def test_initial_values() -> None:
    for layer in (nn.LSTM(5, 100), nn.GRUCell(5, 100)):
        values = np.concatenate([p.detach().numpy().ravel() for p in layer.parameters()])
        assert 0.099 < abs(values).max() <= 0.1


def test_outputs_may_be_overwritten() -> None:
    layer = nn.LSTM(2, 3)
    x = tn.randn(4, 1, 2)
    expected = tn.autograd.grad(layer(x)[0].sum(), layer.weight_ih_l0)[0]
    output, _ = layer(x)
    total = output.sum()
    output.detach().zero_()
    assert tn.equal(tn.autograd.grad(total, layer.weight_ih_l0)[0], expected)


def test_all_weights() -> None:
    layer = nn.LSTM(2, 3, 2, bidirectional=True, proj_size=1)
    flat = itertools.chain(*layer.all_weights)
    assert all(a is b for a, b in zip(flat, layer.parameters(), strict=True))
    layer.flatten_parameters()


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: nn.LSTM(2, 3)(tn.ones(4, 5, 3)), RuntimeError, "Expected 2, got 3"),
        (lambda: nn.LSTM(2, 3)(tn.ones(2)), ValueError, "2D or 3D, got 1D"),
        (lambda: nn.LSTM(2, 3)(tn.ones(0, 5, 2)), RuntimeError, "at least one step"),
        (lambda: nn.LSTM(2, 3)(tn.ones(4, 5, 2).double()), RuntimeError, "does not match weight"),
        (lambda: nn.GRU(2, 3)(tn.ones(4, 5, 2), tn.ones(1, 4, 3)), RuntimeError, r"\(1, 5, 3\)"),
        (lambda: nn.GRU(2, 3)(tn.ones(4, 5, 2), tn.ones(5, 3)), RuntimeError, "batched 3-D"),
        (lambda: nn.GRU(2, 3)(tn.ones(4, 2), tn.ones(1, 1, 3)), RuntimeError, "unbatched 2-D"),
        (lambda: nn.LSTM(2, 3)(tn.ones(4, 5, 2), tn.ones(1, 5, 3)), RuntimeError, "pair"),
        (lambda: nn.GRU(2, 3, proj_size=1), ValueError, "only supported for LSTM"),
        (lambda: nn.RNN(2, 3, proj_size=1), ValueError, "only supported for LSTM"),
        (lambda: nn.RNN(2, 3, nonlinearity="x"), ValueError, "Unknown nonlinearity"),
        (lambda: nn.LSTM(2, 3, proj_size=3), ValueError, "smaller than hidden_size"),
        (lambda: nn.LSTM(2, 3, proj_size=-1), ValueError, "positive integer or zero"),
        (lambda: nn.LSTM(0, 3), ValueError, "input_size must be greater than zero"),
        (lambda: nn.LSTM(2, 3, 0), ValueError, "num_layers must be greater than zero"),
        (lambda: nn.LSTM(2, 3.0), TypeError, "hidden_size should be of type int"),
        (lambda: nn.LSTM(2, 3, dropout=2), ValueError, "range"),
        (lambda: nn.LSTMCell(2, 3)(tn.ones(4, 3)), RuntimeError, "got 3 expected 2"),
        (lambda: nn.RNNCell(2, 3)(tn.ones(4, 2), tn.ones(4, 4)), RuntimeError, "hidden_size"),
        (lambda: nn.GRUCell(2, 3)(tn.ones(1, 4, 2)), ValueError, "1D or 2D, got 3D"),
        (lambda: nn.RNNCell(2, 3, nonlinearity="x")(tn.ones(2)), RuntimeError, "Unknown"),
    ],
)
def test_refusals(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call()
