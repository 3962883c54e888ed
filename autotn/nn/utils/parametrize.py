"""Parametrizations: a weight computed from other tensors each time it is read.

``register_parametrization(layer, "weight", f)`` takes the weight away, keeps it as the *original*,
and makes ``layer.weight`` a property that gives ``f(original)``. For that the layer gets a class of
its own, derived from its class.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from autotn.core.modes import no_grad
from autotn.core.tensor import Tensor
from autotn.layers.container import ModuleDict, ModuleList
from autotn.layers.module import Module
from autotn.layers.parameter import Parameter

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]

_cache_depth = 0
_cache: dict[tuple[int, str], Any] = {}


@contextmanager
def cached() -> Iterator[None]:
    """Compute each parametrized tensor once while this context lasts.

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    >>> with nn.utils.parametrize.cached():
    ...     layer.weight is layer.weight
    True
    """
    global _cache_depth
    _cache_depth += 1
    try:
        yield
    finally:
        _cache_depth -= 1
        if not _cache_depth:
            _cache.clear()


def _hold(owner: Module, name: str, value: Any) -> None:
    """Give a module a parameter or, for a tensor that is not one, a buffer."""
    if isinstance(value, Parameter):
        owner.register_parameter(name, value)
    else:
        owner.register_buffer(name, value)


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, in the order they are applied, and its originals."""

    original: Tensor
    unsafe: bool

    def __init__(self, modules: Sequence[Module], original: Any, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        value: Any = original
        with no_grad():
            for module in reversed(self):
                if hasattr(module, "right_inverse"):
                    with suppress(NotImplementedError):  # some have none for some options
                        value = module.right_inverse(value)
        self.is_tensor = isinstance(value, Tensor)
        if isinstance(value, Tensor):
            self.ntensors = 1
            _check_dtype(original, value, unsafe, "right_inverse")
            with no_grad():
                original.data = value.detach()
            _hold(self, "original", original)
        elif isinstance(value, Sequence):
            self.ntensors = len(value)
            for k, part in enumerate(value):
                if not isinstance(part, Tensor):
                    raise ValueError(
                        "right_inverse must return a Tensor or a Sequence of tensors, but element "
                        f"{k} is of type {type(part).__name__}"
                    )
                _check_dtype(original, part, unsafe, "right_inverse")
                if isinstance(original, Parameter):
                    part = Parameter(part.detach(), requires_grad=original.requires_grad)
                _hold(self, f"original{k}", part)
        else:
            raise ValueError(
                "right_inverse must return a Tensor or a Sequence of tensors, "
                f"got {type(value).__name__}"
            )
        if not unsafe:
            self._check_consistency(original)

    def _original_names(self) -> list[str]:
        return ["original"] if self.is_tensor else [f"original{k}" for k in range(self.ntensors)]

    def _originals(self) -> list[Any]:
        return [getattr(self, name) for name in self._original_names()]

    def _check_consistency(self, original: Tensor) -> None:
        with no_grad():
            result = self()
        if not isinstance(result, Tensor):
            raise ValueError(
                f"A parametrization must return a tensor. Got {type(result).__name__}."
            )
        if result.dtype != original.dtype:
            raise ValueError(
                "Registering a parametrization may not change the dtype of the tensor, unless "
                f"`unsafe` flag is enabled: {original.dtype} became {result.dtype}"
            )
        expected = original.shape if not self.is_tensor else self.original.shape
        if self.is_tensor and result.shape != expected:
            raise ValueError(
                "Registering a parametrization may not change the shape of the tensor, unless "
                f"`unsafe` flag is enabled: {tuple(expected)} became {tuple(result.shape)}"
            )

    def right_inverse(self, value: Tensor) -> None:
        """Set the originals so that the parametrized tensor becomes `value`."""
        with no_grad():
            for module in reversed(self):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"the parametrization {type(module).__name__} has no right_inverse, "
                        "so the tensor it gives can't be assigned"
                    )
                value = module.right_inverse(value)
            if self.is_tensor:
                if not isinstance(value, Tensor):
                    raise ValueError(
                        f"`right_inverse` should return a tensor. Got {type(value).__name__}"
                    )
                _set(self.original, value)
                return
            if not isinstance(value, Sequence) or len(value) != self.ntensors:
                raise ValueError(
                    f"'right_inverse' must return a sequence of {self.ntensors} tensors"
                )
            for original, part in zip(self._originals(), value, strict=True):
                _set(original, part)

    def forward(self) -> Any:
        """The parametrized tensor."""
        first, *rest = self
        value = first(*self._originals())
        for module in rest:
            value = module(value)
        return value


def _check_dtype(original: Tensor, value: Tensor, unsafe: bool, what: str) -> None:
    if not unsafe and value.dtype != original.dtype:
        raise ValueError(
            f"{what} may not change the dtype of the tensor, unless `unsafe` flag is enabled: "
            f"{original.dtype} became {value.dtype}"
        )


def _set(target: Tensor, value: Tensor) -> None:
    if value.dtype != target.dtype:
        raise ValueError(
            f"`right_inverse` gave a tensor of dtype {value.dtype}, "
            f"but the original has dtype {target.dtype}"
        )
    target.data = value.detach()


def _own_class(module: Module) -> None:
    """Give a module a class of its own, on which properties can stand."""
    cls = type(module)

    def __getstate__(self: Any) -> Any:
        raise RuntimeError(
            "Serialization of parametrized modules is only supported through state_dict()."
        )

    def __deepcopy__(self: Any, memo: dict[int, Any]) -> Any:
        made = cls.__new__(cls)
        memo[id(self)] = made
        made.__setstate__(copy.deepcopy(self.__dict__, memo))
        _own_class(made)
        for name in made.parametrizations:
            _property(made, name)
        return made

    methods: dict[str, Any] = {
        "__getstate__": __getstate__,
        "__module__": cls.__module__,
        "_class_before": cls,
    }
    if not hasattr(cls, "__deepcopy__"):
        methods["__deepcopy__"] = __deepcopy__
    module.__class__ = type(f"Parametrized{cls.__name__}", (cls,), methods)


def _property(module: Module, name: str) -> None:
    """Let the module compute the tensor each time it is read."""

    def read(self: Any) -> Any:
        parametrization = self.parametrizations[name]
        if not _cache_depth:
            return parametrization()
        key = (id(self), name)
        if key not in _cache:
            _cache[key] = parametrization()
        return _cache[key]

    def write(self: Any, value: Tensor) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(read, write))


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Let a parameter or buffer be computed by a module from what it was.

    A parametrization may define ``right_inverse(value)``, which gives what it must be called on to
    yield `value`; then the tensor can be assigned, and it starts with the value it has.

    Parameters
    ----------
    unsafe : bool
        Allow the parametrization to change shape or dtype, and skip the checks.

    >>> class Symmetric(nn.Module):
    ...     def forward(self, x):
    ...         return x.triu() + x.triu(1).T
    >>> layer = nn.Linear(3, 3)
    >>> _ = nn.utils.parametrize.register_parametrization(layer, "weight", Symmetric())
    >>> bool((layer.weight == layer.weight.T).all())
    True
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        chain = module.parametrizations[tensor_name]
        if not unsafe:
            _check_step(module, tensor_name, parametrization)
        chain.append(parametrization)
        chain.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        original = getattr(module, tensor_name)
        chain = ParametrizationList([parametrization], original, unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _own_class(module)
            module.parametrizations = ModuleDict()
        _property(module, tensor_name)
        module.parametrizations[tensor_name] = chain
    else:
        raise ValueError(
            f"{type(module).__name__} has no parameter, buffer or parametrized tensor named "
            f"'{tensor_name}'"
        )
    return module


def _check_step(module: Module, name: str, parametrization: Any) -> None:
    """Refuse a further parametrization that changes shape or dtype."""
    with no_grad():
        before = getattr(module, name)
        after = parametrization(before)
        if not isinstance(after, Tensor):
            raise ValueError(f"A parametrization must return a tensor. Got {type(after).__name__}.")
        if after.dtype != before.dtype or after.shape != before.shape:
            raise ValueError(
                "Registering a parametrization may not change dtype or shape of the tensor, unless "
                f"the `unsafe` flag is enabled: {before.dtype} {tuple(before.shape)} became "
                f"{after.dtype} {tuple(after.shape)}"
            )
        if hasattr(parametrization, "right_inverse"):
            back = parametrization.right_inverse(before)
            if not isinstance(back, Tensor) or back.shape != before.shape:
                raise ValueError(
                    "The tensor returned by parametrization.right_inverse must have the shape "
                    f"{tuple(before.shape)} of the tensor"
                )


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether a module has parametrizations, or one of this tensor.

    >>> nn.utils.parametrize.is_parametrized(nn.Linear(2, 2))
    False
    """
    parametrizations = module.__dict__.get("parametrizations")
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Make the tensor an ordinary one again.

    Parameters
    ----------
    leave_parametrized : bool
        Let it have the value it had last; otherwise the original becomes it.

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    >>> nn.utils.parametrize.remove_parametrizations(layer, "weight")
    Linear(in_features=2, out_features=2, bias=True)
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    chain = module.parametrizations[tensor_name]
    if not leave_parametrized and not chain.is_tensor:
        raise ValueError(
            f"leave_parametrized=False asks for the original of '{tensor_name}', which has several"
        )
    first = chain._originals()[0]
    kept = chain.original if chain.is_tensor else None
    if leave_parametrized:
        with no_grad():
            value = getattr(module, tensor_name).detach()
        if kept is not None and kept.shape == value.shape and kept.dtype == value.dtype:
            kept.data = value
        elif isinstance(first, Parameter):
            kept = Parameter(value.clone(), requires_grad=first.requires_grad)
        else:
            kept = value.clone()
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _hold(module, tensor_name, kept)
    if not is_parametrized(module):
        del module.parametrizations
        module.__class__ = type_before_parametrizations(module)
    return module


def type_before_parametrizations(module: Module) -> type:
    """The class a module had before it was parametrized.

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    >>> nn.utils.parametrize.type_before_parametrizations(layer) is nn.Linear
    True
    """
    own = type(module).__dict__
    return own.get("_class_before", type(module))


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Parametrize one module as another is; they share the parametrizations and the originals.

    Parameters
    ----------
    tensor_name : str, optional
        Only this tensor.
    """
    if not is_parametrized(from_module):
        return to_module
    names = list(from_module.parametrizations) if tensor_name is None else [tensor_name]
    for name in names:
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name).detach().clone()))
        source = from_module.parametrizations[name]
        for parametrization in source:
            register_parametrization(to_module, name, parametrization, unsafe=source.unsafe)
        target = to_module.parametrizations[name]
        for original in source._original_names():
            setattr(target, original, getattr(source, original))
    return to_module
