"""REINFORCE learns to balance a pole on a cart (Williams, 1992).

The cart and its pole are simulated here, after Barto, Sutton and Anderson (1983): push left or
right, one point for every step until the pole leans more than 12 degrees, the cart leaves its
rail, or 500 steps are done. Sixteen carts run side by side; the policy is made likelier where a
run went better than the others of its batch at the same time.
"""

from __future__ import annotations

import command_line
import numpy as np
import pictures
from tqdm import tqdm

import autotn as tn
from autotn import nn, optim
from autotn.distributions import Categorical

MOST_STEPS = 500


class Carts:
    """`n` carts at once; a state is position, speed, angle of the pole and its speed."""

    GRAVITY, CART, POLE, HALF_LENGTH, FORCE, TICK = 9.8, 1.0, 0.1, 0.5, 10.0, 0.02
    FARTHEST, STEEPEST = 2.4, np.deg2rad(12)

    def __init__(self, n: int, rng: np.random.Generator) -> None:
        self.state = rng.uniform(-0.05, 0.05, size=(n, 4))

    def push(self, right: np.ndarray) -> np.ndarray:
        """One tick with a push to the right or left; says which poles are still up."""
        x, speed, angle, turn = self.state.T
        mass, sin, cos = self.CART + self.POLE, np.sin(angle), np.cos(angle)
        force = np.where(right, self.FORCE, -self.FORCE)
        pull = (force + self.POLE * self.HALF_LENGTH * turn**2 * sin) / mass
        inertia = self.HALF_LENGTH * (4 / 3 - self.POLE * cos**2 / mass)
        turn_change = (self.GRAVITY * sin - cos * pull) / inertia
        change = pull - self.POLE * self.HALF_LENGTH * turn_change * cos / mass
        self.state = self.state + self.TICK * np.stack([speed, change, turn, turn_change], 1)
        x, _, angle, _ = self.state.T
        return (abs(x) < self.FARTHEST) & (abs(angle) < self.STEEPEST)


def play(
    policy: nn.Module, n: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Run `n` carts: states ``(t, n, 4)``, pushes ``(t, n)``, and which were still running."""
    carts, running = Carts(n, rng), np.ones(n, bool)
    states: list[np.ndarray] = []
    pushes, alive = [], []
    while running.any() and len(states) < MOST_STEPS:
        states.append(carts.state.astype(np.float32))
        alive.append(running)
        with tn.no_grad():
            pushes.append(Categorical(logits=policy(tn.from_numpy(states[-1]))).sample().numpy())
        running = running & carts.push(pushes[-1] == 1)
    return np.stack(states), np.stack(pushes), np.stack(alive)


def main(arguments: list[str] | None = None) -> None:
    options = command_line.parser(__doc__, "reinforce").parse_args(arguments)
    tn.manual_seed(options.seed)
    rng = np.random.default_rng(options.seed)
    policy = nn.Sequential(nn.Linear(4, 64), nn.Tanh(), nn.Linear(64, 2))
    optimizer = optim.Adam(policy.parameters(), lr=1e-2)

    mean_steps, least_steps = [], []
    for _ in (bar := tqdm(range(3 if options.quick else 80), "batches of 16 runs")):
        states, pushes, alive = play(policy, 16, rng)
        # Points still to come, later ones counting less; zero once a run has ended.
        to_come = np.zeros(alive.shape, np.float32)
        total = np.zeros(alive.shape[1])
        for t in range(len(alive) - 1, -1, -1):
            total = alive[t] * (1 + 0.99 * total)
            to_come[t] = total
        advantage = to_come - to_come.mean(1, keepdims=True)
        advantage = advantage[alive] / (advantage[alive].std() + 1e-6)

        choice = Categorical(logits=policy(tn.from_numpy(states[alive])))
        surprise = -choice.log_prob(tn.from_numpy(pushes[alive]))
        loss = (surprise * tn.from_numpy(advantage)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        steps = alive.sum(0)
        mean_steps.append(float(steps.mean()))
        least_steps.append(float(steps.min()))
        bar.set_postfix_str(f"{mean_steps[-1]:.0f} steps")

    states, _, alive = play(policy, 100, rng)
    print(f"100 fresh runs: {alive.sum(0).mean():.0f} steps on average, of {MOST_STEPS}.")
    batch = list(range(1, len(mean_steps) + 1))
    lines = {"mean": (batch, mean_steps), "shortest": (batch, least_steps)}
    title = "How long the pole stays up"
    pictures.line_plot(lines, options.out / "steps.png", title, "batch of 16 runs", "steps")
    length = int(alive[:, 0].sum())
    seconds = [Carts.TICK * t for t in range(length)]
    both = {
        "cart (metres)": (seconds, states[:length, 0, 0].tolist()),
        "pole (degrees)": (seconds, np.rad2deg(states[:length, 0, 2]).tolist()),
    }
    title = "One run of the learned policy"
    pictures.line_plot(both, options.out / "run.png", title, "seconds", "from the middle")
    command_line.show_files(options.out)


if __name__ == "__main__":
    main()
