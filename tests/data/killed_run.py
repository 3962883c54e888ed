"""A small training run with checkpoints, which can be told to die at any moment.

``python -m tests.data.killed_run FOLDER [DEATH…]`` trains to the end, after having died on the way by each of
the deaths. A death is a number N: the process is killed (as by ``kill -9``) at the N-th call of a C function
after its first checkpoint, or after its beginning where the number is written ``young:N``. How many processes
were killed and the last weights are printed. Each of them is a fork of the first, which saves the imports.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
from typing import Any

import numpy as np

import autotn as tn
from autotn import nn, optim
from autotn.utils.checkpointing import Checkpointer
from autotn.utils.data import DataLoader, Dataset

EPOCHS = 3


class Noisy(Dataset[Any]):
    """A line with noise from three generators."""

    def __len__(self) -> int:
        return 12

    def __getitem__(self, index: int) -> Any:
        noise = tn.rand(()).item() + random.random() + np.random.rand()  # noqa: NPY002
        return tn.tensor([index / 12, noise]), tn.tensor([2.0 * index])


def run(folder: str, workers: int = 0, die: int | None = None, young: bool = False) -> str:
    """Train, going on from the latest checkpoint in `folder`; the last weights as text."""
    tn.manual_seed(0)
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    model = nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.2), nn.Linear(4, 1))
    optimizer = optim.Adam(model.parameters(), lr=0.05)
    scheduler = optim.lr_scheduler.StepLR(optimizer, 4)
    loader = DataLoader(Noisy(), batch_size=4, shuffle=True, num_workers=workers)
    checkpoints = Checkpointer(folder, keep=2, best="min")
    state = {
        "model": model, "optimizer": optimizer, "scheduler": scheduler, "loader": loader,
        "epoch": 0, "losses": [],
    }  # fmt: skip
    restored = checkpoints.restore(state) or {"step": 0, "epoch": 0, "losses": []}
    step, losses = restored["step"], restored["losses"]
    first = step + 1
    if die is not None and young:
        _die_at_call(die)
    for epoch in range(restored["epoch"], EPOCHS):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = ((model(inputs) - targets) ** 2).mean()
            loss.backward()
            optimizer.step()
            scheduler.step()
            step += 1
            losses = [*losses, loss.item()]
            done = {**state, "epoch": epoch, "losses": losses}
            checkpoints.save(done, step, metric=losses[-1])
            if die is not None and not young and step == first:
                _die_at_call(die)
    return repr([p.tolist() for p in model.parameters()] + losses)


def _die_at_call(number: int) -> None:
    left = [number]

    def count(frame: Any, event: str, argument: Any) -> None:
        if event == "c_call":
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count)


def is_killed(folder: str, death: str) -> bool:
    """Train in a process of its own that is to die; False when it came to its end before."""
    young, number = death.startswith("young:"), int(death.rpartition(":")[2])
    child = os.fork()
    if not child:
        run(folder, die=number, young=young)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    ended = os.waitstatus_to_exitcode(status)
    assert ended in (0, -signal.SIGKILL), ended
    return ended != 0


def main() -> None:
    """Be killed, then train to the end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("deaths", nargs="*")
    options = parser.parse_args()
    killed = sum(is_killed(options.folder, death) for death in options.deaths)
    sys.stdout.write(f"{killed} {run(options.folder)}")


if __name__ == "__main__":
    main()
