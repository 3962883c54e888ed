"""What a System learns by: losses by name, or a module, between its outputs and the truth."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotn.core.tensor import Tensor, canonical, wrap
from autotn.errors import AutogradError, ShapeError
from autotn.ops.loss import binary_cross_entropy, mse_loss


def quad(output: Any, truth: Any) -> Any:
    r"""Half the squared error of each example, :math:`\sum (y - t)^2 / 2`; the batch's mean."""
    return mse_loss(output, truth, reduction="sum") * (0.5 / max(output.shape[0], 1))


def ce(output: Any, truth: Any) -> Any:
    r"""Cross-entropy, :math:`-\sum t \log y + (1 - t) \log(1 - y)`; the batch's mean.

    Every output is a probability of its own, as a Sigmoid gives it.
    """
    return binary_cross_entropy(output, truth, reduction="sum") * (1.0 / max(output.shape[0], 1))


#: The losses by name; both compare arrays of the same shape.
LOSSES: dict[str, Callable[[Any, Any], Any]] = {"quad": quad, "ce": ce}


def is_list(given: Any) -> bool:
    """Whether several arrays were given, not one."""
    return isinstance(given, Sequence) and not isinstance(given, (np.ndarray, Tensor))


def total_loss(
    who: str, outputs: Sequence[Tensor], true_outputs: Any, loss: Any, single: bool
) -> Tensor:
    """The sum of the losses of all outputs, everything checked before anything is computed."""
    function = LOSSES.get(loss) if isinstance(loss, str) else loss
    if not callable(function) or isinstance(function, type):
        names = ", ".join(map(repr, LOSSES))
        raise ValueError(f"{who}: unknown loss {loss!r}; expected {names} or a loss module")
    if true_outputs.__class__ is not list and not is_list(true_outputs):
        raise TypeError(
            f"{who}: true_outputs must be a list with one array per output, "
            f"got {type(true_outputs).__name__}"
        )
    if len(true_outputs) != len(outputs):
        raise ValueError(
            f"{who}: {len(true_outputs)} true_outputs for {len(outputs)} outputs of the System"
        )
    named = isinstance(loss, str)
    truths = [
        None if t is None else _truth(who, k, o, t, single, named)
        for k, (o, t) in enumerate(zip(outputs, true_outputs))
    ]
    pairs = [(o, t) for o, t in zip(outputs, truths) if t is not None]
    if not pairs:
        raise ValueError(f"{who}: every one of true_outputs is None: nothing to learn")
    if function is ce:
        for output, truth in pairs:
            _check_probabilities(who, output, truth)
    total: Any = None
    for output, truth in pairs:
        found = function(output, truth)
        if not isinstance(found, Tensor) or found._data.size != 1:
            raise ShapeError(
                f"{who}: the loss must give one number, got "
                f"{tuple(found.shape) if isinstance(found, Tensor) else found!r}"
            )
        total = found if total is None else total + found
    if not total.requires_grad:
        raise AutogradError(f"{who}: none of the weights leads to an output that is learned")
    return total


def _truth(who: str, k: int, output: Tensor, truth: Any, single: bool, same: bool) -> Tensor:
    """One target as a batch; for the losses by name, of exactly the output's shape and dtype."""
    array = truth._data if isinstance(truth, Tensor) else np.asarray(truth)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{who}: true_outputs[{k}] must hold numbers, got dtype {array.dtype}")
    if not same:
        array = array.astype(output._data.dtype) if array.dtype.kind == "f" else canonical(array)
        return wrap(array[None] if single else array)
    expected = output._data.shape[1:] if single else output._data.shape
    if array.shape != expected:
        raise ShapeError(
            f"{who}: true_outputs[{k}] has shape {array.shape}, expected {expected}, "
            "the shape of the output"
        )
    return wrap(array.reshape(output._data.shape).astype(output._data.dtype))


def _check_probabilities(who: str, output: Tensor, truth: Tensor) -> None:
    for name, values in (("the outputs", output._data), ("true_outputs", truth._data)):
        if values.size and not (values.min() >= 0 and values.max() <= 1):
            raise ValueError(
                f"{who}: loss 'ce' compares probabilities, but {name} go from "
                f"{values.min():.4g} to {values.max():.4g}; let the network end in a Sigmoid"
            )
