"""The gradients of a convolution by its input and by its weight, as functions: PyTorch's ``nn.grad``."""

from __future__ import annotations

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


def conv1d_input(
    input_size: Any, weight: Any, grad_output: Any, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """The gradient of `conv1d` by its input, which has the given size.

    >>> nn.grad.conv1d_input((1, 1, 3), tn.tensor([[[2.0, 3.0]]]), tn.ones(1, 1, 2))
    tensor([[[2., 5., 3.]]])
    """
    options = (stride, padding, dilation, groups)
    return _input("conv1d_input", 1, input_size, weight, grad_output, *options)


def conv1d_weight(
    input: Any, weight_size: Any, grad_output: Any, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """The gradient of `conv1d` by its weight, which has the given size.

    >>> nn.grad.conv1d_weight(tn.tensor([[[1.0, 2.0, 4.0]]]), (1, 1, 2), tn.ones(1, 1, 2))
    tensor([[[3., 6.]]])
    """
    options = (stride, padding, dilation, groups)
    return _weight("conv1d_weight", 1, input, weight_size, grad_output, *options)


def conv2d_input(
    input_size: Any, weight: Any, grad_output: Any, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """The gradient of `conv2d` by its input, which has the given size.

    >>> nn.grad.conv2d_input((1, 1, 1, 3), tn.tensor([[[[2.0, 3.0]]]]), tn.ones(1, 1, 1, 2))
    tensor([[[[2., 5., 3.]]]])
    """
    options = (stride, padding, dilation, groups)
    return _input("conv2d_input", 2, input_size, weight, grad_output, *options)


def conv2d_weight(
    input: Any, weight_size: Any, grad_output: Any, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """The gradient of `conv2d` by its weight, which has the given size.

    >>> nn.grad.conv2d_weight(tn.tensor([[[[1.0, 2.0, 4.0]]]]), (1, 1, 1, 2), tn.ones(1, 1, 1, 2))
    tensor([[[[3., 6.]]]])
    """
    options = (stride, padding, dilation, groups)
    return _weight("conv2d_weight", 2, input, weight_size, grad_output, *options)


def conv3d_input(
    input_size: Any, weight: Any, grad_output: Any, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """The gradient of `conv3d` by its input, which has the given size.

    >>> nn.grad.conv3d_input((1, 1, 1, 1, 2), tn.ones(1, 1, 1, 1, 2), tn.ones(1, 1, 1, 1, 1)).flatten()
    tensor([1., 1.])
    """
    options = (stride, padding, dilation, groups)
    return _input("conv3d_input", 3, input_size, weight, grad_output, *options)


def conv3d_weight(
    input: Any, weight_size: Any, grad_output: Any, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Any:  # fmt: skip
    """The gradient of `conv3d` by its weight, which has the given size.

    >>> nn.grad.conv3d_weight(tn.ones(1, 1, 1, 1, 2), (1, 1, 1, 1, 2), tn.ones(1, 1, 1, 1, 1)).flatten()
    tensor([1., 1.])
    """
    options = (stride, padding, dilation, groups)
    return _weight("conv3d_weight", 3, input, weight_size, grad_output, *options)
