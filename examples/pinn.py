"""A network solves the heat equation, and finds out how well the rod conducts.

A rod of length 1 begins with temperature ``sin(pi x)``; its ends are kept at 0. The network gives
the temperature ``u(x, t)``; its loss is how badly the equation ``u_t = a u_xx`` holds at random
points, for which the tape differentiates twice with respect to the inputs (Raissi, Perdikaris and
Karniadakis, 2019). The conductivity ``a`` is a parameter like the weights: forty noisy readings
of a thermometer tell it.
"""

from __future__ import annotations

import math

import command_line
import numpy as np
import pictures
from tqdm import tqdm

import autotn as tn
from autotn import nn, optim

CONDUCTIVITY = 0.2  # what the network is to find


def exact(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The solution, known for this simple case."""
    return np.exp(-CONDUCTIVITY * math.pi**2 * t) * np.sin(math.pi * x)


class Rod(nn.Module):
    """Temperature at a place and a time, each ``(n, 1)``."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(2, hidden),
            nn.Tanh(),
            nn.Linear(hidden, hidden),
            nn.Tanh(),
            nn.Linear(hidden, 1),
        )
        self.log_conductivity = nn.Parameter(tn.tensor(0.0))  # a positive number: exp of this

    def forward(self, x: tn.Tensor, t: tn.Tensor) -> tn.Tensor:
        # Start and ends are right by construction, so the loss need not mention them.
        return tn.sin(math.pi * x) + t * x * (1 - x) * self.net(tn.cat([x, t], dim=1))

    def misfit(self, x: tn.Tensor, t: tn.Tensor) -> tn.Tensor:
        """``u_t - a u_xx`` at each point."""
        x, t = x.requires_grad_(), t.requires_grad_()
        u = self(x, t)
        u_x, u_t = tn.autograd.grad(u.sum(), (x, t), create_graph=True)
        (u_xx,) = tn.autograd.grad(u_x.sum(), x, create_graph=True)
        return u_t - self.log_conductivity.exp() * u_xx


def main(arguments: list[str] | None = None) -> None:
    options = command_line.parser(__doc__, "pinn").parse_args(arguments)
    tn.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    where, when = rng.random((2, 40, 1)).astype(np.float32)
    reading = exact(where, when) + 0.01 * rng.normal(size=where.shape)
    where, when = tn.from_numpy(where), tn.from_numpy(when)
    reading = tn.tensor(reading, dtype=tn.float32)

    rod = Rod(hidden=32)
    steps, points = (20, 16) if options.quick else (4000, 128)
    optimizer = optim.Adam(rod.parameters(), lr=1e-2)
    scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    physics, data, found = [], [], []
    for step in (bar := tqdm(range(steps), "steps")):
        equation = rod.misfit(tn.rand(points, 1), tn.rand(points, 1)).square().mean()
        measured = (rod(where, when) - reading).square().mean()
        optimizer.zero_grad()
        (equation + 100 * measured).backward()
        optimizer.step()
        scheduler.step()
        physics.append(equation.item())
        data.append(measured.item())
        found.append(rod.log_conductivity.exp().item())
        if step % 100 == 0:
            bar.set_postfix_str(f"conductivity {found[-1]:.3f}")

    grid = np.linspace(0, 1, 101, dtype=np.float32)
    t, x = (axis.reshape(-1, 1) for axis in np.meshgrid(grid, grid))
    with tn.no_grad():
        u = rod(tn.from_numpy(x), tn.from_numpy(t)).numpy()
    error = u - exact(x, t)
    print(f"Conductivity found: {found[-1]:.4f} (true: {CONDUCTIVITY})")
    print(f"Largest error of the temperature: {abs(error).max():.4f}")
    out, square = options.out, (0.0, 1.0, 0.0, 1.0)
    for file, title, values, label in [
        ("solution.png", "Temperature of the rod", u, "temperature"),
        ("error.png", "Error of the temperature", error, "network - exact solution"),
    ]:
        limit = float(abs(error).max())
        low, high = (0.0, 1.0) if file == "solution.png" else (-limit, limit)
        values = values.reshape(101, 101)
        pictures.heat_map(values, out / file, title, "time", "place", label, low, high, square)
    step = list(range(1, steps + 1))
    lines = {"equation": (step, physics), "readings": (step, data)}
    pictures.line_plot(lines, out / "loss.png", "Mean square misfit", "step", "misfit", "log")
    lines = {"found": (step, found), "true": ([1, steps], [CONDUCTIVITY, CONDUCTIVITY])}
    title = "The rod's conductivity"
    pictures.line_plot(lines, out / "conductivity.png", title, "step", "conductivity")
    command_line.show_files(out)


if __name__ == "__main__":
    main()
