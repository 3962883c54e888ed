"""The Graph of a run: values, calls, steps of backward, from every source, and back from JSON."""

from __future__ import annotations

import math
import re
import weakref

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.core.modes import HOT
from autotn.core.op import REGISTRY
from autotn.ir import Graph, Recording, capture, formula_of, measure, read_tape
from autotn.ir.formula_table import EACH_ELEMENT

#: What the formulas' text calls NumPy's functions.
WORDS = {
    **{
        n: getattr(np, n)
        for n in ("log", "exp", "sqrt", "sin", "cos", "sinh", "cosh", "sign", "where")
    },
    "pi": np.pi,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
}


def training_step():
    """A network, its data, and a function that does one whole step."""
    tn.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = tn.optim.SGD(model.parameters(), lr=0.1)

    def step(x, y):
        out = model(x)
        diff = out - y
        loss = (diff**2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return model, step, tn.randn(4, 2), tn.randn(4, 1)


def test_a_whole_step_is_one_graph() -> None:
    model, step, x, y = training_step()
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    g = capture(step, x, y)
    assert [c.op for c in g.calls] == ["linear", "tanh", "linear", "sub", "pow", "mean"]
    assert [c.path for c in g.calls] == ["0", "1", "2", "", "", ""]
    assert [s.kind for s in g.steps] == ["seed"] + ["pull"] * 6 + ["store"] * 4
    assert [v.name for v in g.of_kind("input")] == ["x", "y"]
    for name in ("out", "diff", "loss"):
        assert g.named(name).gradient.state == "computed"
    for name, p in model.named_parameters():
        value = g.named(name)
        assert value.kind == "parameter"
        assert value.gradient.reading == measure(p.grad.numpy())
        assert value.update is not None
        assert value.update.optimizer == "SGD"
        assert value.update.lr == 0.1
        assert value.update.change == pytest.approx(
            float((p.detach() - before[name]).norm()), rel=1e-4
        )
        assert value.update.ratio == pytest.approx(
            value.update.change / float(before[name].norm()), rel=1e-4
        )


def test_the_run_itself_is_not_changed_by_being_watched() -> None:
    results = []
    for watched in (False, True):
        model, step, x, y = training_step()
        _ = capture(step, x, y) if watched else step(x, y)
        results.append(np.concatenate([p.detach().numpy().ravel() for p in model.parameters()]))
    np.testing.assert_array_equal(*results)
    assert HOT["SPECIAL"] == 0


def test_flows_show_product_and_running_sum() -> None:
    x = tn.tensor([1.0, 2.0], requires_grad=True)

    def program(x):
        a = x * x
        b = x * 3
        (a + b).sum().backward()

    g = capture(program, x)
    pulls = [s for s in g.steps if s.kind == "pull"]
    to_x = [f for s in pulls for f in s.flows if f.value == 0]
    assert [f.product.data for f in to_x] == [[3.0, 3.0], [1.0, 2.0], [1.0, 2.0]]
    assert [f.before and f.before.data for f in to_x] == [None, [3.0, 3.0], [4.0, 5.0]]
    assert [f.after.data for f in to_x] == [[3.0, 3.0], [4.0, 5.0], [5.0, 7.0]]
    assert [f.place for f in to_x] == [0, 0, 1]
    assert [f.local.data for f in to_x] == [[3.0, 3.0], [1.0, 2.0], [1.0, 2.0]]
    assert g.values[0].gradient.reading.data == [5.0, 7.0]


def test_a_second_backward_adds_to_what_is_there() -> None:
    w = tn.tensor(2.0, requires_grad=True)

    def program(w):
        for _ in range(2):
            (w * 3).backward()

    g = capture(program, w)
    stores = [s for s in g.steps if s.kind == "store"]
    assert [s.run for s in stores] == [0, 1]
    assert [(s.before and s.before.data, s.after.data) for s in stores] == [(None, 3.0), (3.0, 6.0)]


def test_gradients_of_gradients_are_recorded_in_backward() -> None:
    w = tn.tensor(2.0, requires_grad=True)

    def program(w):
        y = w**3
        (g,) = tn.autograd.grad(y, w, create_graph=True)
        loss = g * g
        loss.backward()

    g = capture(program, w)
    assert {c.phase for c in g.calls} == {"forward", "backward"}
    assert g.named("g").reading.data == 12.0
    assert g.values[0].gradient.reading.data == 288.0
    assert max(s.run for s in g.steps) == 1


@pytest.mark.parametrize(
    ("make", "state"),
    [
        (lambda w: w * 2, "not computed"),
        (lambda w: (w * 2).backward(), "computed"),
        (lambda w: (w * 0).backward(), "zero"),
    ],
)
def test_states_of_a_gradient(make, state) -> None:
    g = capture(make, tn.tensor(3.0, requires_grad=True))
    assert g.values[0].gradient.state == state
    assert capture(lambda x: x * 2, tn.ones(2)).values[0].gradient.state == "not needed"


def test_the_tape_of_a_tensor_before_and_after_backward_freed_it() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
    x = tn.ones(1, 3)
    out = model(x)
    loss = out.mean()
    g = read_tape(loss)
    assert [c.op for c in g.calls] == ["linear", "tanh", "mean"]
    assert [v.name for v in g.of_kind("parameter")] == ["0.weight", "0.bias"]
    assert g.named("out").shape == (1, 2)
    assert g.named("x").kind == "constant"
    assert not any(s.freed for c in g.calls for s in c.saved)
    loss.backward()
    g = read_tape(loss)
    assert g.named("out").gradient.state == "freed"
    assert g.named("0.weight").gradient.state == "computed"
    assert all(s.freed for c in g.calls for s in c.saved)


def test_the_tape_of_a_long_chain_is_read_without_recursion() -> None:
    x = tn.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(30_000):
        y = y + 1.0
    g = read_tape(y)
    assert len(g.calls) == 30_000
    assert "20,000" in g.notes[0]


def test_in_place_chains_and_views_are_followed() -> None:
    def program(x):
        y = x * 2
        y[0] = 1.0
        y.add_(x)
        z = y[1:]
        z.mul_(3.0)
        loss = y.sum()
        loss.backward()

    x = tn.ones(3, requires_grad=True)
    g = capture(program, x)
    assert g.values[0].gradient.reading.data == [1.0, 9.0, 9.0]
    made = g.producers()
    at, ops = g.named("loss").id, []
    while at in made:  # each write is on the way from the loss to the input
        ops.append(made[at].op)
        at = made[at].inputs[0]
    assert ops == ["sum", "assign_view", "add", "assign_view", "mul"]
    assert at == 0
    assert all(c.inputs for c in capture(program_without_tape, tn.ones(3)).calls)


def program_without_tape(x):
    y = x * 2
    z = y[1:]
    y[0] = 1.0
    z.mul_(3.0)
    return y + 1


def test_writes_without_the_tape_reach_the_base() -> None:
    g = capture(program_without_tape, tn.ones(3))
    assert [c.op for c in g.calls][-2:] == ["assign_view", "add"]
    assert g.calls[-1].inputs[0] == g.calls[-2].outputs[0]


def test_a_cut_history_is_marked() -> None:
    g = capture(lambda x: (x * 2).detach() * x, tn.ones(2, requires_grad=True))
    assert g.calls[-1].detached == [0]
    assert g.calls[-1].inputs[0] == g.calls[0].outputs[0]


def test_a_function_of_the_users_own_is_one_call() -> None:
    class Cube(tn.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 3 * x * x * g

    def program(x):
        c = Cube.apply(x)
        c.backward()
        return c

    g = capture(program, tn.tensor(2.0, requires_grad=True))
    assert [c.op for c in g.calls] == ["Cube"]
    assert g.values[0].gradient.reading.data == 12.0


def test_a_fused_op_in_backward_is_one_step() -> None:
    lstm = nn.LSTM(3, 4)

    def program(x):
        out, (h, c) = lstm(x)
        out.sum().backward()
        return out, h, c

    g = capture(program, tn.ones(5, 1, 3))
    assert [c.op for c in g.calls].count("lstm_sweep") == 1
    assert g.named("weight_ih_l0").gradient.state == "computed"
    assert len(g.outputs) == 3


def test_shared_weights_are_one_value_and_modules_count_visits() -> None:
    layer = nn.Linear(3, 3)
    g = capture(lambda x: layer(layer(x)), tn.ones(1, 3))
    assert len(list(g.of_kind("parameter"))) == 2
    assert [c.visits for c in g.calls] == [[0], [1]]
    assert g.parts[0].visits == 2


def test_what_is_kept_for_backward_and_when_it_is_freed() -> None:
    w = tn.ones(4, requires_grad=True)
    kept = capture(lambda w: w.exp().sum(), w)
    assert [(s.name, s.bytes, s.value) for s in kept.calls[0].saved] == [("out", 16, 1)]
    freed = capture(lambda w: w.exp().sum().backward(), w)
    assert freed.calls[0].saved[0].freed


def test_flops_and_bytes() -> None:
    g = capture(nn.Linear(10, 5), tn.ones(3, 10))
    assert g.calls[0].flops == 2 * 3 * 10 * 5 + 3 * 5
    assert g.calls[0].bytes == 3 * 5 * 4
    g = capture(nn.Conv2d(2, 4, 3), tn.ones(1, 2, 5, 5))
    assert g.calls[0].flops == 4 * 9 * (2 * 2 * 9 + 1)


def test_a_failing_op_is_the_last_call_and_the_rest_is_unreached() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.Linear(5, 4), nn.ReLU())
    g = capture(model, tn.ones(1, 3))
    assert g.calls[-1].failed
    assert g.calls[-1].op == "linear"
    assert g.calls[-1].path == "1"
    assert "linear" in g.failure
    assert [p.path for p in g.unreached()] == ["2"]


def test_a_failure_between_ops_and_one_that_is_caught() -> None:
    def fails(x):
        x.exp()
        raise KeyError("gone")

    g = capture(fails, tn.ones(2))
    assert g.calls[-1].op == "raise"
    assert g.calls[-1].text == 'raise KeyError("gone")'

    def recovers(x):
        try:
            return x @ tn.ones(7)
        except ValueError:
            return x * 2

    g = capture(recovers, tn.ones(2))
    assert g.failure == ""
    with pytest.raises(ZeroDivisionError):
        capture(lambda: 1 / 0)


def test_a_block_is_recorded() -> None:
    x = tn.tensor(3.0, requires_grad=True)
    with Recording("square") as run:
        y = x * x
        y.backward()
    assert run.graph.title == "square"
    assert run.graph.named("x").gradient.reading.data == 6.0
    assert run.graph.named("y").gradient.reading.data == 1.0


def test_values_are_kept_as_asked() -> None:
    x = tn.ones(100)
    assert capture(lambda x: x * 2, x).values[0].reading.data is None
    assert capture(lambda x: x * 2, x, values="all").values[0].reading.data == [1.0] * 100
    assert capture(lambda x: x * 2, x, values="none").values[0].reading is None
    with pytest.raises(ValueError, match="values"):
        capture(lambda x: x * 2, x, values="some")


def test_a_function_may_have_a_parameter_called_values() -> None:
    g = capture(lambda x, values: x * values, tn.ones(2), values=tn.tensor([3.0, 4.0]))
    assert g.outputs[0].reading.data == [3.0, 4.0]


def test_json_comes_back_as_the_same_graph() -> None:
    _, step, x, y = training_step()
    g = capture(step, x, y)
    assert Graph.from_json(g.to_json()) == g
    assert Graph.from_json(g.to_json(times=True)).calls[0].seconds == g.calls[0].seconds
    for bad in ("", "{}", "[1]", '{"autotn_graph": 99}', '{"autotn_graph": 2, "calls": [{}]}'):
        with pytest.raises(ValueError, match="from_json"):
            Graph.from_json(bad)


def test_two_runs_give_the_same_bytes() -> None:
    texts = []
    for _ in range(2):
        _, step, x, y = training_step()
        texts.append(capture(step, x, y).to_json())
    assert texts[0] == texts[1]


def test_odd_numbers_survive_json() -> None:
    g = capture(lambda x: x / 0, tn.tensor([1.0, -1.0, 0.0]))
    again = Graph.from_json(g.to_json())
    data = again.values[2].reading.data
    assert data[:2] == [math.inf, -math.inf]
    assert math.isnan(data[2])
    assert (again.values[2].reading.infs, again.values[2].reading.nans) == (2, 1)


@pytest.mark.parametrize("size", [0, 1, 5, 64, 65, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.bool_, np.complex64])
def test_readings_are_those_of_numpy(size, dtype) -> None:
    a = (np.random.default_rng(0).normal(size=size) * 3).astype(dtype)
    r = measure(a)
    x = np.abs(a) if dtype is np.complex64 else a.astype(float)
    assert r.count == size
    assert (r.data is None) == (size > 64)
    if size:
        assert r.min == pytest.approx(x.min(), rel=1e-5)
        assert r.max == pytest.approx(x.max(), rel=1e-5)
        assert r.mean == pytest.approx(x.mean(), rel=1e-4, abs=1e-6)
        assert r.std == pytest.approx(x.std(), rel=1e-4, abs=1e-6)
        assert r.norm == pytest.approx(np.sqrt((x.astype(float) ** 2).sum()), rel=1e-4)
        assert r.zeros == (x == 0).sum()
        assert sum(r.histogram) == size


@pytest.mark.parametrize(
    "values", [[1e-200, 0.0], [1e300, -1e308], [-1.7e308, 1.7e308], [5.0, 5.0]]
)
def test_readings_do_not_overflow(values) -> None:
    r = measure(np.array(values))
    assert math.isfinite(r.norm)
    assert sum(r.histogram) == 2


def test_a_system_that_learns_from_an_earlier_guess() -> None:
    x = tn.Input((4,))()
    system = tn.System([x], [tn.Dense((3,), activation=tn.Tanh())(x)])
    guess, state = system.guess([np.ones(4)], return_state=True)
    g = capture(lambda: system.learn(state, [np.zeros(3)]))
    assert [c.op for c in g.calls][:2] == ["linear", "tanh"]  # read from the tape of the guess
    weight = g.named("Dense_0.weight")
    assert weight.gradient.state == "computed"
    assert weight.update is not None
    assert all(v.shape is not None for v in g.values)
    assert guess[0].shape == (3,)


def test_calls_in_other_threads_are_not_heard() -> None:
    import threading

    def program(x):
        other = threading.Thread(target=lambda: tn.ones(2).exp())
        other.start()
        other.join()
        return x * 2

    assert [c.op for c in capture(program, tn.ones(2)).calls] == ["mul"]


def test_nothing_is_kept_alive_by_being_watched() -> None:
    alive = []

    def program(x):
        for _ in range(5):
            x = x * 2.0
            alive.append(weakref.ref(x))
        return sum(r() is not None for r in alive)

    with Recording() as run:
        assert program(tn.ones(1000)) <= 2  # Python's view of a frame's variables may hold one
    assert len(run.graph.calls) == 5


def test_a_graph_is_short_where_it_is_shown_and_long_where_it_is_written(tmp_path) -> None:
    def program(x):
        for _ in range(1000):
            x = x * 2.0
        return x

    g = capture(program, tn.zeros(2))
    assert repr(g) == "<graph of program: 1,000 calls, 1,002 values>"
    assert len(str(g).splitlines()) == 301
    assert "g.save('graph.txt')" in str(g)
    assert len(g.save(tmp_path / "graph.txt").read_text(encoding="utf-8").splitlines()) == 1003


def test_transforms_are_watched_through() -> None:
    from autotn import func

    def program(x):
        return func.vmap(func.grad(lambda v: (v**3).sum()))(x)

    x = tn.tensor([[1.0, 2.0], [3.0, 4.0]])
    g = capture(program, x)
    assert not g.failure
    assert g.outputs[0].reading.data == [[3.0, 12.0], [27.0, 48.0]]


def test_names_come_from_loops_unpacking_and_in_place_operators() -> None:
    def program(x):
        low, high = tn.aminmax(x)
        total = low + high
        for _ in range(2):
            total += 1
        first, *_rest = x.unbind()
        return total * first

    g = capture(program, tn.tensor([1.0, 2.0, 3.0]))
    assert [v.name for v in g.values if v.kind == "result" and v.name] == [
        *("low", "high", "total", "total", "total", "first"),
    ]


@pytest.mark.parametrize("op", sorted(EACH_ELEMENT))
def test_local_derivatives_of_the_table_are_those_of_the_rules(op) -> None:
    formula = formula_of(op)
    declared = REGISTRY[op]
    assert set(formula.derivatives) <= {i.name for i in declared.inputs}
    if op in ("cast", "in_order", "clamp_between"):
        return
    rng = np.random.default_rng(0)
    arrays = {i.name: rng.uniform(0.2, 0.8, 5) for i in declared.inputs}
    static = {"negative_slope": 0.01, "beta": 1.0}
    out = np.asarray(declared.function(*arrays.values()))
    names = {**arrays, **static, "out": out}
    for role, local in formula.derivatives.items():
        code = re.sub(r"\$(\w+)", r"\1", local.text)
        if " with " in code or "Phi" in code:
            continue
        said = eval(code, dict(WORDS), names)
        rule = declared.joint or declared.rules[role]
        ready = {n: out if n == "out" else arrays.get(n, static.get(n)) for n in rule.names}
        ready |= {f"{n}_shape": (5,) for n in arrays} | {"threshold": 20.0}
        got = rule.function(np.ones(5), *(ready[n] for n in rule.names))
        np.testing.assert_allclose(np.broadcast_to(said, 5), np.broadcast_to(got, 5), rtol=1e-6)


def test_several_models_take_the_names_of_their_variables() -> None:
    maker, judge, loss = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 1)), nn.MSELoss()

    def game(noise: tn.Tensor) -> tn.Tensor:
        return loss(judge(maker(noise)), tn.ones(3, 1))

    g = tn.graph(game, tn.ones(3, 2))
    names = [v.name for v in g.of_kind("parameter")]
    assert names == ["maker.weight", "maker.bias", "judge.0.weight", "judge.0.bias"]
    assert [c.path for c in g.calls[:2]] == ["maker", "judge.0"]
    assert {p.path for p in g.parts} == {"maker", "judge", "judge.0", ""}
    alone = tn.graph(lambda x: loss(judge(x), tn.ones(3, 1)), tn.ones(3, 2))
    assert [v.name for v in alone.of_kind("parameter")] == ["0.weight", "0.bias"]
