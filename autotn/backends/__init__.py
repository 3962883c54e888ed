"""``backends``: which libraries compute, and the flags scripts set for PyTorch's."""

from __future__ import annotations

from autotn.backends import mkldnn
from autotn.backends.overview import show
