"""In-place writes and views: the same programs, here and in PyTorch, give the same numbers or both fail.

Each program is written once against ``T`` (autotn or torch). Where PyTorch refuses, so do we; the few
programs that give right gradients here though PyTorch refuses stand in `BETTER`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autotn as tn

PROGRAMS: dict[str, Callable[[Any], Any]] = {}


def program(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    PROGRAMS[function.__name__] = function
    return function


def leaf(T: Any, *shape: int, seed: int = 0) -> Any:
    return T.tensor(np.random.default_rng(seed).standard_normal(shape), requires_grad=True)


def finish(T: Any, out: Any, *leaves: Any) -> Any:
    out.sum().backward()
    return [None if x.grad is None else x.grad.numpy() for x in leaves] + [out.detach().numpy()]


@program
def write_rows_and_columns(T):
    x = leaf(T, 3, 4)
    y = x * 2
    y[0] = x[1] * 3
    y[:, 1] = 5.0
    return finish(T, y * y, x)


@program
def write_through_a_view(T):
    x = leaf(T, 3, 4)
    y = x * 2
    v = y[1]
    w = v[1:3]
    w.mul_(3)
    return finish(T, y * v.sum(), x)


@program
def write_through_views_of_views(T):
    x = leaf(T, 3, 4)
    y = x * 2
    v = y.transpose(0, 1)
    w = v[1:3]
    u = w.reshape(2, 3)
    w.add_(x[0, 0])
    y.mul_(2)
    return finish(T, u * v[1:3] * w, x)


@program
def base_gets_history_by_a_write(T):
    base = T.tensor(np.zeros((2, 3)))
    view = base[0]
    x = leaf(T, 3)
    base[0] = x * x
    return [*finish(T, view * 2, x), view.requires_grad, base.requires_grad]


@program
def write_to_base_shows_in_earlier_view(T):
    x = leaf(T, 4)
    y = x * 1
    v = y[:2]
    y.mul_(x)
    return finish(T, v * v, x)


@program
def second_view_sees_write_through_first(T):
    x = leaf(T, 4)
    y = x * 1
    a, b = y[:3], y[1:]
    a.mul_(2)
    return finish(T, a.sum() * b, x)


@program
def saved_output_of_constant_power_may_be_written(T):
    x = leaf(T, 3)
    y = (x * x) ** 2.5
    y.mul_(2)
    return finish(T, y, x)


@program
def advanced_index_writes(T):
    x = leaf(T, 4, 3)
    i = T.tensor([0, 2, 0])
    y = x * 2
    y[i] = x[1:4].detach() * 0 + 1.5
    return finish(T, y[i, :] * y[0], x)


@program
def boolean_mask_write(T):
    x = leaf(T, 4, 3)
    y = x * 2
    y[T.tensor(np.arange(12).reshape(4, 3) % 2 == 0)] = 0.0
    return finish(T, y * x, x)


@program
def mask_write_with_values(T):
    x, z = leaf(T, 4), leaf(T, 2, seed=1)
    y = x * 2
    y[T.tensor([True, False, True, False])] = z * 3
    return finish(T, y * y, x, z)


@program
def copy_broadcasts(T):
    x, z = leaf(T, 2, 3), leaf(T, 3, seed=1)
    y = x * 2
    y.copy_(z)
    return finish(T, y * y, z)


@program
def setitem_with_ellipsis_and_none(T):
    x, z = leaf(T, 2, 3, 4), leaf(T, 2, 1, 4, seed=1)
    y = x * 2
    y[..., 1:3] = z[:, :, 1:3]
    y[:, None, 0] = 7.0
    return finish(T, y * x, x, z)


@program
def version_counter_is_shared(T):
    x = T.tensor([1.0, 2.0])
    v = x[0:1]
    v.add_(1)
    x.mul_(2)
    return [x._version, v._version, x.detach()._version, x.numpy()]


@program
def no_grad_writes_keep_history(T):
    x = leaf(T, 3)
    y = x * 2
    with T.no_grad():
        y.add_(1)
    return finish(T, y * 1, x)


@program
def optimizer_like_update(T):
    x = leaf(T, 3)
    for _ in range(3):
        (x * x).sum().backward()
        with T.no_grad():
            x -= 0.1 * x.grad
        x.grad = None
    return [x.detach().numpy()]


@program
def iadd_on_a_view(T):
    x = leaf(T, 3)
    y = x * 1
    y[1:] += x[0]
    return finish(T, y * y.detach(), x)


@program
def unbind_rows_written(T):
    x = leaf(T, 3, 2)
    y = x * 1
    y.select(0, 1).mul_(2)
    y.narrow(1, 0, 1).add_(1)
    return finish(T, y * x, x)


@program
def unsqueeze_in_place(T):
    x = leaf(T, 3)
    y = x * 2
    y.unsqueeze_(0)
    return finish(T, y * y.detach(), x)


@program
def diagonals_windows_and_strides_are_views(T):
    x = leaf(T, 4, 4)
    y = x * 1
    y.diagonal().mul_(5)
    y.diagonal(1).add_(x[0, 0])
    y[0].unfold(0, 2, 2)[1].mul_(3)
    y.T[2:].mul_(2)
    y.view(16)[3:5].mul_(7)
    return finish(T, y * y.detach(), x)


@program
def error_saved_input_overwritten(T):
    x = leaf(T, 3)
    y = x * 1
    z = y * y
    y.add_(1)
    return finish(T, z, x)


@program
def error_saved_overwritten_through_detach(T):
    x = leaf(T, 3)
    y = x * 2
    z = y * y
    y.detach().add_(1)
    return finish(T, z, x)


@program
def error_saved_overwritten_through_view(T):
    x = leaf(T, 3)
    y = x * 2
    z = y * y
    y[0] = 1.0
    return finish(T, z, x)


@program
def error_saved_output_overwritten(T):
    x = leaf(T, 3)
    y = T.tanh(x)
    y.mul_(2)
    return finish(T, y, x)


@program
def error_leaf(T):
    leaf(T, 3).add_(1)


@program
def error_view_of_leaf(T):
    leaf(T, 3)[0] = 1


@program
def error_view_made_without_grad(T):
    x = leaf(T, 3)
    y = x * 1
    with T.no_grad():
        v = y[0:2]
    v.mul_(2)


@program
def error_expanded(T):
    T.tensor(np.zeros((3, 1))).expand(3, 4).add_(1)


@program
def error_dtype(T):
    T.tensor([1, 2]).add_(1.5)


@program
def error_shape(T):
    T.tensor([1.0, 2]).add_(T.tensor([[1.0], [2.0]]))


@program
def error_second_backward(T):
    x = leaf(T, 3)
    s = (x * x).sum()
    s.backward()
    s.backward()


@program
def retained_gradient_follows_writes_through_views(T):
    x = leaf(T, 6)
    y = x * 2
    y.retain_grad()
    y[5] = 0.5
    out = (y * y).sum()
    out.backward()
    return [y.grad.numpy(), x.grad.numpy()]


@program
def write_to_a_view_that_stretches_nothing(T):
    x = leaf(T, 3)
    y = x * 2
    y.expand(1, 3).sub_(x)
    return finish(T, y * y, x)


@program
def copied_values_carry_the_gradient(T):
    x, z = leaf(T, 3), leaf(T, 1, seed=1)
    y = x * 2
    y.copy_(z)
    return finish(T, y * y + x, x, z)


@program
def a_detached_leaf_collects_nothing_more(T):
    x, z = leaf(T, 3), leaf(T, 3, seed=1)
    y = x * z
    x.detach_()
    return [finish(T, y, x, z)[1], np.array([x.grad is None])]


@program
def transposing_in_place_keeps_views_in_their_places(T):
    x = leaf(T, 2, 3)
    y = x * 2
    v = y[0]
    y.t_()
    y[0] = 7.0
    v.mul_(3)
    return finish(T, y * T.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), x)


@program
def a_view_transposed_in_place_still_writes_to_its_base(T):
    x = leaf(T, 2, 3)
    y = x * 2
    v = y[:, 1:]
    v.t_()
    v[0] = 4.0
    return finish(T, y * y, x)


@program
def picked_columns_lie_as_a_fresh_tensor_does(T):
    x = leaf(T, 3, 4)
    picked = x[:, T.tensor([0, 2])]
    return [*finish(T, (picked * picked).view(-1), x), np.array(picked.stride())]


@program
def the_clone_of_a_stretched_tensor_is_contiguous(T):
    x = leaf(T, 2, 1)
    return [*finish(T, x.expand(2, 3).clone().view(6), x)]


@program
def error_retain_grad_without_history(T):
    T.ones(2).retain_grad()


@program
def error_backward_of_nonscalar(T):
    (leaf(T, 3) * 2).backward()


@program
def error_integer_requires_grad(T):
    T.tensor([1, 2]).requires_grad_()


@program
def error_numpy_of_history(T):
    (leaf(T, 3) * 2).numpy()


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_same_as_pytorch(name: str) -> None:
    torch = pytest.importorskip("torch")
    if name.startswith("error_"):
        for T in (torch, tn):
            with pytest.raises(RuntimeError):
                PROGRAMS[name](T)
        return
    expected = PROGRAMS[name](torch)
    found = PROGRAMS[name](tn)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(ours), np.asarray(theirs), rtol=1e-12)


def test_multiplying_a_tensor_by_itself_in_place_has_the_right_gradient() -> None:
    """PyTorch refuses this program; the old value is kept here, so its gradient is known."""
    x = tn.tensor([1.0, 2.0, 3.0], dtype=tn.float64, requires_grad=True)
    y = x * 1
    y.mul_(y)
    y *= y
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 4 * np.array([1.0, 2.0, 3.0]) ** 3)


def test_the_error_names_op_shape_both_lines_and_the_fix() -> None:
    x = tn.ones(3, 2, requires_grad=True)
    y = x * 1
    z = y * y  # the line that keeps y
    y.add_(1)  # the line that overwrites it
    with pytest.raises(RuntimeError) as caught:
        z.sum().backward()
    message = str(caught.value)
    for part in (
        "mul",
        "(3, 2)",
        "the line that keeps y",
        "the line that overwrites it",
        "clone()",
    ):
        assert part in message


def test_second_backward_names_the_line_of_the_first() -> None:
    x = tn.ones(3, requires_grad=True)
    loss = (x * x).sum()
    loss.backward()  # freed here
    with pytest.raises(RuntimeError, match="freed here"):
        loss.backward()


def test_a_failed_write_changes_nothing() -> None:
    x = tn.tensor([1.0, 2.0])
    for bad in (tn.ones(3), tn.ones(2, 2), "text"):
        with pytest.raises((RuntimeError, TypeError)):
            x.add_(bad)
    with pytest.raises((RuntimeError, IndexError)):
        x[5] = 1.0
    assert x.tolist() == [1.0, 2.0]
    assert x._version == 0


def test_views_share_memory_and_copies_do_not() -> None:
    x = tn.zeros(2, 3)
    for view in (
        x[0],
        x.T,
        x.reshape(6),
        x.view(3, 2),
        x.expand(2, 2, 3),
        x.detach(),
        x.data,
        x.unsqueeze(0),
    ):
        assert np.shares_memory(view.numpy(), x.numpy())
    for copy in (x.clone(), x[[0, 1]], x.T.reshape(6), x + 0):
        assert not np.shares_memory(copy.numpy(), x.numpy())


def test_second_order_through_writes() -> None:
    """Gradgradcheck of a function that writes in place through a view."""

    def function(x, y):
        z = x * y
        z[0] = z[1].clone() * x[0]
        v = z[1:]
        v.mul_(y[1:])
        return z * z.sum()

    x = tn.tensor([0.5, 1.5, -0.7], dtype=tn.float64, requires_grad=True)
    y = tn.tensor([1.1, -0.3, 0.8], dtype=tn.float64, requires_grad=True)
    assert tn.autograd.gradcheck(function, (x, y))
    assert tn.autograd.gradgradcheck(function, (x, y))


def test_parts_of_a_split_may_be_written_too() -> None:
    """PyTorch refuses writes once a tensor was split by one op; here each part is an ordinary view."""
    x = tn.tensor([[1.0, 2.0], [3.0, 4.0]], dtype=tn.float64, requires_grad=True)
    y = x * 1
    a, b = y.unbind(1)
    a.mul_(3)
    y.mul_(x.detach())
    (a * b).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), [[12.0, 6.0], [144.0, 108.0]])


@pytest.mark.parametrize("retain", [False, True])
@pytest.mark.parametrize("size", [4, 256], ids=["small", "as large as for compiled kernels"])
def test_a_pooled_picture_may_be_overwritten(torch: Any, size: int, retain: bool) -> None:
    """The pooling's maxima are kept for backward; overwritten, they are computed again."""
    values = np.random.default_rng(0).standard_normal((1, 2, size, size), np.float32)

    def gradient(library: Any, pool: Any) -> Any:
        x = library.from_numpy(values).requires_grad_()
        y = pool(x * 2, 2)
        y += x[:, :, : size // 2, : size // 2]
        y.relu_()
        y.sum().backward(retain_graph=retain)
        if retain:
            y.sum().backward()
        return x.grad.numpy()

    ours = gradient(tn, tn.nn.functional.max_pool2d)
    np.testing.assert_allclose(ours, gradient(torch, torch.nn.functional.max_pool2d), rtol=1e-5)


def test_what_cannot_be_computed_again_is_an_error() -> None:
    x = tn.ones(2, requires_grad=True)
    y = x.exp()
    y += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation: exp"):
        y.sum().backward()
    z = x * 1
    pooled = tn.nn.functional.max_pool1d(z.reshape(1, 2), 2)
    z += 1
    pooled += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        pooled.sum().backward()
