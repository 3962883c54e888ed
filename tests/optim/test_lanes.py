"""Joining parameters changes nothing users can see: edits between two steps are noticed."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from autotn import optim
from autotn.core import dtypes
from autotn.core.tensor import Tensor, wrap
from autotn.optim.lanes import CHUNK, SMALL
from tests.optim.twins import Twins, leaf


@pytest.fixture
def twins(torch: Any) -> Twins:
    return Twins(torch)


def step(twins: Twins, ours: Any, theirs: Any, times: int = 1) -> None:
    for _ in range(times):
        twins.set_grads()
        ours.step()
        theirs.step()


def test_parameters_keep_their_arrays(twins: Twins) -> None:
    arrays = [p._data for p in twins.ours]
    views = [p._data.reshape(-1) for p in twins.ours]
    ours, theirs = twins.optimizers(optim, "Adam", lr=0.1)
    step(twins, ours, theirs, 3)
    for p, array, view in zip(twins.ours, arrays, views):
        assert p._data is array
        np.testing.assert_array_equal(view, array.reshape(-1))
    twins.assert_equal(1e-6)


def test_state_is_tensors_of_the_parameters_shape_that_stay(twins: Twins) -> None:
    ours, theirs = twins.optimizers(optim, "Adam", lr=0.1)
    step(twins, ours, theirs)
    before = [dict(ours.state[p]) for p in twins.ours]
    step(twins, ours, theirs)
    for p, entries in zip(twins.ours, before):
        for name, tensor in entries.items():
            assert ours.state[p][name] is tensor
            assert not tensor.requires_grad
            assert tensor._data.dtype is (p._data.dtype if name != "step" else dtypes.F32)
            assert tensor._data.shape == (() if name == "step" else p._data.shape)
    twins.assert_equal_states(ours, theirs, 1e-6)


def test_rebinding_data_is_noticed(twins: Twins, torch: Any) -> None:
    ours, theirs = twins.optimizers(optim, "Adam", lr=0.1)
    step(twins, ours, theirs, 2)
    for p, q in zip(twins.ours[:2], twins.theirs[:2]):
        old = p._data
        kept = old.copy()
        p.data = wrap(np.full(p._data.shape, 0.5))
        q.data = torch.full_like(q, 0.5)
        step(twins, ours, theirs, 2)
        np.testing.assert_array_equal(old, kept)
    twins.assert_equal(1e-6)


def test_in_place_edits_of_parameters_and_state_count(twins: Twins) -> None:
    ours, theirs = twins.optimizers(optim, "Adam", lr=0.1)
    step(twins, ours, theirs, 2)
    for p, q in zip(twins.ours, twins.theirs):
        p._data[...] *= 0.5
        q.data *= 0.5
        ours.state[p]["exp_avg"]._data[...] = 0.25
        theirs.state[q]["exp_avg"][...] = 0.25
    step(twins, ours, theirs, 2)
    twins.assert_equal(1e-6)


def test_one_step_counter_set_back(twins: Twins) -> None:
    ours, theirs = twins.optimizers(optim, "Adam", lr=0.1)
    step(twins, ours, theirs, 3)
    ours.state[twins.ours[1]]["step"]._data.fill(0)
    theirs.state[twins.theirs[1]]["step"].zero_()
    step(twins, ours, theirs, 3)
    twins.assert_equal(1e-6)
    twins.assert_equal_states(ours, theirs, 1e-6)


def test_state_tensors_may_be_replaced(twins: Twins, torch: Any) -> None:
    ours, theirs = twins.optimizers(optim, "Adam", lr=0.1)
    step(twins, ours, theirs, 2)
    mine = wrap(np.full((3, 4), 0.5))
    ours.state[twins.ours[0]]["exp_avg"] = mine
    theirs.state[twins.theirs[0]]["exp_avg"] = torch.full((3, 4), 0.5, dtype=torch.float64)
    step(twins, ours, theirs, 2)
    assert ours.state[twins.ours[0]]["exp_avg"] is mine
    np.testing.assert_allclose(
        mine._data, theirs.state[twins.theirs[0]]["exp_avg"].numpy(), rtol=1e-6
    )
    ours.state[twins.ours[2]]["exp_avg"].data = wrap(np.array(0.125))
    theirs.state[twins.theirs[2]]["exp_avg"].data = torch.tensor(0.125, dtype=torch.float64)
    step(twins, ours, theirs, 2)
    twins.assert_equal(1e-6)
    twins.assert_equal_states(ours, theirs, 1e-6)


def test_state_may_be_forgotten(twins: Twins) -> None:
    ours, theirs = twins.optimizers(optim, "Adam", lr=0.1)
    step(twins, ours, theirs, 2)
    del ours.state[twins.ours[1]], theirs.state[twins.theirs[1]]
    step(twins, ours, theirs, 2)
    ours.state.clear()
    theirs.state.clear()
    step(twins, ours, theirs, 2)
    twins.assert_equal(1e-6)
    twins.assert_equal_states(ours, theirs, 1e-6)


def test_momentum_switched_on_later(twins: Twins) -> None:
    ours, theirs = twins.optimizers(optim, "SGD", lr=0.1)
    for momentum in (0.0, 0.9, 0.9, 0.0, 0.5):
        ours.param_groups[0]["momentum"] = theirs.param_groups[0]["momentum"] = momentum
        step(twins, ours, theirs, 2)
        twins.assert_equal(1e-12)
    twins.assert_equal_states(ours, theirs, 1e-12)


def test_parameters_shared_between_optimizers(twins: Twins) -> None:
    first = twins.optimizers(optim, "Adam", lr=0.1)
    second = twins.optimizers(optim, "SGD", lr=0.1, momentum=0.9)
    for _ in range(5):
        step(twins, *first)
        step(twins, *second)
    twins.assert_equal(1e-6)


def test_strided_parameters_and_gradients(torch: Any) -> None:
    twins = Twins(torch, [(4, 6), (3,)])
    big = 260, 260
    for shape in [(4, 6), big]:
        x = twins.rng.standard_normal(shape[::-1]).T  # columns lie together
        p = wrap(x).requires_grad_()
        assert not p._data.flags.c_contiguous
        twins.ours.append(p)
        twins.theirs.append(torch.tensor(x, requires_grad=True))
    ours, theirs = twins.optimizers(optim, "AdamW", lr=0.1)
    for _ in range(3):
        twins.set_grads()
        for p in twins.ours:
            assert p.grad is not None
            p.grad = wrap(np.asfortranarray(p.grad._data))
        ours.step()
        theirs.step()
    twins.assert_equal(1e-6)
    assert not twins.ours[-1]._data.flags.c_contiguous


def test_views_of_a_parameter_follow_it(torch: Any) -> None:
    base = np.zeros((2, 3))
    p = wrap(base).requires_grad_()
    row = p.data._data[0]
    p.grad = wrap(np.ones((2, 3)))
    optim.SGD([p], lr=1.0).step()
    np.testing.assert_array_equal(base, -1)
    np.testing.assert_array_equal(row, -1)


def test_a_step_is_a_write_that_the_tape_notices() -> None:
    ps = [leaf(np.ones(3)), leaf(np.ones(2))]
    for p in ps:
        p.grad = wrap(np.ones_like(p._data))
    for opt in (optim.SGD(ps), optim.Adam(ps), optim.Adafactor(ps)):
        versions = [p._version for p in ps]
        opt.step()
        assert all(p._version > v for p, v in zip(ps, versions))
    state = opt.state[ps[0]]["variance"]
    version = state._version
    opt.step()
    assert state._version > version


def test_many_parameters_need_several_lanes(torch: Any) -> None:
    third = CHUNK // 3 + 1
    shapes = [(third,), (5,), (third,), (third,), (SMALL + 1,), (7, 2), (third,)]
    twins = Twins(torch, shapes, np.float32)
    ours, theirs = twins.optimizers(optim, "NAdam", lr=0.1)
    step(twins, ours, theirs, 3)
    twins.assert_equal(1e-5)
    twins.assert_equal_states(ours, theirs, 1e-5)


def test_large_parameters_do_not_part_the_small_ones(torch: Any) -> None:
    twins = Twins(torch, [(5,), (SMALL + 1,), (7, 2), (SMALL + 1,), (3,)], np.float32)
    ours, theirs = twins.optimizers(optim, "SGD", lr=0.1, momentum=0.9, dampening=0.5)
    sizes: list[int] = []

    def update(p: Any, *rest: Any, **options: Any) -> None:
        sizes.append(p.size)
        optim.SGD.update(ours, p, *rest, **options)

    ours.update = update
    step(twins, ours, theirs, 3)
    assert sorted(sizes)[:3] == [22] * 3
    twins.assert_equal(1e-5)
    twins.assert_equal_states(ours, theirs, 1e-5)


def test_dtype_changed_under_way(torch: Any) -> None:
    p = leaf(np.ones(3, np.float32))
    opt = optim.Adam([p], lr=0.1)
    p.grad = wrap(np.ones(3, np.float32))
    opt.step()
    p.grad = None
    p.data = wrap(p._data.astype(np.float64))
    p.grad = wrap(np.ones(3))
    opt.step()
    np.testing.assert_allclose(p._data, 0.8, rtol=1e-6)
    assert opt.state[p]["exp_avg"]._data.dtype == np.float64


def test_removed_parameters_are_let_go() -> None:
    ps = [leaf(np.ones(3)), leaf(np.ones(2))]
    for p in ps:
        p.grad = wrap(np.ones_like(p._data))
    opt = optim.Adam(ps)
    opt.step()
    gone = weakref.ref(ps[1])
    opt.param_groups[0]["params"].pop()
    del opt.state[ps[1]], ps[1], p
    opt.step()
    opt.step()
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize("elementwise", [True, False])
def test_updates_that_do_not_join_agree(elementwise: bool, torch: Any) -> None:
    class Alone(optim.Adam):
        pass

    Alone.elementwise = elementwise
    twins = Twins(torch)
    ours = Alone(twins.ours, lr=0.1)
    theirs = torch.optim.Adam(twins.theirs, lr=0.1)
    step(twins, ours, theirs, 5)
    twins.assert_equal(1e-6)
    twins.assert_equal_states(ours, theirs, 1e-6)


def test_half_precision_stays_half(torch: Any) -> None:
    twins = Twins(torch, [(8,)], np.float16)
    ours, theirs = twins.optimizers(optim, "SGD", lr=0.1, momentum=0.9)
    step(twins, ours, theirs, 3)
    twins.assert_equal(2e-3)


@pytest.mark.parametrize("name", ["SGD", "Adam", "NAdam", "RMSprop", "Rprop", "Adafactor", "Muon"])
def test_bfloat16_stays_bfloat16(torch: Any, name: str) -> None:
    pytest.importorskip("ml_dtypes")
    dtype = dtypes.bfloat16().dtype
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3, 4)).astype(np.float32)
    ours, theirs = leaf(x.astype(dtype)), torch.tensor(x).bfloat16().requires_grad_()
    first = getattr(optim, name)([ours], lr=0.1)
    second = getattr(torch.optim, name)([theirs], lr=0.1)
    for _ in range(5):
        g = rng.standard_normal((3, 4)).astype(np.float32)
        ours.grad, theirs.grad = wrap(g.astype(dtype)), torch.tensor(g).bfloat16()
        first.step()
        second.step()
    assert ours._data.dtype == dtype
    mine, other = ours._data.astype(np.float32), theirs.detach().float().numpy()
    np.testing.assert_allclose(mine, other, atol=0.02)


def test_a_thousand_steps_leave_no_garbage() -> None:
    p: Tensor = leaf(np.ones(4))
    p.grad = wrap(np.ones(4))
    opt = optim.Adam([p])
    opt.step()
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for _ in range(1000):
            opt.step()
        assert len(gc.get_objects()) - before < 50
    finally:
        gc.enable()
