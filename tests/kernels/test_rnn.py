"""Whole-sequence LSTM, GRU and RNN: PyTorch's values and gradients, packed and reversed too."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from autotn.errors import ShapeError
from autotn.kernels import rnn
from tests.kernels.slope import assert_slope

pytestmark = pytest.mark.usefixtures("kernels")

Array = np.ndarray[Any, Any]

KINDS = ["lstm", "lstm projected", "gru", "tanh", "relu"]
GATES = {"lstm": 4, "lstm projected": 4, "gru": 3, "tanh": 1, "relu": 1}
FORWARD: dict[str, Any] = {"lstm": rnn.lstm, "lstm projected": rnn.lstm, "gru": rnn.gru}
BACKWARD: dict[str, Any] = {"lstm": rnn.lstm_backward, "gru": rnn.gru_backward}
LENGTHS = {
    "padded": None,
    "packed": [5, 5, 4, 2, 2, 2, 1],
    "packed, all at once": [6, 6, 6],
    "packed, one left early": [4, 1],
}


def make_inputs(
    kind: str,
    sizes: tuple[int, int, int, int],
    lengths: list[int] | None,
    bias: bool,
    dtype: str,
) -> dict[str, Array]:
    steps, batch, features, hidden = sizes
    rng = np.random.default_rng(0)
    rows = GATES[kind] * hidden
    state = 3 if kind == "lstm projected" else hidden
    if lengths is not None:
        batch = len(lengths)
    shapes: dict[str, tuple[int, ...]] = {
        "x": (steps, batch, features) if lengths is None else (sum(lengths), features),
        "h0": (batch, state),
        "w_ih": (rows, features),
        "w_hh": (rows, state),
    }
    if kind.startswith("lstm"):
        shapes["c0"] = (batch, hidden)
    if bias:
        shapes["b_ih"] = shapes["b_hh"] = (rows,)
    if kind == "lstm projected":
        shapes["w_hr"] = (state, hidden)
    return {name: rng.standard_normal(shape).astype(dtype) for name, shape in shapes.items()}


def batch_sizes(lengths: list[int] | None) -> list[int] | None:
    if lengths is None:
        return None
    return [sum(length > step for length in lengths) for step in range(max(lengths))]


def run(kind: str, inputs: Mapping[str, Array], **options: Any) -> tuple[tuple[Array, ...], Any]:
    if kind in ("tanh", "relu"):
        options = {"nonlinearity": kind, **options}
    outputs, saved = FORWARD.get(kind, rnn.rnn)(**inputs, **options)
    return outputs, saved


def run_back(
    kind: str, g: list[Array | None], inputs: Mapping[str, Array], saved: Any, **options: Any
) -> dict[str, Array]:
    """The gradients there are, under the names of the inputs."""
    names = ["x", "h0", "c0", "w_ih", "w_hh"] if "c0" in inputs else ["x", "h0", "w_ih", "w_hh"]
    given = [inputs[name] for name in names]
    if kind in ("tanh", "relu"):
        options["nonlinearity"] = kind
    if kind.startswith("lstm"):
        given.append(inputs.get("w_hr"))  # type: ignore[arg-type]
    backward = BACKWARD.get(kind.partition(" ")[0], rnn.rnn_backward)
    named = backward(*g, *given, saved, **options)._asdict()
    named["x"] = named.pop("input")
    return {name: named[name] for name in inputs}


def run_torch(
    torch: Any,
    kind: str,
    inputs: Mapping[str, Array],
    g: list[Array],
    lengths: list[int] | None,
    reverse: bool,
) -> tuple[list[Array], dict[str, Array]]:
    """Values and gradients from the forward or the backward half of a PyTorch layer."""
    name = {"lstm": "LSTM", "lstm projected": "LSTM", "gru": "GRU"}.get(kind, "RNN")
    options: dict[str, Any] = {"nonlinearity": kind} if name == "RNN" else {}
    if "w_hr" in inputs:
        options["proj_size"] = inputs["w_hr"].shape[0]
    tensors = {key: torch.tensor(a, requires_grad=True) for key, a in inputs.items()}
    layer = getattr(torch.nn, name)(
        inputs["x"].shape[-1],
        inputs["w_ih"].shape[0] // GATES[kind],
        bias="b_ih" in inputs,
        bidirectional=True,
        dtype=tensors["x"].dtype,
        **options,
    )
    ends = {"w_ih": "weight_ih", "w_hh": "weight_hh", "b_ih": "bias_ih", "b_hh": "bias_hh"}
    ends["w_hr"] = "weight_hr"
    suffix = "_l0_reverse" if reverse else "_l0"
    weights = {key: getattr(layer, ends[key] + suffix) for key in inputs if key in ends}
    with torch.no_grad():
        for key, weight in weights.items():
            weight.copy_(tensors[key])

    def both(state: Any) -> Any:
        pair = [torch.zeros_like(state), state]
        return torch.stack(pair if reverse else pair[::-1])

    half = slice(tensors["h0"].shape[1], None) if reverse else slice(tensors["h0"].shape[1])
    states = [both(tensors[key]) for key in ("h0", "c0") if key in tensors]
    data = tensors["x"]
    if lengths is not None:
        sizes = torch.tensor(batch_sizes(lengths))
        data = torch.nn.utils.rnn.PackedSequence(data, sizes, None, None)
    output, final = layer(data, tuple(states) if len(states) == 2 else states[0])
    output = output if lengths is None else output.data
    final = final if isinstance(final, tuple) else (final,)
    results = [output[..., half], *(state[int(reverse)] for state in final)]
    sum((out * torch.tensor(a)).sum() for out, a in zip(results, g)).backward()
    gradients = {key: weights.get(key, tensors[key]).grad.numpy() for key in inputs}
    return [out.detach().numpy() for out in results], gradients


def close(ours: Array, theirs: Array, dtype: str, what: str) -> None:
    assert ours.dtype == dtype, what
    assert ours.shape == theirs.shape, what
    scale = float(np.abs(theirs).max(initial=0)) + 1
    tolerance = 4e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * scale, err_msg=what)


#: Steps, sequences, inputs, units.
SIZES = [(7, 4, 3, 5), (5, 1, 3, 4), (2, 1, 3, 70), (4, 20, 6, 8), (1, 2, 1, 4), (1, 1, 2, 4)]
SINGLE = SIZES[1]


@pytest.mark.filterwarnings("ignore:LSTM with projections")  # PyTorch's remark on its own speed
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_values_and_gradients_are_pytorchs(
    torch: Any, kind: str, reverse: bool, dtype: str
) -> None:
    cases = [(sizes, None, bias) for sizes, bias in itertools.product(SIZES, [True, False])]
    packed = [(SIZES[0], lengths, True) for lengths in LENGTHS.values() if lengths is not None]
    for sizes, lengths, bias in [*cases, *packed]:
        inputs = make_inputs(kind, sizes, lengths, bias, dtype)
        options: dict[str, Any] = {"batch_sizes": batch_sizes(lengths), "reverse": reverse}
        outputs, saved = run(kind, inputs, **options)
        rng = np.random.default_rng(3)
        g: list[Array] = [rng.standard_normal(np.shape(out)).astype(dtype) for out in outputs]
        values, gradients = run_torch(torch, kind, inputs, g, lengths, reverse)
        for k, (ours, theirs) in enumerate(zip(outputs, values)):
            close(ours, theirs, dtype, f"output {k} of {sizes}, {lengths}, bias {bias}")
        ours_back = run_back(kind, list(g), inputs, saved, **options)
        for name, gradient in gradients.items():
            close(ours_back[name], gradient, dtype, f"{name} of {sizes}, {lengths}, bias {bias}")


@pytest.mark.parametrize(
    ("sizes", "lengths"),
    [*((SIZES[0], lengths) for lengths in LENGTHS.values()), (SINGLE, None)],
    ids=[*LENGTHS, "single"],
)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_gradients_are_slopes(
    kind: str, reverse: bool, sizes: tuple[int, int, int, int], lengths: list[int] | None
) -> None:
    inputs = make_inputs(kind, sizes, lengths, True, "float64")
    options: dict[str, Any] = {"batch_sizes": batch_sizes(lengths), "reverse": reverse}
    outputs, saved = run(kind, inputs, **options)
    for k, out in enumerate(outputs):
        weights: Array = np.random.default_rng(k).standard_normal(np.shape(out))
        g = [weights if k == j else None for j in range(len(outputs))]
        gradients = run_back(kind, g, inputs, saved, **options)
        assert_slope(
            lambda changed, k=k: run(kind, changed, **options)[0][k],  # type: ignore[misc]
            inputs,
            gradients,
            weights,
            rtol=1e-5,
        )


@pytest.mark.parametrize("kind", KINDS)
def test_chunks_of_the_backward_sweep_do_not_show(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    inputs = make_inputs(kind, SIZES[0], None, True, "float64")
    outputs, saved = run(kind, inputs)
    g: list[Array | None] = [np.ones_like(out) for out in outputs]
    whole = run_back(kind, g, inputs, saved)
    monkeypatch.setattr("autotn.kernels.sweep.CHUNK", 100)
    pieces = run_back(kind, g, inputs, saved)
    for name, gradient in whole.items():
        np.testing.assert_array_equal(gradient, pieces[name], err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch", [1, 4])
def test_nothing_given_or_kept_is_changed(kind: str, batch: int) -> None:
    inputs = make_inputs(kind, (5, batch, 3, 4), None, True, "float32")
    before = {name: a.copy() for name, a in inputs.items()}
    outputs, saved = run(kind, inputs)
    g: list[Array | None] = [np.ones_like(out) for out in outputs]
    first = run_back(kind, g, inputs, saved)
    for out in outputs:
        out.fill(7)  # the caller's own: must not be what the backward sweep reads
    second = run_back(kind, g, inputs, saved)
    for name, a in inputs.items():
        np.testing.assert_array_equal(a, before[name], err_msg=name)
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)
    assert all(np.all(a == 1) for a in g if a is not None)


@pytest.mark.parametrize("sizes", [SIZES[0], SINGLE])
@pytest.mark.parametrize("kind", KINDS)
def test_strided_inputs(kind: str, sizes: tuple[int, int, int, int]) -> None:
    inputs = make_inputs(kind, sizes, None, True, "float64")
    outputs, saved = run(kind, inputs)
    strided = {name: np.asfortranarray(a[::-1])[::-1] for name, a in inputs.items()}
    others, saved_too = run(kind, strided)
    g: list[Array | None] = [np.broadcast_to(1.0, out.shape) for out in outputs]
    ours, theirs = run_back(kind, g, inputs, saved), run_back(kind, g, strided, saved_too)
    for out, other in zip(outputs, others):
        np.testing.assert_allclose(out, other, rtol=1e-12)
    for name in inputs:
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-9, err_msg=name)


@pytest.mark.parametrize("sizes", [SIZES[0], SINGLE])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_needed_is_not_computed(kind: str, sizes: tuple[int, int, int, int]) -> None:
    inputs = make_inputs(kind, sizes, None, True, "float64")
    outputs, saved = run(kind, inputs)
    g: list[Array | None] = [np.ones_like(out) for out in outputs]
    needs = {"need_input": False, "need_weights": False}
    gradients = run_back(kind, g, inputs, saved, **needs)
    given = {name for name, gradient in gradients.items() if gradient is not None}
    assert given == {"h0", "c0"} & set(inputs)


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_batch(kind: str) -> None:
    inputs = make_inputs(kind, (3, 0, 2, 4), None, True, "float32")
    outputs, saved = run(kind, inputs)
    gradients = run_back(kind, list(outputs), inputs, saved)
    assert [len(out.shape) for out in outputs[:2]] == [3, 2]
    assert outputs[0].shape[:2] == (3, 0)
    assert all(gradients[name].shape == a.shape for name, a in inputs.items())
    assert not gradients["w_hh"].any()


@pytest.mark.parametrize("sizes", [SIZES[0], SINGLE])
def test_saturated_gates_stay_finite(sizes: tuple[int, int, int, int]) -> None:
    inputs = make_inputs("lstm", sizes, None, True, "float32")
    inputs["x"] *= 1e6
    outputs, saved = run("lstm", inputs)
    gradients = run_back("lstm", [np.ones_like(out) for out in outputs], inputs, saved)
    assert all(np.isfinite(a).all() for a in [*outputs, *gradients.values()])


def test_bad_shapes_are_named() -> None:
    inputs = make_inputs("lstm", SIZES[0], None, True, "float32")
    with pytest.raises(ShapeError, match=r"w_ih must be \(20, 2\)"):
        run("lstm", {**inputs, "x": inputs["x"][..., :2]})
    with pytest.raises(ShapeError, match="h0 must be"):
        run("lstm", {**inputs, "h0": inputs["h0"][:1]})
    with pytest.raises(ShapeError, match="at least one step"):
        run("lstm", {**inputs, "x": inputs["x"][:0]})
    packed = make_inputs("gru", SIZES[0], [3, 2], True, "float32")
    with pytest.raises(ShapeError, match="add up to 4, the data has 5 rows"):
        run("gru", packed, batch_sizes=[2, 2])
    with pytest.raises(ShapeError, match="must not increase"):
        run("gru", packed, batch_sizes=[1, 2, 2])
    with pytest.raises(ValueError, match="'tanh' or 'relu', got 'gelu'"):
        run("tanh", make_inputs("tanh", SIZES[0], None, True, "float32"), nonlinearity="gelu")
