"""``nn``: the layers, under PyTorch's names."""

from __future__ import annotations

from typing import Any

from autotn.absent import no_attribute
from autotn.layers import *
from autotn.nn import attention, functional, grad, init, modules, parallel, parameter, utils


def __getattr__(name: str) -> Any:
    raise no_attribute(__name__, name)
