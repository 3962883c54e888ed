"""Losses between predictions and targets of the same shape, and how losses are reduced."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.node import named, warn_here
from autotn.core.op import Arr, composite, op
from autotn.core.tensor import Tensor
from autotn.errors import ShapeError
from autotn.kernels.onednn import arithmetic as large

__all__ = ["binary_cross_entropy_with_logits", "kl_div", "poisson_nll_loss"]

FUNCTIONAL = (
    "binary_cross_entropy", "gaussian_nll_loss", "huber_loss", "l1_loss", "mse_loss", "smooth_l1_loss",
    "soft_margin_loss",
)  # fmt: skip


def reduction_of(size_average: Any, reduce: Any, reduction: str) -> str:
    """PyTorch's `reduction`, with its two old flags heard."""
    if size_average is not None or reduce is not None:
        if reduce is False:
            chosen = "none"
        else:
            chosen = "sum" if size_average is False else "mean"
        warn_here(
            f"size_average and reduce args will be deprecated, please use reduction='{chosen}' instead."
        )
        return chosen
    return reduction


def reduced(values: Any, reduction: str) -> Any:
    """The mean or the sum of the losses, or the losses themselves."""
    if reduction == "mean":
        return values.mean()
    if reduction == "sum":
        return values.sum()
    if reduction == "none":
        return values
    raise ValueError(
        f"{reduction} is not a valid value for reduction; expected 'none', 'mean' or 'sum'"
    )


def _shape(x: Any) -> tuple[int, ...]:
    return (x._data if isinstance(x, Tensor) else x).shape


def warn_if_broadcast(name: str, input: Any, target: Any) -> None:
    """A target of another shape is most often a mistake that broadcasting hides."""
    if _shape(input) != _shape(target):
        warn_here(
            f"{name}: using a target size ({tuple(target.shape)}) that is different to the input size "
            f"({tuple(input.shape)}). This will likely lead to incorrect results due to broadcasting"
            f"{_how_to_agree(input, target)}. Please ensure they have the same size."
        )


def _how_to_agree(input: Any, target: Any) -> str:
    """What broadcasting would do, and how a column and a row become alike."""
    given, wanted = tuple(input.shape), tuple(target.shape)
    try:
        made = np.broadcast_shapes(given, wanted)
    except ValueError:
        made = None
    text = "" if made in (None, given, wanted) else f": every pair of values, {made}"
    if given == (*wanted, 1):
        return f"{text}; input.squeeze(-1) or target.unsqueeze(-1) makes them alike"
    if wanted == (*given, 1):
        return f"{text}; target.squeeze(-1) or input.unsqueeze(-1) makes them alike"
    return text


def _weighted(values: Any, weight: Any, reduction: str) -> Any:
    if weight is None:
        return reduced(values, reduction)
    values = values * weight
    if reduction == "mean":
        return values.sum() / weight.expand(values.shape).sum()
    return reduced(values, reduction)


# -- squared and absolute differences ------------------------------------------------------------------


@op(broadcasts=True, aux=("d",))
def _mse_loss(input: Arr, target: Arr, reduction: str) -> Arr:
    """The squared difference, reduced.

    >>> F.mse_loss(tn.tensor([1.0]), tn.tensor([3.0]))
    tensor(4.)
    """
    alike = input.size >= large.LEAST and input.shape == target.shape
    d = np.asarray(large.subtract(input, target) if alike else input - target)
    flat = d.reshape(-1)
    if reduction == "none":
        return d * d, (d,)
    total = flat.dot(flat) if d.dtype.kind == "f" else (flat * flat).sum()
    return total if reduction == "sum" else np.asarray(
        total / d.size if d.size else total * math.nan
    ), (d,)


@_mse_loss.grad
def _(g: Any, d: Any, reduction: str, needs: tuple[bool, ...]) -> Any:
    twice = 2 / max(d.size, 1) if reduction == "mean" else 2
    plain = g.__class__ is np.ndarray and g.ndim == 0  # then a number is quicker
    factor = (g.item() if plain else g) * twice
    if plain and d.size >= large.LEAST:
        toward_input = large.multiply(d, np.array(factor, d.dtype))
    else:
        toward_input = d * factor
    return toward_input if needs[0] else None, -toward_input if needs[1] else None


@_mse_loss.reference
def _(input: Any, target: Any, reduction: str) -> Any:
    d = input - target
    return reduced(d * d, reduction)


@composite()
def mse_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    weight: Any = None,
) -> Any:  # fmt: skip
    r"""Mean of the squared differences: :math:`(x - y)^2`.

    >>> F.mse_loss(tn.tensor([1.0, 2.0]), tn.tensor([3.0, 2.0]))
    tensor(2.)
    """
    if size_average is not None or reduce is not None:
        reduction = reduction_of(size_average, reduce, reduction)
    warn_if_broadcast("mse_loss", input, target)
    if weight is not None:
        return _weighted(_mse_loss(input, target, "none"), weight, reduction)
    if reduction not in ("none", "mean", "sum"):
        return reduced(input, reduction)
    return _mse_loss(input, target, reduction)


@composite()
def l1_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    weight: Any = None,
) -> Any:  # fmt: skip
    r"""Mean of the absolute differences: :math:`|x - y|`.

    >>> F.l1_loss(tn.tensor([1.0, 2.0]), tn.tensor([3.0, 2.0]))
    tensor(1.)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    warn_if_broadcast("l1_loss", input, target)
    return _weighted(abs(input - target), weight, reduction)


@op(broadcasts=True)
def _huber(input: Arr, target: Arr, delta: float) -> Arr:
    """Half the squared difference, straight beyond `delta`.

    >>> F.huber_loss(tn.tensor([0.0]), tn.tensor([3.0]))
    tensor(2.5000)
    """
    d = np.abs(input - target)
    return np.where(d <= delta, d * d * 0.5, delta * (d - 0.5 * delta))


def _huber_slope(g: Any, input: Any, target: Any, delta: float) -> Any:
    from autotn.ops.compare import clamp

    d = input - target
    return g * (
        np.clip(d, -delta, delta)
        if isinstance(d, (np.ndarray, np.generic))
        else clamp(d, -delta, delta)
    )


_huber.grad(
    input=_huber_slope,
    target=lambda g, input, target, delta: -_huber_slope(g, input, target, delta),
)


@composite()
def huber_loss(
    input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None
) -> Any:
    r"""Half the squared difference up to `delta`, straight beyond (Huber 1964).

    >>> F.huber_loss(tn.tensor([0.0, 0.0]), tn.tensor([1.0, 3.0]), reduction="none")
    tensor([0.5000, 2.5000])
    """
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    warn_if_broadcast("huber_loss", input, target)
    return named(_weighted(_huber(input, target, delta), weight, reduction), "HuberLossBackward0")


@composite()
def smooth_l1_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    beta: float = 1.0,
) -> Any:  # fmt: skip
    r"""Squared differences up to `beta`, absolute ones beyond: `huber_loss` divided by `beta`.

    >>> F.smooth_l1_loss(tn.tensor([0.0]), tn.tensor([3.0]))
    tensor(2.5000)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    warn_if_broadcast("smooth_l1_loss", input, target)
    if beta < 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    return named(reduced(_huber(input, target, beta) / beta, reduction), "SmoothL1LossBackward0")


# -- probabilities ---------------------------------------------------------------------------------------


@op(broadcasts=True)
def _bce(input: Arr, target: Arr) -> Arr:
    """Cross-entropy of probabilities of a yes; logarithms are held at -100.

    >>> F.binary_cross_entropy(tn.tensor([0.5]), tn.tensor([1.0]))
    tensor(0.6931)
    """
    if input.size and not (input.min() >= 0 and input.max() <= 1):
        raise RuntimeError(
            "binary_cross_entropy: all elements of input should be between 0 and 1, but they lie between "
            f"{input.min()} and {input.max()}; give logits to binary_cross_entropy_with_logits"
        )
    yes = np.maximum(np.log(input), input.dtype.type(-100))
    no = np.maximum(np.log1p(-input), input.dtype.type(-100))
    return (target - 1) * no - target * yes


def _bce_input(g: Any, input: Any, target: Any) -> Any:
    from autotn.ops.compare import clamp

    spread = input * (1 - input)
    least = np.maximum(spread, 1e-12) if isinstance(spread, np.ndarray) else clamp(spread, 1e-12)
    return g * ((input - target) / least)


def _bce_target(g: Any, input: Any) -> Any:
    from autotn.ops.compare import clamp

    if isinstance(input, np.ndarray):
        return g * (np.maximum(np.log1p(-input), -100) - np.maximum(np.log(input), -100))
    return g * (clamp(np.log1p(-input), -100) - clamp(np.log(input), -100))


_bce.grad(input=_bce_input, target=_bce_target)


@composite()
def binary_cross_entropy(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean",
) -> Any:  # fmt: skip
    r"""Cross-entropy of probabilities of a yes: :math:`-y \log x - (1 - y) \log(1 - x)`.

    >>> F.binary_cross_entropy(tn.tensor([0.5]), tn.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if tuple(target.shape) != tuple(input.shape):
        raise ShapeError(
            f"binary_cross_entropy: using a target size ({tuple(target.shape)}) that is different to the "
            f"input size ({tuple(input.shape)}) is not allowed{_how_to_agree(input, target)}. Please "
            "ensure they have the same size."
        )
    values = _bce(input, target)
    return named(
        reduced(values if weight is None else values * weight, reduction),
        "BinaryCrossEntropyBackward0",
    )


@op(broadcasts=True)
def _bce_with_logits(input: Arr, target: Arr) -> Arr:
    """Cross-entropy of logits of a yes, without overflow.

    >>> F.binary_cross_entropy_with_logits(tn.tensor([0.0]), tn.tensor([1.0]))
    tensor(0.6931)
    """
    zero = input.dtype.type(0)
    return np.maximum(input, zero) - input * target + np.log1p(np.exp(-np.abs(input)))


def _bce_with_logits_rule(g: Any, input: Any, target: Any) -> Any:
    from autotn.ops.transcendental import sigmoid

    return g * (sigmoid(input) - target)


_bce_with_logits.grad(input=_bce_with_logits_rule, target=lambda g, input: -(g * input))


@composite()
def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, size_average: Any = None, reduce: Any = None,
    reduction: str = "mean", pos_weight: Any = None,
) -> Any:  # fmt: skip
    r"""`binary_cross_entropy` of the sigmoid, computed without overflow.

    >>> F.binary_cross_entropy_with_logits(tn.tensor([0.0]), tn.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    if tuple(target.shape) != tuple(input.shape):
        raise ShapeError(
            f"binary_cross_entropy_with_logits: Target size ({tuple(target.shape)}) must be the same as "
            f"input size ({tuple(input.shape)}){_how_to_agree(input, target)}"
        )
    if pos_weight is None:
        values = _bce_with_logits(input, target)
    else:
        from autotn.ops.activation import logsigmoid

        values = (1 - target) * input - (1 + (pos_weight - 1) * target) * logsigmoid(input)
    return named(
        reduced(values if weight is None else values * weight, reduction),
        "BinaryCrossEntropyWithLogitsBackward0",
    )


@op(broadcasts=True)
def _kl(input: Arr, target: Arr) -> Arr:
    """Pointwise divergence from log-probabilities; 0 where the target is.

    >>> F.kl_div(tn.tensor([0.0]), tn.tensor([1.0]), reduction="sum")
    tensor(0.)
    """
    some = np.where(target == 0, target.dtype.type(1), target)
    return some * np.log(some) * (target != 0) - target * input


def _kl_target(g: Any, input: Any, target: Any) -> Any:
    values = target._data if isinstance(target, Tensor) else target
    inside = (values != 0).astype(values.dtype)
    return g * ((np.log(target + (1 - inside)) + 1) * inside - input)


_kl.grad(input=lambda g, target: -(g * target), target=_kl_target)


@composite()
def kl_div(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean",
    log_target: bool = False,
) -> Any:  # fmt: skip
    r"""Divergence of log-probabilities from a target: :math:`y (\log y - x)` (Kullback & Leibler 1951).

    >>> F.kl_div(tn.tensor([0.0]), tn.tensor([1.0]), reduction="sum")
    tensor(0.)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    values = np.exp(target) * (target - input) if log_target else _kl(input, target)
    if reduction == "batchmean":
        return values.sum() / input.shape[0] if input.ndim else values.sum()
    if reduction == "mean":
        warn_here(
            "reduction: 'mean' divides the total loss by both the batch size and the support size. "
            "'batchmean' divides only by the batch size, and aligns with the KL div math definition. "
            "'mean' will be changed to behave the same as 'batchmean' in the next major release."
        )
    return reduced(values, reduction)


@composite()
def poisson_nll_loss(
    input: Any, target: Any, log_input: bool = True, full: bool = False, size_average: Any = None,
    eps: float = 1e-8, reduce: Any = None, reduction: str = "mean",
) -> Any:  # fmt: skip
    r"""Negative log-likelihood of counts: :math:`e^x - y x`, with Stirling's term if `full`.

    >>> F.poisson_nll_loss(tn.tensor([0.0]), tn.tensor([2.0]))
    tensor(1.)
    """
    reduction = reduction_of(size_average, reduce, reduction)
    values = np.exp(input) - target * input if log_input else input - target * np.log(input + eps)
    if full:
        from autotn.ops.compare import where

        safe = where(target > 1, target, 1.0)
        stirling = safe * np.log(safe) - safe + 0.5 * np.log(2 * math.pi * safe)
        values = values + where(target > 1, stirling, 0.0)
    return reduced(values, reduction)


@composite()
def gaussian_nll_loss(
    input: Any,
    target: Any,
    var: Any,
    full: bool = False,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Any:
    r"""Negative log-likelihood of a Gaussian: :math:`\frac12(\log v + (x - y)^2 / v)`.

    >>> F.gaussian_nll_loss(tn.tensor([1.0]), tn.tensor([0.0]), tn.tensor([1.0]))
    tensor(0.5000)
    """
    from autotn.core.modes import no_grad

    if isinstance(var, (int, float)):
        if var < 0:
            raise ValueError("gaussian_nll_loss: var has negative entry/entries")
        var = input.new_full(tuple(input.shape), float(var))
    if tuple(var.shape) != tuple(input.shape):
        if tuple(input.shape[:-1]) == tuple(var.shape):
            var = var.unsqueeze(-1)
        elif not (tuple(input.shape[:-1]) == tuple(var.shape[:-1]) and var.shape[-1] == 1):
            raise ValueError(
                f"gaussian_nll_loss: var is of incorrect size {tuple(var.shape)} for input "
                f"{tuple(input.shape)}"
            )
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    if (var._data if isinstance(var, Tensor) else var).min(initial=0) < 0:
        raise ValueError("gaussian_nll_loss: var has negative entry/entries")
    var = var.clone()
    with no_grad():
        var.clamp_(min=eps)
    d = input - target
    values = 0.5 * (np.log(var) + d * d / var)
    if full:
        values = values + 0.5 * math.log(2 * math.pi)
    return reduced(values, reduction)


@composite()
def soft_margin_loss(
    input: Any, target: Any, size_average: Any = None, reduce: Any = None, reduction: str = "mean"
) -> Any:
    r"""Logistic loss with targets 1 and -1: :math:`\log(1 + e^{-yx})`.

    >>> F.soft_margin_loss(tn.tensor([0.0]), tn.tensor([1.0]))
    tensor(0.6931)
    """
    from autotn.ops.activation import softplus

    reduction = reduction_of(size_average, reduce, reduction)
    warn_if_broadcast("soft_margin_loss", input, target)
    return named(
        reduced(softplus(target * -input, 1.0, 50.0), reduction), "SoftMarginLossBackward0"
    )


for _loss in (_mse_loss, _huber, _bce, _bce_with_logits, _kl):
    _loss.takes("f", "A loss of integers has no slope; use .float()")
