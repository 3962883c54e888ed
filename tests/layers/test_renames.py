"""Likely renames between the names of a model and those of a file."""

from __future__ import annotations

import pytest

from autotn.layers.renames import suggest_renames


def check(pairs: dict[str, str], shapes: dict[str, tuple[int, ...]] | None = None) -> None:
    """Each file name (key) should be paired with its model name (value)."""
    by_name = {}
    for i, (file, model) in enumerate(pairs.items()):
        by_name[file] = by_name[model] = (shapes or {}).get(file, (i + 2, 3))
    assert suggest_renames(list(pairs.values()), list(pairs), by_name) == pairs


def test_another_prefix() -> None:
    check({f"encoder.{i}.{p}": f"layers.{i}.{p}" for i in range(12) for p in ("weight", "bias")})


def test_a_prefix_more_or_less() -> None:
    names = ["conv1.weight", "layer1.0.bn.running_mean", "fc.bias"]
    check({f"module.{name}": name for name in names})
    check({name: f"backbone.model.{name}" for name in names})


def test_a_stack_of_equal_shapes_keeps_its_numbers() -> None:
    pairs = {f"h.{i}.attn.weight": f"blocks.{i}.attention.weight" for i in range(11)}
    check(pairs, dict.fromkeys(pairs, (4, 4)))


def test_several_parts_with_equal_shapes_are_told_apart() -> None:
    pairs = {}
    for i in range(3):
        for file, model in (("query", "q"), ("key", "k"), ("value", "v")):
            pairs[f"layer.{i}.attention.{file}.weight"] = f"layers.{i}.attn.{model}_{file}.weight"
    check(pairs, dict.fromkeys(pairs, (8, 8)))


def test_weights_are_not_taken_for_biases() -> None:
    shapes = {"a.weight": (3,), "b.bias": (3,)}
    assert suggest_renames(["a.weight"], ["b.bias"], shapes) == {}


def test_other_shapes_are_not_paired() -> None:
    shapes = {"layers.0.weight": (3, 4), "encoder.0.weight": (4, 3)}
    assert suggest_renames(["layers.0.weight"], ["encoder.0.weight"], shapes) == {}


def test_the_only_one_of_its_shape_is_paired_whatever_its_name() -> None:
    check({"classifier.weight": "fc.weight", "features.0.weight": "conv1.weight"})


def test_numbered_parts_pair_in_order_with_named_ones() -> None:
    pairs = {"0.weight": "fc1.weight", "2.weight": "fc2.weight", "4.weight": "out.weight"}
    check(pairs, dict.fromkeys(pairs, (5, 5)))


def test_names_alone_suffice_where_shapes_are_not_known() -> None:
    assert suggest_renames(["layers.0.weight"], ["encoder.layers.0.weight"], {}) == {
        "encoder.layers.0.weight": "layers.0.weight"
    }


@pytest.mark.parametrize(("missing", "unexpected"), [([], []), (["a.weight"], []), ([], ["b"])])
def test_nothing_to_pair(missing: list[str], unexpected: list[str]) -> None:
    assert suggest_renames(missing, unexpected, {}) == {}


def test_each_name_is_used_once() -> None:
    shapes = dict.fromkeys(("a.0.weight", "a.1.weight", "b.0.weight"), (2, 2))
    found = suggest_renames(["a.0.weight", "a.1.weight"], ["b.0.weight"], shapes)
    assert len(set(found.values())) == len(found)
