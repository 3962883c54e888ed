"""The loader in the caller's thread: batches, order, position, arguments."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.core.tensor import wrap
from autotn.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    TensorDataset,
)


class Noisy(Dataset[Any]):
    """Samples with a random part, from the default generator."""

    def __len__(self) -> int:
        return 23

    def __getitem__(self, index: int) -> tuple[int, float]:
        return index, tn.rand(()).item()


class Stream(IterableDataset[int]):
    def __init__(self, size: int, promised: int | None = None) -> None:
        self.size = size
        if promised is not None:
            self.promised = promised

    def __iter__(self) -> Any:
        return iter(range(self.size))

    def __len__(self) -> int:
        return getattr(self, "promised", self.size)


class Unsized(IterableDataset[int]):
    def __iter__(self) -> Any:
        return iter(range(5))


def as_list(value: Any) -> Any:
    if isinstance(value, list):
        return [as_list(part) for part in value]
    return value.tolist() if isinstance(value, tn.Tensor) else value


def as_lists(batches: Any) -> list[Any]:
    return [as_list(batch) for batch in batches]


OPTIONS: list[dict[str, Any]] = [
    {}, dict(batch_size=3), dict(batch_size=3, drop_last=True), dict(batch_size=30),
    dict(batch_size=30, drop_last=True), dict(batch_size=None), dict(sampler=[3, 1]),
    dict(batch_sampler=[[0], [2, 1]]), dict(collate_fn=list), dict(batch_size=None, sampler=[1]),
    dict(shuffle=False), dict(pin_memory_device="cpu"), dict(prefetch_factor=None),
]  # fmt: skip


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("data", [range(7), Stream(7)], ids=["map", "iterable"])
def test_batches_and_length_are_torchs(torch: Any, data: Any, options: dict[str, Any]) -> None:
    iterable = isinstance(data, Stream)
    if iterable and {"sampler", "batch_sampler"} & set(options):
        with pytest.raises(ValueError, match="own order"):
            DataLoader(data, **options)
        return
    theirs_data = data
    if iterable:

        class Theirs(torch.utils.data.IterableDataset):
            __iter__ = Stream.__iter__
            __len__ = Stream.__len__
            size = 7

        theirs_data = Theirs()
    ours = DataLoader(data, **options)
    theirs = torch.utils.data.DataLoader(theirs_data, **options)
    assert len(ours) == len(theirs)
    for mine, other in zip(ours, theirs, strict=True):
        assert (
            getattr(mine, "tolist", lambda m=mine: m)()
            == getattr(other, "tolist", lambda o=other: o)()
        )
    for name in ("batch_size", "drop_last", "num_workers", "timeout", "pin_memory"):
        assert getattr(ours, name) == getattr(theirs, name), name


BAD: list[dict[str, Any]] = [
    dict(num_workers=-1), dict(timeout=-1), dict(prefetch_factor=2), dict(persistent_workers=True),
    dict(num_workers=1, prefetch_factor=-1), dict(shuffle=True, sampler=[0]),
    dict(batch_sampler=[[0]], batch_size=2), dict(batch_sampler=[[0]], drop_last=True),
    dict(batch_size=None, drop_last=True), dict(batch_size=0), dict(batch_size=2.5),
    dict(multiprocessing_context="fork"), dict(num_workers=1, multiprocessing_context="knife"),
]  # fmt: skip


@pytest.mark.parametrize("options", BAD, ids=str)
def test_arguments_that_exclude_each_other(torch: Any, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"DataLoader: |BatchSampler: "):
        DataLoader(range(3), **options)
    with pytest.raises(ValueError):
        torch.utils.data.DataLoader(range(3), **options)


def test_more_arguments_that_make_no_sense() -> None:
    with pytest.raises(TypeError, match="multiprocessing context, got int"):
        DataLoader(range(3), num_workers=1, multiprocessing_context=3)
    with pytest.raises(ValueError, match="shuffle does not go with an IterableDataset"):
        DataLoader(Stream(3), shuffle=True)
    with pytest.raises(ValueError, match="prefetch_factor must be positive"):
        DataLoader(range(3), num_workers=1, prefetch_factor=0)


@pytest.mark.parametrize("name", ["batch_size", "sampler", "dataset", "drop_last"])
def test_what_was_decided_stays(name: str) -> None:
    loader = DataLoader(range(3))
    with pytest.raises(ValueError, match=f"{name} cannot be changed"):
        setattr(loader, name, None)
    loader.collate_fn = list


def test_the_parts_are_torchs() -> None:
    loader = DataLoader(range(3), batch_size=2, shuffle=True)
    assert isinstance(loader.sampler, RandomSampler)
    assert isinstance(loader.batch_sampler, BatchSampler)
    assert isinstance(DataLoader(range(3)).sampler, SequentialSampler)
    assert DataLoader(range(3), num_workers=2).prefetch_factor == 2
    assert DataLoader[int](range(3)).dataset == range(3)


def test_the_order_follows_from_the_seed() -> None:
    def order(seed: int) -> list[Any]:
        tn.manual_seed(seed)
        loader = DataLoader(Noisy(), batch_size=4, shuffle=True)
        return [as_lists(loader), as_lists(loader)]

    assert order(1) == order(1) != order(2)
    assert order(1)[0] != order(1)[1]


def test_a_generator_of_ones_own_keeps_the_order_apart() -> None:
    def order(draws: int) -> Any:
        generator = tn.Generator().manual_seed(4)
        tn.rand(draws)
        return as_lists(DataLoader(range(20), shuffle=True, generator=generator))

    assert order(0) == order(100)


def gathered_cases() -> dict[str, Any]:
    numbers = wrap(np.arange(40, dtype=np.float32).reshape(10, 2, 2))
    data = TensorDataset(numbers, tn.arange(10), wrap(numbers._data[:, 0, 1]))
    return {
        "tensors": data,
        "subset": Subset(data, [7, 3, 3, 1]),
        "subset of subset": Subset(Subset(data, range(9, 0, -1)), [5, 1, 0]),
        "subset by array": Subset(data, np.array([2, 4])),  # type: ignore[arg-type]
        "one tensor": TensorDataset(tn.arange(5)),
        "bools": TensorDataset(tn.tensor([True, False, True, True])),
    }


@pytest.mark.parametrize("name", gathered_cases())
def test_gathering_tensors_equals_stacking_samples(name: str) -> None:
    data = gathered_cases()[name]
    fast = DataLoader(data, batch_size=3)
    slow = DataLoader(data, batch_size=3, collate_fn=lambda b: tn.utils.data.default_collate(b))
    for mine, other in zip(fast, slow, strict=True):
        assert type(mine) is type(other) is list
        for a, b in zip(mine, other, strict=True):
            assert a.dtype == b.dtype
            assert np.array_equal(a._data, b._data)
            assert not np.shares_memory(a._data, getattr(data, "tensors", [b])[0]._data)


def test_gathered_tensors_keep_their_history() -> None:
    weights = tn.ones(4, requires_grad=True)
    (batch,) = next(iter(DataLoader(TensorDataset(weights), batch_size=2)))
    batch.sum().backward()
    assert weights.grad is not None
    assert weights.grad.tolist() == [1, 1, 0, 0]


def test_more_batches_than_promised_are_reported() -> None:
    with pytest.warns(UserWarning, match="promised 2 batches"):
        assert len(list(DataLoader(Stream(4, promised=2)))) == 4
    with pytest.raises(TypeError):
        len(DataLoader(Unsized()))
    assert as_lists(DataLoader(Unsized(), batch_size=2)) == [[0, 1], [2, 3], [4]]


# The position


CASES: dict[str, Any] = {
    "shuffled": lambda g: DataLoader(Noisy(), batch_size=4, shuffle=True),
    "own generator": lambda g: DataLoader(Noisy(), batch_size=4, shuffle=True, generator=g),
    "with replacement": lambda g: DataLoader(
        Noisy(), batch_size=4, sampler=RandomSampler(Noisy(), True, 30, g), generator=g
    ),
    "one by one": lambda g: DataLoader(Noisy(), batch_size=None, shuffle=True),
    "in order": lambda g: DataLoader(Noisy(), batch_size=4),
    "iterable": lambda g: DataLoader(Stream(23), batch_size=4),
    "threads": lambda g: DataLoader(Noisy(), batch_size=4, shuffle=True, num_workers=2),
    "threads, own generator": lambda g: DataLoader(
        Noisy(), batch_size=4, shuffle=True, num_workers=3, generator=g
    ),
    "threads, iterable": lambda g: DataLoader(Stream(9), batch_size=2, num_workers=2),
}


@pytest.mark.filterwarnings("ignore:the length of the IterableDataset")
@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("stop", [0, 1, 3, 6, 1000])
def test_a_saved_position_is_continued_bit_for_bit(name: str, stop: int) -> None:
    tn.manual_seed(11)
    loader = CASES[name](tn.Generator().manual_seed(1))
    expected = as_lists(loader) + as_lists(loader)

    tn.manual_seed(11)
    loader = CASES[name](tn.Generator().manual_seed(1))
    batches = iter(loader)
    found = as_lists(itertools.islice(batches, stop))
    saved, random_state = loader.state_dict(), tn.get_rng_state()
    del batches

    tn.manual_seed(99)
    again = CASES[name](tn.Generator().manual_seed(55))
    again.load_state_dict(saved)
    tn.set_rng_state(random_state)
    found += as_lists(again)
    if stop < 1000:  # the first pass was continued, so another one follows
        found += as_lists(again)
    assert found == expected


def test_a_position_can_be_saved_again_before_it_is_used() -> None:
    loader = DataLoader(range(10), batch_size=2)
    batches = iter(loader)
    next(batches)
    saved = loader.state_dict()
    loader.load_state_dict(saved)
    assert loader.state_dict() == saved
    assert as_lists(loader) == [[2, 3], [4, 5], [6, 7], [8, 9]]
    assert loader.state_dict()["batches"] == 0


def test_batches_before_the_position_are_not_loaded_again() -> None:
    asked = []

    class Watched(Dataset[int]):
        def __len__(self) -> int:
            return 10

        def __getitem__(self, index: int) -> int:
            asked.append(index)
            return index

    loader = DataLoader(Watched(), batch_size=2)
    batches = iter(loader)
    for _ in range(3):
        next(batches)
    loader.load_state_dict(loader.state_dict())
    asked.clear()
    list(loader)
    assert asked == [6, 7, 8, 9]


def test_the_epoch_of_a_sampler_is_part_of_the_position() -> None:
    sampler = DistributedSampler(range(8), 2, 0)
    sampler.set_epoch(3)
    loader = DataLoader(range(8), sampler=sampler)
    batches = iter(loader)
    next(batches)
    saved = loader.state_dict()
    other = DistributedSampler(range(8), 2, 0)
    again = DataLoader(range(8), sampler=other)
    again.load_state_dict(saved)
    assert as_lists(again) == as_lists(batches)
    assert other.epoch == 3


def test_a_position_goes_through_a_file(tmp_path: Any) -> None:
    loader = DataLoader(range(10), batch_size=2, shuffle=True)
    batches = iter(loader)
    next(batches)
    tn.save(loader.state_dict(), tmp_path / "x.pt")
    rest = as_lists(batches)
    loader.load_state_dict(tn.load(tmp_path / "x.pt"))
    assert as_lists(loader) == rest


def test_something_else_is_no_position() -> None:
    with pytest.raises(KeyError, match="has no batches, generator"):
        DataLoader(range(3)).load_state_dict({"sampler": None, "now": None})


def test_iterators_are_independent() -> None:
    loader = DataLoader(range(4))
    first = iter(loader)
    assert next(first).item() == 0
    assert as_lists(loader) == [[0], [1], [2], [3]]
    assert as_lists(first) == [[1], [2], [3]]
    with pytest.raises(TypeError, match="pickled or copied"):
        copy.copy(first)
