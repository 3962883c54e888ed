"""The gradients of a convolution by its input and by its weight, as functions: PyTorch's ``nn.grad``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autotn.errors import ShapeError
from autotn.ops.conv import _conv_input, _conv_weight, batched

__all__ = [
    "conv1d_input", "conv1d_weight", "conv2d_input", "conv2d_weight", "conv3d_input", "conv3d_weight",
]  # fmt: skip


def _check(name: str, dims: int, **shapes: Any) -> None:
    """Refuse what is not of the rank of a batch (or a sample) and of a kernel."""
    for what, shape in shapes.items():
        ranks = (dims + 2,) if what.startswith("weight") else (dims + 1, dims + 2)
        if len(shape) not in ranks:
            raise ShapeError(
                f"{name}: expected {what} with {' or '.join(map(str, ranks))} dimensions, got {tuple(shape)}"
            )


def _input(
    name: str, dims: int, input_size: Any, weight: Any, grad_output: Any, *options: Any
) -> Any:
    shape = tuple(input_size)
    _check(name, dims, weight=weight.shape, grad_output=grad_output.shape, input_size=shape)
    y = grad_output.reshape(batched(grad_output.shape, dims + 2))
    return _conv_input(y, weight, batched(shape, dims + 2), *options).reshape(shape)


def _weight(
    name: str, dims: int, input: Any, weight_size: Any, grad_output: Any, *options: Any
) -> Any:
    shape = tuple(weight_size)
    _check(name, dims, weight_size=shape, grad_output=grad_output.shape, input=input.shape)
    y, x = (a.reshape(batched(a.shape, dims + 2)) for a in (grad_output, input))
    return _conv_weight(y, x, shape, *options)


def _pair(dims: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Both gradients of the convolution over so many dimensions."""
    conv = f"conv{dims}d"

    def by_input(
        input_size: Any, weight: Any, grad_output: Any, stride: Any = 1, padding: Any = 0,
        dilation: Any = 1, groups: int = 1,
    ) -> Any:  # fmt: skip
        options = (stride, padding, dilation, groups)
        return _input(f"{conv}_input", dims, input_size, weight, grad_output, *options)

    def by_weight(
        input: Any, weight_size: Any, grad_output: Any, stride: Any = 1, padding: Any = 0,
        dilation: Any = 1, groups: int = 1,
    ) -> Any:  # fmt: skip
        options = (stride, padding, dilation, groups)
        return _weight(f"{conv}_weight", dims, input, weight_size, grad_output, *options)

    ones = ", ".join("1" * (dims + 1))  # batch, channels, and all axes but the last
    for made, kind, example, result in (
        (
            by_input,
            "input",
            f"({ones}, 3), tn.tensor([2.0, 3.0]).reshape({ones}, 2)",
            "[2., 5., 3.]",
        ),
        (
            by_weight,
            "weight",
            f"tn.tensor([1.0, 2.0, 4.0]).reshape({ones}, 3), ({ones}, 2)",
            "[3., 6.]",
        ),
    ):
        made.__name__ = made.__qualname__ = f"{conv}_{kind}"
        made.__doc__ = (
            f"The gradient of `{conv}` by its {kind}, which has the given size.\n\n"
            f"    >>> nn.grad.{conv}_{kind}({example}, tn.ones({ones}, 2)).flatten()\n"
            f"    tensor({result})\n    "
        )
    return by_input, by_weight


conv1d_input, conv1d_weight = _pair(1)
conv2d_input, conv2d_weight = _pair(2)
conv3d_input, conv3d_weight = _pair(3)
