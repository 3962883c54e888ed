"""``nn.functional``: the ops by PyTorch's functional names."""

from __future__ import annotations

import importlib
import pkgutil

import autotn.ops

for _info in pkgutil.iter_modules(autotn.ops.__path__):
    _topic = importlib.import_module(f"autotn.ops.{_info.name}")
    for _name in (*getattr(_topic, "__all__", ()), *getattr(_topic, "FUNCTIONAL", ())):
        if hasattr(_topic, _name):
            globals()[_name] = getattr(_topic, _name)
