"""Questions that take several runs: whether it repeats itself, keeps examples apart, learns at all."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np

from autotn.core.modes import no_grad
from autotn.core.tensor import Tensor
from autotn.diagnose.report import Finding
from autotn.diagnose.trial import Subject, Trial, same_luck
from autotn.optim import Adam

_FEW = 8
_RATES = (1e-2, 1e-3, 1e-1)


def repeats(subject: Subject) -> Iterator[Finding]:
    """Two runs from the same seed that differ."""
    found = []
    for _ in range(2):
        with same_luck():
            trial = Trial(subject)
        gradients = {
            name: p.grad._data
            for name, p in trial.subject.model.named_parameters()
            if p.grad is not None
        }
        found.append((trial.loss._data, gradients))
    (first, g1), (second, g2) = found
    different = [n for n in g1 if n in g2 and g1[n].tobytes() != g2[n].tobytes()]
    if first.tobytes() != second.tobytes() or different:
        yield Finding(
            "determinism",
            f"two runs from one seed give the losses {_two(float(first.ravel()[0]), float(second.ravel()[0]))}"
            + (f" and other gradients of {different[0]}" if different else ""),
            "draw random numbers from tn, from random, or from a generator you seed; do not depend on the order "
            "of a set, on time, or on what is kept from the last call",
        )


def _two(first: float, second: float) -> str:
    """Two numbers, with as many digits as tell them apart."""
    short = f"{first:.6g} and {second:.6g}"
    return f"{first!r} and {second!r}" if f"{first:.6g}" == f"{second:.6g}" else short


def separate(subject: Subject) -> Iterator[Finding]:
    """Examples of a batch that change each other's results."""
    size = subject.size()
    timed = any(getattr(m, "batch_first", True) is False for m in subject.model.modules())
    if size < 2 or timed:
        return
    made = subject.copied()
    made.model.eval()
    # As many copies of it as there are examples: another size could be rounded in another way.
    alone = made.with_inputs(lambda t: t[:1].expand(t.shape).clone() if len(t) == size else t)
    with no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with same_luck():
            together = made.forward()
        with same_luck():
            single = alone.forward()
    if not isinstance(together, Tensor) or not together.is_floating_point():
        return
    if not together.ndim or len(together) != size or single.shape != together.shape:
        return
    a, b = together._data[:1], single._data[:1]
    if not np.isfinite(a).all():
        return
    if not np.allclose(a, b, rtol=1e-3, atol=1e-4 * (1 + np.abs(a).max(initial=0))):
        yield Finding(
            "separate examples",
            f"the result for the first example changes when the others are replaced by copies of it (in eval "
            f"mode): {_numbers(a)} becomes {_numbers(b)}",
            "look for a view or reshape that mixes the batch axis with another, or a softmax or "
            "mean over dimension 0",
        )


def _numbers(x: Any) -> str:
    return np.array2string(x.ravel()[:3], precision=4)


def learns(subject: Subject, steps: int) -> Iterator[Finding]:
    """A model that cannot learn eight examples by heart."""
    if steps < 1:
        return
    told = []
    for rate in _RATES:
        with same_luck():
            made = subject.few(_FEW).copied()
            losses = _trained(made, rate, steps)
        start, best = losses[0], min(losses)
        if start - best > _enough(start):
            return
        told.append(f"lr={rate:g}: {start:.4g} to {best:.4g}")
    count = min(_FEW, subject.size()) or 1
    yield Finding(
        "overfit",
        f"{steps} steps of Adam on {count} examples hardly lower the loss ({'; '.join(told)})",
        "a sound model learns a few examples by heart: look for targets that do not belong to their inputs, "
        "frozen or unreached parameters, dead units, inputs that are all alike",
    )


def _enough(start: float) -> float:
    """By how much the loss must fall."""
    return 0.3 * abs(start) if abs(start) > 1e-6 else -1.0


def _trained(made: Subject, rate: float, steps: int) -> list[float]:
    """The losses of a short training, without dropout."""
    for module in made.model.modules():
        if "Dropout" in type(module).__name__:
            module.eval()
    parameters = [p for p in made.model.parameters() if p.requires_grad]
    optimizer = Adam(parameters, lr=rate)
    losses: list[float] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(steps + 1):
            optimizer.zero_grad()
            loss = made.loss(made.forward(), made.targets).sum()
            losses.append(loss.item())
            if not np.isfinite(losses[-1]) or losses[0] - losses[-1] > 1.5 * _enough(losses[0]) > 0:
                break
            loss.backward()
            optimizer.step()
    return [x for x in losses if np.isfinite(x)] or [0.0]
