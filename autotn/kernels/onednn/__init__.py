"""oneDNN, the library behind PyTorch's own CPU kernels, called through its C API by `ctypes`.

It is optional (``pip install autotn[fast]``) and takes over convolutions, recurrent sweeps,
normalisations and a few more where it is quicker; whatever it does not take, and everything where
it is absent, the NumPy kernels do. Nothing of it is loaded before a kernel asks for the first time.

- `library` finds and loads the shared library, and declares the functions that are used;
- `primitive` turns a descriptor into a call on NumPy arrays, and remembers the calls that were made;
- `conv`, `rnn` … say which of our calls are taken, and what they are in oneDNN's terms.

Only float32 is taken, and only C-contiguous arrays whose shapes were checked reach the library.
"""

from __future__ import annotations
