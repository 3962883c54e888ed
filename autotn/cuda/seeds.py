"""Seeds of GPU generators: accepted, as scripts set them on every machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from autotn.core.tensor import Tensor
from autotn.cuda.questions import refuse


def manual_seed(seed: int) -> None:
    """Nothing: `tn.manual_seed` seeds the CPU's generator.

    >>> tn.cuda.manual_seed(0)
    """
    int(seed)


def manual_seed_all(seed: int) -> None:
    """Nothing: `tn.manual_seed` seeds the CPU's generator."""
    int(seed)


def seed() -> None:
    """Nothing."""


def seed_all() -> None:
    """Nothing."""


def initial_seed() -> NoReturn:
    """Refused."""
    refuse("initial_seed()")


def get_rng_state(device: Any = "cuda") -> NoReturn:
    """Refused."""
    refuse("get_rng_state()")


def get_rng_state_all() -> list[Tensor]:
    """The states of the generators of no GPUs."""
    return []


def set_rng_state(new_state: Any, device: Any = "cuda") -> NoReturn:
    """Refused."""
    refuse("set_rng_state()")


def set_rng_state_all(new_states: Iterable[Any]) -> None:
    """Nothing for the states of no GPUs; refused for those of some."""
    if list(new_states):
        refuse("set_rng_state_all()")
