"""Recurrent layers and their cells, with PyTorch's parameters and names."""

import math
from typing import Any

from xgrad.backends.dtypes import parameter_dtype
from xgrad.engine.tensor import Tensor
from xgrad.nn import functional, init
from xgrad.nn.checks import number, whole, whole_of
from xgrad.nn.construction import named_by_layer
from xgrad.nn.functional.recurrent import (
    gru_layer,
    lstm_layer,
    reversed_in_time,
    rnn_layer,
    with_step,
)
from xgrad.nn.module import Module
from xgrad.nn.parameter import Parameter
from xgrad.ops.creation import as_tensor, zeros
from xgrad.ops.shape import concat, reshape, stack
from xgrad.ops.views.kinds import swapaxes
from xgrad.random import Generator


def _check_nonlinearity(name: str, nonlinearity: str) -> str:
    if nonlinearity not in ("tanh", "relu"):
        raise ValueError(f"{name}: nonlinearity must be 'tanh' or 'relu', got {nonlinearity!r}")
    return nonlinearity


class _Recurrent(Module):
    """The common part of the recurrent layers: layers, directions, order of axes."""

    _gates = 1
    _states = 1

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        *,
        dtype: Any = None,
        device: Any = None,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        whole_of(name, least=1, input_size=input_size, hidden_size=hidden_size)
        whole(name, "num_layers", num_layers, 1)
        number(name, "dropout", dropout, 0, 1)
        self.input_size, self.hidden_size, self.num_layers = input_size, hidden_size, num_layers
        self.bias, self.batch_first, self.dropout = bias, batch_first, dropout
        self.bidirectional, self.generator = bidirectional, generator
        dtype = parameter_dtype() if dtype is None else dtype
        bound = 1 / math.sqrt(hidden_size)
        rows = self._gates * hidden_size
        for layer in range(num_layers):
            width = hidden_size * self._directions if layer else input_size
            for suffix in self._suffixes(layer):
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (rows, width),
                    "weight_hh": (rows, hidden_size),
                }
                if bias:
                    shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
                for name, shape in shapes.items():
                    parameter = Parameter(zeros(shape, dtype=dtype, device=device))
                    init.uniform_(parameter, -bound, bound, generator)
                    self.register_parameter(f"{name}_{suffix}", parameter)

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _suffixes(self, layer: int) -> tuple[str, ...]:
        return (f"l{layer}", f"l{layer}_reverse")[: self._directions]

    def _weights(self, suffix: str) -> list[Any]:
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        return [self._parameters.get(f"{name}_{suffix}") for name in names]

    def _layer(self, x: Tensor, state: Any, weights: list[Any]) -> tuple[Tensor, Any]:
        raise NotImplementedError

    def _start(self, hx: Any, x: Tensor, *, alone: bool) -> list[Tensor]:
        """Return the initial states (layers, N, H), each checked; zeros by default."""
        shape = (self.num_layers * self._directions, x.shape[1], self.hidden_size)
        if hx is None:
            one = zeros(shape, dtype=x.dtype, device=x.device)
            if one.backend.name != x.backend.name:
                one = one.to(x.backend.name, device=x.device)
            return [one] * self._states
        listed = [hx] if self._states == 1 else list(hx)
        states = [as_tensor(h) for h in listed]
        if len(states) != self._states:
            raise ValueError(
                f"{type(self).__name__}: expected {self._states} states, got {len(states)}"
            )
        expected = (shape[0], *shape[2:]) if alone else shape
        for h in states:
            if h.shape != expected:
                raise ValueError(
                    f"{type(self).__name__}: expected a state {expected}, got {h.shape}"
                )
        return [reshape(h, shape) for h in states]

    @named_by_layer
    def forward(self, input: Any, hx: Any = None) -> tuple[Tensor, Any]:
        """Run a sequence (T, N, D), (T, D), or with ``batch_first`` (N, T, D).

        Returns
        -------
        output : Tensor
            The last layer's hidden state at each step, in the order of the input; both
            directions are concatenated.
            state : Tensor (layers * directions, N, H)
            After the last step, for each layer; for the LSTM a pair, with the cell state.
        """
        x = as_tensor(input)
        if x.ndim not in (2, 3) or x.shape[-1] != self.input_size:
            raise ValueError(
                f"{type(self).__name__}: expected input with 2 or 3 axes, the last of "
                f"{self.input_size}, got {x.shape}"
            )
        alone = x.ndim == 2
        if alone:
            x = reshape(x, (x.shape[0], 1, x.shape[1]))
        elif self.batch_first:
            x = swapaxes(x, 0, 1)
        if x.shape[0] == 0:
            raise ValueError(f"{type(self).__name__}: the sequence has no steps")
        states = self._start(hx, x, alone=alone)
        last: list[Any] = []
        for layer in range(self.num_layers):
            if layer and self.dropout:
                x = functional.dropout(x, self.dropout, self.training, generator=self.generator)
            outputs = []
            for direction, suffix in enumerate(self._suffixes(layer)):
                index = layer * self._directions + direction
                chosen = tuple(h[index] for h in states)
                sequence = reversed_in_time(x) if direction else x
                state = chosen if self._states > 1 else chosen[0]
                out, end = self._layer(sequence, state, self._weights(suffix))
                outputs.append(reversed_in_time(out) if direction else out)
                last.append(end)
            x = concat(outputs, axis=-1) if len(outputs) > 1 else outputs[0]
        ends = zip(*last, strict=True) if self._states > 1 else [last]
        final = tuple(stack(list(parts)) for parts in ends)
        if alone:
            x = reshape(x, (x.shape[0], x.shape[2]))
            final = tuple(reshape(h, (h.shape[0], h.shape[2])) for h in final)
        elif self.batch_first:
            x = swapaxes(x, 0, 1)
        return x, (final if self._states > 1 else final[0])

    def extra_repr(self) -> str:
        """Return the sizes and the options that differ from the default."""
        text = f"{self.input_size}, {self.hidden_size}"
        for name, default in (
            ("num_layers", 1),
            ("bias", True),
            ("batch_first", False),
            ("dropout", 0.0),
            ("bidirectional", False),
        ):
            value = getattr(self, name)
            text += "" if value == default else f", {name}={value}"
        return text


class RNN(_Recurrent):
    """``h = tanh(W x + b + V h + c)`` over a sequence; ``nonlinearity="relu"`` instead of tanh.

    Examples
    --------
    >>> import xgrad as xg
    >>> output, state = xg.nn.RNN(3, 5, num_layers=2)(xg.ones((7, 2, 3), dtype=xg.float32))
    >>> output.shape, state.shape
    ((7, 2, 5), (2, 2, 5))
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
        *,
        dtype: Any = None,
        device: Any = None,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(
            input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional,
            dtype=dtype, device=device, generator=generator,
        )  # fmt: skip
        self.nonlinearity = _check_nonlinearity("RNN", nonlinearity)

    def _layer(self, x: Tensor, state: Any, weights: list[Any]) -> tuple[Tensor, Any]:
        return rnn_layer(x, state, *weights, nonlinearity=self.nonlinearity)


class LSTM(_Recurrent):
    """Long short-term memory over a sequence (Hochreiter and Schmidhuber, 1997).

    ``i, f, o = sigmoid(...)``, ``g = tanh(...)``, ``c = f c + i g``, ``h = o tanh(c)``; weights
    stack the gates in the order i, f, g, o. All steps and their gradients are one fused operation.

    Examples
    --------
    >>> import xgrad as xg
    >>> layer = xg.nn.LSTM(3, 5, bidirectional=True, batch_first=True)
    >>> output, (h, c) = layer(xg.ones((2, 7, 3), dtype=xg.float32))
    >>> output.shape, h.shape, c.shape
    ((2, 7, 10), (2, 2, 5), (2, 2, 5))
    """

    _gates, _states = 4, 2

    def _layer(self, x: Tensor, state: Any, weights: list[Any]) -> tuple[Tensor, Any]:
        return lstm_layer(x, state, *weights)


class GRU(_Recurrent):
    """Gated recurrent units over a sequence (Cho and others, 2014).

    ``r, z = sigmoid(...)``, ``n = tanh(W x + b + r (V h + c))``, ``h = (1 - z) n + z h``;
    weights stack the gates in the order r, z, n.
    """

    _gates = 3

    def _layer(self, x: Tensor, state: Any, weights: list[Any]) -> tuple[Tensor, Any]:
        return gru_layer(x, state, *weights)


# -- cells -------------------------------------------------------------------------------------


class _Cell(Module):
    _gates = 1
    _states = 1
    bias_ih: Tensor | None
    bias_hh: Tensor | None

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        *,
        dtype: Any = None,
        device: Any = None,
        generator: Generator | None = None,
    ) -> None:
        super().__init__()
        whole_of(type(self).__name__, least=1, input_size=input_size, hidden_size=hidden_size)
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        dtype = parameter_dtype() if dtype is None else dtype
        bound = 1 / math.sqrt(hidden_size)
        rows = self._gates * hidden_size
        shapes: dict[str, tuple[int, ...] | None] = {
            "weight_ih": (rows, input_size),
            "weight_hh": (rows, hidden_size),
            "bias_ih": (rows,) if bias else None,
            "bias_hh": (rows,) if bias else None,
        }
        for name, shape in shapes.items():
            self.register_parameter(name, None)
            if shape is not None:
                parameter = Parameter(zeros(shape, dtype=dtype, device=device))
                init.uniform_(parameter, -bound, bound, generator)
                self.register_parameter(name, parameter)

    def _step(self, x: Tensor, state: Any, weights: list[Any]) -> Any:
        raise NotImplementedError

    @named_by_layer
    def forward(self, input: Any, hx: Any = None) -> Any:
        """Compute one step: input (N, D) or (D), state (N, H) or (H), zeros by default."""
        x = as_tensor(input)
        if x.ndim not in (1, 2) or x.shape[-1] != self.input_size:
            raise ValueError(
                f"{type(self).__name__}: expected input with 1 or 2 axes, the last of "
                f"{self.input_size}, got {x.shape}"
            )
        shape = (*x.shape[:-1], self.hidden_size)
        if hx is None:
            one = zeros(shape, dtype=x.dtype, device=x.device)
            if one.backend.name != x.backend.name:
                one = one.to(x.backend.name, device=x.device)
            states = [one] * self._states
        else:
            states = [as_tensor(h) for h in ([hx] if self._states == 1 else hx)]
        if [h.shape for h in states] != [shape] * self._states:
            raise ValueError(
                f"{type(self).__name__}: expected {self._states} state {shape}, got "
                f"{[h.shape for h in states]}"
            )
        states = [reshape(h, (-1, self.hidden_size)) for h in states]
        weights = [self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh]
        out = self._step(with_step(x), states[0] if self._states == 1 else tuple(states), weights)
        if self._states == 1:
            return reshape(out, shape)
        return tuple(reshape(h, shape) for h in out)

    def extra_repr(self) -> str:
        """Return the sizes."""
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class RNNCell(_Cell):
    """One step of `RNN`: (N, D) and (N, H) to (N, H)."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        *,
        dtype: Any = None,
        device: Any = None,
        generator: Generator | None = None,
    ) -> None:
        super().__init__(
            input_size, hidden_size, bias, dtype=dtype, device=device, generator=generator
        )
        self.nonlinearity = _check_nonlinearity("RNNCell", nonlinearity)

    def _step(self, x: Tensor, state: Any, weights: list[Any]) -> Any:
        return rnn_layer(x, state, *weights, nonlinearity=self.nonlinearity)[1]


class LSTMCell(_Cell):
    """One step of `LSTM`: (N, D) and a pair (N, H) to a pair (N, H).

    Examples
    --------
    >>> import xgrad as xg
    >>> h, c = xg.nn.LSTMCell(3, 5)(xg.ones((2, 3), dtype=xg.float32))
    >>> h.shape, c.shape
    ((2, 5), (2, 5))
    """

    _gates, _states = 4, 2

    def _step(self, x: Tensor, state: Any, weights: list[Any]) -> Any:
        return lstm_layer(x, state, *weights)[1]


class GRUCell(_Cell):
    """One step of `GRU`: (N, D) and (N, H) to (N, H)."""

    _gates = 3

    def _step(self, x: Tensor, state: Any, weights: list[Any]) -> Any:
        return gru_layer(x, state, *weights)[1]
