"""Pruning: set a part of a weight to zero and keep it there.

A pruned ``weight`` becomes ``weight_orig * weight_mask``: the original is the parameter, the mask a
buffer, and a hook multiplies them before each forward. `remove` makes it permanent.
"""

from __future__ import annotations

import math
import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

import numpy as np

from autotn.core.random import numpy_generator
from autotn.core.tensor import Tensor, wrap
from autotn.layers.module import Module

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]


class BasePruningMethod(ABC):
    """A way of choosing what to prune: subclasses define `compute_mask`."""

    #: ``"unstructured"``, ``"structured"`` (whole slices of `dim`) or ``"global"``.
    PRUNING_TYPE = "unstructured"
    _tensor_name: str

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask for a tensor of scores, within the mask there is."""

    def apply_mask(self, module: Module) -> Any:
        """The original times the mask."""
        mask = getattr(module, f"{self._tensor_name}_mask")
        original = getattr(module, f"{self._tensor_name}_orig")
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> Any:
        """Prune a parameter of a module, further if it is pruned already."""
        earlier = [
            (key, hook)
            for key, hook in module._forward_pre_hooks.items()
            if isinstance(hook, BasePruningMethod) and hook._tensor_name == name
        ]
        method: Any = cls(*args, **kwargs)
        method._tensor_name = name
        original = getattr(module, f"{name}_orig" if earlier else name)
        if importance_scores is not None and importance_scores.shape != original.shape:
            raise ValueError(
                f"importance_scores should have the same shape as parameter {name} of {module}"
            )
        scores = original if importance_scores is None else importance_scores
        default = getattr(module, f"{name}_mask") if earlier else _ones_like(original)
        if earlier:
            key, hook = earlier[0]
            del module._forward_pre_hooks[key]
            container = hook if isinstance(hook, PruningContainer) else PruningContainer(hook)
            container.add_pruning_method(method)
            method = container
        mask = method.compute_mask(scores.detach(), default)
        if not earlier:
            delattr(module, name)
            module.register_parameter(f"{name}_orig", original)
        module.register_buffer(f"{name}_mask", mask)
        setattr(module, name, method.apply_mask(module))
        module.register_forward_pre_hook(method)
        return method

    def prune(self, t: Tensor, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """A pruned copy of a tensor."""
        scores = t if importance_scores is None else importance_scores
        if scores.shape != t.shape:
            raise ValueError("importance_scores should have the same shape as tensor t")
        default = _ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores.detach(), default).to(dtype=t.dtype)

    def remove(self, module: Module) -> None:
        """Make the pruned values the parameter's own."""
        name = self._tensor_name
        weight = self.apply_mask(module).detach()
        original = module._parameters[f"{name}_orig"]
        assert original is not None
        original.data = weight
        for part in (name, f"{name}_orig", f"{name}_mask"):
            delattr(module, part)
        module.register_parameter(name, original)


def _ones_like(tensor: Tensor) -> Tensor:
    return wrap(np.ones_like(tensor._data))


def _masked(mask: Tensor, flat_indices: Any) -> Tensor:
    """A copy of the mask with zeros at these places."""
    values = mask._data.copy()
    values.reshape(-1)[flat_indices] = 0
    return wrap(values)


class PruningContainer(BasePruningMethod):
    """Several prunings of one tensor, each of what the earlier ones left."""

    def __init__(self, *args: Any) -> None:
        methods = list(args[0]) if len(args) == 1 and isinstance(args[0], Iterable) else list(args)
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if methods:
            self._tensor_name = methods[0]._tensor_name
        for method in methods:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: BasePruningMethod | None) -> None:
        """Add a further pruning."""
        if method is not None and not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method is not None and method._tensor_name != self._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to this container; found '{method._tensor_name}'"
            )
        if method is not None:
            self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Any:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: int) -> BasePruningMethod:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The last method's mask, within the mask there is."""
        method: Any = self._pruning_methods[-1]
        mask = default_mask._data
        alive = mask == 1
        if method.PRUNING_TYPE == "structured":
            dim = method.dim % mask.ndim
            others = tuple(k for k in range(mask.ndim) if k != dim)
            # Whole slices that are gone already are not counted again.
            chosen: Any = tuple(
                alive.any(others) if k == dim else slice(None) for k in range(mask.ndim)
            )
        elif method.PRUNING_TYPE == "unstructured":
            chosen = alive
        elif method.PRUNING_TYPE == "global":
            chosen = ...
        else:
            raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        combined = mask.copy()
        part = method.compute_mask(wrap(t._data[chosen]), wrap(mask[chosen]))
        combined[chosen] = part._data
        return wrap(combined)


class Identity(BasePruningMethod):
    """Prune nothing, but set a mask."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask there is."""
        return default_mask


class CustomFromMask(BasePruningMethod):
    """Prune where a given mask is zero."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The given mask, within the mask there is."""
        if default_mask.shape != self.mask.shape:
            raise ValueError(
                f"the mask has shape {tuple(self.mask.shape)}, the tensor "
                f"{tuple(default_mask.shape)}"
            )
        kept = self.mask.detach()._data.astype(default_mask._data.dtype)
        return wrap(default_mask._data * kept)


class _ByAmount(BasePruningMethod):
    """Prune a number of units, or (a float from 0 to 1) a part of them."""

    amount: float

    def __init__(self, amount: float) -> None:
        if not isinstance(amount, numbers.Real):
            raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
        if amount < 0 or (not isinstance(amount, numbers.Integral) and amount > 1):
            raise ValueError(
                f"amount={amount} should either be a float in the range [0, 1] or a "
                "non-negative integer"
            )
        self.amount = amount

    def _count(self, size: int) -> int:
        if not isinstance(self.amount, numbers.Integral):
            return round(self.amount * size)
        if self.amount > size:
            raise ValueError(
                f"amount={self.amount} should be smaller than the number of parameters to prune="
                f"{size}"
            )
        return int(self.amount)


class RandomUnstructured(_ByAmount):
    """Prune random elements."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask with random elements set to zero."""
        count = self._count(t.numel())
        return _masked(default_mask, numpy_generator(None).permutation(t.numel())[:count])


class L1Unstructured(_ByAmount):
    """Prune the elements smallest in size."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask with the places of the smallest elements set to zero."""
        count = self._count(t.numel())
        order = np.argsort(np.abs(t._data).reshape(-1), kind="stable")
        return _masked(default_mask, order[:count])


class _Slices(_ByAmount):
    """Prune whole slices of one dimension."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: float, dim: int) -> None:
        super().__init__(amount)
        self.dim = dim

    def _rank(self, t: Tensor) -> Any:
        """The slices in the order in which they go."""
        raise NotImplementedError

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask with whole slices set to zero."""
        if t.ndim <= 1:
            raise ValueError(
                "Structured pruning can only be applied to multidimensional tensors. "
                f"Found tensor of {t.ndim} dimensions: use unstructured pruning"
            )
        if not -t.ndim <= self.dim < t.ndim:
            raise IndexError(f"Invalid index {self.dim} for tensor of shape {tuple(t.shape)}")
        count = self._count(t.shape[self.dim])
        values = default_mask._data.copy()
        np.moveaxis(values, self.dim, 0)[self._rank(t)[:count]] = 0
        return wrap(values)


class RandomStructured(_Slices):
    """Prune random slices of one dimension."""

    def __init__(self, amount: float, dim: int = -1) -> None:
        super().__init__(amount, dim)

    def _rank(self, t: Tensor) -> Any:
        return numpy_generator(None).permutation(t.shape[self.dim])


class LnStructured(_Slices):
    """Prune the slices of one dimension whose norm is smallest."""

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def _rank(self, t: Tensor) -> Any:
        slices = np.moveaxis(t._data, self.dim, 0).reshape(t.shape[self.dim], -1)
        order = {"fro": 2, "inf": math.inf, "-inf": -math.inf}.get(self.n, self.n)
        return np.argsort(np.linalg.norm(slices, order, axis=1), kind="stable")


def identity(module: Module, name: str) -> Module:
    """Give a parameter a mask of ones."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: float) -> Module:
    """Prune random elements of a parameter: a number of them, or a part (a float)."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: Module, name: str, amount: float, importance_scores: Any = None
) -> Module:
    """Prune the smallest elements of a parameter: a number of them, or a part (a float).

    >>> layer = nn.utils.prune.l1_unstructured(nn.Linear(2, 2), "weight", amount=0.5)
    >>> int((layer.weight == 0).sum()), sorted(layer.state_dict())
    (2, ['bias', 'weight_mask', 'weight_orig'])
    """
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Module, name: str, amount: float, dim: int) -> Module:
    """Prune random slices of one dimension of a parameter."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module, name: str, amount: float, n: Any, dim: int, importance_scores: Any = None
) -> Module:
    """Prune the slices of one dimension of a parameter whose n-norm is smallest."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Prune a parameter where a mask is zero."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Any, pruning_method: Any, importance_scores: Any = None, **kwargs: Any
) -> None:
    """Prune several parameters as if they were one: ``parameters`` are pairs (module, name)."""
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    pairs = list(parameters)
    given = {} if importance_scores is None else dict(importance_scores)
    masks = [getattr(m, f"{n}_mask", None) for m, n in pairs]
    tensors = [
        getattr(m, f"{n}_orig" if mask is not None else n) for (m, n), mask in zip(pairs, masks)
    ]
    scores = [given.get(pair, tensor) for pair, tensor in zip(pairs, tensors)]
    flat = np.concatenate([s._data.reshape(-1) for s in scores])
    default = np.concatenate(
        [
            (_ones_like(t) if mask is None else mask)._data.reshape(-1)
            for t, mask in zip(tensors, masks)
        ]
    )
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. '
            f"Found method {pruning_method} of type {method.PRUNING_TYPE}"
        )
    container = PruningContainer()
    container._tensor_name = method._tensor_name = "temp"
    container.add_pruning_method(method)
    final = container.compute_mask(wrap(flat), wrap(default))._data
    start = 0
    for (module, name), tensor in zip(pairs, tensors):
        end = start + tensor.numel()
        custom_from_mask(module, name, wrap(final[start:end].reshape(tuple(tensor.shape))))
        start = end


def remove(module: Module, name: str) -> Module:
    """Make the pruning of a parameter permanent: the zeros become its values."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(
        f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
    )


def is_pruned(module: Module) -> bool:
    """Whether something in a module is pruned.

    >>> nn.utils.prune.is_pruned(nn.Linear(2, 2))
    False
    """
    return any(
        isinstance(hook, BasePruningMethod)
        for one in module.modules()
        for hook in one._forward_pre_hooks.values()
    )
