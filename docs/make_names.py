"""Writes differences/names.md: every public name of PyTorch's main namespaces, and what autotn has of it.

``python docs/make_names.py`` needs PyTorch. A name is *present*, *different* (parameters are missing,
found by comparing signatures) or *absent*, with the reason from `autotn.absent`.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
from collections import defaultdict
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import autotn
from autotn.absent import reason

PAGE = Path(__file__).parent / "differences" / "names.md"

NAMESPACES = (
    *("", "Tensor", "nn", "nn.functional", "nn.init", "nn.utils", "nn.utils.rnn"),
    *("nn.utils.parametrize", "nn.utils.parametrizations", "nn.utils.prune", "optim"),
    *("optim.lr_scheduler", "optim.swa_utils", "utils.data", "utils.checkpoint", "distributions"),
    *("autograd", "autograd.functional", "linalg", "fft", "special", "func", "amp"),
)

#: Parameters that change nothing where there is one device, one layout and no compiler.
IMMATERIAL = {
    *("device", "layout", "pin_memory", "memory_format", "non_blocking", "out", "generator"),
    *("capturable", "differentiable", "foreach", "fused", "_stacklevel", "names", "args", "kwargs"),
    *("async", "self", "cls", "input", "check_pinning", "requires_grad"),
}

#: Helpers that stand in a namespace without being part of its interface.
NOT_MEANT = re.compile(
    r"boolean_dispatch|assert_int_or_pair|handle_torch_function|has_torch_function.*|deprecated|overload|"
    r"factory_kwargs|bind|copy_method_params|is_tensor_like|.*[dD]ata[pP]ipe.*|.*_validation.*|AVG"
)


class Row(NamedTuple):
    """What is said about one name."""

    name: str
    state: str
    note: str


def find(root: Any, path: str) -> Any:
    """What a dotted path leads to below a package, or None."""
    if not path:
        return root
    try:
        return importlib.import_module(f"{root.__name__}.{path}")
    except ImportError:
        found = root
        for part in path.split("."):
            found = getattr(found, part, None)
        return found


def public_names(owner: Any, path: str) -> list[str]:
    """The names a namespace of PyTorch offers."""
    names = getattr(owner, "__all__", None) or dir(owner)
    return sorted(name for name in set(names) if is_public(owner, name, path))


def is_public(owner: Any, name: str, path: str) -> bool:
    """False for private names, modules, helpers and what comes from elsewhere."""
    value = getattr(owner, name, None)
    if name.startswith("_") or isinstance(value, ModuleType) or name.endswith("Storage"):
        return False
    home = getattr(value, "__module__", None) or ""
    if path == "":  # the C++ classes in it are PyTorch's own business
        bound = "pybind11" in f"{type(value).__module__} {type(type(value)).__module__}"
        return (not bound and not (inspect.isclass(value) and home == "torch._C")) or hasattr(
            autotn, name
        )
    if path == "Tensor":
        return True
    if not callable(value) or NOT_MEANT.fullmatch(name):
        return False
    return home.startswith(f"torch.{path.split('.')[0]}") or inspect.isbuiltin(value)


def parameters(function: Any) -> set[str] | None:
    """The names of a function's parameters; None where they cannot be known, as in C++."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    kinds = {p.kind for p in signature.parameters.values()}
    if inspect.Parameter.VAR_POSITIONAL in kinds or inspect.Parameter.VAR_KEYWORD in kinds:
        return None
    return set(signature.parameters)


def compare(theirs: Any, ours: Any, name: str, path: str) -> Row:
    """What there is of one name."""
    missing = object()
    have = getattr(ours, name, missing) if ours is not None else missing
    if have is missing:
        full = f"{path}.{name}" if path else name
        return Row(name, "absent", reason(full))
    wanted, given = parameters(getattr(theirs, name)), parameters(have)
    if wanted is None or given is None:
        return Row(name, "present", "")
    without = {w for w in wanted - given - IMMATERIAL if not w.startswith("_")}
    if without and callable(have):
        return Row(name, "different", "without " + ", ".join(f"`{w}`" for w in sorted(without)))
    return Row(name, "present", "")


def section(torch: Any, path: str) -> tuple[str, dict[str, int]]:
    """The part of the page about one namespace, and how many names are in which state."""
    theirs, ours = find(torch, path), find(autotn, path)
    rows = [compare(theirs, ours, name, path) for name in public_names(theirs, path)]
    states = defaultdict(list)
    for row in rows:
        states[row.state].append(row)
    title = f"torch.{path}" if path else "torch"
    counts = {state: len(states[state]) for state in ("present", "different", "absent")}
    lines = [f"## {title}", ""]
    lines += [", ".join(f"{count} {state}" for state, count in counts.items()) + ".", ""]
    if states["present"]:
        lines += ["**Present**: " + ", ".join(f"`{row.name}`" for row in states["present"]), ""]
    if states["different"]:
        lines += ["**Different**:", ""]
        lines += [f"- `{row.name}` {row.note}" for row in states["different"]] + [""]
    if states["absent"]:
        lines += ["**Absent**:", ""]
        reasons = defaultdict(list)
        for row in states["absent"]:
            reasons[row.note or "not there yet"].append(row.name)
        for why, names in sorted(reasons.items()):
            lines.append(f"- {why}: " + ", ".join(f"`{name}`" for name in names))
        lines.append("")
    return "\n".join(lines), counts


def render(torch: Any) -> str:
    """The whole page."""
    parts, table = [], []
    for path in NAMESPACES:
        text, counts = section(torch, path)
        parts.append(text)
        cells = " | ".join(str(counts[state]) for state in ("present", "different", "absent"))
        table.append(f"| {f'torch.{path}' if path else 'torch'} | {cells} |")
    version = torch.__version__.partition("+")[0]
    return "\n".join(
        [
            "# Names",
            "",
            f"Every public name of PyTorch {version}'s main namespaces and what autotn has of it. "
            "Generated by `python docs/make_names.py`; deliberate differences in behaviour are "
            "described by topic in the [other pages](../differences.md).",
            "",
            "*Present* means the same name with the same parameters (those for other devices, layouts and "
            "compilers apart), *different* that parameters are missing.",
            "",
            "| namespace | present | different | absent |",
            "| --- | --- | --- | --- |",
            *table,
            "",
            *parts,
        ]
    )


if __name__ == "__main__":
    import torch

    text = render(torch)
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE}: {text.count(chr(10))} lines", file=sys.stderr)
