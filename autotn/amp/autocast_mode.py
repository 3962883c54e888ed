"""The context of mixed precision, which leaves dtypes as they are."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any, TypeVar

from autotn.core import dtypes
from autotn.core.device import device as device_class
from autotn.core.modes import state

F = TypeVar("F", bound=Callable[..., Any])

#: The dtypes PyTorch would compute in, by type of device.
_DTYPES: dict[str, str] = {"cpu": "bfloat16", "cuda": "float16", "mps": "float16", "xpu": "float16"}


def is_autocast_available(device_type: str) -> bool:
    """True for the CPU, where `autocast` is accepted.

    >>> tn.amp.is_autocast_available("cuda")
    False
    """
    return device_type == "cpu"


class autocast:
    """A region of mixed precision, as a context or a decorator.

    Ops keep the dtypes of their inputs, and inputs of different floating dtypes, which ops such as
    `linear` otherwise refuse, are brought to the wider one.

    >>> with tn.autocast("cpu", dtype=tn.float16):
    ...     tn.ones(1, 2).half() @ tn.ones(2, 1)
    tensor([[2.]])
    """

    def __init__(
        self,
        device_type: str,
        dtype: Any = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(
                f"Expected `device_type` of type `str`, got: `{type(device_type).__name__}`"
            )
        self.device = device_class(device_type).type
        self.fast_dtype = dtype if dtype is not None else get_autocast_dtype(self.device)
        if enabled and self.device != "cpu":
            warnings.warn(
                f"User provided device_type of {device_type!r}, but it is not available. Disabling",
                stacklevel=3 if type(self) is not autocast else 2,
            )
            enabled = False
        self._enabled = enabled
        self._before: list[bool] = []

    def __enter__(self) -> autocast:
        self._before.append(state.autocast)
        if self.device == "cpu":
            state.autocast = self._enabled
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        state.autocast = self._before.pop()

    def __call__(self, func: F) -> F:
        """Run `func` in this region each time it is called."""

        @functools.wraps(func)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with self:
                return func(*args, **kwargs)

        return inside  # type: ignore[return-value]


def is_autocast_enabled(device_type: str | None = None) -> bool:
    """True inside an enabled `autocast` region for the CPU, when the CPU is asked about.

    >>> with tn.autocast("cpu", dtype=tn.float16):
    ...     tn.is_autocast_enabled("cpu"), tn.is_autocast_enabled()
    (True, False)
    """
    return device_type == "cpu" and state.autocast


def is_autocast_cpu_enabled() -> bool:
    """True inside an enabled `autocast` region for the CPU."""
    return state.autocast


def set_autocast_enabled(device_type: str, enabled: bool) -> None:
    """Switch mixed precision on or off for the rest of the thread."""
    if device_type == "cpu":
        state.autocast = bool(enabled)


def get_autocast_dtype(device_type: str) -> Any:
    """The dtype PyTorch would compute in; here it only is a name.

    >>> tn.get_autocast_dtype("cuda")
    tn.float16
    """
    name = _DTYPES.get(device_type, "float16")
    if name != "bfloat16":
        return dtypes.as_dtype(name)
    try:
        return dtypes.bfloat16()
    except ImportError:
        return dtypes.float32


def set_autocast_dtype(device_type: str, dtype: Any) -> None:
    """Set what `get_autocast_dtype` answers."""
    _DTYPES[device_type] = dtypes.as_dtype(dtype).name


def get_autocast_gpu_dtype() -> Any:
    """Float16."""
    return get_autocast_dtype("cuda")


def get_autocast_cpu_dtype() -> Any:
    """The dtype for the CPU."""
    return get_autocast_dtype("cpu")


def is_autocast_cache_enabled() -> bool:
    """True: there is nothing to cache."""
    return True


def clear_autocast_cache() -> None:
    """Nothing: there is nothing to cache."""


def custom_fwd(fwd: Any = None, *, device_type: str, cast_inputs: Any = None) -> Any:
    """Decorate the ``forward`` of a `Function`: it stays as it is."""
    return functools.partial(custom_fwd, device_type=device_type) if fwd is None else fwd


def custom_bwd(bwd: Any = None, *, device_type: str) -> Any:
    """Decorate the ``backward`` of a `Function`: it stays as it is."""
    return functools.partial(custom_bwd, device_type=device_type) if bwd is None else bwd
