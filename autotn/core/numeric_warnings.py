"""NumPy's floating-point warnings from inside this library are not shown.

An overflow to inf or a nan is a value here, as in PyTorch; what to do about it is for
`detect_anomaly` to say. Only warnings raised by this package's own lines are silenced: what NumPy tells
a user's own code, and NumPy's error settings, stay as they are.
"""

from __future__ import annotations

import warnings


def silence() -> None:
    """Install the filter."""
    warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"autotn(\.|$)")
