"""Containers behave like the list or dict they are, step by step as PyTorch's do."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest

import autotn as tn
from autotn import nn


def outcome(step: Callable[[], Any]) -> Any:
    """What a step gives: a printed value, or the kind of error."""
    try:
        value = step()
    except (IndexError, KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        return next(
            kind
            for kind in (IndexError, KeyError, TypeError, ValueError, AttributeError, RuntimeError)
            if isinstance(error, kind)
        )
    return repr(value).replace("torch.", "tn.")


def same(torch: Any, build: Callable[[Any], Any], steps: list[Callable[[Any, Any], Any]]) -> None:
    """Do the same steps on both sides; compare results and the container after each."""
    ours, theirs = build(nn), build(torch.nn)
    for number, step in enumerate(steps):
        got = outcome(lambda: step(ours, nn))  # noqa: B023 - called at once
        assert got == outcome(lambda: step(theirs, torch.nn)), number  # noqa: B023
        assert repr(ours) == repr(theirs).replace("torch.", "tn."), number
        assert len(ours) == len(theirs), number
        assert list(ours.state_dict()) == list(theirs.state_dict()), number


def fc(n: Any, size: int = 1) -> Any:
    return n.Linear(size, size)


def augmented(operation: str) -> Callable[[Any, Any], Any]:
    def step(c: Any, n: Any) -> None:
        if operation == "+=":
            c += type(c)(fc(n, 7)) if isinstance(c, n.Sequential) else [fc(n, 7)]
        else:
            c *= 2

    return step


LIST_STEPS: list[Callable[[Any, Any], Any]] = [
    lambda c, n: c.append(fc(n, 2)),
    lambda c, n: c.insert(0, fc(n, 3)),
    lambda c, n: c.extend([n.Identity(), fc(n, 5)]),
    lambda c, n: c.extend(3),
    lambda c, n: c[0],
    lambda c, n: c[-1],
    lambda c, n: c[1:3],
    lambda c, n: c[::-1],
    lambda c, n: c[99],
    lambda c, n: c["0"],
    lambda c, n: c.__setitem__(1, fc(n, 6)),
    lambda c, n: c.__setitem__(-1, n.Identity()),
    lambda c, n: c.__setitem__(99, fc(n)),
    lambda c, n: c.__setitem__(0, 3),
    lambda c, n: c.pop(0),
    lambda c, n: c.pop(-1),
    lambda c, n: c.pop(99),
    lambda c, n: c.__delitem__(0),
    augmented("+="),
    lambda c, n: c + type(c)(),
    lambda c, n: list(c),
    lambda c, n: fc(n) in c,
    lambda c, n: c.__delitem__(slice(0, 2)),
    lambda c, n: c.append(fc(n, 8)),
    lambda c, n: c.append("text"),
]


def test_sequential_is_a_list(torch: Any) -> None:
    steps = [
        *LIST_STEPS,
        lambda c, n: c * 2,
        lambda c, n: 2 * c,
        augmented("*="),
        lambda c, n: c * 0,
        lambda c, n: c * "x",
        lambda c, n: c.insert(50, fc(n)),
    ]
    same(torch, lambda n: n.Sequential(fc(n), n.Identity(), fc(n, 9)), steps)


@pytest.mark.parametrize("kind", [nn.Sequential, nn.ModuleList])
def test_insertion_counts_from_the_end_too(kind: Any) -> None:
    held = kind().extend([nn.Identity(), nn.Identity()])
    new = fc(nn)
    held.insert(-1, new)
    assert held[1] is new
    assert len(held) == 3
    assert list(held.state_dict()) == ["1.weight", "1.bias"]


def test_a_list_is_extended_by_an_insertion_past_its_end() -> None:
    held = nn.ModuleList([nn.Identity()])
    held.insert(50, fc(nn))
    held.insert(-50, nn.Identity())
    assert list(held.state_dict()) == ["2.weight", "2.bias"]


def test_sequential_keeps_names(torch: Any) -> None:
    def build(n: Any) -> Any:
        return n.Sequential(OrderedDict(a=fc(n), b=n.Identity(), c=fc(n, 2)))

    same(
        torch,
        build,
        [
            lambda c, n: c[1:],
            lambda c, n: c.a,
            lambda c, n: c.__setitem__(0, fc(n, 3)),
            lambda c, n: c.add_module("d", fc(n, 4)),
            lambda c, n: c.__delitem__(1),
        ],
    )


def test_sequential_passes_its_input_on() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.Identity(), nn.Linear(2, 1))
    x = tn.ones(4, 3)
    assert net(x).tolist() == net[2](net[0](x)).tolist()
    assert nn.Sequential()(x) is x


def test_module_list_is_a_list(torch: Any) -> None:
    steps = [*LIST_STEPS, lambda c, n: c(3)]
    same(torch, lambda n: n.ModuleList([fc(n), n.Identity(), fc(n, 9)]), steps)


def test_module_list_prints_repeated_blocks_once(torch: Any) -> None:
    def build(n: Any) -> Any:
        block = [n.Sequential(fc(n), n.ModuleList([fc(n), fc(n)])) for _ in range(3)]
        return n.ModuleList([*block, n.Identity(), n.Identity(), fc(n)])

    assert repr(build(nn)) == repr(build(torch.nn))


def test_module_dict_is_a_dict(torch: Any) -> None:
    same(
        torch,
        lambda n: n.ModuleDict({"a": fc(n), "b": n.Identity()}),
        [
            lambda c, n: c.__setitem__("c", fc(n, 2)),
            lambda c, n: c["c"],
            lambda c, n: c["x"],
            lambda c, n: "a" in c,
            lambda c, n: list(c),
            lambda c, n: list(c.keys()),
            lambda c, n: list(c.values()),
            lambda c, n: list(c.items()),
            lambda c, n: c.update([("d", fc(n, 3)), ("a", fc(n, 4))]),
            lambda c, n: c.update({"e": fc(n, 5)}),
            lambda c, n: c.update(n.ModuleDict({"f": fc(n, 5)})),
            lambda c, n: c.update(3),
            lambda c, n: c.update([3]),
            lambda c, n: c.update([("x", fc(n), 3)]),
            lambda c, n: c.pop("a"),
            lambda c, n: c.pop("a"),
            lambda c, n: c.__delitem__("b"),
            lambda c, n: c.__delitem__("b"),
            lambda c, n: c.__setitem__("x.y", fc(n)),
            lambda c, n: c.clear(),
        ],
    )


def test_parameter_list_is_a_list(torch: Any) -> None:
    both = {nn: tn, torch.nn: torch}

    def p(n: Any, size: int) -> Any:
        return n.Parameter(both[n].ones(size))

    same(
        torch,
        lambda n: n.ParameterList([p(n, 1), both[n].ones(2, 3), "text"]),
        [
            lambda c, n: c.append(p(n, 4)),
            lambda c, n: c.extend([both[n].ones(()), 3]),
            lambda c, n: c.extend(3),
            lambda c, n: len(list(c.parameters())),
            lambda c, n: c[2],
            lambda c, n: c[-1],
            lambda c, n: c[77],
            lambda c, n: type(c[0]).__name__,
            lambda c, n: len(c[1:3]),
            lambda c, n: c.__setitem__(2, p(n, 5)),
            lambda c, n: c.__setitem__(77, p(n, 5)),
            lambda c, n: len(list(c)),
            augmented_parameters,
            lambda c, n: c(1),
        ],
    )


def augmented_parameters(c: Any, n: Any) -> None:
    c += [3]


def test_parameter_dict_is_a_dict(torch: Any) -> None:
    both = {nn: tn, torch.nn: torch}

    def p(n: Any, size: int) -> Any:
        return n.Parameter(both[n].ones(size))

    # How a dict's entries print names PyTorch's tensor type, so the texts are compared below.
    def run(n: Any) -> list[Any]:
        c = n.ParameterDict({"a": p(n, 1), "b": both[n].ones(2), "c": "text"})
        d = n.ParameterDict({"a": p(n, 3), "z": 3})
        log: list[Any] = [list(c), len(c), type(c["b"]).__name__, c["c"], "a" in c, "x" in c]
        log += [list(reversed(c)), list(c.state_dict()), sorted(c.copy()), c.get("x", 5)]
        log += [list(c | d), list(d | c), list((c | d)["a"].shape), c.setdefault("c", 3)]
        c["d"] = p(n, 4)
        c |= d
        log += [list(c), c.popitem()[0], list(c.pop("d").shape), list(c)]
        c.update([("q", 1)])
        log += [list(c.keys()), len(list(c.values())), [k for k, _ in c.items()]]
        log += [list(c.fromkeys(["u", "v"], 1)), len(c)]
        log += [outcome(lambda: c(1)), outcome(lambda: c.update(3))]
        del c["a"]
        log += [list(c.state_dict())]
        c.clear()
        return [*log, len(c), len(list(c.parameters())), outcome(c.popitem), repr(c)]

    assert run(nn) == run(torch.nn)


def test_a_missing_parameter_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        nn.ParameterDict()["nothing"]
    with pytest.raises(TypeError, match="not a string"):
        nn.ParameterDict()[3]  # type: ignore[index]


def test_parameter_dict_prints_its_entries() -> None:
    entries = nn.ParameterDict({"a": tn.ones(2, 3), "n": 3})
    assert repr(entries) == (
        "ParameterDict(\n"
        "    (a): Parameter containing: [tn.float32 of size 2x3]\n"
        "    (n): Object of type: int\n)"
    )


@pytest.mark.parametrize("kind", [nn.Sequential, nn.ModuleList])
def test_containers_train_what_they_hold(kind: Any) -> None:
    layers = [nn.Linear(2, 2), nn.Linear(2, 2)]
    held = kind(*layers) if kind is nn.Sequential else kind(layers)
    assert [id(p) for p in held.parameters()] == [id(p) for fc in layers for p in fc.parameters()]
    held.eval()
    assert not layers[1].training


def test_data_parallel_is_a_name_around_a_module(torch: Any) -> None:
    ours, theirs = nn.DataParallel(nn.Linear(2, 1)), torch.nn.DataParallel(torch.nn.Linear(2, 1))
    assert repr(ours) == repr(theirs)
    ours.load_state_dict(theirs.state_dict())
    assert ours(tn.ones(1, 2)).tolist() == theirs(torch.ones(1, 2)).tolist()
