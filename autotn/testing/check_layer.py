"""The questions asked of a layer, public so that users can ask them of their own.

Each question is a function of a `LayerCase`, which builds the layer anew whenever one needs it fresh.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from autotn.core import dtypes, engine, random
from autotn.core.modes import no_grad
from autotn.core.node import Leaf
from autotn.core.tensor import Tensor, is_differentiable, wrap
from autotn.layers.module import Module
from autotn.layers.parameter import is_lazy
from autotn.testing.gradcheck import gradcheck

__all__ = ["LAYER_QUESTIONS", "LayerCase", "check_layer"]


class LayerCase:
    """How the layer is built and what it is called with."""

    def __init__(
        self, layer: Callable[..., Module], args: Any, kwargs: Any, inputs: Sequence[Any]
    ) -> None:
        self.layer, self.args, self.kwargs = layer, args, kwargs
        self.inputs = inputs

    @property
    def name(self) -> str:
        return getattr(self.layer, "__name__", type(self.layer).__name__)

    def build(self, dtype: dtypes.dtype | None = None, seed: int = 0) -> Module:
        """A layer whose initial weights depend on the seed alone."""
        with _same_draws(seed):
            made = self.layer(*self.args, **self.kwargs)
            if not isinstance(made, Module):
                raise TypeError(
                    f"check_layer: {self.name} gives a {type(made).__name__}, not a Module"
                )
            if any(is_lazy(t) for t in (*made.parameters(), *made.buffers())):
                made(*self.tensors())  # it learns its shapes from the input
        return made if dtype is None else made.to(dtype)

    def tensors(self, dtype: dtypes.dtype | None = None) -> list[Any]:
        """The inputs as tensors of their own; floats require grad."""
        made = []
        for value in self.inputs:
            if isinstance(value, np.ndarray):
                value = wrap(value.copy())
                if value.is_floating_point():
                    value = wrap(value._data.astype((dtype or dtypes.get_default_dtype()).dtype))
                if is_differentiable(value):
                    value.requires_grad_()
            made.append(value)
        return made


class _same_draws:
    """Start the default generator from one place, and put it back."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def __enter__(self) -> None:
        self.before = random.get_rng_state()
        random.manual_seed(self.seed)

    def __exit__(self, *exception: Any) -> None:
        random.set_rng_state(self.before)


def _call(layer: Module, inputs: list[Any]) -> list[Tensor]:
    """The tensors among the results; what is drawn at random is drawn alike each time."""
    with _same_draws():
        result = layer(*inputs)
    found = list(_tensors(result))
    assert found, f"forward returned no Tensor but {type(result).__name__}"
    return found


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _tensors(one)
    elif isinstance(value, (tuple, list)):
        for one in value:
            yield from _tensors(one)


def _leaves_behind(outputs: Sequence[Tensor]) -> list[Tensor]:
    """Every leaf that the results were computed from."""
    seen: set[int] = set()
    waiting = [t._node for t in outputs if t._node is not None]
    found = []
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Leaf) and node.variable is not None:
            found.append(node.variable)
        waiting.extend(p for p in node.parents if p is not None)
    return found


def _equal(got: Sequence[Tensor], expected: Sequence[Tensor], what: str) -> None:
    assert len(got) == len(expected), f"{what}: {len(got)} results, then {len(expected)}"
    for k, (a, b) in enumerate(zip(got, expected, strict=True)):
        np.testing.assert_array_equal(a._data, b._data, err_msg=f"{what}, result {k}")


# -- the questions -----------------------------------------------------------------------------------


def repeats_itself(case: LayerCase) -> None:
    """In evaluation mode the same input gives the same result, and no buffer changes."""
    layer = case.build().eval()
    before = {name: b._data.copy() for name, b in layer.named_buffers()}
    _equal(_call(layer, case.tensors()), _call(layer, case.tensors()), "a second call in eval mode")
    for name, buffer in layer.named_buffers():
        np.testing.assert_array_equal(
            buffer._data, before[name], err_msg=f"buffer {name!r} changed in eval mode"
        )


def inputs_stay(case: LayerCase) -> None:
    """Neither forward nor backward writes into the inputs."""
    layer, inputs = case.build(), case.tensors()
    before = [t._data.copy() if isinstance(t, Tensor) else None for t in inputs]
    _backward(_call(layer, inputs))
    for k, (t, old) in enumerate(zip(inputs, before, strict=True)):
        if old is not None:
            np.testing.assert_array_equal(t._data, old, err_msg=f"input {k} was changed")


def knows_its_parameters(case: LayerCase) -> None:
    """What requires grad and is used in forward is a registered parameter, so that it is trained."""
    layer, inputs = case.build(), case.tensors()
    known = {id(p) for p in layer.parameters()} | {id(t) for t in inputs}
    known |= {id(b) for b in layer.buffers()}
    strangers = [t for t in _leaves_behind(_call(layer, inputs)) if id(t) not in known]
    assert not strangers, (
        f"forward uses {len(strangers)} tensor(s) that require grad and are no parameters, the first of "
        f"shape {tuple(strangers[0].shape)}: assign them as nn.Parameter to an attribute"
    )


def parameters_learn(case: LayerCase) -> None:
    """Every parameter that requires grad gets a finite gradient in training mode."""
    layer = case.build().train()
    _backward(_call(layer, case.tensors()))
    for name, parameter in layer.named_parameters():
        if not parameter.requires_grad:
            continue
        assert parameter.grad is not None, f"parameter {name!r} gets no gradient: is it used?"
        assert np.isfinite(parameter.grad._data).all(), f"the gradient of {name!r} is not finite"


def gradients_are_right(case: LayerCase) -> None:
    """Gradients by inputs and parameters agree with finite differences in float64."""
    layer, inputs = case.build(dtypes.float64).eval(), case.tensors(dtypes.float64)
    names = [name for name, p in layer.named_parameters() if p.requires_grad]
    given = [t for t in inputs if isinstance(t, Tensor) and t.requires_grad]
    places = [k for k, t in enumerate(inputs) if any(t is g for g in given)]
    parameters = dict(layer.named_parameters())
    tensors = [*given, *(parameters[name] for name in names)]
    if not tensors:
        return

    def function(*moved: Tensor) -> Any:
        call = list(inputs)
        for place, t in zip(places, moved, strict=False):
            call[place] = t
        before = {}
        for name, t in zip(names, moved[len(places) :], strict=True):
            before[name] = parameters[name]._data
            parameters[name]._data = t._data
        try:
            return tuple(t for t in _call(layer, call) if is_differentiable(t))
        finally:
            for name, data in before.items():
                parameters[name]._data = data

    assert gradcheck(function, tuple(tensors))


def state_travels(case: LayerCase) -> None:
    """A state_dict brings another instance to the same results; copies and pickles are equal and apart."""
    layer = case.build().eval()
    expected = _call(layer, case.tensors())
    state = layer.state_dict()
    assert state is not layer.state_dict()
    with no_grad():
        other = case.build(seed=1).eval()
        for t in (*other.parameters(), *other.buffers()):
            if is_differentiable(t):
                t.add_(1)
        other.load_state_dict(state)
    _equal(_call(other, case.tensors()), expected, "after load_state_dict")
    twin = copy.deepcopy(layer)
    _equal(_call(twin, case.tensors()), expected, "a deep copy")
    with no_grad():
        for p in twin.parameters():
            p.add_(1)
    _equal(_call(layer, case.tensors()), expected, "the original of a changed deep copy")
    if "<locals>" not in type(layer).__qualname__:  # pickle finds classes by their name
        loaded = pickle.loads(pickle.dumps(layer))
        _equal(_call(loaded, case.tensors()), expected, "after pickle")


def dtype_follows(case: LayerCase) -> None:
    """float32 in, float32 out, gradients too; after ``.to(float64)`` everything is float64."""
    for dtype in (dtypes.float32, dtypes.float64):
        layer, inputs = case.build(dtype), case.tensors(dtype)
        outputs = _call(layer, inputs)
        _backward(outputs)
        for k, t in enumerate(outputs):
            if t.is_floating_point():
                assert t.dtype is dtype, f"{dtype} in, result {k} is {t.dtype}"
        for name, p in layer.named_parameters():
            assert not p.is_floating_point() or p.dtype is dtype, f"{name!r} is {p.dtype}"


def modes_reach_everything(case: LayerCase) -> None:
    """``train`` and ``eval`` switch every module inside; nothing is left behind in ``__init__``."""
    layer = case.build()
    for mode in (False, True):
        layer.train(mode)
        wrong = [name or "itself" for name, m in layer.named_modules() if m.training is not mode]
        assert not wrong, f"train({mode}) does not reach {', '.join(wrong)}"
    assert repr(layer).startswith(layer._get_name())


#: All questions asked of a layer.
LAYER_QUESTIONS: list[Callable[[LayerCase], None]] = [
    repeats_itself, inputs_stay, knows_its_parameters, parameters_learn, gradients_are_right, state_travels,
    dtype_follows, modes_reach_everything,
]  # fmt: skip


def _backward(outputs: Sequence[Tensor]) -> None:
    live = [t for t in outputs if t.requires_grad]
    if live:
        engine.backward_of(live, [wrap(np.ones_like(t._data)) for t in live])


def check_layer(
    layer: Callable[..., Module],
    *args: Any,
    inputs: Sequence[Any],
    skip: Sequence[str] = (),
    **kwargs: Any,
) -> int:
    """Ask every question of a layer of your own, and return how many were answered.

    The layer is built as ``layer(*args, **kwargs)``, several times with equal weights, and called with
    `inputs`; what it draws at random it draws alike each time.

    Parameters
    ----------
    layer
        A Module class, or any function that builds one.
    inputs : sequence
        What forward takes: float arrays are differentiated, others given as they are.
    skip : sequence of str
        Names of questions (see `LAYER_QUESTIONS`) that do not apply.

    Raises
    ------
    AssertionError
        With the layer and the question that failed.

    >>> from autotn.testing import check_layer, make_array
    >>> check_layer(nn.Linear, 3, 2, inputs=[make_array(4, 3)])
    8
    """
    unknown = set(skip) - {q.__name__ for q in LAYER_QUESTIONS}
    if unknown:
        known = ", ".join(q.__name__ for q in LAYER_QUESTIONS)
        raise ValueError(f"check_layer: skip names {sorted(unknown)}; the questions are {known}")
    case = LayerCase(layer, args, kwargs, [_array(value) for value in inputs])
    asked = 0
    for question in LAYER_QUESTIONS:
        if question.__name__ in skip:
            continue
        try:
            question(case)
        except Exception as failure:
            raise AssertionError(
                f"{case.name}, question {question.__name__!r}: {failure}"
            ) from failure
        asked += 1
    return asked


def _array(value: Any) -> Any:
    return value.detach().numpy() if isinstance(value, Tensor) else value
