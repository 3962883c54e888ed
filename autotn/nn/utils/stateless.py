"""Call a module with other parameters and buffers than its own."""

from __future__ import annotations

from autotn.layers.functional_call import functional_call

__all__ = ["functional_call"]
