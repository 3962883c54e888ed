"""Module: a tree of parameters, buffers and children that can be called."""

from __future__ import annotations

import difflib
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from autotn.core import dtypes
from autotn.core.device import check_device
from autotn.core.failure import tell_where
from autotn.core.late import upstairs
from autotn.core.modes import HOT, no_grad
from autotn.core.names import MODULE_CALLS
from autotn.core.node import INTERNAL, RemovableHandle
from autotn.core.tensor import Tensor
from autotn.layers import conversion, state
from autotn.layers.hooks import (
    EVERYWHERE,
    Kept,
    add_hook,
    call_with_hooks,
    hook_table,
    of_kind,
)
from autotn.layers.tree import Tree

Self = TypeVar("Self", bound="Module")


def _missing_forward(self: Any, *input: Any) -> Any:
    close = difflib.get_close_matches("forward", vars(type(self)), n=1)
    raise NotImplementedError(
        f'Module [{type(self).__name__}] is missing the required "forward" function'
        + (f"; it has {close[0]!r}: is that a slip of the pen?" if close else "")
    )


class Module(Tree):
    """A layer or a network: parameters, buffers, child modules, and a ``forward`` that uses them.

    Subclasses create their members in ``__init__`` and compute in ``forward``; calling the module
    runs ``forward`` and the hooks around it.

    >>> class Scale(nn.Module):
    ...     def __init__(self, size):
    ...         super().__init__()
    ...         self.weight = nn.Parameter(tn.ones(size))
    ...     def forward(self, input):
    ...         return input * self.weight
    >>> Scale(2)(tn.tensor([1.0, 2.0]))
    tensor([1., 2.], grad_fn=<MulBackward0>)
    """

    dump_patches = False
    #: Part of the metadata of a state_dict: raise it when the meaning of the saved values changes.
    _version: int = 1
    call_super_init: bool = False

    #: All hooks around the call, and all around saving and loading.
    _hooks: dict[int, Kept]
    _state_hooks: dict[int, Kept]

    _forward_pre_hooks = hook_table("_hooks", "forward_pre")
    _forward_hooks = hook_table("_hooks", "forward")
    _backward_pre_hooks = hook_table("_hooks", "backward_pre")
    _backward_hooks = hook_table("_hooks", "backward")
    _state_dict_pre_hooks = hook_table("_state_hooks", "state_dict_pre")
    _state_dict_hooks = hook_table("_state_hooks", "state_dict")
    _load_state_dict_pre_hooks = hook_table("_state_hooks", "load_pre")
    _load_state_dict_post_hooks = hook_table("_state_hooks", "load_post")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init and (args or kwargs):
            given = next(iter(kwargs), None)
            raise TypeError(
                f"{type(self).__name__}.__init__() "
                + (
                    f"got an unexpected keyword argument '{given}'"
                    if kwargs
                    else f"takes 1 positional argument but {len(args) + 1} were given"
                )
            )
        self._plant()
        self.__dict__["_hooks"] = {}
        self.__dict__["_state_hooks"] = {}
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    # ------------------------------------------------------------------ calling

    #: What the module computes; every subclass defines its own, with any arguments.
    forward: Callable[..., Any] = _missing_forward

    #: Whether `forward` stands outside this library: then whose line called last must be found anew.
    _forward_is_users = False
    #: Whether a call without hooks is `forward` and nothing else.
    _call_is_forward = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._forward_is_users:
            HOT["USER"] = None
        try:
            if self._hooks or EVERYWHERE or HOT["SPECIAL"]:
                return call_with_hooks(self, args, kwargs)
            return self.forward(*args, **kwargs)
        except Exception as error:
            tell_where(error, self, (*args, *kwargs.values()))
            raise

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        where = getattr(cls.forward, "__globals__", {}).get("__package__")
        cls._forward_is_users = not INTERNAL[where]
        cls._call_is_forward = cls.__call__ is Module.__call__ and not cls._forward_is_users

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Accepted for PyTorch's sake: a module is already as fast as it gets."""

    # ------------------------------------------------------------------ hooks

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before each forward; a result replaces the arguments.

        Parameters
        ----------
        prepend : bool
            Run it before the hooks there are.
        with_kwargs : bool
            Call ``hook(module, args, kwargs)`` instead; a result is a pair ``(args, kwargs)``.
        """
        return add_hook(self._hooks, "forward_pre", hook, prepend, with_kwargs=with_kwargs)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after each forward; a result replaces the output.

        Parameters
        ----------
        prepend : bool
            Run it before the hooks there are.
        with_kwargs : bool
            Call ``hook(module, args, kwargs, output)`` instead.
        always_call : bool
            Run it even when forward raised.

        >>> layer = nn.Identity()
        >>> handle = layer.register_forward_hook(lambda module, args, output: output * 2)
        >>> layer(tn.ones(2))
        tensor([2., 2.])
        >>> handle.remove()
        """
        options = {"with_kwargs": with_kwargs, "always_call": always_call}
        return add_hook(self._hooks, "forward", hook, prepend, **options)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` when the output's gradient is known.

        A result replaces it.
        """
        return add_hook(self._hooks, "backward_pre", hook, prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the input's gradient is known.

        Both are tuples, with None for what is no tensor; a result replaces ``grad_input``.
        """
        return add_hook(self._hooks, "backward", hook, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Alias of `register_full_backward_hook`."""
        return self.register_full_backward_hook(hook)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before ``state_dict`` reads this module."""
        return add_hook(self._state_hooks, "state_dict_pre", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, metadata)`` after ``state_dict`` read it."""
        return add_hook(self._state_hooks, "state_dict", hook, returns_nothing=True)

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        return add_hook(self._state_hooks, "state_dict", hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, metadata, strict, missing, unexpected, errors)``.

        It is called before this module is loaded, and may rename what ``state_dict`` holds.
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        return add_hook(self._state_hooks, "load_pre", hook, with_module=with_module)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after this module was loaded.

        It may strike names off the two lists in place; what is left is reported.
        """
        return add_hook(self._state_hooks, "load_post", hook)

    # ------------------------------------------------------------------ modes and conversions

    def train(self: Self, mode: bool = True) -> Self:
        """Set training mode (dropout drops, batch norm measures) here and below.

        >>> nn.Dropout().eval().training
        False
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for _, module in self._descend():
            module.train(mode)
        return self

    def eval(self: Self) -> Self:
        """Set evaluation mode here and below."""
        return self.train(False)

    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Freeze or unfreeze all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop all gradients, or (``set_to_none=False``) fill them with zeros."""
        for parameter in self.parameters():
            gradient = parameter.grad
            if gradient is None:
                continue
            if set_to_none:
                parameter.grad = None
                continue
            if gradient.grad_fn is None:
                gradient.requires_grad_(False)
            else:
                gradient.detach_()
            with no_grad():
                gradient.zero_()

    def apply(self: Self, fn: Callable[[Module], Any]) -> Self:
        """Call ``fn(module)`` on every module below, then on this one.

        >>> net = nn.Sequential(nn.Linear(2, 2)).apply(lambda m: m.__dict__.update(seen=True))
        >>> net[0].seen
        True
        """
        for _, module in self._descend():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self: Self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        if recurse:
            for _, module in self._descend():
                module._apply(fn)
        conversion.convert_members(self, fn)
        return self

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """Convert floating-point parameters and buffers, in place.

        Called as ``to(dtype)``, ``to(device, dtype)`` or ``to(tensor)``; devices are the CPU.

        >>> nn.Linear(2, 2).to(tn.float64).weight.dtype
        tn.float64
        """
        return self._apply(conversion.to_function(*args, **kwargs))

    def type(self: Self, dst_type: Any) -> Self:
        """Convert all parameters and buffers to a dtype, in place."""
        return self._apply(lambda t: t.to(dtypes.as_dtype(dst_type)))

    def float(self: Self) -> Self:
        """Convert floating-point parameters and buffers to float32."""
        return self._apply(conversion.floating_to("float32"))

    def double(self: Self) -> Self:
        """Convert floating-point parameters and buffers to float64."""
        return self._apply(conversion.floating_to("float64"))

    def half(self: Self) -> Self:
        """Convert floating-point parameters and buffers to float16."""
        return self._apply(conversion.floating_to("float16"))

    def bfloat16(self: Self) -> Self:
        """Convert floating-point parameters and buffers to bfloat16."""
        return self._apply(conversion.floating_to("bfloat16"))

    def cpu(self: Self) -> Self:
        """Do nothing: everything is on the CPU."""
        return self

    def _elsewhere(self: Self, kind: str, device: Any) -> Self:
        name = f"{kind}:{device}" if isinstance(device, int) else str(device or kind)
        raise RuntimeError(
            f"{kind}(): there is no device {name!r}, autotn computes on the CPU only; "
            "ask tn.cuda.is_available() first (it answers False)"
        )

    def cuda(self: Self, device: Any = None) -> Self:
        """Raise: there is no such device."""
        return self._elsewhere("cuda", device)

    def xpu(self: Self, device: Any = None) -> Self:
        """Raise: there is no such device."""
        return self._elsewhere("xpu", device)

    def ipu(self: Self, device: Any = None) -> Self:
        """Raise: there is no such device."""
        return self._elsewhere("ipu", device)

    def mtia(self: Self, device: Any = None) -> Self:
        """Raise: there is no such device."""
        return self._elsewhere("mtia", device)

    def to_empty(self: Self, *, device: Any, recurse: bool = True) -> Self:
        """Give all parameters and buffers fresh memory, their values not set."""
        check_device(device)
        return self._apply(conversion.emptied, recurse=recurse)

    def share_memory(self: Self) -> Self:
        """Move all parameters and buffers into memory that forked processes share."""
        return self._apply(conversion.shared)

    # ------------------------------------------------------------------ state

    def get_extra_state(self) -> Any:
        """Anything else to save with ``state_dict``; a subclass defines both this and its twin."""
        raise RuntimeError(
            f"{type(self).__name__} has no get_extra_state: define it beside set_extra_state"
        )

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` gave."""
        raise RuntimeError(
            f"{type(self).__name__} has no set_extra_state: define it beside get_extra_state"
        )

    def _has_extra_state(self, method: str) -> bool:
        return getattr(type(self), method) is not getattr(Module, method)

    def _persistent_buffers(self) -> Iterator[tuple[str, Tensor | None]]:
        hidden = self._non_persistent_buffers_set
        return ((name, b) for name, b in self._buffers.items() if name not in hidden)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        for name, tensor in (*self._own_parameters(), *self._persistent_buffers()):
            if tensor is not None:
                destination[prefix + name] = tensor if keep_vars else tensor.detach()
        if self._has_extra_state("get_extra_state"):
            destination[prefix + state.EXTRA_STATE] = self.get_extra_state()

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        """All parameters and persistent buffers by name; they share memory with the module.

        Parameters
        ----------
        destination : dict, optional
            Where to put them.
        prefix : str
            What to put before every name.
        keep_vars : bool
            Give the tensors themselves, not detached ones.

        >>> list(nn.Sequential(nn.Linear(2, 2)).state_dict())
        ['0.weight', '0.bias']
        """
        if args:
            warnings.warn(
                "positional arguments of state_dict are deprecated: name them", FutureWarning, 2
            )
            given = dict(zip(("destination", "prefix", "keep_vars"), args))
            destination = given.get("destination", destination)
            prefix = given.get("prefix", prefix)
            keep_vars = given.get("keep_vars", keep_vars)
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        metadata: dict[str, Any] = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = metadata
        for hook, _ in of_kind("state_dict_pre", self._state_hooks):
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._descend():
            module.state_dict(
                destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
            )
        for hook, options in of_kind("state_dict", self._state_hooks):
            answer = hook(self, destination, prefix, metadata)
            if answer is not None:
                if "returns_nothing" in options:
                    raise RuntimeError("state_dict post-hook must return None")
                destination = answer
        return destination

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        rest = (
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )
        for hook, options in of_kind("load_pre", self._state_hooks):
            if "with_module" in options:
                hook(self, *rest)
            else:
                hook(*rest)
        state.plan_module(self, *rest)

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> state.IncompatibleKeys:
        """Copy parameters and buffers from a ``state_dict``, PyTorch's included.

        Parameters
        ----------
        strict : bool
            Raise when the names do not match exactly; nothing is changed then.
        assign : bool
            Take the given tensors themselves instead of copying their values.

        >>> layer = nn.Linear(2, 2)
        >>> layer.load_state_dict({"weight": tn.eye(2), "bias": tn.zeros(2)})
        <All keys matched successfully>
        """
        return state.load(self, state_dict, strict, assign)

    # ------------------------------------------------------------------ pickling and printing

    def summary(self, *args: Any, **kwargs: Any) -> Any:
        """A table of one run on these arguments: shapes, parameters, operations, memory, time.

        See `autotn.viz.summary`.

        >>> print(nn.Linear(3, 2).summary(tn.ones(1, 3)))
        module   class   input → output  parameters ...
        """
        return upstairs("viz", "summary")(self, *args, **kwargs)

    def _repr_html_(self) -> str:
        return str(upstairs("viz", "module_card")(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._tie()
        self.__dict__.setdefault("_hooks", {})
        self.__dict__.setdefault("_state_hooks", {})

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What stands between the brackets when the module is printed."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        texts = dict.fromkeys(self._modules, "None")
        texts.update((name, indented(repr(module), 2)) for name, module in self._descend())
        children = [f"({name}): {text}" for name, text in texts.items()]
        if len(lines) == 1 and not children:
            return f"{self._get_name()}({lines[0]})"
        inside = "\n  ".join([*lines, *children])
        return f"{self._get_name()}(\n  {inside}\n)" if inside else f"{self._get_name()}()"


MODULE_CALLS[Module.__call__.__code__] = "self"


def indented(text: str, spaces: int) -> str:
    """Shift all lines but the first to the right."""
    return text.replace("\n", "\n" + " " * spaces)
