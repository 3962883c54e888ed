"""Optimizer: parameter groups, state, the step loop, hooks and state dicts.

A subclass writes two methods on arrays, `init_state` and `update`. Both name the options they
need as keyword parameters, and are given those of the group at hand: nothing to look up.
"""

from __future__ import annotations

import copy
import functools
import inspect
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import chain
from operator import is_
from typing import Any, ClassVar, TypeAlias

import numpy as np

from autotn.core.dtypes import get_default_dtype
from autotn.core.failure import name_of
from autotn.core.keywords import KnownKeywords
from autotn.core.modes import HOT, enable_grad, state
from autotn.core.node import RemovableHandle
from autotn.core.storage import mark_written, mark_written_many
from autotn.core.tensor import Tensor, wrap
from autotn.optim.lanes import Array, Home, Run, Seat, State, flat_real, make_lanes, make_runs
from autotn.optim.options import Reader

ParamsT: TypeAlias = Iterable[Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, Tensor]]
StateDict: TypeAlias = dict[str, Any]
Group: TypeAlias = dict[str, Any]
Hooks: TypeAlias = "OrderedDict[int, Callable[..., Any]]"

_global_pre_hooks: Hooks = OrderedDict()
_global_post_hooks: Hooks = OrderedDict()


class _Required:
    """The default of an option that every group must give."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before the step of every optimizer."""
    return RemovableHandle(_global_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Callable[..., None]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after the step of every optimizer."""
    return RemovableHandle(_global_post_hooks, hook)


def _listened(step: Callable[..., Any], optimizer: Any, *args: Any, **kwargs: Any) -> Any:
    """A step that somebody may be listening to."""
    recorder = state.recorder
    if recorder is None:
        return step(optimizer, *args, **kwargs)
    before = recorder.before_step(optimizer)
    result = step(optimizer, *args, **kwargs)
    recorder.after_step(optimizer, before)
    return result


def _hooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """Run the hooks around `step`, once even when a subclass's step calls its parent's."""

    @functools.wraps(step)
    def wrapper(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        if self._stepping:
            return step(self, *args, **kwargs)
        self._stepping = True
        if self._opt_called is False:
            self._opt_called = True
        try:
            arguments: tuple[Any, ...] = (self, *args)
            if _global_pre_hooks or self._step_pre_hooks:
                for hook in [*_global_pre_hooks.values(), *self._step_pre_hooks.values()]:
                    changed = hook(self, arguments, kwargs)
                    if changed is None:
                        continue
                    if not (isinstance(changed, tuple) and len(changed) == 2):
                        raise RuntimeError(
                            f"{type(self).__name__}: a step pre-hook must return None or a tuple "
                            f"(new_args, new_kwargs), got {changed!r}"
                        )
                    arguments, kwargs = changed
            result = (
                _listened(step, *arguments, **kwargs)
                if HOT["SPECIAL"]
                else step(*arguments, **kwargs)
            )
            if _global_post_hooks or self._step_post_hooks:
                for hook in [
                    *self._step_post_hooks.values(),
                    *_global_post_hooks.values(),
                ]:
                    hook(self, arguments, kwargs)
            return result
        finally:
            self._stepping = False

    wrapper.hooked = True  # type: ignore[attr-defined]
    return wrapper


def _named_options(method: Callable[..., Any], positional: int) -> tuple[str, ...] | None:
    """The options a method names after its first `positional` parameters; None: all of them."""
    parameters = list(inspect.signature(method).parameters.values())[positional:]
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return None
    return tuple(p.name for p in parameters if p.name != "fresh")


class _Plan:
    """What was found out about a group: its options, and how its parameters step side by side."""

    __slots__ = ("group", "init", "options", "params", "runs")

    def __init__(self, optimizer: Optimizer, group: Group) -> None:
        self.group = group
        names = optimizer._init_names, optimizer._update_names
        self.options = Reader(type(optimizer).__name__, *names)
        self.init: State = {}  # the options its state was made with
        self.params: list[Tensor] = []
        self.runs: list[Run] = []

    def holds(self, params: list[Tensor], init: State, state: dict[Tensor, State]) -> bool:
        """True when the runs still are right for these parameters, options and state."""
        if len(self.params) != len(params) or not all(map(is_, self.params, params)):
            return False
        if self.init is not init and self.init != init:
            return False
        return all(run.intact(state) for run in self.runs)


class Optimizer(KnownKeywords):
    """Base of all optimizers: owns the groups, the state and the step loop.

    A subclass writes `update` on arrays, and `init_state` when it remembers something:

    >>> class Signed(tn.optim.Optimizer):
    ...     def __init__(self, params, lr=0.1):
    ...         super().__init__(params, dict(lr=lr))
    ...     def update(self, p, g, state, *, lr):
    ...         p -= lr * np.sign(g)
    >>> w = tn.tensor([1.0, -2.0], requires_grad=True)
    >>> (w * w).sum().backward()
    >>> Signed([w]).step()
    >>> w.detach()
    tensor([ 0.9000, -1.9000])

    With ``elementwise = True`` the subclass says that its update treats every element alone. Small
    parameters are then joined: `update` sees flat arrays (of real numbers: a complex parameter
    comes as pairs) that hold several parameters, or a piece of a large one.
    """

    #: True when `update` treats every element alone, so that parameters may be joined.
    elementwise: ClassVar[bool] = False

    _init_names: ClassVar[tuple[str, ...] | None] = ()
    _update_names: ClassVar[tuple[str, ...] | None] = ()
    _wants_fresh: ClassVar[bool] = False

    #: For learning rate schedulers: None until one watches, then whether `step` was called since.
    _opt_called: bool | None = None
    _stepping = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._init_names = _named_options(cls.init_state, 2)
        cls._update_names = _named_options(cls.update, 4)
        cls._wants_fresh = "fresh" in inspect.signature(cls.update).parameters
        step = cls.__dict__.get("step")
        if step is not None and not hasattr(step, "hooked"):
            cls.step = _hooked(step)  # type: ignore[method-assign]

    def __init__(self, params: ParamsT, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        if isinstance(params, Tensor):
            raise TypeError(
                f"{type(self).__name__}: params must be an iterable of Tensors or dicts, got one "
                "Tensor; write [tensor]"
            )
        if hasattr(params, "parameters"):
            raise TypeError(
                f"{type(self).__name__}: '{type(params).__name__}' object is not iterable: give "
                "its parameters, model.parameters()"
            )
        self.state: defaultdict[Any, Any] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self._prepare()
        groups = list(params)
        if not groups:
            raise ValueError(
                f"{type(self).__name__}: optimizer got an empty parameter list"
                + (
                    "; a generator gives its parameters once only: call model.parameters() anew"
                    if isinstance(params, Iterator)
                    else ": does the model have layers, and are they its attributes?"
                )
            )
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)  # type: ignore[arg-type]

    def _prepare(self) -> None:
        """Make what is neither pickled nor part of a state dict."""
        self._step_pre_hooks: Hooks
        self._step_post_hooks: Hooks
        self._state_dict_pre_hooks: Hooks
        self._state_dict_post_hooks: Hooks
        self._load_state_dict_pre_hooks: Hooks
        self._load_state_dict_post_hooks: Hooks
        for moment in ("step", "state_dict", "load_state_dict"):
            self.__dict__.setdefault(f"_{moment}_pre_hooks", OrderedDict())
            self.__dict__.setdefault(f"_{moment}_post_hooks", OrderedDict())
        self._home: Home = {}
        self._plans: dict[int, _Plan] = {}
        self._number_names: frozenset[str] | None = None
        self._scratch: dict[str, list[Array]] = {}

    # -- what a subclass writes --------------------------------------------------------------------

    def init_state(self, p: Array) -> State:
        """Make the state of a new parameter: arrays shaped as `p`, and numbers.

        Users see both as Tensors in ``optimizer.state[parameter]``; `update` sees arrays and Python
        numbers. Further keyword parameters name the group options it needs.
        """
        return {}

    def update(self, p: Array, g: Array, state: State) -> None:
        """Change `p` in place, given its gradient `g` (not to be written to) and its state.

        Further keyword parameters name the group options it needs; ``fresh`` is a bool: this is
        the first update of this state.
        """
        raise NotImplementedError(
            f"{type(self).__name__} must define update(self, p, g, state, *, <options>), or step"
        )

    def scratch(self, like: Array, count: int) -> list[Array]:
        """Give `count` arrays like this one, with arbitrary contents, for use during `update`."""
        size, shape = like.size, like.shape
        buffers = self._scratch.get(like.dtype.char, [])  # a dtype itself takes long to look up
        if len(buffers) < count or buffers[0].size < size:
            count_of_all = max(count, len(buffers))
            buffers = [np.empty(size, like.dtype) for _ in range(count_of_all)]
            self._scratch[like.dtype.char] = buffers
        if buffers[0].shape == shape:
            return buffers[:count]
        return [b[:size].reshape(shape) for b in buffers[:count]]

    # -- the step ----------------------------------------------------------------------------------

    @_hooked
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update every parameter that has a gradient.

        Parameters
        ----------
        closure
            Recomputes the loss and its gradients first; its result is returned.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [
                p
                for p in group["params"]
                if (leaf := p._leaf) is not None and leaf.grad is not None
            ]
            if params:
                if self.elementwise:
                    self._step_joined(group, params)
                else:
                    self._step_each(group, params)
        return loss

    def _plan(self, group: Group) -> _Plan:
        plan = self._plans.get(id(group))
        if plan is None or plan.group is not group:
            plan = self._plans[id(group)] = _Plan(self, group)
        return plan

    def _step_joined(self, group: Group, params: list[Tensor]) -> None:
        """Update parameters by stretches that lie side by side."""
        plan = self._plan(group)
        init, options = plan.options.read(group)
        if not plan.holds(params, init, self.state):
            self._seat(params, init)
            plan.params, plan.init, plan.runs = params, init, make_runs(params, self._home)
        maximize = group.get("maximize", False)
        if self._wants_fresh:  # which all runs of a lane are to hear, the first and the last
            every = [{**options, "fresh": run.lane.fresh} for run in plan.runs]
            for run, told in zip(plan.runs, every):
                run.step(self.update, told, maximize)
                run.lane.fresh = False
        else:
            for run in plan.runs:
                run.step(self.update, options, maximize)
                run.lane.fresh = False

    def _seat(self, params: list[Tensor], init: dict[str, Any]) -> None:
        """Give a place in a lane to every parameter that has none, or whose state was replaced."""
        self._forget_leavers()
        owner = type(self).__name__
        names = self.init_state(np.empty(1, params[0]._data.real.dtype), **init).keys()
        newcomers = {}
        for p in params:
            lane, i = self._home.get(p, (None, 0))
            if lane is None or not lane.holds(i, names, self.state):
                template = self.init_state(flat_real(p._data), **init)
                newcomers[p] = Seat(owner, p, template, self.state.get(p, {}))
        for lane in make_lanes(newcomers.values()):
            for i, p in enumerate(lane.params):
                self._home[p] = lane, i
                if lane.shown[i]:
                    self.state.setdefault(p, {}).update((n, t) for n, t, _ in lane.shown[i])

    def _forget_leavers(self) -> None:
        """Give up lanes with parameters that are in no group any more; the others move."""
        present = {id(p) for group in self.param_groups for p in group["params"]}
        given_up = {id(lane) for p, (lane, _) in self._home.items() if id(p) not in present}
        if given_up:
            self._home = {p: h for p, h in self._home.items() if id(h[0]) not in given_up}

    def make_state(self, group: Group) -> None:
        """Make the state of a group's parameters now instead of at their first step."""
        init, _ = self._plan(group).options.read(group)
        self._seat(group["params"], init)

    def _step_each(self, group: Group, params: list[Tensor]) -> None:
        """Update one parameter after the other, each in its own shape."""
        plan = self._plan(group)
        init, options = plan.options.read(group)
        maximize = group.get("maximize", False)
        for p in params:
            if self._wants_fresh:
                fresh = all(value is None for value in self.state.get(p, {}).values())
                options = {**options, "fresh": fresh}
            tensors = self._own_state(p, init)
            numbers = self._numbers(p, init) & tensors.keys()
            state = {n: v._data if isinstance(v, Tensor) else v for n, v in tensors.items()}
            state |= {n: state[n].item() for n in numbers}
            before = state.copy()
            g = p.grad._data  # type: ignore[union-attr]
            self.update(p._data, np.negative(g) if maximize else g, state, **options)
            for name, value in state.items():
                if name in numbers:
                    tensors[name]._data.fill(value)
                elif value is not before.get(name):
                    tensors[name] = wrap(value) if isinstance(value, np.ndarray) else value
                if isinstance(tensors[name], Tensor):
                    mark_written(tensors[name])
            if tensors:
                self.state[p] = tensors
        mark_written_many(params)

    def _own_state(self, p: Tensor, init: dict[str, Any]) -> State:
        """The users' state of `p`, made if there is none."""
        tensors: State = self.state.get(p, {})
        numbers = self._numbers(p, init)
        if all(value is None for value in tensors.values()):
            made = self.init_state(p._data, **init)
            tensors = {n: _number(v) if n in numbers else wrap(v) for n, v in made.items()}
        for name in numbers & tensors.keys():
            if not isinstance(tensors[name], Tensor):
                tensors[name] = _number(tensors[name])
        if tensors:
            self.state[p] = tensors
        return tensors

    def _numbers(self, p: Tensor, init: dict[str, Any]) -> frozenset[str]:
        """Which entries of a state are numbers: learnt once, from the state `p` would get."""
        if self._number_names is None:
            made = self.init_state(flat_real(p._data) if self.elementwise else p._data, **init)
            self._number_names = frozenset(
                n for n, v in made.items() if isinstance(v, (int, float))
            )
        return self._number_names

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients; with ``set_to_none=False``, fill them with zeros instead."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    if p._leaf is not None:
                        p._leaf.grad = None
                elif p.grad is not None:
                    p.grad.detach_()
                    p.grad._data.fill(0)
                    mark_written(p.grad)

    # -- groups ------------------------------------------------------------------------------------

    def add_param_group(self, param_group: Group) -> None:
        """Optimize further parameters, with the options the group gives and the defaults."""
        who = type(self).__name__
        if not isinstance(param_group, dict):
            raise TypeError(f"{who}: param_group must be a dict, got {type(param_group).__name__}")
        group = param_group
        params = group["params"]
        if isinstance(params, set):
            raise TypeError(
                f"{who}: parameters must come in an ordered collection: the order of a set changes "
                "between runs. Use a list instead."
            )
        listed = [params] if isinstance(params, Tensor) else list(params)
        names = [entry[0] for entry in listed if isinstance(entry, tuple)]
        if names and len(names) != len(listed):
            raise ValueError(
                f"{who}: all parameters must come with names or all without; "
                f"{len(listed) - len(names)} of {len(listed)} have none"
            )
        group["params"] = [entry[1] if isinstance(entry, tuple) else entry for entry in listed]
        if names:
            group["param_names"] = names
        self._check_params(group["params"])
        for name, default in self.defaults.items():
            if default is required and name not in group:
                raise ValueError(
                    f"{who}: parameter group {len(self.param_groups)} didn't specify a value of "
                    f"required optimization parameter {name}"
                )
            group.setdefault(name, default)
        self._check_differentiable(group)
        self._check_duplicates(group)
        self.param_groups.append(group)

    def _check_params(self, params: list[Any]) -> None:
        who = type(self).__name__
        for i, p in enumerate(params):
            if not isinstance(p, Tensor):
                raise TypeError(
                    f"{who}: optimizer can only optimize Tensors, "
                    f"but parameter {i} is {type(p).__module__}.{type(p).__qualname__}"
                )
            if not (p.is_leaf or p.retains_grad):
                raise ValueError(
                    f"{who}: can't optimize a non-leaf Tensor: parameter {i} of shape "
                    f"{tuple(p.shape)} is {name_of(p)}; give the tensors it was computed from, or "
                    "detach().requires_grad_()"
                )

    def _check_differentiable(self, group: Group) -> None:
        if group.get("differentiable"):
            raise NotImplementedError(
                f"{type(self).__name__}: differentiable=True is not supported: the update runs on "
                "arrays, outside the tape. Write the step in Tensor operations to differentiate it."
            )

    def _check_duplicates(self, group: Group) -> None:
        who = type(self).__name__
        params = set(group["params"])
        if len(params) != len(group["params"]):
            warnings.warn(
                f"{who}: optimizer contains a parameter group with duplicate parameters; "
                "they are updated once per appearance",
                stacklevel=4,
            )
        for other in self.param_groups:
            if ("param_names" in group) != ("param_names" in other):
                these = "with" if "param_names" in group else "without"
                raise ValueError(
                    f"{who}: all optimizer param groups should be with/without names; "
                    f"cannot add a group {these} names"
                )
            if not params.isdisjoint(other["params"]):
                raise ValueError(f"{who}: some parameters appear in more than one parameter group")

    # -- state dicts, copies, pickles --------------------------------------------------------------

    def state_dict(self) -> StateDict:
        """The state and the groups, with numbers in place of parameters.

        The Tensors are the optimizer's own, not copies.
        """
        for before in self._state_dict_pre_hooks.values():
            before(self)
        numbers: dict[int, int] = {}
        groups = []
        start = 0
        for group in self.param_groups:
            for i, p in enumerate(group["params"], start):
                numbers.setdefault(id(p), i)
            packed = {k: v for k, v in group.items() if k != "params"}
            packed["params"] = [numbers[id(p)] for p in group["params"]]
            groups.append(packed)
            start += len(group["params"])
        state = {numbers[id(k)] if isinstance(k, Tensor) else k: v for k, v in self.state.items()}
        result: StateDict = {"state": state, "param_groups": groups}
        for after in self._state_dict_post_hooks.values():
            changed = after(self, result)
            if changed is not None:
                result = changed
        return result

    def load_state_dict(self, state_dict: StateDict) -> None:
        """Take over state and options from `state_dict`; Tensors are copied.

        NumPy arrays and whatever converts to them (PyTorch's tensors) are accepted as Tensors.
        """
        who = type(self).__name__
        state_dict = state_dict.copy()
        for before in self._load_state_dict_pre_hooks.values():
            changed = before(self, state_dict)
            if changed is not None:
                state_dict = changed
        saved = copy.deepcopy(state_dict["param_groups"])
        if len(saved) != len(self.param_groups):
            raise ValueError(
                f"{who}: loaded state dict has a different number of parameter groups: "
                f"{len(saved)}, this optimizer has {len(self.param_groups)}"
            )
        for i, (group, new) in enumerate(zip(self.param_groups, saved)):
            if len(group["params"]) != len(new["params"]):
                raise ValueError(
                    f"{who}: loaded state dict contains a parameter group that doesn't match the "
                    f"size of optimizer's group: group {i} has {len(new['params'])} parameters, "
                    f"this optimizer's has {len(group['params'])}"
                )
        ours = chain.from_iterable(group["params"] for group in self.param_groups)
        theirs = chain.from_iterable(group["params"] for group in saved)
        params = dict(zip(theirs, ours))
        init, _ = self._plan(self.param_groups[0]).options.read(self.param_groups[0])
        state: defaultdict[Any, Any] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            if key in params:
                numbers = self._numbers(params[key], init)
                state[params[key]] = _loaded(params[key], value, numbers)
            else:
                state[key] = value
        for group, new in zip(self.param_groups, saved):
            new["params"] = group["params"]
            if "param_names" in group:
                new.setdefault("param_names", group["param_names"])
        self.__setstate__({"state": state, "param_groups": saved})
        for after in self._load_state_dict_post_hooks.values():
            after(self)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._prepare()
        # A checkpoint from before an option existed means that option's default.
        for name, parameter in inspect.signature(type(self)).parameters.items():
            if name in self.defaults and parameter.default is not parameter.empty:
                for group in self.param_groups:
                    group.setdefault(name, parameter.default)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(("\n" if i else "") + f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join(lines) + "\n)"

    # -- hooks -------------------------------------------------------------------------------------

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step; it may return new ones."""
        return RemovableHandle(self._step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., None]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return RemovableHandle(self._step_post_hooks, hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[[Optimizer], None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before `state_dict`."""
        return RemovableHandle(self._state_dict_pre_hooks, hook, first=prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[[Optimizer, StateDict], StateDict | None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after `state_dict`; it may return another dict."""
        return RemovableHandle(self._state_dict_post_hooks, hook, first=prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[[Optimizer, StateDict], StateDict | None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before loading; it may return another dict."""
        return RemovableHandle(self._load_state_dict_pre_hooks, hook, first=prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[[Optimizer], None], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after loading."""
        return RemovableHandle(self._load_state_dict_post_hooks, hook, first=prepend)


def _number(value: float) -> Tensor:
    return wrap(np.array(value, get_default_dtype().dtype))


def _loaded(param: Tensor, value: Any, numbers: frozenset[str], name: Hashable = None) -> Any:
    """A copy of loaded state: arrays as Tensors in the dtype of `param`; numbers keep theirs."""
    if isinstance(value, dict):
        return {key: _loaded(param, v, numbers, key) for key, v in value.items()}
    if isinstance(value, Tensor):
        value = value._data
    elif hasattr(value, "__array__") and not isinstance(value, np.generic):
        value = np.asarray(value)
    if isinstance(value, np.ndarray):
        kept = name == "step" or name in numbers or not param.is_floating_point()
        return wrap(np.array(value, None if kept else param._data.dtype, order="C"))
    if isinstance(value, Iterable) and not isinstance(value, str):
        return type(value)(_loaded(param, v, numbers) for v in value)  # type: ignore[call-arg]
    return value
