"""All parameters as one vector, and back."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from autotn.core.tensor import Tensor
from autotn.errors import ShapeError
from autotn.ops import cat

__all__ = ["parameters_to_vector", "vector_to_parameters"]


def parameters_to_vector(parameters: Iterable[Tensor]) -> Any:
    """The parameters flattened and joined; gradients flow through.

    >>> nn.utils.parameters_to_vector(nn.Linear(2, 3).parameters()).shape
    tn.Size([9])
    """
    return cat([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Let the parameters be the parts of a vector; they share its memory.

    >>> layer = nn.Linear(1, 1)
    >>> nn.utils.vector_to_parameters(tn.tensor([2.0, 3.0]), layer.parameters())
    >>> layer.bias
    Parameter containing:
    tensor([3.], requires_grad=True)
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected a Tensor, but got: {type(vec).__name__}")
    listed = list(parameters)
    needed = sum(math.prod(p.shape) for p in listed)
    if vec.numel() < needed:
        raise ShapeError(
            f"vector_to_parameters: the parameters have {needed} elements, "
            f"the vector only {vec.numel()}"
        )
    start = 0
    for parameter in listed:
        end = start + parameter.numel()
        parameter.data = vec.detach()[start:end].reshape(tuple(parameter.shape))
        start = end
