"""Loading a ``state_dict``: what fits where, what is wrong, and what was probably meant.

Loading has two halves. First every module says which of its tensors gets which value, and every
complaint is collected; only then are values written. So a state that does not fit changes nothing.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from autotn.core.modes import no_grad
from autotn.core.names import describe_module
from autotn.core.tensor import Tensor, canonical, wrap
from autotn.layers.hooks import of_kind
from autotn.layers.parameter import Parameter, is_lazy
from autotn.layers.renames import suggest_renames

EXTRA_STATE = "_extra_state"
#: Where a module's metadata carries the writes that wait until all complaints are known.
WAITING = "_waiting_writes"
#: Likewise, the tensors that have been found in the loaded state.
LOADED = "_loaded_tensors"
ASSIGN = "assign_to_params_buffers"


class IncompatibleKeys(NamedTuple):
    """Names that only the module has, and names that only the loaded state has."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return (
            f"IncompatibleKeys(missing_keys={self.missing_keys}, "
            f"unexpected_keys={self.unexpected_keys})"
        )


def as_tensor(value: Any) -> Tensor | None:
    """A value of a state as a Tensor: ours, an array, or a tensor of another library."""
    if isinstance(value, Tensor):
        return value
    if hasattr(value, "detach"):  # PyTorch's: its arrays come without history and without bfloat16
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":
            value = value.float()
    if isinstance(value, (np.ndarray, np.generic)) or hasattr(value, "__array__"):
        return wrap(canonical(np.asarray(value)))
    return None


def _plan_one(
    module: Any, name: str, target: Any, value: Any, metadata: dict[str, Any]
) -> Callable[[], None] | str:
    """The write that loads one tensor, or what is wrong with it (`name` is the full name)."""
    given = as_tensor(value)
    if given is None:
        return (
            f'While copying the parameter named "{name}", expected a Tensor or an array '
            f"from checkpoint but received {type(value)}"
        )
    assign = metadata.get(ASSIGN, False)
    if is_lazy(target):
        if not is_lazy(given):
            return f'"{name}" is uninitialized and can only be loaded from an uninitialized value'
        return lambda: None
    if is_lazy(given):
        return f'"{name}" of the loaded state is uninitialized: it has no values to copy'
    own, other = target._data, given._data
    if own.ndim == 0 and other.shape == (1,):  # the form 0-d values had in PyTorch's early files
        other = other.reshape(())
        given = wrap(other)
    if own.shape != other.shape:
        return (
            f"size mismatch for {name}: copying a param with shape {_shape(other)} from "
            f"checkpoint, the shape in current model is {_shape(own)} ({describe_module(module)})."
        )
    if assign:
        return lambda: _assign(module, name.rpartition(".")[2], target, given)
    return lambda: target.copy_(given)


def _shape(array: Any) -> str:
    return f"tn.Size({list(array.shape)})"


def _assign(module: Any, name: str, target: Any, value: Tensor) -> None:
    """Let the module hold the loaded tensor itself."""
    if not isinstance(target, Parameter):
        setattr(module, name, value)
    elif name not in module._parameters:  # it stands in a list, tuple or dict
        target.data = value.detach()
    elif isinstance(value, Parameter):
        value.requires_grad_(target.requires_grad)
        setattr(module, name, value)
    else:
        setattr(module, name, Parameter(value, requires_grad=target.requires_grad))


def plan_module(
    module: Any,
    state: Mapping[str, Any],
    prefix: str,
    metadata: dict[str, Any],
    strict: bool,
    missing: list[str],
    unexpected: list[str],
    complaints: list[str],
) -> None:
    """Find what loads the members of one module (not of its children)."""
    writes: list[Callable[[], None]] | None = metadata.get(WAITING)
    own = {
        name: tensor
        for name, tensor in (*module._own_parameters(), *module._persistent_buffers())
        if tensor is not None
    }
    for name, target in own.items():
        key = prefix + name
        if key not in state:
            if strict:
                missing.append(key)
            continue
        metadata.get(LOADED, set()).add(target)
        write = _plan_one(module, key, target, state[key], metadata)
        if isinstance(write, str):
            complaints.append(write)
        elif writes is None:
            with no_grad():
                write()
        else:
            writes.append(write)

    extra = prefix + EXTRA_STATE
    if module._has_extra_state("set_extra_state"):
        if extra in state:
            if writes is None:
                module.set_extra_state(state[extra])
            else:
                writes.append(lambda: module.set_extra_state(state[extra]))
        elif strict:
            missing.append(extra)
    elif strict and extra in state:
        unexpected.append(extra)

    if strict:
        below = tuple(f"{name}." for name, _ in module._own_modules())
        for key in state:
            name = key[len(prefix) :]
            if (
                key.startswith(prefix)
                and name not in own
                and key != extra
                and not name.startswith(below)
            ):
                unexpected.append(key)


def load(
    module: Any, state_dict: Mapping[str, Any], strict: bool, assign: bool
) -> IncompatibleKeys:
    """Load a state into a module and all below it."""
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
    missing: list[str] = []
    unexpected: list[str] = []
    versions = getattr(state_dict, "_metadata", {})
    state: Any = OrderedDict(state_dict)  # hooks may rename what it holds
    state._metadata = versions
    answer = IncompatibleKeys(missing, unexpected)
    found = _Findings(answer, versions, assign, [], [], set(), [])
    _plan_tree(module, state, "", found)
    complaints, writes = found.complaints, found.writes
    _forgive_second_names(module, missing, found.loaded)
    # Hooks may strike names off the lists, so where there are some the lists are judged at the end.
    if not complaints and (found.forgiving or not strict or not (missing or unexpected)):
        with no_grad():
            for write in writes:
                write()
    if complaints or (strict and (missing or unexpected)):
        shapes = {
            key: tuple(tensor.shape) if not is_lazy(tensor) else None
            for key, tensor in (*module.named_parameters(), *module.named_buffers())
        }
        raise RuntimeError(
            _message(type(module).__name__, shapes, state, missing, unexpected, complaints, strict)
        )
    return answer


class _Findings(NamedTuple):
    """What is learnt about a state before anything is written."""

    answer: IncompatibleKeys
    versions: Mapping[str, Any]
    assign: bool
    complaints: list[str]
    writes: list[Callable[[], None]]
    loaded: set[Any]
    forgiving: list[Any]


def _plan_tree(one: Any, state: Any, prefix: str, found: _Findings) -> None:
    """Find out what of `state` a module and all below it will take."""
    metadata = dict(found.versions.get(prefix[:-1], {}))
    metadata[ASSIGN] = found.assign
    metadata[WAITING] = found.writes
    metadata[LOADED] = found.loaded
    missing, unexpected = found.answer
    one._load_from_state_dict(state, prefix, metadata, True, missing, unexpected, found.complaints)
    for name, child in one._descend():
        below = f"{prefix}{name}."
        part = {k: v for k, v in state.items() if k.startswith(below)}
        _plan_tree(child, part, below, found)
    for hook, _ in of_kind("load_post", one._state_hooks):
        found.writes.append(functools.partial(_run_post_hook, hook, one, found.answer))
        found.forgiving.append(hook)


def _forgive_second_names(module: Any, missing: list[str], loaded: set[Any]) -> None:
    """A tensor that a list, tuple or dict leads to a second time needs to be loaded once only."""
    if not missing:
        return
    tensors = dict(module.named_parameters(remove_duplicate=False))
    tensors.update(module.named_buffers(remove_duplicate=False))
    missing[:] = [
        name for name in missing if tensors.get(name) not in loaded or module._is_registered(name)
    ]


def _run_post_hook(hook: Callable[..., Any], module: Any, answer: IncompatibleKeys) -> None:
    if hook(module, answer) is not None:
        raise TypeError(
            "Hooks registered with ``register_load_state_dict_post_hook`` are not expected to "
            "return new values: change the given lists in place instead"
        )


def _message(
    name: str,
    shapes: Mapping[str, Any],
    state: Mapping[str, Any],
    missing: list[str],
    unexpected: list[str],
    complaints: list[str],
    strict: bool,
) -> str:
    lines = [f"Error(s) in loading state_dict for {name}:"]
    if strict:
        if missing:
            lines.append(f"Missing key(s) in state_dict: {_quoted(missing)}. ")
        if unexpected:
            lines.append(f"Unexpected key(s) in state_dict: {_quoted(unexpected)}. ")
        lines += likely_renames(
            {key: shapes.get(key) for key in missing},
            {key: getattr(state.get(key), "shape", None) for key in unexpected},
        )
    return "\n\t".join([*lines, *complaints])


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def likely_renames(missing: Mapping[str, Any], unexpected: Mapping[str, Any]) -> list[str]:
    """Sentences that pair missing with unexpected names; both map names to shapes.

    >>> from autotn.layers.state import likely_renames
    >>> likely_renames({"fc.weight": (2, 3)}, {"module.fc.weight": (2, 3)})
    ['Perhaps the prefix "module." of the unexpected keys should be removed.']
    """
    if not missing or not unexpected:
        return []
    for longer, shorter, advice in (
        (unexpected, missing, 'Perhaps the prefix "{}" of the unexpected keys should be removed.'),
        (missing, unexpected, 'Perhaps the prefix "{}" should be put before the unexpected keys.'),
    ):
        one, other = next(iter(longer)), set(shorter)
        for end in (i for i, c in enumerate(one, 1) if c == "."):
            prefix = one[:end]
            if all(k.startswith(prefix) and k[end:] in other for k in longer):
                return [advice.format(prefix)]
    shapes = {name: shape for name, shape in (*missing.items(), *unexpected.items()) if shape}
    found = suggest_renames(missing, unexpected, shapes)
    pairs = [f'"{theirs}" -> "{ours}"' for theirs, ours in found.items()]
    if not pairs:
        return []
    more = f" and {len(pairs) - 10} more" if len(pairs) > 10 else ""
    return [f"Likely renames: {', '.join(pairs[:10])}{more}."]
