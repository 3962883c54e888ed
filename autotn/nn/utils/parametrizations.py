"""Ready-made parametrizations: weights of a given norm, of spectral norm one, orthogonal ones."""

from __future__ import annotations

from typing import Any

import numpy as np

from autotn.core.modes import no_grad
from autotn.core.random import numpy_generator
from autotn.core.tensor import Tensor, wrap
from autotn.layers.module import Module
from autotn.nn.utils.parametrize import register_parametrization
from autotn.ops import cat, eye, linalg_solve, matrix_exp, zeros
from autotn.ops.norm import normalize

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def norm_except(weight: Any, dim: int | None) -> Any:
    """The 2-norm over all dimensions but one (None: over all), each kept with size 1."""
    squares = weight * weight
    if dim is None or dim == -1:
        return squares.sum().sqrt()
    kept = dim % weight.ndim
    return squares.sum([k for k in range(weight.ndim) if k != kept], keepdim=True).sqrt()


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Any, weight_v: Any) -> Any:
        return weight_v * (weight_g / norm_except(weight_v, self.dim))

    def right_inverse(self, weight: Any) -> tuple[Any, Any]:
        return norm_except(weight, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    r"""Let a weight be :math:`g\, v / \|v\|`, its length and direction trained apart.

    Salimans & Kingma, "Weight normalization", 2016.

    Parameters
    ----------
    dim : int or None
        The dimension that has a length for each index; None for one length of the whole weight.

    >>> layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 3))
    >>> layer.parametrizations.weight.original0.shape
    tn.Size([3, 1])
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)
    module._register_load_state_dict_pre_hook(_OldNames(name))
    return module


class _OldNames:
    """Loads what the former weight norm saved, under the names it used."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        old = [f"{prefix}{self.name}_{letter}" for letter in "gv"]
        if all(key in state_dict for key in old):
            for k, key in enumerate(old):
                place = f"{prefix}parametrizations.{self.name}.original{k}"
                state_dict[place] = state_dict.pop(key)


class _SpectralNorm(Module):
    _u: Tensor
    _v: Tensor

    def __init__(
        self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        if dim >= weight.ndim or dim < -weight.ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-weight.ndim}, "
                f"{weight.ndim - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.dim = dim if dim >= 0 else dim + weight.ndim
        self.eps = eps
        if weight.ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = as_matrix(weight.detach(), self.dim)
            rows, columns = matrix.shape
            self.register_buffer("_u", random_direction(rows, weight, eps))
            self.register_buffer("_v", random_direction(columns, weight, eps))
            power_iteration(matrix, self._u, self._v, 15, eps)

    def forward(self, weight: Any) -> Any:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            power_iteration(matrix.detach(), self._u, self._v, self.n_power_iterations, self.eps)
        # Copies: the next iteration writes over them, and backward needs these.
        u, v = self._u.clone(), self._v.clone()
        return weight / (u @ (matrix @ v))

    def right_inverse(self, value: Any) -> Any:
        return value


def as_matrix(weight: Any, dim: int) -> Any:
    """The weight as a matrix, with `dim` as its rows."""
    if dim:
        weight = weight.transpose(0, dim) if weight.ndim == 2 else weight.movedim(dim, 0)
    return weight.reshape(weight.shape[0], -1)


def random_direction(size: int, like: Tensor, eps: float) -> Tensor:
    """A random vector of length one, of the dtype of `like`."""
    values = numpy_generator(None).standard_normal(size)
    length = max(float(np.linalg.norm(values)), eps)
    return wrap((values / length).astype(like._data.dtype))


def power_iteration(matrix: Any, u: Tensor, v: Tensor, steps: int, eps: float) -> None:
    """Bring u and v nearer to the directions of the largest singular value, in place."""
    with no_grad():
        for _ in range(steps):
            u.copy_(normalize(matrix @ v, dim=0, eps=eps))
            v.copy_(normalize(matrix.T @ u, dim=0, eps=eps))


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    r"""Divide a weight by its largest singular value, found by power iteration in training.

    Miyato et al., "Spectral normalization for generative adversarial networks", 2018.

    Parameters
    ----------
    dim : int, optional
        The dimension of the outputs: 0, but 1 for transposed convolutions.

    >>> layer = nn.utils.parametrizations.spectral_norm(nn.Linear(3, 2))
    >>> sorted(layer.state_dict())[-1]
    'parametrizations.weight.original'
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if dim is None:
        dim = 1 if type(module).__name__.startswith("ConvTranspose") else 0
    chain = _SpectralNorm(weight, n_power_iterations, dim, eps)
    return register_parametrization(module, name, chain)


class _Orthogonal(Module):
    base: Tensor | None

    def __init__(
        self, weight: Tensor, orthogonal_map: str, *, use_trivialization: bool = True
    ) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Any) -> Any:
        wide = X.shape[-2] < X.shape[-1]
        if wide:
            X = X.transpose(-2, -1)
        n, k = X.shape[-2:]
        if self.orthogonal_map == "householder":
            Q = _reflections(X)
        else:
            X = X.tril()
            if n != k:
                X = cat([X, zeros(*X.shape[:-2], n, n - k, dtype=X.dtype)], -1)
            A = X - (X.transpose(-2, -1).conj() if X.is_complex() else X.transpose(-2, -1))
            if self.orthogonal_map == "matrix_exp":
                Q = matrix_exp(A)
            else:
                one = eye(n, dtype=A.dtype)
                Q = linalg_solve(one - A * 0.5, one + A * 0.5)
            if n != k:
                Q = Q[..., :k]
        base = getattr(self, "base", None)
        if base is not None:
            Q = base @ Q
        return Q.transpose(-2, -1) if wide else Q

    def right_inverse(self, Q: Any) -> Any:
        if tuple(Q.shape) != tuple(self.shape):
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {tuple(self.shape)}. "
                f"Got a tensor of shape {tuple(Q.shape)}."
            )
        values = Q.detach().numpy()
        wide = values.shape[-2] < values.shape[-1]
        if wide:
            values = np.swapaxes(values, -2, -1)
        if not hasattr(self, "base"):
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley "
                    "parametrizations when use_trivialization=False."
                )
            found = _reflectors_of(values)
        else:
            self.base = wrap(_orthonormal_basis(values))
            # With this start all maps give the identity, and so the base itself.
            found = np.zeros_like(values)
            k = values.shape[-1]
            found[..., np.arange(k), np.arange(k)] = -1
        return wrap(np.ascontiguousarray(np.swapaxes(found, -2, -1) if wide else found))


def _reflections(X: Any) -> Any:
    """The product of Householder reflections whose vectors are the columns below the diagonal."""
    n, k = X.shape[-2:]
    below = X.tril(-1)
    scale = 2.0 / (1.0 + (below * below).sum(-2))
    signs = X.diagonal(0, -2, -1).detach().sign()
    one = eye(n, dtype=X.dtype)
    Q = one[:, :k]
    for column in reversed(range(k)):
        v = below[..., :, column] + one[:, column]
        product = (v.unsqueeze(-2) @ Q).squeeze(-2)
        step = scale[..., column].unsqueeze(-1) * v
        Q = Q - step.unsqueeze(-1) * product.unsqueeze(-2)
    return Q * signs.unsqueeze(-2)


def _reflectors_of(values: Any) -> Any:
    """What `_reflections` makes these orthogonal columns of, with signs on the diagonal."""
    flat = values.reshape(-1, *values.shape[-2:])
    found = []
    for one in flat:
        packed, scales = np.linalg.qr(one, mode="raw")
        matrix = np.ascontiguousarray(packed.T)
        diagonal = np.arange(matrix.shape[1])
        signs = np.sign(matrix[diagonal, diagonal])
        # LAPACK says "no reflection here" by a scale of zero; ours would turn the column round.
        matrix[diagonal, diagonal] = np.where(scales == 0, -signs, signs)
        found.append(matrix)
    return np.array(found, values.dtype).reshape(values.shape)


def _orthonormal_basis(values: Any) -> Any:
    """Square orthogonal matrices that begin with these columns, made orthogonal if need be."""
    q, r = np.linalg.qr(values, mode="complete")
    diagonal = np.diagonal(r, axis1=-2, axis2=-1)
    # LAPACK's columns may point the other way; keep those that were given.
    sizes = np.abs(diagonal)
    signs = np.where(sizes == 0, 1, diagonal / np.where(sizes == 0, 1, sizes))
    k = values.shape[-1]
    q[..., :k] *= signs[..., None, :]
    return q.astype(values.dtype)


def orthogonal(
    module: Module,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Module:
    r"""Keep a weight orthogonal: :math:`Q^T Q = I`, or :math:`Q Q^T = I` if it is wide.

    Parameters
    ----------
    orthogonal_map : str
        ``"matrix_exp"``, :math:`e^A` of a skew-symmetric A; ``"cayley"``,
        :math:`(I - A/2)^{-1} (I + A/2)`; or ``"householder"``, a product of reflections.
    use_trivialization : bool
        Measure the rotation from the weight's value at the start (Lezcano-Casado, "Trivializations
        for gradient-based optimization on manifolds", 2019), so that the weight can be assigned.

    >>> layer = nn.utils.parametrizations.orthogonal(nn.Linear(4, 3))
    >>> bool(((layer.weight @ layer.weight.T - tn.eye(3)).abs() < 1e-5).all())
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.ndim < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        )
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". '
            f"Got: {orthogonal_map}"
        )
    chain = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return register_parametrization(module, name, chain, unsafe=True)
