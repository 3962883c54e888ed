"""What computes, in a few lines."""

from __future__ import annotations

import numpy as np

from autotn.backends import mkldnn
from autotn.kernels.onednn.switch import SWITCH, VARIABLE


def show() -> str:
    """Which libraries compute, and why oneDNN does not where it does not.

    >>> print(tn.backends.show())
    NumPy ...
    oneDNN ...
    """
    return f"NumPy {np.__version__}: all ops\noneDNN {_onednn()}"


def _onednn() -> str:
    if not mkldnn.is_available():
        return f"is not used: {SWITCH.reason} (it comes with: pip install autotn[fast])"
    library = SWITCH.library
    assert library is not None
    if not SWITCH.wanted:
        return (
            f"{library.version} is switched off: tn.backends.mkldnn.enabled is False, "
            f"or {VARIABLE}=0"
        )
    return (
        f"{library.version}: large float32 convolutions, recurrent layers, pooling, norms, "
        f"softmax, activations and matrix products on {library.threads()} threads ({library.path})"
    )
