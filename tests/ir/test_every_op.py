"""Every op, watched: the run is not changed, what was sent adds up to what arrived, and it can be drawn."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn.core.tensor import Tensor, is_differentiable, wrap
from autotn.errors import NotDifferentiable
from autotn.ir import Graph, capture
from autotn.testing.check_op import argument_values, flat_results
from autotn.testing.sample import ErrorSample
from autotn.viz.blocks import sketch
from tests.core import fuzz
from tests.samples import all_samples

FIRST: dict[str, Any] = {}
for _case in all_samples():
    if not isinstance(_case.sample, ErrorSample):
        FIRST.setdefault(_case.op_name, _case)


def program(case: Any) -> tuple[Any, list[Tensor]]:
    """A function that calls the op and differentiates what it gives, and the leaves."""
    leaves: list[Tensor] = []

    def leaf(array: Any) -> Tensor:
        t = wrap(array.copy())
        if is_differentiable(t):
            t.requires_grad_()
            leaves.append(t)
        return t

    args, kwargs = argument_values(case.sample, leaf)

    def run() -> Any:
        tn.manual_seed(0)
        outs: list[Any] = []
        with contextlib.suppress(NotDifferentiable, NotImplementedError):
            outs = flat_results(case.function(*args, **kwargs))
            live = [o for o in outs if isinstance(o, Tensor) and o.requires_grad]
            if live:
                tn.autograd.backward(live, [o.detach() * 0 + 1 for o in live])
        return outs

    return run, leaves


def same(a: Any, b: Any) -> bool:
    if not isinstance(a, Tensor):
        return repr(a) == repr(b)
    if a._data.dtype.kind == "V":
        return a.tolist() == b.tolist()
    return bool(np.array_equal(a._data, b._data, equal_nan=a._data.dtype.kind in "fc"))


def adds_up(graph: Graph) -> None:
    """Every gradient that arrived is the sum of what was sent there."""
    runs = {s.run for s in graph.steps}
    for run in runs:
        sent: dict[int, Any] = {}
        for step in (s for s in graph.steps if s.run == run):
            if step.kind == "seed":
                sent[step.value] = total(sent.get(step.value), step.upstream[0])
            if step.kind == "pull" and step.call is not None:
                for value, g in zip(graph.calls[step.call].outputs, step.upstream, strict=True):
                    if value in sent:
                        agree(sent[value], g)
                for flow in step.flows:
                    assert graph.calls[step.call].inputs[flow.place] == flow.value
                    sent[flow.value] = total(sent.get(flow.value), flow.product)
                    agree(sent[flow.value], flow.after)
            if step.kind == "store":
                agree(sent[step.value], step.upstream[0])


def total(before: Any, reading: Any) -> Any:
    if reading is None or reading.data is None:
        return None
    new = np.asarray(reading.data, object)
    if any(isinstance(x, str) for x in new.ravel()):  # complex numbers are written as words
        new = np.vectorize(complex, otypes=[complex])(new)
    new = new.astype(complex)
    return new if before is None else before + new


def agree(sum_of_sent: Any, reading: Any) -> None:
    if sum_of_sent is None or reading is None or reading.data is None:
        return
    np.testing.assert_allclose(sum_of_sent, total(None, reading), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", sorted(FIRST))
def test_an_op_watched(name: str) -> None:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        run, leaves = program(FIRST[name])
        expected = run()
        run_again, watched = program(FIRST[name])
        got: list[Any] = []
        graph = capture(lambda: got.extend(run_again()) or got)
        assert not graph.failure, graph.failure
        assert all(same(a, b) for a, b in zip(expected, got, strict=True))
        for a, b in zip(leaves, watched, strict=True):
            assert (a.grad is None) == (b.grad is None)
            assert a.grad is None or same(a.grad, b.grad)
        adds_up(graph)
        text = graph.to_json()
        assert Graph.from_json(text).to_json() == text
        for level in ("op", "backward"):
            assert sketch(graph, level).boxes


def watched_program(seed: int) -> Graph:
    """One of the random programs of the core's tests, and its backward."""
    rng = np.random.default_rng(seed)
    shapes = fuzz.SHAPES
    values = [rng.uniform(-1, 1, shapes[int(rng.integers(len(shapes)))]) for _ in range(3)]

    def run() -> Any:
        pool = fuzz.start(tn, values)
        for _ in range(int(rng.integers(3, 13))):
            name = str(rng.choice(fuzz.NAMES, p=fuzz.WEIGHTS))
            arguments = fuzz.CHOOSERS[name](rng, [tuple(t.shape) for t in pool])
            if arguments is not None:
                fuzz.run_step(tn, pool, (name, arguments, bool(rng.random() < 0.1)))
        ends = [t for t in pool if t.requires_grad]
        loss = sum((t * t).sum() for t in ends)
        loss.backward()
        return loss

    return capture(run)


@pytest.mark.parametrize("first", range(0, 300, 100))
def test_random_programs_with_views_and_writes(first: int) -> None:
    for seed in range(first, first + 100):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            graph = watched_program(seed)
        adds_up(graph)
        made = {v for c in graph.calls for v in c.outputs}
        assert all(v.kind != "result" or v.id in made for v in graph.values)
        assert all(v < len(graph.values) for c in graph.calls for v in c.inputs)
        assert sketch(graph, "op").boxes
