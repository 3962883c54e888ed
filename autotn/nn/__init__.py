"""``nn``: the layers, under PyTorch's names."""

from __future__ import annotations

from autotn.layers import *
from autotn.nn import functional, init, modules, parameter, utils
