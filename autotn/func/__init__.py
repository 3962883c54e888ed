"""The door to function transforms: derivatives and batches of functions, in any nesting."""

from __future__ import annotations

from autotn.func.derivatives import (
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)
from autotn.func.modules import functional_call, functionalize, stack_module_state
from autotn.func.vmapping import vmap

__all__ = [
    "functional_call", "functionalize", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp",
    "linearize", "stack_module_state", "value_and_grad", "vjp", "vmap",
]  # fmt: skip
