"""``jit``: scripts and traces are the function itself; TorchScript files are refused.

What PyTorch compiles is computed eagerly here, with the same results. That is said once, by a warning.
"""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Callable, Iterator
from typing import Any, Final as Final, NoReturn, TypeVar

from autotn.layers.module import Module

F = TypeVar("F")

#: PyTorch's name for what `script` gives.
ScriptModule = Module


@functools.cache
def _say_once() -> None:
    warnings.warn(
        "jit compiles nothing here: the function or module is used as it is", stacklevel=3
    )


def script(
    obj: F, optimize: Any = None, _frames_up: int = 0, _rcb: Any = None, example_inputs: Any = None
) -> F:
    """`obj` (a function, Module or class) as it is, with one warning in the life of the process."""
    _say_once()
    return obj


def trace(func: F, example_inputs: Any = None, **kwargs: Any) -> F:
    """`func` as it is, after running it on `example_inputs` as PyTorch would."""
    _say_once()
    inputs = example_inputs if isinstance(example_inputs, tuple | list) else (example_inputs,)
    if example_inputs is not None:
        func(*inputs)  # type: ignore[operator]
    return func


def trace_module(mod: F, inputs: Any = None, **kwargs: Any) -> F:
    """`mod` as it is."""
    _say_once()
    return mod


def _as_is(fn: F) -> F:
    """The function as it is."""
    return fn


export = ignore = unused = script_method = script_if_tracing = interface = _as_is


def freeze(mod: F, *args: Any, **kwargs: Any) -> F:
    """`mod` as it is."""
    return mod


def optimize_for_inference(mod: F, other_methods: Any = None) -> F:
    """`mod` as it is."""
    return mod


def is_scripting() -> bool:
    """False.

    >>> tn.jit.is_scripting()
    False
    """
    return False


is_tracing = is_scripting


def annotate(the_type: Any, the_value: F) -> F:
    """The value as it is.

    >>> tn.jit.annotate(int, 3)
    3
    """
    return the_value


def fork(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """The result of a call, which is made at once."""
    return func(*args, **kwargs)


def wait(future: F) -> F:
    """The result that `fork` gave."""
    return future


@contextlib.contextmanager
def optimized_execution(should_optimize: bool) -> Iterator[None]:
    """Nothing, as a context."""
    yield


def save(m: Any, f: Any, _extra_files: Any = None) -> NoReturn:
    """Refused: TorchScript files hold programs for another machine."""
    raise NotImplementedError(
        "jit.save: TorchScript files are not written; save the weights with "
        "tn.save(module.state_dict(), f)"
    )


def load(f: Any, map_location: Any = None, _extra_files: Any = None, **kwargs: Any) -> NoReturn:
    """Refused: TorchScript files hold programs for another machine."""
    raise NotImplementedError(
        "jit.load: TorchScript files are not read; in PyTorch, torch.save(module.state_dict(), f) "
        "writes the weights in a form tn.load reads"
    )
