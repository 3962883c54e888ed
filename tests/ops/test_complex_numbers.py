"""Values and gradients of complex numbers are PyTorch's, for every op both take them in.

The first sample of each op with floats is given imaginary parts. Gradients follow PyTorch's convention,
the conjugate of the derivative by the conjugate, so that steps against it go downhill.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.errors import DTypeError
from autotn.testing.asking import argument_values, flat_results
from autotn.testing.check_op import same_for_torch, torch_function
from tests.certificate import RECORD
from tests.ops.test_dtypes import CASES
from tests.samples import Case

#: Where other answers are right as well, or PyTorch's are not.
OTHERWISE = {
    "as_strided_scatter": "PyTorch's gradient takes what was overwritten for the rest",
    "cholesky_solve": "PyTorch's gradient fills the triangle that is never read",
    "linalg_cholesky_ex": "a matrix that is not Hermitian: PyTorch's gradient is that of its Hermitian part",
    "ldexp": "PyTorch's gradient is 0 where the exponent is a negative integer",
    "linalg_cholesky": "the same",
    "cholesky": "the same",
}


def with_imaginary_parts(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if array.dtype != np.float64:
        return array
    turned = np.roll(array.reshape(-1), 1).reshape(array.shape)[::-1] if array.ndim else -array
    return np.asarray(array + 1j * turned * 0.7)


def seeds(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(array.size)
    made = rng.uniform(0.5, 1.5, array.shape)
    if array.dtype.kind == "c":
        made = made + 1j * rng.uniform(-1, 1, array.shape)
    return np.asarray(made).astype(array.dtype)


def answers(case: Case, torch: Any = None) -> tuple[list[Any], list[Any]]:
    """Results, and gradients of a weighted sum of them."""
    lib = tn if torch is None else torch
    leaves: list[Any] = []

    def turn(array: np.ndarray[Any, Any]) -> Any:
        complex_ = with_imaginary_parts(array)
        made = lib.from_numpy(complex_.copy())
        if complex_.dtype.kind == "c" and array.flags.writeable:
            leaves.append(made.requires_grad_())
        return made

    args, kwargs = argument_values(case.sample, turn)
    function = case.function
    if torch is not None:
        assert case.torch_name is not None
        function = torch_function(case.torch_name)
        args = [same_for_torch(a) for a in args]
        kwargs = {k: same_for_torch(v) for k, v in kwargs.items()}
    results = [r for r in flat_results(function(*args, **kwargs)) if isinstance(r, lib.Tensor)]
    live = [r for r in results if r.requires_grad]
    plain = [r.detach().resolve_conj().resolve_neg().numpy() for r in results]
    if not live:
        return plain, []
    weights = [lib.from_numpy(seeds(r.detach().resolve_conj().resolve_neg().numpy())) for r in live]
    found = lib.autograd.grad(live, leaves, weights, allow_unused=True)
    return plain, [None if g is None else g.resolve_conj().resolve_neg().numpy() for g in found]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.op_name)
def test_like_pytorch(torch: Any, case: Case) -> None:
    if case.op_name in OTHERWISE:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            theirs = answers(case, torch)
        except (RuntimeError, TypeError, ValueError, NotImplementedError):
            return  # who takes what is asked in test_dtypes.py
        try:
            ours = answers(case)
        except DTypeError:
            return
    for k, (a, b) in enumerate(zip(ours[0], theirs[0], strict=True)):
        np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-9, err_msg=f"result {k}")
    for k, (a, b) in enumerate(zip(ours[1], theirs[1], strict=False)):
        zero = np.zeros(())
        np.testing.assert_allclose(
            zero if a is None else a,
            zero if b is None else b,
            rtol=1e-6,
            atol=1e-8,
            err_msg=f"gradient {k}",
        )
    if ours[1] and theirs[1]:
        RECORD.note(case.op_name, "complex", {"PyTorch"})
