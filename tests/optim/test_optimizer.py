"""What every optimizer promises about groups, closures, hooks, errors, copies and state dicts."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from autotn import optim
from autotn.core import modes
from autotn.core.tensor import Tensor, wrap
from autotn.optim.optimizer import Optimizer, required
from tests.optim.twins import SMALL_SHAPES, Twins, leaf

EVERY: list[tuple[str, dict[str, Any]]] = [
    ("SGD", dict(momentum=0.9)),
    ("SGD", {}),
    ("Adam", dict(amsgrad=True)),
    ("AdamW", {}),
    ("Adamax", {}),
    ("NAdam", {}),
    ("RAdam", {}),
    ("RMSprop", dict(momentum=0.5, centered=True)),
    ("Adagrad", {}),
    ("Adadelta", {}),
    ("ASGD", {}),
    ("Rprop", {}),
    ("Adafactor", {}),
]


def params(*shapes: tuple[int, ...]) -> list[Tensor]:
    rng = np.random.default_rng(1)
    return [leaf(rng.standard_normal(shape)) for shape in shapes or [(2, 3), (3,)]]


def give_grads(ps: list[Tensor], value: float = 1.0) -> None:
    for p in ps:
        p.grad = wrap(np.full(p._data.shape, value))


def values(ps: list[Tensor]) -> list[Any]:
    return [p._data.copy() for p in ps]


def assert_same(first: list[Any], second: list[Any]) -> None:
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


# -- construction and groups ----------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted({name for name, _ in EVERY} | {"LBFGS", "Muon"}))
def test_signature_is_pytorchs(torch: Any, name: str) -> None:
    import inspect

    def arguments(cls: Any) -> list[tuple[str, Any, Any]]:
        listed = list(inspect.signature(cls.__init__).parameters.values())[1:]
        return [(p.name, p.kind, p.default) for p in listed]

    assert arguments(getattr(optim, name)) == arguments(getattr(torch.optim, name))


@pytest.mark.parametrize(("name", "options"), EVERY)
def test_groups_and_repr_are_pytorchs(torch: Any, name: str, options: dict[str, Any]) -> None:
    twins = Twins(torch)
    ours, theirs = twins.optimizers(optim, name, **options)
    assert repr(ours) == repr(theirs)
    assert ours.defaults == theirs.defaults
    assert list(ours.state_dict()["param_groups"]) == list(theirs.state_dict()["param_groups"])


def test_named_parameters_keep_their_names() -> None:
    weight, bias = params()
    opt = optim.SGD([("weight", weight), ("bias", bias)])
    assert opt.param_groups[0]["param_names"] == ["weight", "bias"]
    assert opt.param_groups[0]["params"] == [weight, bias]
    assert opt.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    with pytest.raises(ValueError, match="with/without names"):
        opt.add_param_group({"params": params()})


def test_generators_and_single_tensors_are_taken() -> None:
    a, b, c = params((1,), (2,), (3,))
    opt = optim.SGD(p for p in (a, b))
    opt.add_param_group({"params": c, "lr": 0.5})
    assert [g["lr"] for g in opt.param_groups] == [1e-3, 0.5]
    assert [len(g["params"]) for g in opt.param_groups] == [2, 1]


def test_options_of_a_group_are_read_at_every_step() -> None:
    (p,) = params((1,))
    opt = optim.SGD([p], lr=1.0)
    for lr in (0.5, 0.25):
        before = p._data.copy()
        give_grads([p])
        opt.param_groups[0]["lr"] = lr
        opt.step()
        np.testing.assert_allclose(before - p._data, lr)


def test_parameters_may_be_added_and_removed_in_place() -> None:
    a, b = params()
    opt = optim.Adam([a])
    give_grads([a, b])
    opt.step()
    opt.param_groups[0]["params"].append(b)
    before = values([a, b])
    opt.step()
    assert float(opt.state[a]["step"]), float(opt.state[b]["step"]) == (2.0, 1.0)
    assert not np.array_equal(before[1], b._data)
    del opt.param_groups[0]["params"][0]
    before = values([a])
    opt.step()
    assert_same(before, values([a]))


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda p: optim.SGD([]), ValueError, "empty parameter list"),
        (lambda p: optim.SGD(p), TypeError, "iterable of Tensors"),
        (lambda p: optim.SGD([1.0]), TypeError, "can only optimize Tensors"),  # type: ignore[arg-type]
        (lambda p: optim.SGD([p * 2]), ValueError, "non-leaf"),
        (lambda p: optim.SGD([{"params": {p}}]), TypeError, "ordered collection"),
        (lambda p: optim.SGD([{"params": [p]}, {"params": [p]}]), ValueError, "more than one"),
        (lambda p: optim.SGD([("a", p), leaf(np.ones(1))]), ValueError, "names"),  # type: ignore[arg-type]
        (lambda p: optim.SGD([p]).add_param_group([p]), TypeError, "must be a dict"),  # type: ignore[arg-type]
        (lambda p: optim.SGD([p], lr=-1.0), ValueError, "Invalid learning rate: -1.0"),
        (lambda p: optim.SGD([p], momentum=-1.0), ValueError, "Invalid momentum value"),
        (lambda p: optim.SGD([p], nesterov=True), ValueError, "Nesterov"),
        (lambda p: optim.SGD([p], lr=wrap(np.ones(2))), ValueError, "1-element"),
        (lambda p: optim.SGD([p], foreach=True, fused=True), RuntimeError, "together"),
        (lambda p: optim.Adam([p], lr=float("nan")), ValueError, "Invalid learning rate"),
        (lambda p: optim.Adam([p], betas=(1.0, 0.9)), ValueError, "index 0: 1.0"),
        (lambda p: optim.Adam([p], betas=(0.9, -0.1)), ValueError, "index 1: -0.1"),
        (lambda p: optim.Adam([p], betas=(0.9, wrap(np.array(0.9)))), ValueError, "both"),
        (lambda p: optim.Adam([p], eps=-1.0), ValueError, "Invalid epsilon value"),
        (lambda p: optim.Adam([p], lr=wrap(np.array(0.1)), foreach=True), ValueError, "lr as a"),
        (lambda p: optim.AdamW([p], weight_decay=-1), ValueError, "AdamW wants weight_decay"),
        (lambda p: optim.Adam([p], differentiable=True), NotImplementedError, "differentiable"),
        (lambda p: optim.Adadelta([p], rho=1.5), ValueError, "rho"),
        (lambda p: optim.Rprop([p], etas=(1.2, 0.5)), ValueError, "eta values"),
        (lambda p: optim.NAdam([p], momentum_decay=-1), ValueError, "momentum_decay"),
        (lambda p: optim.Adafactor([p], beta2_decay=0.5), ValueError, "beta2_decay"),
        (lambda p: optim.Adafactor([p], d=0.5), ValueError, "clipping threshold"),
        (lambda p: optim.Adafactor([p], eps=(-1.0, 1e-3)), ValueError, "epsilon1"),
        (lambda p: optim.Muon([p]), ValueError, "2D"),
        (lambda p: optim.Muon([p], adjust_lr_fn="mine"), ValueError, "adjust_lr_fn"),
        (lambda p: optim.LBFGS([{"params": [p]}, {"params": params()}]), ValueError, "groups"),
        (lambda p: optim.SparseAdam([p]), NotImplementedError, "use Adam"),
    ],
)
def test_what_can_not_be_is_refused(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make(leaf(np.ones(3)))


def test_duplicate_parameters_are_warned_of_and_updated_twice(torch: Any) -> None:
    a, b = params()
    with pytest.warns(UserWarning, match="duplicate"):
        opt = optim.SGD([a, b, a], lr=1.0)
    before = values([a, b])
    give_grads([a, b])
    opt.step()
    np.testing.assert_allclose(before[0] - a._data, 2.0)
    np.testing.assert_allclose(before[1] - b._data, 1.0)


def test_a_required_option_must_be_given() -> None:
    class Needy(Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {"rate": required})

    with pytest.raises(ValueError, match="required optimization parameter rate"):
        Needy(params())
    assert repr(required) == "<required parameter>"


# -- step, closure, zero_grad -------------------------------------------------------------------


def test_a_closure_runs_with_the_tape_on_and_its_loss_is_returned() -> None:
    ps = params()
    opt = optim.Adam(ps)

    def closure() -> str:
        assert modes.is_grad_enabled()
        give_grads(ps)
        return "loss"

    before = values(ps)
    with modes.no_grad():
        assert opt.step(closure) == "loss"
    assert not np.array_equal(before[0], ps[0]._data)
    assert optim.SGD(ps).step() is None


def test_gradients_are_left_as_they_are() -> None:
    ps = params((2, 3), (50_000,))
    opt = optim.Adam(ps, weight_decay=0.1, maximize=True)
    give_grads(ps, 0.5)
    opt.step()
    for p in ps:
        assert p.grad is not None
        np.testing.assert_array_equal(p.grad._data, 0.5)


def test_zero_grad() -> None:
    ps = params()
    opt = optim.SGD(ps)
    give_grads(ps)
    grad = ps[0].grad
    opt.zero_grad(set_to_none=False)
    assert ps[0].grad is grad
    np.testing.assert_array_equal(grad._data, 0)  # type: ignore[union-attr]
    opt.zero_grad()
    assert [p.grad for p in ps] == [None, None]
    before = values(ps)
    opt.step()
    assert_same(before, values(ps))


def test_infinite_gradients_are_no_news() -> None:
    ps = params()
    opt = optim.Adam(ps)
    give_grads(ps, np.inf)
    opt.step()
    assert np.isnan(ps[0]._data).all()


# -- hooks --------------------------------------------------------------------------------------


def test_step_hooks_run_in_order_and_may_change_the_arguments() -> None:
    ps = params()
    opt = optim.SGD(ps)
    seen: list[Any] = []
    handles = [
        optim.register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append("global pre")),
        optim.register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("global post")),
        opt.register_step_post_hook(lambda o, args, kwargs: seen.append(("post", kwargs))),
        opt.register_step_pre_hook(lambda o, args, kwargs: ((o,), {"closure": lambda: "new"})),
    ]
    assert opt.step() == "new"
    assert seen[0] == "global pre"
    assert seen[1][0] == "post"
    assert "closure" in seen[1][1]
    assert seen[2] == "global post"
    for handle in handles:
        handle.remove()
    assert opt.step() is None
    assert len(seen) == 3
    opt.register_step_pre_hook(lambda o, args, kwargs: "nonsense")
    with pytest.raises(RuntimeError, match="new_args, new_kwargs"):
        opt.step()


def test_hooks_run_once_when_a_step_calls_its_parents() -> None:
    class Louder(optim.SGD):
        def step(self, closure: Any = None) -> Any:
            return super().step(closure)

    opt = Louder(params())
    seen: list[Any] = []
    opt.register_step_pre_hook(lambda o, args, kwargs: seen.append(args))
    opt.step()
    assert seen == [(opt,)]


def test_state_dict_hooks() -> None:
    opt = optim.SGD(params())
    seen: list[str] = []
    opt.register_state_dict_pre_hook(lambda o: seen.append("second"))
    opt.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True)
    opt.register_state_dict_post_hook(lambda o, state: {**state, "note": 1})
    state = opt.state_dict()
    assert seen == ["first", "second"]
    assert state["note"] == 1

    def renamed(o: Any, state: dict[str, Any]) -> dict[str, Any]:
        state["param_groups"] = state.pop("groups")
        return state

    opt.register_load_state_dict_pre_hook(renamed)
    opt.register_load_state_dict_post_hook(lambda o: seen.append("loaded"))
    state["groups"] = [{**state.pop("param_groups")[0], "lr": 7.0}]
    opt.load_state_dict(state)
    assert opt.param_groups[0]["lr"] == 7.0
    assert seen[-1] == "loaded"
    assert "groups" in state


# -- state dicts, copies, pickles -----------------------------------------------------------------


@pytest.mark.parametrize(("name", "options"), EVERY)
def test_a_pytorch_state_dict_goes_on_where_it_stopped(
    torch: Any, name: str, options: dict[str, Any]
) -> None:
    twins = Twins(torch, [s for s in SMALL_SHAPES if 0 not in s], np.float32)
    ours, theirs = twins.optimizers(optim, name, lr=0.1, **options)
    for _ in range(5):
        twins.set_grads()
        theirs.step()
    for p, q in zip(twins.ours, twins.theirs):
        p._data[...] = q.detach().numpy()
    ours.load_state_dict(theirs.state_dict())
    for _ in range(5):
        twins.set_grads()
        ours.step()
        theirs.step()
    twins.assert_equal(1e-5)
    twins.assert_equal_states(ours, theirs, 1e-5)


@pytest.mark.parametrize(("name", "options"), EVERY)
def test_pytorch_takes_our_state_dict(torch: Any, name: str, options: dict[str, Any]) -> None:
    twins = Twins(torch, [s for s in SMALL_SHAPES if 0 not in s], np.float32)
    ours, theirs = twins.optimizers(optim, name, lr=0.1, **options)
    for _ in range(5):
        twins.set_grads()
        ours.step()
    for p, q in zip(twins.ours, twins.theirs):
        q.data.copy_(torch.from_numpy(p._data.copy()))
    state = ours.state_dict()
    state["state"] = {
        number: {n: torch.tensor(t._data) for n, t in entries.items()}
        for number, entries in state["state"].items()
    }
    theirs.load_state_dict(state)
    for _ in range(5):
        twins.set_grads()
        ours.step()
        theirs.step()
    twins.assert_equal(1e-5)


@pytest.mark.parametrize(("name", "options"), EVERY)
@pytest.mark.parametrize("how", ["state_dict", "pickle", "deepcopy"])
def test_resumed_equals_uninterrupted(name: str, options: dict[str, Any], how: str) -> None:
    def train(ps: list[Tensor], opt: Optimizer, steps: range) -> None:
        for step in steps:
            rng = np.random.default_rng(step)
            for p in ps:
                p.grad = wrap(rng.standard_normal(p._data.shape))
            opt.step()

    ps = params()
    opt = getattr(optim, name)(ps, **options)
    train(ps, opt, range(4))
    if how == "state_dict":
        again = params()
        for p, q in zip(ps, again):
            q._data[...] = p._data
        other = getattr(optim, name)(again, lr=99.0, **options)
        other.load_state_dict(copy.deepcopy(opt.state_dict()))
    else:
        other = pickle.loads(pickle.dumps(opt)) if how == "pickle" else copy.deepcopy(opt)
        again = other.param_groups[0]["params"]
    train(ps, opt, range(4, 8))
    train(again, other, range(4, 8))
    assert_same(values(ps), values(again))


def test_loading_copies_and_casts() -> None:
    ps = [leaf(np.ones(2, np.float32))]
    opt = optim.Adam(ps)
    saved = {
        "state": {0: {"step": 3, "exp_avg": np.ones(2), "exp_avg_sq": np.ones(2)}},
        "param_groups": [{"lr": 0.5, "params": [0]}],
    }
    opt.load_state_dict(saved)
    assert opt.param_groups[0]["amsgrad"] is False  # from before there was such an option
    give_grads_like(ps)
    opt.step()
    state = opt.state[ps[0]]
    assert state["exp_avg"]._data.dtype == np.float32
    assert float(state["step"]) == 4.0
    np.testing.assert_array_equal(saved["state"][0]["exp_avg"], 1.0)  # type: ignore[index]


def give_grads_like(ps: list[Tensor]) -> None:
    for p in ps:
        p.grad = wrap(np.ones_like(p._data))


def test_a_state_dict_must_fit() -> None:
    opt = optim.SGD(params())
    with pytest.raises(ValueError, match="different number of parameter groups"):
        opt.load_state_dict({"state": {}, "param_groups": []})
    with pytest.raises(ValueError, match="doesn't match the size"):
        opt.load_state_dict({"state": {}, "param_groups": [{"params": [0]}]})


def test_loaded_state_must_have_what_the_options_ask_for() -> None:
    ps = params()
    plain, amsgrad = optim.Adam(ps), optim.Adam(ps, amsgrad=True)
    give_grads(ps)
    plain.step()
    state = plain.state_dict()
    state["param_groups"][0]["amsgrad"] = True
    amsgrad.load_state_dict(state)
    with pytest.raises(KeyError, match="max_exp_avg_sq"):
        amsgrad.step()


def test_loaded_state_must_have_the_parameters_shape() -> None:
    ps = params((3,))
    opt = optim.Adam(ps)
    entries = {"step": 1.0, "exp_avg": np.ones(2), "exp_avg_sq": np.ones(3)}
    opt.load_state_dict({"state": {0: entries}, "param_groups": [{"params": [0], "lr": 0.1}]})
    give_grads(ps)
    with pytest.raises(ValueError, match=r"'exp_avg' has shape \(2,\)"):
        opt.step()


def test_adamw_stays_adamw_when_it_loads_an_adam() -> None:
    ps = params()
    opt = optim.AdamW(ps)
    opt.load_state_dict(optim.Adam(ps).state_dict())
    assert opt.param_groups[0]["decoupled_weight_decay"] is True


def test_adagrad_has_its_state_from_the_start() -> None:
    ps = params()
    opt = optim.Adagrad(ps, initial_accumulator_value=0.5)
    np.testing.assert_array_equal(opt.state[ps[0]]["sum"]._data, 0.5)
    assert set(opt.state_dict()["state"]) == {0, 1}


def test_sgd_without_momentum_remembers_nothing() -> None:
    ps = params()
    opt = optim.SGD(ps)
    give_grads(ps)
    opt.step()
    assert opt.state_dict()["state"] == {}


# -- optimizers of one's own ----------------------------------------------------------------------


class Momentum(Optimizer):
    """As the guide writes one."""

    def __init__(self, params: Any, lr: float = 0.1, beta: float = 0.5) -> None:
        super().__init__(params, dict(lr=lr, beta=beta))

    def init_state(self, p: Any) -> dict[str, Any]:
        return {"m": np.zeros_like(p), "count": 0}

    def update(self, p: Any, g: Any, state: Any, *, lr: float, beta: float) -> None:  # type: ignore[override]
        state["m"] = beta * state["m"] + g  # a new array, not the old one
        state["count"] += 1
        p -= lr * state["m"]


class JoinedMomentum(Momentum):
    elementwise = True


@pytest.mark.parametrize("cls", [Momentum, JoinedMomentum])
def test_an_optimizer_of_ones_own_is_one_method(torch: Any, cls: Any) -> None:
    twins = Twins(torch)
    ours = cls(twins.ours)
    theirs = torch.optim.SGD(twins.theirs, lr=0.1, momentum=0.5)
    for _ in range(5):
        twins.set_grads()
        ours.step()
        theirs.step()
    twins.assert_equal(1e-12)
    state = ours.state[twins.ours[0]]
    assert float(state["count"]) == 5.0
    np.testing.assert_allclose(
        state["m"]._data, theirs.state[twins.theirs[0]]["momentum_buffer"].numpy()
    )
    again = cls(twins.ours)
    again.load_state_dict(ours.state_dict())
    twins.set_grads()
    again.step()
    theirs.step()
    twins.assert_equal(1e-12)


def test_pytorchs_way_of_writing_one_works_too() -> None:
    class Plain(Optimizer):
        def __init__(self, params: Any, lr: float) -> None:
            super().__init__(params, dict(lr=lr))

        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for p in group["params"]:
                    state = self.state[p]
                    state["calls"] = state.get("calls", 0) + 1
                    p._data[...] -= group["lr"] * p.grad._data

    ps = params()
    opt = Plain(ps, 0.5)
    seen: list[Any] = []
    opt.register_step_post_hook(lambda *arguments: seen.append(arguments))
    before = values(ps)
    give_grads(ps)
    opt.step()
    np.testing.assert_allclose(before[0] - ps[0]._data, 0.5)
    assert opt.state_dict()["state"][0] == {"calls": 1}
    assert len(seen) == 1


def test_state_made_inside_update_is_kept() -> None:
    class Lazy(Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {})

        def update(self, p: Any, g: Any, state: Any, **options: Any) -> None:
            state["sum"] = state.get("sum", 0) + g
            state["calls"] = state.get("calls", 0) + 1

    ps = params()
    opt = Lazy(ps)
    give_grads(ps)
    opt.step()
    opt.step()
    assert opt.state[ps[0]]["calls"] == 2
    np.testing.assert_array_equal(opt.state[ps[0]]["sum"]._data, 2.0)


def test_missing_methods_and_options_are_named() -> None:
    class Empty(Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {})

    class Asking(Empty):
        def update(self, p: Any, g: Any, state: Any, *, rate: float) -> None:  # type: ignore[override]
            pass

    ps = params()
    give_grads(ps)
    with pytest.raises(NotImplementedError, match="Empty must define update"):
        Empty(ps).step()
    with pytest.raises(KeyError, match="Asking needs the option 'rate'"):
        Asking(ps).step()


def test_implementation_flags_change_nothing() -> None:
    results = []
    for flags in ({}, {"foreach": True}, {"fused": True}, {"capturable": True}):
        ps = params()
        opt = optim.Adam(ps, **flags)  # type: ignore[arg-type]
        give_grads(ps)
        opt.step()
        results.append(values(ps))
    for other in results[1:]:
        assert_same(results[0], other)
