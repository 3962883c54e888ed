"""Layers: modules that own parameters and call ops."""

from __future__ import annotations

from autotn.layers.module import Module
from autotn.layers.parameter import Parameter
