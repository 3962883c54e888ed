"""Modules that learn a size from the first input they see."""

from __future__ import annotations

from typing import Any

from autotn.layers.module import Module
from autotn.layers.parameter import is_lazy

__all__ = ["LazyModuleMixin"]


class LazyModuleMixin:
    """Beside a Module class: its parameters get their shapes when it is first called.

    A subclass makes `UninitializedParameter`s in ``__init__`` and materializes them in
    ``initialize_parameters(*args)``, which gets what forward will get. After that the module
    becomes an ordinary one, of the class `cls_to_become`.
    """

    cls_to_become: type[Module] | None = None

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(_take_shapes, with_module=True)
        self._initialize_hook = self.register_forward_pre_hook(_initialize, with_kwargs=True)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Materialize the parameters so that they fit these arguments of forward."""
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def has_uninitialized_params(self: Any) -> bool:
        """True while some parameter or buffer has no shape."""
        return any(is_lazy(t) for t in (*self._parameters.values(), *self._buffers.values()))


def _initialize(module: Any, args: Any, kwargs: Any) -> None:
    """Before the first forward: become the ordinary module."""
    module.initialize_parameters(*args, **kwargs)
    if module.has_uninitialized_params():
        raise RuntimeError(
            f"module {module._get_name()} has not been fully initialized by initialize_parameters"
        )
    module._initialize_hook.remove()
    module._load_hook.remove()
    del module._initialize_hook, module._load_hook
    if module.cls_to_become is not None:
        module.__class__ = module.cls_to_become


def _take_shapes(module: Any, state_dict: Any, prefix: str, *rest: Any) -> None:
    """Before a state is loaded: take the shapes from it."""
    for name, tensor in (*module._parameters.items(), *module._buffers.items()):
        given = state_dict.get(prefix + name)
        if tensor is not None and given is not None and is_lazy(tensor) and not is_lazy(given):
            tensor.materialize(tuple(given.shape))
