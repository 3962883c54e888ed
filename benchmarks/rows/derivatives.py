"""Derivatives of derivatives."""

from __future__ import annotations

from typing import Any

from benchmarks.row import Case, array, row
from benchmarks.rows.mlp import network


@row("Hessian-vector product, MLP 20-64-64-1, batch 16", goal=0.5)
def hvp(torch: Any) -> Case:
    model = network(torch, (20, 64, 64, 1), "Tanh")
    parameters = list(model.parameters())
    vectors = [torch.from_numpy(array(*p.shape, seed=9)) for p in parameters]
    x, y = torch.from_numpy(array(16, 20, seed=1)), torch.from_numpy(array(16, 1, seed=2))

    def products() -> Any:
        loss = ((model(x) - y) ** 2).mean()
        gradients = torch.autograd.grad(loss, parameters, create_graph=True)
        slope = sum((g * v).sum() for g, v in zip(gradients, vectors))
        return torch.autograd.grad(slope, parameters)

    return Case(products, check=lambda: [h.abs().mean().item() for h in products()])
