"""What belongs to a module, under which names, and what may not."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from typing import Any

import pytest

import autotn as tn
from autotn import nn


class Scale(nn.Module):
    """A parameter, a saved and an unsaved buffer."""

    def __init__(self, size: int = 2) -> None:
        super().__init__()
        self.weight = nn.Parameter(tn.ones(size))
        self.register_buffer("seen", tn.zeros(size))
        self.register_buffer("scratch", tn.zeros(size), persistent=False)

    def forward(self, input: Any) -> Any:
        return input * self.weight


class Net(nn.Module):
    """Children, one of them under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.first = Scale()
        self.second = nn.Sequential(Scale(), Scale())
        self.again = self.first
        self.nothing = None

    def forward(self, input: Any) -> Any:
        return self.second(self.first(input))


def names(pairs: Any) -> list[str]:
    return [name for name, _ in pairs]


def test_members_are_found_by_name_each_once() -> None:
    net = Net()
    assert names(net.named_children()) == ["first", "second"]
    assert names(net.named_modules()) == ["", "first", "second", "second.0", "second.1"]
    assert names(net.named_parameters()) == ["first.weight", "second.0.weight", "second.1.weight"]
    assert names(net.named_buffers(prefix="net"))[:2] == ["net.first.seen", "net.first.scratch"]
    assert list(net.parameters(recurse=False)) == []
    assert names(net.named_parameters(remove_duplicate=False))[-1] == "again.weight"
    assert len(list(net.modules(remove_duplicate=False))) == 6


def test_names_agree_with_pytorch(torch: Any) -> None:
    def build(n: Any) -> Any:
        net = n.Sequential(n.Linear(2, 3), n.ModuleDict({"a": n.Linear(3, 1, bias=False)}))
        net.shared = net[0]
        net.extra = n.Module()
        net.extra.register_buffer("count", net[0].weight.detach())
        net.extra.register_parameter("later", None)
        return net

    ours, theirs = build(nn), build(torch.nn)
    for walk in ("named_modules", "named_parameters", "named_buffers"):
        for unique in (True, False):
            got = names(getattr(ours, walk)(prefix="p", remove_duplicate=unique))
            assert got == names(getattr(theirs, walk)(prefix="p", remove_duplicate=unique))
    assert names(ours.named_children()) == names(theirs.named_children())
    assert list(ours.state_dict(prefix="x.")) == list(theirs.state_dict(prefix="x."))
    assert ours.state_dict()._metadata == theirs.state_dict()._metadata
    assert repr(ours) == repr(theirs)


def test_assignment_moves_a_name_between_tables() -> None:
    module = nn.Module()
    module.a = 3
    module.a = nn.Parameter(tn.ones(1))
    assert module._parameters["a"] is module.a
    with pytest.raises(TypeError, match="cannot assign 'int' as parameter 'a'"):
        module.a = 3
    with pytest.raises(TypeError, match="as parameter 'a'"):
        module.a = tn.ones(1)
    module.a = None
    assert module.a is None
    assert list(module.parameters()) == []
    with pytest.raises(TypeError, match="cannot assign 'Identity' as parameter 'a'"):
        module.a = nn.Identity()
    del module.a
    module.a = tn.ones(1)
    module.a = nn.Identity()
    assert "a" in module._modules
    assert "a" not in module._parameters
    with pytest.raises(TypeError, match="as child module 'a'"):
        module.a = 1
    del module.a
    assert not hasattr(module, "a")


def test_a_buffer_takes_any_tensor_and_nothing_else() -> None:
    module = Scale()
    module.seen = tn.ones(2)
    assert module._buffers["seen"] is module.seen
    with pytest.raises(TypeError, match="cannot assign 'list' as buffer 'seen'"):
        module.seen = [1]
    module.fresh = nn.Buffer(tn.ones(1), persistent=False)
    assert "fresh" not in module.state_dict()
    assert "fresh" in names(module.named_buffers())


@pytest.mark.parametrize(
    ("name", "value", "error", "match"),
    [
        ("a.b", None, KeyError, "contain"),
        ("", None, KeyError, "empty string"),
        (3, None, TypeError, "should be a string"),
        ("forward", None, KeyError, "already exists"),
        ("x", 5, TypeError, "'int' object to parameter"),
    ],
)
def test_impossible_registrations_are_refused(
    name: Any, value: Any, error: Any, match: str
) -> None:
    module = nn.Module()
    with pytest.raises(error, match=match):
        module.register_parameter(name, value)
    assert not module._parameters


def test_a_computed_tensor_is_no_parameter() -> None:
    module = nn.Module()
    computed = nn.Parameter(tn.ones(2)) * 2
    with pytest.raises(TypeError, match="Parameter or None required"):
        module.register_parameter("x", computed)


def test_members_before_init_are_refused() -> None:
    class Forgetful(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.Identity()

    with pytest.raises(AttributeError, match=r"before Module\.__init__"):
        Forgetful()


def test_unknown_arguments_of_init_are_refused() -> None:
    class Passing(nn.Module):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)

    with pytest.raises(TypeError, match="unexpected keyword argument 'size'"):
        Passing(size=3)
    with pytest.raises(TypeError, match="takes 1 positional argument but 2 were given"):
        nn.Module(1)


def test_tables_written_directly_reach_the_attributes() -> None:
    module = Scale()
    replacement = nn.Parameter(tn.zeros(2))
    module._parameters["weight"] = replacement
    assert module.weight is replacement
    del module._parameters["weight"]
    assert not hasattr(module, "weight")
    module._parameters.update(weight=replacement, other=None)
    assert module.weight is replacement
    assert module._parameters.pop("other") is None
    assert module._parameters.setdefault("weight") is replacement
    assert module._parameters.popitem() == ("weight", replacement)
    module._buffers.clear()
    assert not hasattr(module, "seen")
    module._modules |= {"child": nn.Identity()}
    assert isinstance(module.child, nn.Identity)
    module._buffers = {"seen": tn.ones(1)}
    assert module.seen.shape == (1,)


def test_a_missing_attribute_is_named() -> None:
    with pytest.raises(AttributeError, match="'Scale' object has no attribute 'wieght'"):
        _ = Scale().wieght


def test_a_suggestion_is_made_once() -> None:
    """Python adds one of its own to an error that knows the object."""
    with pytest.raises(AttributeError, match=r"'wieght'\. Did you mean: 'weight'\?$") as caught:
        _ = Scale().wieght
    assert caught.value.obj is None


def test_a_subclass_may_look_further() -> None:
    class Wrapper(nn.Module):
        def __init__(self, module: nn.Module) -> None:
            super().__init__()
            self.module = module

        def __getattr__(self, name: str) -> Any:
            try:
                return super().__getattr__(name)
            except AttributeError:
                return getattr(self.module, name)

    inner = Scale()
    assert Wrapper(inner).weight is inner.weight


def test_an_error_inside_a_property_is_not_hidden() -> None:
    class Failing(nn.Module):
        @property
        def size(self) -> Any:
            return [].length  # type: ignore[attr-defined]

    with pytest.raises(AttributeError, match="'list' object has no attribute 'length'"):
        _ = Failing().size


def test_dir_shows_members_but_no_numbers() -> None:
    listed = dir(nn.Sequential(Scale()))
    assert "forward" in listed
    assert "0" not in listed
    assert {"weight", "seen"} <= set(dir(Scale()))


def test_paths() -> None:
    net = Net()
    assert net.get_submodule("") is net
    assert net.get_submodule("second.1") is net.second[1]
    assert net.get_parameter("second.0.weight") is net.second[0].weight
    assert net.get_buffer("first.seen") is net.first.seen
    for get, path, match in (
        (net.get_submodule, "second.7", "no attribute '7'"),
        (net.get_submodule, "first.weight", "not an nn.Module"),
        (net.get_parameter, "first.seen", "not an nn.Parameter"),
        (net.get_buffer, "first.weight", "not a buffer"),
    ):
        with pytest.raises(AttributeError, match=match):
            get(path)
    new = Scale(3)
    net.set_submodule("second.1", new)
    assert net.second[1] is new
    with pytest.raises(AttributeError):
        net.set_submodule("second.5", new, strict=True)
    with pytest.raises(ValueError, match="without a target"):
        net.set_submodule("", new)
    with pytest.raises(ValueError, match="is not an nn"):
        net.set_submodule("first", 3)


def test_a_module_is_freed_with_its_last_user() -> None:
    gc.collect()
    gc.disable()
    try:
        net = Net()
        net(tn.ones(2)).sum().backward()
        watched = weakref.ref(net.first.weight)
        del net
        assert watched() is None
    finally:
        gc.enable()


# --------------------------------------------------------------------- collections


class Collected(nn.Module):
    """Modules and parameters in lists, tuples and dicts."""

    def __init__(self) -> None:
        super().__init__()
        self.layers: list[nn.Module] = []
        for _ in range(2):
            self.layers.append(Scale())
        self.heads: dict[str, Any] = {"a": Scale(), "b": [Scale(), (Scale(),)]}
        self.pair = (Scale(), 3, "text")
        self.gains = [nn.Parameter(tn.ones(1))]
        self.numbers = [1, 2, 3]

    def forward(self, input: Any) -> Any:
        for layer in self.layers:
            input = layer(input)
        return self.pair[0](input) * self.gains[0]


def test_collections_stay_what_they_are_and_are_found() -> None:
    net = Collected()
    assert type(net.layers) is list
    assert type(net.pair) is tuple
    assert type(net.heads) is dict
    assert names(net.named_children()) == [
        "layers.0", "layers.1", "heads.a", "heads.b.0", "heads.b.1.0", "pair.0",
    ]  # fmt: skip
    assert names(net.named_parameters())[:2] == ["gains.0", "layers.0.weight"]
    assert "heads.b.1.0.seen" in net.state_dict()
    assert net.get_submodule("heads.b.1.0") is net.heads["b"][1][0]
    assert "(layers.0): Scale()" in repr(net)


def test_parameters_are_those_a_class_names() -> None:
    class Half(nn.Linear):
        def named_parameters(self, *args: Any, **kwargs: Any) -> Any:
            return ((name, p) for name, p in super().named_parameters() if name == "weight")

    layer = Half(2, 3)
    assert [p.shape for p in layer.parameters()] == [(3, 2)]
    assert [p.shape for p in nn.Sequential(layer).parameters()] == [(3, 2), (3,)]


def test_a_later_append_is_seen_and_trained() -> None:
    net = Collected()
    net.layers.append(Scale())
    assert "layers.2.weight" in names(net.named_parameters())
    net(tn.ones(2)).sum().backward()
    assert net.layers[2].weight.grad is not None
    net.zero_grad()
    assert net.layers[2].weight.grad is None
    net.eval()
    assert not net.layers[2].training
    net.double()
    assert net.layers[2].weight.dtype == tn.float64
    assert net.gains[0].dtype == tn.float64
    net.set_submodule("layers.2", Scale(5))
    assert net.layers[2].weight.shape == (5,)
    with pytest.raises(TypeError, match="tuple"):
        net.set_submodule("pair.0", Scale())
    net.layers = []
    assert "layers.0.weight" not in names(net.named_parameters())


def test_a_second_way_to_a_registered_module_adds_nothing() -> None:
    net = nn.Module()
    net.backbone = nn.Sequential(Scale(), Scale())
    net.stages = [net.backbone[0], net.backbone]
    net.weights = list(net.parameters())
    assert list(net.state_dict()) == list(net.backbone.state_dict(prefix="backbone."))
    assert names(net.named_children()) == ["backbone"]


def test_a_list_of_somebody_else_s_modules_needs_no_values_of_its_own() -> None:
    net = nn.Module()
    net.decoder = nn.Module()
    net.encoder = nn.Sequential(Scale(), Scale())
    net.decoder.skips = [net.encoder[0]]
    net.decoder.weights = [net.encoder[1].weight]
    state = net.encoder.state_dict(prefix="encoder.")
    state["encoder.0.weight"] = tn.tensor([5.0, 6.0])
    net.load_state_dict(state)
    assert net.decoder.skips[0].weight.tolist() == [5.0, 6.0]
    assert len(list(net.parameters())) == 2
    tied = nn.Module()
    tied.a, tied.b = Scale(), Scale()
    tied.b.weight = tied.a.weight
    with pytest.raises(RuntimeError, match=r'Missing key.*"b\.weight"'):
        tied.load_state_dict({k: v for k, v in tied.state_dict().items() if k != "b.weight"})


def test_a_child_may_keep_its_parent_in_a_list() -> None:
    parent = nn.Module()
    parent.child = Scale()
    parent.others = [Scale()]
    parent.child.parents = [parent]
    parent.others[0].parents = [parent]
    assert list(parent.state_dict()) == [
        "child.weight", "child.seen", "others.0.weight", "others.0.seen",
    ]  # fmt: skip
    parent.load_state_dict(parent.state_dict())
    assert len(list(parent.modules())) == 3
    assert len(list(parent.modules(remove_duplicate=False))) == 3
    parent.train().apply(lambda module: None).double()
    assert "Scale" in repr(parent)


def test_a_list_that_contains_itself_is_walked_once() -> None:
    net = nn.Module()
    ring: list[Any] = [Scale()]
    ring.append(ring)
    net.ring = ring
    assert names(net.named_children()) == ["ring.0"]


def test_what_is_hidden_stays_hidden() -> None:
    net = nn.Module()
    net.__dict__["teacher"] = [Scale()]
    assert list(net.parameters()) == []


def test_collections_survive_copies_and_pickles() -> None:
    net = Collected()
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert list(twin.state_dict()) == list(net.state_dict())
        assert twin.layers[0] is not net.layers[0]
        twin.layers[0].weight.data.add_(1)
        assert float(net.layers[0].weight[0]) == 1.0


# --------------------------------------------------------------------- copies


def test_a_copy_has_its_own_tables_and_the_same_tensors() -> None:
    module = Scale()
    twin = copy.copy(module)
    assert twin.weight is module.weight
    twin.weight = nn.Parameter(tn.zeros(2))
    assert module.weight is not twin.weight
    assert module._parameters["weight"] is module.weight


def test_a_copied_model_has_no_gradients_and_a_copied_tensor_has() -> None:
    """As in PyTorch, so that a copy that is trained on begins its sums afresh."""
    net = nn.Linear(2, 1)
    net(tn.ones(1, 2)).sum().backward()
    twin = copy.deepcopy(net)
    assert twin.weight.grad is None
    assert twin.weight.requires_grad
    x = tn.ones(2, requires_grad=True)
    x.sum().backward()
    assert copy.deepcopy(x).grad.tolist() == [1.0, 1.0]


def test_a_deepcopy_is_independent_and_keeps_sharing_inside() -> None:
    net = Net()
    twin = copy.deepcopy(net)
    assert twin.first is twin.again
    assert twin.first.weight is not net.first.weight
    assert type(twin.first.weight) is nn.Parameter
    twin._parameters["new"] = nn.Parameter(tn.ones(1))
    assert twin.new.requires_grad
    assert not hasattr(net, "new")


def test_a_pickle_round_trip_keeps_everything() -> None:
    net = Net().eval()
    twin = pickle.loads(pickle.dumps(net))
    assert list(twin.state_dict()) == list(net.state_dict())
    assert not twin.training
    assert not twin.first.training
    twin._buffers["seen"] = tn.ones(1)
    assert twin.seen.shape == (1,)


def test_a_subclass_may_choose_what_is_pickled() -> None:
    class Choosy(Scale):
        def __getstate__(self) -> dict[str, Any]:
            state = self.__dict__.copy()
            state["note"] = "kept"
            return state

        def __setstate__(self, state: dict[str, Any]) -> None:
            self.__dict__.update(state)

    twin: Any = copy.deepcopy(Choosy())
    assert twin.note == "kept"
    assert names(twin.named_parameters()) == ["weight"]
    twin.weight = nn.Parameter(tn.zeros(2))
    assert twin._parameters["weight"] is twin.weight


# --------------------------------------------------------------------- registration hooks


def test_registration_hooks_see_and_may_replace_members() -> None:
    from autotn.nn.modules import module as tree

    seen: list[Any] = []
    handles = [
        tree.register_module_parameter_registration_hook(
            lambda module, name, param: seen.append(("parameter", name))
        ),
        tree.register_module_buffer_registration_hook(
            lambda module, name, buffer: seen.append(("buffer", name))
        ),
        tree.register_module_module_registration_hook(
            lambda module, name, child: nn.Identity() if isinstance(child, Scale) else None
        ),
    ]
    try:
        net = nn.Module()
        net.child = Scale()
        assert isinstance(net.child, nn.Identity)
        assert seen == [("parameter", "weight"), ("buffer", "seen"), ("buffer", "scratch")]
    finally:
        for handle in handles:
            handle.remove()
    net.child = Scale()
    assert isinstance(net.child, Scale)
