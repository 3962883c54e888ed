"""Random numbers: a `Generator` on NumPy's SFC64, and this thread's default one.

The stream is NumPy's, not PyTorch's: the same seed gives other numbers there (see
``docs/differences``), but always the same ones here.
"""

from __future__ import annotations

import os
import threading
from typing import Any

import numpy as np

from autotn.core.modes import state

_MASK = (1 << 64) - 1


class Generator:
    """A source of random numbers with its own state.

    >>> g = tn.Generator().manual_seed(3)
    >>> a = tn.rand(2, generator=g)
    >>> bool((a == tn.rand(2, generator=tn.Generator().manual_seed(3))).all())
    True
    """

    def __init__(self, device: Any = "cpu") -> None:
        from autotn.core.device import check_device

        check_device(device)
        self.manual_seed(67280421310721)

    @property
    def device(self) -> Any:
        """Always the CPU."""
        from autotn.core.device import CPU

        return CPU

    def manual_seed(self, seed: int) -> Generator:
        """Start the stream that belongs to `seed`."""
        self._seed = int(seed) & _MASK
        self.numpy = np.random.Generator(np.random.SFC64(self._seed))
        return self

    def initial_seed(self) -> int:
        """The seed the stream was started with."""
        return self._seed

    def seed(self) -> int:
        """Start a stream nobody can guess, and return its seed."""
        fresh = int.from_bytes(os.urandom(8), "little") >> 1
        self.manual_seed(fresh)
        return fresh

    def get_state(self) -> Any:
        """The whole state, as a tensor of bytes."""
        from autotn.core.tensor import wrap

        state = self.numpy.bit_generator.state
        words = [self._seed, *(int(w) for w in state["state"]["state"])]
        words += [int(state["has_uint32"]), int(state["uinteger"])]
        return wrap(np.array(words, np.uint64).view(np.uint8))

    def set_state(self, new_state: Any) -> None:
        """Continue from a state got by `get_state`."""
        data = getattr(new_state, "_data", new_state)
        if getattr(data, "dtype", None) != np.uint8 or data.size % 8 or data.size != 56:
            raise RuntimeError(
                "set_state: expected a uint8 tensor of 56 elements from Generator.get_state(), got "
                f"{getattr(data, 'shape', type(data).__name__)}"
            )
        words = np.ascontiguousarray(data).view(np.uint64)
        self._seed = int(words[0])
        self.numpy = np.random.Generator(np.random.SFC64(self._seed))
        self.numpy.bit_generator.state = {
            "bit_generator": "SFC64",
            "state": {"state": words[1:5].copy()},
            "has_uint32": int(words[5]),
            "uinteger": int(words[6]),
        }

    def clone_state(self) -> Generator:
        """A generator that continues independently from the same state."""
        twin = Generator()
        twin.set_state(self.get_state())
        return twin

    def __getstate__(self) -> Any:
        return self.get_state()._data

    def __setstate__(self, state: Any) -> None:
        self.set_state(state)


class _Default(threading.local):
    """Each thread draws from its own default generator."""

    generator: Generator | None = None


_default = _Default()
_seed_lock = threading.Lock()
#: What `manual_seed` was given last; until then nobody can guess, as in PyTorch.
_last_seed = int.from_bytes(os.urandom(8), "little")


def default_generator() -> Generator:
    """This thread's default generator."""
    found = _default.generator
    if found is None:
        found = _default.generator = Generator().manual_seed(_last_seed)
        if threading.current_thread() is not threading.main_thread():
            found.manual_seed(_last_seed ^ hash(threading.current_thread().name) & _MASK)
    return found


def numpy_generator(generator: Generator | None) -> np.random.Generator:
    """The NumPy generator inside `generator`, or inside this thread's default one."""
    source = (default_generator() if generator is None else generator).numpy
    return state.transforms[-1].generator(source) if state.transforms else source


def manual_seed(seed: int) -> Generator:
    """Seed this thread's default generator.

    >>> _ = tn.manual_seed(1); a = tn.rand(3)
    >>> _ = tn.manual_seed(1); bool((a == tn.rand(3)).all())
    True
    """
    global _last_seed
    with _seed_lock:
        _last_seed = int(seed) & _MASK
    return default_generator().manual_seed(seed)


def seed() -> int:
    """Seed this thread's default generator with a number nobody can guess, and return it."""
    return default_generator().seed()


def initial_seed() -> int:
    """The seed of this thread's default generator."""
    return default_generator().initial_seed()


def get_rng_state() -> Any:
    """The state of this thread's default generator, as a tensor of bytes."""
    return default_generator().get_state()


def set_rng_state(new_state: Any) -> None:
    """Continue this thread's default generator from `get_rng_state`'s state."""
    default_generator().set_state(new_state)
