"""The step of an optimizer alone, on gradients that stay."""

from __future__ import annotations

import functools
from typing import Any

from benchmarks.row import Case, array, row

PASSES = (
    "PyTorch updates in one compiled pass, NumPy in several, which stay in the cache; with the extra it is a "
    "compiled pass for each average and one for the step, called from Python for each parameter"
)

#: Shapes of the parameters: a small net, a middling one, a large one.
SIZES = {
    "5k": [(64, 32), (64,), (32, 64), (32,), (16, 32), (16,)],
    "1M": [(64, 512), (64,)] + [(512, 256), (256,)] * 7 + [(256, 196), (196,)],
    "10M": [(1024, 1024), (1024,)] * 9 + [(1024, 512), (512,)],
}
OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "Adam": ("Adam", {"lr": 1e-3}),
    "AdamW": ("AdamW", {"lr": 1e-3}),
    "SGD with momentum": ("SGD", {"lr": 1e-2, "momentum": 0.9}),
    "RMSprop": ("RMSprop", {"lr": 1e-3}),
}


def steps(torch: Any, name: str, options: dict[str, Any], shapes: list[tuple[int, ...]]) -> Case:
    parameters = []
    for seed, shape in enumerate(shapes):
        p = torch.from_numpy(array(*shape, seed=seed)).requires_grad_()
        p.grad = torch.from_numpy(array(*shape, seed=seed + 100))
        parameters.append(p)
    optimizer = getattr(torch.optim, name)(parameters, **options)

    def check() -> list[float]:
        for _ in range(3):
            optimizer.step()
        return [p.detach().abs().mean().item() for p in parameters]

    return Case(optimizer.step, check=check)


def declare() -> None:
    """One row for each size and optimizer."""
    for size, shapes in SIZES.items():
        for title, (name, options) in OPTIMIZERS.items():
            build = functools.partial(steps, name=name, options=options, shapes=shapes)
            build.__name__ = f"step_{name.lower()}_{size.lower()}"  # type: ignore[attr-defined]
            row(f"{title}.step, {size} parameters", slow_because=PASSES)(build)


declare()
