"""The plain structures: inputs, dense layers, and any module at all."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autotn.core.dtypes import as_dtype
from autotn.errors import ShapeError
from autotn.layers import Module
from autotn.network.activation import Linear, Tanh, activation_of
from autotn.network.joining import Add
from autotn.network.neuron import ActivationNet, ConstantNet, NeuronNet
from autotn.network.structure import Instance, OneInput, Shape, Structure, shape_of, slots_of
from autotn.ops.matmul import linear
from autotn.ops.shape import _reshape


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
        count = len(input)
        flat = input if input.ndim == 2 else _reshape(input, (count, self.ninputs))
        output = self.activation(linear(flat, self.weight, self.bias))
        return output if len(self.shape) == 1 else _reshape(output, (count, *self.shape))


class Dense(OneInput):
    """Every element of the input to every element of the output, whatever their shapes.

    >>> net = tn.Dense((2, 3), activation=tn.Sigmoid())(tn.Input((4, 5, 6))())
    >>> print(net, net.layer[0].weights.shape)
    Dense :: [(4, 5, 6)] -> [(2, 3)] (6, 120)
    """

    def __init__(self, shape: Any, activation: Any = None) -> None:
        self.shape = shape_of(shape, "Dense")
        self.activation = activation_of(activation, Tanh, "Dense")

    def build(self, in_shape: Any) -> Module:
        """The neurons."""
        return DenseNet(in_shape, self.shape, self.activation)


class Activate(OneInput):
    """An activation alone.

    >>> print(tn.Activate(tn.ReLU())(tn.Input((2, 3))()))
    Activate :: [(2, 3)] -> [(2, 3)]
    """

    def __init__(self, activation: Any) -> None:
        self.activation = activation_of(activation, Linear, "Activate")

    def build(self, in_shape: Any) -> Module:
        """The activation."""
        size = math.prod(in_shape)
        return ActivationNet(size, size, self.activation)


class Layer(Structure):
    """Any Module in a network; its inputs and outputs have the batch in front.

    The module itself stands there, so every call shares its weights. A function that makes modules
    gives each call weights of its own.

    Parameters
    ----------
    slot : int, optional
        The one output to keep of a module that returns several.

    >>> print(tn.Layer(nn.Linear(3, 4))(tn.Input((5, 3))()))
    Linear :: [(5, 3)] -> [(5, 4)]
    """

    def __init__(self, module: Module | Callable[[], Module], slot: int | None = None) -> None:
        if not callable(module) or (isinstance(module, type) and issubclass(module, Module)):
            raise TypeError(
                f"Layer: module must be a Module or a function that makes one, got {module!r}"
            )
        self.module = module
        self.slot = slot

    @property
    def name(self) -> str:
        """The module's class."""
        return type(self.module).__name__ if isinstance(self.module, Module) else "Layer"

    def build(self, *in_shapes: Any) -> Module:
        """The module."""
        made = self.module
        module: Any = made if isinstance(made, Module) else made()
        return module if self.slot is None else OneSlot(module, self.slot)


class OneSlot(Module):
    """One output of a module that has several."""

    def __init__(self, module: Module, slot: int) -> None:
        super().__init__()
        self.module = module
        self.slot = slot

    def forward(self, *inputs: Any) -> Any:
        """The output in that slot."""
        return list(slots_of(self.module(*inputs)))[self.slot]


class Clone(Structure):
    """A structure whose every call shares one set of weights, made by the first call.

    Inputs may have other shapes where the same weights fit them.

    >>> shared = tn.Clone(tn.Dense((4,)))
    >>> first = shared(tn.Input((3,))())
    >>> second = shared(tn.Input((3,))())
    >>> print(first, first.module is second.module)
    Clone(Dense) :: [(3,)] -> [(4,)] True
    """

    def __init__(self, structure: Structure) -> None:
        if not isinstance(structure, Structure):
            raise TypeError(f"Clone: structure must be a Structure, got {structure!r}")
        self.structure = structure
        #: What was made, by the shapes of the inputs.
        self._made: dict[tuple[Shape, ...], tuple[Module, list[Shape], list[Any]]] = {}

    @property
    def name(self) -> str:
        """The structure's name in brackets."""
        return f"Clone({self.structure.name})"

    @property
    def activation(self) -> Any:
        """The structure's activation."""
        return self.structure.activation  # type: ignore[attr-defined]

    def around(self, module: Module) -> Clone:
        """Another one, that shares this module."""
        return Clone(self.structure.around(module))

    def __call__(self, *args: Any, **kwargs: Any) -> Instance:
        """Stand where the structure would, called with the same arguments."""
        twin = copy.copy(self.structure)
        twin.__dict__["make"] = self.make
        instance = twin(*args, **kwargs)
        instance.name, instance.structure = self.name, self
        return instance

    def make(
        self, shapes: Sequence[Shape], dtypes: Sequence[Any] | None = None
    ) -> tuple[Module, list[Shape], list[Any]]:
        """The module for inputs of these shapes, with the weights of the first one."""
        key = tuple(shapes)
        if key not in self._made:
            made = self.structure.make(shapes, dtypes)
            if self._made:
                self._share(made[0], key)
            self._made[key] = made
        return self._made[key]

    def _share(self, module: Module, shapes: tuple[Shape, ...]) -> None:
        """Put the weights of the first module into one that was made for other shapes."""
        first, (original, *_) = next(iter(self._made.items()))
        shared = dict(original.named_parameters(remove_duplicate=False))
        own = dict(module.named_parameters(remove_duplicate=False))
        if {n: p.shape for n, p in shared.items()} != {n: p.shape for n, p in own.items()}:
            raise ShapeError(
                f"{self.name}: its weights were made for inputs of shape {list(first)} and do not "
                f"fit those of shape {list(shapes)}"
            )
        for name, parameter in shared.items():
            path, _, last = name.rpartition(".")
            setattr(module.get_submodule(path), last, parameter)

    def spell(self, inst: Instance) -> list[Instance]:
        """As the structure would spell it."""
        return self.structure.spell(inst)


class ResWrap(OneInput):
    """A cell whose result, brought to the input's shape by a dense layer, is added to the input.

    The sum goes through the cell's activation.

    Parameters
    ----------
    cell : Structure
        It must have an ``activation``.
    output_index : int
        Which output slot of the cell is meant.

    >>> print(tn.ResWrap(tn.Dense((7,), activation=tn.ReLU()))(tn.Input((3, 2))()))
    ResWrap :: [(3, 2)] -> [(3, 2)]
    """

    def __init__(self, cell: Structure, output_index: int = 0) -> None:
        if not isinstance(cell, Structure) or not hasattr(cell, "activation"):
            raise TypeError(f"ResWrap: cell must be a Structure with an activation, got {cell!r}")
        self.cell = cell
        self.output_index = output_index
        self.activation = cell.activation

    def build(self, in_shape: Any) -> Module:
        """The cell, the dense layer and the activation."""
        cell, out_shapes, _ = self.cell.make([in_shape])
        if not -len(out_shapes) <= self.output_index < len(out_shapes):
            raise IndexError(
                f"ResWrap: output_index {self.output_index}, but the cell {self.cell.name} has "
                f"{len(out_shapes)} output slots"
            )
        dense = DenseNet(out_shapes[self.output_index], in_shape, Linear())
        activation = activation_of(self.activation, Linear, "ResWrap")
        return ResidualNet(cell, self.output_index, dense, activation)

    def spell(self, inst: Instance) -> list[Instance]:
        """The sum, which `inst` sends through the activation."""
        if not isinstance(inst.module, ResidualNet):  # a subclass has built something else
            return inst.parents
        (source,), (slot,), net = inst.parents, inst.input_indexes, inst.module
        cell = self.cell.around(net.cell).place([source], [slot], input_index=slot)
        dense = Dense(inst.input_shapes[0], Linear()).around(net.dense)
        return [Add()([source, dense(cell, self.output_index)], [slot, 0])]


#: The article's word for it.
Residual = ResWrap


class ResidualNet(Module):
    """The input plus what a cell and a dense layer make of it, through an activation."""

    def __init__(self, cell: Module, slot: int, dense: Module, activation: Module) -> None:
        super().__init__()
        self.dense = dense
        self.cell = cell
        self.slot = slot
        self.activation = activation

    def forward(self, input: Any) -> Any:
        """The activations."""
        found = list(slots_of(self.cell(input)))[self.slot]
        return self.activation(input + self.dense(found))
