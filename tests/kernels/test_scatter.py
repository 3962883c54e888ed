"""Adding to repeated places: PyTorch's sums, reductions, gradients and counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autotn.errors import DTypeError, ShapeError
from autotn.kernels import scatter

Array = np.ndarray[Any, Any]

DTYPES = ["float32", "float64", "int64", "complex64", "float16"]
REDUCTIONS = ["sum", "prod", "mean", "amax", "amin"]

#: Shape of the input, dimension, shape of the index, shape of the source.
SCATTERS: list[tuple[tuple[int, ...], int, tuple[int, ...], tuple[int, ...]]] = [
    ((7,), 0, (20,), (20,)),
    ((7,), -1, (3,), (5,)),
    ((3, 4), 0, (6, 4), (6, 4)),
    ((3, 4), 1, (3, 9), (3, 9)),
    ((3, 4), 1, (2, 1), (5, 2)),
    ((2, 3, 5), 1, (2, 8, 3), (4, 8, 5)),
    ((2, 3, 5), -1, (1, 3, 4), (2, 3, 4)),
    ((3, 4), 0, (0, 4), (2, 4)),
    ((), 0, (), ()),
    ((), 0, (1,), (1,)),
]

#: Number of rows, of places and of numbers in each row; the last ones take the sparse product.
ROWS = [(0, 3, 4), (5, 3, 1), (50, 7, 3), (40, 200, 9), (700, 30, 64), (600, 5000, 80)]


def values(shape: tuple[int, ...], dtype: str, seed: int = 0) -> Array:
    """Small numbers with ties and zeros among them."""
    found = np.random.default_rng(seed).integers(-3, 4, shape)
    return np.asarray(found, dtype)


def index_for(shape: tuple[int, ...], size: int) -> Array:
    return np.asarray(np.random.default_rng(9).integers(0, max(size, 1), shape))


def same(ours: Array, theirs: Any, tolerance: float = 1e-5) -> None:
    expected = theirs.detach().numpy()
    assert isinstance(ours, np.ndarray)
    assert ours.dtype == expected.dtype
    assert ours.shape == expected.shape
    np.testing.assert_allclose(ours, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("n", "count", "width"), ROWS)
def test_rows_are_summed(n: int, count: int, width: int, dtype: str) -> None:
    index, rows = index_for((n,), count), values((n, width), dtype)
    expected = np.zeros((count, width), dtype)
    np.add.at(expected, index, rows)
    summed = scatter.sum_rows(index, rows, count)
    assert summed.dtype == dtype
    np.testing.assert_array_equal(summed, expected)
    out = values((count, width), dtype, 1)
    expected += out
    scatter.add_rows(out, index.astype(np.int32), rows)
    np.testing.assert_array_equal(out, expected)


@pytest.mark.parametrize("width", [0, 1, 3, 4_000])
def test_places_that_rise_are_not_repeated(width: int) -> None:
    index, rows = np.array([0, 2, 5], np.uint8), values((3, width), "float32")
    expected = np.zeros((7, width), "float32")
    expected[[0, 2, 5]] = rows
    np.testing.assert_array_equal(scatter.sum_rows(index, rows, 7), expected)
    out = expected.copy()
    scatter.add_rows(out, index, rows)
    np.testing.assert_array_equal(out, 2 * expected)


def test_rows_may_have_any_shape_and_so_may_their_numbers() -> None:
    index = np.array([[0, 2], [2, 2]])
    rows = np.arange(24.0).reshape(2, 2, 3, 2)
    summed = scatter.sum_rows(index, rows, 4)
    assert summed.shape == (4, 3, 2)
    np.testing.assert_array_equal(summed[2], rows[0, 1] + rows[1, 0] + rows[1, 1])
    assert not summed[[1, 3]].any()
    assert scatter.sum_rows(index, rows[..., :0], 4).shape == (4, 3, 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("alpha", [1, 3])
@pytest.mark.parametrize(
    ("shape", "dim", "n"),
    [((5,), 0, 9), ((4, 6), 0, 3), ((4, 6), 1, 11), ((3, 4, 5), 1, 7), ((40, 9, 30), -2, 50),
     ((6, 300), -1, 200), ((900, 40), 0, 100), ((4, 6), 0, 0), ((), 0, 1)],
)  # fmt: skip
def test_index_add_is_pytorchs(
    torch: Any, shape: tuple[int, ...], dim: int, n: int, alpha: float, dtype: str
) -> None:
    x = values(shape, dtype)
    size = shape[dim] if shape else 1
    index = index_for((n,) if shape else (), size)
    wide = list(shape)
    if shape:
        wide[dim] = n
    source = values(tuple(wide), dtype, 1)
    before = x.copy()
    expected = torch.tensor(x).index_add(
        dim, torch.tensor(index), torch.tensor(source), alpha=alpha
    )
    same(scatter.index_add(x, dim, index, source, alpha), expected, 2e-3)
    same(scatter.index_add(x.copy(order="F"), dim, index, source, alpha), expected, 2e-3)
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize("many", [1, 1 << 15])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("shape", "dim", "reach", "given"), SCATTERS)
def test_scatter_add_is_pytorchs(
    torch: Any,
    monkeypatch: pytest.MonkeyPatch,
    shape: tuple[int, ...],
    dim: int,
    reach: tuple[int, ...],
    given: tuple[int, ...],
    dtype: str,
    many: int,
) -> None:
    monkeypatch.setattr(scatter, "_MANY", many)
    x, src = values(shape, dtype), values(given, dtype, 1)
    index = index_for(reach, shape[dim] if shape else 1)
    tensors = [torch.tensor(a) for a in (x, index, src)]
    expected = tensors[0].scatter_add(dim, *tensors[1:])
    same(scatter.scatter_add(x, dim, index, src), expected)
    zeros = torch.zeros_like(tensors[0]).scatter_add(dim, *tensors[1:])
    same(scatter.scatter_sum(shape, dim, index, src), zeros)


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_an_expanded_index_adds_slices(torch: Any, dim: int) -> None:
    x, line = values((4, 5, 6), "float32"), np.array([1, 3, 1, 0])
    reach = [4, 5, 6]
    reach[dim] = len(line)
    src = values((7, 7, 7), "float32", 1)
    along = [1, 1, 1]
    along[dim] = len(line)
    index = np.broadcast_to(line.reshape(along), reach)
    expected = torch.tensor(x).scatter_add(dim, torch.tensor(index.copy()), torch.tensor(src))
    same(scatter.scatter_add(x, dim, index, src), expected)


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", REDUCTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_reductions_are_pytorchs(torch: Any, dtype: str, reduce: str, include_self: bool) -> None:
    for shape, dim, reach, given in SCATTERS:
        x, src = values(shape, dtype), values(given, dtype, 1)
        index = index_for(reach, shape[dim] if shape else 1)
        options = {"reduce": reduce, "include_self": include_self}
        tensors = [torch.tensor(a) for a in (x, index, src)]
        expected = tensors[0].scatter_reduce(dim, *tensors[1:], **options)
        same(scatter.scatter_reduce(x, dim, index, src, reduce, include_self), expected)


@pytest.mark.parametrize("include_self", [True, False])
@pytest.mark.parametrize("reduce", REDUCTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_of_reductions_are_pytorchs(
    torch: Any, dtype: str, reduce: str, include_self: bool
) -> None:
    for shape, dim, reach, _ in SCATTERS:
        if 0 in reach or not shape:
            continue
        x, src = values(shape, dtype), values(reach, dtype, 1)
        if not include_self:
            x += 10  # PyTorch counts an old value among the largest even where it is left out
        index = index_for(reach, shape[dim])
        tensors = [torch.tensor(a, requires_grad=True) for a in (x, src)]
        expected = tensors[0].scatter_reduce(
            dim, torch.tensor(index), tensors[1], reduce, include_self=include_self
        )
        g = values(shape, dtype, 2)
        expected.backward(torch.tensor(g))
        out = scatter.scatter_reduce(x, dim, index, src, reduce, include_self)
        for ours, tensor in zip(
            scatter.scatter_reduce_backward(g, x, dim, index, src, reduce, include_self, out),
            tensors,
        ):
            same(ours, tensor.grad)


def test_the_source_beyond_the_index_gets_no_gradient() -> None:
    x, src, index = np.ones(3), np.ones(5), np.array([0, 0])
    for reduce in REDUCTIONS:
        out = scatter.scatter_reduce(x, 0, index, src, reduce)
        g_src = scatter.scatter_reduce_backward(np.ones(3), x, 0, index, src, reduce, True, out)[1]
        assert g_src.shape == (5,)
        assert g_src[:2].all()
        assert not g_src[2:].any()


def test_an_old_value_left_out_takes_no_share_of_the_gradient() -> None:
    x, src, index = np.array([2.0]), np.array([2.0, 1.0]), np.array([0, 0])
    out = scatter.scatter_reduce(x, 0, index, src, "amax", include_self=False)
    g_x, g_src = scatter.scatter_reduce_backward(np.ones(1), x, 0, index, src, "amax", False, out)
    assert g_x.tolist() == [0.0]
    assert g_src.tolist() == [1.0, 0.0]


def test_nan_is_the_largest_and_the_smallest(torch: Any) -> None:
    x, src = np.array([1.0, 2.0]), np.array([np.nan, 5.0])
    index = np.array([0, 1])
    for reduce in ("amax", "amin"):
        expected = torch.tensor(x).scatter_reduce(0, torch.tensor(index), torch.tensor(src), reduce)
        same(scatter.scatter_reduce(x, 0, index, src, reduce), expected)


@pytest.mark.parametrize("by_freq", [False, True])
@pytest.mark.parametrize("padding_idx", [None, 2])
@pytest.mark.parametrize(("n", "count", "width"), ROWS[1:])
def test_embedding_gradients_are_pytorchs(
    torch: Any, n: int, count: int, width: int, padding_idx: int | None, by_freq: bool
) -> None:
    index = index_for((n,), count).reshape(-1, 5)
    table = torch.zeros(count, width, requires_grad=True)
    rows = torch.nn.functional.embedding(
        torch.tensor(index), table, padding_idx, scale_grad_by_freq=by_freq
    )
    g = values((*index.shape, width), "float32")
    rows.backward(torch.tensor(g))
    same(scatter.embedding_backward(g, index, count, padding_idx, by_freq), table.grad)


@pytest.mark.parametrize("weights", [None, "float32", "float64", "int32", "float16", "bool"])
@pytest.mark.parametrize("minlength", [0, 3, 50])
@pytest.mark.parametrize("n", [0, 1, 100])
def test_counts_are_pytorchs(torch: Any, n: int, minlength: int, weights: str | None) -> None:
    x = index_for((n,), 20)
    given = None if weights is None else np.asarray(index_for((n,), 5), weights)
    expected = torch.bincount(
        torch.tensor(x), None if given is None else torch.tensor(given), minlength
    )
    same(scatter.bincount(x, given, minlength), expected)
    same(scatter.bincount(x.astype(np.uint8), given, minlength), expected)


def test_bad_arguments_are_named() -> None:
    x, ones = np.zeros((3, 4)), np.ones((1, 4))
    with pytest.raises(IndexError, match="index 3 is out of bounds for dimension 0 of size 3"):
        scatter.index_add(x, 0, np.array([3]), ones)
    with pytest.raises(IndexError, match="index -1 is out of bounds for dimension 1 of size 4"):
        scatter.scatter_add(x, 1, np.array([[-1]]), ones)
    with pytest.raises(IndexError, match="embedding: index 9"):
        scatter.embedding_backward(ones, np.array([9]), 5)
    with pytest.raises(IndexError, match="index must be 1-D"):
        scatter.index_add(x, 0, np.array([[0]]), ones)
    with pytest.raises(ShapeError, match=r"source must be \(2, 4\)"):
        scatter.index_add(x, 0, np.array([0, 1]), ones)
    with pytest.raises(ShapeError, match="no larger than src"):
        scatter.scatter_add(x, 0, np.array([[0], [0]]), ones)
    with pytest.raises(ShapeError, match="same number of dimensions"):
        scatter.scatter_add(x, 0, np.array([0]), ones)
    with pytest.raises(DTypeError, match="index must hold integers, got float64"):
        scatter.scatter_add(x, 0, np.array([[0.0]]), ones)
    with pytest.raises(DTypeError, match="same dtype, got float64 and float32"):
        scatter.scatter_add(x, 0, np.array([[0]]), ones.astype(np.float32))
    with pytest.raises(DTypeError, match="same dtype, got float64 and float32"):
        scatter.index_add(x, 0, np.array([0]), ones.astype(np.float32))
    with pytest.raises(ValueError, match="one of sum, mean, prod, amax, amin, got 'median'"):
        scatter.scatter_reduce(x, 0, np.array([[0]]), ones, "median")
    for bad in (np.array([[1]]), np.array([1.0]), np.array([-1])):
        with pytest.raises(ShapeError, match="1-D and hold non-negative integers"):
            scatter.bincount(bad)
    with pytest.raises(ShapeError, match="minlength"):
        scatter.bincount(np.array([1]), minlength=-1)
    with pytest.raises(ShapeError, match=r"weights must have shape \(1,\), got \(2,\)"):
        scatter.bincount(np.array([1]), np.ones(2))
