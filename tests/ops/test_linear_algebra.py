"""Factorisations whose factors are free up to a phase: what does not depend on it is right.

A sum of eigenvectors or singular vectors with fixed weights has no slope of its own when the vectors may
be turned, so the samples can't ask for one. These functions have one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.testing import gradcheck, gradgradcheck, make_array


def matrix(*shape: int, dtype: Any = np.float64) -> np.ndarray[Any, Any]:
    """A matrix with separate eigenvalues."""
    return make_array(*shape, dtype=dtype) + np.diag(np.arange(shape[-1]) * 2.0)


def projected(x: Any) -> Any:
    """Sizes of the components: the same whatever the phase."""
    return (x.abs() ** 2) if x.is_complex() else x * x


FUNCTIONS: dict[str, Callable[[Any, Any], Any]] = {
    "eigenvalues": lambda lib, a: lib.linalg.eig(a).eigenvalues.abs(),
    "eigenvectors": lambda lib, a: projected(lib.linalg.eig(a).eigenvectors),
    "eigvals": lambda lib, a: lib.linalg.eigvals(a).real,
    "eigh vectors": lambda lib, a: projected(lib.linalg.eigh(a + a.mH).eigenvectors),
    "eigh values": lambda lib, a: lib.linalg.eigh(a + a.mH).eigenvalues,
    "svd vectors": lambda lib, a: projected(lib.linalg.svd(a, full_matrices=False).U),
    "svd both": lambda lib, a: (
        lambda u, s, vh: ((u[..., :, :1] @ vh[..., :1, :]).abs() ** 2) * s.sum()
    )(*lib.linalg.svd(a, full_matrices=False)),
    "qr": lambda lib, a: projected(lib.linalg.qr(a).Q) + lib.linalg.qr(a).R.abs().sum(),
    "polar factor": lambda lib, a: (lambda u, s, vh: (u @ vh).abs())(
        *lib.linalg.svd(a, full_matrices=False)
    ),
}


@pytest.mark.parametrize("dtype", [np.float64, np.complex128], ids=["real", "complex"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_slopes_of_what_no_phase_changes(name: str, dtype: Any) -> None:
    a = tn.tensor(matrix(3, 3, dtype=dtype), requires_grad=True)
    gradcheck(lambda x: FUNCTIONS[name](tn, x), [a])
    gradgradcheck(lambda x: FUNCTIONS[name](tn, x), [a])


@pytest.mark.parametrize("dtype", [np.float64, np.complex128], ids=["real", "complex"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_like_pytorch(torch: Any, name: str, dtype: Any) -> None:
    values = matrix(3, 3, dtype=dtype)
    ours = tn.tensor(values, requires_grad=True)
    theirs = torch.tensor(values, requires_grad=True)
    mine, expected = FUNCTIONS[name](tn, ours), FUNCTIONS[name](torch, theirs)
    # Eigenvalues may come in another order, so sums are compared.
    weighted = (mine * mine).sum()
    wanted = (expected * expected).sum()
    np.testing.assert_allclose(weighted.item(), wanted.item(), rtol=1e-9)
    weighted.backward()
    wanted.backward()
    np.testing.assert_allclose(ours.grad, theirs.grad.numpy(), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("shape", [(3, 2), (2, 3)], ids=["tall", "wide"])
@pytest.mark.parametrize("dtype", [np.float64, np.complex128], ids=["real", "complex"])
def test_svd_of_matrices_that_are_not_square(shape: tuple[int, int], dtype: Any) -> None:
    a = tn.tensor(make_array(*shape, dtype=dtype), requires_grad=True)
    gradcheck(lambda x: projected(tn.linalg.svd(x, full_matrices=False).Vh), [a])
    u, s, vh = tn.linalg.svd(a)
    k = min(shape)
    np.testing.assert_allclose((u[:, :k] * s @ vh[:k]).detach(), a.detach(), atol=1e-12)
    np.testing.assert_allclose((u.mH @ u).detach(), np.eye(shape[0]), atol=1e-12)


def test_ldl_solves_symmetric_systems() -> None:
    a = make_array(2, 3, 3)
    a = a + a.swapaxes(-1, -2)
    b = make_array(2, 3, 2)
    factors, pivots = tn.linalg.ldl_factor(tn.tensor(a))
    found = tn.linalg.ldl_solve(factors, pivots, tn.tensor(b))
    np.testing.assert_allclose(found, np.linalg.solve(a, b), atol=1e-9)
    assert pivots.dtype == tn.int32
    assert tn.linalg.ldl_factor_ex(tn.zeros(2, 2)).info.item() > 0


@pytest.mark.parametrize("name", ["inv_ex", "solve_ex", "cholesky_ex"])
def test_a_failed_matrix_does_not_spoil_the_batch(name: str) -> None:
    good = np.array([[2.0, 1.0], [1.0, 3.0]])
    batch = tn.tensor(np.stack([good, np.zeros((2, 2))]), requires_grad=True)
    more = (tn.ones(2, 2, 1, dtype=tn.float64),) if name == "solve_ex" else ()
    found, info = getattr(tn.linalg, name)(batch, *more)
    assert info.tolist() == [0, 1]
    plain = getattr(tn.linalg, name.removesuffix("_ex"))
    expected = plain(tn.tensor(good), *(x[0] for x in more))
    np.testing.assert_allclose(found[0].detach(), expected)
    found.sum().backward()
    assert batch.grad is not None
    assert bool(batch.grad.isfinite().all())
