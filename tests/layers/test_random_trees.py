"""Random edits of a module tree leave it as PyTorch's: names, state, text and kinds of error."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from typing import Any

import pytest

import autotn as tn
from autotn import nn

NAMES = "abcd"
Edit = Callable[[Any, Any], Any]


def value(library: Any, kind: int) -> Any:
    """A parameter, a tensor, a module, nothing, or a number."""
    if kind == 0:
        return library.nn.Parameter(library.ones(2))
    if kind == 1:
        return library.zeros(3)
    if kind == 2:
        return library.nn.Module()
    return None if kind == 3 else 5


def place(root: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        root = root._modules[name]
    return root


def paths(module: Any, above: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = [above]
    for name, child in module._modules.items():
        if child is not None and len(above) < 3:
            found += paths(child, (*above, name))
    return found


def edit(rng: random.Random, root: Any) -> Edit:
    """One random edit, the same on both sides."""
    path = rng.choice(paths(root))
    name, kind, flag = rng.choice(NAMES), rng.randrange(5), rng.random() < 0.5
    choices: list[Edit] = [
        lambda m, lib: m.register_parameter(name, value(lib, kind)),
        lambda m, lib: m.register_buffer(name, value(lib, kind), persistent=flag),
        lambda m, lib: m.add_module(name, value(lib, kind)),
        lambda m, lib: delattr(m, name),
        lambda m, lib: type(getattr(m, name)).__name__,
        lambda m, lib: m._buffers.pop(name),
        *[lambda m, lib: setattr(m, name, value(lib, kind))] * 4,
    ]
    chosen = rng.choice(choices)
    return lambda tree, lib: chosen(place(tree, path), lib)


def outcome(change: Edit, tree: Any, library: Any) -> Any:
    try:
        return change(tree, library)
    except (AttributeError, KeyError, TypeError) as error:
        return type(error).__name__


@pytest.mark.parametrize("seed", range(40))
def test_random_edits(torch: Any, seed: int) -> None:
    rng = random.Random(seed)
    ours: Any = nn.Module()
    theirs: Any = torch.nn.Module()
    for _ in range(25):
        change = edit(rng, theirs)
        assert outcome(change, ours, tn) == outcome(change, theirs, torch)
        assert repr(ours) == repr(theirs)
        assert list(ours.state_dict()) == list(theirs.state_dict())
        for walk in ("named_parameters", "named_buffers", "named_modules", "named_children"):
            got = [name for name, _ in getattr(ours, walk)()]
            assert got == [name for name, _ in getattr(theirs, walk)()]
        for walk in ("parameters", "modules"):
            named = [found for _, found in getattr(ours, f"named_{walk}")()]
            assert list(map(id, getattr(ours, walk)())) == list(map(id, named))
        if rng.random() < 0.1:
            ours, theirs = copy.deepcopy(ours), copy.deepcopy(theirs)
    ours.load_state_dict(theirs.state_dict())
