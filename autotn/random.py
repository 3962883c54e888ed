"""``random``: the generator everything draws from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from autotn.core.random import (
    Generator as Generator,
    default_generator as _default_generator,
    get_rng_state,
    initial_seed as initial_seed,
    manual_seed as manual_seed,
    seed as seed,
    set_rng_state,
)


@contextlib.contextmanager
def fork_rng(
    devices: Any = None, enabled: bool = True, device_type: str = "cuda", **kwargs: Any
) -> Iterator[None]:
    """A context after which the generator goes on as if nothing had been drawn inside.

    >>> _ = tn.manual_seed(0)
    >>> with tn.random.fork_rng():
    ...     first = tn.rand(2)
    >>> bool((tn.rand(2) == first).all())
    True
    """
    state = get_rng_state() if enabled else None
    try:
        yield
    finally:
        if state is not None:
            set_rng_state(state)


def __getattr__(name: str) -> Any:
    if name == "default_generator":
        return _default_generator()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
