"""What the processor can do is NumPy's business."""

from __future__ import annotations


def get_cpu_capability() -> str:
    """DEFAULT: this package has no kernels of its own for a kind of processor.

    >>> tn.backends.cpu.get_cpu_capability()
    'DEFAULT'
    """
    return "DEFAULT"
