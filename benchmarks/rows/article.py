"""The letter reader the project began with, learning one image at a time.

Once as an ordinary eager loop in both libraries, and once as the article writes it: `guess` and
`learn`, where PyTorch does by hand what those two return (the guess as an array, the loss as a
number).
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from benchmarks.row import Case, array, fill, row
from benchmarks.rows.mlp import training


def letters() -> list[tuple[np.ndarray, np.ndarray]]:
    """One image of noise for each of 26 letters, and its one-hot target."""
    return list(zip(array(26, 32, 32, seed=1), np.eye(26, dtype=np.float32)))


def reader(torch: Any) -> Any:
    nn = torch.nn
    return fill(
        torch,
        nn.Sequential(
            nn.Flatten(),
            nn.Linear(1024, 225),
            nn.Tanh(),
            nn.Linear(225, 225),
            nn.Tanh(),
            nn.Linear(225, 26),
            nn.Sigmoid(),
        ),
    )


def half_squared_error(guess: Any, truth: Any) -> Any:
    return 0.5 * ((guess - truth) ** 2).sum()


@row("letter reader 1024-225-225-26, one at a time", goal=0.3, training=True)
def article_eager(torch: Any) -> Case:
    batches = [(torch.from_numpy(x[None]), torch.from_numpy(y[None])) for x, y in letters()]
    return training(torch, reader(torch), half_squared_error, batches)


def system(tn: Any) -> Any:
    inputs = tn.Input((32, 32))()
    hidden = tn.Dense((15, 15), activation=tn.Tanh())(inputs)
    hidden = tn.Dense((15, 15), activation=tn.Tanh())(hidden)
    outputs = tn.Dense(26, activation=tn.Sigmoid())(hidden)
    return fill(tn, tn.System(inputs=[inputs], outputs=[outputs]))


@row("letter reader by guess and learn", goal=0.3, training=True)
def article_guess_learn(torch: Any) -> Case:
    data = itertools.cycle(letters())

    if hasattr(torch, "System"):
        pupil = system(torch)

        def step() -> float:
            image, truth = next(data)
            _, state = pupil.guess([image], return_state=True)
            pupil.learn(state, [truth], method="adam", scale=1e-3)
            return state.loss

    else:
        model = reader(torch)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

        def step() -> float:
            image, truth = next(data)
            guess = model(torch.from_numpy(image[None]))
            guess.detach().numpy()[0].copy()
            loss = half_squared_error(guess, torch.from_numpy(truth[None]))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.item()

    return Case(step, check=lambda: [step() for _ in range(5)])
