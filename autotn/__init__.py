"""autotn: deep learning you can read. PyTorch's eager style in pure Python on NumPy and SciPy."""

from autotn.core.dtypes import float32, float64, int64
from autotn.core.modes import enable_grad, no_grad
from autotn.core.random import manual_seed
from autotn.core.tensor import Size, Tensor
from autotn.ops import *

__version__ = "0.1.0"
