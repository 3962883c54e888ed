"""Backward: what it accumulates where, its hooks, its memory, its errors."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np
import pytest

import autotn as tn


def leaf(*values: float) -> tn.Tensor:
    return tn.tensor(values, dtype=tn.float64, requires_grad=True)


def test_gradients_accumulate_over_backwards() -> None:
    x = leaf(1.0, 2.0)
    (x * x).sum().backward()
    first = x.grad
    (x * 3).sum().backward()
    assert x.grad.tolist() == [5.0, 7.0]
    assert x.grad is first, "accumulated in place, as PyTorch does"


def test_gradient_of_one_leaf_is_not_shared_with_another() -> None:
    a, b = leaf(1.0), leaf(2.0)
    (a + b).sum().backward()
    a.grad += 10
    assert b.grad.tolist() == [1.0]


def test_seed_gradient_is_not_shared_with_the_leaf() -> None:
    x = leaf(1.0, 1.0)
    seed = tn.ones(2, dtype=tn.float64)
    (x + 0).backward(seed)
    x.grad.mul_(5)
    assert seed.tolist() == [1.0, 1.0]


def test_a_reshaped_seed_gradient_is_not_shared_with_the_leaf() -> None:
    x = tn.ones(3, requires_grad=True)
    seed = tn.ones(1, 3)
    x.reshape(1, 3).backward(seed)
    seed.zero_()
    assert x.grad.tolist() == [1, 1, 1]


def test_a_gradient_that_is_an_expanded_view_can_be_written_to() -> None:
    x = tn.ones(1, requires_grad=True)
    (x * 3).sum().backward()
    x.grad.mul_(2)
    assert x.grad.tolist() == [6]


def test_a_gradient_lies_in_order() -> None:
    x = tn.ones(2, 3, requires_grad=True)
    (x.t() * tn.ones(3, 2)).sum().backward()
    assert x.grad.is_contiguous()


def test_a_reshaped_gradient_that_was_retained_is_not_shared_with_the_leaf() -> None:
    x = tn.ones(3, requires_grad=True)
    row = x.reshape(1, 3)
    row.retain_grad()
    (row * 2).sum().backward()
    row.grad.zero_()
    assert x.grad.tolist() == [2, 2, 2]


def test_higher_orders_of_a_polynomial() -> None:
    x = leaf(2.0)
    y = x**5
    for expected in (80.0, 160.0, 240.0, 240.0, 120.0):
        (y,) = tn.autograd.grad(y.sum(), x, create_graph=True)
        assert y.item() == pytest.approx(expected)


def test_grad_of_unused_input() -> None:
    x, y = leaf(1.0), leaf(1.0)
    with pytest.raises(RuntimeError, match="not have been used"):
        tn.autograd.grad((x * 2).sum(), [x, y])
    out = (x * 2).sum()
    assert tn.autograd.grad(out, [x, y], allow_unused=True, retain_graph=True)[1] is None
    assert tn.autograd.grad(out, [x, y], materialize_grads=True)[1].tolist() == [0.0]


def test_grad_wrt_an_intermediate_and_its_ancestor() -> None:
    x = leaf(3.0)
    y = x * x
    z = y * x
    gy, gx = tn.autograd.grad(z.sum(), [y, x])
    assert (gy.item(), gx.item()) == (3.0, 27.0)
    assert x.grad is None


def test_backward_with_inputs_touches_only_them() -> None:
    x, y = leaf(1.0), leaf(2.0)
    h = x * y
    (h * h).sum().backward(inputs=[x, h])
    assert x.grad.item() == 8.0
    assert h.grad.item() == 4.0
    assert y.grad is None


def test_hooks_see_and_replace_gradients() -> None:
    x = leaf(1.0, 2.0)
    seen = []
    h = x * 2
    handle = h.register_hook(lambda g: seen.append(g.tolist()))
    h.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: seen.append(("leaf", g.tolist())))
    h.sum().backward()
    assert seen == [[1.0, 1.0], ("leaf", [20.0, 20.0])]
    assert x.grad.tolist() == [20.0, 20.0]
    handle.remove()
    x.grad = None
    (x * 1).sum().backward()
    assert len(seen) == 3


def test_leaf_hook_fires_once_with_the_sum() -> None:
    x = leaf(1.0)
    seen = []
    x.register_hook(lambda g: seen.append(g.item()))
    done = []
    x.register_post_accumulate_grad_hook(lambda t: done.append(t.grad.item()))
    (x * 2 + x * 3).sum().backward()
    assert seen == [5.0]
    assert done == [5.0]


def test_node_hooks() -> None:
    x = leaf(1.0)
    y = x * 2
    y.grad_fn.register_hook(lambda gi, go: (gi[0] * 7, *gi[1:]))
    y.sum().backward()
    assert x.grad.item() == 14.0


def test_retain_grad() -> None:
    x = leaf(2.0)
    y = x * x
    y.retain_grad()
    (y * 3).sum().backward()
    assert y.grad.item() == 3.0
    assert y.retains_grad
    with pytest.warns(UserWarning, match="not a leaf"):
        assert (x * 1).grad is None


def test_what_is_retained_has_passed_all_hooks() -> None:
    x = tn.tensor(3.0, requires_grad=True)
    y = x * 2
    y.retain_grad()
    y.register_hook(lambda g: g + 1)
    y.backward()
    assert (y.grad.item(), x.grad.item()) == (2.0, 4.0)


def test_graph_is_walkable() -> None:
    x = leaf(1.0)
    y = (x * 2 + 1).sum()
    names = []
    node = y.grad_fn
    while node is not None:
        names.append(node.name())
        node = next((n for n, _ in node.next_functions if n is not None), None)
    assert names == ["SumBackward0", "AddBackward0", "MulBackward0", "AccumulateGrad"]
    assert y.grad_fn.next_functions[0][0].next_functions[0][0].next_functions[0][0].variable is x


def test_flags() -> None:
    x = leaf(1.0)
    assert x.is_leaf
    assert x.requires_grad
    assert not (x * 1).is_leaf
    assert (x * 1).detach().is_leaf
    with tn.no_grad():
        assert not (x * 1).requires_grad
        with tn.enable_grad():
            assert (x * 1).requires_grad
    with tn.inference_mode():
        assert not (x * 1).requires_grad
    with tn.set_grad_enabled(False):
        assert not (x * 1).requires_grad
    assert tn.is_grad_enabled()

    @tn.no_grad()
    def quiet():
        return (x * 1).requires_grad

    assert not quiet()
    with pytest.raises(RuntimeError, match="leaf"):
        (x * 1).requires_grad_(False)
    assert not x.requires_grad_(False).requires_grad


def test_failed_backward_leaves_no_trace() -> None:
    x = leaf(1.0)
    y = x * x
    z = y * 2

    def fail(g):
        raise KeyError("hook")

    handle = y.register_hook(fail)
    with pytest.raises(KeyError):
        z.sum().backward(retain_graph=True)
    handle.remove()
    x.grad = None
    w = x * x * 2
    w.sum().backward()
    assert x.grad.item() == 4.0


def test_backward_inside_a_hook() -> None:
    x = leaf(2.0)
    inner = leaf(3.0)
    y = x * x

    def hook(g):
        with tn.enable_grad():
            (inner * inner).sum().backward()

    y.register_hook(hook)
    y.sum().backward()
    assert (x.grad.item(), inner.grad.item()) == (4.0, 6.0)


def test_anomaly_names_op_and_line() -> None:
    x = tn.tensor([0.0, 1.0], requires_grad=True)
    with tn.autograd.detect_anomaly():
        y = x / (x * 0)  # the culprit
        loss = (y * 0).sum()
        with pytest.raises(RuntimeError, match=r"returned nan.*the culprit"):
            loss.backward()


def test_a_million_nodes_build_run_and_free() -> None:
    x = tn.ones(1, requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = y + 1
    y.sum().backward()
    assert x.grad.item() == 1.0
    del y


def test_nothing_leaks_without_the_cyclic_collector() -> None:
    w = tn.ones(4, 4, requires_grad=True)

    def step() -> None:
        z = (w * w + 1).reshape(16)[3:12] * 2
        b = z * 1
        b[2] = 3.0
        b.mul_(2)
        v = b[1:3]
        v.add_(w[0, 0])
        (b.sum() + z.split(4)[0].sum()).backward()
        w.grad = None

    for _ in range(50):
        step()
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(10_000 // 20):
            step()
        assert len(gc.get_objects()) - before < 20
    finally:
        gc.enable()


def test_backward_frees_as_it_passes() -> None:
    x = tn.ones(1000, requires_grad=True)
    alive_at_end = []
    first = x * 2
    kept = first * first
    reference = weakref.ref(first)
    x.register_hook(lambda g: alive_at_end.append(reference() is not None))
    del first
    total = kept.sum()
    del kept
    total.backward()
    assert alive_at_end == [False]


def test_two_threads_train_without_disturbing_each_other() -> None:
    def train(seed: int, results: list) -> None:
        w = tn.tensor(np.random.default_rng(seed).standard_normal((6, 6)), requires_grad=True)
        for k in range(100):
            if k % 3 == 0:
                with tn.no_grad():
                    assert not (w * 2).requires_grad
            loss = ((w * w) * (w + 1)).sum()
            assert loss.requires_grad
            loss.backward()
            with tn.no_grad():
                w -= 0.001 * w.grad
            w.grad = None
        results.append(w.detach().numpy().copy())

    outcomes: list[list] = [[], [], [], []]
    threads = [threading.Thread(target=train, args=(k % 2, outcomes[k])) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    np.testing.assert_array_equal(outcomes[0][0], outcomes[2][0])
    np.testing.assert_array_equal(outcomes[1][0], outcomes[3][0])


def test_functional_derivatives_agree_with_pytorch() -> None:
    torch = pytest.importorskip("torch")
    a = np.array([0.5, -1.0, 2.0])
    v = np.array([1.0, 2.0, 3.0])
    for name in ("jacobian", "vjp", "jvp"):

        def f(x):
            return x * x * x.sum()

        args = (v,) if name != "jacobian" else ()
        ours = getattr(tn.autograd.functional, name)(f, tn.tensor(a), *(tn.tensor(x) for x in args))
        theirs = getattr(torch.autograd.functional, name)(
            f, torch.tensor(a), *(torch.tensor(x) for x in args)
        )
        for o, t in zip(
            np.atleast_1d(ours) if name == "jacobian" else ours,
            np.atleast_1d(theirs) if name == "jacobian" else theirs,
            strict=True,
        ):
            np.testing.assert_allclose(np.asarray(o), np.asarray(t))
    for name in ("hessian", "vhp", "hvp"):

        def s(x):
            return (x * x * x).sum() * x.sum()

        args = (v,) if name != "hessian" else ()
        ours = getattr(tn.autograd.functional, name)(s, tn.tensor(a), *(tn.tensor(x) for x in args))
        theirs = getattr(torch.autograd.functional, name)(
            s, torch.tensor(a), *(torch.tensor(x) for x in args)
        )
        if name == "hessian":
            ours, theirs = (ours,), (theirs,)
        for o, t in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(np.asarray(o), np.asarray(t))
