"""System: the network that instances make, which guesses and learns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from autotn.autograd import grad
from autotn.core.modes import HOT, enable_grad, no_grad
from autotn.core.tensor import Tensor, wrap
from autotn.errors import AutogradError, ShapeError
from autotn.layers import Module
from autotn.layers.hooks import Scope
from autotn.layers.members import CHANGES
from autotn.layers.state import WAITING, as_tensor
from autotn.network import checkpoints
from autotn.network.losses import is_list, total_loss
from autotn.network.optimizers import Learner, check_gradients, step_by_name
from autotn.network.state import State, outputs_of
from autotn.network.structure import Instance, floating_dtype_of
from autotn.network.wiring import Wiring, wire

#: What stands before the names of what the optimizers remember, in a state_dict.
OPTIMIZER = "_optimizer."

#: The attribute of a System that holds its parameters, and after which of the `CHANGES` they were found.
WEIGHTS = "_known_weights"


class Step(NamedTuple):
    """One part's turn: what runs, and the (part, slot) pairs it reads."""

    part: int
    module: str
    sources: tuple[tuple[int, int], ...]
    constant: bool


class System(Module):
    """A network of instances, from its inputs to its outputs; also an ordinary Module.

    As a Module it is called on batches and returns the output (a tuple of several). `guess` and
    `learn` take one example per input, or a batch of them.

    >>> layer = in_layer = tn.Input((32, 32))()
    >>> print(in_layer)
    Input :: [] -> [(32, 32)]
    >>> for shape in [(15, 15)] * 2:
    ...     layer = tn.Dense(shape, activation=tn.Tanh())(layer)
    ...     print(layer)
    Dense :: [(32, 32)] -> [(15, 15)]
    Dense :: [(15, 15)] -> [(15, 15)]
    >>> out_layer = tn.Dense((26,), activation=tn.Sigmoid())(layer)
    >>> print(out_layer)
    Dense :: [(15, 15)] -> [(26,)]
    >>> s = tn.System(inputs=[in_layer], outputs=[out_layer])
    >>> guess_out, state = s.guess([np.zeros((32, 32))], return_state=True)
    >>> s.learn(state, [np.eye(26)[0]], method="adam", scale=1e-3)
    >>> s(tn.zeros(5, 32, 32)).shape
    tn.Size([5, 26])
    """

    inputs: tuple[Instance, ...]
    outputs: tuple[Instance, ...]
    output_slots: tuple[int, ...]
    #: What runs: recurrent and residual layers are one part each, unlike in `parts`.
    _wiring: Wiring
    _plan: tuple[Step, ...]
    _learner: Learner

    def __init__(
        self, inputs: Sequence[Any] = (), outputs: Sequence[Any] = (), verbose: bool = False
    ) -> None:
        super().__init__()
        fed = [_instance(i, f"inputs[{k}]") for k, i in enumerate(inputs)]
        ends = [_with_slot(o, f"outputs[{k}]") for k, o in enumerate(outputs)]
        if not ends:
            raise ValueError("System: outputs must be a list of at least one Instance")
        for k, instance in enumerate(fed):
            if fed.index(instance) != k:
                raise ValueError(f"System: inputs[{k}] ({instance}) is in the list twice")
            if len(instance.output_shapes) != 1:
                raise ValueError(f"System: inputs[{k}] ({instance}) has several slots")
        wiring = wire(fed, [instance for instance, _ in ends], attrgetter("parents"))
        for k, part in enumerate(wiring.parts):
            if part.module is None and k not in wiring.inputs:
                if part.parents:
                    raise TypeError(f"System: {part} has no module; a Structure's build makes it")
                raise ValueError(f"System: the outputs need {part}, which is not among the inputs")
        # Not assigned one by one: a Module searches assigned tuples for modules, again and again.
        self.__dict__.update(
            inputs=tuple(fed),
            outputs=tuple(instance for instance, _ in ends),
            output_slots=tuple(slot for _, slot in ends),
            _wiring=wiring,
            _learner=Learner(),
        )
        self.__dict__["_plan"] = self._register()
        #: How often `learn` or `apply_grads` changed the weights.
        self.updates = 0
        if verbose:
            print(self.wiring())  # noqa: T201 - asked for

    def _register(self) -> tuple[Step, ...]:
        """Give every module a name, the same one for the same network, and say what reads what."""
        counts: Counter[str] = Counter()
        names: dict[int, str] = {}
        steps = []
        wiring = self._wiring
        for k in wiring.order:
            part = wiring.parts[k]
            if k in wiring.inputs:
                continue
            if id(part.module) not in names:
                kind = type(part.structure).__name__ if not part.constant else "Constant"
                names[id(part.module)] = name = f"{kind}_{counts[kind]}"
                counts[kind] += 1
                self.add_module(name, part.module)
            sources = tuple(zip(wiring.parents[k], part.input_indexes))
            steps.append(Step(k, names[id(part.module)], sources, part.constant))
        return tuple(steps)

    @cached_property
    def _spelled_out(self) -> Wiring:
        """The wiring with recurrent and residual layers step by step, made when first asked for."""
        return wire(self.inputs, self.outputs, attrgetter("spelled"))

    def __getstate__(self) -> dict[str, Any]:
        found_out = {WEIGHTS, "_spelled_out"}
        return {name: value for name, value in self.__dict__.items() if name not in found_out}

    @property
    def parts(self) -> tuple[Instance, ...]:
        """All instances, outputs first; every index is a place among them.

        Recurrent and residual layers are spelled out: below an `RNN` stand its steps, each a
        `Clone` of one `Dense` on the weights of the layer.

        >>> x = tn.Input((32, 32))()
        >>> s = tn.System([x], [tn.Dense((26,))(tn.RNN(20)(x))])
        >>> print(len(s.parts), s.parts[3], s.parts[3].layer[0].weights.shape)
        70 Clone(Dense) :: [(52,)] -> [(20,)] (20, 52)
        """
        return self._spelled_out.parts

    @property
    def input_indexes(self) -> tuple[int, ...]:
        """Where the inputs are."""
        return self._spelled_out.inputs

    @property
    def output_indexes(self) -> tuple[int, ...]:
        """Where the outputs are."""
        return self._spelled_out.outputs

    @property
    def constant_indexes(self) -> tuple[int, ...]:
        """Where the constants are."""
        return self._spelled_out.constants

    @property
    def parents_indexes(self) -> tuple[tuple[int, ...], ...]:
        """What each part reads."""
        return self._spelled_out.parents

    @property
    def children_indexes(self) -> tuple[tuple[int, ...], ...]:
        """What reads each part."""
        return self._spelled_out.children

    @property
    def evaluation_order(self) -> tuple[int, ...]:
        """Each part after those it reads."""
        return self._spelled_out.order

    def wiring(self) -> str:
        """What runs, in this order, and what each reads; the numbers are places in `parts`."""
        number = {id(part): k for k, part in enumerate(self.parts)}
        places = [number[id(part)] for part in self._wiring.parts]
        lines = []
        for k in self._wiring.order:
            above = ", ".join(str(places[p]) for p in self._wiring.parents[k]) or "nothing"
            lines.append(f"{places[k]}: {self._wiring.parts[k]}, reads {above}")
        return "\n".join(lines)

    # ------------------------------------------------------------------ running

    def forward(self, *inputs: Any) -> Any:
        """The output for a batch per input, or the tuple of several outputs."""
        if len(inputs) != len(self.inputs):
            raise TypeError(f"System: {len(inputs)} given for {len(self.inputs)} inputs")
        for k, (part, x) in enumerate(zip(self.inputs, inputs)):
            shape = part.output_shapes[0]
            if not isinstance(x, Tensor):
                raise TypeError(
                    f"System: input {k} must be a Tensor with a batch in front, got "
                    f"{type(x).__name__}; guess takes arrays and single examples"
                )
            if tuple(x.shape[1:]) != shape or x.ndim == 0:
                raise ShapeError(
                    f"System: input {k} has shape {tuple(x.shape)}, expected (N, "
                    f"{', '.join(map(str, shape))})"
                )
        outputs = self._outputs(self._run(list(inputs)))
        return outputs[0] if len(outputs) == 1 else tuple(outputs)

    def _outputs(self, values: list[Any]) -> list[Any]:
        return [values[k][slot] for k, slot in zip(self._wiring.outputs, self.output_slots)]

    def _run(self, inputs: list[Any], verbose: bool = False) -> list[Any]:
        """The slots of every part, given the batches of the inputs."""
        values: list[Any] = [None] * len(self._wiring.parts)
        count = inputs[0].shape[0] if inputs else 1
        for k, x in zip(self._wiring.inputs, inputs):
            values[k] = (x,)
        modules = self._modules
        for part, name, sources, constant in self._plan:
            read = [values[k][slot] for k, slot in sources]
            values[part] = outputs_of(modules[name], read, count if constant else None)
            if verbose:
                print(self._wiring.parts[part])  # noqa: T201 - asked for
        return values

    def _enter(self, inputs: Any, keep: bool) -> tuple[list[Tensor], bool]:
        """The inputs as batches, and whether they were single examples."""
        if inputs.__class__ is not list and not is_list(inputs):
            raise TypeError(
                "guess: inputs must be a list with one array per input, "
                f"got {type(inputs).__name__}"
            )
        if len(inputs) != len(self.inputs):
            raise ValueError(
                f"guess: {len(inputs)} inputs given for {len(self.inputs)} of the System"
            )
        floating = floating_dtype_of(self._weights())
        batches, counts = [], set()
        for k, (part, given) in enumerate(zip(self.inputs, inputs)):
            shape = part.output_shapes[0]
            try:
                array = given._data if isinstance(given, Tensor) else np.asarray(given)
                if array.dtype.kind not in "fiubV":
                    raise TypeError(f"guess: inputs[{k}] must hold numbers, got {array.dtype}")
                single = array.shape == shape
                if not single and (array.ndim == 0 or array.shape[1:] != shape):
                    batch = ", ".join(map(str, ("N", *shape)))
                    raise ShapeError(
                        f"guess: inputs[{k}] has shape {array.shape}, expected {shape} or, "
                        f"for a batch, ({batch})"
                    )
                batch_array = array[None] if single else array
                kind = part.output_dtypes[0] or floating
                # A copy when it is kept: the caller may write the next example into this memory.
                batches.append(wrap(np.array(batch_array, kind, copy=True if keep else None)))
            except ValueError as error:
                if isinstance(error, ShapeError):
                    raise
                raise ValueError(f"guess: inputs[{k}] is no array of numbers: {error}") from None
            counts.add(None if single else len(array))
        if len(counts) > 1:
            raise ShapeError(
                "guess: the inputs must be single examples or batches of one size, got shapes "
                + ", ".join(str(np.shape(i)) for i in inputs)
            )
        return batches, counts in ({None}, set())

    def guess(self, inputs: Any, return_state: bool = False, verbose: bool = False) -> Any:
        """The list of outputs for a list of inputs, each one example or a batch.

        Parameters
        ----------
        return_state : bool
            Return ``(outputs, state)``, where `learn` can use the state.
        verbose : bool
            Print every part as it runs.
        """
        batches, single = self._enter(inputs, return_state)
        with enable_grad() if return_state else no_grad():
            if HOT["SPECIAL"]:
                with Scope(self):
                    values = self._run(batches, verbose)
            else:
                values = self._run(batches, verbose)
        outputs = self._outputs(values)
        arrays = [(o._data[0] if single else o._data).copy() for o in outputs]
        if not return_state:
            return arrays
        return arrays, State(self, values, outputs, single)

    # ------------------------------------------------------------------ learning

    def learn(
        self,
        final_state: State,
        true_outputs: Any,
        batch: bool = False,
        loss: Any = "quad",
        **kwargs: Any,
    ) -> Any:
        """Move the weights once, so that the guess comes nearer to the truth.

        Parameters
        ----------
        true_outputs : list
            One array per output, of its shape; None for an output that shall not matter.
        batch : bool
            Do not change anything, return the gradients for `apply_grads`.
        loss : str or Module
            ``'quad'`` (half the squared error), ``'ce'`` (cross-entropy) or a loss module.
        **kwargs
            ``method`` is ``'sgd'`` (the default), ``'rmsprop'``, ``'adam'`` or an optimizer;
            ``scale`` is the learning rate (1e-3); ``b1``, ``b2``, ``epsilon`` are Adam's.
        """
        if batch:
            if kwargs:
                raise TypeError(
                    f"learn: with batch=True, {', '.join(kwargs)} belong to apply_grads"
                )
            return self.calculate_grads(final_state, true_outputs, loss)
        self._check_state("learn", final_state)
        parameters = self._trained("learn")
        optimizer = self._learner.choose("learn", parameters, **kwargs)
        with enable_grad():
            total = total_loss("learn", final_state.outputs, true_outputs, loss, final_state.single)
        for p in parameters:
            p.grad = None
        try:
            total.backward()
            optimizer.step()
        finally:
            for p in parameters:
                p.grad = None
        final_state.loss = total.item()
        self.__dict__["updates"] += 1  # no member: need not be looked at as one
        return None

    def calculate_grads(
        self, final_state: State, true_outputs: Any, loss: Any = "quad"
    ) -> dict[str, Any]:
        """The gradients of the loss by the names of the parameters, as arrays."""
        self._check_state("calculate_grads", final_state)
        self._trained("calculate_grads")
        named = self._named()
        with enable_grad():
            total = total_loss(
                "calculate_grads", final_state.outputs, true_outputs, loss, final_state.single
            )
        found = grad(
            total,
            list(named.values()),
            retain_graph=True,
            allow_unused=True,
            materialize_grads=True,
        )
        final_state.loss = total.item()
        return {name: g._data for name, g in zip(named, found)}

    def apply_grads(self, final_state: Any, grads: Any, batch: bool = False, **kwargs: Any) -> None:
        """Move the weights once by gradients; with ``batch=True`` by the mean of a list of them.

        `final_state` is not needed any more: gradients belong to weights, not to examples.
        """
        named = self._named()
        if batch:
            if isinstance(grads, Mapping) or not isinstance(grads, Sequence) or not grads:
                raise TypeError("apply_grads: batch=True takes a list of what learn returned")
            for one in grads:
                check_gradients("apply_grads", named, one)
            grads = {name: sum(one[name] for one in grads) / len(grads) for name in named}
        step_by_name(self, named, grads, self._learner, **kwargs)
        self.updates += 1

    def _weights(self) -> list[Any]:
        """All parameters; the modules are walked again only after one, anywhere, got or lost a member."""
        latest, known = self.__dict__.get(WEIGHTS, (-1, ()))
        if latest != CHANGES.latest:
            latest, known = CHANGES.latest, list(self.parameters())
            if not any(module._collections for module in self.modules()):
                self.__dict__[WEIGHTS] = latest, known
        return known

    def _trained(self, who: str) -> list[Any]:
        parameters = [p for p in self._weights() if p.requires_grad]
        if not parameters:
            raise AutogradError(f"{who}: the System has no weights that could learn")
        return parameters

    def _check_state(self, who: str, state: Any) -> None:
        if not isinstance(state, State) or state.owner is not self:
            raise TypeError(
                f"{who}: final_state must be the state this System's guess(..., return_state=True) "
                f"returned, got {state!r}"
            )
        if state.updates != self.updates:
            raise AutogradError(
                f"{who}: the weights have changed since this guess; call guess again and learn "
                "from its state"
            )

    def _named(self) -> dict[str, Any]:
        """The trained parameters by name."""
        return {name: p for name, p in self.named_parameters() if p.requires_grad}

    # ------------------------------------------------------------------ checkpoints

    def save_weights(self, fname: Any, checkpoint: str | None = None) -> None:
        """Put the weights, and what the optimizers remember, into a file under a name.

        The file may hold several checkpoints; one of the same name is replaced. It is in the
        safetensors format, or with the suffix ``.h5`` in the original package's (weights only).

        >>> import tempfile
        >>> x = tn.Input((2,))()
        >>> s = tn.System([x], [tn.Dense((3,))(x)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     s.save_weights(f"{folder}/net.safetensors", "early")
        ...     s.load_weights(f"{folder}/net.safetensors", "early")
        """
        checkpoints.save(self, fname, checkpoint)

    def load_weights(self, fname: Any, checkpoint: str | None = None) -> None:
        """Take the weights of a checkpoint; nothing changes when it does not fit."""
        checkpoints.load(self, fname, checkpoint)

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        super()._save_to_state_dict(destination, prefix, keep_vars)
        for name, value in self._learner.tensors(self._named()).items():
            tensor = value if isinstance(value, Tensor) else wrap(np.asarray(value))
            destination[f"{prefix}{OPTIMIZER}{name}"] = tensor.detach()

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, strict: bool,
        missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        start = prefix + OPTIMIZER
        remembered = {}
        for key in [key for key in state_dict if key.startswith(start)]:
            value = as_tensor(state_dict.pop(key))
            if value is None:
                error_msgs.append(f"{key} is no tensor")
            else:
                remembered[key[len(start) :]] = value
        try:
            local_metadata[WAITING].append(self._learner.plan(self._named(), remembered))
        except ValueError as error:
            error_msgs.append(f"the optimizers' memory does not fit: {error}")
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )


def _instance(given: Any, where: str) -> Instance:
    if not isinstance(given, Instance):
        raise TypeError(f"System: {where} must be an Instance, got {given!r}")
    return given


def _with_slot(given: Any, where: str) -> tuple[Instance, int]:
    """An output: an Instance, whose slot 0 is meant, or a pair of an Instance and a slot."""
    if isinstance(given, tuple) and len(given) == 2:
        instance = _instance(given[0], where)
        return instance, instance.slot(given[1], f"System: {where}")
    return _instance(given, where), 0
