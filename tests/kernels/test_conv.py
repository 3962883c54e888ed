"""Convolution: the definition, PyTorch's values and gradients, and every form of the product."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from autotn.errors import DTypeError, ShapeError
from autotn.kernels import conv, conv_band, conv_planes, conv_rows
from autotn.kernels.conv import conv_forward, conv_input_gradient, conv_weight_gradient
from autotn.kernels.window import (
    Geometry,
    col2im,
    conv_geometry,
    im2col,
    padding_pairs,
    pool_geometry,
    windows,
)

pytestmark = pytest.mark.usefixtures("kernels")

Array = np.ndarray[Any, Any]

#: Shape of input and weight, stride, padding, dilation, groups.
CASES: dict[str, tuple[Any, ...]] = {
    "plain": ((2, 3, 7, 8), (4, 3, 3, 3), 1, 0, 1, 1),
    "same size": ((3, 4, 12, 12), (5, 4, 3, 3), 1, 1, 1, 1),
    "many channels": ((2, 16, 12, 11), (20, 16, 3, 3), 1, 1, 1, 1),
    "small planes": ((9, 12, 4, 4), (7, 12, 3, 3), 1, 1, 1, 1),
    "few channels": ((2, 1, 28, 28), (6, 1, 5, 5), 1, 2, 1, 1),
    "kernel as large as the input": ((3, 4, 5, 5), (6, 4, 5, 5), 1, 0, 1, 1),
    "1x1": ((2, 6, 10, 10), (8, 6, 1, 1), 1, 0, 1, 1),
    "1x1 on one place": ((5, 6, 1, 1), (8, 6, 1, 1), 1, 0, 1, 1),
    "1x1 with stride": ((2, 6, 9, 10), (4, 6, 1, 1), 2, 0, 1, 1),
    "1x1 with padding": ((2, 2, 4, 4), (3, 2, 1, 1), 1, 1, 1, 1),
    "stride": ((2, 5, 13, 14), (6, 5, 3, 3), 2, 1, 1, 1),
    "stride beyond the kernel": ((2, 3, 17, 16), (4, 3, 2, 2), (3, 4), 0, 1, 1),
    "stride and dilation": ((2, 3, 21, 20), (4, 3, 3, 3), 2, 3, (3, 2), 1),
    "dilation": ((2, 20, 14, 14), (8, 20, 3, 3), 1, 2, 2, 1),
    "different per axis": ((2, 3, 11, 9), (4, 3, 2, 4), (2, 1), (0, 2), (1, 2), 1),
    "padding beyond the kernel": ((2, 2, 3, 3), (3, 2, 2, 2), 1, 4, 1, 1),
    "long kernel": ((2, 3, 9, 12), (4, 3, 1, 7), 1, (0, 3), 1, 1),
    "tall kernel": ((2, 3, 12, 9), (4, 3, 7, 1), 1, (3, 0), 1, 1),
    "groups": ((2, 6, 10, 10), (9, 2, 3, 3), 1, 1, 1, 3),
    "groups and stride": ((2, 8, 11, 11), (4, 4, 3, 3), 2, 1, 1, 2),
    "depthwise": ((2, 5, 9, 8), (5, 1, 3, 3), 1, 1, 1, 5),
    "depthwise, wide": ((2, 3, 20, 40), (3, 1, 5, 11), 1, (2, 5), 1, 3),
    "depthwise, several outputs": ((2, 4, 9, 9), (12, 1, 3, 3), 1, 1, 1, 4),
    "depthwise with stride": ((2, 4, 13, 12), (4, 1, 3, 3), 2, 1, 1, 4),
    "depthwise with long stride": ((2, 4, 30, 28), (4, 1, 5, 5), (4, 3), 2, (1, 2), 4),
    "depthwise 1x1": ((2, 4, 6, 6), (4, 1, 1, 1), 1, 0, 1, 4),
    "conv1d": ((3, 8, 50), (6, 8, 5), 1, 2, 1, 1),
    "conv1d, long kernel, stride": ((2, 1, 200), (4, 1, 40), 4, 0, 1, 1),
    "conv1d, dilation": ((3, 30, 120), (6, 30, 3), 1, 4, 4, 1),
    "conv1d, depthwise": ((3, 4, 70), (8, 1, 9), 1, 4, 1, 4),
    "conv3d": ((2, 3, 5, 6, 7), (4, 3, 3, 3, 3), 1, 1, 1, 1),
    "conv3d, stride": ((1, 4, 8, 7, 6), (6, 2, 2, 3, 1), (2, 1, 2), (1, 0, 1), (1, 2, 1), 2),
    "conv3d, depthwise": ((2, 3, 4, 6, 6), (3, 1, 3, 3, 3), 1, 1, 1, 3),
    "empty batch": ((0, 3, 7, 8), (4, 3, 3, 3), 1, 1, 1, 1),
    "empty batch, depthwise": ((0, 3, 7, 8), (3, 1, 3, 3), 1, 1, 1, 3),
    "no channels": ((2, 0, 7, 8), (4, 0, 3, 3), 1, 1, 1, 1),
}


def arrays(*shapes: tuple[int, ...], dtype: Any = np.float64) -> list[Array]:
    rng = np.random.default_rng(0)
    drawn = [rng.standard_normal(shape) for shape in shapes]
    if np.dtype(dtype).kind == "c":
        drawn = [a + 1j * rng.standard_normal(a.shape) for a in drawn]
    return [a.astype(dtype) for a in drawn]


def tolerance(dtype: Any) -> Any:
    return {"rtol": 1e-4, "atol": 1e-4} if np.finfo(dtype).eps > 1e-8 else {"atol": 1e-10}


def definition(x: Array, w: Array, at: Geometry, groups: int) -> Array:
    """Convolution as one writes it down: windows of the padded input, times the kernel, summed."""
    reach = [(o - 1) * s + d * (k - 1) + 1 for o, s, d, k in
             zip(at.out, at.stride, at.dilation, at.kernel)]  # fmt: skip
    after = [r - n - b for r, n, b in zip(reach, at.size, at.before)]
    pads = [(max(0, b), max(0, a)) for b, a in zip(at.before, after)]
    padded = np.pad(x, [(0, 0), (0, 0), *pads])
    seen = windows(padded, at.kernel, at.stride, at.dilation)
    seen = seen[(slice(None), slice(None), *(slice(n) for n in at.out))]
    seen = seen.reshape(len(x), groups, w.shape[1], *seen.shape[2:])
    w = w.reshape(groups, len(w) // groups, *w.shape[1:])
    dims = len(at.out)
    places, cells = "uvw"[:dims], "ijk"[:dims]
    y = np.einsum(f"ngc{places}{cells},goc{cells}->ngo{places}", seen, w)
    return y.reshape(len(x), math.prod(w.shape[:2]), *at.out)


def torch_conv(torch: Any, x: Array, w: Array, options: tuple[Any, ...]) -> tuple[Any, Any, Any]:
    """PyTorch's output, and its input tensors."""
    tx, tw = (torch.tensor(a, requires_grad=True) for a in (x, w))
    conv = getattr(torch.nn.functional, f"conv{x.ndim - 2}d")
    stride, padding, dilation, groups = options
    return conv(tx, tw, None, stride, padding, dilation, groups), tx, tw


def check_against_torch(torch: Any, x: Array, w: Array, options: tuple[Any, ...]) -> None:
    y, tx, tw = torch_conv(torch, x, w, options)
    (g,) = arrays(tuple(y.shape), dtype=x.dtype)
    y.backward(torch.tensor(g))
    given = [
        conv_forward(x, w, *options),
        conv_input_gradient(g, w, x.shape, *options),
        conv_weight_gradient(g, x, w.shape, *options),
    ]
    for ours, theirs in zip(given, (y.detach(), tx.grad, tw.grad)):
        assert ours.dtype == x.dtype
        np.testing.assert_allclose(ours, theirs.numpy(), **tolerance(x.dtype))


# PyTorch answers an input without channels with an output without channels, whatever the weight.
@pytest.mark.parametrize("small", [0, 24_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", [case for case in CASES if case != "no channels"])
def test_values_and_gradients_are_pytorchs(
    torch: Any, case: str, dtype: Any, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conv, "SMALL", small)
    x_shape, w_shape, *options = CASES[case]
    x, w = arrays(x_shape, w_shape, dtype=dtype)
    check_against_torch(torch, x, w, tuple(options))


@pytest.mark.parametrize("dtype", [np.float32, np.complex64])
@pytest.mark.parametrize("case", CASES)
def test_values_are_the_definition_and_gradients_its_adjoints(case: str, dtype: Any) -> None:
    x_shape, w_shape, *options = CASES[case]
    x, w = arrays(x_shape, w_shape, dtype=dtype)
    stride, padding, dilation, groups = options
    at = conv_geometry(x_shape[2:], w_shape[2:], stride, padding, dilation, "conv")
    y = conv_forward(x, w, *options)
    np.testing.assert_allclose(y, definition(x, w, at, groups), **tolerance(dtype))
    (g,) = arrays(y.shape, dtype=dtype)
    gx = conv_input_gradient(g, w, x_shape, *options)
    gw = conv_weight_gradient(g, x, w_shape, *options)
    assert (y.dtype, gx.dtype, gw.dtype) == (dtype, dtype, dtype)
    assert (gx.shape, gw.shape) == (x_shape, w_shape)
    slope = (g * y).sum()
    np.testing.assert_allclose([(gx * x).sum(), (gw * w).sum()], [slope, slope], rtol=1e-3)


@st.composite
def geometries(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...], tuple[Any, ...]]:
    """Shapes of input and weight, and options, that fit each other."""
    dims = draw(st.integers(1, 3))

    def each(low: int, high: int) -> tuple[int, ...]:
        return tuple(draw(st.integers(low, high)) for _ in range(dims))

    kernel, stride, padding, dilation = each(1, 4), each(1, 3), each(0, 3), each(1, 3)
    room = each(0, (40, 12, 5)[dims - 1])
    reach = [d * (k - 1) + 1 - 2 * p for k, d, p in zip(kernel, dilation, padding)]
    size = tuple(max(1, r + n) for r, n in zip(reach, room))
    groups = draw(st.integers(1, 4))
    depth, outputs = draw(st.sampled_from([1, 1, 2, 3, 9])), draw(st.sampled_from([1, 1, 2, 5]))
    batch = draw(st.integers(0, 4))
    x, w = (batch, depth * groups, *size), (outputs * groups, depth, *kernel)
    return x, w, (stride, padding, dilation, groups)


@settings(max_examples=400)
@given(geometries(), st.sampled_from([np.float32, np.float64]), st.sampled_from([0, 24_000]))
def test_any_geometry_is_pytorchs(torch: Any, drawn: Any, dtype: Any, small: int) -> None:
    x_shape, w_shape, options = drawn
    x, w = arrays(x_shape, w_shape, dtype=dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conv, "SMALL", small)
        check_against_torch(torch, x, w, options)


FORMS: dict[str, dict[str, Any]] = {
    "all at once": {"SMALL": math.inf},
    "slices": {"WIDE": 0, "DEEP": 0, "SUMS": 0},
    "columns": {"WIDE": 0, "DEEP": math.inf},
    "columns side by side": {"WIDE": math.inf},
    "one sample at a time": {"BLOCK": 1},
    "a few windows at a time": {"BLOCK": 1, "LARGE": 2000},
    "gradient correlated": {"OUTPUTS": math.inf, "PLACES": math.inf},
    "gradient scattered": {"OUTPUTS": 0},
}


@pytest.mark.parametrize("bands", ["never", "always", "one sample", "short lines"])
@pytest.mark.parametrize("case", CASES)
def test_bands_agree(case: str, bands: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = results(case)
    monkeypatch.setattr(conv_band, "suits", lambda *_: bands != "never")
    monkeypatch.setattr(conv_planes, "suits", lambda *_: False)
    monkeypatch.setattr(conv, "SMALL", 0)
    if bands == "one sample":
        monkeypatch.setattr(conv_band, "BLOCK", 1)
    if bands == "short lines":
        monkeypatch.setattr(conv_band, "WIDEST", 2)
        monkeypatch.setattr(conv_band, "TILE", 3)
    for ours, theirs in zip(results(case), expected):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("case", CASES)
def test_all_forms_agree(case: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = results(case)
    for module in (conv_band, conv_planes, conv_rows):
        monkeypatch.setattr(module, "suits", lambda *_: False)
    monkeypatch.setattr(conv, "SMALL", 0)
    for name, value in FORMS[form].items():
        monkeypatch.setattr(conv, name, value)
    for ours, theirs in zip(results(case), expected):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


@pytest.mark.parametrize("form", ["rows", "rows of one sample", "planes", "planes of one sample"])
@pytest.mark.parametrize("case", CASES)
def test_rows_and_planes_agree(case: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = results(case)
    module = conv_rows if form.startswith("rows") else conv_planes
    monkeypatch.setattr(conv, "SMALL", 0)
    monkeypatch.setattr(conv_band, "suits", lambda *_: False)
    monkeypatch.setattr(conv_rows, "FEWEST", 0)
    monkeypatch.setattr(conv_rows, "THIN", 1 if module is conv_rows else math.inf)
    if form.endswith("one sample"):
        monkeypatch.setattr(module, "BLOCK", 1)
    for ours, theirs in zip(results(case), expected):
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


def results(case: str) -> list[Array]:
    x_shape, w_shape, *options = CASES[case]
    x, w = arrays(x_shape, w_shape)
    y = conv_forward(x, w, *options)
    (g,) = arrays(y.shape)
    return [
        y,
        conv_input_gradient(g, w, x_shape, *options),
        conv_weight_gradient(g, x, w_shape, *options),
    ]


LAYOUTS = {
    "transposed": lambda a: np.asfortranarray(a),
    "reversed": lambda a: np.flip(a).copy()[(slice(None, None, -1),) * a.ndim],
    "every other": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "read only": lambda a: as_read_only(a),
}


def as_read_only(a: Array) -> Array:
    a = a.copy()
    a.flags.writeable = False
    return a


@pytest.mark.parametrize("small", [0, 24_000])
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("case", ["same size", "many channels", "1x1", "depthwise", "conv1d"])
def test_any_memory_layout_serves(
    case: str, layout: str, small: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conv, "SMALL", small)
    x_shape, w_shape, *options = CASES[case]
    x, w = arrays(x_shape, w_shape)
    y, gx, gw = results(case)
    (g,) = arrays(y.shape)
    laid_x, laid_w, laid_g = (LAYOUTS[layout](a) for a in (x, w, g))
    np.testing.assert_allclose(conv_forward(laid_x, laid_w, *options), y, atol=1e-12)
    given = conv_input_gradient(laid_g, laid_w, x_shape, *options)
    np.testing.assert_allclose(given, gx, atol=1e-12)
    given = conv_weight_gradient(laid_g, laid_x, w_shape, *options)
    np.testing.assert_allclose(given, gw, atol=1e-12)


def test_a_repeated_gradient_serves() -> None:
    x_shape, w_shape, *options = CASES["many channels"]
    x, w = arrays(x_shape, w_shape)
    y = conv_forward(x, w, *options)
    g = np.broadcast_to(np.float64(2), y.shape)
    for by, against in ((conv_input_gradient, w), (conv_weight_gradient, x)):
        shape = x_shape if by is conv_input_gradient else w_shape
        np.testing.assert_allclose(
            by(g, against, shape, *options), by(g.copy(), against, shape, *options)
        )


@pytest.mark.parametrize("case", ["plain", "stride", "depthwise", "depthwise with stride", "1x1"])
@pytest.mark.parametrize("small", [0, 24_000])
def test_inputs_stay_as_they_are(case: str, small: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conv, "SMALL", small)
    x_shape, w_shape, *options = CASES[case]
    x, w = arrays(x_shape, w_shape)
    y = conv_forward(x, w, *options)
    (g,) = arrays(y.shape)
    before = [a.copy() for a in (x, w, g)]
    conv_input_gradient(g, w, x_shape, *options)
    conv_weight_gradient(g, x, w_shape, *options)
    for array, copy in zip((x, w, g), before):
        np.testing.assert_array_equal(array, copy)


def test_half_precision_is_computed_in_single() -> None:
    x, w = arrays((2, 40, 8, 8), (4, 40, 3, 3), dtype=np.float16)
    exact = conv_forward(x.astype("f8"), w.astype("f8"), 1, 1)
    y = conv_forward(x, w, 1, 1)
    gx, gw = conv_input_gradient(y, w, x.shape, 1, 1), conv_weight_gradient(y, x, w.shape, 1, 1)
    assert (y.dtype, gx.dtype, gw.dtype) == (np.float16,) * 3
    np.testing.assert_allclose(y, exact, rtol=2e-3, atol=1e-3)


def test_integers_stay_integers() -> None:
    x, w = np.arange(50).reshape(1, 2, 5, 5), np.arange(18).reshape(1, 2, 3, 3)
    y = conv_forward(x, w)
    assert y.dtype == np.int64
    np.testing.assert_array_equal(y, conv_forward(x.astype("f8"), w.astype("f8")))


# Padding ----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths")
@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(
    ("kernel", "dilation"), [((3, 3), 1), ((2, 4), 1), ((1, 5), 2), ((4, 2), (3, 1))]
)
def test_padding_by_name_is_pytorchs(torch: Any, padding: str, kernel: Any, dilation: Any) -> None:
    x, w = arrays((2, 3, 10, 11), (4, 3, *kernel))
    check_against_torch(torch, x, w, (1, padding, dilation, 1))


def test_same_padding_puts_the_odd_cell_last() -> None:
    assert padding_pairs("same", (4, 3), (1, 1), (1, 1), "padding") == ((1, 2), (1, 1))


@pytest.mark.parametrize("pairs", [((1, 2), (0, 3)), ((0, -2), (2, -1)), ((3, 0), (1, -4))])
def test_padding_may_differ_before_and_after(pairs: Any) -> None:
    x, w = arrays((2, 3, 9, 10), (4, 3, 3, 2))
    kept: Any = [slice(n + min(0, after)) for n, (_, after) in zip(x.shape[2:], pairs)]
    cut = x[(..., *kept)]
    padded = np.pad(cut, [(0, 0), (0, 0), *((b, max(0, a)) for b, a in pairs)])
    options = (2, pairs, (1, 2))
    y = conv_forward(x, w, *options)
    np.testing.assert_allclose(y, conv_forward(padded, w, 2, 0, (1, 2)), atol=1e-12)
    gx, gw = (
        conv_input_gradient(y, w, x.shape, *options),
        conv_weight_gradient(y, x, w.shape, *options),
    )
    slope = (y * y).sum()
    np.testing.assert_allclose([(gx * x).sum(), (gw * w).sum()], [slope, slope])


TRANSPOSED = [
    dict(stride=2, padding=1, output_padding=1),
    dict(stride=3, padding=0, output_padding=(2, 0)),
    dict(stride=1, padding=2, output_padding=0),
    dict(stride=1, padding=1, output_padding=1, dilation=2),
    dict(stride=2, padding=1, output_padding=2, dilation=3, groups=2),
    dict(stride=(1, 2), padding=(0, 1), output_padding=(0, 1), groups=4),
]


@pytest.mark.parametrize("options", TRANSPOSED, ids=str)
def test_the_input_gradient_is_transposed_convolution(torch: Any, options: Any) -> None:
    groups, dims = options.get("groups", 1), 2

    def each(name: str, default: int) -> tuple[int, ...]:
        value = options.get(name, default)
        return value if isinstance(value, tuple) else (value,) * dims

    stride, dilation = each("stride", 1), each("dilation", 1)
    x, w = arrays((2, 4, 5, 6), (4, 3, 3, 4))
    tx, tw = (torch.tensor(a, requires_grad=True) for a in (x, w))
    y = torch.nn.functional.conv_transpose2d(tx, tw, **options)
    (g,) = arrays(tuple(y.shape))
    y.backward(torch.tensor(g))
    pairs = tuple((p, p - o) for p, o in zip(each("padding", 0), each("output_padding", 0)))
    rest = (stride, pairs, dilation, groups)
    given = [
        conv_input_gradient(x, w, tuple(y.shape), *rest),
        conv_forward(g, w, *rest),
        conv_weight_gradient(x, g, w.shape, *rest),
    ]
    for ours, theirs in zip(given, (y.detach(), tx.grad, tw.grad)):
        np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-10)


# Refusals ---------------------------------------------------------------------------------------

REFUSED = [
    (dict(x=(1, 3, 2, 2)), "must fit into the padded input, whose size is 2 x 2"),
    (dict(dilation=4), "reaches over 9 x 9"),
    (dict(x=(1, 2, 8, 8)), "expects an input of 3 channels in dimension 1, got 2"),
    (dict(x=(3, 8, 8)), "input must have 4 axes"),
    (dict(stride=0), "stride must be at least 1, got 0"),
    (dict(dilation=0), "dilation must be at least 1, got 0"),
    (dict(padding=-1), "padding must be at least 0, got -1"),
    (dict(padding=(1, 2, 3)), r"padding must be one number or 2, got \(1, 2, 3\)"),
    (dict(padding=((1, 2),)), "padding must be 2 pairs"),
    (dict(padding="same", stride=2), "'same' needs a stride of 1"),
    (dict(padding="full"), "numbers, 'same' or 'valid', got 'full'"),
    (dict(groups=0), "groups must be at least 1"),
    (dict(groups=3), "positive multiple of groups=3"),
    (dict(w=(4, 3, 0, 3)), "needs at least one cell"),
]


@pytest.mark.parametrize(("change", "message"), REFUSED, ids=lambda v: str(v)[:40])
def test_what_does_not_fit_is_refused(change: dict[str, Any], message: str) -> None:
    options = dict(stride=1, padding=0, dilation=1, groups=1)
    shapes = dict(x=(1, 3, 8, 8), w=(4, 3, 3, 3))
    x, w = (np.ones(change.get(name, shape)) for name, shape in shapes.items())
    options.update({k: v for k, v in change.items() if k in options})
    with pytest.raises(ShapeError, match=message):
        conv_forward(x, w, **options)


@pytest.mark.parametrize("change", [dict(stride=1.5), dict(padding=(1, None)), dict(dilation="2")])
def test_what_is_no_integer_is_refused(change: dict[str, Any]) -> None:
    (name,) = change
    with pytest.raises(TypeError, match=f"conv2d: {name} must be an integer or 2 of them"):
        conv_forward(np.ones((1, 3, 8, 8)), np.ones((4, 3, 3, 3)), **change)


def test_lists_serve_as_tuples_do() -> None:
    x, w = arrays((1, 3, 8, 9), (4, 3, 3, 3))
    options: list[tuple[Any, Any]] = [([1, 2], (1, 2)), ([[1, 0], [2, 3]], ((1, 0), (2, 3)))]
    for as_lists, as_tuples in options:
        np.testing.assert_array_equal(
            conv_forward(x, w, [2, 1], as_lists, [1, 2]),
            conv_forward(x, w, (2, 1), as_tuples, (1, 2)),
        )


def test_mixed_dtypes_and_wrong_gradients_are_refused() -> None:
    x, w = arrays((1, 3, 8, 8), (4, 3, 3, 3))
    with pytest.raises(DTypeError, match="float32 and float64"):
        conv_forward(x.astype("f4"), w)
    for attempt in (
        lambda: conv_input_gradient(np.ones((1, 4, 5, 6)), w, x.shape),
        lambda: conv_weight_gradient(np.ones((1, 4, 5, 6)), x, w.shape),
    ):
        with pytest.raises(ShapeError, match=r"must have shape \(1, 4, 6, 6\)"):
            attempt()


# Windows ----------------------------------------------------------------------------------------


def test_windows_are_a_view_that_cannot_be_written() -> None:
    x = np.arange(30.0).reshape(5, 6)
    seen = windows(x, (2, 3), (1, 2), (2, 1))
    assert seen.shape == (3, 2, 2, 3)
    np.testing.assert_array_equal(seen[1, 1], x[1:4:2, 2:5])
    assert np.shares_memory(seen, x)
    assert not seen.flags.writeable


@pytest.mark.parametrize(
    "options",
    list(itertools.product([(3, 2), 1], [1, (2, 3)], [0, (1, 2)], [1, (2, 1)])),
    ids=str,
)
def test_columns_are_pytorchs_unfold_and_fold(torch: Any, options: Any) -> None:
    kernel, stride, padding, dilation = options
    kernel = kernel if isinstance(kernel, tuple) else (kernel, kernel)
    (x,) = arrays((2, 3, 8, 9))
    at = conv_geometry((8, 9), kernel, stride, padding, dilation, "unfold")
    rest = dict(dilation=dilation, padding=padding, stride=stride)
    columns = torch.nn.functional.unfold(torch.tensor(x), kernel, **rest)
    np.testing.assert_array_equal(im2col(x, at), columns.numpy())
    back = torch.nn.functional.fold(columns, (8, 9), kernel, **rest)
    np.testing.assert_allclose(col2im(columns.numpy(), at), back.numpy(), atol=1e-12)


@settings(max_examples=300)
@given(
    size=st.integers(1, 12),
    kernel=st.integers(1, 4),
    stride=st.integers(1, 5),
    dilation=st.integers(1, 3),
    ceil_mode=st.booleans(),
    data=st.data(),
)
def test_pooling_has_as_many_windows_as_pytorchs(
    torch: Any, size: int, kernel: int, stride: int, dilation: int, ceil_mode: bool, data: Any
) -> None:
    padding = data.draw(st.integers(0, kernel // 2))
    pool = torch.nn.functional.max_pool1d
    rest = (kernel, stride, padding, dilation, ceil_mode)
    try:
        expected = tuple(pool(torch.zeros(1, 1, size), *rest).shape[2:])
    except RuntimeError:
        with pytest.raises(ShapeError):
            pool_geometry((size,), *rest, "max_pool1d")
    else:
        assert pool_geometry((size,), *rest, "max_pool1d").out == expected
