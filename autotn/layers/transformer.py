"""Transformers: attention and two linear layers, stacked, as encoder and decoder.

Vaswani et al., "Attention Is All You Need", 2017; with ``norm_first``, Xiong et al., "On Layer
Normalization in the Transformer Architecture", 2020.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from autotn.core.device import check_device
from autotn.layers import init
from autotn.layers.attention import MultiheadAttention
from autotn.layers.container import ModuleList
from autotn.layers.dropout import Dropout
from autotn.layers.linear import Linear
from autotn.layers.module import Module
from autotn.layers.norm import LayerNorm
from autotn.ops import full, relu, triu
from autotn.ops.gelu import gelu

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

#: An activation by name, or any function of a Tensor.
Activation = str | Callable[[Any], Any]


def _activation(given: Activation) -> Any:
    if callable(given):
        return given
    known = {"relu": relu, "gelu": gelu}
    if given not in known:
        raise RuntimeError(f"Transformer: activation should be relu/gelu, not {given}")
    return known[given]


def _copies(layer: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])


class _Layer(Module):
    """What both kinds of layer share: the two linear layers and how a part is added."""

    def _make_feed_forward(
        self, d_model: int, dim_feedforward: int, dropout: float, options: dict[str, Any]
    ) -> None:
        self.linear1 = Linear(d_model, dim_feedforward, **options)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **options)

    def _make_norms(
        self, count: int, d_model: int, eps: float, dropout: float, options: dict[str, Any]
    ) -> None:
        for k in range(1, count + 1):
            setattr(self, f"norm{k}", LayerNorm(d_model, eps=eps, **options))
        for k in range(1, count + 1):
            setattr(self, f"dropout{k}", Dropout(dropout))

    def _add(self, x: Any, k: int, part: Callable[[Any], Any]) -> Any:
        """Add what the k-th part makes of x, normalised before it or after."""
        norm, dropout = getattr(self, f"norm{k}"), getattr(self, f"dropout{k}")
        if self.norm_first:
            return x + dropout(part(norm(x)))
        return norm(x + dropout(part(x)))

    def _feed_forward(self, x: Any) -> Any:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(_Layer):
    """Self-attention and two linear layers, each added to its input and normalised.

    Parameters
    ----------
    activation : str or function
        "relu", "gelu", or a function, after the first linear layer.
    batch_first : bool
        Tensors are (batch, length, features) instead of (length, batch, features).
    norm_first : bool
        Normalise the input of each part instead of its sum.

    >>> nn.TransformerEncoderLayer(8, 2)(tn.rand(10, 3, 8)).shape
    tn.Size([10, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        options = {"bias": bias, "device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, batch_first=batch_first, **options
        )
        self._make_feed_forward(d_model, dim_feedforward, dropout, options)
        self.norm_first = norm_first
        self._make_norms(2, d_model, layer_norm_eps, dropout, options)
        self.activation = _activation(activation)
        self.activation_relu_or_gelu = {relu: 1, gelu: 2}.get(self.activation, 0)

    def forward(
        self,
        src: Any,
        src_mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool = False,
    ) -> Any:
        """The encoded input; masks as in `MultiheadAttention`."""

        def attend(x: Any) -> Any:
            return self.self_attn(
                x,
                x,
                x,
                attn_mask=src_mask,
                key_padding_mask=src_key_padding_mask,
                need_weights=False,
                is_causal=is_causal,
            )[0]

        return self._add(self._add(src, 1, attend), 2, self._feed_forward)


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to an encoder's output, and two linear layers.

    Parameters are those of `TransformerEncoderLayer`.

    >>> nn.TransformerDecoderLayer(8, 2)(tn.rand(5, 3, 8), tn.rand(10, 3, 8)).shape
    tn.Size([5, 3, 8])
    """

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        options = {"bias": bias, "device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(
            d_model, nhead, dropout, batch_first=batch_first, **options
        )
        self.multihead_attn = MultiheadAttention(
            d_model, nhead, dropout, batch_first=batch_first, **options
        )
        self._make_feed_forward(d_model, dim_feedforward, dropout, options)
        self.norm_first = norm_first
        self._make_norms(3, d_model, layer_norm_eps, dropout, options)
        self.activation = _activation(activation)

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Any:
        """The decoded target; `memory` is what the encoder gave."""

        def attend(x: Any) -> Any:
            return self.self_attn(
                x,
                x,
                x,
                attn_mask=tgt_mask,
                key_padding_mask=tgt_key_padding_mask,
                need_weights=False,
                is_causal=tgt_is_causal,
            )[0]

        def look_up(x: Any) -> Any:
            return self.multihead_attn(
                x,
                memory,
                memory,
                attn_mask=memory_mask,
                key_padding_mask=memory_key_padding_mask,
                need_weights=False,
                is_causal=memory_is_causal,
            )[0]

        x = self._add(self._add(tgt, 1, attend), 2, look_up)
        return self._add(x, 3, self._feed_forward)


class TransformerEncoder(Module):
    """A stack of copies of an encoder layer.

    Parameters
    ----------
    norm : Module, optional
        What to put the result through.
    enable_nested_tensor, mask_check : bool
        Accepted; there are no nested tensors.

    >>> layer = nn.TransformerEncoderLayer(8, 2)
    >>> nn.TransformerEncoder(layer, num_layers=2)(tn.rand(10, 3, 8)).shape
    tn.Size([10, 3, 8])
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _copies(encoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm
        self.enable_nested_tensor = enable_nested_tensor
        self.use_nested_tensor = False
        self.mask_check = mask_check

    def forward(
        self,
        src: Any,
        mask: Any = None,
        src_key_padding_mask: Any = None,
        is_causal: bool | None = None,
    ) -> Any:
        """The encoded input."""
        for layer in self.layers:
            src = layer(
                src,
                src_mask=mask,
                src_key_padding_mask=src_key_padding_mask,
                is_causal=bool(is_causal),
            )
        return src if self.norm is None else self.norm(src)


class TransformerDecoder(Module):
    """A stack of copies of a decoder layer.

    >>> layer = nn.TransformerDecoderLayer(8, 2)
    >>> nn.TransformerDecoder(layer, num_layers=2)(tn.rand(5, 3, 8), tn.rand(10, 3, 8)).shape
    tn.Size([5, 3, 8])
    """

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _copies(decoder_layer, num_layers)
        self.num_layers = num_layers
        self.norm = norm

    def forward(
        self,
        tgt: Any,
        memory: Any,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        """The decoded target."""
        for layer in self.layers:
            tgt = layer(
                tgt,
                memory,
                tgt_mask=tgt_mask,
                memory_mask=memory_mask,
                tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask,
                tgt_is_causal=bool(tgt_is_causal),
                memory_is_causal=memory_is_causal,
            )
        return tgt if self.norm is None else self.norm(tgt)


class Transformer(Module):
    """An encoder and a decoder that looks at what it gave.

    Parameters
    ----------
    custom_encoder, custom_decoder : Module, optional
        Used instead of the stacks that the other parameters describe.

    >>> model = nn.Transformer(8, 2, 1, 1, 16)
    >>> model(tn.rand(10, 3, 8), tn.rand(5, 3, 8)).shape
    tn.Size([5, 3, 8])
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        made: Any = {"bias": bias, "device": device, "dtype": dtype}
        settings: dict[str, Any] = {
            "d_model": d_model,
            "nhead": nhead,
            "dim_feedforward": dim_feedforward,
            "dropout": dropout,
            "activation": activation,
            "layer_norm_eps": layer_norm_eps,
            "batch_first": batch_first,
            "norm_first": norm_first,
            **made,
        }
        self.encoder = custom_encoder or TransformerEncoder(
            TransformerEncoderLayer(**settings),
            num_encoder_layers,
            LayerNorm(d_model, eps=layer_norm_eps, **made),
        )
        self.decoder = custom_decoder or TransformerDecoder(
            TransformerDecoderLayer(**settings),
            num_decoder_layers,
            LayerNorm(d_model, eps=layer_norm_eps, **made),
        )
        self._reset_parameters()
        self.d_model = d_model
        self.nhead = nhead
        self.batch_first = batch_first

    def _reset_parameters(self) -> None:
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Any,
        tgt: Any,
        src_mask: Any = None,
        tgt_mask: Any = None,
        memory_mask: Any = None,
        src_key_padding_mask: Any = None,
        tgt_key_padding_mask: Any = None,
        memory_key_padding_mask: Any = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Any:
        """The decoded target; masks as in `MultiheadAttention`."""
        place = 0 if self.batch_first else 1
        if src.ndim != tgt.ndim or (src.ndim == 3 and src.shape[place] != tgt.shape[place]):
            raise RuntimeError(
                "Transformer: the batch number of src and tgt must be equal, got shapes "
                f"{tuple(src.shape)} and {tuple(tgt.shape)}"
            )
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise RuntimeError(
                "Transformer: the feature number of src and tgt must be equal to d_model "
                f"{self.d_model}, got shapes {tuple(src.shape)} and {tuple(tgt.shape)}"
            )
        memory = self.encoder(
            src,
            mask=src_mask,
            src_key_padding_mask=src_key_padding_mask,
            is_causal=src_is_causal,
        )
        return self.decoder(
            tgt,
            memory,
            tgt_mask=tgt_mask,
            memory_mask=memory_mask,
            tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask,
            tgt_is_causal=tgt_is_causal,
            memory_is_causal=memory_is_causal,
        )

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Any:
        """The mask that hides what comes later: -inf above the diagonal, 0 elsewhere.

        >>> nn.Transformer.generate_square_subsequent_mask(2)
        tensor([[0., -inf],
                [0., 0.]])
        """
        check_device(device)
        return triu(full((sz, sz), float("-inf"), dtype=dtype), 1)
