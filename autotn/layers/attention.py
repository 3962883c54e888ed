"""Attention with several heads."""

from __future__ import annotations

from typing import Any

from autotn.layers import init
from autotn.layers.linear import Linear
from autotn.layers.module import Module
from autotn.layers.parameter import Parameter
from autotn.ops import empty
from autotn.ops.attention import multi_head_attention_forward

__all__ = ["MultiheadAttention"]


class NonDynamicallyQuantizableLinear(Linear):
    """`Linear` under the name that PyTorch's attention shows for its last product."""


class MultiheadAttention(Module):
    r"""Attention of several heads: :math:`\mathrm{concat}(h_1, \dots)\,W^O` with
    :math:`h_i = \mathrm{attention}(Q W_i^Q, K W_i^K, V W_i^V)`.

    Vaswani et al., "Attention Is All You Need", 2017.

    Parameters
    ----------
    dropout : float
        In training, the share of attention weights dropped.
    add_bias_kv, add_zero_attn : bool
        One more place to attend to: learned, or zeros.
    kdim, vdim : int, optional
        Features of keys and values, where they are not `embed_dim`.
    batch_first : bool
        Tensors are (batch, length, features) instead of (length, batch, features).

    >>> x = tn.ones(5, 2, 8)
    >>> output, weights = nn.MultiheadAttention(8, 4)(x, x, x)
    >>> output.shape, weights.shape
    (tn.Size([5, 2, 8]), tn.Size([2, 5, 5]))
    """

    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "MultiheadAttention: embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        if embed_dim % num_heads:
            raise AssertionError(
                f"MultiheadAttention: embed_dim must be divisible by num_heads, got {embed_dim} "
                f"and {num_heads}; {embed_dim} can be shared by "
                f"{', '.join(str(n) for n in range(1, 65) if embed_dim % n == 0)} heads"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads = num_heads
        self.dropout = dropout
        self.batch_first = batch_first
        self.head_dim = embed_dim // num_heads
        together = self._qkv_same_embed_dim
        shapes: dict[str, tuple[int, ...] | None] = {
            "q_proj_weight": None if together else (embed_dim, embed_dim),
            "k_proj_weight": None if together else (embed_dim, self.kdim),
            "v_proj_weight": None if together else (embed_dim, self.vdim),
            "in_proj_weight": (3 * embed_dim, embed_dim) if together else None,
            "in_proj_bias": (3 * embed_dim,) if bias else None,
            "bias_k": (1, 1, embed_dim) if add_bias_kv else None,
            "bias_v": (1, 1, embed_dim) if add_bias_kv else None,
        }
        for name, shape in shapes.items():
            if shape is None:
                self.register_parameter(name, None)
            else:
                setattr(self, name, Parameter(empty(shape, device=device, dtype=dtype)))
        self.out_proj = NonDynamicallyQuantizableLinear(
            embed_dim, embed_dim, bias=bias, device=device, dtype=dtype
        )
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            weight = getattr(self, name)
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)  # type: ignore[arg-type]
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        """The output, and the attention weights or None.

        Parameters
        ----------
        key_padding_mask : Tensor, optional
            (batch, source): True, or -inf, where a key is padding.
        need_weights : bool
            Give the weights too; without them it is faster.
        attn_mask : Tensor, optional
            (target, source) or (batch · heads, target, source): True blocks, numbers are added.
        average_attn_weights : bool
            The mean over the heads, or the weights of each.
        is_causal : bool
            A hint that `attn_mask` is the causal one.
        """
        swapped = self.batch_first and query.ndim == 3
        if swapped:
            same_key, same_value = key is query, value is key
            query = query.transpose(0, 1)
            key = query if same_key else key.transpose(0, 1)
            value = key if same_value else value.transpose(0, 1)
        output, weights = multi_head_attention_forward(
            query,
            key,
            value,
            self.embed_dim,
            self.num_heads,
            self.in_proj_weight,
            self.in_proj_bias,
            self.bias_k,
            self.bias_v,
            self.add_zero_attn,
            self.dropout,
            self.out_proj.weight,
            self.out_proj.bias,
            training=self.training,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight,
            v_proj_weight=self.v_proj_weight,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return output.transpose(0, 1) if swapped else output, weights
