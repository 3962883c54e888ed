"""Attention against PyTorch's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.nn import functional as F
from tests.layers.against import Draw, close, compare, fixed, given, normal, run_both

SETTINGS = [
    {},
    {"bias": False},
    {"add_bias_kv": True},
    {"add_zero_attn": True},
    {"add_bias_kv": True, "add_zero_attn": True, "bias": False},
    {"kdim": 3, "vdim": 5},
    {"kdim": 3, "vdim": 5, "bias": False, "add_bias_kv": True},
    {"batch_first": True},
]


def shapes(options: dict[str, Any], batched: bool) -> list[tuple[int, ...]]:
    features = [8, options.get("kdim", 8), options.get("vdim", 8)]
    lead = [(3, 2), (5, 2), (5, 2)] if batched else [(3,), (5,), (5,)]
    if options.get("batch_first") and batched:
        lead = [tuple(reversed(s)) for s in lead]
    return [(*s, n) for s, n in zip(lead, features)]


@pytest.mark.parametrize("options", SETTINGS, ids=str)
@pytest.mark.parametrize("batched", [True, False])
def test_settings(torch: Any, batched: bool, options: dict[str, Any]) -> None:
    inputs = [normal(*s) for s in shapes(options, batched)]
    compare(torch, "MultiheadAttention", (8, 4), options, inputs=inputs)
    without_weights = [*inputs, given(None), given(False)]
    compare(torch, "MultiheadAttention", (8, 4), options, inputs=without_weights)
    of_each_head = [*inputs, given(None), given(True), given(None), given(False)]
    compare(torch, "MultiheadAttention", (8, 4), options, inputs=of_each_head)


class Shared:
    """Attention of one input, or of a query and one source, to itself."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer
        self.named_parameters = layer.named_parameters
        self.named_buffers = layer.named_buffers

    def __call__(self, query: Any, source: Any = None) -> Any:
        source = query if source is None else source
        return self.layer(query, source, source)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("inputs", [[normal(4, 3, 8)], [normal(4, 3, 8), normal(4, 3, 8)]])
def test_one_tensor_in_several_roles(torch: Any, inputs: Any, batch_first: bool) -> None:
    ours, theirs = (n.MultiheadAttention(8, 2, batch_first=batch_first) for n in (nn, torch.nn))
    ours.load_state_dict(theirs.state_dict())
    run_both(torch, Shared(ours), Shared(theirs), inputs)


def blocked(*shape: int) -> Draw:
    def draw(rng: np.random.Generator) -> Any:
        mask = rng.random(shape) < 0.4
        mask[..., 0] = False
        return mask

    return draw


def added(*shape: int) -> Draw:
    def draw(rng: np.random.Generator) -> Any:
        mask = rng.standard_normal(shape)
        mask[..., 1] = -np.inf
        return mask.astype(np.float32)

    return fixed(draw)


@pytest.mark.filterwarnings("ignore:Support for mismatched:UserWarning")
@pytest.mark.parametrize("need_weights", [True, False])
@pytest.mark.parametrize("padding", [None, blocked(2, 5), added(2, 5)])
@pytest.mark.parametrize(
    "mask", [None, blocked(3, 5), added(3, 5), blocked(8, 3, 5), added(8, 3, 5)]
)
@pytest.mark.parametrize("options", [{}, {"add_bias_kv": True, "add_zero_attn": True}], ids=str)
def test_masks(torch: Any, options: Any, mask: Any, padding: Any, need_weights: bool) -> None:
    inputs = [normal(*s) for s in shapes({}, True)]
    masks = [padding or given(None), given(need_weights), mask or given(None)]
    compare(torch, "MultiheadAttention", (8, 4), options, inputs=[*inputs, *masks])


def test_causal_hint(torch: Any) -> None:
    mask = np.triu(np.ones((4, 4), bool), 1)
    for need_weights in (True, False):
        args = [given(None), given(need_weights), given(mask), given(True), given(True)]
        inputs = [normal(4, 2, 8)] * 3 + args
        compare(torch, "MultiheadAttention", (8, 4), inputs=inputs)


def test_dropout() -> None:
    layer = nn.MultiheadAttention(8, 4, dropout=0.5)
    x = tn.randn(20, 2, 8)
    _, weights = layer(x, x, x, average_attn_weights=False)
    assert (weights == 0).float().mean().item() == pytest.approx(0.5, abs=0.05)
    assert not tn.equal(layer(x, x, x, need_weights=False)[0], layer(x, x, x)[0])
    layer.eval()
    assert tn.allclose(layer(x, x, x, need_weights=False)[0], layer(x, x, x)[0], atol=1e-6)


def test_initial_values() -> None:
    layer = nn.MultiheadAttention(64, 4, add_bias_kv=True)
    bound = math.sqrt(6 / (64 + 192))
    assert 0.99 * bound < abs(layer.in_proj_weight.detach().numpy()).max() <= bound
    assert not layer.in_proj_bias.any()
    assert not layer.out_proj.bias.any()
    assert layer.bias_k.any()


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda m, x: nn.MultiheadAttention(8, 3), AssertionError, "divisible"),
        (lambda m, x: nn.MultiheadAttention(0, 3), ValueError, "greater than 0"),
        (lambda m, x: m(x, x[:2], x), RuntimeError, "do not match"),
        (lambda m, x: m(x[..., :4], x, x), RuntimeError, "embedding dimension of 8"),
        (lambda m, x: m(x, x[0], x), RuntimeError, "to be 3-D"),
        (lambda m, x: m(x, x, x, attn_mask=tn.ones(2, 2)), RuntimeError, "shape of the attn_mask"),
        (lambda m, x: m(x, x, x, key_padding_mask=tn.ones(2, 2)), RuntimeError, "padding_mask"),
        (lambda m, x: m(x, x, x, is_causal=True), RuntimeError, "Need attn_mask"),
    ],
)
def test_refusals(call: Any, error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        call(nn.MultiheadAttention(8, 2), tn.ones(4, 3, 8))


# -- the function ------------------------------------------------------------------------------

MASK = np.array([[True, False, True, True, False], [False] * 5, [True] * 5])
ADDED = np.where(MASK, np.arange(5.0), -np.inf)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("lead", [(), (2,), (2, 4)])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"scale": 0.3},
        {"is_causal": True},
        {"attn_mask": MASK},
        {"attn_mask": ADDED},
        {"attn_mask": ADDED[1:2]},
    ],
    ids=["plain", "scale", "causal", "mask", "added", "a mask for all"],
)
def test_function(torch: Any, lead: Any, dtype: str, options: dict[str, Any]) -> None:
    found = []
    for library in (tn, torch):
        rng = np.random.default_rng(0)
        q, k, v = (
            library.tensor(rng.standard_normal((*lead, *s)).astype(dtype), requires_grad=True)
            for s in ((3, 4), (5, 4), (5, 6))
        )
        chosen = dict(options)
        mask = chosen.get("attn_mask")
        if mask is not None:
            chosen["attn_mask"] = library.tensor(mask if mask.dtype == bool else mask.astype(dtype))
        out = library.nn.functional.scaled_dot_product_attention(q, k, v, **chosen)
        (out**2).sum().backward()
        found.append([out, q.grad, k.grad, v.grad])
    for k, (ours, theirs) in enumerate(zip(*found, strict=True)):
        close(ours, theirs, f"tensor {k}")


def test_a_mask_that_is_trained(torch: Any) -> None:
    found = []
    for library in (tn, torch):
        rng = np.random.default_rng(0)
        q, k, v, mask = (
            library.tensor(rng.standard_normal(s), requires_grad=True)
            for s in ((2, 3, 4), (2, 5, 4), (2, 5, 6), (3, 5))
        )
        out = library.nn.functional.scaled_dot_product_attention(q, k, v, mask)
        (out**2).sum().backward()
        found.append([out, q.grad, mask.grad])
    for ours, theirs in zip(*found, strict=True):
        close(ours, theirs, "trained mask")


def test_shared_heads(torch: Any) -> None:
    rng = np.random.default_rng(0)
    q, k, v = (rng.standard_normal(s) for s in ((2, 6, 3, 4), (2, 2, 5, 4), (2, 3, 5, 4)))
    ours, theirs = (
        library.nn.functional.scaled_dot_product_attention(
            library.tensor(q), library.tensor(k), library.tensor(v), enable_gqa=True
        )
        for library in (tn, torch)
    )
    close(ours, theirs, "shared heads")


def test_batches_broadcast(torch: Any) -> None:
    rng = np.random.default_rng(0)
    q, k, v = (rng.standard_normal(s) for s in ((2, 1, 3, 4), (1, 4, 5, 4), (5, 4)))
    ours = F.scaled_dot_product_attention(tn.tensor(q), tn.tensor(k), tn.tensor(v))
    expand = np.broadcast_to
    full = [expand(q, (2, 4, 3, 4)), expand(k, (2, 4, 5, 4)), expand(v, (2, 4, 5, 4))]
    theirs = torch.nn.functional.scaled_dot_product_attention(
        *(torch.tensor(np.ascontiguousarray(x)) for x in full)
    )
    close(ours, theirs, "broadcast")


def test_a_row_that_sees_nothing_has_no_gradient_by_either_way() -> None:
    q, k, v = (tn.randn(2, 3, 4, requires_grad=True) for _ in range(3))
    blocked = tn.zeros(3, 3, dtype=tn.bool)
    for p in (0.0, 0.5):
        out = F.scaled_dot_product_attention(q, k, v, blocked, p)
        out.sum().backward()
        assert not out.any()
        assert not q.grad.any()
        assert not v.grad.any()


def test_dropped_weights() -> None:
    q = tn.zeros(1, 200, 4)
    out = F.scaled_dot_product_attention(q, q, tn.ones(1, 200, 1), dropout_p=0.5)
    assert out.mean().item() == pytest.approx(1, abs=0.05)
    assert out.std().item() > 0


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"attn_mask": np.ones((3, 5), bool), "is_causal": True}, "should not be set"),
        ({"key": np.ones((5, 3))}, "must agree in the last"),
        ({"value": np.ones((4, 3))}, "in the one before it"),
        ({"query": np.ones(4)}, "at least 2 dimensions"),
    ],
)
def test_refusals_of_the_function(options: dict[str, Any], match: str) -> None:
    args = {"query": np.ones((3, 4)), "key": np.ones((5, 4)), "value": np.ones((5, 2))} | options
    chosen = {k: tn.tensor(v) if isinstance(v, np.ndarray) else v for k, v in args.items()}
    with pytest.raises(RuntimeError, match=match):
        F.scaled_dot_product_attention(**chosen)
