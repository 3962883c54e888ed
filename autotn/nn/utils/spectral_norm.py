"""The former spectral norm: a hook computes the weight before each forward.

`parametrizations.spectral_norm` is today's way; this one keeps the names its checkpoints use.
"""

from __future__ import annotations

from typing import Any

from autotn.layers.module import Module
from autotn.layers.parameter import Parameter
from autotn.nn.utils.parametrizations import as_matrix, power_iteration, random_direction

__all__ = ["remove_spectral_norm", "spectral_norm"]


class SpectralNorm:
    """Computes the weight from ``weight_orig``, ``weight_u`` and ``weight_v`` before forward."""

    def __init__(self, name: str, n_power_iterations: int, dim: int, eps: float) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.name = name
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def compute_weight(self, module: Module, iterate: bool) -> Any:
        """The weight over its largest singular value."""
        weight = getattr(module, f"{self.name}_orig")
        u, v = getattr(module, f"{self.name}_u"), getattr(module, f"{self.name}_v")
        matrix = as_matrix(weight, self.dim)
        if iterate:
            # v first: in eval, and after loading, u alone decides.
            power_iteration(matrix.detach().T, v, u, self.n_power_iterations, self.eps)
            u, v = u.clone(), v.clone()
        return weight / (u @ (matrix @ v))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, module.training))


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Divide a weight by its largest singular value; `parametrizations.spectral_norm` is newer.

    >>> sorted(nn.utils.spectral_norm(nn.Linear(2, 3)).state_dict())
    ['bias', 'weight_orig', 'weight_u', 'weight_v']
    """
    for hook in module._forward_pre_hooks.values():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            raise RuntimeError(
                f"Cannot register two spectral_norm hooks on the same parameter {name}"
            )
    if dim is None:
        dim = 1 if type(module).__name__.startswith("ConvTranspose") else 0
    norm = SpectralNorm(name, n_power_iterations, dim, eps)
    weight = module._parameters[name]
    if weight is None:
        raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
    rows, columns = as_matrix(weight.detach(), dim).shape
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    # A plain attribute until the hook sets it: not a parameter, or it would be trained.
    setattr(module, name, weight.detach())
    module.register_buffer(f"{name}_u", random_direction(rows, weight, eps))
    module.register_buffer(f"{name}_v", random_direction(columns, weight, eps))
    module.register_forward_pre_hook(norm)
    module._register_state_dict_hook(_NoteVersion(name))
    return module


class _NoteVersion:
    """Says in the metadata that u and v are both saved, as PyTorch does."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, module: Module, state_dict: Any, prefix: str, metadata: Any) -> None:
        metadata.setdefault("spectral_norm", {})[f"{self.name}.version"] = 1


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Make the weight an ordinary parameter again, with the value it has."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            weight = hook.compute_weight(module, iterate=False).detach()
            for part in (name, f"{name}_orig", f"{name}_u", f"{name}_v"):
                delattr(module, part)
            module.register_parameter(name, Parameter(weight))
            del module._forward_pre_hooks[key]
            break
    else:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    for key, note in list(module._state_dict_hooks.items()):
        if isinstance(note, _NoteVersion) and note.name == name:
            del module._state_dict_hooks[key]
    return module
