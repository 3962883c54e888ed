"""Saving and loading a module's state, and converting its tensors."""

from __future__ import annotations

import gc
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

import autotn as tn
from autotn import nn
from autotn.layers.state import likely_renames


class Net(nn.Module):
    """Two layers, a saved and an unsaved buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(3, 2)
        self.fc2 = nn.Linear(2, 1, bias=False)
        self.register_buffer("count", tn.tensor(3))
        self.register_buffer("scratch", tn.ones(1), persistent=False)

    def forward(self, input: Any) -> Any:
        return self.fc2(self.fc1(input))


def values(module: nn.Module) -> dict[str, Any]:
    return {name: tensor.tolist() for name, tensor in module.state_dict().items()}


def test_a_state_round_trip() -> None:
    one, two = Net(), Net()
    assert values(one) != values(two)
    answer = two.load_state_dict(one.state_dict())
    assert repr(answer) == str(answer) == "<All keys matched successfully>"
    assert answer.missing_keys == []
    assert values(one) == values(two)


def test_a_state_shares_memory_and_has_no_history() -> None:
    net = Net()
    state = net.state_dict()
    assert list(state) == ["count", "fc1.weight", "fc1.bias", "fc2.weight"]
    assert not state["fc1.weight"].requires_grad
    state["fc1.bias"][0] = 7.0
    assert float(net.fc1.bias[0]) == 7.0  # type: ignore[index]
    assert net.state_dict(keep_vars=True)["fc1.bias"] is net.fc1.bias
    assert state._metadata["fc1"] == {"version": 1}
    destination: dict[str, Any] = {}
    assert net.state_dict(destination=destination, prefix="net.") is destination
    assert "net.fc1.weight" in destination
    with pytest.warns(FutureWarning, match="positional"):
        assert list(net.state_dict(None, "p.")) == ["p." + name for name in state]


def test_pytorch_state_loads_as_it_is(torch: Any) -> None:
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.PReLU())
    theirs[0].register_buffer("small", torch.ones(2, dtype=torch.bfloat16))
    ours = nn.Sequential(nn.Linear(3, 2), nn.Module())
    ours[0].register_buffer("small", tn.zeros(2))
    ours[1].weight = nn.Parameter(tn.zeros(1))
    ours.load_state_dict(theirs.state_dict())
    for name, tensor in theirs.state_dict().items():
        assert ours.state_dict()[name].tolist() == tensor.tolist()


def test_arrays_and_other_dtypes_are_converted() -> None:
    layer = nn.Linear(2, 1)
    layer.load_state_dict({"weight": np.array([[1, 2]]), "bias": np.float64(3).reshape(1)})
    assert layer.weight.dtype == tn.float32
    assert layer(tn.tensor([[1.0, 1.0]])).tolist() == [[6.0]]
    scalar = nn.Module()
    scalar.register_buffer("x", tn.tensor(1.0))
    scalar.load_state_dict({"x": tn.tensor([5.0])})
    assert scalar.x.shape == ()
    assert float(scalar.x) == 5.0


def test_an_error_names_everything_and_changes_nothing() -> None:
    net = Net()
    before = values(net)
    state = Net().state_dict()
    state["fc1.weight"] = tn.ones(5, 5)
    state["fc2.wieght"] = state.pop("fc2.weight")
    state["extra"] = "a text"
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    message = str(caught.value)
    assert message.startswith("Error(s) in loading state_dict for Net:")
    assert 'Missing key(s) in state_dict: "fc2.weight".' in message
    assert 'Unexpected key(s) in state_dict: "extra", "fc2.wieght".' in message
    assert 'Likely renames: "fc2.wieght" -> "fc2.weight".' in message
    assert "size mismatch for fc1.weight: copying a param with shape tn.Size([5, 5])" in message
    assert "the shape in current model is tn.Size([2, 3])" in message
    assert values(net) == before


def test_a_lenient_load_reports_and_loads_the_rest() -> None:
    net, other = Net(), Net()
    state = other.state_dict()
    del state["fc2.weight"]
    state["new"] = tn.ones(1)
    answer = net.load_state_dict(state, strict=False)
    assert answer.missing_keys == ["fc2.weight"]
    assert answer.unexpected_keys == ["new"]
    assert net.fc1.weight.tolist() == other.fc1.weight.tolist()
    assert "missing_keys=['fc2.weight']" in repr(answer)
    state["fc1.bias"] = tn.ones(9)
    with pytest.raises(RuntimeError, match=r"size mismatch for fc1\.bias"):
        net.load_state_dict(state, strict=False)
    with pytest.raises(TypeError, match="dict-like"):
        net.load_state_dict([1])  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="expected a Tensor or an array"):
        net.load_state_dict({"fc1.bias": "text"}, strict=False)


@pytest.mark.parametrize(
    ("missing", "unexpected", "advice"),
    [
        (["a.w", "b.w"], ["module.a.w", "module.b.w"], 'the prefix "module." of the unexpected'),
        (["net.a.w", "net.b.w"], ["a.w", "b.w"], 'the prefix "net." should be put before'),
        (["conv.weight"], ["conv1.weight"], '"conv1.weight" -> "conv.weight"'),
        (["norm.weight"], ["norm.gamma", "norm.weights"], '"norm.weights" -> "norm.weight"'),
    ],
)
def test_likely_renames(missing: list[str], unexpected: list[str], advice: str) -> None:
    shapes = dict.fromkeys
    assert advice in likely_renames(shapes(missing, (2,)), shapes(unexpected, (2,)))[0]


def test_renames_need_the_same_shape() -> None:
    assert likely_renames({"conv.weight": (2, 3)}, {"conv1.weight": (3, 2)}) == []
    assert likely_renames({}, {"a": (1,)}) == []


def test_assign_takes_the_given_tensors() -> None:
    net = nn.Linear(2, 1)
    net.weight.requires_grad_(False)
    weight, bias = tn.ones(1, 2, dtype=tn.float64), nn.Parameter(tn.zeros(1))
    net.load_state_dict({"weight": weight, "bias": bias}, assign=True)
    assert net.bias is bias
    assert net.weight.dtype == tn.float64
    assert net.weight.data_ptr() == weight.data_ptr()
    assert type(net.weight) is nn.Parameter
    assert not net.weight.requires_grad


def test_extra_state_travels_with_the_rest() -> None:
    class Counting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.n = 0

        def get_extra_state(self) -> Any:
            return {"n": self.n}

        def set_extra_state(self, state: Any) -> None:
            self.n = state["n"]

    one, two = nn.Sequential(Counting()), nn.Sequential(Counting())
    one[0].n = 5
    state = one.state_dict()
    assert state == OrderedDict({"0._extra_state": {"n": 5}})
    two.load_state_dict(state)
    assert two[0].n == 5
    with pytest.raises(RuntimeError, match=r'Missing key.*"0\._extra_state"'):
        two.load_state_dict({})
    with pytest.raises(RuntimeError, match="Unexpected"):
        nn.Module().load_state_dict({"_extra_state": 1})
    with pytest.raises(RuntimeError, match="define it beside"):
        nn.Module().get_extra_state()


def test_state_hooks() -> None:
    net, seen = Net(), []
    net.register_state_dict_pre_hook(lambda m, prefix, keep: seen.append((prefix, keep)))
    net.fc1.register_state_dict_post_hook(
        lambda m, state, prefix, metadata: state.update({prefix + "added": 1})
    )
    state = net.state_dict()
    assert seen == [("", False)]
    assert state["fc1.added"] == 1
    net._register_state_dict_hook(lambda m, state, prefix, metadata: {"only": 1})
    assert net.state_dict() == {"only": 1}
    net.fc2.register_state_dict_post_hook(lambda *a: 3)
    with pytest.raises(RuntimeError, match="must return None"):
        net.state_dict()


def test_load_hooks_may_rename_and_forgive() -> None:
    net, other = Net(), Net()

    def rename(module: Any, state: Any, prefix: str, *rest: Any) -> None:
        state["fc1.weight"] = state.pop("old.weight")

    handle = net.register_load_state_dict_pre_hook(rename)
    state = other.state_dict()
    state["old.weight"] = state.pop("fc1.weight")
    net.load_state_dict(state)
    assert "old.weight" in state
    assert values(net) == values(other)
    handle.remove()

    def forgive(module: Any, keys: Any) -> None:
        keys.missing_keys.clear()
        keys.unexpected_keys.clear()

    handle = net.register_load_state_dict_post_hook(forgive)
    assert net.load_state_dict(state) == ([], [])
    handle.remove()
    net.register_load_state_dict_post_hook(lambda m, keys: 3)
    with pytest.raises(TypeError, match="not expected to return"):
        net.load_state_dict(other.state_dict())


def test_post_hooks_see_the_loaded_values() -> None:
    net, other, seen = Net(), Net(), []
    net.fc1.register_load_state_dict_post_hook(lambda m, keys: seen.append(m.bias.tolist()))
    net.load_state_dict(other.state_dict())
    assert seen == [other.fc1.bias.tolist()]  # type: ignore[union-attr]


def test_a_module_may_load_itself_otherwise() -> None:
    class Transposed(nn.Linear):
        def _load_from_state_dict(self, state_dict: Any, prefix: str, *rest: Any) -> None:
            state_dict[prefix + "weight"] = state_dict[prefix + "weight"].transpose(0, 1)
            super()._load_from_state_dict(state_dict, prefix, *rest)

    layer = nn.Sequential(Transposed(2, 3))
    layer.load_state_dict({"0.weight": tn.ones(2, 3), "0.bias": tn.zeros(3)})
    assert layer[0].weight.tolist() == [[1.0, 1.0]] * 3


# --------------------------------------------------------------------- conversions


@pytest.mark.parametrize(
    ("convert", "dtype"),
    [
        (lambda m: m.double(), "float64"),
        (lambda m: m.half(), "float16"),
        (lambda m: m.double().float(), "float32"),
        (lambda m: m.to(tn.float64), "float64"),
        (lambda m: m.to("cpu", tn.float64), "float64"),
        (lambda m: m.to(device="cpu", dtype=tn.float16, non_blocking=True), "float16"),
        (lambda m: m.to(tn.ones(1, dtype=tn.float64)), "float64"),
        (lambda m: m.to("cpu"), "float32"),
        (lambda m: m.to(tn.device("cpu")), "float32"),
        (lambda m: m.cpu(), "float32"),
        (lambda m: m.type(tn.float64), "float64"),
    ],
)
def test_conversions_keep_parameters_and_leave_integers(convert: Any, dtype: str) -> None:
    net = Net()
    parameter = net.fc1.weight
    net(tn.ones(1, 3)).sum().backward()
    assert convert(net) is net
    assert net.fc1.weight is parameter
    assert parameter.dtype.name == dtype
    assert parameter.grad is not None
    assert parameter.grad.dtype.name == dtype
    assert net.scratch.dtype.name == dtype
    if dtype != "float64" or net.count.dtype != tn.float64:  # type() converts everything
        assert net.count.dtype == tn.int64


def test_impossible_conversions_are_refused() -> None:
    net = Net()
    with pytest.raises(TypeError, match="only accepts floating point or complex dtypes"):
        net.to(tn.int64)
    with pytest.raises(TypeError, match="unknown keyword 'dtpye'"):
        net.to(dtpye=tn.float64)
    for move in (net.cuda, net.xpu, net.ipu, net.mtia):
        with pytest.raises(RuntimeError, match="CPU only"):
            move()
    with pytest.raises(RuntimeError, match="'cuda:1'"):
        net.cuda(1)
    with pytest.raises(RuntimeError, match="CPU only"):
        net.to("cuda")


def test_to_empty_and_share_memory() -> None:
    net = Net()
    parameter, before = net.fc1.weight, net.fc1.weight.tolist()
    address = parameter.data_ptr()
    net.share_memory()
    assert net.fc1.weight is parameter
    assert parameter.tolist() == before
    assert parameter.data_ptr() != address
    shared = parameter.data_ptr()
    assert net.share_memory().fc1.weight.data_ptr() == shared
    net.to_empty(device="cpu")
    assert net.fc1.weight.shape == (2, 3)
    assert net.fc1.weight.data_ptr() != shared


def test_modes_freezing_and_gradients() -> None:
    net = Net().eval()
    assert not net.fc1.training
    assert net.train().fc1.training
    with pytest.raises(ValueError, match="boolean"):
        net.train(1)  # type: ignore[arg-type]
    net(tn.ones(1, 3)).sum().backward()
    gradient = net.fc1.weight.grad
    net.zero_grad(set_to_none=False)
    assert net.fc1.weight.grad is gradient
    assert net.fc1.weight.grad.tolist() == [[0.0] * 3] * 2  # type: ignore[union-attr]
    net.zero_grad()
    assert net.fc1.weight.grad is None
    assert not any(p.requires_grad for p in net.requires_grad_(False).parameters())
    order: list[str] = []
    net.apply(lambda m: order.append(type(m).__name__))
    assert order == ["Linear", "Linear", "Net"]
    assert net.compile() is None  # type: ignore[func-returns-value]


def test_an_overridden_train_is_respected() -> None:
    class Frozen(nn.Linear):
        def train(self, mode: bool = True) -> Any:
            return super().train(False)

    assert not nn.Sequential(Frozen(1, 1)).train()[0].training


# --------------------------------------------------------------------- lazy


def test_a_lazy_layer_becomes_an_ordinary_one() -> None:
    layer = nn.LazyLinear(3)
    assert repr(layer) == "LazyLinear(in_features=0, out_features=3, bias=True)"
    assert repr(layer.weight) == "<UninitializedParameter>"
    assert layer.has_uninitialized_params()
    layer.double()
    out = layer(tn.ones(5, 2, dtype=tn.float64))
    assert out.shape == (5, 3)
    assert type(layer) is nn.Linear
    assert type(layer.weight) is nn.Parameter
    assert layer.weight.dtype == tn.float64
    assert not layer._hooks
    assert not layer._state_hooks


def test_a_lazy_layer_has_no_values_before() -> None:
    layer = nn.LazyLinear(3)
    for use in (lambda w: w.shape, lambda w: w + 1, lambda w: w.tolist(), lambda w: w.data):
        with pytest.raises(ValueError, match="uninitialized parameter has no shape"):
            use(layer.weight)


def test_lazy_states() -> None:
    ready = nn.LazyLinear(3)
    ready(tn.ones(1, 2))
    lazy = nn.LazyLinear(3)
    lazy.load_state_dict(ready.state_dict())
    assert lazy.weight.tolist() == ready.weight.tolist()
    lazy(tn.ones(1, 2))
    assert type(lazy) is nn.Linear
    assert lazy.in_features == 2
    still = nn.LazyLinear(3)
    still.load_state_dict(nn.LazyLinear(3).state_dict())
    assert still.has_uninitialized_params()
    with pytest.raises(RuntimeError, match="is uninitialized"):
        ready.load_state_dict(still.state_dict())


def test_lazy_layers_refuse_what_does_not_fit() -> None:
    lazy = nn.LazyLinear(3)
    lazy.load_state_dict(nn.Linear(4, 3).state_dict())
    with pytest.raises(ValueError, match="inferred from input: 2 is not equal"):
        lazy(tn.ones(1, 2))

    class Unfinished(nn.LazyLinear):
        def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
            return None

    with pytest.raises(RuntimeError, match="has not been fully initialized"):
        Unfinished(3)(tn.ones(1, 2))


def test_loading_leaves_nothing_to_the_cyclic_collector() -> None:
    """A target network that is loaded anew every few steps does not pile up."""
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    net.load_state_dict(net.state_dict())
    gc.collect()
    gc.disable()
    try:
        for _ in range(5):
            net.load_state_dict(net.state_dict())
        assert not gc.collect()
    finally:
        gc.enable()
