"""Datasets and the ways to combine and split them."""

from __future__ import annotations

from typing import Any

import pytest

import autotn as tn
from autotn.utils.data import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)


class Letters(Dataset[str]):
    """Sample i is the i-th letter; notes which indices were asked for at once."""

    def __init__(self, text: str = "abcdef") -> None:
        self.text = text
        self.asked: list[list[int]] = []

    def __getitem__(self, index: Any) -> str:
        return self.text[index]

    def __getitems__(self, indices: list[int]) -> list[str]:
        self.asked.append(list(indices))
        return [self.text[i] for i in indices]

    def __len__(self) -> int:
        return len(self.text)


class Count(IterableDataset[int]):
    def __init__(self, *numbers: int) -> None:
        self.numbers = numbers

    def __iter__(self) -> Any:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)


def test_a_dataset_without_getitem_says_so() -> None:
    with pytest.raises(NotImplementedError, match="Dataset must define __getitem__"):
        Dataset()[0]


def test_tensor_dataset_gives_tuples_of_rows() -> None:
    data = TensorDataset(tn.arange(6).reshape(3, 2), tn.arange(3))
    assert len(data) == 3
    row, number = data[1]
    assert row.tolist() == [2, 3]
    assert number.item() == 1
    assert data[-1][1].item() == 2


def test_tensor_dataset_needs_equal_lengths() -> None:
    with pytest.raises(ValueError, match=r"\[3, 2\]"):
        TensorDataset(tn.ones(3), tn.ones(2))


def test_stack_dataset_by_position_and_by_name() -> None:
    by_position = StackDataset(Letters("ab"), [1, 2])
    assert by_position[1] == ("b", 2)
    assert by_position.__getitems__([1, 0]) == [("b", 2), ("a", 1)]
    by_name = StackDataset(letter=Letters("ab"), number=[1, 2])
    assert by_name[0] == {"letter": "a", "number": 1}
    assert by_name.__getitems__([1]) == [{"letter": "b", "number": 2}]
    assert len(by_name) == 2


def test_stack_dataset_checks_what_it_gets() -> None:
    with pytest.raises(ValueError, match="at least one"):
        StackDataset()
    with pytest.raises(ValueError, match="not both"):
        StackDataset([1], x=[1])
    with pytest.raises(ValueError, match="size mismatch"):
        StackDataset([1], [1, 2])

    class Short(Letters):
        def __getitems__(self, indices: list[int]) -> list[str]:
            return []

    with pytest.raises(ValueError, match="returned 0 samples for 2 indices"):
        StackDataset(Short()).__getitems__([0, 1])


def test_concatenated_datasets_are_one() -> None:
    both = Letters("ab") + Letters("cde")
    assert isinstance(both, ConcatDataset)
    assert [both[i] for i in range(len(both))] == list("abcde")
    assert [both[-i] for i in range(1, 6)] == list("edcba")
    with pytest.raises(IndexError):
        both[5]
    with pytest.raises(ValueError, match="-6 of 5"):
        both[-6]
    with_empty: Any = ConcatDataset([Letters(""), Letters("a"), Letters("")])
    assert list(with_empty) == ["a"]


def test_what_cannot_be_concatenated() -> None:
    with pytest.raises(ValueError, match="empty"):
        ConcatDataset([])
    with pytest.raises(ValueError, match="ChainDataset"):
        ConcatDataset([Count(1)])


def test_chained_datasets_come_one_after_the_other() -> None:
    both = Count(1, 2) + Count(3)
    assert isinstance(both, ChainDataset)
    assert list(both) == [1, 2, 3]
    assert len(both) == 3
    with pytest.raises(TypeError, match="Letters"):
        list(ChainDataset([Letters()]))


def test_a_subset_asks_its_dataset_for_many_at_once() -> None:
    letters = Letters()
    inner = Subset(letters, [5, 3, 1])
    subset: Any = Subset(inner, [2, 0])
    assert list(subset) == ["b", "f"]
    assert subset.__getitems__([1, 0, 1]) == ["f", "b", "f"]
    assert letters.asked == [[5, 1, 5]]
    assert len(subset) == 2


def test_a_subclass_of_subset_has_the_last_word() -> None:
    class Loud(Subset[str]):
        def __getitem__(self, idx: Any) -> str:
            return super().__getitem__(idx).upper()

    assert Loud(Letters(), [0, 2]).__getitems__([0, 1]) == ["A", "C"]


@pytest.mark.parametrize(
    ("size", "lengths"),
    [
        (10, [7, 3]), (10, [0.7, 0.3]), (10, [1 / 3, 1 / 3, 1 / 3]), (7, [0.5, 0.5]), (5, [1]),
        (11, [0.1] * 10), (1, [1]), (100, [0.8, 0.1, 0.1]),
    ],
)  # fmt: skip
def test_random_split_has_torchs_sizes_and_every_sample(
    torch: Any, size: int, lengths: list[float]
) -> None:
    parts: list[Any] = [*random_split(range(size), lengths)]
    theirs = torch.utils.data.random_split(range(size), lengths)
    assert [len(part) for part in parts] == [len(part) for part in theirs]
    assert sorted(sample for part in parts for sample in part) == list(range(size))


def test_random_split_follows_its_generator() -> None:
    def split(seed: int) -> list[int]:
        parts = random_split(range(20), [12, 8], tn.Generator().manual_seed(seed))
        return [i for part in parts for i in part.indices]

    assert split(1) == split(1) != split(2)


def test_random_split_says_what_does_not_add_up() -> None:
    with pytest.raises(ValueError, match="sum up to 9, but the dataset has 10"):
        random_split(range(10), [5, 4])
    with pytest.raises(ValueError, match=r"fraction 0 is 1\.5"):
        random_split(range(10), [1.5, -0.5])
    with pytest.warns(UserWarning, match="part 1 has length 0"):
        random_split(range(2), [2, 0])
