"""One layer built twice, here and in PyTorch, and everything about it compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import autotn as tn

#: How far results may be from PyTorch's.
TOLERANCE = {"float32": 1e-5, "float64": 1e-10}

#: Draws one argument of forward.
Draw = Callable[[np.random.Generator], Any]


def normal(*shape: int, scale: float = 1.0) -> Draw:
    """Normal numbers; differentiated."""
    return lambda rng: (rng.standard_normal(shape) * scale).astype(np.float32)


def uniform(*shape: int, low: float = 0.05, high: float = 0.95) -> Draw:
    """Numbers between two bounds; differentiated."""
    return lambda rng: rng.uniform(low, high, shape).astype(np.float32)


def fixed(draw: Draw) -> Draw:
    """The same numbers, not differentiated."""
    draw.fixed = True  # type: ignore[attr-defined]
    return draw


def integers(*shape: int, low: int = 0, high: int = 3) -> Draw:
    """Whole numbers: classes, indices."""
    return lambda rng: rng.integers(low, high, shape)


def signs(*shape: int) -> Draw:
    """Ones and minus ones."""
    return fixed(lambda rng: (rng.integers(0, 2, shape) * 2 - 1).astype(np.float32))


def given(value: Any) -> Draw:
    """An argument as it is."""
    return lambda rng: value


def label(value: Any) -> str | None:
    """What a sample is called: its name and plain arguments."""
    if isinstance(value, dict):
        return ",".join(f"{k}={v}" for k, v in value.items() if not isinstance(v, np.ndarray))
    return str(value) if isinstance(value, (str, tuple)) else None


def _arguments(library: Any, draws: Sequence[Draw], seed: int) -> list[Any]:
    rng = np.random.default_rng(seed)
    made = []
    for draw in draws:
        value = draw(rng)
        if isinstance(value, np.ndarray):
            value = library.tensor(value)
            if value.is_floating_point() and not getattr(draw, "fixed", False):
                value.requires_grad_()
        made.append(value)
    return made


def _tensors(result: Any) -> list[Any]:
    if isinstance(result, (tuple, list)):
        return [tensor for part in result for tensor in _tensors(part)]
    return [result]


def _array(tensor: Any) -> Any:
    return None if tensor is None else np.asarray(tensor.detach())


def close(ours: Any, theirs: Any, what: str, *, sums: bool = False) -> None:
    """The same values, shape and dtype; sums of large numbers to a share of the largest."""
    if theirs is None:
        # A gradient that never came and one of zeros say the same.
        assert ours is None or not np.any(_array(ours)), what
        return
    a, b = _array(ours), _array(theirs)
    assert a.shape == b.shape, f"{what}: shape {a.shape}, PyTorch's {b.shape}"
    assert a.dtype == b.dtype, f"{what}: dtype {a.dtype}, PyTorch's {b.dtype}"
    tolerance = TOLERANCE.get(b.dtype.name, 0.0)
    scale = max(1.0, np.abs(b).max(initial=0)) if sums else 1.0
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * scale, err_msg=what)


def run_both(
    torch: Any,
    ours: Any,
    theirs: Any,
    draws: Sequence[Draw],
    *,
    seed: int = 0,
) -> None:
    """Forward and backward on the same arguments: results and all gradients are equal."""
    args, their_args = _arguments(tn, draws, seed), _arguments(torch, draws, seed)
    results, their_results = _tensors(ours(*args)), _tensors(theirs(*their_args))
    assert len(results) == len(their_results)
    rng = np.random.default_rng(seed + 1)
    total: Any = 0
    their_total: Any = 0
    for k, (a, b) in enumerate(zip(results, their_results)):
        if isinstance(b, torch.Tensor):
            close(a, b, f"result {k}")
            if b.requires_grad:
                weights = np.asarray(rng.standard_normal(tuple(b.shape)), np.float32)
                total = total + (a * tn.tensor(weights)).sum()
                their_total = their_total + (b * torch.tensor(weights)).sum()
    if not isinstance(total, tn.Tensor):
        return
    total.backward()
    their_total.backward()
    for k, (a, b) in enumerate(zip(args, their_args)):
        if isinstance(b, torch.Tensor) and b.requires_grad:
            close(a.grad, b.grad, f"gradient of argument {k}")
    parameters = dict(ours.named_parameters())
    for name, parameter in theirs.named_parameters():
        close(parameters[name].grad, parameter.grad, f"gradient of {name}", sums=True)
    buffers = dict(ours.named_buffers())
    for name, buffer in theirs.named_buffers():
        close(buffers[name], buffer, f"buffer {name}")


def compare(
    torch: Any,
    name: str,
    args: Sequence[Any] = (),
    kwargs: dict[str, Any] | None = None,
    *,
    inputs: Sequence[Draw],
    modes: Sequence[bool] = (True, False),
) -> None:
    """Build ``nn.<name>`` on both sides and compare text, state and behaviour.

    Parameters
    ----------
    modes : sequence of bool
        Whether to compare in training mode, in evaluation mode, or in both.
    """

    def build(library: Any) -> Any:
        def convert(value: Any) -> Any:
            return library.tensor(value) if isinstance(value, np.ndarray) else value

        chosen = {key: convert(value) for key, value in (kwargs or {}).items()}
        return getattr(library.nn, name)(*(convert(value) for value in args), **chosen)

    ours, theirs = build(tn), build(torch)
    assert repr(ours) == repr(theirs)
    state = theirs.state_dict()
    assert list(ours.state_dict()) == list(state)
    for key, value in state.items():
        assert tuple(ours.state_dict()[key].shape) == tuple(value.shape), key
    # What PyTorch shows of itself (size, padding, …) has the same names here.
    hidden = {"training"}
    shown = {k for k in vars(theirs) if not k.startswith("_")} - hidden
    assert not shown - set(vars(ours)), shown - set(vars(ours))
    for key in shown:
        value = vars(theirs)[key]
        if isinstance(value, (int, float, str, bool, tuple, list, type(None))):
            assert vars(ours)[key] == value, key
    ours.load_state_dict(state)
    for mode in modes:
        ours.train(mode)
        theirs.train(mode)
        ours.zero_grad()
        theirs.zero_grad()
        run_both(torch, ours, theirs, inputs, seed=int(mode))
