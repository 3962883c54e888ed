"""The sampler that gives each of several processes its share of a dataset."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from typing import Any

from autotn.core.random import Generator
from autotn.utils.data.sampler import Sampler


class DistributedSampler(Sampler[int]):
    """Every `num_replicas`-th index of one shuffled order, from `rank` on.

    The order belongs to ``(seed, epoch)``: call `set_epoch` before each epoch for another one. Left
    out, the number of processes and the rank of this one come from the environment variables
    ``WORLD_SIZE`` and ``RANK``.

    >>> share = tn.utils.data.DistributedSampler(range(5), num_replicas=2, rank=1, shuffle=False)
    >>> list(share)
    [1, 3, 0]
    """

    def __init__(
        self,
        dataset: Any,
        num_replicas: int | None = None,
        rank: int | None = None,
        shuffle: bool = True,
        seed: int = 0,
        drop_last: bool = False,
    ) -> None:
        self.num_replicas = _from_environment("num_replicas", num_replicas, "WORLD_SIZE")
        self.rank = _from_environment("rank", rank, "RANK")
        if not 0 <= self.rank < self.num_replicas:
            raise ValueError(
                f"DistributedSampler: rank {self.rank} is not between 0 and {self.num_replicas - 1}"
            )
        self.dataset = dataset
        self.epoch = 0
        self.shuffle = shuffle
        self.seed = seed
        self.drop_last = drop_last

    @property
    def num_samples(self) -> int:
        """How many indices each process gets."""
        size = len(self.dataset)
        if self.drop_last:
            return size // self.num_replicas
        return math.ceil(size / self.num_replicas)

    @property
    def total_size(self) -> int:
        """How many indices all processes get together."""
        return self.num_samples * self.num_replicas

    def __iter__(self) -> Iterator[int]:
        size, total = len(self.dataset), self.total_size
        if self.shuffle:
            generator = Generator().manual_seed(self.seed + self.epoch)
            order = generator.numpy.permutation(size).tolist()
        else:
            order = list(range(size))
        if total > size > 0:  # the first ones again, so that all processes get the same number
            order = (order * math.ceil(total / size))[:total]
        return iter(order[self.rank : total : self.num_replicas])

    def __len__(self) -> int:
        return self.num_samples

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes, so that it has an order of its own in all processes."""
        self.epoch = epoch

    def state_dict(self) -> dict[str, int]:
        """The epoch."""
        return {"epoch": self.epoch}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Continue with the order of a saved epoch."""
        self.epoch = state_dict["epoch"]


def _from_environment(name: str, value: int | None, variable: str) -> int:
    if value is not None:
        return value
    text = os.environ.get(variable, "")
    if not text.isdigit():
        raise RuntimeError(
            f"DistributedSampler: {name} was not given and {variable} is not set: is this process "
            "one of several?"
        )
    return int(text)
