"""Recurrent layers over whole sequences, and their cells for single steps."""

from __future__ import annotations

import math
import warnings
from typing import Any

from autotn.core.failure import describe, with_origin
from autotn.errors import ShapeError
from autotn.layers import init
from autotn.layers.module import Module
from autotn.layers.packing import PackedSequence
from autotn.layers.parameter import Parameter
from autotn.ops import empty, gru_cell, lstm_cell, rnn_relu_cell, rnn_tanh_cell, zeros
from autotn.ops.recurrent import SWEEPS, same_dtype, sweep_layers

__all__ = [
    "GRU",
    "LSTM",
    "RNN",
    "GRUCell",
    "LSTMCell",
    "RNNBase",
    "RNNCell",
    "RNNCellBase",
]

#: How many blocks of rows the weights have.
GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module):
    """What RNN, LSTM and GRU share: stacked layers, one or both directions, their weights.

    Parameters
    ----------
    mode : str
        "LSTM", "GRU", "RNN_TANH" or "RNN_RELU".
    batch_first : bool
        Input and output are (batch, steps, features) instead of (steps, batch, features).
    dropout : float
        In training, the share dropped between layers.
    proj_size : int
        For LSTM: multiply each new state with a matrix to this size.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._check_settings(dropout)
        rows = GATES[mode] * hidden_size
        state_size = proj_size or hidden_size
        directions = 2 if bidirectional else 1
        self._weight_names: list[dict[str, str]] = []
        for layer in range(num_layers):
            features = input_size if layer == 0 else state_size * directions
            for suffix in ("", "_reverse")[:directions]:
                shapes: dict[str, Any] = {"w_ih": (rows, features), "w_hh": (rows, state_size)}
                if bias:
                    shapes |= {"b_ih": (rows,), "b_hh": (rows,)}
                if proj_size:
                    shapes["w_hr"] = (proj_size, hidden_size)
                names = {key: _spoken(key) + f"_l{layer}{suffix}" for key in shapes}
                for key, shape in shapes.items():
                    made = Parameter(empty(shape, device=device, dtype=dtype))
                    setattr(self, names[key], made)
                self._weight_names.append(names)
        self.reset_parameters()

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take a pickle's attributes, of PyTorch's layer too, which names its weights otherwise."""
        state = dict(state)
        flat = state.pop("_all_weights", None)
        state.pop("_flat_weights", None)
        state.pop("_flat_weight_refs", None)
        if flat is not None:
            keys = ["w_ih", "w_hh", *(["b_ih", "b_hh"] if state["bias"] else [])]
            keys += ["w_hr"] if state.get("proj_size") else []
            state["_weight_names"] = [dict(zip(keys, names)) for names in flat]
        super().__setstate__(state)

    def _check_settings(self, dropout: Any) -> None:
        name = type(self).__name__
        if self.mode not in SWEEPS:
            raise ValueError(f"{name}: Unrecognized RNN mode: {self.mode}")
        if isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ValueError(
                f"{name}: dropout should be a number in range [0, 1] representing the probability "
                f"of an element being zeroed, got {dropout!r}"
            )
        for what, kind in (
            ("bias", bool),
            ("batch_first", bool),
            ("input_size", int),
            ("hidden_size", int),
        ):
            value = getattr(self, what)
            if not isinstance(value, kind):
                raise TypeError(
                    f"{name}: {what} should be of type {kind.__name__}, got: {type(value).__name__}"
                )
        for what in ("input_size", "hidden_size", "num_layers"):
            if getattr(self, what) <= 0:
                raise ValueError(
                    f"{name}: {what} must be greater than zero, got {getattr(self, what)}"
                )
        if self.proj_size < 0:
            raise ValueError(
                f"{name}: proj_size should be a positive integer or zero to disable projections, "
                f"got {self.proj_size}"
            )
        if self.proj_size and self.mode != "LSTM":
            raise ValueError(
                f"{name}: proj_size argument is only supported for LSTM, not RNN or GRU"
            )
        if self.proj_size >= self.hidden_size:
            raise ValueError(
                f"{name}: proj_size has to be smaller than hidden_size, got "
                f"{self.proj_size} and {self.hidden_size}"
            )
        if dropout > 0 and self.num_layers == 1:
            warnings.warn(
                f"{name}: dropout is applied between layers, so dropout={dropout} does nothing "
                "with num_layers=1",
                stacklevel=4,
            )

    def reset_parameters(self) -> None:
        """Draw fresh initial values."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Do nothing: there is no packed copy of the weights."""

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters, by layer and direction."""
        return [[getattr(self, n) for n in names.values()] for names in self._weight_names]

    def _weights(self) -> list[dict[str, Any]]:
        return [{k: getattr(self, n) for k, n in names.items()} for names in self._weight_names]

    def _state_sizes(self) -> list[int]:
        """The features of each state: h, and for an LSTM c."""
        size = self.proj_size or self.hidden_size
        return [size, self.hidden_size] if self.mode == "LSTM" else [size]

    def forward(self, input: Any, hx: Any = None) -> Any:
        """All outputs of the last layer, and the last states of all layers.

        Parameters
        ----------
        input : Tensor or PackedSequence
            (steps, batch, features), or (steps, features) for one sequence; see `batch_first`.
        hx : Tensor, or for LSTM a pair
            First states, (layers · directions, batch, features); None: zeros.
        """
        packed = isinstance(input, PackedSequence)
        data = input.data if packed else input
        ranks = (2,) if packed else (2, 3)
        if data.ndim not in ranks:
            raise ValueError(
                f"{type(self).__name__}: Expected input to be 2D or 3D, got {data.ndim}D instead"
            )
        if data.shape[-1] != self.input_size:
            raise with_origin(
                ShapeError(
                    f"{type(self).__name__}: input.size(-1) must be equal to input_size. "
                    f"Expected {self.input_size}, got {data.shape[-1]}: {tuple(data.shape)}; "
                    f"input_size={data.shape[-1]} would fit"
                ),
                data,
                -1,
            )
        same_dtype(type(self).__name__, data, getattr(self, self._weight_names[0]["w_ih"]))
        single = not packed and data.ndim == 2
        swapped = not packed and not single and self.batch_first
        sizes, batch = None, 1
        if packed:
            sizes = tuple(input.batch_sizes.tolist())
            batch = sizes[0] if sizes else 0
        elif single:
            data = data.unsqueeze(1)
        else:
            data = data.transpose(0, 1) if swapped else data
            batch = data.shape[1]
        states = self._first_states(hx, batch, single, data)
        if packed and hx is not None and input.sorted_indices is not None:
            states = [state.index_select(1, input.sorted_indices) for state in states]
        output, last = sweep_layers(
            self.mode,
            data,
            states,
            self._weights(),
            2 if self.bidirectional else 1,
            self.dropout if self.training else 0.0,
            sizes,
        )
        if packed:
            output = input._replace(data=output)
            if input.unsorted_indices is not None:
                last = [state.index_select(1, input.unsorted_indices) for state in last]
        elif single:
            output, last = output.squeeze(1), [state.squeeze(1) for state in last]
        elif swapped:
            output = output.transpose(0, 1)
        return output, tuple(last) if self.mode == "LSTM" else last[0]

    def _first_states(self, hx: Any, batch: int, single: bool, data: Any) -> list[Any]:
        """The states to begin with, checked: for each layer and direction (batch, features)."""
        name, sweeps, sizes = type(self).__name__, len(self._weight_names), self._state_sizes()
        if hx is None:
            nothing = {
                features: zeros((batch, features), dtype=data.dtype) for features in {*sizes}
            }
            return [[nothing[features]] * sweeps for features in sizes]
        expected = [(sweeps, batch, features) for features in sizes]
        if self.mode == "LSTM" and (not isinstance(hx, (tuple, list)) or len(hx) != 2):
            raise RuntimeError(
                f"{name}: expected hx to be a pair (h_0, c_0) of tensors, got {describe(hx)}"
            )
        states = [hx] if self.mode != "LSTM" else list(hx)
        rank = 2 if single else 3
        for k, state in enumerate(states):
            if state.ndim != rank:
                kind = "unbatched 2-D" if single else "batched 3-D"
                raise RuntimeError(
                    f"{name}: For {kind} input, hx should also be {rank}-D but got "
                    f"{state.ndim}-D tensor"
                )
            if single:
                state = states[k] = state.unsqueeze(1)
            if tuple(state.shape) != expected[k]:
                which = f"hidden[{k}]" if self.mode == "LSTM" else "hidden"
                raise RuntimeError(
                    f"{name}: Expected {which} size {expected[k]}, got {list(state.shape)}; its axes are "
                    "(num_layers, twice as many where bidirectional; batch; features), "
                    "also with batch_first"
                )
        return states

    def extra_repr(self) -> str:
        """The sizes, and settings that are not the usual ones."""
        usual = {
            "proj_size": 0,
            "num_layers": 1,
            "bias": True,
            "batch_first": False,
            "dropout": 0,
            "bidirectional": False,
        }
        shown = [f"{k}={getattr(self, k)}" for k, v in usual.items() if getattr(self, k) != v]
        return ", ".join([str(self.input_size), str(self.hidden_size), *shown])


def _spoken(key: str) -> str:
    """``w_ih`` is called ``weight_ih``."""
    return {"w": "weight", "b": "bias"}[key[0]] + key[1:]


class RNN(RNNBase):
    r"""Layers of :math:`h_t = \tanh(W x_t + b + U h_{t-1} + c)`, or with relu (Elman 1990).

    >>> output, h = nn.RNN(10, 20, num_layers=2)(tn.ones(5, 3, 10))
    >>> output.shape, h.shape
    (tn.Size([5, 3, 20]), tn.Size([2, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
        *,
        proj_size: int = 0,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"RNN: Unknown nonlinearity {nonlinearity!r}. Select from 'tanh' or 'relu'."
            )
        super().__init__(
            f"RNN_{nonlinearity.upper()}",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
        )
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Layers of long short-term memory (Hochreiter & Schmidhuber 1997).

    >>> output, (h, c) = nn.LSTM(10, 20, bidirectional=True)(tn.ones(5, 3, 10))
    >>> output.shape, h.shape, c.shape
    (tn.Size([5, 3, 40]), tn.Size([2, 3, 20]), tn.Size([2, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "LSTM",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
        )


class GRU(RNNBase):
    """Layers of gated recurrent units (Cho et al. 2014).

    >>> output, h = nn.GRU(10, 20, batch_first=True)(tn.ones(3, 5, 10))
    >>> output.shape, h.shape
    (tn.Size([3, 5, 20]), tn.Size([1, 3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "GRU",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
        )


class RNNCellBase(Module):
    """What the cells share: their weights."""

    weight_ih: Parameter
    weight_hh: Parameter
    bias_ih: Parameter | None
    bias_hh: Parameter | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(empty(rows, input_size, device=device, dtype=dtype))
        self.weight_hh = Parameter(empty(rows, hidden_size, device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            if bias:
                setattr(self, name, Parameter(empty(rows, device=device, dtype=dtype)))
            else:
                self.register_parameter(name, None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw fresh initial values."""
        bound = 1 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def _weights(self) -> tuple[Any, ...]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh

    def _first_states(self, input: Any, hx: Any, count: int) -> list[Any]:
        """The states to begin with, zeros where none were given."""
        name = type(self).__name__
        if input.ndim not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        if hx is None:
            first = zeros((*input.shape[:-1], self.hidden_size), dtype=input.dtype)
            return [first] * count
        states = [hx] if count == 1 else list(hx)
        for state in states:
            if state.ndim not in (1, 2):
                raise ValueError(
                    f"{name}: Expected hidden to be 1D or 2D, got {state.ndim}D instead"
                )
        return states

    def extra_repr(self) -> str:
        """The sizes, and settings that are not the usual ones."""
        shown = [str(self.input_size), str(self.hidden_size)]
        if not self.bias:
            shown.append(f"bias={self.bias}")
        nonlinearity = getattr(self, "nonlinearity", "tanh")
        if nonlinearity != "tanh":
            shown.append(f"nonlinearity={nonlinearity}")
        return ", ".join(shown)


class RNNCell(RNNCellBase):
    """One step of `RNN`.

    >>> nn.RNNCell(10, 20)(tn.ones(3, 10)).shape
    tn.Size([3, 20])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Any = None) -> Any:
        """The new state."""
        cells = {"tanh": rnn_tanh_cell, "relu": rnn_relu_cell}
        if self.nonlinearity not in cells:
            raise RuntimeError(f"RNNCell: Unknown nonlinearity: {self.nonlinearity}")
        (h,) = self._first_states(input, hx, 1)
        return cells[self.nonlinearity](input, h, *self._weights())


class LSTMCell(RNNCellBase):
    """One step of `LSTM`.

    >>> h, c = nn.LSTMCell(10, 20)(tn.ones(3, 10))
    >>> h.shape, c.shape
    (tn.Size([3, 20]), tn.Size([3, 20]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """The new states h and c."""
        return lstm_cell(input, self._first_states(input, hx, 2), *self._weights())


class GRUCell(RNNCellBase):
    """One step of `GRU`.

    >>> nn.GRUCell(10, 20)(tn.ones(3, 10)).shape
    tn.Size([3, 20])
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """The new state."""
        (h,) = self._first_states(input, hx, 1)
        return gru_cell(input, h, *self._weights())
