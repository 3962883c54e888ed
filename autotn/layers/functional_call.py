"""Call a module with other parameters and buffers than its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from autotn.core.tensor import Tensor
from autotn.layers.module import Module

__all__ = ["functional_call"]


def functional_call(
    module: Module,
    parameters_and_buffers: Any,
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """Call a module as if these tensors, given by name, were its parameters and buffers.

    Parameters
    ----------
    parameters_and_buffers : dict, or tuple of dicts
        What to use instead; the module's own stand in for names left out.
    tie_weights : bool
        Replace a tensor that the module has under several names under all of them.
    strict : bool
        Raise when names are missing or unknown.

    >>> layer = nn.Linear(1, 1)
    >>> weights = {"weight": tn.tensor([[2.0]]), "bias": tn.tensor([1.0])}
    >>> tn.func.functional_call(layer, weights, tn.tensor([3.0]))
    tensor([7.])
    """
    given = _merged(parameters_and_buffers)
    args = () if args is None else args if isinstance(args, tuple) else (args,)
    with _swapped(module, _tied(module, given, tie_weights), strict) as reassigned:
        result = module(*args, **(kwargs or {}))
    if isinstance(parameters_and_buffers, dict):
        # What forward assigned anew, instead of writing in place, is handed back as well.
        parameters_and_buffers.update({k: v for k, v in reassigned.items() if k in given})
    return result


def _merged(given: Any) -> dict[str, Any]:
    parts = [given] if isinstance(given, Mapping) else list(given)
    merged: dict[str, Any] = {}
    for part in parts:
        repeated = merged.keys() & part.keys()
        if repeated:
            raise ValueError(f"functional_call: {sorted(repeated)[0]!r} is given more than once")
        merged.update(part)
    return merged


def _tied(module: Module, given: dict[str, Any], tie_weights: bool) -> dict[str, Any]:
    """The given tensors, also under the other names of what they replace."""
    if not tie_weights:
        return given
    names: dict[int, list[str]] = {}
    for name, tensor in (
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ):
        names.setdefault(id(tensor), []).append(name)
    complete = dict(given)
    for group in names.values():
        chosen = [name for name in group if name in given]
        if any(given[name] is not given[chosen[0]] for name in chosen):
            raise ValueError(
                f"functional_call: {', '.join(chosen)} are one tensor in the module, but different "
                "tensors were given for them; pass tie_weights=False if that is meant"
            )
        complete.update({name: given[chosen[0]] for name in group if chosen})
    return complete


@contextmanager
def _swapped(module: Module, given: dict[str, Any], strict: bool) -> Iterator[dict[str, Any]]:
    """Hold other tensors in the module's tables for a while; gives what was assigned meanwhile."""
    places = []
    for name, tensor in given.items():
        path, _, last = name.rpartition(".")
        owner = module.get_submodule(path)
        table = owner._parameters if last in owner._parameters else owner._buffers
        if last not in table:
            raise AttributeError(f"functional_call: the module has no parameter or buffer {name!r}")
        if not isinstance(tensor, Tensor):
            raise TypeError(
                f"functional_call: {name} must be a Tensor, got {type(tensor).__name__}"
            )
        places.append((name, table, last, table[last]))
    if strict:
        own = {name for name, _ in (*module.named_parameters(), *module.named_buffers())}
        missing = sorted(own - given.keys())
        if missing:
            raise RuntimeError(f"functional_call: missing key(s): {', '.join(missing)}")
    reassigned: dict[str, Any] = {}
    try:
        for name, table, last, _ in places:
            table[last] = given[name]
        yield reassigned
    finally:
        for name, table, last, own_tensor in places:
            if table[last] is not given[name]:
                reassigned[name] = table[last]
            table[last] = own_tensor
