"""Modules as functions of their weights: many models as one."""

from __future__ import annotations

from typing import Any

from autotn.layers.functional_call import functional_call as stateless_call
from autotn.layers.module import Module
from autotn.ops.join import stack

__all__ = ["functional_call", "functionalize", "stack_module_state"]


def stack_module_state(models: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and the buffers of several models of one class, each stacked along a first axis.

    With `vmap` and `functional_call` they run as an ensemble.

    >>> models = [nn.Linear(2, 1) for _ in range(3)]
    >>> params, buffers = tn.func.stack_module_state(models)
    >>> run = lambda p, x: tn.func.functional_call(models[0], p, (x,))
    >>> tn.func.vmap(run, in_dims=(0, None))(params, tn.ones(4, 2)).shape
    tn.Size([3, 4, 1])
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if not (all(m.training for m in models) or not any(m.training for m in models)):
        raise RuntimeError(
            "stack_module_state: Expected all models to have the same training/eval mode."
        )
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    params = {
        name: _stacked([dict(m.named_parameters())[name] for m in models])
        for name, _ in models[0].named_parameters()
    }
    buffers = {
        name: _stacked([dict(m.named_buffers())[name] for m in models])
        for name, _ in models[0].named_buffers()
    }
    return params, buffers


def _stacked(tensors: list[Any]) -> Any:
    """The tensors along a new axis, a leaf that requires grad as they do."""
    grads = {t.requires_grad for t in tensors}
    if len(grads) > 1:
        raise RuntimeError("Expected parameters from each model to have the same .requires_grad")
    return stack([t.detach() for t in tensors]).requires_grad_(grads.pop())


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Any,
    args: Any = None,
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """`nn.utils.stateless.functional_call` under the parameter names of ``torch.func``.

    >>> layer = nn.Linear(1, 1)
    >>> weights = {"weight": tn.tensor([[2.0]]), "bias": tn.tensor([1.0])}
    >>> tn.func.functional_call(layer, weights, tn.tensor([3.0]))
    tensor([7.])
    """
    return stateless_call(
        module, parameter_and_buffer_dicts, args, kwargs, tie_weights=tie_weights, strict=strict
    )


def functionalize(func: Any, *, remove: str = "mutations") -> Any:
    """Refused: it rewrites a program for compilers that know no writing in place; here none needs it."""
    raise NotImplementedError(
        "functionalize: rewriting in-place operations serves compilers of other frameworks; vmap and grad "
        "here take functions with in-place operations as they are"
    )
