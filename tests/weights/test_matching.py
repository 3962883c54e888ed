"""A state that does not fit: a table of what is wrong, and the names mapped."""

from __future__ import annotations

import pytest

import autotn as tn
from autotn import nn
from autotn.serialization import compare, rename


def model() -> nn.Module:
    return nn.ModuleDict(
        {"layers": nn.ModuleList([nn.Linear(4, 4) for _ in range(3)]), "head": nn.Linear(4, 2)}
    )


def test_the_table_names_everything_that_does_not_fit() -> None:
    state = {key.replace("layers", "encoder"): v for key, v in model().state_dict().items()}
    state["head.weight"] = tn.ones(5, 4)
    state["junk"] = tn.ones(1)
    found = compare(model(), state)
    assert found.fitting == ["head.bias"]
    assert found.wrong_shape == {"head.weight": ((2, 4), (5, 4))}
    assert found.renames == {
        f"encoder.{k}.{n}": f"layers.{k}.{n}" for k in range(3) for n in ("weight", "bias")
    }
    lines = str(found).splitlines()
    assert lines[2] == "head.weight      (2, 4)  (5, 4)  wrong shape"
    assert lines[3] == "layers.0.weight  (4, 4)          missing; looks like 'encoder.0.weight'"
    assert lines[-1] == "junk                     (1,)    unexpected"


def test_the_suggested_names_load() -> None:
    source, target = model(), model()
    state = {key.replace("layers", "encoder"): v for key, v in source.state_dict().items()}
    with pytest.raises(RuntimeError, match=r'"encoder.0.weight" -> "layers.0.weight"'):
        target.load_state_dict(state)
    target.load_state_dict(rename(state, compare(target, state).renames))
    assert (target["layers"][2].weight == source["layers"][2].weight).all()
    assert str(compare(target, target.state_dict())) == "8 tensors fit, and nothing else is there"


def test_renaming_by_prefix_name_and_function() -> None:
    state = {"module.a.w": 1, "module.a.b.w": 2, "c": 3}
    assert dict(rename(state, {"module.": "", "module.a.b.": "x."})) == {"a.w": 1, "x.w": 2, "c": 3}
    assert dict(rename(state, lambda name: None if name == "c" else name.upper())) == {
        "MODULE.A.W": 1,
        "MODULE.A.B.W": 2,
    }
    with pytest.raises(ValueError, match="two values would be called 'c'"):
        rename(state, {"module.a.w": "c"})
