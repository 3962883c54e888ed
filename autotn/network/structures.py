"""The plain structures: inputs, dense layers, and any module at all."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autotn.core.dtypes import as_dtype
from autotn.errors import ShapeError
from autotn.layers import Flatten as FlattenModule
from autotn.layers import Module
from autotn.network.activation import Linear, Tanh, activation_of
from autotn.network.neuron import ActivationNet, ConstantNet, NeuronNet
from autotn.network.structure import Instance, OneInput, Shape, Structure, shape_of, slots_of


class Input(Structure):
    """Where one array of this shape (or a batch of them) is put in.

    Parameters
    ----------
    dtype : dtype, optional
        Of integers, say, that an embedding reads; else the dtype of the network's weights.

    >>> print(tn.Input((32, 32))())
    Input :: [] -> [(32, 32)]
    """

    def __init__(self, shape: Any, dtype: Any = None) -> None:
        self.shape = shape_of(shape, "Input")
        self.dtype = None if dtype is None else as_dtype(dtype).dtype

    def __call__(self) -> Instance:  # type: ignore[override]
        """A place to put values in."""
        return Instance([], self, [], [self.shape], None, output_dtypes=[self.dtype])


class Constant(Structure):
    """Values that are always the same; learning does not change them.

    >>> print(tn.Constant(np.ones((2, 3)))())
    Constant :: [] -> [(2, 3)]
    """

    def __init__(self, values: Any) -> None:
        self.values = np.array(values)

    def __call__(self) -> Instance:  # type: ignore[override]
        """A place with these values."""
        shape = self.values.shape
        return Instance([], self, [], [shape], ConstantNet(self.values), constant=True)


class DenseNet(NeuronNet):
    """Neurons on all elements of an input of any shape, giving an output of any shape."""

    def __init__(self, in_shape: Shape, shape: Shape, activation: Any) -> None:
        super().__init__(math.prod(in_shape), math.prod(shape), activation)
        self.shape = shape

    def forward(self, input: Any) -> Any:
        """The activations of a batch."""
        count = input.shape[0]
        if input.ndim > 2:
            input = input.reshape(count, self.ninputs)
        output = super().forward(input)
        return output if len(self.shape) == 1 else output.reshape(count, *self.shape)


class Dense(OneInput):
    """Every element of the input to every element of the output, whatever their shapes.

    >>> net = tn.Dense((2, 3), activation=tn.Sigmoid())(tn.Input((4, 5, 6))())
    >>> print(net, net.layer.weights.shape)
    Dense :: [(4, 5, 6)] -> [(2, 3)] (6, 120)
    """

    def __init__(self, shape: Any, activation: Any = None) -> None:
        self.shape = shape_of(shape, "Dense")
        self.activation = activation_of(activation, Tanh, "Dense")

    def build(self, in_shape: Any) -> Module:
        """The neurons."""
        return DenseNet(in_shape, self.shape, self.activation)
