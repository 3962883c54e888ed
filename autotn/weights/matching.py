"""A state beside a model: what fits, what does not, which names were probably meant; and other names."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from autotn.layers.module import Module
from autotn.layers.renames import suggest_renames


class Comparison(NamedTuple):
    """What `compare` found; prints as a table."""

    fitting: list[str]
    missing: dict[str, tuple[int, ...]]  # names only the model has, with their shapes
    unexpected: dict[str, tuple[int, ...]]  # names only the state has
    wrong_shape: dict[str, tuple[tuple[int, ...], tuple[int, ...]]]  # (the model's, the state's)
    renames: dict[str, str]  # name in the state -> the name it probably stands for

    def __str__(self) -> str:
        meant = {ours: theirs for theirs, ours in self.renames.items()}
        rows = [("name", "model", "state", "")]
        for name, (ours, theirs) in self.wrong_shape.items():
            rows.append((name, str(ours), str(theirs), "wrong shape"))
        for name, shape in self.missing.items():
            note = f"missing; looks like {meant[name]!r}" if name in meant else "missing"
            rows.append((name, str(shape), "", note))
        for name, shape in self.unexpected.items():
            if name not in self.renames:
                rows.append((name, "", str(shape), "unexpected"))
        head = f"{len(self.fitting)} tensors fit"
        if len(rows) == 1:
            return f"{head}, and nothing else is there"
        widths = [max(len(row[k]) for row in rows) for k in range(3)]
        lines = ["  ".join([*(c.ljust(w) for c, w in zip(row, widths)), row[3]]) for row in rows]
        return "\n".join([head, *(line.rstrip() for line in lines)])


def compare(model: Module, state: Mapping[str, Any]) -> Comparison:
    """What of `state` fits into `model`; nothing is loaded.

    >>> state = {"encoder.0.weight": tn.ones(3, 2), "encoder.0.bias": tn.ones(3)}
    >>> print(tn.serialization.compare(nn.Sequential(nn.Linear(2, 3)), state))
    0 tensors fit
    name      model   state
    0.weight  (3, 2)         missing; looks like 'encoder.0.weight'
    0.bias    (3,)           missing; looks like 'encoder.0.bias'
    """
    ours = {name: tuple(value.shape) for name, value in _tensors(model.state_dict())}
    theirs = {name: tuple(value.shape) for name, value in _tensors(state)}
    both = [name for name in ours if name in theirs]
    missing = {name: shape for name, shape in ours.items() if name not in theirs}
    unexpected = {name: shape for name, shape in theirs.items() if name not in ours}
    return Comparison(
        [name for name in both if ours[name] == theirs[name]],
        missing,
        unexpected,
        {name: (ours[name], theirs[name]) for name in both if ours[name] != theirs[name]},
        suggest_renames(missing, unexpected, {**missing, **unexpected}),
    )


def _tensors(state: Mapping[str, Any]) -> list[tuple[str, Any]]:
    return [(name, value) for name, value in state.items() if hasattr(value, "shape")]


def rename(
    state: Mapping[str, Any], names: Mapping[str, str] | Callable[[str], str | None]
) -> OrderedDict[str, Any]:
    """The same values under other names.

    Parameters
    ----------
    names : mapping or function
        New names by old ones; a key that ends in a dot is a prefix, and the longest that fits counts.
        A function gets each name and returns the new one, or None to leave the value out.

    >>> state = {"encoder.0.weight": 1, "head.bias": 2}
    >>> dict(tn.serialization.rename(state, {"encoder.": "layers.", "head.bias": "bias"}))
    {'layers.0.weight': 1, 'bias': 2}
    """
    new = names if callable(names) else _by_table(names)
    renamed: OrderedDict[str, Any] = OrderedDict()
    for name, value in state.items():
        wanted = new(name)
        if wanted is None:
            continue
        if wanted in renamed:
            raise ValueError(f"rename: two values would be called {wanted!r}, one of them {name!r}")
        renamed[wanted] = value
    return renamed


def _by_table(names: Mapping[str, str]) -> Callable[[str], str]:
    prefixes = sorted((old for old in names if old.endswith(".")), key=len, reverse=True)

    def new(name: str) -> str:
        if name in names:
            return names[name]
        prefix = next((old for old in prefixes if name.startswith(old)), None)
        return name if prefix is None else names[prefix] + name[len(prefix) :]

    return new
