"""Transformers against PyTorch's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from tests.layers.against import compare, given, normal, run_both

# PyTorch tells when its nested tensors are of no use.
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")

CAUSAL = np.triu(np.full((4, 4), -np.inf, np.float32), 1)
HIDDEN = np.zeros((2, 4), bool)
HIDDEN[1, 2:] = True
SETTINGS = [
    {},
    {"norm_first": True},
    {"batch_first": True},
    {"activation": "gelu"},
    {"bias": False, "layer_norm_eps": 0.1},
]


def batch(options: dict[str, Any], length: int) -> Any:
    return normal(2, length, 8) if options.get("batch_first") else normal(length, 2, 8)


@pytest.mark.parametrize("options", SETTINGS, ids=str)
def test_encoder_layer(torch: Any, options: dict[str, Any]) -> None:
    args = (8, 2, 16, 0.0)
    for masks in (
        [],
        [given(CAUSAL)],
        [given(None), given(HIDDEN)],
        [given(CAUSAL), given(HIDDEN)],
    ):
        inputs = [batch(options, 4), *(_tensor(m) for m in masks)]
        compare(torch, "TransformerEncoderLayer", args, options, inputs=inputs)


def _tensor(draw: Any) -> Any:
    """A mask is a tensor without gradient."""
    draw.fixed = True
    return draw


@pytest.mark.parametrize("options", SETTINGS, ids=str)
def test_decoder_layer(torch: Any, options: dict[str, Any]) -> None:
    args = (8, 2, 16, 0.0)
    for masks in ([], [given(CAUSAL), given(None), given(HIDDEN)]):
        inputs = [batch(options, 4), batch(options, 5), *(_tensor(m) for m in masks)]
        compare(torch, "TransformerDecoderLayer", args, options, inputs=inputs)


@pytest.mark.parametrize("options", SETTINGS, ids=str)
def test_transformer(torch: Any, options: dict[str, Any]) -> None:
    args = (8, 2, 2, 2, 16, 0.0)
    for masks in ([], [given(None), _tensor(given(CAUSAL))]):
        inputs = [batch(options, 5), batch(options, 4), *masks]
        compare(torch, "Transformer", args, options, inputs=inputs)


def test_one_sample(torch: Any) -> None:
    args = (8, 2, 1, 1, 16, 0.0)
    compare(torch, "Transformer", args, inputs=[normal(5, 8), normal(4, 8)])


@pytest.mark.parametrize("norm", [True, False])
@pytest.mark.parametrize("part", ["Encoder", "Decoder"])
def test_stacks(torch: Any, part: str, norm: bool) -> None:
    def build(library: Any) -> Any:
        layer = getattr(library.nn, f"Transformer{part}Layer")(8, 2, 16, 0.0)
        last = library.nn.LayerNorm(8) if norm else None
        return getattr(library.nn, f"Transformer{part}")(layer, 3, last)

    ours, theirs = build(tn), build(torch)
    assert repr(ours) == repr(theirs)
    ours.load_state_dict(theirs.state_dict())
    inputs = [normal(4, 2, 8)] if part == "Encoder" else [normal(4, 2, 8), normal(5, 2, 8)]
    run_both(torch, ours, theirs, inputs)
    weights = [layer.linear1.weight for layer in ours.layers]
    assert len({w.data_ptr() for w in weights}) == 3


def test_activation_may_be_a_function_or_a_module(torch: Any) -> None:
    for name in ("SiLU", "Tanh"):
        ours, theirs = (
            library.nn.TransformerEncoderLayer(
                8, 2, 16, 0.0, activation=getattr(library.nn, name)()
            )
            for library in (tn, torch)
        )
        assert repr(ours) == repr(theirs)
        ours.load_state_dict(theirs.state_dict())
        run_both(torch, ours, theirs, [normal(4, 2, 8)])
    with pytest.raises(RuntimeError, match="activation should be relu/gelu"):
        nn.TransformerEncoderLayer(8, 2, activation="selu")


def test_dropout_acts_in_training_only() -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 16, 0.5)
    x = tn.randn(4, 2, 8)
    assert not tn.equal(layer(x), layer(x))
    layer.eval()
    assert tn.equal(layer(x), layer(x))


def test_what_comes_later_is_hidden(torch: Any) -> None:
    mask = nn.Transformer.generate_square_subsequent_mask(4)
    expected = torch.nn.Transformer.generate_square_subsequent_mask(4)
    assert mask.tolist() == expected.tolist()
    assert nn.Transformer.generate_square_subsequent_mask(2, dtype=tn.float64).dtype == tn.float64
    layer = nn.TransformerEncoderLayer(8, 2, 16, 0.0)
    x = tn.randn(4, 2, 8)
    whole = layer(x, mask, is_causal=True)
    first = layer(x[:2], mask[:2, :2])
    assert tn.allclose(whole[:2], first, atol=1e-6)


def test_custom_parts() -> None:
    model = nn.Transformer(8, 2, custom_encoder=nn.Identity(), custom_decoder=nn.Bilinear(8, 8, 8))
    assert isinstance(model.encoder, nn.Identity)


def test_refusals() -> None:
    model = nn.Transformer(8, 2, 1, 1, 16)
    with pytest.raises(RuntimeError, match="batch number"):
        model(tn.ones(4, 2, 8), tn.ones(4, 3, 8))
    with pytest.raises(RuntimeError, match="feature number"):
        model(tn.ones(4, 2, 7), tn.ones(4, 2, 8))
