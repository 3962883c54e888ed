"""The samples of every op, one file per topic of ``autotn/ops``."""

from __future__ import annotations

import importlib
import pkgutil

from autotn.testing.sample import SAMPLERS, Case, all_samples

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

__all__ = ["SAMPLERS", "Case", "all_samples"]
