"""Which names of a file mean which names of a model, judged by shape and by likeness."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

_NUMBER = re.compile(r"\d+")


class _Family(NamedTuple):
    """Names that differ only in their numbers, such as those of the layers of a stack."""

    template: str  # the name with # for each number
    members: dict[tuple[str, ...], str]  # numbers -> name


def suggest_renames(
    missing: Iterable[str], unexpected: Iterable[str], shapes: Mapping[str, Any]
) -> dict[str, str]:
    """Pairs of an unexpected name and the missing one it probably stands for.

    Only tensors of the same shape are paired, and only when their names end alike or differ by a
    few letters. Names that differ in nothing but numbers are judged together, so a whole stack of
    layers is renamed in one way or not at all.

    Parameters
    ----------
    shapes : mapping
        The shapes of all these tensors; where one is not known, only the names are compared.

    >>> from autotn.layers.renames import suggest_renames
    >>> shapes = {"layers.0.weight": (2, 3), "encoder.0.weight": (2, 3)}
    >>> suggest_renames(["layers.0.weight"], ["encoder.0.weight"], shapes)
    {'encoder.0.weight': 'layers.0.weight'}
    """
    wanted, given = list(missing), list(unexpected)
    found = _pair_families(_families(wanted), _families(given), shapes)
    taken = set(found.values())
    found |= _pair_in_order(
        [name for name in wanted if name not in taken],
        [name for name in given if name not in found],
        shapes,
    )
    taken = set(found.values())
    found |= _pair_misspelt(
        [name for name in wanted if name not in taken],
        [name for name in given if name not in found],
        shapes,
    )
    return {name: found[name] for name in given if name in found}


def _pair_misspelt(
    wanted: list[str], given: list[str], shapes: Mapping[str, Any]
) -> dict[str, str]:
    """Pair names that differ by a few letters."""
    pairs: dict[str, str] = {}
    for name in wanted:
        fitting = [one for one in given if one not in pairs and _fit(name, one, shapes)]
        close = difflib.get_close_matches(name, fitting, n=1, cutoff=0.8)
        if close:
            pairs[close[0]] = name
    return pairs


def _families(names: list[str]) -> list[_Family]:
    by_template: dict[str, dict[tuple[str, ...], str]] = {}
    for name in names:
        template = _NUMBER.sub("#", name)
        by_template.setdefault(template, {})[tuple(_NUMBER.findall(name))] = name
    return [_Family(template, members) for template, members in by_template.items()]


def _ending(name: str) -> str:
    return name.rpartition(".")[2]


def _shape(name: str, shapes: Mapping[str, Any]) -> tuple[int, ...] | None:
    shape = shapes.get(name)
    return None if shape is None else tuple(shape)


def _fit(a: str, b: str, shapes: Mapping[str, Any]) -> bool:
    first, second = _shape(a, shapes), _shape(b, shapes)
    return first is None or second is None or first == second


def _likeness(a: str, b: str) -> float:
    """How alike two names are, from 0 to 1: by their letters and by their parts."""
    letters = difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()
    parts = difflib.SequenceMatcher(None, a.split("."), b.split("."), autojunk=False).ratio()
    return (letters + parts) / 2


_ALIKE = 0.45


def _pair_families(
    wanted: list[_Family], given: list[_Family], shapes: Mapping[str, Any]
) -> dict[str, str]:
    """Pair families whose members with equal numbers fit each other, the likest first."""
    candidates = []
    for i, model in enumerate(wanted):
        for k, file in enumerate(given):
            if _ending(model.template) != _ending(file.template):
                continue
            common = model.members.keys() & file.members.keys()
            if not all(_fit(model.members[n], file.members[n], shapes) for n in common):
                continue
            covered = len(common) / max(len(model.members), len(file.members))
            likeness = _likeness(model.template, file.template)
            if covered > 0.5 and likeness >= _ALIKE:
                candidates.append((-covered * likeness, abs(i - k), i, k))
    pairs: dict[str, str] = {}
    used_model: set[int] = set()
    used_file: set[int] = set()
    for _, _, i, k in sorted(candidates):
        if i in used_model or k in used_file:
            continue
        used_model.add(i)
        used_file.add(k)
        model, file = wanted[i], given[k]
        pairs |= {
            name: model.members[numbers]
            for numbers, name in file.members.items()
            if numbers in model.members
        }
    return pairs


def _pair_in_order(
    wanted: list[str], given: list[str], shapes: Mapping[str, Any]
) -> dict[str, str]:
    """Pair what is left where both sides have as many of a kind: same shape, same ending."""
    pairs: dict[str, str] = {}
    kinds = {(_shape(name, shapes), _ending(name)) for name in wanted if _shape(name, shapes)}
    for kind in kinds:
        ours = [name for name in wanted if (_shape(name, shapes), _ending(name)) == kind]
        theirs = [name for name in given if (_shape(name, shapes), _ending(name)) == kind]
        if len(ours) == len(theirs):
            pairs |= dict(zip(theirs, ours, strict=True))
    return pairs
