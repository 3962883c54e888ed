"""What a guess remembers: the outputs of every part."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from autotn.core.modes import HOT, no_grad
from autotn.core.tensor import Tensor, wrap
from autotn.errors import AutogradError
from autotn.network.structure import floating_dtype, resting, slots_of
from autotn.ops.shape import expand

if TYPE_CHECKING:
    from autotn.network.system import System


def outputs_of(module: Any, inputs: Sequence[Any], count: int | None = None) -> tuple[Any, ...]:
    """The slots a module fills; one that is constant is repeated `count` times for the batch."""
    found = module(*inputs)
    if count is not None:
        found = expand(found, count, *found.shape[1:])
    return tuple(slots_of(found)) if isinstance(found, tuple | list) else (found,)


class State(Sequence[Any]):
    """What a guess remembers for `System.learn`: the outputs of every part, with their history.

    ``state[i]`` is the list of arrays, one per slot, of the part ``system.parts[i]``. Those inside
    a recurrent or residual layer are computed when they are looked at, before the weights change.
    """

    def __init__(self, system: System, values: list[Any], outputs: list[Tensor], single: bool):
        self.owner = system
        self.values = values
        self.outputs = outputs
        self.single = single
        self.updates = system.updates
        self.epoch = HOT["EPOCH"]
        #: The loss it was learned by, once it was.
        self.loss: float | None = None

    def __len__(self) -> int:
        return len(self.owner.parts)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        part = self.owner.parts[index]
        found = self._kept.get(id(part))
        return [self._shown(value) for value in found or self._inside[id(part)]]

    @cached_property
    def _kept(self) -> dict[int, tuple[Any, ...]]:
        """The outputs of what ran, by the identity of the parts."""
        return {id(part): v for part, v in zip(self.owner._wiring.parts, self.values)}

    @cached_property
    def _inside(self) -> dict[int, tuple[Any, ...]]:
        """The outputs of the parts that other parts stand for."""
        for parameter in self.owner.parameters():
            if parameter._storage is not None and parameter._storage.epoch > self.epoch:
                raise AutogradError(
                    "state: the outputs inside a recurrent or residual layer are computed when "
                    "they are looked at, and the weights have changed since this guess; look "
                    "before learn"
                )
        wiring, known = self.owner._spelled_out, dict(self._kept)
        count, dtype = len(self.outputs[0]._data), floating_dtype(self.owner)
        for k in wiring.order:
            part = wiring.parts[k]
            if id(part) not in known:
                read = zip(part.parents, part.input_indexes)
                inputs = [known[id(parent)][slot] for parent, slot in read]
                with no_grad(), resting(part.module):
                    found = outputs_of(part.module, inputs, count if part.constant else None)
                if part.constant:  # zeros that the network does not know, and has not converted
                    found = tuple(wrap(value._data.astype(dtype)) for value in found)
                known[id(part)] = found
        return known

    def _shown(self, value: Tensor) -> Any:
        return (value._data[0] if self.single else value._data).copy()

    def __repr__(self) -> str:
        return f"<State of {len(self)} parts>"
