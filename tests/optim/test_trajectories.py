"""Every optimizer, with every option, walks PyTorch's path for fifty steps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from autotn import optim
from autotn.core import dtypes
from autotn.core.tensor import wrap
from tests.optim.twins import SHAPES, SMALL_SHAPES, Twins

CASES: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", dict(lr=0.1, momentum=0.9)),
    ("SGD", dict(lr=0.1, momentum=0.9, dampening=0.3)),
    ("SGD", dict(lr=0.1, weight_decay=0.1)),
    ("SGD", dict(lr=0.1, momentum=0.9, weight_decay=0.1, maximize=True)),
    ("SGD", dict(lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.1)),
    ("SGD", dict(lr=0.1, momentum=0.9, nesterov=True, foreach=True)),
    ("Adam", {}),
    ("Adam", dict(lr=0.1, betas=(0.5, 0.6), eps=1e-3)),
    ("Adam", dict(lr=0.1, betas=(0.0, 0.9))),
    ("Adam", dict(lr=0.1, weight_decay=0.1)),
    ("Adam", dict(lr=0.1, weight_decay=0.1, decoupled_weight_decay=True)),
    ("Adam", dict(lr=0.1, amsgrad=True)),
    ("Adam", dict(lr=0.1, amsgrad=True, weight_decay=0.1, maximize=True)),
    ("AdamW", {}),
    ("AdamW", dict(lr=0.1, weight_decay=0.2, amsgrad=True)),
    ("AdamW", dict(lr=0.1, maximize=True, foreach=False)),
    ("Adamax", {}),
    ("Adamax", dict(lr=0.1, betas=(0.5, 0.6), eps=1e-3)),
    ("Adamax", dict(lr=0.1, weight_decay=0.1, maximize=True)),
    ("NAdam", {}),
    ("NAdam", dict(lr=0.1, momentum_decay=0.1, eps=1e-3)),
    ("NAdam", dict(lr=0.1, weight_decay=0.1)),
    ("NAdam", dict(lr=0.1, weight_decay=0.1, decoupled_weight_decay=True, maximize=True)),
    ("RAdam", {}),
    ("RAdam", dict(lr=0.1, betas=(0.5, 0.6), eps=1e-3)),  # stays with plain momentum
    ("RAdam", dict(lr=0.1, weight_decay=0.1)),
    ("RAdam", dict(lr=0.1, weight_decay=0.1, decoupled_weight_decay=True, maximize=True)),
    ("RMSprop", {}),
    ("RMSprop", dict(lr=0.1, alpha=0.5, eps=1e-3, weight_decay=0.1)),
    ("RMSprop", dict(lr=0.1, momentum=0.9)),
    ("RMSprop", dict(lr=0.1, centered=True, maximize=True)),
    ("RMSprop", dict(lr=0.1, centered=True, momentum=0.5, weight_decay=0.1)),
    ("Adagrad", {}),
    ("Adagrad", dict(lr=0.1, lr_decay=0.1, weight_decay=0.1)),
    ("Adagrad", dict(lr=0.1, initial_accumulator_value=0.5, eps=1e-3, maximize=True)),
    ("Adadelta", {}),
    ("Adadelta", dict(lr=0.5, rho=0.5, eps=1e-3)),
    ("Adadelta", dict(weight_decay=0.1, maximize=True)),
    ("ASGD", {}),
    ("ASGD", dict(lr=0.1, lambd=0.01, alpha=0.5, t0=10)),
    ("ASGD", dict(lr=0.1, t0=0, weight_decay=0.1, maximize=True)),
    ("Rprop", {}),
    ("Rprop", dict(lr=0.1, etas=(0.3, 1.5), step_sizes=(1e-3, 0.1), maximize=True)),
]
REAL_ONLY: list[tuple[str, dict[str, Any]]] = [
    ("Adafactor", {}),
    ("Adafactor", dict(lr=0.1, beta2_decay=-0.5, eps=(1e-3, 1e-2), d=2.0)),
    ("Adafactor", dict(lr=0.1, weight_decay=0.1, maximize=True)),
]
STEPS = 50


def walk(twins: Twins, name: str, options: dict[str, Any], tolerance: float) -> None:
    ours, theirs = twins.optimizers(optim, name, **options)
    for _ in range(STEPS):
        twins.set_grads()
        ours.step()
        theirs.step()
        twins.assert_equal(tolerance)
    twins.assert_equal_states(ours, theirs, tolerance)


@pytest.fixture
def default_float64(torch: Any) -> Iterator[None]:
    """Both libraries keep step counters and the like in the default dtype."""
    ours, theirs = dtypes.get_default_dtype(), torch.get_default_dtype()
    dtypes.set_default_dtype(dtypes.float64)
    torch.set_default_dtype(torch.float64)
    yield
    dtypes.set_default_dtype(ours)
    torch.set_default_dtype(theirs)


@pytest.mark.usefixtures("default_float64")
@pytest.mark.parametrize(("name", "options"), CASES + REAL_ONLY)
def test_float64(torch: Any, name: str, options: dict[str, Any]) -> None:
    shapes = SHAPES if name != "Adafactor" else [(3, 4), (4,), (), (2, 3, 2), (5, 1)]
    walk(Twins(torch, shapes), name, options, 1e-12)


@pytest.mark.usefixtures("kernels")
@pytest.mark.parametrize(("name", "options"), CASES + REAL_ONLY)
def test_float32(torch: Any, name: str, options: dict[str, Any]) -> None:
    shapes = SMALL_SHAPES if name != "Adafactor" else [(3, 4), (4,), (), (2, 3, 2), (5, 1)]
    walk(Twins(torch, shapes, np.float32), name, options, 1e-4)


@pytest.mark.usefixtures("default_float64")
@pytest.mark.parametrize(("name", "options"), CASES)
def test_complex(torch: Any, name: str, options: dict[str, Any]) -> None:
    walk(Twins(torch, dtype=np.complex128), name, options, 1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {},
        dict(lr=0.1, nesterov=False),
        dict(lr=0.1, weight_decay=0.5, momentum=0.5),
        dict(lr=0.1, adjust_lr_fn="match_rms_adamw", ns_steps=3),
        dict(lr=0.1, ns_coefficients=(2.0, -1.5, 0.5), eps=1e-3),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_muon(torch: Any, options: dict[str, Any], dtype: Any) -> None:
    # A sum that lies between two bfloat16 numbers may be rounded to either: one part in 256.
    walk(Twins(torch, [(3, 5), (5, 3), (4, 4)], dtype), "Muon", options, 4e-3)


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "NAdam"])
def test_lr_as_a_tensor_is_read_at_every_step(torch: Any, name: str) -> None:
    twins = Twins(torch)
    lr = wrap(np.array(0.1))
    ours = getattr(optim, name)(twins.ours, lr=lr)
    theirs = getattr(torch.optim, name)(twins.theirs, lr=0.1)
    for rate in (0.1, 0.05, 0.2):
        lr._data.fill(rate)
        theirs.param_groups[0]["lr"] = rate
        twins.set_grads()
        ours.step()
        theirs.step()
        twins.assert_equal(1e-6)
    assert ours.param_groups[0]["lr"] is lr


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_numpy_numbers_as_options_do_not_widen(torch: Any, dtype: Any) -> None:
    twins = Twins(torch, dtype=dtype)
    ours = optim.Adam(twins.ours, lr=np.float64(0.1), weight_decay=np.float64(0.1))
    theirs = torch.optim.Adam(twins.theirs, lr=0.1, weight_decay=0.1)
    for _ in range(3):
        twins.set_grads()
        ours.step()
        theirs.step()
    twins.assert_equal(1e-5)


@pytest.mark.usefixtures("default_float64")
@pytest.mark.parametrize("name", ["SGD", "Adam", "ASGD", "Adagrad"])
def test_parameters_that_have_no_gradient_now_and_then(torch: Any, name: str) -> None:
    twins = Twins(torch)
    options = {"momentum": 0.9} if name == "SGD" else {}
    ours, theirs = twins.optimizers(optim, name, lr=0.1, **options)
    for without in [(0,), (), (1, 2), (), (0, 1, 2, 3, 4), (3,), (), ()]:
        twins.set_grads(without)
        ours.step()
        theirs.step()
        twins.assert_equal(1e-12)
    twins.assert_equal_states(ours, theirs, 1e-12)


@pytest.mark.usefixtures("default_float64")
def test_groups_with_options_of_their_own(torch: Any) -> None:
    twins = Twins(torch)

    def groups(p: list[Any]) -> list[dict[str, Any]]:
        return [
            dict(params=p[:2], lr=0.1, betas=(0.5, 0.9)),
            dict(params=p[2:4], weight_decay=0.1, amsgrad=True),
            dict(params=p[4], maximize=True),
        ]

    ours = optim.Adam(groups(twins.ours), lr=0.01)
    theirs = torch.optim.Adam(groups(twins.theirs), lr=0.01)
    for step in range(STEPS):
        for optimizer in (ours, theirs):
            optimizer.param_groups[1]["lr"] = 0.1 / (1 + step)
        twins.set_grads()
        ours.step()
        theirs.step()
        twins.assert_equal(1e-12)
    twins.assert_equal_states(ours, theirs, 1e-12)


@pytest.mark.usefixtures("default_float64")
def test_mixed_dtypes_in_one_group(torch: Any) -> None:
    twins = Twins(torch, [(3, 4)])
    for dtype in (np.float32, np.complex128):
        more = Twins(torch, [(2, 3), (4,)], dtype)
        twins.ours += more.ours
        twins.theirs += more.theirs
    ours, theirs = twins.optimizers(optim, "Adam", lr=0.1)
    for _ in range(STEPS):
        twins.set_grads()
        ours.step()
        theirs.step()
    twins.assert_equal(1e-5)
