"""Module and the hooks on every module: a door to `autotn.layers`."""

from __future__ import annotations

from autotn.layers.hooks import (
    register_module_backward_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
)
from autotn.layers.module import Module, indented as _addindent
from autotn.layers.state import IncompatibleKeys as _IncompatibleKeys
from autotn.layers.tree import (
    register_module_buffer_registration_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
