"""autotn under the name ``torch``, so that scripts written for PyTorch run unchanged."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import autotn
from autotn.absent import explanation
from autotn.core.legacy import NAMES
from autotn.core.naming import SHOWN
from autotn.paths import SameModule

#: The PyTorch whose interface is followed.
FOLLOWED = "2.13.0"


class _Torch(ModuleType):
    """The module ``torch``: all that autotn has, under a version that says what it is."""

    __path__: list[str]

    def __getattr__(self, name: str) -> Any:
        found = getattr(autotn, name)
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return sorted({*self.__dict__, *dir(autotn)})


class _Finder(importlib.abc.MetaPathFinder):
    """Lets ``torch.x`` be the very module ``autotn.x``."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        package, _, name = fullname.partition(".")
        if package != "torch":
            return None
        ours = f"autotn.{name}"
        if not _is_module(ours):
            owner, _, last = name.rpartition(".")
            there = dir(sys.modules[f"autotn.{owner}" if owner else "autotn"])
            raise ModuleNotFoundError(explanation(owner, last, there), name=fullname)
        loader: Any = SameModule(ours)
        return importlib.machinery.ModuleSpec(fullname, loader)


def _is_module(name: str) -> bool:
    if name in sys.modules:
        return True
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def as_torch() -> ModuleType:
    """Serve autotn under the name ``torch`` in this process, and give the module.

    From then on ``import torch`` and every ``torch.…`` path lead to autotn, for scripts and for the
    packages they import; dtypes and shapes print as ``torch.float32``. PyTorch must not have been
    imported before.
    """
    found = sys.modules.get("torch")
    if isinstance(found, _Torch):
        return found
    if found is not None:
        raise RuntimeError(
            "as_torch: PyTorch itself is imported already; call autotn.as_torch() before anything "
            "that imports torch (in a notebook: restart it, and call it first)"
        )
    module = _Torch("torch", autotn.__doc__)
    public = {n: v for n, v in vars(autotn).items() if not n.startswith("_")}
    starred = [n for n, v in public.items() if not isinstance(v, ModuleType)]
    starred += [n for n in NAMES if n != "BFloat16Tensor"]  # which needs another package
    starred += ["autocast", "compile", "load", "save", "set_default_tensor_type"]
    module.__dict__.update(public)
    module.__dict__.update(
        __version__=f"{FOLLOWED}+autotn.{autotn.__version__}",
        __path__=list(autotn.__path__),
        __file__=autotn.__file__,
        __all__=[
            *starred,
            *(n for n in NAMES if n != "BFloat16Tensor"),
            "autocast",
            "compile",
            "load",
            "save",
            "set_default_tensor_type",
        ],
    )
    module.__spec__ = importlib.machinery.ModuleSpec("torch", None, is_package=True)
    sys.modules["torch"] = module
    # Else its first import would put the module where the function of the same name stands.
    sys.modules["torch.autograd.gradcheck"] = importlib.import_module("autotn.autograd.gradcheck")
    sys.meta_path.insert(0, _Finder())
    SHOWN.name = "torch"
    return module
