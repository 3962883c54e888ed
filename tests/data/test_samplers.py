"""Samplers: orders of indices."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest

import autotn as tn
from autotn.utils.data import (
    BatchSampler,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)

DATA = range(10)


def generator(seed: int = 3) -> tn.Generator:
    return tn.Generator().manual_seed(seed)


MAKERS: dict[str, Any] = {
    "random": lambda g: RandomSampler(DATA, generator=g),
    "replacement": lambda g: RandomSampler(DATA, replacement=True, num_samples=50, generator=g),
    "rounds": lambda g: RandomSampler(DATA, num_samples=25, generator=g),
    "subset": lambda g: SubsetRandomSampler(range(5, 12), generator=g),
    "weighted": lambda g: WeightedRandomSampler([1, 2, 3, 4], 30, generator=g),
    "without": lambda g: WeightedRandomSampler([1, 2, 3, 0.5], 4, False, generator=g),
}  # fmt: skip


@pytest.mark.parametrize("name", MAKERS)
def test_the_order_belongs_to_the_generator(name: str) -> None:
    first, second = MAKERS[name](generator()), MAKERS[name](generator())
    orders = [list(first), list(first)]
    assert orders == [list(second), list(second)]
    assert orders[0] != orders[1]
    assert len(orders[0]) == len(first)
    assert list(MAKERS[name](generator(4))) != orders[0]


@pytest.mark.parametrize("name", MAKERS)
def test_without_one_it_belongs_to_the_default_generator(name: str) -> None:
    tn.manual_seed(5)
    first = list(MAKERS[name](None))
    tn.manual_seed(5)
    assert list(MAKERS[name](None)) == first


def test_an_iteration_draws_all_its_numbers_at_its_start() -> None:
    for make in MAKERS.values():
        source = generator()
        order = iter(make(source))
        next(order)
        state = source.get_state()
        list(order)
        assert source.get_state().tolist() == state.tolist()


def test_random_samplers_give_what_they_promise() -> None:
    assert sorted(RandomSampler(DATA)) == list(DATA)
    rounds = list(RandomSampler(DATA, num_samples=25))
    assert sorted(rounds[:10]) == sorted(rounds[10:20]) == list(DATA)
    assert len(set(rounds[20:])) == 5
    drawn = Counter(RandomSampler(DATA, replacement=True, num_samples=5000))
    assert set(drawn) == set(DATA)
    assert max(drawn.values()) < 2 * min(drawn.values())
    assert sorted(SubsetRandomSampler("xyz")) == ["x", "y", "z"]  # type: ignore[arg-type]


def test_weights_are_chances() -> None:
    drawn = Counter(WeightedRandomSampler([1, 0, 3], 4000))
    assert drawn[1] == 0
    assert 2.5 < drawn[2] / drawn[0] < 3.5
    assert sorted(WeightedRandomSampler(tn.tensor([1.0, 5, 2]), 3, replacement=False)) == [0, 1, 2]


@pytest.mark.parametrize("size", [0, 1, 6, 7])
@pytest.mark.parametrize("drop_last", [False, True])
def test_batches_are_torchs(torch: Any, size: int, drop_last: bool) -> None:
    ours = BatchSampler(SequentialSampler(range(size)), 3, drop_last)
    theirs = torch.utils.data.BatchSampler(range(size), 3, drop_last)
    assert list(ours) == list(theirs)
    assert len(ours) == len(theirs)


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9])
@pytest.mark.parametrize("drop_last", [False, True])
def test_each_process_gets_torchs_share(torch: Any, size: int, drop_last: bool) -> None:
    for rank in range(3):
        options = dict(num_replicas=3, rank=rank, shuffle=False, drop_last=drop_last)
        ours = DistributedSampler(range(size), **options)  # type: ignore[arg-type]
        theirs = torch.utils.data.DistributedSampler(range(size), **options)
        assert list(ours) == list(theirs)
        assert len(ours) == len(theirs)


def test_the_shares_together_are_the_shuffled_data() -> None:
    samplers = [DistributedSampler(range(12), 4, rank, seed=1) for rank in range(4)]
    first = [list(sampler) for sampler in samplers]
    assert sorted(index for share in first for index in share) == list(range(12))
    for sampler in samplers:
        sampler.set_epoch(1)
    assert [list(sampler) for sampler in samplers] != first
    for sampler in samplers:
        sampler.load_state_dict({"epoch": 0})
    assert [list(sampler) for sampler in samplers] == first


def test_rank_and_number_of_processes_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with pytest.raises(RuntimeError, match="WORLD_SIZE is not set"):
        DistributedSampler(DATA)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("RANK", "1")
    sampler = DistributedSampler(DATA)
    assert (sampler.num_replicas, sampler.rank) == (2, 1)


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda d: d.RandomSampler(DATA, replacement=1), TypeError),
        (lambda d: d.RandomSampler(DATA, num_samples=0), ValueError),
        (lambda d: d.RandomSampler(DATA, num_samples=1.5), ValueError),
        (lambda d: d.RandomSampler([]), ValueError),
        (lambda d: d.WeightedRandomSampler([1.0], 0), ValueError),
        (lambda d: d.WeightedRandomSampler([1.0], 1, replacement=1), ValueError),
        (lambda d: d.WeightedRandomSampler([[1.0]], 1), ValueError),
        (lambda d: d.BatchSampler(DATA, 0, False), ValueError),
        (lambda d: d.BatchSampler(DATA, True, False), ValueError),
        (lambda d: d.BatchSampler(DATA, 2, 1), ValueError),
        (lambda d: d.DistributedSampler(DATA, 2, 2), ValueError),
        (lambda d: iter(d.Sampler()), NotImplementedError),
    ],
)
def test_bad_arguments_raise_torchs_errors(torch: Any, make: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        make(tn.utils.data)
    with pytest.raises(error):
        make(torch.utils.data)


@pytest.mark.parametrize("weights", [[0.0, 0.0], [1.0, -1.0], [float("nan")]])
def test_weights_that_are_no_chances_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights must be finite"):
        WeightedRandomSampler(weights, 1)
    with pytest.raises(ValueError, match="only 1 weights"):
        WeightedRandomSampler([1.0, 0.0], 2, replacement=False)


def test_old_subclasses_hand_on_their_data_source() -> None:
    class Old(Sampler[int]):
        def __init__(self, data: Any) -> None:
            super().__init__(data)

        def __iter__(self) -> Any:
            return iter([2, 1])

    assert list(Old(DATA)) == [2, 1]


@pytest.mark.parametrize("replacement", [True, False])
def test_endless_sampling_draws_as_it_goes(replacement: bool) -> None:
    sampler = RandomSampler(range(10), replacement=replacement, num_samples=10**12)
    first = list(itertools.islice(iter(sampler), 30))
    assert set(first) == set(range(10)) or replacement
    assert len(sampler) == 10**12
