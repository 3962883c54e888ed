"""Structure and Instance: a recipe for a module, and the place where one stands in a network.

A `Structure` called on instances reads their shapes, builds a module for them and runs it once on
an example: what comes out are the output shapes. So no shape rule is written anywhere.
"""

from __future__ import annotations

import copy
import operator
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from autotn.core.dtypes import as_dtype, get_default_dtype
from autotn.core.modes import enable_grad, no_grad
from autotn.core.tensor import Tensor, wrap
from autotn.errors import ShapeError
from autotn.layers import Module
from autotn.network.neuron import NeuronNet, array_of, update_weights

Shape = tuple[int, ...]


def shape_of(given: Any, who: str) -> Shape:
    """A shape written as a tuple, a list or one number."""
    try:
        sizes = (operator.index(given),) if not np.iterable(given) else tuple(given)
        shape = tuple(operator.index(n) for n in sizes)
    except TypeError:
        raise TypeError(f"{who}: shape must be a tuple of ints, got {given!r}") from None
    if any(n < 1 for n in shape):
        raise ValueError(f"{who}: every size of a shape must be at least 1, got {shape}")
    return shape


def slots_of(output: Any) -> Iterator[Any]:
    """The Tensors a module returned, one after the other."""
    if isinstance(output, tuple | list):
        for part in output:
            yield from slots_of(part)
    else:
        yield output


@contextmanager
def resting(module: Module) -> Iterator[None]:
    """In eval mode for a while, so that running it leaves nothing behind."""
    modes = [(m, m.training) for m in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for part, mode in modes:
            part.__dict__["training"] = mode


class Instance:
    """A module and its place in a network: parents, shapes, and the structure it was built by.

    Made by calling a `Structure`. Its `module` has the weights, its `layer` is the list of neuron
    nets in it; further keywords become attributes.

    >>> x = tn.Input((2, 3))()
    >>> print(tn.Dense((4,))(x))
    Dense :: [(2, 3)] -> [(4,)]
    """

    def __init__(
        self,
        parents: Sequence[Instance],
        structure: Structure,
        input_shapes: Sequence[Shape],
        output_shapes: Sequence[Shape],
        layer: Module | list[Module] | None,
        constant: bool = False,
        **kwargs: Any,
    ) -> None:
        self.name = structure.name
        self.parents = list(parents)
        self.structure = structure
        self.input_shapes = list(input_shapes)
        self.output_shapes = list(output_shapes)
        #: What computes; an Input has none.
        self.module: Any = next(iter(layer), None) if isinstance(layer, list) else layer
        self.constant = constant
        self.input_indexes: list[int] = [0] * len(self.parents)
        self.output_dtypes: list[Any] = [None] * len(self.output_shapes)
        self.__dict__.update(kwargs)

    @cached_property
    def spelled(self) -> list[Instance]:
        """What it reads where the network is spelled out: its parents, unless it is many parts."""
        return self.structure.spell(self)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "spelled"}

    @property
    def layer(self) -> list[NeuronNet]:
        """The neuron nets of its module, which have ``weights`` and ``biases``."""
        found = () if self.module is None else self.module.modules()
        return [part for part in found if isinstance(part, NeuronNet)]

    def __str__(self) -> str:
        return f"{self.name} :: {self.input_shapes} -> {self.output_shapes}"

    def __repr__(self) -> str:
        return f"<Instance {self}>"

    def __call__(self, *inputs: Any) -> Any:
        raise TypeError(
            f"{self.name}: an Instance is a place in a network and cannot be called; make a "
            "System of it and call its guess, or call its .module on a batch"
        )

    def slot(self, index: Any, who: str) -> int:
        """The number of an output, checked."""
        count = len(self.output_shapes)
        number = operator.index(index)
        if not -count <= number < count:
            raise IndexError(
                f"{who}: {self.name} has {count} output slot{'s' * (count != 1)}, "
                f"got index {number}"
            )
        return number % count

    def forward(self, inputs: Any) -> list[Any]:
        """`Structure.forward` of this instance."""
        return self.structure.forward(self, inputs)

    def backward_calc(self, inputs: Any, input_errors: Any, outputs: Any, error: Any) -> Any:
        """`Structure.backward_calc` of this instance."""
        return self.structure.backward_calc(self, inputs, input_errors, outputs, error)

    def backward_apply(self, inputs: Any, grads: Any, **kwargs: Any) -> None:
        """`Structure.backward_apply` of this instance."""
        self.structure.backward_apply(self, inputs, grads, **kwargs)

    def save_weights(self, hf: Any) -> None:
        """`Structure.save_weights` of this instance."""
        self.structure.save_weights(self, hf)

    def load_weights(self, hf: Any) -> None:
        """`Structure.load_weights` of this instance."""
        self.structure.load_weights(self, hf)


class Structure:
    """Base of all structures: a subclass writes `build` and is called on instances.

    The module gets one batch per input, the batch in front, and returns one (or, with several
    output slots, a tuple of them).

    >>> class Scaled(tn.Structure):
    ...     def build(self, in_shape):
    ...         return nn.Sequential(nn.Flatten(), nn.Linear(in_shape[0] * in_shape[1], 3))
    >>> print(Scaled()(tn.Input((2, 2))()))
    Scaled :: [(2, 2)] -> [(3,)]
    """

    #: The module its instances share; by default each builds its own.
    _module: Module | None = None

    @property
    def name(self) -> str:
        """What its instances are called."""
        return type(self).__name__

    def build(self, *in_shapes: Any) -> Module:
        """Make the module for inputs of these shapes, the batch left out."""
        raise NotImplementedError(f"{self.name} must define build(self, in_shape) -> Module")

    def spell(self, inst: Instance) -> list[Instance]:
        """What `inst` reads where it is spelled out, for structures that stand for many parts.

        The parts above it are made of ordinary structures on the same weights, and together have
        all of these; `inst` itself remains as the last of them.
        """
        return inst.parents

    def around(self, module: Module) -> Any:
        """The same recipe with a module that is there already: its calls share those weights."""
        twin = copy.copy(self)
        twin._module = module
        return twin

    def __call__(self, *instances: Instance, input_index: int = 0) -> Instance:
        """Stand behind these instances, reading slot `input_index` of each."""
        return self.place(instances, [input_index] * len(instances))

    def place(
        self, parents: Sequence[Instance], slots: Sequence[int], **attributes: Any
    ) -> Instance:
        """Build the module for these slots of these parents, and return the new place."""
        for parent in parents:
            if not isinstance(parent, Instance):
                raise TypeError(f"{self.name}: {_not_an_instance(parent)}")
        if len(slots) != len(parents):
            raise ValueError(
                f"{self.name}: {len(parents)} inputs need as many input_indexes, got {list(slots)}"
            )
        slots = [p.slot(k, f"{self.name}: input_index") for p, k in zip(parents, slots)]
        shapes = [p.output_shapes[k] for p, k in zip(parents, slots)]
        dtypes = [p.output_dtypes[k] for p, k in zip(parents, slots)]
        module, out_shapes, out_dtypes = self.make(shapes, dtypes)
        attributes = {"input_indexes": slots, "output_dtypes": out_dtypes, **attributes}
        return Instance(parents, self, shapes, out_shapes, module, **attributes)

    def make(
        self, shapes: Sequence[Shape], dtypes: Sequence[Any] | None = None
    ) -> tuple[Module, list[Shape], list[Any]]:
        """A module for inputs of these shapes, and its outputs' shapes and dtypes."""
        module = self.build(*shapes) if self._module is None else self._module
        if not isinstance(module, Module):
            raise TypeError(f"{self.name}.build must return a Module, got {type(module).__name__}")
        outputs = self._try(module, shapes, dtypes or [None] * len(shapes))
        out_dtypes = [o._data.dtype if o._data.dtype.kind in "iub" else None for o in outputs]
        return module, [tuple(o.shape[1:]) for o in outputs], out_dtypes

    def _try(self, module: Module, shapes: Any, dtypes: Any) -> list[Tensor]:
        """What the module makes of one example of zeros."""
        floating = floating_dtype(module)
        examples = [wrap(np.zeros((1, *s), d or floating)) for s, d in zip(shapes, dtypes)]
        try:
            with no_grad(), resting(module):
                outputs = list(slots_of(module(*examples)))
        except NotImplementedError:
            raise
        except (RuntimeError, ValueError, TypeError, IndexError) as error:
            raise ShapeError(
                f"{self.name}: input of shape {', '.join(map(str, shapes))} does not fit: {error}"
            ) from error
        for output in outputs:
            if not isinstance(output, Tensor) or output.shape[:1] != (1,):
                found = getattr(output, "shape", type(output).__name__)
                raise ShapeError(
                    f"{self.name}: for a batch of 1 its module must return Tensors with a first "
                    f"dimension of 1, got {found}"
                )
        return outputs

    # -- one instance alone: what a System does for all of them -----------------------------------

    def forward(self, inst: Instance, inputs: Any) -> list[Any]:
        """The arrays of all slots of `inst`, from ``inputs[parent][slot]`` of one example."""
        with no_grad():
            outputs = slots_of(inst.module(*self._read(inst, inputs)))
            return [o._data[0] for o in outputs]

    def backward_calc(
        self, inst: Instance, inputs: Any, input_errors: Any, outputs: Any, error: Any
    ) -> dict[str, Any]:
        """The weights' gradients by name, given the `error` of every slot (a gradient).

        What the inputs contribute is added to the arrays ``input_errors[parent][slot]``.
        """
        from autotn.autograd import grad

        sources = [x.requires_grad_() for x in self._read(inst, inputs)]
        named = dict(inst.module.named_parameters())
        with enable_grad():
            found = list(slots_of(inst.module(*sources)))
        pairs = [(o, wrap(array_of(e)[None].astype(o._data.dtype))) for o, e in zip(found, error)]
        pairs = [pair for pair in pairs if pair[0].requires_grad]
        gradients = grad(
            [o for o, _ in pairs], [*sources, *named.values()], [e for _, e in pairs],
            allow_unused=True, materialize_grads=True,
        )  # fmt: skip
        for k, (slot, gradient) in enumerate(zip(inst.input_indexes, gradients)):
            input_errors[k][slot] += gradient._data[0]
        return dict(zip(named, (g._data for g in gradients[len(sources) :])))

    def backward_apply(self, inst: Instance, inputs: Any, grads: Any, **kwargs: Any) -> None:
        """Change the weights by gradients that `backward_calc` gave."""
        update_weights(inst.module, grads, **kwargs)

    def _read(self, inst: Instance, inputs: Any) -> list[Tensor]:
        dtype = floating_dtype(inst.module)
        slots = enumerate(inst.input_indexes)
        return [wrap(array_of(inputs[k][slot])[None].astype(dtype)) for k, slot in slots]

    # -- weights in a group of a file -------------------------------------------------------------

    def save_weights(self, inst: Instance, hf: Any) -> None:
        """Put the weights into a group: ``neuron0_w``, ``neuron0_b`` and so on."""
        for key, parameter in weights_by_key(inst.module).items():
            values = parameter._data
            hf[key] = values.astype(np.float32) if values.dtype.kind == "V" else values  # bfloat16

    def load_weights(self, inst: Instance, hf: Any) -> None:
        """Take the weights from a group; nothing changes when one is missing or does not fit."""
        found = {}
        for key, parameter in weights_by_key(inst.module).items():
            if key not in hf:
                raise KeyError(f"{inst.name}: the file has no {key!r}, it has {sorted(hf)}")
            values = np.asarray(hf[key])
            if values.shape != parameter.shape:
                raise ShapeError(
                    f"{inst.name}: {key} has shape {values.shape} in the file, "
                    f"expected {tuple(parameter.shape)}"
                )
            found[key] = parameter, values
        with no_grad():
            for parameter, values in found.values():
                parameter.copy_(wrap(values))


def weights_by_key(module: Module | None) -> dict[str, Any]:
    """The parameters of a module by the names they have in a file of the original package."""
    if module is None:
        return {}
    keys: dict[str, Any] = {}
    nets = [m for m in module.modules() if isinstance(m, NeuronNet) and m.weight is not None]
    for i, net in enumerate(nets):
        keys |= {f"neuron{i}_w": net.weight, f"neuron{i}_b": net.bias}
    known = {id(p) for p in keys.values()}
    return keys | {name: p for name, p in module.named_parameters() if id(p) not in known}


def floating_dtype(module: Module | None) -> Any:
    """The dtype of a module's first floating-point parameter, else the default."""
    return floating_dtype_of(() if module is None else module.parameters())


def floating_dtype_of(parameters: Iterable[Any]) -> Any:
    """The dtype of the first of them in floating point, else the default."""
    for parameter in parameters:
        if parameter.is_floating_point():
            return parameter._data.dtype
    return as_dtype(get_default_dtype()).dtype


def _not_an_instance(given: Any) -> str:
    if isinstance(given, Structure):
        return f"got the structure {given.name}; call it to get an Instance: {given.name}(...)(...)"
    if isinstance(given, Module):
        return "got a Module; tn.Layer(module)(...) makes an Instance of it"
    return (
        f"is called on Instances, which tn.Input(shape)() begins, got {type(given).__name__}; "
        "numbers go to the guess of a System"
    )


class OneInput(Structure):
    """Base of structures that read one slot of one instance."""

    def __call__(self, input_inst: Instance, input_index: int = 0) -> Instance:  # type: ignore[override]
        """Stand behind slot `input_index` of `input_inst`."""
        return self.place([input_inst], [input_index], input_index=input_index)


class ManyInputs(Structure):
    """Base of structures that read a list of instances."""

    def __call__(  # type: ignore[override]
        self, input_inst_list: Sequence[Instance], input_indexes: Sequence[int] | None = None
    ) -> Instance:
        """Stand behind a list of instances, reading slot 0 of each or the given ones."""
        if isinstance(input_inst_list, Instance) or not np.iterable(input_inst_list):
            raise TypeError(f"{self.name}: takes a list of Instances, got {input_inst_list!r}")
        parents = list(input_inst_list)
        if not parents:
            raise ValueError(f"{self.name}: needs at least one Instance, got an empty list")
        return self.place(parents, [0] * len(parents) if input_indexes is None else input_indexes)
