"""Neuron nets: the small bricks that structures are built of, also of use alone."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autotn.core.modes import enable_grad, no_grad
from autotn.core.tensor import Tensor, wrap
from autotn.errors import ShapeError
from autotn.layers import Module, Parameter, init as initial
from autotn.network.activation import Activation, Linear, ReLU, activation_of, array_of
from autotn.network.optimizers import step_by_name
from autotn.ops import empty, linear, zeros

INITS = ("he", "xavier", "lecun", "none")


class NeuronNet(Module):
    r"""Neurons that share their inputs: :math:`a(W x + b)`, with W of shape (outputs, inputs).

    Parameters
    ----------
    init : str or pair, optional
        ``'he'`` (variance 2 / inputs; the default before a ReLU), ``'xavier'`` (2 / (inputs +
        outputs); the default otherwise), ``'lecun'`` (1 / inputs), ``'none'`` (zeros), or the
        weights and biases themselves.

    >>> net = tn.NeuronNet(2, 1, tn.Linear(), init=(np.array([[1.0, 2.0]]), np.array([10.0])))
    >>> net.activate(np.array([1.0, 1.0]))
    array([13.], dtype=float32)
    """

    weight: Any
    bias: Any

    def __init__(self, ninputs: int, noutputs: int, activation: Any, init: Any = None) -> None:
        super().__init__()
        self.ninputs = ninputs
        self.noutputs = noutputs
        self.activation = activation_of(activation, Linear, type(self).__name__)
        self.weight = Parameter(empty(noutputs, ninputs))
        self.bias = Parameter(zeros(noutputs))
        self.initialize(init)

    def initialize(self, init: Any = None) -> None:
        """Draw the weights by the name of a rule, or take them from a pair; biases become 0."""
        who, (noutputs, ninputs) = type(self).__name__, self.weight.shape
        if init is not None and not isinstance(init, str):
            weights, biases = init
            self._take([(self.weight, weights), (self.bias, biases)], "init")
            return
        rule = init or ("he" if isinstance(self.activation, ReLU) else "xavier")
        variances = {"he": 2 / ninputs, "xavier": 2 / (ninputs + noutputs), "lecun": 1 / ninputs}
        if rule not in INITS:
            raise ValueError(f"{who}: init {init!r}; expected one of {', '.join(INITS)} or a pair")
        initial.normal_(self.weight, 0.0, math.sqrt(variances.get(rule, 0.0)))
        initial.zeros_(self.bias)

    @property
    def weights(self) -> Any:
        """The weights as an array that shares the module's memory; what is assigned is copied."""
        return _values(self.weight)

    @weights.setter
    def weights(self, values: Any) -> None:
        self._take([(self.weight, values)], "weights")

    @property
    def biases(self) -> Any:
        """The biases as an array that shares the module's memory; what is assigned is copied."""
        return _values(self.bias)

    @biases.setter
    def biases(self, values: Any) -> None:
        self._take([(self.bias, values)], "biases")

    def _take(self, given: list[tuple[Any, Any]], what: str) -> None:
        """Copy values into parameters, once all are known to fit."""
        pairs = [(parameter, np.asarray(array_of(values))) for parameter, values in given]
        for parameter, values in pairs:
            if values.shape != _values(parameter).shape:
                raise ShapeError(
                    f"{type(self).__name__}: {what} of shape {values.shape}, "
                    f"expected {_values(parameter).shape}"
                )
        with no_grad():
            for parameter, values in pairs:
                if parameter is not None:
                    parameter.copy_(wrap(values))

    def forward(self, input: Any) -> Any:
        """The activations; the last dimension of `input` has the inputs."""
        return self.activation(linear(input, self.weight, self.bias))

    def extra_repr(self) -> str:
        """The sizes."""
        return f"{self.ninputs}, {self.noutputs}"

    # -- alone, on the arrays of one example -----------------------------------------------------

    def _one(self, inputs: Any) -> Tensor:
        """One example as a batch of one."""
        array = array_of(inputs)
        return wrap(array[None].astype(array.dtype if self.weight is None else self.weights.dtype))

    def activate(self, inputs: Any) -> Any:
        """The activations of one example, arrays in and out."""
        with no_grad():
            return self(self._one(inputs))._data[0]

    def calculate_grad(self, inputs: Any, input_errors: Any, a: Any, error: Any) -> dict[str, Any]:
        """The weights' gradients by name, given the gradient `error` of the activations.

        The gradient of the inputs is added to the array `input_errors`. The activations `a`, as
        `activate` gave them, are not needed: they are computed again.
        """
        source = self._one(inputs).requires_grad_()
        named = dict(self.named_parameters())
        from autotn.autograd import grad

        with enable_grad():
            output = self(source)
        upstream = wrap(array_of(error).reshape(output.shape).astype(output._data.dtype))
        gradients = grad(output, [source, *named.values()], upstream)
        input_errors += gradients[0]._data[0].reshape(input_errors.shape)
        return dict(zip(named, (g._data for g in gradients[1:])))

    def apply_grad(
        self,
        inputs: Any,
        grad: Any,
        scale: float = 1e-3,
        method: Any = None,
        b1: float | None = None,
        b2: float | None = None,
        epsilon: float | None = None,
    ) -> None:
        """Change the weights by gradients that `calculate_grad` gave; see `System.learn`."""
        update_weights(self, grad, scale=scale, method=method, b1=b1, b2=b2, epsilon=epsilon)


def _values(parameter: Any) -> Any:
    """The memory of a parameter; nothing where a net has none."""
    return np.zeros(0) if parameter is None else parameter._data


def update_weights(module: Module, grads: Any, **kwargs: Any) -> None:
    """One step of the module's own optimizer with these gradients by name."""
    named = dict(module.named_parameters())
    if named:
        step_by_name(module, named, grads, **kwargs)


class ConstantNet(NeuronNet):
    """Values that do not depend on any input and are never changed.

    >>> tn.ConstantNet(np.array([1.0, 2.0])).activate()
    array([1., 2.], dtype=float32)
    """

    def __init__(self, values: Any) -> None:
        Module.__init__(self)
        self.register_buffer("values", _constant(values), persistent=False)
        self.ninputs = 0
        self.noutputs = self.values.numel()
        self.weight = self.bias = None

    def forward(self, *inputs: Any) -> Any:
        """The values as a batch of one."""
        return self.values.unsqueeze(0)

    def activate(self, inputs: Any = None) -> Any:
        """The values."""
        return self.values._data.copy()

    def calculate_grad(self, inputs: Any, input_errors: Any, a: Any, error: Any) -> dict[str, Any]:
        """Nothing: there are no weights, and no inputs to send anything to."""
        return {}


def _constant(values: Any) -> Tensor:
    from autotn.core.dtypes import get_default_dtype

    array = values._data if isinstance(values, Tensor) else np.asarray(values)
    return wrap(array.astype(get_default_dtype().dtype))


class ActivationNet(NeuronNet):
    """An activation and no neurons.

    >>> tn.ActivationNet(2, 2, tn.ReLU(0.5)).activate(np.array([-2.0, 1.0]))
    array([-1.,  1.])
    """

    def __init__(self, ninputs: int, noutputs: int, activation: Any) -> None:
        Module.__init__(self)
        self.ninputs = ninputs
        self.noutputs = noutputs
        self.activation = activation_of(activation, Activation, "ActivationNet")
        self.weight = self.bias = None

    def forward(self, input: Any) -> Any:
        """The activation."""
        return self.activation(input)

    def extra_repr(self) -> str:
        """Nothing but the activation."""
        return ""
