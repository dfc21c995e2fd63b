"""Recurrent networks over a sequence, step by step."""

from collections.abc import Callable
from typing import Any

from xgrad.backends.dtypes import refuse_complex
from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import fill_batch
from xgrad.engine.constructors import joint
from xgrad.engine.dispatch import XG, recorded
from xgrad.engine.precision import NARROW
from xgrad.engine.primitive import Params
from xgrad.engine.tensor import Tensor
from xgrad.ops.elementwise import add, multiply, sigmoid, subtract
from xgrad.ops.products import affine, matmul_transposed
from xgrad.ops.selection import relu
from xgrad.ops.shape import flip, reshape, stack
from xgrad.ops.trigonometry import tanh
from xgrad.ops.views.kinds import unstack
from xgrad.typing import Value

# -- the long short-term memory, fused ---------------------------------------------------------
#
# The input is a sequence (T, ..., N, 4 H) of the inputs' contributions to the gates, in PyTorch's
# order: input i, forget f, cell u, output o. One tanh computes all four, because
# sigmoid(a) = (1 + tanh(a / 2)) / 2: with scales (1/2, 1/2, 1, 1/2) the gates are
# scale tanh(scale a) + 1 - scale. Terms that do not depend on later steps are computed for all
# steps at once, outside the loops.


def _scales(xp: Namespace, like: Value) -> Value:
    """Return (4 H) scales: 1/2 for the gates with a sigmoid, 1 for the cell."""
    one = xp.ones_like(like[(*(0,) * (len(like.shape) - 1), ...)])
    size = one.shape[0] // 4
    return xp.concat([0.5 * one[: 2 * size], one[:size], 0.5 * one[:size]], axis=0)


def _parts(x: Any) -> list[Any]:
    size = x.shape[-1] // 4
    return [x[..., k * size : (k + 1) * size] for k in range(4)]


def _slopes(xp: Namespace, gates: Value) -> Value:
    """Return the derivatives of the gates: ``y (1 - y)`` for sigmoid, ``1 - y²`` for tanh."""
    own = 2 - 2 * _scales(xp, gates)  # 1 for a sigmoid, 0 for tanh
    return xp.add(xp.multiply(own, gates), xp.subtract(1 - own, xp.square(gates)))


def _sum(xp: Namespace, *terms: Any) -> Any:
    """Add the terms that are not None."""
    total = None
    for x in terms:
        if x is not None:
            total = x if total is None else xp.add(total, x)
    return total


def _like(xp: Namespace, x: Value, like: Value) -> Value:
    return x if tuple(x.shape) == tuple(like.shape) else xp.broadcast_to(x, tuple(like.shape))


def _before(xp: Namespace, first: Value, steps: Value) -> Value:
    """Return the states before each step: the initial one, and all but the last."""
    one = steps[0, ...]
    first = xp.reshape(_like(xp, first, one), (1, *one.shape))
    return xp.concat([first, steps[:-1, ...]], axis=0)


def _rows(xp: Namespace, x: Value) -> Value:
    """Reshape (T, ..., N, K) to (..., T N, K), for one matrix product over all steps."""
    if len(x.shape) > 3:
        x = xp.moveaxis(x, 0, -3)
    return xp.reshape(x, (*x.shape[:-3], x.shape[-3] * x.shape[-2], x.shape[-1]))


def _lstm_vjp(xp: Namespace, g: Any, out: Value, h0: Value, c0: Value, w: Value) -> Any:
    by_h, by_c, by_gates = g
    hs = out[0]
    fused = xp.kernels.lstm_changes(by_h, by_c, out, c0, w) if by_gates is None else None
    by_x, dh, dc = fused or _step_by_step(xp, g, out, c0, w)
    rows = [_rows(xp, p) for p in (by_x, _before(xp, h0, hs))]
    return [by_x, dh, dc, xp.matmul(xp.matrix_transpose(rows[0]), rows[1])]


def _step_by_step(xp: Namespace, g: Any, out: Any, c0: Value, w: Value) -> tuple[Any, Any, Any]:
    """Return the cotangents of the inputs' contributions and of the initial states."""
    by_h, by_c, by_gates = g
    hs, cs, gates = out
    i, f, u, o = _parts(gates)
    slopes, bent = _slopes(xp, gates), recorded(tanh, cs)
    # The factors from dc (three times) and dh to the gates.
    factors = xp.multiply(xp.concat([u, _before(xp, c0, cs), i, bent], axis=-1), slopes)
    through = xp.multiply(o, 1 - xp.square(bent))
    dh = dc = xp.zeros_like(hs[0, ...])
    changes: list[Any] = []
    for t in reversed(range(hs.shape[0])):
        dh = dh if by_h is None else xp.add(dh, by_h[t, ...])
        dc = xp.add(dc, xp.multiply(dh, through[t, ...]))
        dc = dc if by_c is None else xp.add(dc, by_c[t, ...])
        change = xp.multiply(xp.concat([dc, dc, dc, dh], axis=-1), factors[t, ...])
        if by_gates is not None:
            change = xp.add(change, xp.multiply(by_gates[t, ...], slopes[t, ...]))
        changes.append(change)
        dh, dc = xp.matmul(change, w), xp.multiply(dc, f[t, ...])
    return xp.stack(changes[::-1], axis=0), dh, dc


def _lstm_jvp(
    xp: Namespace, tangents: Any, out: Any, h0: Value, c0: Value, w: Value
) -> tuple[Value, ...]:
    t_x, t_h, t_c, t_w = tangents
    hs, cs, gates = out
    slopes, bent = _slopes(xp, gates), recorded(tanh, cs)
    before = _before(xp, c0, cs)
    by_w = None
    if t_w is not None:
        by_w = xp.matmul(_before(xp, h0, hs), xp.matrix_transpose(t_w))
    direct = _sum(xp, t_x, by_w)
    changes: list[tuple[Any, Any, Any]] = []
    for t in range(hs.shape[0]):
        a = _sum(
            xp,
            None if direct is None else direct[t, ...],
            None if t_h is None else xp.matmul(t_h, xp.matrix_transpose(w)),
        )
        gate = gates[t, ...]
        change = xp.zeros_like(gate) if a is None else xp.multiply(a, slopes[t, ...])
        change = _like(xp, change, gate)
        (i, f, u, o), (t_i, t_f, t_u, t_o) = _parts(gate), _parts(change)
        t_c = _sum(
            xp,
            xp.multiply(t_f, before[t, ...]),
            None if t_c is None else xp.multiply(f, t_c),
            xp.multiply(t_i, u),
            xp.multiply(i, t_u),
        )
        b = bent[t, ...]
        rising = xp.multiply(xp.multiply(o, 1 - xp.square(b)), t_c)
        t_h = xp.add(xp.multiply(t_o, b), rising)
        changes.append((t_h, t_c, change))
    return tuple(xp.stack(list(part), axis=0) for part in zip(*changes, strict=True))


def _batch_lstm(
    op: Callable[..., Any], args: tuple[Value, ...], batched: tuple[bool, ...], params: Params
) -> Any:
    """Put the batch axis next to the examples, after the steps."""
    x, h, c = fill_batch(args[:3], (*batched[:3],)) if any(batched[:3]) else args[:3]
    if not any(batched[:3]):
        count = args[3].shape[0]
        x, h, c = (XG.broadcast_to(p, (count, *p.shape)) for p in (x, h, c))
    outs = op(XG.moveaxis(x, 0, 1), h, c, args[3], **params)
    return tuple(XG.moveaxis(part, 1, 0) for part in outs)


@joint(vjp=_lstm_vjp, jvp=_lstm_jvp, batch=_batch_lstm, several=True, precision=NARROW)
def _lstm_scan(xp: Namespace, x: Value, h0: Value, c0: Value, w: Value, /) -> Any:
    """Return hidden states (T, ..., N, H), cell states and gates (T, ..., N, 4 H) of all steps."""
    refuse_complex("lstm", x, h0, c0, w)
    fused = xp.kernels.lstm_scan(x, h0, c0, w)
    if fused is not None:
        return fused
    scale = _scales(xp, x)
    shift = 1 - scale
    x = xp.multiply(x, scale)
    transposed = xp.multiply(xp.matrix_transpose(w), scale)
    h, c = h0, c0
    hs, cs, gates = [], [], []
    for t in range(x.shape[0]):
        y = recorded(tanh, xp.add(x[t, ...], xp.matmul(h, transposed)))
        gate = xp.add(xp.multiply(y, scale), shift)
        i, f, u, o = _parts(gate)
        c = xp.add(xp.multiply(f, c), xp.multiply(i, u))
        h = xp.multiply(o, recorded(tanh, c))
        hs.append(h)
        cs.append(c)
        gates.append(gate)
    return xp.stack(hs, axis=0), xp.stack(cs, axis=0), xp.stack(gates, axis=0)


# -- one layer, one direction ------------------------------------------------------------------


def _from_inputs(x: Tensor, w: Tensor, b: Tensor | None) -> Tensor:
    """Return the inputs' contribution at all steps, as one product for the whole sequence."""
    return matmul_transposed(x, w) if b is None else affine(x, w, b)


def lstm_layer(
    x: Tensor,
    state: tuple[Tensor, Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Run (T, N, D) through a long short-term memory (Hochreiter and Schmidhuber, 1997)."""
    bias = None if b_ih is None or b_hh is None else add(b_ih, b_hh)
    hs, cs, _ = _lstm_scan(_from_inputs(x, w_ih, bias), *state, w_hh)
    return hs, (hs[-1, ...], cs[-1, ...])


def gru_layer(
    x: Tensor,
    state: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Run (T, N, D) through gated recurrent units (Cho and others, 2014)."""
    outputs = []
    size = state.shape[-1]
    for a in unstack(_from_inputs(x, w_ih, b_ih)):
        hidden = _from_inputs(state, w_hh, b_hh)
        gates = sigmoid(add(a[..., : 2 * size], hidden[..., : 2 * size]))
        reset, update = gates[..., :size], gates[..., size:]
        new = tanh(add(a[..., 2 * size :], multiply(reset, hidden[..., 2 * size :])))
        state = add(new, multiply(update, subtract(state, new)))
        outputs.append(state)
    return stack(outputs), state


def rnn_layer(
    x: Tensor,
    state: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
    *,
    nonlinearity: str,
) -> tuple[Tensor, Tensor]:
    """Run (T, N, D) through ``h = tanh(W x + V h + b)``, or with relu (Elman, 1990)."""
    bend = tanh if nonlinearity == "tanh" else relu
    bias = None if b_ih is None or b_hh is None else add(b_ih, b_hh)
    outputs = []
    for a in unstack(_from_inputs(x, w_ih, bias)):
        state = bend(add(a, matmul_transposed(state, w_hh)))
        outputs.append(state)
    return stack(outputs), state


def reversed_in_time(x: Tensor) -> Tensor:
    """Reverse a sequence."""
    return flip(x, axis=0)


def with_step(x: Tensor) -> Tensor:
    """Return (N, D) or (D) as a sequence of one step (1, N, D)."""
    return reshape(x, (1, *x.shape) if x.ndim == 2 else (1, 1, *x.shape))
