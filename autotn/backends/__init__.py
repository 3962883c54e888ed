"""``backends``: which libraries compute, and the flags scripts set for PyTorch's."""

from __future__ import annotations

from autotn.backends import cpu, cuda, cudnn, mkl, mkldnn, mps, openmp, opt_einsum
from autotn.backends.overview import show
