"""Mixed precision changes no dtype, and the scaler follows PyTorch's rules."""

from __future__ import annotations

import numpy as np
import pytest

import autotn as tn


def test_autocast_on_the_cpu_keeps_dtypes() -> None:
    a = tn.ones(2, 2)
    with tn.autocast("cpu", dtype=tn.float16):
        assert (a @ a).dtype == tn.float32
        assert tn.is_autocast_enabled("cpu")
        with tn.autocast("cpu", enabled=False):
            assert not tn.is_autocast_enabled("cpu")
    assert not tn.is_autocast_enabled("cpu")


def test_operands_of_different_floats_meet_inside_autocast() -> None:
    layer, x = tn.nn.Linear(2, 3), tn.ones(1, 2).half()
    with pytest.raises(RuntimeError, match="same dtype"):
        layer(x)
    with tn.autocast("cpu", dtype=tn.float16):
        out = layer(x)
    assert out.dtype == tn.float32
    out.sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.dtype == tn.float32


def test_autocast_for_a_gpu_switches_itself_off() -> None:
    with pytest.warns(UserWarning, match="Disabling"), tn.cuda.amp.autocast():
        assert not tn.is_autocast_enabled()
    with tn.autocast("cuda", enabled=False):
        pass

    @tn.autocast("cpu", dtype=tn.float16)
    def inside():
        return tn.is_autocast_enabled("cpu")

    assert inside()


def train(torch, scaler, steps):
    w = torch.tensor([1.0, -2.0], requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    seen = []
    for step in range(steps):
        optimizer.zero_grad()
        loss = (w * w).sum() if step != 2 else (w * float("inf")).sum()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        seen.append((w.detach().numpy().copy(), scaler.get_scale()))
    return seen, scaler.state_dict()


def test_the_scaler_steps_skips_and_grows_as_pytorch() -> None:
    torch = pytest.importorskip("torch")
    options = {"init_scale": 8.0, "growth_interval": 2}
    ours, our_state = train(tn, tn.amp.GradScaler("cpu", **options), 7)
    theirs, their_state = train(torch, torch.amp.GradScaler("cpu", **options), 7)
    for (w, scale), (expected, expected_scale) in zip(ours, theirs):
        np.testing.assert_allclose(w, expected, rtol=1e-6)
        assert scale == expected_scale
    assert our_state == their_state


def test_a_switched_off_scaler_passes_everything_on() -> None:
    with pytest.warns(UserWarning, match="not available"):
        scaler = tn.cuda.amp.GradScaler()
    seen, state = train(tn, scaler, 2)
    assert state == {}
    np.testing.assert_allclose(seen[-1][0], [0.64, -1.28], rtol=1e-6)


def test_the_scaler_refuses_a_wrong_order() -> None:
    w = tn.tensor([1.0], requires_grad=True)
    optimizer = tn.optim.SGD([w], lr=0.1)
    scaler = tn.amp.GradScaler("cpu")
    scaler.scale(w.sum()).backward()
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="already been called"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="already been called"):
        scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="after step"):
        scaler.unscale_(optimizer)
