"""Hooks around a module's forward and backward, and the scope that says which module is running.

A call without hooks never comes here (see ``Module.__call__``).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from autotn.core.function import Function
from autotn.core.modes import HOT, state
from autotn.core.node import RemovableHandle
from autotn.core.tensor import Tensor, wrap

if TYPE_CHECKING:
    from autotn.layers.module import Module

Hook = Callable[..., Any]


#: A hook as it is kept: which kind it is, the hook, how it wants to be called.
Kept = tuple[str, Hook, frozenset[str]]

#: Hooks on every module.
EVERYWHERE: dict[int, Kept] = {}


class HookTable(MutableMapping[int, Hook]):
    """The hooks of one kind among a module's hooks, as a dict that can be changed.

    A module keeps all hooks around its call in one dict, so that a call without hooks asks one
    question.
    """

    def __init__(self, hooks: dict[int, Kept], kind: str) -> None:
        self.hooks = hooks
        self.kind = kind

    def __getitem__(self, key: int) -> Hook:
        kind, hook, _ = self.hooks[key]
        if kind != self.kind:
            raise KeyError(key)
        return hook

    def __setitem__(self, key: int, hook: Hook) -> None:
        self.hooks[key] = (self.kind, hook, frozenset())

    def __delitem__(self, key: int) -> None:
        self[key]  # a hook of another kind is not here
        del self.hooks[key]

    def __iter__(self) -> Iterator[int]:
        return iter([key for key, (kind, _, _) in self.hooks.items() if kind == self.kind])

    def __len__(self) -> int:
        return sum(kind == self.kind for kind, _, _ in self.hooks.values())

    def __repr__(self) -> str:
        return repr(dict(self))


def hook_table(place: str, kind: str) -> Any:
    """A property that shows the hooks of one kind in the dict called `place`."""

    def get(self: Any) -> HookTable:
        return HookTable(self.__dict__[place], kind)

    def replace(self: Any, hooks: Any) -> None:
        given = dict(hooks)
        table = get(self)
        table.clear()
        table.update(given)

    return property(get, replace)


def add_hook(
    hooks: dict[int, Kept], kind: str, hook: Hook, prepend: bool = False, **options: bool
) -> RemovableHandle:
    """Add a hook of one kind."""
    chosen = frozenset(name for name, on in options.items() if on)
    return RemovableHandle(hooks, (kind, hook, chosen), first=prepend)


def of_kind(kind: str, *places: dict[int, Kept]) -> list[tuple[Hook, frozenset[str]]]:
    """The hooks of one kind with their options, in the order they run."""
    if not any(places):
        return []
    return [
        (hook, options)
        for place in places
        for own, hook, options in list(place.values())
        if own == kind
    ]


def register_module_forward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, args)`` before every module's forward."""
    return add_hook(EVERYWHERE, "forward_pre", hook)


def register_module_forward_hook(
    hook: Hook, *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Call ``hook(module, args, output)`` after every module's forward."""
    return add_hook(EVERYWHERE, "forward", hook, with_kwargs=with_kwargs, always_call=always_call)


def register_module_full_backward_pre_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, grad_output)`` when any module's output gradient is known."""
    return add_hook(EVERYWHERE, "backward_pre", hook)


def register_module_full_backward_hook(hook: Hook) -> RemovableHandle:
    """Call ``hook(module, grad_input, grad_output)`` when any module's input gradient is known."""
    return add_hook(EVERYWHERE, "backward", hook)


register_module_backward_hook = register_module_full_backward_hook


def call_with_hooks(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run a module's forward with its hooks, and its name on the scope when somebody listens."""
    if HOT["SPECIAL"]:
        with Scope(module):
            return _call(module, args, kwargs)
    return _call(module, args, kwargs)


def _call(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    after = of_kind("forward", EVERYWHERE, module._hooks)
    ran = 0
    result = None
    try:
        for hook, options in of_kind("forward_pre", EVERYWHERE, module._hooks):
            args, kwargs = _before(module, hook, "with_kwargs" in options, args, kwargs)
        backward = BackwardHooks.of(module)
        if backward is not None:
            args = backward.on_input(args)
        result = module.forward(*args, **kwargs)
        for hook, options in after:
            ran += 1
            given = (args, kwargs, result) if "with_kwargs" in options else (args, result)
            answer = hook(module, *given)
            if answer is not None:
                result = answer
        return result if backward is None else backward.on_output(result)
    except Exception:
        for hook, options in after[ran:]:
            if "always_call" in options:
                _after_failure(module, hook, "with_kwargs" in options, args, kwargs, result)
        raise


def _before(
    module: Module, hook: Hook, with_kwargs: bool, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Run one hook that may replace the arguments."""
    if not with_kwargs:
        answer = hook(module, args)
        if answer is None:
            return args, kwargs
        return (answer if isinstance(answer, tuple) else (answer,)), kwargs
    answer = hook(module, args, kwargs)
    if answer is None:
        return args, kwargs
    if not (isinstance(answer, tuple) and len(answer) == 2):
        raise RuntimeError(
            "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
            f"but got {answer!r}."
        )
    return answer


def _after_failure(
    module: Module, hook: Hook, with_kwargs: bool, args: Any, kwargs: Any, result: Any
) -> None:
    """Run an always-called hook while an exception is on its way; its own failure is a warning."""
    try:
        hook(module, *((args, kwargs, result) if with_kwargs else (args, result)))
    except Exception as error:  # noqa: BLE001 - the first exception is the one to be raised
        warnings.warn(
            f"module forward hook with ``always_call=True`` raised {error!r}, which was silenced "
            "because another error was raised in forward",
            stacklevel=2,
        )


class BackwardHooks:
    """One call's backward hooks: an identity at the inputs and one at the outputs, on the tape.

    The gradient passes the outputs' identity first, where the pre-hooks run, and the inputs'
    identity last, where the hooks run.
    """

    def __init__(self, module: Module, before: list[Hook], after: list[Hook]) -> None:
        self.module = module
        self.before = before
        self.after = after
        self.grad_output: tuple[Any, ...] = ()
        self.input_count = 0
        self.input_watched = False

    @classmethod
    def of(cls, module: Module) -> BackwardHooks | None:
        """The hooks to run in this call's backward, or None."""
        before = [hook for hook, _ in of_kind("backward_pre", EVERYWHERE, module._hooks)]
        after = [hook for hook, _ in of_kind("backward", EVERYWHERE, module._hooks)]
        return cls(module, before, after) if before or after else None

    def on_input(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Pass the arguments through the identity whose backward runs the hooks."""
        self.input_count = len(args)
        watched = _watch(args, self._at_input, zeros=True)
        self.input_watched = watched is not None
        return args if watched is None else watched

    def on_output(self, result: Any) -> Any:
        """Pass the result through the identity whose backward runs the pre-hooks."""
        several = isinstance(result, tuple)
        if not several and not isinstance(result, Tensor):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of "
                f"Tensors but received {type(result)}",
                stacklevel=2,
            )
            return result
        watched = _watch(result if several else (result,), self._at_output)
        if watched is None:
            return result
        if not several:
            return watched[0]
        return type(result)(*watched) if hasattr(result, "_fields") else watched

    def _at_output(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self.before:
            answer = hook(self.module, grads)
            if answer is not None:
                grads = _same_length("backward pre-hook", answer, grads)
        self.grad_output = grads
        if not self.input_watched:
            nothing = (None,) * self.input_count
            for hook in self.after:
                answer = hook(self.module, nothing, grads)
                if answer is not None and any(g is not None for g in answer):
                    raise RuntimeError(
                        "Backward hook for Modules where no input requires gradient should always "
                        "return None or None for all gradients."
                    )
        return grads

    def _at_input(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        for hook in self.after:
            answer = hook(self.module, grads, self.grad_output)
            if answer is not None:
                grads = _same_length("backward hook", answer, grads)
        return grads


def _same_length(kind: str, answer: Any, grads: tuple[Any, ...]) -> tuple[Any, ...]:
    answer = answer if isinstance(answer, tuple) else (answer,)
    if len(answer) != len(grads):
        raise RuntimeError(
            f"{kind} returned an invalid number of grads, got {len(answer)}, "
            f"but expected {len(grads)}"
        )
    return answer


class _Identity(Function):
    """Passes tensors on, and their gradients through a function."""

    @staticmethod
    def forward(ctx: Any, at_backward: Hook, *tensors: Tensor) -> Any:
        ctx.set_materialize_grads(False)
        ctx.mark_non_differentiable(*(t for t in tensors if not t.requires_grad))
        ctx.at_backward = at_backward
        return tensors

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return (None, *ctx.at_backward(grads))


def _watch(
    values: tuple[Any, ...], at_backward: Hook, zeros: bool = False
) -> tuple[Any, ...] | None:
    """The values with their tensors behind an identity; None when no gradient will come.

    With `zeros`, hooks see zeros for a tensor that no gradient reached, as PyTorch's do.
    """
    places = [k for k, value in enumerate(values) if isinstance(value, Tensor)]
    if not (state.grad and any(values[k].requires_grad for k in places)):
        return None
    kinds = [(values[k]._data.shape, values[k]._data.dtype) for k in places]

    def spread(grads: tuple[Any, ...]) -> tuple[Any, ...]:
        everything: list[Any] = [None] * len(values)
        for place, gradient, kind in zip(places, grads, kinds, strict=True):
            if gradient is None and zeros:
                gradient = wrap(np.zeros(*kind))
            everything[place] = gradient
        answer = at_backward(tuple(everything))
        return tuple(answer[place] for place in places)

    everything = list(values)
    passed = _Identity.apply(spread, *(values[k] for k in places))
    for place, tensor in zip(places, passed, strict=True):
        everything[place] = tensor
    return tuple(everything)


class Scope:
    """While a module runs, its name and itself stand last on this thread's scope.

    The name is relative to the module around it: ``layers.0`` for a child in a list. The
    outermost module has an empty name.
    """

    def __init__(self, module: Module) -> None:
        self.module = module

    def __enter__(self) -> None:
        self.before = state.scope
        # Only a recorder asks for names; to find one, the modules around are searched.
        name = self._name() if state.recorder is not None else ""
        state.scope = (*self.before, (name, self.module))
        if state.recorder is not None:
            state.recorder.module_begins()

    def __exit__(self, *exception: Any) -> None:
        state.scope = self.before

    def _name(self) -> str:
        for _, outer in reversed(state.scope):
            for name, module in outer.named_modules():
                if module is self.module and name:
                    return name
        return ""
