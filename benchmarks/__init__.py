"""How fast autotn is beside PyTorch: ``python -m benchmarks``.

A *row* is one piece of work, written once against a namespace that is autotn or torch
(``benchmarks/rows/``, one file per topic). Each library runs in a process of its own; rounds
alternate between the two, so that a busy moment of the machine meets both. Before anything is
timed, both must arrive at the same losses.
"""

from __future__ import annotations
