"""A Tensor among NumPy's: functions record, arrays come out as arrays, what cannot be differentiated refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.core.methods import NUMPY

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp,
    "add of an array": lambda x: np.add(x, np.ones(3)),
    "array first": lambda x: np.array([1.0, 2.0, 3.0]) * x,
    "number first": lambda x: np.float64(2) * x,
    "array minus": lambda x: np.ones(3) - x,
    "array to the power": lambda x: np.full(3, 2.0) ** x,
    "sum over an axis": lambda x: np.sum(x.reshape(1, 3), axis=0),
    "mean, keeping": lambda x: np.mean(x.reshape(1, 3), axis=1, keepdims=True),
    "reduce": np.add.reduce,
    "concatenate": lambda x: np.concatenate([x, x * 2]),
    "stack": lambda x: np.stack([x, x], axis=1),
    "where": lambda x: np.where(np.array([True, False, True]), x, 0.0),
    "matmul": lambda x: np.matmul(np.eye(3), x),
    "operator @": lambda x: np.eye(3) @ x,
    "maximum": lambda x: np.maximum(x, np.zeros(3)),
    "clip": lambda x: np.clip(x, -0.5, 0.5),
    "transpose": lambda x: np.transpose(x.reshape(1, 3), (1, 0)),
    "var": lambda x: np.var(x, ddof=1),
    "einsum": lambda x: np.einsum("i,i->", x, x),
    "einsum of an array": lambda x: np.einsum("ij,j", np.ones((2, 3)), x),
    "dot": lambda x: np.dot(np.ones((2, 3)), x),
    "take": lambda x: np.take(x.reshape(1, 3), [[0, 2], [2, 2]], axis=1),
    "cross": lambda x: np.cross(x, np.array([1.0, 2.0, 3.0])),
    "linalg.inv": lambda x: np.linalg.inv(np.eye(3) + 0.1 * x),
    "linalg.solve": lambda x: np.linalg.solve(np.eye(3) * 2, x),
    "linalg.norm": np.linalg.norm,
    "zeros_like": lambda x: np.zeros_like(x) + x,
    "reduce of products": lambda x: np.multiply.reduce(x.reshape(1, 3), axis=1),
    "reduce of maxima": lambda x: np.maximum.reduce(x.reshape(1, 3), axis=None),
    "squeeze": lambda x: np.squeeze(x.reshape(1, 3)),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_numpys_functions_record(function: Callable[[Any], Any]) -> None:
    """The same function gives the array's values and, being recorded, a checked gradient."""
    x = tn.tensor([0.3, -0.7, 1.1], dtype=tn.float64, requires_grad=True)
    y = function(x)
    assert isinstance(y, tn.Tensor)
    assert y.requires_grad
    np.testing.assert_allclose(y.detach().numpy(), function(x.detach().numpy()), rtol=1e-12)
    assert tn.autograd.gradcheck(function, (x,))


def test_ops_answer_arrays_with_arrays() -> None:
    assert type(tn.exp(np.zeros(2))) is np.ndarray
    assert type(tn.matmul(np.eye(2), np.ones(2))) is np.ndarray


def test_every_numpy_name_stands_for_an_op_that_takes_tensors() -> None:
    assert {np.exp, np.sum, np.where, np.concatenate, np.linalg.inv} <= set(NUMPY)


def test_asarray_shares_memory_and_refuses_history() -> None:
    x = tn.ones(3)
    a = np.asarray(x)
    a[0] = 5
    assert x[0] == 5
    with pytest.raises(RuntimeError, match="detach"):
        np.asarray(tn.ones(2, requires_grad=True))


def test_array_converts_and_copies(torch: Any) -> None:
    x = tn.ones(3)
    assert np.array(x, dtype=np.float64).dtype == np.float64
    assert np.array(x) is not x.numpy()
    np.array(x)[0] = 7
    assert x[0] == 1
    np.testing.assert_array_equal(np.array([tn.tensor(1.0), tn.tensor(2.0)]), [1.0, 2.0])


def test_a_function_without_derivative_refuses_history_and_serves_data() -> None:
    x = tn.tensor([3.0, 1.0, 2.0])
    np.testing.assert_array_equal(np.lexsort((x,)), [1, 2, 0])
    with pytest.raises(TypeError, match=r"np\.lexsort has no differentiable counterpart"):
        np.lexsort((x.requires_grad_(),))


def test_a_ufunc_without_counterpart_says_so() -> None:
    with pytest.raises(TypeError, match=r"np\.spacing has no counterpart for Tensors"):
        np.spacing(tn.ones(2))


def test_out_may_be_a_tensor_or_for_plain_tensors_an_array() -> None:
    out = tn.zeros(2)
    assert np.add(tn.ones(2), 1.0, out=out) is out
    assert out.tolist() == [2.0, 2.0]
    array = np.zeros(2, np.float32)
    np.exp(tn.zeros(2), out=array)
    assert array.tolist() == [1.0, 1.0]
    with pytest.raises(RuntimeError, match="requires grad"):
        np.exp(tn.zeros(2, requires_grad=True), out=array)


def test_an_array_grows_in_place_by_a_tensor() -> None:
    a = np.ones(2)
    a += tn.tensor([1.0, 2.0], dtype=tn.float64)
    assert type(a) is np.ndarray
    assert a.tolist() == [2.0, 3.0]


def test_comparisons_and_truth() -> None:
    assert isinstance(np.ones(2) == tn.ones(2), tn.Tensor)
    assert bool(np.all(tn.ones(2) > np.zeros(2)))
